"""The learning rate of a training: that of its schedule, what was typed or held, and plateaus."""

import math
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from designer.recipe.schedules import Position, Schedule, momentum_at, position, rate_at
from designer.recipe.typed_rates import sentence, typed_rate

_THRESHOLD = 1e-4  # relative: a smaller gain counts as none in reduce_on_plateau, as torch's


class _State(msgspec.Struct):
    """What a checkpoint holds of a `LearningRate`."""

    scale: Annotated[float, Meta(ge=0, le=1e30)]
    reduction: Annotated[float, Meta(ge=0, le=1)]
    lowest: float
    bad_epochs: Annotated[int, Meta(ge=0, le=2**53)]
    by_hand: Annotated[float, Meta(gt=0)] | None = None
    typed: Annotated[float, Meta(gt=0, le=1e30)] = 1.0
    base: float | None = None


class LearningRate:
    """The rate of a schedule as a function of the step; all that it remembers is in `state`.

    A rate that is typed is that of the next step, and the schedule goes on scaled to it. As later
    rates may be far higher where it is typed early in a warm-up, whoever asks for it is told the
    peak before; see `designer.recipe.typed_rates`. A rate that is held is used as it is until the
    schedule is followed again.

    Parameters
    ----------
    schedule
        The recipe's.
    base
        ``optimizer.learning_rate``; one_cycle peaks at it.
    epochs, steps_per_epoch
        The length of the training. Steps count from 0.

    Attributes
    ----------
    by_hand
        The rate that is held; None while the schedule is followed.
    """

    def __init__(
        self, schedule: Schedule, *, base: float, epochs: int, steps_per_epoch: int
    ) -> None:
        self._schedule = schedule
        self._first = position(
            schedule, base=base, step=0, epochs=epochs, steps_per_epoch=steps_per_epoch
        )
        self._cycles = momentum_at(schedule, self._first) is not None
        self._scale = 1.0
        self._typed = 1.0  # the factor of a rate that was typed
        self.by_hand: float | None = None
        self._reduction = 1.0  # of reduce_on_plateau
        self._lowest = math.inf
        self._bad_epochs = 0

    def at(self, step: int) -> float:
        """Return the rate of a step."""
        return self.factor * self._planned(step) if self.by_hand is None else self.by_hand

    @property
    def factor(self) -> float:
        """By how much the rates of the schedule are multiplied."""
        return self._scale * self._typed

    @property
    def scaled(self) -> bool:
        """Whether the schedule is scaled to a rate that was typed."""
        return self._typed != 1.0

    def momentum_at(self, step: int) -> float | None:
        """Return the momentum of a step, None where the schedule leaves it as it is."""
        return momentum_at(self._schedule, self._position(step)) if self._cycles else None

    def set(self, rate: float, *, step: int) -> str:
        """Use a rate for a step, and the schedule scaled to it for the steps after.

        Returns
        -------
        str
            What becomes of the schedule, as a sentence.
        """
        found = typed_rate(self._schedule, self._position(step), rate)
        self.by_hand = rate if found.factor is None else None
        if found.factor is not None:
            self._typed = found.factor / self._scale
        return sentence(found, steps_per_epoch=self._first.steps_per_epoch)

    def hold(self, rate: float) -> None:
        """Use a rate from now on, whatever the schedule says."""
        self.by_hand = rate

    def follow_schedule(self) -> None:
        """Use the rates of the schedule again, as if none had been typed or held."""
        self.by_hand, self._typed = None, 1.0

    def scale(self, factor: float) -> None:
        """Multiply all later rates by a factor, those of the schedule and the one set by hand."""
        self._scale *= factor
        if self.by_hand is not None:
            self.by_hand *= factor

    def forget_changes(self) -> None:
        """Return to the rates of the schedule: none typed or held, none reduced on a plateau."""
        self.by_hand = None
        self._scale = self._typed = self._reduction = 1.0
        self._lowest, self._bad_epochs = math.inf, 0

    def epoch_ended(self, loss: float) -> None:
        """Take the validation loss of an epoch, for reduce_on_plateau.

        While the schedule is off, no plateau is counted.
        """
        if self.by_hand is not None:
            return
        if loss < self._lowest * (1 - _THRESHOLD):
            self._lowest = loss
            self._bad_epochs = 0
            return
        self._bad_epochs += 1
        if self._bad_epochs > self._schedule.patience:
            self._reduction *= self._schedule.factor
            self._bad_epochs = 0

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs."""
        return {
            "scale": self._scale,
            "by_hand": self.by_hand,
            "typed": self._typed,
            "base": self._first.base,
            "reduction": self._reduction,
            "lowest": self._lowest,
            "bad_epochs": self._bad_epochs,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned.

        Raises
        ------
        msgspec.ValidationError
            A field is missing or has a wrong type or value.
        """
        checked = msgspec.convert(state, _State)
        self._scale, self._reduction = checked.scale, checked.reduction
        self._lowest, self._bad_epochs = checked.lowest, checked.bad_epochs
        # In version 0.1, a rate set by hand scaled the schedule; its runs continue that way.
        # A rate set by hand gives way to one that the recipe was given since.
        if checked.base is None or checked.base == self._first.base:
            self.by_hand, self._typed = checked.by_hand, checked.typed

    def _planned(self, step: int) -> float:
        return rate_at(self._schedule, self._position(step))

    def _position(self, step: int) -> Position:
        return msgspec.structs.replace(self._first, step=step, reduction=self._reduction)
