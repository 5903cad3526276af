"""The values of a node or a tensor in the form that suits them: a grid of maps, a map, or bars."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from designer.gui.inside.bars import Bars
from designer.gui.inside.coloring import Scale, Values
from designer.gui.inside.large_map import LargeMap
from designer.gui.inside.tile_grid import TileGrid


class ValueView(QStackedWidget):
    """Shows one side of a page.

    Signals
    -------
    moved(number)
        The user chose a map.
    """

    moved = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName=name)
        self.grid = TileGrid(f"{name}-grid")
        self.grid.setAccessibleName("Maps")
        self.matrix = LargeMap(f"{name}-matrix")
        self.bars = Bars(f"{name}-bars")
        for widget in (self.grid, self.matrix, self.bars):
            self.addWidget(widget)
        self.grid.moved.connect(self.moved)

    def show_grid(
        self, values: Values, scale: Scale | None, order: Sequence[int], told: Callable[[int], str]
    ) -> None:
        """Show maps (n, height, width) or (n, 3, height, width)."""
        self.setCurrentWidget(self.grid)
        self.grid.told = told
        self.grid.show_tiles(values, scale, order)

    def show_matrix(self, values: Values, scale: Scale, caption: str) -> None:
        """Show a matrix (rows, columns)."""
        self.setCurrentWidget(self.matrix)
        self.matrix.show_map(values, scale, caption)

    def show_vector(
        self,
        values: Values,
        bounds: tuple[float, float],
        order: Sequence[int],
        name: Callable[[int], str],
    ) -> None:
        """Show a vector as bars, in some order of its numbers, each with a name."""
        self.setCurrentWidget(self.bars)
        flat: Any = values.reshape(-1)[list(order)]
        last = len(flat) - 1
        self.bars.show_bars(
            flat,
            lambda place: f"{name(order[place])}: {flat[place]:.4g}",
            bounds=bounds,
            ends=(name(order[0]), name(order[last])) if last >= 0 else ("", ""),
        )


def scroll_together(views: Sequence[ValueView]) -> None:
    """Let the grids of two sides always show the same rows."""
    one, two = (view.grid.verticalScrollBar() for view in views)
    one.valueChanged.connect(two.setValue)
    two.valueChanged.connect(one.setValue)


def choose_in_all(views: Sequence[ValueView], number: int) -> None:
    """Make a map the current one of each side, and show the same rows of all."""
    for view in views:
        view.grid.choose(number)
    first, *others = (view.grid.verticalScrollBar() for view in views)
    for bar in others:
        bar.setValue(first.value())
