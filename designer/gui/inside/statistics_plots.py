"""The pages with plots of the Layer statistics dock: a figure over the layers, and over steps."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from designer.gui.inside import statistics_curves
from designer.gui.inside.statistics_values import Shown
from designer.runs.layer_statistics import Kind, Measurement

if TYPE_CHECKING:
    from designer.gui.inside.figure_plot import FigurePlot


class PlotPage(QWidget):
    """A plot that is made when it is first drawn, since the window's start avoids pyqtgraph.

    Signals
    -------
    picked(x, y)
        The user clicked at a place of the plot.
    moved(by)
        The user moved by so many places with the keys.
    """

    picked = Signal(float, float)
    moved = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._plot: FigurePlot | None = None
        QVBoxLayout(self).setContentsMargins(0, 0, 0, 0)

    @property
    def plot(self) -> "FigurePlot":
        """The plot."""
        if self._plot is None:
            from designer.gui.inside.figure_plot import FigurePlot

            self._plot = FigurePlot(self._name)
            self._plot.picked.connect(self.picked)
            self._plot.moved.connect(self.moved)
            layout = self.layout()
            assert layout is not None
            layout.addWidget(self._plot)
        return self._plot


class DepthPage(PlotPage):
    """A figure from the first to the last layer.

    Parameters
    ----------
    selection
        Returns the paths of the layers that are selected.

    Signals
    -------
    chosen(path)
        The user chose a layer.
    """

    chosen = Signal(str)

    def __init__(self, selection: Callable[[], frozenset[str]]) -> None:
        super().__init__("statistics-depth")
        self._selection = selection
        self.picked.connect(lambda x, _: self._choose(round(x)))
        self.moved.connect(self._move)

    def draw(self, every: Sequence[Shown], kind: Kind, figure: str, *, log: bool) -> None:
        """Draw a curve for each measurement; see `statistics_curves.draw_depth`."""
        statistics_curves.draw_depth(
            self.plot, every, kind, figure, log=log, selection=self._selection()
        )

    def _choose(self, number: int) -> None:
        names = self.plot.names
        if 0 <= number < len(names):
            self.chosen.emit(names[number])

    def _move(self, by: int) -> None:
        names, selected = self.plot.names, self._selection()
        at = next((number for number, name in enumerate(names) if name in selected), None)
        self._choose(max(0, min(at + by, len(names) - 1)) if at is not None else 0)


class TimePage(PlotPage):
    """A figure over the steps of a training."""

    def __init__(self) -> None:
        super().__init__("statistics-time")

    def draw(
        self,
        measurements: Sequence[Measurement],
        kind: Kind,
        figure: str,
        *,
        log: bool,
        selection: frozenset[str],
        at: int,
    ) -> None:
        """Draw a curve for each layer; see `statistics_curves.draw_time`."""
        statistics_curves.draw_time(
            self.plot, measurements, kind, figure, log=log, selection=selection, at=at
        )
