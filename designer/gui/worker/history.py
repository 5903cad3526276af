"""The curves of a run as arrays: what the events say, step by step and epoch by epoch."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.runs.events import Event

Array = NDArray[np.float64]

_FIRST = 256  # rows that a table has room for at the beginning
_BLOCK = 512  # steps smoothed at once

STEP = ("step", "loss", "accuracy", "lr", "images_per_second", "memory_bytes")
EPOCH = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "seconds",
)
LR = ("step", "lr")


class Table:
    """Rows of named numbers in one array that grows geometrically; what is missing is NaN."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.rows = 0
        self._store = np.empty((len(names), _FIRST))

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        if self.rows == self._store.shape[1]:
            larger = np.empty((len(self.names), 2 * self.rows))
            larger[:, : self.rows] = self._store
            self._store = larger
        values = [row.get(name) for name in self.names]
        self._store[:, self.rows] = [math.nan if value is None else value for value in values]
        self.rows += 1

    def __getitem__(self, name: str) -> Array:
        """Return a column as a view, valid until the next `append`."""
        return self._store[self.names.index(name), : self.rows]


class History:
    """What the events of a run amount to.

    Attributes
    ----------
    start
        The newest ``start`` event; empty before the first.
    steps, epochs, rates
        Tables of the ``step`` and ``epoch`` events and of the changes of the learning rate.
    last
        The newest event of a kind: ``last["step"]``.
    step
        How many steps were taken.
    paused
        Whether the training is held.
    """

    def __init__(self) -> None:
        self.start: Event = {}
        self.steps = Table(STEP)
        self.epochs = Table(EPOCH)
        self.rates = Table(LR)
        self.last: dict[str, Event] = {}
        self.notes: list[str] = []
        self.step = 0
        self.paused = False

    @property
    def steps_per_epoch(self) -> int:
        """How many steps make an epoch; 1 while that is not known."""
        return int(self.start.get("steps_per_epoch") or 1)

    @property
    def total_steps(self) -> int:
        """How many steps the whole training has."""
        return int(self.start.get("epochs", 0)) * self.steps_per_epoch

    def add(self, events: Iterable[Event]) -> None:
        """Take in further events."""
        for event in events:
            kind = event.get("event", "")
            self.last[kind] = event
            self.step = int(event.get("step", self.step))
            if kind == "step":
                self.steps.append(event)
                self.paused = False
            elif kind == "epoch":
                train, validation = event.get("train") or {}, event.get("validation") or {}
                self.epochs.append(
                    {
                        "epoch": event["epoch"],
                        "train_loss": train.get("loss"),
                        "train_accuracy": train.get("accuracy"),
                        "validation_loss": validation.get("loss"),
                        "validation_accuracy": validation.get("accuracy"),
                        "seconds": event.get("seconds"),
                    }
                )
            elif kind == "start":
                self.start = event
                self.paused = False
            elif kind == "lr":
                self.rates.append(event)
            elif kind in ("note", "weights"):
                self.notes.append(str(event.get("message", "")))
            elif kind in ("paused", "resumed"):
                self.paused = kind == "paused"

    def at_epochs(self, table: Table) -> Array:
        """Return where the rows of a table of steps lie, in epochs."""
        return table["step"] / self.steps_per_epoch


def smoothed(values: Array, share: float) -> Array:
    """Return the exponential moving mean: of each mean, `share` is kept for the next.

    The mean begins with the first value and is not drawn towards 0 (the correction of Kingma and
    Ba, "Adam", 2015, section 3). What is NaN or infinite is passed over.
    """
    if share <= 0 or not len(values):
        return values
    finite = np.isfinite(values)
    if not finite.all():
        result = np.full(len(values), math.nan)
        result[finite] = smoothed(values[finite], share)
        return result
    # Within a block, m[k] = share^(k+1) (m[-1] + (1 - share) sum_j x[j] / share^(j+1)); blocks are
    # short enough for share^-k to stay far below overflow.
    size = max(1, min(_BLOCK, int(200 / -math.log(share))))
    powers = share ** np.arange(1, size + 1)
    result = np.empty(len(values))
    mean = 0.0
    for begin in range(0, len(values), size):
        piece = values[begin : begin + size]
        own = powers[: len(piece)]
        result[begin : begin + size] = own * (mean + (1 - share) * np.cumsum(piece / own))
        mean = float(result[begin + len(piece) - 1])
    return result / (1 - share ** np.arange(1, len(values) + 1, dtype=float))
