"""The gallery of presets: cards with a picture of the network, its figures and its paper."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
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
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from designer import presets
from designer.errors import DesignerError
from designer.gui import background, fuzzy, numbers, thumbnails
from designer.gui.theme import colours, sans, theme
from designer.gui.thumbnails import Sketch
from designer.presets import Preset

_Index = QModelIndex | QPersistentModelIndex
_ROLE = Qt.ItemDataRole.UserRole
_PICTURE = 88  # logical pixels high
_PAD = 13  # within a card
_SPACE = 12  # between cards
_NARROWEST = 268  # of a card


@dataclass(frozen=True)
class Card:
    """A preset as the gallery shows it; what is still being found out is None.

    Attributes
    ----------
    fault
        Why its files cannot be used.
    """

    name: str
    preset: Preset | None = None
    parameters: int | None = None
    macs: int | None = None
    sketch: Sketch | None = None
    fault: str = ""

    @property
    def title(self) -> str:
        """What it is called."""
        return self.preset.title if self.preset else self.name

    @property
    def figures(self) -> str:
        """Its size and cost in words."""
        if self.fault:
            return "cannot be opened"
        if self.parameters is None or self.macs is None:
            return "counting…"
        return f"{numbers.short(self.parameters)} parameters · {numbers.short(self.macs)} MACs"

    @property
    def help(self) -> str:
        """What the tooltip says."""
        if self.preset is None:
            return self.fault
        paper = self.preset.paper
        figures = [
            f"{each.measure.capitalize()} {each.value:g} {each.unit} ({each.conditions})"
            for each in self.preset.published
        ]
        lines = (self.preset.idea, f"{paper.title}. {paper.reference}.", *figures)
        return "\n\n".join((*lines[:2], "\n".join(figures))).strip()


_known: dict[str, Card] = {}  # presets do not change while the program runs


def count(owner: QObject, arrived: Callable[[Card], object]) -> None:
    """Read and count every preset in a thread; hand each to `arrived` as soon as it is known."""
    background.prepare()

    def work() -> None:
        for name in presets.names():
            if name not in _known:
                _known[name] = _counted(name)
            background.post(owner, lambda card=_known[name]: arrived(card))

    threading.Thread(target=work, daemon=True).start()


def _counted(name: str) -> Card:
    from designer.analysis.analysis import analyse

    try:
        preset = presets.info(name)
        analysis = analyse(presets.load(name))
    except DesignerError as error:
        return Card(name, fault=str(error))
    totals = analysis.totals
    return Card(name, preset, totals.parameters, totals.macs, thumbnails.sketch(analysis))


class Cards(QAbstractListModel):
    """The presets that fit what was typed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.every: dict[str, Card] = {}
        self.shown: list[Card] = []
        self._pattern = ""

    def begin(self) -> None:
        """Show all presets by name, and begin to find out the rest."""
        self.every = {name: _known.get(name) or Card(name) for name in presets.names()}
        self.filter(self._pattern)
        count(self, self._arrived)

    def filter(self, pattern: str) -> None:
        """Show the presets that fit: by title, else by year, paper or idea."""
        self._pattern = pattern.strip()
        self.beginResetModel()
        cards = sorted(self.every.values(), key=_by_year)
        if self._pattern:
            hits = fuzzy.ranked(self._pattern, cards, lambda card: card.title)
            found = {card.name: card for card, _ in hits}
            word = self._pattern.lower()
            found.update((card.name, card) for card in cards if word in _words(card))
            cards = list(found.values())
        self.shown = cards
        self.endResetModel()

    def _arrived(self, card: Card) -> None:
        was = self.every.get(card.name)
        self.every[card.name] = card
        if was is None or was.preset is None:
            self.filter(self._pattern)  # its year puts it elsewhere
            return
        for row, each in enumerate(self.shown):
            if each.name == card.name:
                self.shown[row] = card
                self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return how many cards are shown."""
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a card, or its words."""
        card = self.shown[index.row()]
        if role == _ROLE:
            return card
        if role == Qt.ItemDataRole.DisplayRole:
            return card.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return card.help
        if role == Qt.ItemDataRole.AccessibleTextRole:
            year = f", {card.preset.year}" if card.preset else ""
            return f"{card.title}{year}, {card.figures}"
        return None


