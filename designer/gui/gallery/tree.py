"""The family tree of the presets: years from left to right, each preset after its parents."""

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

_MARGIN = 12.0  # pixels around a mark that is scrolled to


class Tree(MarkView):
    """Boxes of families by year; the ancestors and descendants of a network are highlighted.

    Attributes
    ----------
    layout_
        The positions of all boxes and lines.
    near
        The hovered or chosen preset with its ancestors and descendants.
    """

    def __init__(self) -> None:
        super().__init__("gallery-tree", "Presets by what they build on")
        self.measures = _measures()
        self.layout_ = TreeLayout({}, (), (), (), 0.0, 0.0)
        self.near: frozenset[str] = frozenset()

    def arrange(self) -> None:
        """Lay out the tree, and set the ranges of the scroll bars."""
        self.measures = _measures()
        self.layout_ = lay_out(self.cards.values(), self.measures)
        self.places = {name: _rect(box) for name, box in self.layout_.places.items()}
        self._find_near()
        view, tree = self.viewport().size(), self.layout_
        for bar, whole, part in (
            (self.horizontalScrollBar(), tree.width, view.width()),
            (self.verticalScrollBar(), tree.height, view.height()),
        ):
            bar.setRange(0, max(0, round(whole - part)))
            bar.setPageStep(part)
            bar.setSingleStep(40)
        if self.current in self.places and not self._moved():
            self.reveal(self.places[self.current])

    def _moved(self) -> bool:
        """Tell whether the tree was scrolled away from its beginning."""
        return bool(self.horizontalScrollBar().value() or self.verticalScrollBar().value())

    def origin(self) -> QPointF:
        """Return the point in the view's corner; a tree smaller than the view is centered."""
        view, tree = self.viewport().size(), self.layout_
        return super().origin() - QPointF(
            max(0.0, (view.width() - tree.width) / 2), max(0.0, (view.height() - tree.height) / 3)
        )

    def refresh_marks(self) -> None:
        """Highlight the relatives of the hovered or chosen preset."""
        self._find_near()
        super().refresh_marks()

    def _find_near(self) -> None:
        name = self.hovered or self.current
        self.near = relatives(self.cards.values(), name) if name in self.cards else frozenset()

    def reveal(self, mark: QRectF) -> None:
        """Scroll so that a mark is visible, with a margin."""
        sight = QRectF(self.viewport().rect()).translated(self.origin())
        sight.adjust(_MARGIN, _MARGIN + self.measures.year, -_MARGIN, -_MARGIN)
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        for bar, low, high, first, last in (
            (across, sight.left(), sight.right(), mark.left(), mark.right()),
            (down, sight.top(), sight.bottom(), mark.top(), mark.bottom()),
        ):
            if first < low:
                bar.setValue(round(bar.value() + first - low))
            elif last > high:
                bar.setValue(round(bar.value() + last - high))

    def neighbor(self, name: str, along: tuple[int, int]) -> str:
        """Return the nearest parent to the left, child to the right, or mark above or below."""
        here = self.places[name].center()
        if along[0] < 0:
            near = [each for each in self.cards[name].follows if each in self.lit]
        else:
            near = [other for other, card in self.lit.items() if name in card.follows]
        if not along[0] or not near:
            return super().neighbor(name, along)
        return min(near, key=lambda other: abs(self.places[other].center().y() - here.y()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll horizontally if the tree does not scroll vertically."""
        if not self.verticalScrollBar().maximum() and not event.angleDelta().x():
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - event.angleDelta().y())
            event.accept()
            return
        super().wheelEvent(event)

    # Painting

    def paint(self, painter: QPainter) -> None:
        sight = QRectF(self.viewport().rect()).translated(self.origin())
        self._paint_years(painter, sight)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for near in (False, True):
            self._paint_links(painter, near=near)
        for group in self.layout_.groups:
            if sight.intersects(_rect(group.box)):
                self._paint_group(painter, group)
        self._paint_year_names(painter, sight)

    def _is_near(self, link: Link) -> bool:
        return link.parent in self.near and any(
            card.name in self.near and link.parent in card.follows for card in link.group.cards
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
        """Paint the years at the top of the view, over the tree."""
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
        """Paint the lines; those from one network as one path, since they overlap."""
        paths: dict[tuple[str, bool], QPainterPath] = {}
        for link in self.layout_.links:
            if self._is_near(link) == near:
                lit = link.parent in self.lit and any(
                    card.name in self.lit for card in link.group.cards
                )
                paths.setdefault((link.parent, lit), QPainterPath()).addPath(self._path(link))
        for (parent, lit), path in paths.items():
            color = QColor(self.families[self.cards[parent].family])
            color.setAlphaF(0.95 if near else 0.3 if lit and not self.near else 0.16)
            painter.setPen(QPen(color, 2.2 if near else 1.3))
            painter.drawPath(path)

    def _path(self, link: Link) -> QPainterPath:
        """Return the line of a link: curved between columns, straight where it passes one."""
        x, y = link.owner.box.x + link.owner.box.width, self.places[link.parent].center().y()
        path = QPainterPath(QPointF(x, y))
        end = link.group.box._replace(y=link.group.box.y + self.measures.header / 2, height=0)
        for box in (*(lane.box for lane in link.lanes), end):
            bend = (box.x - x) / 2
            path.cubicTo(x + bend, y, x + bend, box.y, box.x, box.y)
            x, y = box.x + box.width, box.y
            if box is not end:
                path.lineTo(x, y)
        return path

    def _paint_group(self, painter: QPainter, group: Group) -> None:
        c, measures = colors(), self.measures
        color = self.families[group.family]
        box = _rect(group.box)
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
    """Return the sizes for the current font."""
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


def _rect(box: Box) -> QRectF:
    return QRectF(box.x, box.y, box.width, box.height)
