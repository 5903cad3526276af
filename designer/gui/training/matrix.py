"""The confusion matrix as a heat map, with the recall of each class beside it."""

import math

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from designer.gui.base import numbers
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, mono, sans, theme

NAMED = 9.0  # the least height of a row, in pixels, at which the class's name is written
COUNTED = 15.0  # the least height of a row, in pixels, at which the counts are written
_BAR = 46  # width of the bar that shows a class's recall, in pixels
_BARRED = 300  # the least width at which cells leave room for bars; the recall is also a number
_SMALLEST = 0.6  # the size, relative to the text's, to which counts shrink to fit into their cells
_GAP = 8
_ROWS, _COLUMNS, _BARS = "true", "predicted as", "recall"


class ConfusionMatrix(QWidget):
    """Rows are true classes, columns predicted ones; correct cells are green, wrong ones red.

    Signals
    -------
    picked(pair)
        The user picked a cell of mistakes, (true class, predicted class); None shows all again.
    """

    picked = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="confusion-matrix")
        self.classes: list[str] = []
        self.counts: list[list[int]] = []
        self._totals: list[int] = []
        self._cell: tuple[int, int] | None = None
        self._picked: tuple[int, int] | None = None
        self._picture: QImage | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(150, 110)
        self.setAccessibleName("Confusion matrix")
        theme.changed.connect(self._dress)

    def sizeHint(self) -> QSize:
        return QSize(340, 260)

    def show_matrix(self, classes: list[str], counts: list[list[int]]) -> None:
        """Show a matrix in which counts[i][j] images of class i were predicted as class j."""
        self.classes, self.counts = classes, counts
        self._totals = [sum(row) for row in counts]
        self._cell = self._picked = None
        self._dress()

    def words(self, true: int, predicted: int) -> str:
        """Return the tooltip of a cell: its count, and its share of the true class."""
        count, total = self.counts[true][predicted], self._totals[true]
        share = percent(count, total)
        if true == predicted:
            return (
                f"{self.classes[true]}: recall {share}, {numbers.count(count)} of "
                f"{numbers.count(total)}"
            )
        return (
            f"{self.classes[true]} predicted as {self.classes[predicted]}: {share}, "
            f"{numbers.count(count)} of {numbers.count(total)}"
        )

    def cell_at(self, point: QPointF) -> tuple[int, int] | None:
        """Return the cell (true, predicted) at a point of the widget, or None."""
        grid = self._grid()
        if not self.classes or not grid.contains(point):
            return None
        size = len(self.classes)
        row = int((point.y() - grid.top()) / grid.height() * size)
        column = int((point.x() - grid.left()) / grid.width() * size)
        return min(row, size - 1), min(column, size - 1)

    def rect_of(self, true: int, predicted: int) -> QRectF:
        """Return the rectangle of a cell in the widget."""
        grid = self._grid()
        side = len(self.classes)
        wide, high = grid.width() / side, grid.height() / side
        return QRectF(grid.left() + predicted * wide, grid.top() + true * high, wide, high)

    # Painting

    def _grid(self) -> QRectF:
        metrics = self.fontMetrics()
        names = max((metrics.horizontalAdvance(name) for name in self.classes), default=0)
        names = max(names, metrics.horizontalAdvance(_ROWS))
        left = min(names + 8, self.width() * 0.3)
        right = _GAP + self._bar_width() + self._share_width()
        line = metrics.height() + 2
        wide, high = self.width() - left - right, self.height() - 2 * line
        return QRectF(left, line, max(wide, 10), max(high, 10))

    def _bar_width(self) -> int:
        return _BAR if self.width() >= _BARRED else 0

    def _share_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("100.0 %") + 4

    def _dress(self) -> None:
        """Draw the heat map, one pixel per cell, in the theme's colors."""
        c = colors()
        size = len(self.classes)
        self._picture = None
        if size:
            picture = QImage(size, size, QImage.Format.Format_RGB32)
            base, correct, wrong = QColor(c.field), QColor(c.success), QColor(c.error)
            plain = base.rgb()
            for i, row in enumerate(self.counts):
                total = self._totals[i] or 1
                for j, count in enumerate(row):
                    if not count:
                        picture.setPixel(j, i, plain)
                        continue
                    share = count / total
                    # Limited so that the count stays legible on it. Mistakes are few, so their
                    # color grows with the square root of their share.
                    heat = 0.55 * share if i == j else min(0.12 + math.sqrt(share), 0.6)
                    picture.setPixel(j, i, _mixed(base, correct if i == j else wrong, heat).rgb())
            self._picture = picture
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._picture is None:
            return
        painter = QPainter(self)
        c = colors()
        grid, size = self._grid(), len(self.classes)
        high, wide = grid.height() / size, grid.width() / size
        painter.drawImage(grid, self._picture)
        if min(high, wide) > 5:
            painter.setPen(QPen(QColor(c.window), 1))
            for line in range(size + 1):
                y, x = grid.top() + line * high, grid.left() + line * wide
                painter.drawLine(QPointF(grid.left(), y), QPointF(grid.right(), y))
                painter.drawLine(QPointF(x, grid.top()), QPointF(x, grid.bottom()))
        if high >= COUNTED:
            self._paint_counts(painter, wide)
        if high >= NAMED:
            self._paint_names(painter, grid, high, wide)
        self._paint_bars(painter, grid, high)
        for cell, color in ((self._picked, c.accent), (self._cell, c.text)):
            if cell is not None:
                painter.setPen(QPen(QColor(color), 1.5))
                painter.drawRect(self.rect_of(*cell).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setPen(QColor(c.faint_text))
        painter.setFont(sans(0.85))
        self._paint_headings(painter, grid)
        if high < NAMED or wide < NAMED:
            line = self.fontMetrics().height()
            below = QRectF(0, self.height() - line, self.width(), line)
            words = f"{size} classes. Point at a cell to read its count."
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)
        painter.end()

    def _paint_counts(self, painter: QPainter, wide: float) -> None:
        c = colors()
        most = str(max(map(max, self.counts)))
        painter.setFont(mono(relative=0.85))
        # One size for all, as numbers of several sizes would look as if they differed in weight.
        fitting = 0.85 * wide / (painter.fontMetrics().horizontalAdvance(most) + 3)
        if _SMALLEST <= fitting < 0.85:
            painter.setFont(mono(relative=fitting))
        metrics = painter.fontMetrics()
        painter.setPen(QColor(c.text))
        for i, row in enumerate(self.counts):
            for j, count in enumerate(row):
                text = str(count)
                if count and metrics.horizontalAdvance(text) < wide - 2:
                    painter.drawText(self.rect_of(i, j), Qt.AlignmentFlag.AlignCenter, text)

    def _paint_names(self, painter: QPainter, grid: QRectF, high: float, wide: float) -> None:
        c = colors()
        relative = min(1.0, high / self.fontMetrics().height())
        painter.setFont(sans(relative))
        painter.setPen(QColor(c.soft_text))
        metrics = painter.fontMetrics()
        for number, name in enumerate(self.classes):
            row = QRectF(0, grid.top() + number * high, grid.left() - 6, high)
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(row.width()))
            painter.drawText(row, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            left = grid.left() + number * wide
            column = QRectF(left, grid.bottom() + 2, wide, self.fontMetrics().height())
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(wide))
            painter.drawText(column, Qt.AlignmentFlag.AlignHCenter, text)

    def _paint_headings(self, painter: QPainter, grid: QRectF) -> None:
        """Write the headings of the rows, the columns and the bars."""
        top, left = grid.top(), grid.right() + _GAP
        flag = Qt.AlignmentFlag
        for rect, side, words in (
            (QRectF(0, 0, grid.left() - 6, top), flag.AlignRight, _ROWS),
            (QRectF(grid.left(), 0, grid.width(), top), flag.AlignHCenter, _COLUMNS),
            (QRectF(left, 0, self.width() - left, top), flag.AlignRight, _BARS),
        ):
            painter.drawText(rect, side | flag.AlignTop, words)

    def _paint_bars(self, painter: QPainter, grid: QRectF, high: float) -> None:
        """Paint the recall of each class: its share of correctly predicted images."""
        c = colors()
        left, wide = grid.right() + _GAP, self._bar_width()
        painter.setFont(sans(min(0.9, high / self.fontMetrics().height())))
        for number, total in enumerate(self._totals):
            correct = self.counts[number][number]
            share = correct / total if total else 0.0
            top = grid.top() + number * high
            thick = max(min(high * 0.4, 6.0), 0.5)
            bar = QRectF(left, top + (high - thick) / 2, wide, thick)
            painter.fillRect(bar, QColor(c.field))
            bar.setWidth(wide * share)
            painter.fillRect(bar, QColor(c.success))
            if high >= NAMED:
                painter.setPen(QColor(c.soft_text))
                painter.drawText(
                    QRectF(left + wide, top, self._share_width(), high),
                    Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                    percent(correct, total),
                )

    # Reading out

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self.cell_at(event.position()), event.globalPosition().toPoint())

    def leaveEvent(self, event: QEvent) -> None:
        self._cell = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pick(self.cell_at(event.position()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move between cells with the arrows, pick one with Enter, show all with Escape."""
        moves = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        key = Qt.Key(event.key())
        if self.classes and key in moves:
            row, column = self._cell or (0, 0)
            down, right = moves[key]
            last = len(self.classes) - 1
            cell = (min(max(row + down, 0), last), min(max(column + right, 0), last))
            center = self.rect_of(*cell).center().toPoint()
            self._point(cell, self.mapToGlobal(center))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._cell:
            self._pick(self._cell)
        elif key == Qt.Key.Key_Escape and self._picked is not None:
            self._pick(None)
        else:
            super().keyPressEvent(event)

    def _point(self, cell: tuple[int, int] | None, at: QPoint) -> None:
        if cell != self._cell:
            self._cell = cell
            self.update()
        words = self.words(*cell) if cell is not None else ""
        self.setAccessibleDescription(words)
        if words:
            QToolTip.showText(at, tip(words), self)
        else:
            QToolTip.hideText()

    def _pick(self, cell: tuple[int, int] | None) -> None:
        self._picked = None if cell == self._picked else cell
        self.update()
        if self._picked is None or self._picked[0] == self._picked[1]:
            self.picked.emit(None)
        else:
            true, predicted = self._picked
            self.picked.emit((self.classes[true], self.classes[predicted]))


def percent(count: int, total: int) -> str:
    """Return a share in per cent; only a share of all is written as 100 %, never 99.97 %."""
    if not total:
        return "–"
    return f"{100.0 if count == total else min(100 * count / total, 99.9):.1f} %"


def _mixed(one: QColor, other: QColor, share: float) -> QColor:
    pairs = zip(one.getRgbF()[:3], other.getRgbF()[:3], strict=True)
    return QColor.fromRgbF(*(a + (b - a) * share for a, b in pairs))
