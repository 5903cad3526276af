"""A grid of pictures in rows and columns with headings, as large as the window allows."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, sans, theme

_GAP = 6  # pixels between two pictures
_LEAST, _MOST = 56, 240  # pixels of a side of a cell
_CAPTION = 150  # pixels across that a caption may take
_PIXELATED = 64  # pictures up to this side are enlarged with sharp pixels


@dataclass(frozen=True)
class PictureRow:
    """A row: a picture for each column, and what is said of it where the pointer rests.

    Captions stand below its pictures, a line for each line of them; none if they are empty.
    """

    pictures: Sequence[QImage]
    words: str
    captions: Sequence[str] = ()


class PictureGrid(QWidget):
    """Shows rows of pictures; a column may be marked and can be clicked.

    Signals
    -------
    column_clicked(number)
        The user clicked a picture or the heading of this column.
    """

    column_clicked = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__(objectName=name)
        self.headings: Sequence[str] = ()
        self.rows: Sequence[PictureRow] = ()
        self.marked: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_rows(
        self, headings: Sequence[str], rows: Sequence[PictureRow], *, marked: int | None = None
    ) -> None:
        """Show these in place of those before; the column `marked` has a frame."""
        self.headings, self.rows, self.marked = headings, rows, marked
        self.updateGeometry()
        self.update()

    @property
    def columns(self) -> int:
        """The number of columns."""
        return len(self.headings)

    @property
    def side(self) -> int:
        """Width and height of a cell in pixels: all rows in sight, unless they became too small."""
        across = self._across
        down = (self.height() - self._head + _GAP) // max(len(self.rows), 1) - _GAP - self._foot
        return max(_LEAST, min(across, down, _MOST))

    @property
    def _across(self) -> int:
        """The pixels across that each column has room for."""
        return (self.width() + _GAP) // max(self.columns, 1) - _GAP

    @property
    def _step(self) -> int:
        """The pixels from one column to the next: captions may be wider than their pictures."""
        wide = min(self._across, _CAPTION) if self._foot else 0
        return max(self.side, wide) + _GAP

    @property
    def _head(self) -> int:
        return self.fontMetrics().height() + 6 if any(self.headings) else 0

    @property
    def _foot(self) -> int:
        """The height of the captions below a picture."""
        captions = [each for row in self.rows for each in row.captions]
        lines = max((each.count("\n") + 1 for each in captions if each), default=0)
        return lines * self.fontMetrics().height()

    def cell(self, row: int, column: int) -> QRect:
        """Return where a picture is."""
        side = self.side
        down = side + self._foot + _GAP
        return QRect(column * self._step, self._head + row * down, side, side)

    def minimumSizeHint(self) -> QSize:
        return self._size(_LEAST)

    def sizeHint(self) -> QSize:
        return self._size(2 * _LEAST)

    def _size(self, side: int) -> QSize:
        """Return the size of all with cells of so many pixels."""
        rows = len(self.rows) * (side + self._foot + _GAP)
        return QSize(self.columns * (side + _GAP), self._head + rows)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        c = colors()
        for column, heading in enumerate(self.headings):
            top = self.cell(0, column)
            painter.setFont(sans(bold=column == self.marked))
            painter.setPen(QColor(c.text if column == self.marked else c.soft_text))
            box = QRect(top.left(), 0, top.width(), self._head)
            words = painter.fontMetrics().elidedText(
                heading, Qt.TextElideMode.ElideRight, box.width()
            )
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, words)
        for number, row in enumerate(self.rows):
            for column, picture in enumerate(row.pictures):
                cell = self.cell(number, column)
                paint_within(painter, cell, picture)
                if column < len(row.captions):
                    self._write(painter, cell, row.captions[column])
        if self.marked is not None and self.rows:
            first, last = self.cell(0, self.marked), self.cell(len(self.rows) - 1, self.marked)
            painter.setPen(QPen(QColor(c.accent), 2))
            painter.drawRect(first.united(last).adjusted(-2, -2, 2, 2))
        painter.end()

    def _write(self, painter: QPainter, cell: QRect, caption: str) -> None:
        """Write a caption below a picture."""
        painter.setFont(sans())
        painter.setPen(QColor(colors().soft_text))
        metrics = painter.fontMetrics()
        for number, line in enumerate(caption.split("\n")):
            top = cell.bottom() + 1 + number * metrics.height()
            box = QRect(cell.left(), top, self._step - _GAP, metrics.height())
            words = metrics.elidedText(line, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, words)

    def column_at(self, point: QPoint) -> int | None:
        """Return the column at a point, None beside all of them."""
        column, within = divmod(point.x(), self._step)
        bottom = self.cell(max(len(self.rows) - 1, 0), 0).bottom() + self._foot
        inside = 0 <= column < self.columns and within < self.side and 0 <= point.y() <= bottom
        return column if inside else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        column = self.column_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and column is not None:
            self.column_clicked.emit(column)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            assert isinstance(event, QHelpEvent)  # which this type of event always is
            number = (event.pos().y() - self._head) // (self.side + self._foot + _GAP)
            column = self.column_at(event.pos())
            if 0 <= number < len(self.rows) and column is not None:
                row = self.rows[number]
                caption = row.captions[column] if column < len(row.captions) else ""
                words = f"{row.words}\n{caption}" if caption else row.words
                QToolTip.showText(event.globalPos(), tip(words), self)
                return True
        return super().event(event)


def paint_within(painter: QPainter, cell: QRect, picture: QImage) -> None:
    """Paint a picture in the middle of a cell, as large as it fits, in its own proportions."""
    size = picture.size().scaled(cell.size(), Qt.AspectRatioMode.KeepAspectRatio)
    rect = QRect(QPoint(0, 0), size)
    rect.moveCenter(cell.center())
    painter.fillRect(cell, QColor(colors().panel))
    smooth = max(picture.width(), picture.height()) > _PIXELATED
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    painter.drawImage(rect, picture)
