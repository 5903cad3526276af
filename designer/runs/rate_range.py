"""The learning-rate range test: the rates that are tried, and which one the losses suggest.

Smith 2017, Cyclical learning rates for training neural networks (arXiv:1506.01186), section 3.3: a
few steps are taken while the rate grows from one to the next, and the loss tells which rates learn.
"""

import math
from collections.abc import Sequence

import msgspec

from designer.errors import DesignerError
from designer.recipe.optimizers import OPTIMIZERS
from designer.recipe.recipe import Recipe

STEPS, FEWEST, MOST = 100, 20, 10_000
_BELOW, _ABOVE = 1e-4, 1e3  # times the optimizer's usual rate: the range that is tried by default
_SMOOTHING = 0.9  # weight of the losses before in the running mean that tells divergence
_DIVERGED = 4.0  # times the lowest running mean so far
_FALL = 2.0  # standard deviations of the losses around their mean that they must fall by
_LEAST_FALL = 0.01  # as a share of the loss
_SPREAD = 40  # the smoothed loss is a mean over steps around, of deviation 1/40 of all steps
_LEAST = 2.5  # steps: the least deviation


class RateStep(msgspec.Struct, frozen=True):
    """A step of the test: the rate it took, the loss before it, and the mean of losses around it.

    The mean has the weights of a normal distribution around the step. A running mean of the losses
    before would lag behind, and suggest rates several times too high.
    """

    learning_rate: float
    loss: float
    smoothed: float


class RateRange(msgspec.Struct, frozen=True, kw_only=True):
    """What the test found.

    Attributes
    ----------
    steps
        The steps whose loss was finite, in their order.
    suggestion
        The rate at which the smoothed loss falls most steeply; None if it hardly falls.
    tenth_of_lowest
        A tenth of the rate at which the smoothed loss is lowest, a usual alternative.
    diverged
        Whether the test ended as the loss grew beyond bounds.
    sentence
        What to make of it, for people.
    """

    steps: tuple[RateStep, ...]
    suggestion: float | None
    tenth_of_lowest: float | None
    diverged: bool
    sentence: str


class Bounds(msgspec.Struct, frozen=True):
    """Lowest and highest rate, and the number of steps from the one to the other.

    Raises
    ------
    DesignerError
        These are no bounds.
    """

    low: float
    high: float
    steps: int = STEPS

    def __post_init__(self) -> None:
        if not (0 < self.low < self.high and math.isfinite(self.high)):
            raise DesignerError(
                f"The rates are tried from {self.low:g} to {self.high:g}: give a lowest rate above "
                "0 and a higher one."
            )
        if not FEWEST <= self.steps <= MOST:
            raise DesignerError(
                f"The test takes {FEWEST} to {MOST:,} steps; received {self.steps:,}."
            )

    def rate(self, step: int) -> float:
        """Return the rate of a step, from 0; it grows by the same factor at every step."""
        return float(self.low * (self.high / self.low) ** (step / (self.steps - 1)))


def bounds(
    recipe: Recipe,
    *,
    low: float | None = None,
    high: float | None = None,
    steps: int | None = None,
) -> Bounds:
    """Return bounds for a recipe: what is not given reaches far around its optimizer's usual rate.

    Raises
    ------
    DesignerError
        They are no bounds.
    """
    usual = OPTIMIZERS[recipe.optimizer.name].learning_rate
    return Bounds(
        usual * _BELOW if low is None else low,
        usual * _ABOVE if high is None else high,
        STEPS if steps is None else steps,
    )


