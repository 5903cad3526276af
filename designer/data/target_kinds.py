"""Reading targets as another kind than they look like: the setting ``data.targets``."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.data.dataset import DataSet
from designer.data.labels import as_classes, is_one_hot, relabeled
from designer.data.targets import Kind, Target, classes_target
from designer.errors import DesignerError


def are_labels(rows: NDArray[Any]) -> bool:
    """Tell whether rows (n, k) hold nothing but 0 and 1."""
    return bool(rows.ndim == 2 and rows.dtype.kind in "buif" and ((rows == 0) | (rows == 1)).all())


def as_kind(data: DataSet, kind: Kind) -> DataSet:
    """Return a data set with its targets read as another kind.

    Classes become labels of which each example has one, and numbers where their names are numbers.
    Rows of 0 and 1 are labels or numbers; where each has a single 1 they are classes, too. Whole
    numbers become classes. The classes 0 and 1 become one label.

    Raises
    ------
    DesignerError
        The targets cannot be read so.
    """
    target = data.target
    if target.kind == kind:
        return data
    if kind == "tokens" or target.kind == "tokens":
        raise DesignerError(
            f"{data.name} has {target.kind} as targets, which cannot be read as {kind}: choose a "
            f"{'text' if kind == 'tokens' else 'data set that is no text'}."
        )
    ways = {"classes": _classes, "labels": _labels, "numbers": _numbers, "input": as_input}
    return ways[kind](data)


def as_input(data: DataSet) -> DataSet:
    """Return a data set whose examples are their own targets; its labels are not used."""
    nothing = Target("input", "input", ())
    return relabeled(data, lambda labels: np.zeros((len(labels), 0), np.float32), nothing)


def as_one_label(data: DataSet) -> DataSet:
    """Return a data set of the classes 0 and 1 as one label that is there or not.

    So it is read for a loss that takes labels only. Other data sets are returned as they are.
    """
    if data.classes != ("0", "1"):
        return data
    label = Target(data.target.name, "labels", (data.target.title or "1",))
    return relabeled(data, lambda labels: labels[:, None].astype(np.float32), label)


def _classes(data: DataSet) -> DataSet:
    if data.target.kind == "labels":
        if not all(is_one_hot(part.labels) for part in data.parts.values()):
            raise _refused(data, "classes", "has images with no label or with several")
        target = classes_target(data.target.values)
        return relabeled(data, lambda rows: rows.argmax(axis=1).astype(np.int64), target)
    read = as_classes(data)
    if read is data:
        raise _refused(data, "classes", "has numbers that are no class numbers")
    return replace(read, findings=data.findings)  # whose note says what the user has chosen


def _labels(data: DataSet) -> DataSet:
    if (one := as_one_label(data)) is not data:
        return one
    if data.target.kind == "classes":
        rows = np.eye(data.outputs, dtype=np.float32)
        return relabeled(
            data, lambda labels: rows[labels], Target("labels", "labels", data.classes)
        )
    if not all(are_labels(part.labels) for part in data.parts.values()):
        raise _refused(data, "labels", "has other numbers than 0 and 1")
    return relabeled(data, lambda rows: rows, Target("labels", "labels", data.target.values))


def _numbers(data: DataSet) -> DataSet:
    if data.target.kind == "labels":
        return relabeled(data, lambda rows: rows, Target("numbers", "numbers", data.target.values))
    try:
        values = np.array([float(name) for name in data.classes], np.float32)
    except ValueError:
        raise _refused(data, "numbers", "has names as classes") from None
    if not np.isfinite(values).all():
        raise _refused(data, "numbers", "has classes that are no finite numbers")
    target = Target("numbers", "numbers", ("number",))
    return relabeled(data, lambda labels: values[labels][:, None], target)


def _refused(data: DataSet, kind: Kind, because: str) -> DesignerError:
    return DesignerError(
        f"data.targets is {kind}, but {data.name} {because}: set it to auto (on the command line: "
        "--set-recipe data.targets=auto)."
    )
