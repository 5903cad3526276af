"""What labels mean: one-hot rows and whole floats as classes, a first class other than 0, gaps."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from designer.data.dataset import DataSet
from designer.data.findings import Finding
from designer.data.parts import Part
from designer.data.pictures import Array
from designer.data.targets import Target, classes_target, numbers_target
from designer.errors import DesignerError

MAX_CLASSES = 100_000
_NAMED = 12  # classes that a sentence names
READ_AS_CLASSES = "read-as-classes"
"""The code of the finding that one-hot rows or whole floats were read as classes."""


def is_one_hot(labels: Array) -> bool:
    """Tell whether each row of (n, classes) holds a single 1 and otherwise 0."""
    if labels.ndim != 2 or labels.shape[1] < 2 or labels.dtype.kind not in "buif":
        return False
    ones = labels == 1
    return bool((ones.sum(axis=1) == 1).all() and (ones | (labels == 0)).all())


def as_targets(data: DataSet) -> DataSet:
    """Return a data set of classes as one for regression on their one-hot rows.

    A version that did not recognize one-hot rows trained on them so, and such a run is resumed so.
    """
    rows = np.eye(len(data.classes), dtype=np.float32)
    return relabeled(data, lambda labels: rows[labels], numbers_target(len(data.classes)))


def as_classes(data: DataSet) -> DataSet:
    """Return a data set with class numbers saved as floats, as pandas gives, as one of classes.

    Others are returned as they are: those with classes, several targets, fractions or negative
    numbers, and numbers with a name, as of a column of a table, which are asked about.
    """
    if data.target != numbers_target(1):
        return data
    labels = np.concatenate([part.labels.reshape(-1) for part in data.parts.values()])
    if (labels != np.floor(labels)).any() or labels.min() < 0 or labels.max() >= MAX_CLASSES:
        return data
    if len(np.unique(data.train.labels)) < 2:
        return data
    classes = tuple(map(str, range(int(labels.max()) + 1)))
    read = relabeled(
        data, lambda labels: labels.reshape(-1).astype(np.int64), classes_target(classes)
    )
    note = (
        f"The targets of {data.name} are whole numbers saved as floats, which are read as the "
        f"classes 0 to {classes[-1]}, since the loss is for classes; with a loss for numbers, such "
        "as mean_squared_error, they are numbers."
    )
    return read.with_findings(Finding(code=READ_AS_CLASSES, sentence=note))


def lowest_label(data: DataSet) -> int:
    """Return the lowest class number that occurs in any part; 0 for named classes and numbers.

    Formats without names of classes number them from 0, so that a lowest label of 1 means that the
    labels were numbered from 1: class 0 then never occurs.
    """
    if not data.classes or data.classes != tuple(map(str, range(len(data.classes)))):
        return 0
    return min((int(part.labels.min()) for part in data.parts.values()), default=0)


def from_first_label(data: DataSet, first: int) -> DataSet:
    """Return a data set whose first class is the one with the number `first`.

    Raises
    ------
    DesignerError
        A lower class occurs, the classes have names of their own, or the targets are numbers.
    """
    if first and not data.classes:
        raise DesignerError(
            f"{data.name} has {data.target.kind} as targets, but data.first_label is {first}, "
            "which is for classes: set it to 0 (on the command line: --set-recipe "
            "data.first_label=0)."
        )
    lowest = lowest_label(data)
    if lowest < first:
        raise DesignerError(
            f"The labels of {data.name} begin at {lowest}, but data.first_label is {first}: set it "
            f"to {lowest} (on the command line: --set-recipe data.first_label={lowest})."
        )
    if not first:
        return data
    return relabeled(data, lambda labels: labels - first, classes_target(data.classes[first:]))


def in_class_order(data: DataSet, classes: tuple[str, ...]) -> DataSet:
    """Return a data set with its classes in another order, if they are the same classes."""
    if data.classes == classes or sorted(data.classes) != sorted(classes):
        return data
    new = np.array([classes.index(name) for name in data.classes], np.int64)
    return relabeled(data, lambda labels: new[labels], classes_target(classes))


def absent_classes(data: DataSet) -> tuple[str, ...]:
    """Return the names of the classes that occur in no part, those before the first left out."""
    if not data.classes:
        return ()
    occurring = np.unique(np.concatenate([part.labels for part in data.parts.values()]))
    lowest = lowest_label(data)
    numbers = np.setdiff1d(np.arange(lowest, len(data.classes)), occurring)
    return tuple([data.classes[number] for number in numbers])


def gaps(name: str, classes: int, absent: int) -> str:
    """Return the sentence on class numbers most of which never occur, "" if most do.

    Parameters
    ----------
    name
        The name of the data.
    classes
        The number of class numbers from the lowest to the highest.
    absent
        How many of them never occur.
    """
    if 2 * absent <= classes:
        return ""
    return (
        f"The labels of {name} have gaps: only {classes - absent:,} of the {classes:,} class "
        "numbers occur. Number the classes from 0 without gaps."
    )


def never_occur(name: str, absent: tuple[str, ...]) -> str:
    """Return the note on classes that no image has, "" for none."""
    if not absent:
        return ""
    if len(absent) == 1:
        return f"No image of {name} has the class {absent[0]}."
    return f"No image of {name} has the classes {_some(absent)}."


def absent_labels(data: DataSet) -> tuple[str, ...]:
    """Return the names of the labels that no training image has; none for classes and numbers."""
    if data.target.kind != "labels":
        return ()
    return tuple(np.array(data.target.values)[~data.train.labels.any(axis=0)].tolist())


def without_image(name: str, absent: tuple[str, ...]) -> str:
    """Return the note on labels that no training image has, "" for none."""
    if not absent:
        return ""
    if len(absent) == 1:
        return f"No training image of {name} has the label {absent[0]}."
    return f"No training image of {name} has the labels {_some(absent)}."


def _some(names: tuple[str, ...]) -> str:
    """Return the first few names as a list in a sentence."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def begin_later(name: str, lowest: int) -> str:
    """Return the sentence on labels that do not begin at 0."""
    classes = "class 0" if lowest == 1 else f"the classes 0 to {lowest - 1}"
    return f"The labels of {name} begin at {lowest}: {classes} never occur{'s' * (lowest == 1)}."


def relabeled(data: DataSet, change: Callable[[Array], Array], target: Target) -> DataSet:
    """Return a data set with the values of its only target changed."""

    def part(given: Part | None) -> Part | None:
        return (
            None if given is None else replace(given, targets={target.name: change(given.labels)})
        )

    train = part(data.train)
    assert train is not None
    findings = [found for found in data.findings if found.code != READ_AS_CLASSES]
    return replace(
        data,
        targets=(target,),
        train=train,
        validation=part(data.validation),
        test=part(data.test),
        findings=data.findings if target.kind == "classes" else tuple(findings),
    )
