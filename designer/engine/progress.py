"""How far a training has come, and how fast it goes."""

import time

import msgspec

from designer.runs.result import Best, Figures


class Progress(msgspec.Struct):
    """How far a training has come; part of its checkpoints."""

    epoch: int = 0  # those completed
    batches: int = 0  # done in the epoch at hand
    steps: int = 0  # of all epochs
    loss_sum: float = 0.0  # over the batches of the epoch at hand
    hits: int = 0  # right answers in them
    epoch_seconds: float = 0.0  # spent on the epoch at hand
    seconds: float = 0.0  # of all
    best: Best | None = None
    validation: Figures | None = None
    bad_epochs: int = 0  # since the best

    @property
    def epoch_at_hand(self) -> int:
        """The number, from 1, of the epoch that the last step was in."""
        return self.epoch + (1 if self.batches else 0)


class Pace:
    """Adds the time that is spent to a progress, and says how fast it goes.

    ``batch`` is that of all processes together, ``steps`` the number of all epochs.
    """

    def __init__(self, progress: Progress, *, batch: int, steps: int) -> None:
        self._progress = progress
        self._batch = batch
        self._steps = steps
        self._clock = time.perf_counter()
        self.restart()

    def restart(self) -> None:
        """Begin to count images per second anew, after something that was no training."""
        self._measured, self._measured_steps = time.perf_counter(), self._progress.steps

    def images_per_second(self) -> float:
        """Return the speed since this was asked last, or since the last restart."""
        now = time.perf_counter()
        images = (self._progress.steps - self._measured_steps) * self._batch
        speed = images / (now - self._measured)
        self._measured, self._measured_steps = now, self._progress.steps
        return round(speed, 1)

    def tick(self) -> None:
        """Count the time since the last tick as spent on the epoch at hand."""
        now = time.perf_counter()
        self._progress.seconds += now - self._clock
        self._progress.epoch_seconds += now - self._clock
        self._clock = now

    def paused(self) -> None:
        """Leave out the time since the last tick, which was a pause."""
        self._clock = time.perf_counter()
        self.restart()

    def seconds_left(self) -> float:
        """Guess how long the rest of the epochs takes, from the mean time of a step so far."""
        progress = self._progress
        spent = progress.seconds + time.perf_counter() - self._clock
        left = self._steps - progress.steps
        return round(left * spent / max(progress.steps, 1), 1)
