"""The worst mistakes of a network as pictures: true class, predicted class, probability."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from designer.gui.base.pictures import paint_framed
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, sans, theme

_GAP = 8


@dataclass(frozen=True)
class Mistake:
    """A test image of class `true` that the network predicted as `predicted`."""

    true: str
    predicted: str
    probability: float | None
    loss: float
    index: int
    picture: QImage | None = None

    @property
    def words(self) -> str:
        """The tooltip of the picture: image, classes, probability and loss."""
        wrong = f"Test image {self.index}: {self.true} predicted as {self.predicted}"
        if self.probability is None:
            return f"{wrong}; loss {self.loss:.2f}"
        return f"{wrong} with probability {100 * self.probability:.1f} %; loss {self.loss:.2f}"


class Mistakes(QWidget):
    """A grid of pictures with captions, in as many columns as fit."""

    def __init__(self) -> None:
        super().__init__(objectName="mistakes")
        self.mistakes: list[Mistake] = []
        self.shown: list[Mistake] = []
        self.setAccessibleName("Worst mistakes")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setSizePolicy(policy)
        theme.changed.connect(self.update)

    def show_mistakes(self, mistakes: list[Mistake]) -> None:
        """Show mistakes, those with the highest probability first."""
        self.mistakes = sorted(mistakes, key=lambda each: -(each.probability or 0))
        self.filter(None)

    def filter(self, pair: tuple[str, str] | None) -> None:
        """Show the mistakes of one pair (true class, predicted class); None for all."""
        self.shown = [
            mistake
            for mistake in self.mistakes
            if pair is None or (mistake.true, mistake.predicted) == pair
        ]
        self._fit()
        self.update()

    def rect_of(self, number: int) -> QRect:
        """Return the rectangle of a mistake's picture and caption."""
        size = self._cell()
        row, column = divmod(number, self._columns())
        left, top = column * (size.width() + _GAP), row * (size.height() + _GAP)
        return QRect(QPoint(left, top), size)

    def _cell(self) -> QSize:
        side = self.fontMetrics().height() * 4
        return QSize(side, side + 2 * self.fontMetrics().height() + 2)

    def _columns(self) -> int:
        return max((self.width() + _GAP) // (self._cell().width() + _GAP), 1)

    def _fit(self) -> None:
        rows = -(-len(self.shown) // self._columns())
        self.setMinimumHeight(rows * (self._cell().height() + _GAP))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        c = colors()
        painter.setFont(sans(0.9))
        metrics = painter.fontMetrics()
        for number, mistake in enumerate(self.shown):
            cell = self.rect_of(number)
            if not cell.intersects(event.rect()):
                continue
            square = QRect(cell.topLeft(), QSize(cell.width(), cell.width()))
            picture = mistake.picture
            paint_framed(painter, square, picture and _fitted(picture, square.width()))
            line = QRect(square.left(), square.bottom() + 2, square.width(), metrics.height())
            both = f"{mistake.true} → {mistake.predicted}"
            painter.setPen(c.text)
            text = metrics.elidedText(both, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, text)
            if mistake.probability is not None:
                line.translate(0, metrics.height())
                painter.setPen(c.error)
                painter.drawText(
                    line, Qt.AlignmentFlag.AlignHCenter, f"{100 * mistake.probability:.1f} %"
                )
        painter.end()

    def event(self, event: QEvent) -> bool:
        """Show the tooltip of the mistake under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            for number, mistake in enumerate(self.shown):
                if self.rect_of(number).contains(event.pos()):
                    QToolTip.showText(event.globalPos(), tip(mistake.words), self)
                    return True
            QToolTip.hideText()
            return True
        return super().event(event)


def _fitted(picture: QImage, side: int) -> QImage:
    """Return a picture scaled to a square; small ones keep sharp pixels."""
    mode = Qt.TransformationMode
    how = mode.FastTransformation if picture.width() < side else mode.SmoothTransformation
    return picture.scaled(2 * side, 2 * side, Qt.AspectRatioMode.IgnoreAspectRatio, how)
