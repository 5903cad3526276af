"""What the trainings of a study are compared by: a row for each figure."""

import math
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from designer.runs.result import Result
from designer.studies.spec import Budget

Unit = Literal["share", "number", "count", "bytes", "seconds"]


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of a training or of its network.

    Attributes
    ----------
    name
        In files and on the command line.
    title
        For people, as in "test accuracy".
    larger
        Whether a larger value is better.
    unit
        How values are written: a share from 0 to 1 as percent, a number with four digits, a count,
        bytes, or seconds.
    help
        One sentence.
    of_result
        Reads it from how a run ended, None if the run does not have it; None for a figure of the
        network, which is known before any training.
    """

    name: str
    title: str
    larger: bool
    unit: Unit
    help: str
    of_result: Callable[[Result], float | None] | None = None

    @property
    def is_cost(self) -> bool:
        """Whether it is a figure of the network alone, such as its parameters."""
        return self.of_result is None

    def better(self, one: float, other: float) -> bool:
        """Tell whether a value is better than another; NaN is never better."""
        return one > other if self.larger else one < other


_ROWS = (
    Goal(
        name="validation_accuracy",
        title="validation accuracy",
        larger=True,
        unit="share",
        help="Share of right decisions on the validation part after the best epoch.",
        of_result=lambda result: result.best.accuracy if result.best else None,
    ),
    Goal(
        name="validation_loss",
        title="validation loss",
        larger=False,
        unit="number",
        help="Mean loss on the validation part after the best epoch.",
        of_result=lambda result: result.best.loss if result.best else None,
    ),
    Goal(
        name="test_accuracy",
        title="test accuracy",
        larger=True,
        unit="share",
        help="Share of right decisions of the best epoch's weights on the test part.",
        of_result=lambda result: result.test.accuracy if result.test else None,
    ),
    Goal(
        name="test_loss",
        title="test loss",
        larger=False,
        unit="number",
        help="Mean loss of the best epoch's weights on the test part.",
        of_result=lambda result: result.test.loss if result.test else None,
    ),
    Goal(
        name="seconds",
        title="time of training",
        larger=False,
        unit="seconds",
        help="Seconds trained, over all resumes.",
        of_result=lambda result: result.seconds,
    ),
    Goal(
        name="steps",
        title="steps",
        larger=False,
        unit="count",
        help="Steps of the optimizer.",
        of_result=lambda result: float(result.steps),
    ),
    Goal(
        name="epochs",
        title="epochs",
        larger=False,
        unit="count",
        help="Epochs trained.",
        of_result=lambda result: float(result.epochs),
    ),
    Goal(
        name="parameters",
        title="parameters",
        larger=False,
        unit="count",
        help="Weights and biases of the network.",
    ),
    Goal(
        name="macs",
        title="MACs",
        larger=False,
        unit="count",
        help="Multiply-accumulates of the network for one example.",
    ),
    Goal(
        name="training_bytes",
        title="training memory",
        larger=False,
        unit="bytes",
        help="Estimated memory of a training step with the batch of the recipe.",
    ),
    Goal(
        name="file_bytes",
        title="file size",
        larger=False,
        unit="bytes",
        help="Size of the weights as a file.",
    ),
)
GOALS: Mapping[str, Goal] = {row.name: row for row in _ROWS}
"""All rows by their names."""
COSTS = tuple(row.name for row in _ROWS if row.is_cost)
"""The figures of a network, which a budget can limit."""
assert set(COSTS) == set(Budget.__struct_fields__)


def figures(result: Result) -> dict[str, float]:
    """Return the figures of a run that has ended, by the names of their rows.

    Those that it does not have, or that are not finite, are left out.
    """
    found = {}
    for row in _ROWS:
        value = None if row.of_result is None else row.of_result(result)
        if value is not None and math.isfinite(value):
            found[row.name] = float(value)
    return found
