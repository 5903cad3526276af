"""The progress of a training and its speed."""

import time
from typing import Annotated

import msgspec
from msgspec import Meta

from designer.runs.result import Best, Count, Metrics

_Seconds = Annotated[float, Meta(ge=0)]


class Progress(msgspec.Struct):
    """How much of a training is done; part of its checkpoints."""

    epoch: Count = 0  # epochs completed
    batches: Count = 0  # done in the current epoch
    steps: Count = 0  # done in all epochs
    loss_sum: float = 0.0  # over the batches of the current epoch
    hits: Count = 0  # correct predictions in them
    epoch_seconds: _Seconds = 0.0  # spent on the current epoch
    seconds: _Seconds = 0.0  # spent on all epochs
    best: Best | None = None
    validation: Metrics | None = None
    bad_epochs: Count = 0  # epochs since the best

    @property
    def epoch_at_hand(self) -> int:
        """The number, from 1, of the epoch that the last step was in."""
        return self.epoch + (1 if self.batches else 0)


class Pace:
    """Counts the time of a training and its speed.

    Parameters
    ----------
    progress
        Where the time spent is added.
    batch
        Images in a step, over all processes.
    steps
        Steps of the whole training.
    """

    def __init__(self, progress: Progress, *, batch: int, steps: int) -> None:
        self._progress = progress
        self._batch = batch
        self._steps = steps
        self._clock = time.perf_counter()
        self.restart()

    def restart(self) -> None:
        """Start counting images per second again, after an interruption of the training."""
        self._measured, self._measured_steps = time.perf_counter(), self._progress.steps

    def images_per_second(self) -> float:
        """Return the speed since the last call, or since the last restart."""
        now = time.perf_counter()
        images = (self._progress.steps - self._measured_steps) * self._batch
        speed = images / (now - self._measured)
        self._measured, self._measured_steps = now, self._progress.steps
        return round(speed, 1)

    def tick(self) -> None:
        """Add the time since the last tick to the current epoch."""
        now = time.perf_counter()
        self._progress.seconds += now - self._clock
        self._progress.epoch_seconds += now - self._clock
        self._clock = now

    def paused(self) -> None:
        """Do not count the time since the last tick, which was a pause."""
        self._clock = time.perf_counter()
        self.restart()

    def seconds_left(self) -> float:
        """Estimate the time left, from the mean time of a step so far."""
        progress = self._progress
        spent = progress.seconds + time.perf_counter() - self._clock
        left = self._steps - progress.steps
        return round(left * spent / max(progress.steps, 1), 1)
