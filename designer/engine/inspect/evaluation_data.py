"""The images on which a network is evaluated: a part of its own data, or of any other data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from designer.data import DataSet, Part, open_dataset
from designer.data.identity import decode
from designer.data.opening import locate
from designer.data.options import read_options
from designer.data.preparation import read_divided
from designer.data.target_kinds import as_kind
from designer.engine.inputs import check_numbers
from designer.engine.inspect.matching_names import Matched, match_classes, match_columns
from designer.engine.inspect.subject import Loaded
from designer.engine.preparation import check_questions, data_request
from designer.engine.recorded_data import data_of
from designer.errors import DesignerError, OtherDataError
from designer.recipe.data import other_data
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.begin import network_info
from designer.runs.folder import RunFolder
from designer.runs.inspection import recipe_of

ALL = "all"
"""The name of the part that holds all images of a data set without parts."""

_OF_ROWS = (
    "missing-values",
    "unknown-category",
    "unknown-characters",
    "no-utf-8",
)  # findings on rows and characters that are left out
_MOST_READ = 20_000  # picture files that are read to find those of the training among them


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """Images with targets as the network has them.

    Attributes
    ----------
    part, name
        The images, and what the part is called.
    path
        Where the data set is.
    data, source
        The name of another data set, and how it was given; "" for the network's own data.
    notes
        Sentences for the user on how targets were matched and what is left out.
    """

    part: Part
    name: str
    path: Path
    data: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()


def evaluation_data(
    loaded: Loaded, *, data: str = "", part: str = "", settings: Mapping[str, Any] | None = None
) -> EvaluationData:
    """Return the images on which a network is evaluated.

    Parameters
    ----------
    loaded
        The network.
    data
        A path or a name; "" for the data of the run, or of the design's recipe. The data of a run
        at another place are recognized, and divided as they were for the training.
    part
        ``train``, ``validation`` or ``test``; "" for the test part, or for all images of another
        data set that has no parts.
    settings
        Settings of the recipe that say how another data set is read, by their dotted names.

    Raises
    ------
    DesignerError
        The data cannot be read, have no such part, or their targets are not those of the network.
    """
    recipe = recipe_of(loaded.subject)
    if not data:
        return _own(loaded, recipe, part)
    if loaded.subject.run and not settings:
        try:
            return _moved(loaded, recipe, data, part)
        except OtherDataError:
            pass
    return _other(loaded, recipe, data, part, settings or {})


def _own(loaded: Loaded, recipe: Recipe, part: str) -> EvaluationData:
    request = data_request(recipe, network_info(loaded.analysis))
    if not loaded.subject.run:
        prepared, note = read_divided(request), None
        check_questions(prepared.data)
    else:
        run = RunFolder.open(Path(loaded.subject.run))
        try:
            prepared, recording = data_of(run, request)
        except OtherDataError as error:
            if not locate(recipe.data.source).exists():
                raise
            raise DesignerError(
                f"{error} What is there now can be evaluated as another data set: on the command "
                "line with --data PATH."
            ) from error
        note = recording.note
    name = part or "test"
    found = getattr(prepared.parts, name)
    if found is None:
        raise DesignerError(
            f"The data of {_called(loaded)} have no {name} part, as the setting data.{name} is 0: "
            "choose another part (on the command line with --part)."
        )
    notes = (note,) if note else ()
    return EvaluationData(found, name, prepared.data.path, notes=notes)


def _moved(loaded: Loaded, recipe: Recipe, data: str, part: str) -> EvaluationData:
    """Return a part of the run's own data at another place.

    Raises
    ------
    OtherDataError
        These are other data.
    """
    run = RunFolder.open(Path(loaded.subject.run))
    before = Path(recipe.data.source).name
    if run.data() is None and Path(data).name != before:  # begun by a version without a record
        raise OtherDataError(f"{data} is not {before}.")
    request = data_request(recipe, network_info(loaded.analysis))
    path = Path(data).expanduser()
    prepared, recording = data_of(run, request, moved=path if path.exists() else locate(data))
    name = part or "test"
    found = getattr(prepared.parts, name)
    if found is None:
        raise OtherDataError(f"The run has no {name} part.")
    notes = (
        f"These are the data of the run, whose {name} part is evaluated.",
        *((recording.note,) if recording.note else ()),
    )
    return EvaluationData(found, name, prepared.data.path, notes=notes)


def _other(
    loaded: Loaded, recipe: Recipe, source: str, part: str, settings: Mapping[str, Any]
) -> EvaluationData:
    preprocessing = loaded.preprocessing
    plan = changed(recipe, {**other_data(source), **settings})
    options = read_options(plan.data)
    gray = options.gray_range or preprocessing.gray_range
    columns = preprocessing.columns
    if columns and not options.label_columns:
        options = replace(options, label_columns=recipe.data.label_columns)
    data = open_dataset(
        plan.data.source,
        replace(
            options,
            gray_range=gray,
            columns=columns,
            vocabulary=preprocessing.vocabulary,
            evaluated=True,
        ),
    )
    check_questions(data)
    data = _of_kind(loaded, data)
    data = data_request(recipe, network_info(loaded.analysis)).with_inputs(data)
    check_numbers(data, loaded.analysis)
    name, chosen = _part_of(data, part)
    matched = _matched(loaded, data, chosen)
    if not len(matched.rows):
        raise DesignerError(matched.notes[-1])
    whole = len(matched.rows) == len(chosen)
    taken = chosen if whole else chosen.take(matched.rows)
    taken = replace(taken, targets={data.target.name: matched.targets})
    leak = in_training(loaded.subject.run, taken)
    of_rows = [found.sentence for found in data.findings if found.code in _OF_ROWS]
    notes = (*of_rows, *matched.notes, *((leak,) if leak else ()))
    return EvaluationData(taken, name, data.path, data.name, source, notes)


def _called(loaded: Loaded) -> str:
    """Return what sentences call the network."""
    run = loaded.subject.run
    return f"the run {Path(run).name}" if run else f"the design {loaded.analysis.design.name}"


def _of_kind(loaded: Loaded, data: DataSet) -> DataSet:
    """Return a data set with its targets read as those of the network."""
    kind = loaded.preprocessing.targets
    try:
        return as_kind(data, kind)
    except DesignerError as error:
        raise DesignerError(
            f"{data.name} has {data.target.kind} as targets, but {_called(loaded)} predicts "
            f"{kind}: give a data set with {kind}."
        ) from error


def _part_of(data: DataSet, part: str) -> tuple[str, Part]:
    parts = data.parts
    if part in parts:
        return part, parts[part]
    if not part and "test" in parts:
        return "test", parts["test"]
    if not part and len(parts) == 1:
        return ALL, data.train
    if len(parts) == 1:
        raise DesignerError(
            f"{data.name} is not divided into parts: choose no part, and all of its images are "
            "evaluated (on the command line, leave --part out)."
        )
    raise DesignerError(
        f"{data.name} has no {part or 'test'} part, but {' and '.join(parts)}: choose one of these "
        "(on the command line with --part)."
    )


def _matched(loaded: Loaded, data: DataSet, part: Part) -> Matched:
    """Return the targets of a part in the order of the network's outputs."""
    preprocessing, target = loaded.preprocessing, data.target
    if target.kind in ("input", "tokens"):
        return Matched(np.arange(len(part)), part.labels)
    if target.kind == "classes":
        return match_classes(
            preprocessing.classes, target.values, part.labels, data.name, things=data.things
        )
    names: Sequence[str] = preprocessing.labels or preprocessing.numbers
    return match_columns(names, target.values, part.labels, data.name, target.kind)


def in_training(run: str, part: Part) -> str:
    """Return a sentence on images that a run was trained on, "" without any.

    Parameters
    ----------
    run
        The run folder; "" for none.
    part
        The images.
    """
    if not run or (not part.in_memory and len(part) > _MOST_READ):
        return ""
    try:
        trained = decode(RunFolder(Path(run)).examples_file.read_bytes())["train"].digests
    except (OSError, ValueError):  # of an earlier version, or damaged, which matters elsewhere
        return ""
    count = int(np.isin(_digests(part), trained).sum())
    if not count:
        return ""
    images = "1 of these images is" if count == 1 else f"{count:,} of these images are"
    return (
        f"{images} in the training part of the run {Path(run).name}, so that the figures are too "
        "good."
    )


def _digests(part: Part) -> NDArray[np.uint64]:
    return part.digests(np.arange(len(part)))


def key_of(loaded: Loaded, data: str, part: str, settings: Mapping[str, Any]) -> bytes:
    """Return what tells one choice of images from another."""
    return msgspec.json.encode([loaded.subject, data, part, dict(settings)])
