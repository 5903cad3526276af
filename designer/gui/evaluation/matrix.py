"""The confusion matrix as a heat map, with the recall of each class beside it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
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
    picked(cell)
        The user picked a cell, (number of the true class, number of the predicted class); None
        shows all again.
    """

    picked = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="confusion-matrix")
        self.classes: Sequence[str] = ()
        self.counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self.shares = False
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

    def show_matrix(self, classes: Sequence[str], counts: NDArray[np.int64]) -> None:
        """Show a matrix in which counts[i, j] images of class i were predicted as class j."""
        self.classes, self.counts = classes, counts
        self._totals = counts.sum(1).tolist()
        self._cell = self._picked = None
        self._dress()

    def write_shares(self, shares: bool) -> None:
        """Write shares of the true class into the cells, or counts."""
        self.shares = shares
        self.update()

    def pick(self, true: int, predicted: int) -> None:
        """Pick a cell, as a click does."""
        self._picked = None
        self._pick((true, predicted))

    def words(self, true: int, predicted: int) -> str:
        """Return the tooltip of a cell: its count, and its share of the true class."""
        count, total = int(self.counts[true, predicted]), self._totals[true]
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
        self._picture = None
        self.update()

    def _heat_map(self, rows: int, columns: int) -> QImage:
        """Return the heat map in the theme's colors, one pixel per cell.

        Where there are fewer pixels than classes, each shows the strongest of its cells, so that
        no mistake goes unseen.
        """
        if self._picture is None or self._picture.size() != QSize(columns, rows):
            colored = np.ascontiguousarray(self._colored(rows, columns))
            kind = QImage.Format.Format_RGB32
            self._picture = QImage(colored.tobytes(), columns, rows, 4 * columns, kind).copy()
        return self._picture

    def _colored(self, rows: int, columns: int) -> NDArray[np.uint32]:
        """Return colors of cells as 0xffRRGGBB, (rows, columns)."""
        c = colors()
        shares = self.counts / np.maximum(self.counts.sum(1, keepdims=True), 1)
        # Limited so that the count stays legible on it. Mistakes are few, so their color grows
        # with the square root of their share.
        wrong = np.where(self.counts > 0, np.minimum(0.12 + np.sqrt(shares), 0.6), 0.0)
        np.fill_diagonal(wrong, 0)
        right = np.diag(0.55 * np.diagonal(shares))
        starts = [np.arange(each) * len(shares) // each for each in (rows, columns)]
        for axis, start in enumerate(starts):
            wrong = np.maximum.reduceat(wrong, start, axis=axis)
            right = np.maximum.reduceat(right, start, axis=axis)
        field, red, green = (_parts(each) for each in (c.field, c.error, c.success))
        target = np.where((right > 0)[..., None], green, red)
        heat = np.where(right > 0, right, wrong)[..., None]
        mixed = np.rint(field + (target - field) * heat).astype(np.uint32)
        packed: NDArray[np.uint32] = (
            0xFF000000 + (mixed[..., 0] << 16) + (mixed[..., 1] << 8) + mixed[..., 2]
        ).astype(np.uint32)
        return packed

    def paintEvent(self, event: QPaintEvent) -> None:
        if not len(self.classes):
            return
        painter = QPainter(self)
        c = colors()
        grid, size = self._grid(), len(self.classes)
        high, wide = grid.height() / size, grid.width() / size
        ratio = self.devicePixelRatioF()
        pixels = [int(each * ratio) for each in (grid.height(), grid.width())]
        painter.drawImage(grid, self._heat_map(*(min(each, size) for each in pixels)))
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
            words = f"{numbers.count(size)} classes. Point at a cell to read its count."
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)
        painter.end()

    def _paint_counts(self, painter: QPainter, wide: float) -> None:
        c = colors()
        most = "100" if self.shares else str(int(self.counts.max()))
        painter.setFont(mono(relative=0.85))
        # One size for all, as numbers of several sizes would look as if they differed in weight.
        fitting = 0.85 * wide / (painter.fontMetrics().horizontalAdvance(most) + 3)
        if _SMALLEST <= fitting < 0.85:
            painter.setFont(mono(relative=fitting))
        metrics = painter.fontMetrics()
        painter.setPen(QColor(c.text))
        for i, j in np.argwhere(self.counts).tolist():
            count = int(self.counts[i, j])
            text = _whole_percent(count, self._totals[i]) if self.shares else str(count)
            if metrics.horizontalAdvance(text) < wide - 2:
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
            if wide < NAMED:
                continue
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
            correct = int(self.counts[number, number])
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
        self.picked.emit(self._picked)


def percent(count: int, total: int) -> str:
    """Return a share in per cent; only a share of all is written as 100 %, never 99.97 %."""
    if not total:
        return "–"
    return f"{100.0 if count == total else min(100 * count / total, 99.9):.1f} %"


def _whole_percent(count: int, total: int) -> str:
    """Return a share in whole per cent, without the sign; only all is 100, and only none is 0."""
    percent = 100 * count / total
    if percent < 1:
        return "<1"
    return "100" if count == total else str(min(round(percent), 99))


def _parts(color: str) -> NDArray[np.float64]:
    """Return red, green and blue of a color, 0 to 255."""
    return np.array(QColor(color).getRgb()[:3], np.float64)
