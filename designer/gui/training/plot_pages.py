"""The pages of the training's curves: a table of the plots of each, and the figures in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from designer.gui.base.theme import colors
from designer.gui.training.lines import Line
from designer.gui.worker.history import History, smoothed
from designer.layers.category import Category
from designer.recipe.watching import METRICS
from designer.runs.watching import FIGURES, TIMES

if TYPE_CHECKING:
    from designer.gui.training.plots import Plot

_SEVERAL = (
    Category.CONVOLUTION,
    Category.POOLING,
    Category.NORMALIZATION,
    Category.DENSE,
    Category.JOIN,
    Category.SHAPE,
    Category.REGULARIZATION,
    Category.ACTIVATION,
    Category.PORT,
)
"""Whose colors the curves have where a plot has several."""


@dataclass(frozen=True)
class PlotRow:
    """A plot of a page.

    Attributes
    ----------
    title
        Its heading.
    figures
        Names of `designer.runs.watching.FIGURES`; each is a curve over the steps.
    metrics
        Whether it shows the metrics of the validation part that the recipe chose instead.
    percent
        Whether values are shares that are shown in percent.
    log
        Whether the button *Log* applies to it.
    smooth
        Whether the curves of steps are smoothed.
    """

    title: str
    figures: tuple[str, ...] = ()
    metrics: bool = False
    percent: bool = False
    log: bool = False
    smooth: bool = True


@dataclass(frozen=True)
class Page:
    """A page of plots side by side; the first one, of loss and accuracy, has none here.

    Attributes
    ----------
    name, short
        On its button, where there is room and where there is not.
    help
        The button's tool tip.
    rows
        Its plots.
    """

    name: str
    short: str
    help: str
    rows: tuple[PlotRow, ...] = ()


PAGES = (
    Page("Loss, accuracy", "Loss", "Show the loss and the accuracy."),
    Page(
        "Metrics",
        "Metrics",
        "Show the metrics of the validation part that the recipe chooses (Watching, Metrics).",
        (PlotRow("Metrics", metrics=True, percent=True), PlotRow("Errors", metrics=True)),
    ),
    Page(
        "Rate, throughput",
        "Rate",
        "Show the learning rate and the throughput in images per second.",
        (
            PlotRow("Learning rate", ("lr",), log=True, smooth=False),
            PlotRow("Images per second", ("images_per_second",)),
        ),
    ),
    Page(
        "Gradient",
        "Gradient",
        "Show the norm of the gradient, and how much a step changes the weights.",
        (
            PlotRow("Gradient norm", ("gradient_norm",), log=True),
            PlotRow("Update ratio", ("update_ratio",), log=True),
        ),
    ),
    Page(
        "Time, device",
        "Time",
        "Show where the time of a step goes, how busy the device is, and the memory it takes.",
        (
            PlotRow("Time of a step, ms", TIMES),
            PlotRow("Utilization", ("utilization",), percent=True),
            PlotRow("Memory, MB", ("memory_bytes",), smooth=False),
        ),
    ),
)
"""The pages in their order."""

METRICS_PAGE = next(number for number, page in enumerate(PAGES) if page.name == "Metrics")


def help_of(row: PlotRow) -> str:
    """Return the tool tip of a plot: what its figures are."""
    rows = [FIGURES[name] for name in row.figures]
    if not rows:
        return "Figures of the validation part at the end of each epoch."
    if len(rows) == 1:
        return rows[0].help
    return "\n".join(f"{each.title}: {each.help}" for each in rows)


def lines_of(row: PlotRow, history: History, share: float) -> list[Line]:
    """Return the curves of a plot.

    Parameters
    ----------
    row
        The plot.
    history
        Of the run that is shown.
    share
        How much curves of steps are smoothed.
    """
    if row.metrics:
        return list(_metrics(row, history))
    x = history.at_epochs(history.steps)
    found = []
    for number, name in enumerate(row.figures):
        figure = FIGURES[name]
        # A plot in percent multiplies by itself.
        y = history.steps[name] * (1.0 if row.percent else figure.factor)
        several = len(row.figures) > 1
        color = colors().of(_SEVERAL[number]).name() if several else colors().train
        title = figure.title.lower() if several else "now"
        found.append(Line(title, color, x, smoothed(y, share) if row.smooth else y))
    return found


def metrics_of(row: PlotRow, history: History) -> Sequence[str]:
    """Return the metrics of a run that a plot shows: shares or other numbers."""
    return [name for name in history.metrics.names[1:] if METRICS[name].share is row.percent]


def _metrics(row: PlotRow, history: History) -> Iterator[Line]:
    table = history.metrics
    for number, name in enumerate(metrics_of(row, history)):
        color = colors().of(_SEVERAL[number % len(_SEVERAL)]).name()
        epochs = table["epoch"]
        yield Line(METRICS[name].title, color, epochs, table[name], marked=True, epochs=epochs)


def is_empty(row: PlotRow, history: History) -> bool:
    """Return whether a run has no value for a plot, so that it is not shown."""
    return row.metrics and not metrics_of(row, history)


def set_log(plot: "Plot", row: PlotRow, *, log: bool) -> None:
    """Draw a plot on a logarithmic axis, if that applies to it."""
    if row.log and plot.log != log:
        plot.set_log(log)
