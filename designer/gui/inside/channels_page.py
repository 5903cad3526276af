"""The page of a node's channels: all of them as a grid, and one of them large."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout

from designer.gui.base.boxes import ComboBox
from designer.gui.base.plain_text import tip
from designer.gui.inside import coloring
from designer.gui.inside.grid_page import GridPage
from designer.gui.inside.maps_model import MapsModel, Side
from designer.gui.inside.page import figures_words, shape_words, wrapped_label
from designer.gui.inside.value_view import choose_in_all
from designer.gui.worker.inspection import Reply
from designer.runs.inspection import CHANNEL_FIGURES

_SORTS = (("number", "By number"), ("strength", "By strength"))
_SCALES = (("node", "One scale"), ("own", "Own scales"))
_STRENGTH = CHANNEL_FIGURES.index("strength")


class ChannelsPage(GridPage):
    """What a node computes for the picture, channel by channel."""

    def __init__(self, model: MapsModel) -> None:
        super().__init__(model, "channels")
        self.sort = _box("channels-sort", "Order of the channels", _SORTS)
        self.sort.setToolTip("Strength is the mean absolute value of a channel.")
        self.scale = _box("channels-scale", "What the brightness means", _SCALES)
        self.scale.setToolTip(
            "One scale for all channels shows which are strong; with scales of their own, weak "
            "ones are seen, too."
        )
        self.sort.currentIndexChanged.connect(self._sorted)
        self.scale.currentIndexChanged.connect(self._show)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.sort, 1)
        row.addWidget(self.scale, 1)
        self.beside.addLayout(row)
        self.around_large.addLayout(self.both, 1)
        self.figures = wrapped_label("channels-figures")
        self.around_large.addWidget(self.figures)
        self.beside.addLayout(self.around_large, 1)
        self.beside.addWidget(self.empty, 1)

    def request(self, side: Side) -> dict[str, Any]:
        return {"do": "channels", "node": self.model.node}

    def show_replies(self, replies: Sequence[Reply]) -> None:
        self.replies = replies
        self._show()

    def _show(self) -> None:
        replies = self.replies
        if not replies:
            return
        values: list[Any] = [reply.arrays["values"] for reply in replies]
        figures: list[Any] = [reply.arrays["figures"] for reply in replies]
        kind = replies[0].fields["kind"]
        scale = coloring.scale_of(*values)
        count = min(map(len, values))
        order = np.arange(count)
        if self.sort.currentData() == "strength" and kind != "matrix":
            order = np.argsort(-figures[0][:count, _STRENGTH], kind="stable")
        order_ = order.tolist()
        self.views[1].setVisible(len(replies) > 1)
        for view, value, of_channels in zip(self.views, values, figures, strict=False):
            if kind == "maps":
                own = self.scale.currentData() == "own"
                told = partial(_told, of_channels)
                view.show_grid(value, None if own else scale, order_, told)
            elif kind == "matrix":
                view.show_matrix(value[0], scale, "rows: tokens, columns: features")
            else:
                bounds = (min(scale.low, 0.0), scale.high)
                view.show_vector(value, bounds, order_, "value {}".format)
        self.scale.setEnabled(kind == "maps")
        self.sort.setEnabled(kind != "matrix")
        fields = replies[0].fields
        words = [shape_words(fields), figures_words(fields["figures"])]
        if kind == "maps" and self.scale.currentData() == "own":
            words.insert(1, "each channel has colors of its own")
        elif kind != "vector":
            words.insert(1, scale.words)
        self.words.setText(" · ".join(words))
        if kind == "maps":
            first = self.chosen if 0 <= self.chosen < count else order_[0]
            choose_in_all(self.views, first)
        self._show_large()

    def _sorted(self) -> None:
        """Show the channels in another order, from its beginning."""
        self._show()
        for view in self.views:
            view.grid.verticalScrollBar().setValue(0)

    def _show_large(self) -> None:
        """Show the chosen channel large, with its figures."""
        maps = bool(self.replies) and self.replies[0].fields["kind"] == "maps"
        for number, large in enumerate(self.large):
            large.setVisible(number < len(self.replies) and maps)
        self._show_figures()
        self.empty.setVisible(not maps)
        if not maps or self.chosen < 0:
            return
        shown: list[Any] = [reply.arrays["values"][self.chosen] for reply in self.replies]
        own = self.scale.currentData() == "own"
        whole = [reply.arrays["values"] for reply in self.replies]
        scale = coloring.scale_of(*(shown if own else whole))
        for large, values in zip(self.large, shown, strict=False):
            large.show_map(values, scale, f"channel {self.chosen}")
        for large, reply in zip(self.large, self.replies, strict=False):
            large.setToolTip(tip(_told(reply.arrays["figures"], self.chosen)))
        self.figures.setText(_told(self.replies[0].arrays["figures"], self.chosen))

    def _show_figures(self) -> None:
        """Show the figures of the channel, unless two large maps take all the room."""
        maps = bool(self.replies) and self.replies[0].fields["kind"] == "maps"
        self.figures.setVisible(maps and not (self.low and len(self.replies) > 1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_figures()


def _told(figures: Any, number: int) -> str:
    """Return the figures of a channel as text."""
    row = dict(zip(CHANNEL_FIGURES, figures[number].tolist(), strict=True))
    return f"Channel {number} · {figures_words(row)}"


def _box(name: str, title: str, rows: tuple[tuple[str, str], ...]) -> ComboBox:
    box = ComboBox(objectName=name)
    box.setAccessibleName(title)
    for value, words in rows:
        box.addItem(words, value)
    return box
