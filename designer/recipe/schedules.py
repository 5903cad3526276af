"""The schedules of the learning rate: one row each, with the rate as a function of the step."""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar

import msgspec

from designer.recipe.settings import Group, Setting, titles

_START = 25.0  # one_cycle begins at peak / 25, as torch's OneCycleLR does by default
_END = 1e4  # and ends at 1 / 10,000 of its beginning
_MOMENTUM = (0.85, 0.95)  # of one_cycle at its peak, and at its ends, as torch's


class Position(msgspec.Struct, frozen=True):
    """A step of a training, and what its learning rate depends on.

    Attributes
    ----------
    step
        The step, from 0.
    steps, steps_per_epoch
        Steps of the whole training and of an epoch.
    base
        ``optimizer.learning_rate``.
    warmup
        Steps of the warm-up.
    reduction
        The factor to which the plateaus of the validation loss so far have reduced the rate.
    """

    step: int
    steps: int
    steps_per_epoch: int
    base: float
    warmup: int = 0
    reduction: float = 1.0


class ScheduleKind(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule.

    Attributes
    ----------
    name, title
        Its name in a recipe, and for people.
    help
        One sentence that says what it does.
    formula
        The rate in plain text: η is the learning rate of the recipe, p the share of the steps done
        after the warm-up, e the epochs done.
    source
        The paper that it comes from, or the name that torch has for it.
    settings
        The settings it uses; one with ``warmup_epochs`` among them rises linearly from zero first.
    rate
        The learning rate at a position, before the warm-up is applied.
    momentum
        The momentum at a position, where the schedule says it.
    """

    name: str
    title: str
    help: str
    formula: str
    source: str
    settings: tuple[str, ...]
    rate: Callable[["Schedule", Position], float]
    momentum: Callable[["Schedule", Position], float] | None = None


def _step(schedule: "Schedule", at: Position) -> float:
    """Torch's StepLR: the rate is multiplied by `factor` every `step_epochs` epochs."""
    epoch = at.step // at.steps_per_epoch
    return float(at.base * schedule.factor ** (epoch // schedule.step_epochs))


def _milestones(schedule: "Schedule", at: Position) -> float:
    """Torch's MultiStepLR: the rate is multiplied by `factor` at each of the epochs named."""
    passed = sum(at.step >= round(each * at.steps_per_epoch) for each in schedule.milestones)
    return float(at.base * schedule.factor**passed)


def _linear(schedule: "Schedule", at: Position) -> float:
    """Torch's LinearLR from 1 to `minimum` over all steps behind the warm-up."""
    return at.base + (min(schedule.minimum, at.base) - at.base) * _done(at)


def _exponential(schedule: "Schedule", at: Position) -> float:
    """Torch's ExponentialLR, in even parts over the steps of an epoch."""
    return float(at.base * schedule.epoch_factor ** (_after_warmup(at) / at.steps_per_epoch))


def _inverse_square_root(_: "Schedule", at: Position) -> float:
    """Fall as the rate of the Transformer (Vaswani et al., 2017), from the end of the warm-up on.

    Without a warm-up, an epoch takes its place in the formula.
    """
    scale = at.warmup or at.steps_per_epoch
    return at.base * math.sqrt(scale / (scale + _after_warmup(at)))


def _cosine(schedule: "Schedule", at: Position) -> float:
    """Torch's CosineAnnealingLR over all steps behind the warm-up (Loshchilov and Hutter, 2017)."""
    return _half_wave(at.base, schedule.minimum, _done(at))


def _cosine_restarts(schedule: "Schedule", at: Position) -> float:
    """Torch's CosineAnnealingWarmRestarts; each period is `restart_factor` times the one before."""
    length, factor = schedule.restart_epochs * at.steps_per_epoch, schedule.restart_factor
    done = float(_after_warmup(at))
    if factor == 1:
        done %= length
    else:
        # Full periods n before the step: length · (factorⁿ - 1) / (factor - 1) <= done. The root
        # of a period that just ends is rounded to it.
        periods = math.floor(math.log(done / length * (factor - 1) + 1, factor) + 1e-9)
        done -= length * (factor**periods - 1) / (factor - 1)
        length *= factor**periods
    return _half_wave(at.base, schedule.minimum, min(max(done, 0.0) / length, 1.0))


def _one_cycle(schedule: "Schedule", at: Position) -> float:
    """Smith and Topin's cycle in two phases, as torch's OneCycleLR with cosine annealing."""
    return _cycle(schedule, at, at.base / _START, at.base, at.base / _START / _END)


def _one_cycle_momentum(schedule: "Schedule", at: Position) -> float:
    """Torch's OneCycleLR: the momentum falls while the rate rises."""
    return _cycle(schedule, at, _MOMENTUM[1], _MOMENTUM[0], _MOMENTUM[1])


def _cycle(schedule: "Schedule", at: Position, start: float, middle: float, end: float) -> float:
    """Return a value that goes from `start` to `middle` during the rise, then to `end`."""
    peak_at = max(schedule.rise * at.steps - 1, 0.0)
    if at.step < peak_at:
        return _half_wave(start, middle, at.step / peak_at)
    fall = max(at.steps - 1 - peak_at, 1e-9)
    return _half_wave(middle, end, min((at.step - peak_at) / fall, 1.0))


def _cyclic(schedule: "Schedule", at: Position) -> float:
    """Torch's CyclicLR in its triangular form: from `minimum` to the base and back."""
    length = schedule.cycle_epochs * at.steps_per_epoch
    place = _after_warmup(at) / length % 1.0
    low = min(schedule.minimum, at.base)
    return low + (at.base - low) * (1 - abs(2 * place - 1))


def _after_warmup(at: Position) -> int:
    """Return the steps done after the warm-up."""
    return max(at.step - at.warmup, 0)


def _done(at: Position) -> float:
    """Return the share of the steps after the warm-up that is done, 0 to 1."""
    return min(_after_warmup(at) / max(at.steps - at.warmup, 1), 1.0)


def _half_wave(start: float, end: float, done: float) -> float:
    """Return the value between `start` and `end` on half a cosine wave, `done` in 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def _reduced(schedule: "Schedule", at: Position) -> float:
    """Torch's ReduceLROnPlateau; the training counts the plateaus and passes the reduction."""
    return max(at.base * at.reduction, min(schedule.minimum, at.base))


_ROWS = (
    ScheduleKind(
        name="constant",
        title="constant",
        help="The rate stays as it is.",
        formula="η",
        source="ConstantLR of torch",
        settings=("warmup_epochs",),
        rate=lambda _, at: at.base,
    ),
    ScheduleKind(
        name="step",
        title="in steps",
        help="The rate is reduced by a factor every so many epochs.",
        formula="η · factor^⌊e / length⌋",
        source="StepLR of torch",
        settings=("warmup_epochs", "step_epochs", "factor"),
        rate=_step,
    ),
    ScheduleKind(
        name="milestones",
        title="at milestones",
        help="The rate is reduced by a factor at each of the epochs that are named.",
        formula="η · factor^(milestones passed)",
        source="He, Zhang, Ren and Sun, 2016: Deep residual learning; MultiStepLR of torch",
        settings=("warmup_epochs", "milestones", "factor"),
        rate=_milestones,
    ),
    ScheduleKind(
        name="linear",
        title="linear",
        help="The rate falls in a straight line.",
        formula="η + (lowest − η) · p",
        source="LinearLR of torch",
        settings=("warmup_epochs", "minimum"),
        rate=_linear,
    ),
    ScheduleKind(
        name="exponential",
        title="exponential",
        help="The rate falls by the same factor in every epoch.",
        formula="η · factor^e",
        source="ExponentialLR of torch",
        settings=("warmup_epochs", "epoch_factor"),
        rate=_exponential,
    ),
    ScheduleKind(
        name="inverse_square_root",
        title="inverse square root",
        help="The rate falls with the root of the steps done, slower and slower, whatever the "
        "length of the training.",
        formula="η · √(t / (t + n)), n steps after the warm-up of t steps (one epoch without)",
        source="Vaswani and others, 2017: Attention is all you need",
        settings=("warmup_epochs",),
        rate=_inverse_square_root,
    ),
    ScheduleKind(
        name="cosine",
        title="cosine",
        help="The rate falls along half a cosine wave.",
        formula="lowest + (η − lowest) · (1 + cos(π·p)) / 2",
        source="Loshchilov and Hutter, 2017: SGDR; CosineAnnealingLR of torch",
        settings=("warmup_epochs", "minimum"),
        rate=_cosine,
    ),
    ScheduleKind(
        name="cosine_restarts",
        title="cosine with restarts",
        help="The rate falls along half a cosine wave, jumps up again, and so on.",
        formula="lowest + (η − lowest) · (1 + cos(π·q)) / 2, q the share of the period done",
        source="Loshchilov and Hutter, 2017: SGDR; CosineAnnealingWarmRestarts of torch",
        settings=("warmup_epochs", "restart_epochs", "restart_factor", "minimum"),
        rate=_cosine_restarts,
    ),
    ScheduleKind(
        name="one_cycle",
        title="one cycle",
        help="The rate rises to its peak and falls far below its beginning.",
        formula="half cosine waves from η / 25 to η, then to η / 250,000",
        source="Smith and Topin, 2018: Super-convergence; OneCycleLR of torch",
        settings=("rise", "cycle_momentum"),
        rate=_one_cycle,
        momentum=_one_cycle_momentum,
    ),
    ScheduleKind(
        name="cyclic",
        title="cyclic",
        help="The rate rises and falls in straight lines, again and again; a lowest rate of a "
        "quarter of the learning rate is usual.",
        formula="lowest + (η − lowest) · (1 − |2·q − 1|), q the share of the cycle done",
        source="Smith, 2017: Cyclical learning rates for training neural networks; CyclicLR of "
        "torch",
        settings=("warmup_epochs", "cycle_epochs", "minimum"),
        rate=_cyclic,
    ),
    ScheduleKind(
        name="reduce_on_plateau",
        title="reduce on plateau",
        help="The rate is reduced by a factor when the validation loss stops falling.",
        formula="η · factor^(plateaus), at least the lowest rate",
        source="ReduceLROnPlateau of torch",
        settings=("warmup_epochs", "factor", "patience", "minimum"),
        rate=_reduced,
    ),
)

SCHEDULES: Mapping[str, ScheduleKind] = {row.name: row for row in _ROWS}


class Schedule(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the learning rate changes from ``optimizer.learning_rate`` on."""

    prefix: ClassVar[str] = "schedule."
    title: ClassVar[str] = "Schedule"
    kinds: ClassVar[Mapping[str, ScheduleKind]] = SCHEDULES

    name: Annotated[
        str,
        Setting(
            title="Schedule",
            help="How the learning rate changes during the training.",
            choices=titles(SCHEDULES),
            reason="best accuracy within a fixed, small number of epochs",
            form="essential",
        ),
    ] = "one_cycle"
    warmup_epochs: Annotated[
        float,
        Setting(
            title="Warm-up",
            help="Epochs in which the rate rises linearly from zero.",
            unit="epochs",
            low=0.0,
        ),
    ] = 0.0
    step_epochs: Annotated[
        int,
        Setting(title="Step length", help="Epochs between two reductions.", unit="epochs", low=1),
    ] = 10
    milestones: Annotated[
        tuple[float, ...],
        Setting(
            title="Milestones",
            help="The epochs at which the rate is reduced, as in 5, 8.",
            low=0.0,
            high=1e6,
            empty="none",
            reason="after a half and four fifths of ten epochs",
        ),
    ] = (5.0, 8.0)
    epoch_factor: Annotated[
        float,
        Setting(
            title="Factor an epoch",
            help="What the rate is multiplied by in the course of each epoch.",
            low=0.0,
            high=1.0,
            open_low=True,
            reason="a tenth remains after 22 epochs",
        ),
    ] = 0.9
    restart_epochs: Annotated[
        float,
        Setting(
            title="First restart",
            help="Epochs until the rate first jumps up again.",
            unit="epochs",
            low=0.0,
            high=1e6,
            open_low=True,
            reason="twice within ten epochs, with the lowest rate at the end",
        ),
    ] = 5.0
    restart_factor: Annotated[
        float,
        Setting(
            title="Longer each time",
            help="How many times as long each period between restarts is as the one before.",
            low=1.0,
            high=100.0,
            reason="periods of equal length; Loshchilov and Hutter found 2 good, too",
        ),
    ] = 1.0
    cycle_epochs: Annotated[
        float,
        Setting(
            title="Cycle",
            help="Epochs in which the rate rises and falls once.",
            unit="epochs",
            low=0.0,
            high=1e6,
            open_low=True,
            reason="Smith found 4 to 20 good",
        ),
    ] = 4.0
    factor: Annotated[
        float,
        Setting(
            title="Factor",
            help="What the rate is multiplied by at a reduction.",
            low=0.0,
            high=1.0,
            open_low=True,
            reason="a tenth, as for AlexNet, VGG and ResNet",
        ),
    ] = 0.1
    patience: Annotated[
        int,
        Setting(
            title="Patience",
            help="Epochs without a better validation loss before a reduction.",
            unit="epochs",
            low=0,
            reason="the loss of single epochs is noisy",
        ),
    ] = 5
    minimum: Annotated[
        float,
        Setting(
            title="Lowest rate",
            help="The rate never goes below this.",
            low=0.0,
            high=1e6,
        ),
    ] = 0.0
    rise: Annotated[
        float,
        Setting(
            title="Rise",
            help="Share of the training in which the rate rises.",
            low=0.0,
            high=1.0,
            reason="as torch does",
        ),
    ] = 0.3
    cycle_momentum: Annotated[
        bool,
        Setting(
            title="Momentum cycles, too",
            help="Lets the momentum of SGD and RMSprop, or the first beta of Adam and its kin, "
            "fall from 0.95 to 0.85 while the rate rises, and rise again while it falls.",
            reason="the momentum of the optimizer is what it says",
            source="Smith, 2018: A disciplined approach to neural network hyper-parameters",
        ),
    ] = False


def warmup_steps(schedule: Schedule, *, steps_per_epoch: int) -> int:
    """Return the steps in which the rate rises; 0 for a schedule that has no warm-up."""
    used = "warmup_epochs" in SCHEDULES[schedule.name].settings
    return round(schedule.warmup_epochs * steps_per_epoch) if used else 0


def position(
    schedule: Schedule, *, base: float, step: int, epochs: int, steps_per_epoch: int
) -> Position:
    """Return a step of a training as its schedule needs it."""
    return Position(
        step=step,
        steps=epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        base=base,
        warmup=warmup_steps(schedule, steps_per_epoch=steps_per_epoch),
    )


def rate_at(schedule: Schedule, at: Position) -> float:
    """Return the learning rate of a step, the warm-up applied."""
    rate = SCHEDULES[schedule.name].rate(schedule, at)
    return rate * min(1.0, (at.step + 1) / at.warmup) if at.warmup else rate


def momentum_at(schedule: Schedule, at: Position) -> float | None:
    """Return the momentum of a step, None where the schedule leaves it as it is."""
    row = SCHEDULES[schedule.name]
    return row.momentum(schedule, at) if schedule.cycle_momentum and row.momentum else None
