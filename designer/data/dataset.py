"""A data set as a value; making one checks that targets, examples and parts fit together."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from designer.data.columns import ArrayColumn, Shape
from designer.data.findings import Finding, LeftOut
from designer.data.parts import Part
from designer.data.targets import Target
from designer.errors import DesignerError


@dataclass(frozen=True, eq=False)
class DataSet:
    """Examples for training and, where the source has them, for validation and test.

    Attributes
    ----------
    name
        A built-in data set's name, or that of its file or folder.
    path
        Where it is stored.
    targets
        What is to be predicted of each example; so far there is one.
    train, validation, test
        Its parts; the last two are None where the source does not have them.
    findings
        What users are told about it.
    left_out
        Files that are not used, with the reasons.
    format
        The name of the format that it was read in; "" if it was made otherwise.
    settings
        What was found out while it was read, such as the column of labels: settings of the recipe
        by their dotted names, with which it is read so again even if it has more columns then.

    Raises
    ------
    DesignerError
        A part is empty, targets and inputs differ in number, a label is no class or no finite
        number, or the parts differ in type.
    """

    name: str
    path: Path
    targets: tuple[Target, ...]
    train: Part
    validation: Part | None = None
    test: Part | None = None
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    format: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, part in self.parts.items():
            self._check(name, part)

    def check_classes(self) -> None:
        """Refuse to train on a single class, which can be evaluated.

        Raises
        ------
        DesignerError
            All training examples have the same class.
        """
        for target in self.targets:
            values = self.train.targets[target.name]
            if target.kind == "classes" and len(np.unique(values)) < 2:
                raise DesignerError(
                    f"The training {self.things} of {self.path} are all of one class: "
                    f"add {self.things} of a second class, or give floating-point targets for "
                    "regression."
                )

    @property
    def pictures(self) -> bool:
        """Whether its only input are pictures."""
        return self.train.pictures

    @property
    def things(self) -> str:
        """What sentences call its examples."""
        if self.pictures:
            return "images"
        return "windows" if self.targets[0].kind == "tokens" else "examples"

    @property
    def parts(self) -> dict[str, Part]:
        """The parts that are not None, by the names ``train``, ``validation`` and ``test``."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}

    @property
    def target(self) -> Target:
        """Its only target."""
        (target,) = self.targets
        return target

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes in the order of their numbers; none for other targets."""
        return self.target.values if self.target.kind == "classes" else ()

    @property
    def outputs(self) -> int:
        """Number of outputs of a network for this data set."""
        return self.target.outputs

    @property
    def questions(self) -> tuple[Finding, ...]:
        """What has to be answered before a training."""
        return tuple(found for found in self.findings if found.kind == "question")

    def with_findings(self, *findings: Finding) -> "DataSet":
        """Return it with more findings."""
        return replace(self, findings=(*self.findings, *findings))

    def with_left_out(self, *files: LeftOut) -> "DataSet":
        """Return it with more files that are not used."""
        return replace(self, left_out=(*self.left_out, *files))

    def _check(self, name: str, part: Part) -> None:
        where = f"The {name} part of {self.path}"
        if not len(part):
            raise DesignerError(f"{where} holds no {self.things}: add some, or remove the part.")
        lengths = {key: len(column) for key, column in part.inputs.items()}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{count:,} of {key}" for key, count in lengths.items())
            raise DesignerError(
                f"{where} has inputs of different numbers ({counts}): give as many of each."
            )
        for key, of_train in self.train.inputs.items():
            if key not in part.inputs:
                raise DesignerError(
                    f"{where} has no {key}, which the train part has: save it there, too."
                )
            column = part.inputs[key]
            if column.dtype != of_train.dtype:
                raise DesignerError(
                    f"{where} has {column.dtype} {self.things} but the train part "
                    f"{of_train.dtype}: store both as the same type."
                )
            if isinstance(column, ArrayColumn) and not part.pictures:
                given, wanted = column.shapes()[0], of_train.shapes()[0]
                if given != wanted:
                    raise DesignerError(
                        f"{where} has {_shown(given)} values of {key} for each example, but the "
                        f"train part {_shown(wanted)}: save both in one shape."
                    )
        for target in self.targets:
            self._check_target(where, part, target)

    def _check_target(self, where: str, part: Part, target: Target) -> None:
        values = part.targets[target.name]
        if len(values) != len(part):
            raise DesignerError(
                f"{where} has {len(part):,} {self.things} but {len(values):,} labels: "
                "download or write the data set again."
            )
        if target.kind == "tokens":
            return  # they are the input's own, so that there is nothing to compare
        if target.kind == "classes":
            same_kind = values.dtype.kind == "i" and values.ndim == 1
        else:
            same_kind = values.dtype.kind == "f" and values.shape[1:] == (target.outputs,)
        if not same_kind:
            raise DesignerError(
                f"{where} has labels of another kind than the train part: "
                "give both class numbers, or both the same number of targets."
            )
        if target.kind == "classes" and not 0 <= values.min() <= values.max() < target.outputs:
            raise DesignerError(
                f"{where} has labels from {values.min()} to {values.max()} but there are "
                f"{target.outputs} classes: number them from 0 to {target.outputs - 1}."
            )
        if not np.isfinite(values).all():
            raise DesignerError(
                f"{where} has targets that are NaN or infinite: remove or correct those examples."
            )


def _shown(shape: Shape) -> str:
    return "×".join(map(str, shape))
