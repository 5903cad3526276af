"""The curves of the runs of a study, read from their event logs."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from designer.errors import DesignerError
from designer.runs.folder import RunFolder


@dataclass(frozen=True)
class Quantity:
    """What is drawn over the epochs.

    Attributes
    ----------
    name, title
        In the code, and for people.
    part, figure
        Where an event of an epoch has it.
    share
        Whether it is a share, written in percent.
    """

    name: str
    title: str
    part: str
    figure: str
    share: bool = False


_ROWS = (
    Quantity("validation_loss", "Validation loss", "validation", "loss"),
    Quantity("validation_accuracy", "Validation accuracy", "validation", "accuracy", share=True),
    Quantity("train_loss", "Training loss", "train", "loss"),
    Quantity("train_accuracy", "Training accuracy", "train", "accuracy", share=True),
)
QUANTITIES: Mapping[str, Quantity] = {row.name: row for row in _ROWS}
"""All rows by their names."""


@dataclass(frozen=True)
class Curve:
    """A training over its epochs.

    Attributes
    ----------
    epochs
        The numbers of its epochs.
    values
        Its quantities by their names, a value an epoch; those that it does not have are left out.
    """

    epochs: Sequence[float]
    values: Mapping[str, Sequence[float]]


class CurveReader:
    """Reads curves; those of runs that have not changed are not read again."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int], Curve]] = {}

    def read(self, paths: Sequence[Path]) -> dict[Path, Curve]:
        """Return the curves of the runs that have one; call it in a background thread."""
        found = {}
        for path in paths:
            log = RunFolder(path).events
            try:
                stat = os.stat(log)
            except OSError:
                continue
            stamp = (stat.st_mtime_ns, stat.st_size)
            known = self._known.get(path)
            if known is None or known[0] != stamp:
                known = self._known[path] = (stamp, _read(log))
            found[path] = known[1]
        return found


def _read(log: Path) -> Curve:
    """Return the curve in an event log; only the events of epochs are decoded."""
    epochs: list[float] = []
    values: dict[str, list[float]] = {name: [] for name in QUANTITIES}
    try:
        lines = log.read_bytes().split(b"\n")[:-1]
    except OSError:
        return Curve((), {})
    for line in lines:
        if b'"epoch"' not in line[:200]:
            continue
        try:
            event = msgspec.json.decode(line, type=dict[str, Any])
            if event.get("event") != "epoch":
                continue
            number = float(event["epoch"])
            row = {each.name: _value(event, each) for each in QUANTITIES.values()}
        except (msgspec.MsgspecError, DesignerError, KeyError, TypeError, ValueError):
            continue  # of a log that was damaged; the run itself says so where it is shown
        epochs.append(number)
        for name, value in row.items():
            values[name].append(value)
    known = {name: each for name, each in values.items() if not all(map(math.isnan, each))}
    return Curve(epochs, known)


def _value(event: Mapping[str, Any], quantity: Quantity) -> float:
    found = (event.get(quantity.part) or {}).get(quantity.figure)
    return math.nan if found is None else float(found)
