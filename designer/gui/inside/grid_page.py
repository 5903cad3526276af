"""A page with a grid of maps on each side, and one of them large: of channels, or of filters."""

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout

from designer.gui.inside.large_map import LargeMap
from designer.gui.inside.maps_model import MapsModel
from designer.gui.inside.page import Page
from designer.gui.inside.value_view import ValueView, choose_in_all, scroll_together
from designer.gui.worker.inspection import Reply


class GridPage(Page):
    """What the pages of channels and filters have in common.

    Attributes
    ----------
    replies
        What is shown, one for each side.
    views, large
        The values of both sides, and the map of each that is shown large.
    """

    def __init__(self, model: MapsModel, name: str) -> None:
        super().__init__(model, name)
        self.replies: Sequence[Reply] = ()
        self.views = [ValueView(f"{name}-{number}") for number in range(2)]
        for view in self.views:
            self.panes.addWidget(view, 1)
            view.moved.connect(self._chosen)
        scroll_together(self.views)
        self.large = [LargeMap(f"{name}-large-{number}") for number in range(2)]
        self.both = QHBoxLayout()
        self.both.setSpacing(4)
        for large in self.large:
            self.both.addWidget(large)

    @property
    def chosen(self) -> int:
        """The number of the map that is shown large; -1 for none."""
        return self.views[0].grid.current

    def _chosen(self, number: int) -> None:
        choose_in_all(self.views, number)
        self._show_large()

    def _show_large(self) -> None:
        """Show the chosen map large."""
        raise NotImplementedError