def _by_year(card: Card) -> tuple[int, int, str]:
    year = card.preset.year if card.preset else 9999
    return (year, card.parameters or 0, card.title)


def _words(card: Card) -> str:
    if card.preset is None:
        return card.name.lower()
    preset = card.preset
    words = (card.name, str(preset.year), preset.idea, preset.paper.title, preset.paper.reference)
    return " ".join(words).lower()


class CardDelegate(QStyledItemDelegate):
    """Paints the cards."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures: dict[tuple[object, ...], QPixmap] = {}
        theme.changed.connect(self._forget)

    def _forget(self) -> None:
        self._pictures.clear()

    def height(self) -> int:
        """Return how high a card is, with the space around it."""
        title, small = QFontMetricsF(sans(1.06, bold=True)), QFontMetricsF(sans(0.88))
        return round(_PICTURE + title.height() + 2 * small.height() + 2 * _PAD + 16 + _SPACE)

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Fill the cell of the grid."""
        return self._view().gridSize()

    def _view(self) -> "Gallery":
        view = self.parent()
        assert isinstance(view, Gallery)
        return view

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint a card."""
        c = colours()
        card: Card = index.data(_ROLE)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        selected = bool(option.state & QStyle.StateFlag.State_Selected) and _focused(option)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        columns = self._view().columns
        body = _body(option.rect, columns)
        edge = c.accent if selected else c.strong_line if hovered else c.line
        painter.setPen(QPen(QColor(edge), 1.6 if selected else 1.0))
        painter.setBrush(QColor(c.panel))
        painter.drawRoundedRect(body, 8, 8)
        inner = body.adjusted(_PAD, _PAD, -_PAD, -_PAD)
        self._paint_picture(painter, inner, card)
        self._paint_words(painter, inner, card)
        if (hovered or selected) and not card.fault:
            _paint_button(painter, button_of(option.rect, columns))
        painter.restore()

    def _paint_picture(self, painter: QPainter, inner: QRectF, card: Card) -> None:
        if card.sketch is None:
            return
        ratio = painter.device().devicePixelRatio()
        size = QSize(round(inner.width()), _PICTURE)
        key = (card.name, size.width(), ratio)
        if key not in self._pictures:
            if len(self._pictures) > 4 * len(_known):  # of a window that is being resized
                self._pictures.clear()
            self._pictures[key] = thumbnails.picture(card.sketch, size, ratio)
        painter.drawPixmap(inner.topLeft(), self._pictures[key])

    def _paint_words(self, painter: QPainter, inner: QRectF, card: Card) -> None:
        c = colours()
        title, small, figures = sans(1.06, bold=True), sans(0.88), sans(0.94)
        y = inner.top() + _PICTURE + 10
        year = str(card.preset.year) if card.preset else ""
        y += QFontMetricsF(title).ascent()
        width = QFontMetricsF(small).horizontalAdvance(year)
        _text(painter, inner.left(), y, inner.width() - width - 8, card.title, title, c.text)
        _text(painter, inner.right() - width, y, width + 1, year, small, c.soft_text)
        y += QFontMetricsF(title).descent() + 3 + QFontMetricsF(small).ascent()
        colour = c.error if card.fault else c.soft_text
        _text(painter, inner.left(), y, inner.width(), card.figures, figures, colour)
        y += QFontMetricsF(small).descent() + 3 + QFontMetricsF(small).ascent()
        reference = card.preset.paper.reference if card.preset else card.fault
        _text(painter, inner.left(), y, inner.width(), reference, small, c.faint_text)


def button_of(cell: QRect, columns: int) -> QRectF:
    """Return where the card in a cell of so many columns has its button."""
    metrics = QFontMetricsF(sans(0.9, bold=True))
    width, height = metrics.horizontalAdvance("Open") + 20, metrics.height() + 8
    body = _body(cell, columns)
    return QRectF(body.right() - width - 8, body.top() + 8, width, height)


def _body(cell: QRect, columns: int) -> QRectF:
    """Return where the card lies: with space between the columns, but none beside the outer."""
    column = round(cell.left() / max(1, cell.width()))
    before = column * _SPACE / columns
    width = cell.width() - _SPACE + _SPACE / columns
    return QRectF(cell.left() + before, cell.top(), width, cell.height() - _SPACE).adjusted(
        1, 1, -1, 0
    )


def _paint_button(painter: QPainter, place: QRectF) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours().train_button))
    painter.drawRoundedRect(place, 5, 5)
    painter.setPen(QColor("#ffffff"))
    painter.setFont(sans(0.9, bold=True))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "Open")


def _text(
    painter: QPainter, x: float, y: float, width: float, text: str, font: QFont, colour: str
) -> None:
    painter.setFont(font)
    painter.setPen(QColor(colour))
    elided = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, width)
    painter.drawText(QPointF(x, y), elided)


def _focused(option: QStyleOptionViewItem) -> bool:
    view = option.widget
    return isinstance(view, QWidget) and view.hasFocus()


class Gallery(QListView):
    """The cards in as many columns as there is room for, as high as it needs to show them all.

    Signals
    -------
    opened(name)
        A preset is wanted.
    current_moved(rectangle)
        The keys moved to another card, which lies there.
    """

    opened = Signal(str)
    current_moved = Signal(QRect)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="gallery")
        self.setAccessibleName("Presets")
        self.columns = 1
        self.cards = Cards(self)
        self.setModel(self.cards)
        self.setItemDelegate(CardDelegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.activated.connect(self._open)
        self.cards.modelReset.connect(self._fit)
        theme.changed.connect(self.viewport().update)

    def begin(self) -> None:
        """Show the presets; the window need not wait for them."""
        self.cards.begin()

    def focus_first(self) -> None:
        """Send the keys to the cards, to the first unless one is chosen."""
        if not self.currentIndex().isValid() and self.cards.rowCount():
            self.setCurrentIndex(self.cards.index(0))
        self.setFocus(Qt.FocusReason.TabFocusReason)

    def open_current(self) -> None:
        """Open the chosen card, or the first."""
        index = self.currentIndex()
        self._open(index if index.isValid() else self.cards.index(0))

    def place_of(self, name: str) -> QRect:
        """Return where the card of a preset lies in the viewport."""
        names = [card.name for card in self.cards.shown]
        return self.visualRect(self.cards.index(names.index(name)))

    def _open(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(index.data(_ROLE).name)

    def _fit(self) -> None:
        width = max(1, self.viewport().width())
        self.columns = max(1, width // _NARROWEST)
        delegate = self.itemDelegate()
        assert isinstance(delegate, CardDelegate)
        cell = QSize(
            (width - 1) // self.columns, delegate.height()
        )  # Qt wraps at the very last pixel
        if cell != self.gridSize():
            self.setGridSize(cell)
        rows = -(-self.cards.rowCount() // self.columns)
        self.setFixedHeight(max(1, rows) * cell.height() + 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take another number of columns."""
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the size of the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        """Tell where the chosen card is, so that it can be scrolled to."""
        super().currentChanged(current, previous)
        if current.isValid():
            self.current_moved.emit(self.visualRect(current))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Choose a card when the keys arrive."""
        super().focusInEvent(event)
        if not self.currentIndex().isValid() and self.cards.rowCount():
            self.setCurrentIndex(self.cards.index(0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open with Enter also where the platform's own key is another."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
            event.accept()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open with one click on a card's button."""
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        pressed = index.isValid() and event.button() == Qt.MouseButton.LeftButton
        if pressed and button_of(self.visualRect(index), self.columns).contains(event.position()):
            self._open(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show that a card's button can be pressed."""
        super().mouseMoveEvent(event)
        point: QPoint = event.position().toPoint()
        index = self.indexAt(point)
        over = index.isValid() and button_of(self.visualRect(index), self.columns).contains(
            QPointF(point)
        )
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)
