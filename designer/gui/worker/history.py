"""The curves of a run as arrays, collected from its events by step and by epoch."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.recipe.watching import METRICS
from designer.runs.events import Event
from designer.runs.watching import FIGURES

Array = NDArray[np.float64]

_FIRST = 256  # rows that a table has room for at first
_BLOCK = 512  # most steps that are smoothed in one array operation

STEP = ("step", *FIGURES)
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
    """Rows of named numbers in one array that doubles when it is full; missing values are NaN.

    Attributes
    ----------
    names
        The names of the columns.
    rows
        The number of rows.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.rows = 0
        self._store = np.empty((len(names), _FIRST))

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row; names that it lacks become NaN."""
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
    """The values in the events of a run.

    Attributes
    ----------
    start
        The newest ``start`` event; empty before the first.
    steps, epochs, rates
        Tables of the ``step`` events, the ``epoch`` events and the user's changes of the learning
        rate.
    metrics
        A table of the metrics that the recipe chose, by epoch.
    last
        The newest event of each kind: ``last["step"]``.
    notes
        The messages of the ``note`` and ``weights`` events.
    step
        The number of steps taken.
    by_hand
        Whether a learning rate is held, so that the schedule is off.
    scaled
        Whether the schedule is scaled to a rate that was typed.
    paused
        Whether the training is paused.
    """

    def __init__(self) -> None:
        self.start: Event = {}
        self.steps = Table(STEP)
        self.epochs = Table(EPOCH)
        self.rates = Table(LR)
        self.metrics = Table(("epoch",))
        self.last: dict[str, Event] = {}
        self.notes: list[str] = []
        self.step = 0
        self.by_hand = self.scaled = False
        self.paused = False

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch; 1 while unknown."""
        return int(self.start.get("steps_per_epoch") or 1)

    @property
    def total_steps(self) -> int:
        """Steps in the whole training."""
        return int(self.start.get("epochs", 0)) * self.steps_per_epoch

    def add(self, events: Iterable[Event]) -> None:
        """Add new events, in the order in which they were written."""
        for event in events:
            kind = event.get("event", "")
            self.last[kind] = event
            self.step = int(event.get("step", self.step))
            if kind in ("step", "lr"):
                self.by_hand = bool(event.get("by_hand"))
                self.scaled = bool(event.get("scaled"))
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
                self._add_metrics(event)
            elif kind == "start":
                self.start = event
                self.paused = False
            elif kind == "lr":
                self.rates.append(event)
            elif kind in ("note", "weights", "train_on"):
                self.notes.append(str(event.get("message", "")))
            elif kind in ("paused", "resumed"):
                self.paused = kind == "paused"

    def _add_metrics(self, event: Event) -> None:
        found = event.get("metrics") or {}
        names = ("epoch", *(name for name in METRICS if name in found))
        if len(names) > 1:
            if not self.metrics.rows:
                self.metrics = Table(names)
            self.metrics.append({**found, "epoch": event["epoch"]})

    def at_epochs(self, table: Table) -> Array:
        """Return the step of each row of a table as a position in epochs."""
        return table["step"] / self.steps_per_epoch


def smoothed(values: Array, share: float) -> Array:
    """Return the exponential moving average of a curve.

    The bias towards the initial 0 is corrected as in Adam (Kingma and Ba, 2015, section 3), so the
    average begins with the first value. NaN and infinite values are skipped and become NaN.

    Parameters
    ----------
    values
        The curve, shape (n,).
    share
        The weight of the previous average, from 0 (no smoothing) to below 1.

    Returns
    -------
    Array
        The averages, shape (n,).
    """
    if share <= 0 or not len(values):
        return values
    finite = np.isfinite(values)
    if not finite.all():
        result = np.full(len(values), math.nan)
        result[finite] = smoothed(values[finite], share)
        return result
    # Within a block, m[k] = share^(k+1) (m[-1] + (1 - share) sum_j x[j] / share^(j+1)). Blocks are
    # so short that share^-k stays far below overflow.
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