class Losses:
    """The losses of a test while it goes on.

    Attributes
    ----------
    diverged
        Whether the test is to end: the loss is not finite, or its running mean is four times the
        lowest one before.
    """

    def __init__(self, within: Bounds) -> None:
        self._within = within
        self._mean = 0.0
        self._lowest = math.inf
        self._losses: list[float] = []
        self.diverged = False

    def add(self, loss: float) -> None:
        """Take the loss of the next step.

        Raises
        ------
        DesignerError
            The first loss is not finite, so that no rate is to blame.
        """
        if not math.isfinite(loss):
            if not self._losses:
                raise DesignerError(
                    f"The loss is {loss} before any step was taken, so that no learning rate "
                    "helps: check the data and the initialization of the weights."
                )
            self.diverged = True
            return
        self._losses.append(loss)
        self._mean = _SMOOTHING * self._mean + (1 - _SMOOTHING) * loss
        mean = self._mean / (1 - _SMOOTHING ** len(self._losses))  # corrected for its beginning
        self._lowest = min(self._lowest, mean)
        self.diverged = mean > _DIVERGED * self._lowest > 0

    def result(self, recipe: Recipe) -> RateRange:
        """Return what the steps suggest for a recipe.

        Raises
        ------
        DesignerError
            The loss grew beyond bounds at once.
        """
        within, count, radius = self._within, len(self._losses), max(2, self._within.steps // 40)
        if count < 2 * radius + 1:
            raise DesignerError(
                f"The loss grew beyond bounds within {count + 1} of {within.steps} steps, from a "
                f"rate of {within.low:.2g} on: begin at a lower rate."
            )
        smoothed = _smoothed(self._losses, max(_LEAST, within.steps / _SPREAD))
        steps = tuple(
            [
                RateStep(within.rate(number), loss, mean)
                for number, (loss, mean) in enumerate(zip(self._losses, smoothed, strict=True))
            ]
        )
        lowest = min(range(len(steps)), key=lambda number: steps[number].smoothed)
        fell = _fell(self._losses, smoothed, lowest)
        steepest = _steepest(smoothed, lowest, radius) if fell else None
        tenth = _rounded(steps[lowest].learning_rate / 10) if steepest is not None else None
        suggestion = None if steepest is None else _rounded(steps[steepest].learning_rate)
        return RateRange(
            steps=steps,
            suggestion=suggestion,
            tenth_of_lowest=tenth,
            diverged=self.diverged,
            sentence=_sentence(recipe, within, suggestion, tenth),
        )


def _smoothed(losses: Sequence[float], deviation: float) -> list[float]:
    """Return the mean of the losses around each step, weighted by a normal distribution."""
    reach = math.ceil(3 * deviation)
    weights = [math.exp(-((place / deviation) ** 2) / 2) for place in range(reach + 1)]
    found = []
    for number in range(len(losses)):
        near = range(max(0, number - reach), min(len(losses), number + reach + 1))
        total = sum(weights[abs(each - number)] for each in near)
        found.append(sum(weights[abs(each - number)] * losses[each] for each in near) / total)
    return found


def _fell(losses: Sequence[float], smoothed: Sequence[float], lowest: int) -> bool:
    """Return whether the loss fell by a hundredth, and by more than it jumps between batches."""
    parts = [(loss - mean) ** 2 for loss, mean in zip(losses, smoothed, strict=True)][: lowest + 1]
    jumps = math.sqrt(sum(parts) / len(parts))
    highest = max(smoothed[: lowest + 1])
    return highest - smoothed[lowest] > max(_FALL * jumps, _LEAST_FALL * highest)


def _steepest(smoothed: Sequence[float], lowest: int, radius: int) -> int | None:
    """Return the step at which the smoothed loss falls most over the logarithm of the rate.

    The steps before the lowest loss are looked at, each with `radius` steps before and after it;
    None if the loss falls at none of them.
    """
    slopes = {
        number: _slope(smoothed[number - radius : number + radius + 1])
        for number in range(radius, min(lowest, len(smoothed) - radius - 1) + 1)
    }
    if not slopes:
        return None
    best = min(slopes, key=lambda number: slopes[number])
    return best if slopes[best] < 0 else None


def _slope(values: Sequence[float]) -> float:
    """Return the slope of the line of least squares through evenly spaced values."""
    middle = (len(values) - 1) / 2
    moments = sum((place - middle) * value for place, value in enumerate(values))
    return moments / sum((place - middle) ** 2 for place in range(len(values)))


def _rounded(rate: float) -> float:
    """Return a rate with two significant digits: no test is more exact."""
    return float(f"{rate:.1e}")


_PEAKS = ("one_cycle",)


def _sentence(recipe: Recipe, within: Bounds, suggestion: float | None, tenth: float | None) -> str:
    if suggestion is None:
        return (
            f"The loss hardly falls at any rate from {within.low:.2g} to {within.high:.2g}: try "
            "other bounds, more steps, or another initialization."
        )
    peak = " It becomes the peak of the schedule." if recipe.schedule.name in _PEAKS else ""
    return (
        f"The loss falls most steeply at a rate of {suggestion:g}, which is suggested; a tenth of "
        f"the rate at which it is lowest would be {tenth:g}.{peak}"
    )
