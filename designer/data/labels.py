"""What labels mean: one-hot rows are classes, and the first class need not have the number 0."""

from collections.abc import Callable

import numpy as np

from designer.data.dataset import DataSet
from designer.data.parts import ArrayPart, Part
from designer.data.pictures import Array
from designer.errors import DesignerError


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
    return _relabeled(data, lambda labels: rows[labels], ())


def lowest_label(data: DataSet) -> int:
    """Return the lowest class number that occurs in any part; 0 for named classes and numbers.

    Formats without names of classes number them from 0, so that a lowest label of 1 means that the
    labels were numbered from 1: class 0 then never occurs.
    """
    if data.classes != tuple(map(str, range(len(data.classes)))):
        return 0
    return min((int(part.labels.min()) for part in data.parts.values()), default=0)


def from_first_label(data: DataSet, first: int) -> DataSet:
    """Return a data set whose first class is the one with the number `first`.

    Raises
    ------
    DesignerError
        A lower class occurs, or the classes have names of their own.
    """
    if not first:
        return data
    lowest = lowest_label(data)
    if lowest < first:
        raise DesignerError(
            f"The labels of {data.name} begin at {lowest}, but data.first_label is {first}: set it "
            f"to {lowest}."
        )
    return _relabeled(data, lambda labels: labels - first, data.classes[first:])


def begin_later(name: str, lowest: int) -> str:
    """Return the sentence on labels that do not begin at 0."""
    classes = "class 0" if lowest == 1 else f"the classes 0 to {lowest - 1}"
    return f"The labels of {name} begin at {lowest}: {classes} never occur{'s' * (lowest == 1)}."


def _relabeled(
    data: DataSet, change: Callable[[Array], Array], classes: tuple[str, ...]
) -> DataSet:
    def part(given: Part | None) -> Part | None:
        if given is not None and not isinstance(given, ArrayPart):
            raise DesignerError(f"{data.name} has its classes from its folders, not from numbers.")
        return None if given is None else ArrayPart(given.images, change(given.labels))

    train = part(data.train)
    assert train is not None
    note = data.note if classes else ""
    return DataSet(
        data.name, data.path, classes, train, part(data.validation), part(data.test), note
    )
