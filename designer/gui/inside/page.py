"""What the pages of the Maps dock have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from designer.gui.base import numbers
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.inside.coloring import figure
from designer.gui.inside.maps_model import MapsModel, Side
from designer.gui.worker.inspection import Reply

DETAIL = 232  # least width of what stands beside the maps
_SHARE = 0.33  # of the page's width that it has where this is more
_LOW = 240  # pixels: in a page of less height, what belongs to the large map stands beside it


class Page(QWidget):
    """A page: it says what is to be asked for each side, and shows the answers.

    Signals
    -------
    asks()
        A setting was changed so that other answers are needed.

    Attributes
    ----------
    around_large
        The map that is shown large, and what belongs to it, as the page has room: below or beside.
    needs_picture
        Whether nothing can be asked without a picture.
    """

    asks = Signal()
    needs_picture = True

    def __init__(self, model: MapsModel, name: str) -> None:
        super().__init__(objectName=name)
        self.model = model
        self.panes = QHBoxLayout()
        self.panes.setSpacing(8)
        self.words = ElidedLabel(name=f"{name}-words")
        self.words.setProperty("role", "faint")
        self.detail = QWidget(self, objectName=f"{name}-detail")
        self.detail.setFixedWidth(DETAIL)  # until the page has its size
        self.beside = QVBoxLayout(self.detail)
        self.beside.setContentsMargins(0, 0, 0, 0)
        self.beside.setSpacing(4)
        self.around_large = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self.around_large.setSpacing(4)
        self.empty = QWidget(self.detail)  # takes the room where no map is shown large
        across = QHBoxLayout()
        across.setSpacing(10)
        across.addLayout(self.panes, 1)
        across.addWidget(self.detail)
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(2)
        down.addLayout(across, 1)
        down.addWidget(self.words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give what is shown large its share of a large page, and the height of a low one."""
        super().resizeEvent(event)
        self.detail.setFixedWidth(max(DETAIL, int(self.width() * _SHARE)))
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self.around_large.setDirection(across if self.low else down)

    @property
    def low(self) -> bool:
        """Whether what belongs to the large map stands beside it, as there is no room below."""
        return self.height() < _LOW

    def refusal(self) -> str:
        """Return why there is nothing to show of the node, as a sentence; "" if there is."""
        return ""

    @property
    def has_own_settings(self) -> bool:
        """Whether the user changed what is asked for, so that an error may come of that."""
        return False

    def use_usual_settings(self) -> None:
        """Ask for what is asked for at first."""

    def request(self, side: Side) -> dict[str, Any]:
        """Return what is to be asked for a side; pictures are added."""
        raise NotImplementedError

    def show_replies(self, replies: Sequence[Reply]) -> None:
        """Show the answers, one for each side."""
        raise NotImplementedError


def shape_words(fields: Mapping[str, Any]) -> str:
    """Return how many values of which kind a node gives."""
    shape = [numbers.count(size) for size in fields["shape"]]
    if fields["kind"] == "vector":
        return f"{shape[-1]} values"
    if fields["kind"] == "matrix":
        return f"a matrix of {shape[-2]} rows and {shape[-1]} columns"
    return "×".join(shape)


def figures_words(figures: Mapping[str, float | None]) -> str:
    """Return figures of values in one line, which is broken only between two of them."""
    words = [
        f"from {figure(figures['minimum'])} to {figure(figures['maximum'])}",
        f"mean {figure(figures['mean'])}",
        f"deviation {figure(figures['deviation'])}",
        f"zeros {share(figures['zeros'])}",
    ]
    kept = "\N{NO-BREAK SPACE}"
    return f"{kept}· ".join(each.replace(" ", kept) for each in words)


def share(part: float | None) -> str:
    """Return a share in per cent; only all is 100 %, and only none is 0 %."""
    if part is None:
        return figure(part)
    percent = 100 * part
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.1f} %" if 0 < percent < 100 else f"{percent:.0f} %"


def wrapped_label(name: str) -> QLabel:
    """Return a label of small faint text of several lines."""
    label = QLabel(objectName=name, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "soft")
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    return label
