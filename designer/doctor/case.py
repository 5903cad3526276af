"""What the doctor knows: a design, a recipe, data, a device and a run, each where it is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import log
from typing import TYPE_CHECKING, Any, NamedTuple

from designer.analysis.analysis import Analysis
from designer.doctor.network import Network
from designer.recipe.recipe import Recipe
from designer.runs.events import Event
from designer.runs.layer_statistics import Measurement
from designer.runs.result import Result

if TYPE_CHECKING:
    from designer.data.findings import Finding  # with numpy, which takes 0.1 s


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """What is known of the data.

    Attributes
    ----------
    findings
        What was found when they were read, with the balance of the classes.
    shared
        How many images two parts have in common, by the names of the parts.
    """

    findings: "tuple[Finding, ...]" = ()
    shared: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DeviceFacts:
    """The device of a training, with its memory in bytes.

    Attributes
    ----------
    key, name
        ``cuda``, ``mps`` or ``cpu``, and its name for people.
    free
        What is free of its memory.
    needed
        What the training needs, by the estimate.
    largest_batch
        The largest batch that fits.
    """

    key: str
    name: str = ""
    free: int = 0
    needed: int = 0
    largest_batch: int = 0


class Step(NamedTuple):
    """A logged step; what its run did not log is None."""

    step: int
    loss: float
    rate: float
    data_seconds: float | None = None
    other_seconds: float | None = None
    update_ratio: float | None = None


class Epoch(NamedTuple):
    """The means of an epoch; what its run does not have is None."""

    epoch: int
    train_loss: float
    validation_loss: float | None
    train_accuracy: float | None
    validation_accuracy: float | None


_PARTS_OF_A_STEP = ("forward_seconds", "backward_seconds", "update_seconds")
_MEASUREMENTS = 8  # the newest ones, which are judged


class Record:
    """What a run has shown so far.

    Attributes
    ----------
    start
        The newest event ``start``; empty before the first.
    steps, epochs
        The logged steps, and the epochs.
    measurements
        The newest statistics of the layers.
    result
        How it ended; None while it goes on.
    """

    def __init__(self) -> None:
        self.start: Event = {}
        self.steps: list[Step] = []
        self.epochs: list[Epoch] = []
        self.measurements: list[Measurement] = []
        self.result: Result | None = None

    def add(self, events: Sequence[Event]) -> None:
        """Add new events, in the order in which they were written."""
        for event in events:
            kind = event["event"]
            if kind == "start":
                self.start = event
            elif kind == "step":
                parts = [event.get(name) for name in _PARTS_OF_A_STEP]
                known = [each for each in parts if each is not None]
                other = sum(known) if len(known) == len(parts) else None
                self.steps.append(
                    Step(
                        event["step"],
                        event["loss"],
                        event["lr"],
                        event.get("data_seconds"),
                        other,
                        event.get("update_ratio"),
                    )
                )
            elif kind == "epoch":
                train, validation = event["train"], event["validation"] or {}
                self.epochs.append(
                    Epoch(
                        event["epoch"],
                        train["loss"],
                        validation.get("loss"),
                        train.get("accuracy"),
                        validation.get("accuracy"),
                    )
                )

    def measured(self, found: Sequence[Measurement]) -> None:
        """Add new statistics of the layers."""
        self.measurements = [*self.measurements, *found][-_MEASUREMENTS:]

    @property
    def planned_steps(self) -> int:
        """Steps of the whole training; 0 while unknown."""
        return int(self.start.get("epochs", 0)) * int(self.start.get("steps_per_epoch", 0))

    @property
    def step(self) -> int:
        """The number of the newest logged step; 0 before the first."""
        return self.steps[-1].step if self.steps else 0

    @property
    def ended_as_planned(self) -> bool:
        """Whether the training came to its end."""
        return self.result is not None and self.result.status in ("finished", "early_stopped")

    def losses(self, begin: float, end: float) -> list[float]:
        """Return the losses of the logged steps between two shares of those done, 0 to 1."""
        first, last = begin * self.step, end * self.step
        return [each.loss for each in self.steps if first < each.step <= last]


@dataclass(frozen=True, kw_only=True)
class Case:
    """All that is known. A rule that needs what is None says nothing.

    Attributes
    ----------
    analysis
        That of the design, which is valid.
    recipe, data, device
        The recipe, what is known of the data, and the device that would train.
    run
        What the run has shown.
    """

    analysis: Analysis | None = None
    recipe: Recipe | None = None
    data: DataFacts | None = None
    device: DeviceFacts | None = None
    run: Record | None = None

    @cached_property
    def network(self) -> Network | None:
        """The layers of the design, blocks written out; None without a valid design."""
        return None if self.analysis is None else Network(self.analysis)

    @property
    def classes(self) -> int:
        """Values of the main output; 0 while unknown."""
        if self.analysis is None or not self.analysis.outputs:
            return 0
        return self.analysis.outputs[0].shape[0]

    @property
    def loss_of_guessing(self) -> float | None:
        """The loss of a network that gives all classes, or a label and its absence, equally.

        ln(classes) for cross-entropy, also with label smoothing, since all logarithms are equal;
        ln 2 for binary cross-entropy; None for other losses.
        """
        if self.recipe is None:
            return None
        if self.recipe.loss.name == "cross_entropy" and self.classes > 1:
            return log(self.classes)
        return log(2) if self.recipe.loss.name == "binary_cross_entropy" else None

    @property
    def loss_at_start(self) -> float | None:
        """The loss of guessing, else that of the first step; None while unknown."""
        guessing = self.loss_of_guessing
        if guessing is None and self.run is not None and self.run.steps:
            return self.run.steps[0].loss
        return guessing


def mean(values: Sequence[float]) -> float:
    """Return the mean of some numbers."""
    return sum(values) / len(values)


def value(recipe: Recipe | None, name: str) -> Any:
    """Return a setting of the recipe by its dotted name; None if there is no such one."""
    found: Any = recipe
    for part in name.split("."):
        found = getattr(found, part, None)
    return found
