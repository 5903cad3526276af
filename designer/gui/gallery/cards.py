"""The presets as cards: a picture of the network, size and cost, family and top-1 error.

The cards are on the first page of the program, so importing this module must be fast. PySide
creates `QStyle`, and the classes it needs to tell what a viewport is, on first use; that takes
35 ms. Nothing here uses them before the pointer is on the cards.
"""

from collections.abc import Sequence

from PySide6 import QtWidgets
from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from designer.gui.base import lettering
from designer.gui.base.theme import colors, sans, theme
from designer.gui.gallery.catalogue import Card, Match
from designer.gui.gallery.family_colors import FamilyColors
from designer.gui.gallery.pictures import Pictures, paint_waiting

_Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole.UserRole
_PICTURE = QSize(240, 84)  # one size for every width of the window, so that none is drawn again
_PAD = 13  # between a card's edge and content
_SPACE = 12  # between cards
_MIN_WIDTH = 228  # of a card
_DOT = 7.0
_PRELOADED_ROWS = 2  # rows above and below the visible ones whose pictures are prepared


class Cards(QAbstractListModel):
    """The presets that were found, in their order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.found: list[Match] = []

    @property
    def shown(self) -> list[Card]:
        """The presets in order."""
        return [each.card for each in self.found]

    def show(self, found: Sequence[Match]) -> None:
        """Replace the presets."""
        self.beginResetModel()
        self.found = list(found)
        self.endResetModel()

    def row_of(self, name: str) -> int:
        """Return the row of a preset, -1 if it is not shown."""
        names = [each.card.name for each in self.found]
        return names.index(name) if name in names else -1

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.found)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the match, or its text for a role of Qt."""
        found = self.found[index.row()]
        card = found.card
        if role == _ROLE:
            return found
        if role == Qt.ItemDataRole.DisplayRole:
            return card.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return card.help
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if card.preset is None:
                return f"{card.title}, {card.size_and_cost}"
            return f"{card.title}, {card.year}, {card.size_and_cost}"
        return None


class CardDelegate(QStyledItemDelegate):
    """Paints the cards."""

    def __init__(self, view: "CardsView") -> None:
        super().__init__(view)
        self.view = view

    def height(self) -> int:
        """Return the height of a card with the space around it, in pixels."""
        title, small = QFontMetricsF(sans(1.06, bold=True)), QFontMetricsF(sans(0.9))
        lines = title.height() + 2 * small.height()
        return round(_PICTURE.height() + lines + 2 * _PAD + 16 + _SPACE)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return self.view.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        c = colors()
        found: Match = index.data(_ROLE)
        hovered = self.view.underMouse() and bool(
            option.state & QtWidgets.QStyle.StateFlag.State_MouseOver
        )
        selected = self.view.selectionModel().isSelected(index)
        focused = selected and self.view.hasFocus()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = body_of(option.rect, self.view.columns)
        edge = c.accent if selected else c.strong_line if hovered else c.line
        painter.setPen(QPen(QColor(edge), 2.0 if focused else 1.3 if selected else 1.0))
        painter.setBrush(QColor(c.panel))
        painter.drawRoundedRect(body, 8, 8)
        inner = body.adjusted(_PAD, _PAD, -_PAD, -_PAD)
        self._paint_picture(painter, inner, found.card)
        self._paint_words(painter, inner, found)
        if hovered and found.card.preset is not None:
            _paint_button(painter, button_of(option.rect, self.view.columns))
        painter.restore()

    def _paint_picture(self, painter: QPainter, inner: QRectF, card: Card) -> None:
        if card.preset is None:
            return
        picture = self.view.pictures.get(card.name, _PICTURE, self.view.devicePixelRatioF())
        if picture is not None:
            part = min(1.0, inner.width() / _PICTURE.width())
            width, height = part * _PICTURE.width(), part * _PICTURE.height()
            left = round(inner.left() + (inner.width() - width) / 2)
            top = inner.top() + (_PICTURE.height() - height) / 2
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(QRectF(left, top, width, height), picture, QRectF(picture.rect()))
        else:
            middle = inner.top() + _PICTURE.height() / 2
            paint_waiting(painter, QPointF(inner.center().x(), middle))

    def _paint_words(self, painter: QPainter, inner: QRectF, found: Match) -> None:
        c = colors()
        card = found.card
        title, plain, small = sans(1.06, bold=True), sans(0.94), sans(0.9)
        y = inner.top() + _PICTURE.height() + 8 + QFontMetricsF(title).ascent()
        words = QFontMetricsF(title).elidedText(
            card.title, Qt.TextElideMode.ElideRight, inner.width()
        )
        start = QPointF(inner.left(), y)
        lettering.draw(painter, start, words, found.positions, (title, title), (c.text, c.accent))
        y += QFontMetricsF(title).descent() + 4 + QFontMetricsF(small).ascent()
        line = card.size_and_cost if card.preset else card.fault
        color = c.soft_text if card.preset else c.error
        year = str(card.year) if card.preset else ""
        width = QFontMetricsF(small).horizontalAdvance(year)
        _text(painter, inner.left(), y, inner.width() - width, line, plain, color)
        if card.preset is None:
            return
        _text(painter, inner.right() - width, y, width + 1, year, small, c.soft_text)
        y += QFontMetricsF(small).descent() + 4 + QFontMetricsF(small).ascent()
        error = f"{card.top1.value:.4g} % top-1 error" if card.top1 else ""
        width = QFontMetricsF(small).horizontalAdvance(error)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.view.families[card.family])
        middle = y - QFontMetricsF(small).xHeight() / 2
        painter.drawEllipse(QPointF(inner.left() + _DOT / 2, middle), _DOT / 2, _DOT / 2)
        left, gap = inner.left() + _DOT + 6, 10 if error else 0
        _text(
            painter, left, y, inner.right() - left - width - gap, card.family, small, c.faint_text
        )
        _text(painter, inner.right() - width, y, width + 1, error, small, c.faint_text)


