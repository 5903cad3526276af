"""The base class of scatter plot and family tree: marks that can be hovered, chosen and opened."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame

from designer.gui.base.theme import colors, sans, theme
from designer.gui.gallery.catalogue import Card, Match
from designer.gui.gallery.family_colors import FamilyColors

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_SIDEWAYS = 2.0  # weight of the distance across the direction of an arrow key


class MarkView(QAbstractScrollArea):
    """A picture on which every preset has a mark; those that were not found are dim.

    A subclass positions the marks in `arrange` and paints them in `paint`, both in coordinates of
    the picture, of which the view shows a part.

    Attributes
    ----------
    cards
        All presets that can be read, by name.
    lit
        Those that were found.
    places
        The rectangles of the marks, in coordinates of the picture.
    current, hovered
        The preset in the preview and the one under the pointer; "" for none.

    Signals
    -------
    opened(name)
        A preset is to be opened.
    chosen(name)
        A preset is to be shown in the preview.
    """

    opened = Signal(str)
    chosen = Signal(str)

    def __init__(self, name: str, accessible: str) -> None:
        super().__init__(objectName=name)
        self.setAccessibleName(accessible)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.cards: dict[str, Card] = {}
        self.lit: dict[str, Card] = {}
        self.families = FamilyColors()
        self.places: dict[str, QRectF] = {}
        self.current = ""
        self.hovered = ""
        self._dragged: QPointF | None = None
        theme.changed.connect(self.refresh)

    def show_found(
        self, cards: Sequence[Card], found: Sequence[Match], families: FamilyColors
    ) -> None:
        """Show all presets, with those that were found bright."""
        self.cards = {card.name: card for card in cards if card.preset is not None}
        self.lit = {each.card.name: each.card for each in found if each.card.preset is not None}
        self.families = families
        self.refresh()

    def select(self, name: str) -> None:
        """Select a preset and scroll to it."""
        self.current = name
        self.refresh_marks()
        if name in self.places:
            self.reveal(self.places[name])

    def refresh(self) -> None:
        """Position and paint all marks again."""
        self.arrange()
        self.viewport().update()

    def refresh_marks(self) -> None:
        """Paint again, since another mark is hovered or chosen."""
        self.viewport().update()

    # For subclasses

    def arrange(self) -> None:
        """Compute `places`."""
        raise NotImplementedError

    def paint(self, painter: QPainter) -> None:
        """Paint the picture."""
        raise NotImplementedError

    def origin(self) -> QPointF:
        """Return the point of the picture in the top left corner of the view."""
        return QPointF(self.horizontalScrollBar().value(), self.verticalScrollBar().value())

    def pan(self, by: QPointF) -> None:
        """Move the picture by a distance in pixels."""
        for bar, distance in (
            (self.horizontalScrollBar(), by.x()),
            (self.verticalScrollBar(), by.y()),
        ):
            bar.setValue(round(bar.value() - distance))

    def reveal(self, mark: QRectF) -> None:
        """Scroll so that a mark is visible."""

    def mark_at(self, point: QPointF) -> str:
        """Return the preset at a point of the picture, "" for none; bright ones are preferred."""
        names = [name for name, mark in self.places.items() if mark.contains(point)]
        names.sort(
            key=lambda name: (
                name not in self.lit,
                (self.places[name].center() - point).manhattanLength(),
            )
        )
        return names[0] if names else ""

    def neighbor(self, name: str, along: tuple[int, int]) -> str:
        """Return the nearest bright preset in a direction, or the given one if there is none."""
        here = self.places[name].center()
        best, least = name, float("inf")
        for other in self.lit:
            if other == name or other not in self.places:
                continue
            step = self.places[other].center() - here
            forward = step.x() * along[0] + step.y() * along[1]
            sideways = abs(step.x() * along[1]) + abs(step.y() * along[0])
            distance = forward + _SIDEWAYS * sideways
            if forward > 0.5 and sideways < 3 * forward and distance < least:
                best, least = other, distance
        return best

    # Events

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the visible part, and a note on the hovered mark."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.viewport().rect(), QColor(colors().window))
        painter.translate(-self.origin())
        self.paint(painter)
        if self.hovered in self.places and self._dragged is None:
            self._paint_note(painter, self.cards[self.hovered], self.places[self.hovered])
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover the mark under the pointer, or drag the picture."""
        if self._dragged is not None:
            self.pan(event.position() - self._dragged)
            self._dragged = event.position()
            return
        self._hover(self.mark_at(event.position() + self.origin()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a mark, or start to drag the picture."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        name = self.mark_at(event.position() + self.origin())
        if name:
            self.chosen.emit(name)
        else:
            self._dragged = event.position()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = None
        self._hover(self.mark_at(event.position() + self.origin()))
        self._set_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        name = self.mark_at(event.position() + self.origin())
        if name and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(name)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover("")
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move between marks with the arrow keys, open with Enter."""
        along = _ARROWS.get(Qt.Key(event.key()))
        if along is not None and self.lit:
            known = self.current in self.places and self.current in self.lit
            self.chosen.emit(self.neighbor(self.current, along) if known else next(iter(self.lit)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current in self.cards:
            self.opened.emit(self.current)
        else:
            event.ignore()

    def _hover(self, name: str) -> None:
        if name != self.hovered:
            self.hovered = name
            self.refresh_marks()
            self._set_cursor()

    def _set_cursor(self) -> None:
        over = Qt.CursorShape.PointingHandCursor if self.hovered else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(over)

    def _paint_note(self, painter: QPainter, card: Card, mark: QRectF) -> None:
        """Paint a note beside a mark: title, size, cost and error."""
        c = colors()
        lines = [(f"{card.title}  ({card.year})", sans(0.95, bold=True), c.text)]
        lines.append((card.size_and_cost, sans(0.9), c.soft_text))
        if card.top1 is not None:
            lines.append((f"{card.top1.value:.4g} % top-1 error", sans(0.9), c.soft_text))
            lines.append((card.top1.conditions, sans(0.9), c.faint_text))
        width = max(QFontMetricsF(font).horizontalAdvance(text) for text, font, _ in lines) + 22
        height = sum(QFontMetricsF(font).height() + 2 for _, font, _ in lines) + 14
        seen = QRectF(self.viewport().rect()).translated(self.origin())
        left = min(mark.right() + 10, seen.right() - width - 6)
        top = mark.bottom() + 8
        if top + height > seen.bottom() - 6:
            top = mark.top() - height - 8
        box = QRectF(max(seen.left() + 6, left), top, width, height)
        painter.setPen(QColor(c.strong_line))
        painter.setBrush(QColor(c.panel))
        painter.drawRoundedRect(box, 6, 6)
        y = box.top() + 7
        for text, font, color in lines:
            metrics = QFontMetricsF(font)
            painter.setFont(font)
            painter.setPen(QColor(color))
            painter.drawText(QPointF(box.left() + 11, y + metrics.ascent()), text)
            y += metrics.height() + 2


def focused(view: QAbstractScrollArea) -> bool:
    """Tell whether a view has the keyboard focus."""
    return QApplication.focusWidget() is view
