"""The family tree of the presets: from LeNet on to the right, each behind what it follows."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QWheelEvent,
)

from designer.gui.base.theme import colors, sans
from designer.gui.gallery.mark_view import MarkView, focused
from designer.gui.gallery.tree_layout import (
    Box,
    Group,
    Link,
    Measures,
    TreeLayout,
    lay_out,
    relatives,
)

_AIR = 12.0


class Tree(MarkView):
    """Families by year, their members as lines; what a network comes from and led to lights up."""

    def __init__(self) -> None:
        super().__init__("gallery-tree", "Presets by what they build on")
        self.measures = _measures()
        self.layout_ = TreeLayout({}, (), (), (), 0.0, 0.0)
        self.near: frozenset[str] = frozenset()

    def arrange(self) -> None:
        """Box everything."""
        self.measures = _measures()
        self.layout_ = lay_out(self.cards.values(), self.measures)
        self.places = {name: _rect(place) for name, place in self.layout_.places.items()}
        self._light()
        view, tree = self.viewport().size(), self.layout_
        for bar, whole, part in (
            (self.horizontalScrollBar(), tree.width, view.width()),
            (self.verticalScrollBar(), tree.height, view.height()),
        ):
            bar.setRange(0, max(0, round(whole - part)))
            bar.setPageStep(part)
            bar.setSingleStep(40)

    def origin(self) -> QPointF:
        """Return the point in the view's corner; a small tree stands in the middle."""
        view, tree = self.viewport().size(), self.layout_
        return super().origin() - QPointF(
            max(0.0, (view.width() - tree.width) / 2), max(0.0, (view.height() - tree.height) / 3)
        )

    def refresh_marks(self) -> None:
        """Light up the relatives of what is hovered or chosen."""
        self._light()
        super().refresh_marks()

    def _light(self) -> None:
        name = self.hovered or self.current
        self.near = relatives(self.cards.values(), name) if name in self.cards else frozenset()

    def reveal(self, place: QRectF) -> None:
        """Scroll so that a network is in sight, with some air."""
        sight = QRectF(self.viewport().rect()).translated(self.origin())
        sight.adjust(_AIR, _AIR + self.measures.year, -_AIR, -_AIR)
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        for bar, low, high, first, last in (
            (across, sight.left(), sight.right(), place.left(), place.right()),
            (down, sight.top(), sight.bottom(), place.top(), place.bottom()),
        ):
            if first < low:
                bar.setValue(round(bar.value() + first - low))
            elif last > high:
                bar.setValue(round(bar.value() + last - high))

    def neighbor(self, name: str, along: tuple[int, int]) -> str:
        """Go to the left to what a network follows, to the right to what follows it."""
        here = self.places[name].center()
        if along[0] < 0:
            near = [each for each in self.cards[name].preset.follows if each in self.lit]
        else:
            near = [other for other, card in self.lit.items() if name in card.preset.follows]
        if not along[0] or not near:
            return super().neighbor(name, along)
        return min(near, key=lambda other: abs(self.places[other].center().y() - here.y()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll sideways where there is nothing to scroll down to."""
        if not self.verticalScrollBar().maximum() and not event.angleDelta().x():
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - event.angleDelta().y())
            event.accept()
            return
        super().wheelEvent(event)

    # Painting

    def paint(self, painter: QPainter) -> None:
        """Paint years, lines, families and networks."""
        sight = QRectF(self.viewport().rect()).translated(self.origin())
        self._paint_years(painter, sight)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for near in (False, True):
            self._paint_links(painter, near=near)
        for group in self.layout_.groups:
            if sight.intersects(_rect(group.place)):
                self._paint_group(painter, group)
        self._paint_year_names(painter, sight)

    def _is_near(self, link: Link) -> bool:
        return link.parent in self.near and any(
            card.name in self.near and link.parent in card.preset.follows
            for card in link.group.cards
        )

    def _paint_years(self, painter: QPainter, sight: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        band = QColor(colors().field if colors().dark else colors().panel)
        band.setAlphaF(0.5)
        for number, span in enumerate(self.layout_.years):
            if number % 2 == 0:
                area = QRectF(span.left, sight.top(), span.right - span.left, sight.height())
                painter.fillRect(area, band)

    def _paint_year_names(self, painter: QPainter, sight: QRectF) -> None:
        """Paint the years on top of the view, over what is scrolled under them."""
        c, height = colors(), self.measures.year
        top = sight.top()
        ground = QColor(c.window)
        ground.setAlphaF(0.93)
        painter.fillRect(QRectF(sight.left(), top, sight.width(), height - 6), ground)
        painter.setFont(sans(1.0, bold=True))
        painter.setPen(QColor(c.soft_text))
        for span in self.layout_.years:
            left, right = max(span.left, sight.left()), min(span.right, sight.right())
            text = str(span.year)
            if right - left > painter.fontMetrics().horizontalAdvance(text) + 8:
                box = QRectF(left, top, right - left, height - 6)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_links(self, painter: QPainter, *, near: bool) -> None:
        """Paint the lines; those from one network as one, since they share a part of their way."""
        ways: dict[tuple[str, bool], QPainterPath] = {}
        for link in self.layout_.links:
            if self._is_near(link) == near:
                lit = link.parent in self.lit and any(
                    card.name in self.lit for card in link.group.cards
                )
                ways.setdefault((link.parent, lit), QPainterPath()).addPath(self._way(link))
        for (parent, lit), way in ways.items():
            color = QColor(self.families[self.cards[parent].family])
            color.setAlphaF(0.95 if near else 0.3 if lit and not self.near else 0.16)
            painter.setPen(QPen(color, 2.2 if near else 1.3))
            painter.drawPath(way)

    def _way(self, link: Link) -> QPainterPath:
        """Return the line of a link: in bends between the columns, straight through its lanes."""
        x, y = link.owner.place.x + link.owner.place.width, self.places[link.parent].center().y()
        path = QPainterPath(QPointF(x, y))
        end = link.group.place._replace(y=link.group.place.y + self.measures.header / 2, height=0)
        for place in (*(lane.place for lane in link.lanes), end):
            bend = (place.x - x) / 2
            path.cubicTo(x + bend, y, x + bend, place.y, place.x, place.y)
            x, y = place.x + place.width, place.y
            if place is not end:
                path.lineTo(x, y)
        return path

    def _paint_group(self, painter: QPainter, group: Group) -> None:
        c, measures = colors(), self.measures
        color = self.families[group.family]
        box = _rect(group.place)
        bright = any(card.name in self.lit for card in group.cards)
        painter.setPen(QColor(c.line))
        painter.setBrush(QColor(c.panel))
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.setOpacity(1.0 if bright else 0.35)
        painter.drawRoundedRect(QRectF(box.left(), box.top() + 5, 3, box.height() - 10), 1.5, 1.5)
        painter.setOpacity(1.0)
        painter.setFont(sans(0.82, bold=True))
        painter.setPen(QColor(self.families.text_of(group.family) if bright else c.disabled_text))
        head = QRectF(box.left() + measures.pad, box.top(), box.width(), measures.header)
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, group.family)
        for card in group.cards:
            self._paint_name(painter, card.name)

    def _paint_name(self, painter: QPainter, name: str) -> None:
        c, pad = colors(), self.measures.pad
        place = self.places[name]
        chosen, hovered = name == self.current, name == self.hovered
        if chosen or hovered:
            painter.setPen(
                QPen(QColor(c.accent), 1.4) if chosen and focused(self) else Qt.PenStyle.NoPen
            )
            painter.setBrush(QColor(c.selection if chosen else c.hover))
            painter.drawRoundedRect(place.adjusted(2 - pad + 4, 1, pad - 4, -1), 4, 4)
        near = name in self.near
        color = QColor(c.text if near or not self.near else c.soft_text)
        if name not in self.lit:
            color = QColor(c.disabled_text)
        painter.setFont(sans(0.94, bold=chosen))
        painter.setPen(color)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, self.cards[name].title)


def _measures() -> Measures:
    """Return the sizes that go with the font."""
    text, head = QFontMetricsF(sans(0.94, bold=True)), QFontMetricsF(sans(0.82, bold=True))
    return Measures(
        text=text.horizontalAdvance,
        head=head.horizontalAdvance,
        row=round(text.height() + 5),
        header=round(head.height() + 8),
        pad=11.0,
        between=12.0,
        gap=46.0,
        year=round(text.height() + 20),
    )


def _rect(place: Box) -> QRectF:
    return QRectF(place.x, place.y, place.width, place.height)