def button_of(cell: QRect, columns: int) -> QRectF:
    """Return the rectangle of a card's Open button, given its cell and the number of columns."""
    metrics = QFontMetricsF(sans(0.9, bold=True))
    width, height = metrics.horizontalAdvance("Open") + 20, metrics.height() + 8
    body = body_of(cell, columns)
    return QRectF(body.right() - width - 8, body.top() + 8, width, height)


def body_of(cell: QRect, columns: int) -> QRectF:
    """Return the rectangle of a card in its cell.

    There is space between the columns, but none at the left and right edge of the view.
    """
    column = round(cell.left() / max(1, cell.width()))
    before = column * _SPACE / columns
    width = cell.width() - _SPACE + _SPACE / columns
    return QRectF(cell.left() + before, cell.top(), width, cell.height() - _SPACE).adjusted(
        1, 1, -1, 0
    )


def _paint_button(painter: QPainter, area: QRectF) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colors().train_button))
    painter.drawRoundedRect(area, 5, 5)
    painter.setPen(QColor("#ffffff"))
    painter.setFont(sans(0.9, bold=True))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "Open")


def _text(
    painter: QPainter, x: float, y: float, width: float, text: str, font: QFont, color: str
) -> None:
    painter.setFont(font)
    painter.setPen(QColor(color))
    elided = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
    painter.drawText(QPointF(x, y), elided)


class CardsView(QListView):
    """A grid of cards with as many columns as fit.

    Signals
    -------
    opened(name)
        A preset is to be opened.
    chosen(name)
        A preset is to be shown in the preview.
    """

    opened = Signal(str)
    chosen = Signal(str)

    def __init__(self, pictures: Pictures) -> None:
        super().__init__(objectName="gallery-cards")
        self.setAccessibleName("Presets")
        self.pictures = pictures
        self.families = FamilyColors()
        self.columns = 1
        self.cards = Cards(self)
        self.setModel(self.cards)
        self.setItemDelegate(CardDelegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.activated.connect(self._open)
        self.pictures.arrived.connect(self._arrived)
        theme.changed.connect(self._redraw)

    def show_found(self, _: Sequence[Card], found: Sequence[Match], families: FamilyColors) -> None:
        """Show the presets that were found."""
        self.families = families
        self.cards.show(found)
        self._fit()

    def select(self, name: str) -> None:
        """Select a preset and scroll to it; select none if it is not shown."""
        row = self.cards.row_of(name)
        if row == self.currentIndex().row():
            return
        mode = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.selectionModel().setCurrentIndex(self.cards.index(row), mode)

    def cell_of(self, name: str) -> QRect:
        """Return the rectangle of a preset's cell in the viewport."""
        return self.visualRect(self.cards.index(self.cards.row_of(name)))

    def _redraw(self) -> None:
        self.viewport().update()

    def _arrived(self, name: str) -> None:
        row = self.cards.row_of(name)
        if row >= 0:
            self.viewport().update(self.visualRect(self.cards.index(row)))

    def _open(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(index.data(_ROLE).card.name)

    def _fit(self) -> None:
        bar = self.verticalScrollBar()
        width = self.width() - bar.sizeHint().width() - 2
        self.columns = max(1, width // _MIN_WIDTH)
        delegate = self.itemDelegate()
        assert isinstance(delegate, CardDelegate)
        cell = QSize(max(1, (width - 1) // self.columns), delegate.height())
        if cell != self.gridSize():
            self.setGridSize(cell)
        bar.setSingleStep(cell.height() // 3)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cards, and prepare the pictures that scrolling will show next."""
        super().paintEvent(event)
        seen = [index.row() for index in map(self.indexAt, self._corners()) if index.isValid()]
        if not seen:
            return
        near = _PRELOADED_ROWS * self.columns
        for row in range(
            max(0, min(seen) - near), min(max(seen) + near + 1, len(self.cards.found))
        ):
            card = self.cards.found[row].card
            if card.preset is not None and not min(seen) <= row <= max(seen):
                self.pictures.prepare(card.name)

    def _corners(self) -> tuple[QPoint, QPoint]:
        """Return a point of the first visible card, and one of the last row that fits whole."""
        space = QPoint(_SPACE, _SPACE + 2)
        return space, self.rect().bottomLeft() + QPoint(_SPACE, -_SPACE - 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def currentChanged(self, current: _Index, previous: _Index) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self.chosen.emit(current.data(_ROLE).card.name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with Enter, even if the platform activates items with another key."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open a preset by a click on its Open button."""
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        pressed = index.isValid() and event.button() == Qt.MouseButton.LeftButton
        if pressed and button_of(self.visualRect(index), self.columns).contains(event.position()):
            self._open(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show a pointing hand over an Open button."""
        super().mouseMoveEvent(event)
        point: QPoint = event.position().toPoint()
        index = self.indexAt(point)
        over = index.isValid() and button_of(self.visualRect(index), self.columns).contains(
            QPointF(point)
        )
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)
