"""What is measured while a network trains: tables of the figures of steps and of the metrics.

Each figure is a field of the event ``step``, and a column of the CSV file of the curves. Figures
that a run of an earlier version lacks, or that its device cannot give, are missing there. A metric
is computed over the validation part at the end of each epoch, if the recipe chooses it.
"""

from collections.abc import Mapping

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of a training step.

    Attributes
    ----------
    name
        The field of the event.
    title
        For people.
    column
        The heading in the CSV file of the curves.
    help
        One sentence that says what it is.
    unit
        Of the values as they are shown; "%" for shares from 0 to 1.
    factor
        What a value is multiplied by where it is shown in that unit.
    """

    name: str
    title: str
    column: str
    help: str
    unit: str = ""
    factor: float = 1.0


_ROWS = (
    Figure(
        name="loss",
        title="Loss",
        column="step_loss",
        help="The loss of the batch.",
    ),
    Figure(
        name="accuracy",
        title="Accuracy",
        column="step_accuracy",
        help="The share of right decisions in the batch.",
        unit="%",
        factor=100,
    ),
    Figure(
        name="lr",
        title="Learning rate",
        column="learning_rate",
        help="The size of a step, by the schedule or as it was set by hand.",
    ),
    Figure(
        name="images_per_second",
        title="Images per second",
        column="images_per_second",
        help="How many images the training takes a second.",
    ),
    Figure(
        name="gradient_norm",
        title="Gradient norm",
        column="gradient_norm",
        help="The norm of the whole gradient, before it is clipped: the root of the sum of the "
        "squares of all its values.",
    ),
    Figure(
        name="update_ratio",
        title="Update ratio",
        column="update_ratio",
        help="The norm of the change of all weights in a step, divided by the norm of the weights; "
        "about 0.001 is usual.",
    ),
    Figure(
        name="data_seconds",
        title="Data",
        column="data_seconds",
        help="Time of a step until its images are ready: waiting for them, and changing them at "
        "random.",
        unit="ms",
        factor=1000,
    ),
    Figure(
        name="forward_seconds",
        title="Forward",
        column="forward_seconds",
        help="Time of a step for the outputs of the network and their loss.",
        unit="ms",
        factor=1000,
    ),
    Figure(
        name="backward_seconds",
        title="Backward",
        column="backward_seconds",
        help="Time of a step for the gradients.",
        unit="ms",
        factor=1000,
    ),
    Figure(
        name="update_seconds",
        title="Update",
        column="update_seconds",
        help="Time of a step for the change of the weights by the optimizer.",
        unit="ms",
        factor=1000,
    ),
    Figure(
        name="memory_bytes",
        title="Memory",
        column="memory_bytes",
        help="Memory that the training takes: of the GPU, or else of the machine.",
        unit="MB",
        factor=1e-6,
    ),
    Figure(
        name="utilization",
        title="Utilization",
        column="utilization",
        help="How busy the device is: of a GPU, the share of the time in which it computes; of the "
        "CPU, the share of all its cores that the training keeps busy.",
        unit="%",
        factor=100,
    ),
)

FIGURES: Mapping[str, Figure] = {row.name: row for row in _ROWS}

TIMES = ("data_seconds", "forward_seconds", "backward_seconds", "update_seconds")
"""The figures into which the time of a step is divided, in their order."""
