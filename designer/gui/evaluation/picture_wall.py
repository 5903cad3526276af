"""Pictures of an evaluation with what is right and what was predicted, below a caption."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QListWidget,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base.pictures import paint_framed
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, sans, theme
from designer.gui.evaluation.model import EvaluationModel

_GAP = 8
_ROWS = 500  # examples that are no pictures, which are listed
_LINES = 4  # the side of a picture, in heights of a line of text


class PictureWall(QWidget):
    """A grid of pictures with captions, in as many columns as fit; those in sight are fetched.

    Signals
    -------
    moved(rect)
        The picture in this rectangle was chosen by a key and is to be seen.

    Attributes
    ----------
    indices
        The images that are shown, in their order.
    output
        The class or label that captions are about; None for the whole decision.
    chosen
        The place in `indices` of the picture that has a frame; None for none.
    """

    moved = Signal(QRect)

    def __init__(self, model: EvaluationModel) -> None:
        super().__init__(objectName="picture-wall")
        self.model = model
        self.indices: Sequence[int] = ()
        self.output: int | None = None
        self.chosen: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Pictures")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        theme.changed.connect(self.update)
        model.pictures_arrived.connect(self.update)

    def show_images(self, indices: Sequence[int], output: int | None) -> None:
        """Show images by their indices."""
        self.indices, self.output, self.chosen = indices, output, None
        self._fit()
        self.update()

    def rect_of(self, number: int) -> QRect:
        """Return the rectangle of a picture and its caption."""
        size = self._cell()
        row, column = divmod(number, self._columns())
        left, top = column * (size.width() + _GAP), row * (size.height() + _GAP)
        return QRect(QPoint(left, top), size)

    def words(self, number: int) -> str:
        """Return what is said of a picture where the pointer rests."""
        assert self.model.contents is not None
        words = self.model.contents.sentence(self.indices[number])
        hint = "\nDouble-click to open it in Try it." if self.model.can_try() else ""
        return f"{words}.{hint}"

    def _cell(self) -> QSize:
        side = self.fontMetrics().height() * _LINES
        return QSize(side, side + 2 * self.fontMetrics().height() + 2)

    def _columns(self) -> int:
        return max((self.width() + _GAP) // (self._cell().width() + _GAP), 1)

    def _fit(self) -> None:
        rows = -(-len(self.indices) // self._columns())
        self.setMinimumHeight(rows * (self._cell().height() + _GAP))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _in_sight(self, rect: QRect) -> range:
        high = self._cell().height() + _GAP
        columns = self._columns()
        first = max(rect.top() // high, 0) * columns
        return range(first, min((rect.bottom() // high + 1) * columns, len(self.indices)))

    def paintEvent(self, event: QPaintEvent) -> None:
        contents = self.model.contents
        if contents is None or not len(self.indices):
            return
        painter = QPainter(self)
        painter.setFont(sans(0.9))
        for number in self._in_sight(event.rect()):
            self._paint(painter, number)
        painter.end()
        visible = self._in_sight(self.visibleRegion().boundingRect())
        missing = [self.indices[number] for number in visible]
        if any(self.model.picture(index) is None for index in missing):
            self.model.want(missing)

    def _paint(self, painter: QPainter, number: int) -> None:
        assert self.model.contents is not None
        c, metrics = colors(), painter.fontMetrics()
        index = self.indices[number]
        first, second, right = self.model.contents.caption(index, self.output)
        cell = self.rect_of(number)
        square = QRect(cell.topLeft(), QSize(cell.width(), cell.width()))
        picture = self.model.picture(index)
        paint_framed(painter, square, picture and _fitted(picture, square.width()))
        line = QRect(square.left(), square.bottom() + 2, square.width(), metrics.height())
        for words, color in ((first, c.text), (second, c.success if right else c.error)):
            painter.setPen(QColor(color))
            text = metrics.elidedText(words, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, text)
            line.translate(0, metrics.height())
        if number == self.chosen:
            painter.setPen(QPen(QColor(c.accent), 2))
            painter.drawRect(square.adjusted(0, 0, -1, -1))

    # Mouse and keys

    def number_at(self, point: QPoint) -> int | None:
        """Return the place of the picture at a point."""
        for number in self._in_sight(QRect(point, QSize(1, 1))):
            if self.rect_of(number).contains(point):
                return number
        return None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Give the tooltip the words of the picture under the pointer."""
        number = self.number_at(event.position().toPoint())
        self.setToolTip("" if number is None else tip(self.words(number)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen = self.number_at(event.position().toPoint())
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._open(self.number_at(event.position().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose a picture by the arrows, and open it with Enter."""
        key = Qt.Key(event.key())
        columns = self._columns()
        moves = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
        }
        if key in moves and len(self.indices):
            last = len(self.indices) - 1
            before = self.chosen
            self.chosen = 0 if before is None else min(max(before + moves[key], 0), last)
            self.setAccessibleDescription(self.words(self.chosen))
            self.moved.emit(self.rect_of(self.chosen))
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.chosen)
        else:
            super().keyPressEvent(event)

    def _open(self, number: int | None) -> None:
        if number is not None:
            self.model.try_image(self.indices[number])


class Pictures(QWidget):
    """A caption, a key to what stands below each picture, and the pictures, which scroll."""

    def __init__(self, model: EvaluationModel) -> None:
        super().__init__(objectName="evaluation-pictures")
        self.model = model
        self.wall = PictureWall(model)
        self.caption = QLabel(
            objectName="pictures-caption", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.key = QLabel(
            objectName="pictures-key", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.key.setProperty("role", "faint")
        self.area = QScrollArea(widgetResizable=True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self.wall)
        self.wall.moved.connect(
            lambda rect: self.area.ensureVisible(
                rect.center().x(), rect.center().y(), 0, rect.height() // 2
            )
        )
        for label in (self.caption, self.key):
            label.setMinimumWidth(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.caption)
        column.addWidget(self.key)
        self.rows = QListWidget(objectName="evaluation-rows", wordWrap=True)
        self.rows.setAccessibleName("Examples")
        self.rows.hide()
        column.addWidget(self.area, 1)
        column.addWidget(self.rows, 1)
        self.setMinimumWidth(self.fontMetrics().height() * _LINES + 24)
        model.pictures_arrived.connect(self._show_trouble)
        theme.changed.connect(self._dress)
        self._words = ""
        self._dress()

    def _dress(self) -> None:
        self.caption.setFont(sans(bold=True))
        self.key.setFont(sans(0.85))

    def show_images(
        self, caption: str, indices: Iterable[int], *, output: int | None = None, key: str = ""
    ) -> None:
        """Show images below a caption; `key` says what stands below each.

        Examples that are no pictures are listed in words.
        """
        self.caption.setText(caption)
        images = [int(index) for index in indices]
        self._words = key if images else ""
        contents = self.model.contents
        as_rows = contents is not None and contents.things != "images"
        self.area.setVisible(not as_rows)
        self.rows.setVisible(as_rows)
        self.rows.clear()
        if contents is not None and as_rows:
            self.rows.addItems([f"{contents.sentence(index)}." for index in images[:_ROWS]])
            images = []
        self.wall.show_images(images, output)
        self.area.verticalScrollBar().setValue(0)
        self._show_trouble()

    def _show_trouble(self) -> None:
        trouble = self.model.trouble if len(self.wall.indices) else ""
        self.key.setText(trouble or self._words)
        self.key.setVisible(bool(trouble or self._words))
        self.key.setProperty("role", "warning" if trouble else "faint")
        self.key.style().unpolish(self.key)
        self.key.style().polish(self.key)


def _fitted(picture: QImage, side: int) -> QImage:
    """Return a picture scaled to a square; small ones keep sharp pixels."""
    mode = Qt.TransformationMode
    how = mode.FastTransformation if picture.width() < side else mode.SmoothTransformation
    return picture.scaled(2 * side, 2 * side, Qt.AspectRatioMode.IgnoreAspectRatio, how)
