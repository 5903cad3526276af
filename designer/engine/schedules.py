"""The learning rate as a function of the step, so that a resumed run needs only the step."""

import math
from typing import Any

from designer.runs.recipe import Schedule

_START, _END = 25.0, 1e4  # one_cycle rises from peak/25 and falls to a 1/10,000 of that, as torch's
_THRESHOLD = 1e-4  # relative: a smaller gain counts as none in reduce_on_plateau, as torch's


class LearningRate:
    """The rate of a schedule; all that it remembers is in ``state``.

    ``base`` is the recipe's rate, which one_cycle peaks at. Steps count from 0.
    """

    def __init__(
        self, schedule: Schedule, *, base: float, epochs: int, steps_per_epoch: int
    ) -> None:
        self._schedule = schedule
        self._base = base
        self._per_epoch = steps_per_epoch
        self._total = epochs * steps_per_epoch
        one_cycle = schedule.name == "one_cycle"
        self._warmup = 0 if one_cycle else round(schedule.warmup_epochs * steps_per_epoch)
        self._scale = 1.0  # set by hand
        self._reduction = 1.0  # of reduce_on_plateau
        self._lowest = math.inf
        self._bad_epochs = 0

    def at(self, step: int) -> float:
        """Return the rate of a step."""
        return self._scale * self._planned(step)

    def set(self, rate: float, *, step: int) -> None:
        """Make ``rate`` that of ``step``; the schedule goes on from there in proportion."""
        self._scale = rate / max(self._planned(step), 1e-12)

    def epoch_ended(self, loss: float) -> None:
        """Take the validation loss of an epoch, for reduce_on_plateau."""
        if loss < self._lowest * (1 - _THRESHOLD):
            self._lowest = loss
            self._bad_epochs = 0
            return
        self._bad_epochs += 1
        if self._bad_epochs > self._schedule.patience:
            self._reduction *= self._schedule.factor
            self._bad_epochs = 0

    def state(self) -> dict[str, Any]:
        """Return what ``restore`` needs."""
        return {
            "scale": self._scale,
            "reduction": self._reduction,
            "lowest": self._lowest,
            "bad_epochs": self._bad_epochs,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned."""
        self._scale = state["scale"]
        self._reduction = state["reduction"]
        self._lowest = state["lowest"]
        self._bad_epochs = state["bad_epochs"]

    def _planned(self, step: int) -> float:
        schedule, base = self._schedule, self._base
        match schedule.name:
            case "constant":
                rate = base
            case "step":
                epoch = step // self._per_epoch
                rate = base * schedule.factor ** (epoch // schedule.step_epochs)
            case "reduce_on_plateau":
                rate = max(base * self._reduction, min(schedule.minimum, base))
            case "cosine":
                done = max(step - self._warmup, 0) / max(self._total - self._warmup, 1)
                rate = _cosine(base, schedule.minimum, min(done, 1.0))
            case "one_cycle":
                rate = self._one_cycle(step)
        return rate * min(1.0, (step + 1) / self._warmup) if self._warmup else rate

    def _one_cycle(self, step: int) -> float:
        """Smith and Topin's cycle in two phases, as torch's OneCycleLR with cosine annealing."""
        peak_at = max(self._schedule.rise * self._total - 1, 0.0)
        start = self._base / _START
        if step < peak_at:
            return _cosine(start, self._base, step / peak_at)
        fall = max(self._total - 1 - peak_at, 1e-9)
        return _cosine(self._base, start / _END, min((step - peak_at) / fall, 1.0))


def _cosine(start: float, end: float, done: float) -> float:
    """Return the value between ``start`` and ``end`` on half a cosine wave, ``done`` in 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
