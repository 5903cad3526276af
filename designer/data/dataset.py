"""A data set as a value; making one checks that labels, classes and images fit together."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from designer.data.parts import Part
from designer.errors import DesignerError


@dataclass(frozen=True, eq=False)
class DataSet:
    """Images for training and, where the source has them, for validation and test.

    Attributes
    ----------
    name
        A built-in data set's name, or that of its file or folder.
    path
        Where it is stored.
    classes
        The names of the classes in the order of their numbers; empty for regression.
    train, validation, test
        Its parts; the last two are None where the source does not have them.
    note
        A sentence on how the source was read, where that is not plain; else "".

    Raises
    ------
    DesignerError
        A part is empty, labels and images differ in number, a label is no class or no finite
        number, the parts differ in type, or there are fewer than two classes.
    """

    name: str
    path: Path
    classes: tuple[str, ...]
    train: Part
    validation: Part | None = None
    test: Part | None = None
    note: str = ""

    def __post_init__(self) -> None:
        for name, part in self.parts.items():
            self._check(name, part)
        if self.classes and len(np.unique(self.train.labels)) < 2:
            raise DesignerError(
                f"The training images of {self.path} are all of one class: "
                "add images of a second class, or give floating-point targets for regression."
            )

    @property
    def parts(self) -> dict[str, Part]:
        """The parts that are not None, by the names ``train``, ``validation`` and ``test``."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}

    @property
    def outputs(self) -> int:
        """Number of outputs of a network for this data set: one for each class or target."""
        return len(self.classes) or int(self.train.labels.shape[1])

    def _check(self, name: str, part: Part) -> None:
        where = f"The {name} part of {self.path}"
        labels = part.labels
        if not len(part):
            raise DesignerError(f"{where} holds no images: add some, or remove the part.")
        if len(labels) != len(part):
            raise DesignerError(
                f"{where} has {len(part):,} images but {len(labels):,} labels: "
                "download or write the data set again."
            )
        if part.dtype != self.train.dtype:
            raise DesignerError(
                f"{where} has {part.dtype} images but the train part {self.train.dtype}: "
                "store both as the same type."
            )
        if self.classes:
            same_kind = labels.dtype.kind == "i" and labels.ndim == 1
        else:
            same_kind = labels.dtype.kind == "f" and labels.shape[1:] == self.train.labels.shape[1:]
        if not same_kind:
            raise DesignerError(
                f"{where} has labels of another kind than the train part: "
                "give both class numbers, or both the same number of targets."
            )
        if self.classes and not 0 <= labels.min() <= labels.max() < len(self.classes):
            raise DesignerError(
                f"{where} has labels from {labels.min()} to {labels.max()} but there are "
                f"{len(self.classes)} classes: number them from 0 to {len(self.classes) - 1}."
            )
        if not np.isfinite(labels).all():
            raise DesignerError(
                f"{where} has targets that are NaN or infinite: remove or correct those examples."
            )
