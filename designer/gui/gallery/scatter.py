"""The scatter plot of the presets: parameters against MACs, on logarithmic axes."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import ceil, floor, log10
from typing import NamedTuple

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPen,
    QPolygonF,
    QWheelEvent,
)

from designer.gui.base import numbers
from designer.gui.base.theme import colors, sans
from designer.gui.gallery.catalogue import Card
from designer.gui.gallery.label_placement import place_labels
from designer.gui.gallery.mark_view import MarkView, focused

_MARGIN = 0.25  # powers of ten beyond the outermost points
_MIN_ZOOM, _MAX_ZOOM = 0.4, 12.0  # powers of ten across the plot
_BEST, _WORST = 15.0, 42.0  # top-1 errors in percent that have the largest and smallest point
_LARGE, _SMALL = 9.0, 4.0  # the radii of these points
_RING = 4.0  # the radius of a point without a published error
_REACH = 3.0  # pixels around a point in which it can be clicked


class Window(NamedTuple):
    """The visible part of the plane, in powers of ten."""

    left: float
    bottom: float
    width: float
    height: float


class Scatter(MarkView):
    """A point for every preset in its family's color; a smaller error gives a larger point.

    Attributes
    ----------
    window_
        The visible part of the plane; None shows all points.
    chains
        For each family, the points of the line that connects its members.
    labels
        The rectangles of the titles that are shown.
    key
        The rectangle of the legend.
    """

    def __init__(self) -> None:
        super().__init__("gallery-scatter", "Presets by parameters and MACs")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.window_: Window | None = None
        # The cards, and the part of the axes that shows all of them.
        self._all = self.cards, _around(())
        self.chains: dict[str, list[QPointF]] = {}
        self.labels: dict[str, QRectF] = {}
        self.key = QRectF()

    # Positions

    def area(self) -> QRectF:
        """Return the rectangle of the plot inside the axes."""
        line = QFontMetricsF(sans(0.9)).height()
        around = QRectF(self.viewport().rect())
        return around.adjusted(4.2 * line + 8, 10, -16, -(2.5 * line + 10))

    def seen(self) -> Window:
        """Return the visible part of the plane."""
        if self.window_ is not None:
            return self.window_
        if self._all[0] is not self.cards:
            self._all = self.cards, _around(self.cards.values())
        return self._all[1]

    def _to_pixels(self, point: QPointF) -> QPointF:
        area, seen = self.area(), self.seen()
        return QPointF(
            area.left() + (point.x() - seen.left) / seen.width * area.width(),
            area.bottom() - (point.y() - seen.bottom) / seen.height * area.height(),
        )

    def arrange(self) -> None:
        """Position the points, the legend and as many labels as fit."""
        self.places = {}
        for name, card in self.cards.items():
            radius = radius_of(card) + _REACH
            middle = self._to_pixels(_point(card))
            self.places[name] = QRectF(
                middle.x() - radius, middle.y() - radius, 2 * radius, 2 * radius
            )
        self.key = self._key_area()
        self.chains = self._joined()
        self.labels = self._labeled()

    def _key_area(self) -> QRectF:
        """Return the rectangle of the legend: in a corner without points, if possible."""
        metrics, area = QFontMetricsF(sans(0.85)), self.area()
        width = max(metrics.horizontalAdvance(text) for _, text in _KEY) + 2 * _LARGE + 28
        height = _key_line() * len(_KEY) + 14
        box = QRectF(area.right() - width - 10, area.bottom() - height - 10, width, height)
        if any(box.intersects(self.places[name]) for name in self.lit):
            box.moveTopLeft(QPointF(area.left() + 10, area.top() + 10))
        return box

    def _joined(self) -> dict[str, list[QPointF]]:
        """Return the line of each family, from the member with the fewest MACs to the most."""
        members: dict[str, list[Card]] = {}
        for card in self.lit.values():
            members.setdefault(card.family, []).append(card)
        for cards in members.values():
            cards.sort(key=lambda card: (card.macs, card.parameters))
        return {
            family: [self.places[card.name].center() for card in cards]
            for family, cards in members.items()
        }

    def _labeled(self) -> dict[str, QRectF]:
        """Position as many labels as fit; the chosen preset and the smallest errors come first."""
        area, metrics = self.area(), QFontMetricsF(sans(0.85))
        bright = [name for name in self.lit if area.contains(self.places[name].center())]
        bright.sort(key=lambda name: (name != self.current, _error(self.cards[name]), name))
        return place_labels(
            {
                name: (self.places[name], metrics.horizontalAdvance(self.cards[name].title))
                for name in bright
            },
            height=metrics.ascent() + 1,
            area=area,
            taken=[self.key, *(place.adjusted(2, 2, -2, -2) for place in self.places.values())],
            lines=[QLineF(*ends) for chain in self.chains.values() for ends in pairwise(chain)],
        )

    def refresh_marks(self) -> None:
        """Label the chosen preset, even if other labels must be hidden."""
        if self.current in self.lit and self.current not in self.labels:
            self.labels = self._labeled()
        super().refresh_marks()

    # Moving

    def pan(self, by: QPointF) -> None:
        """Move the plane by a distance in pixels."""
        area, seen = self.area(), self.seen()
        self.window_ = seen._replace(
            left=seen.left - by.x() / area.width() * seen.width,
            bottom=seen.bottom + by.y() / area.height() * seen.height,
        )
        self.refresh()

    def zoom(self, factor: float, about: QPointF) -> None:
        """Scale the visible part by a factor; the point under the given pixel stays there."""
        area, seen = self.area(), self.seen()
        factor = min(max(factor, _MIN_ZOOM / seen.width), _MAX_ZOOM / seen.width)
        x = (about.x() - area.left()) / area.width()
        y = (area.bottom() - about.y()) / area.height()
        self.window_ = Window(
            seen.left + x * seen.width * (1 - factor),
            seen.bottom + y * seen.height * (1 - factor),
            seen.width * factor,
            seen.height * factor,
        )
        self.refresh()

    def fit(self) -> None:
        """Show all points."""
        self.window_ = None
        self.refresh()

    def reveal(self, mark: QRectF) -> None:
        """Move the plane so that a point is visible."""
        area, middle = self.area(), mark.center()
        if not area.contains(middle):
            self.pan(area.center() - middle)

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120
        if steps:
            self.zoom(0.85**steps, event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with plus and minus, show all with F or 0."""
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(0.8, self._middle())
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom(1.25, self._middle())
        elif event.key() in (Qt.Key.Key_F, Qt.Key.Key_0):
            self.fit()
        else:
            super().keyPressEvent(event)

    def _middle(self) -> QPointF:
        place = self.places.get(self.current)
        return place.center() if place is not None else self.area().center()

    # Painting

    def paint(self, painter: QPainter) -> None:
        self._paint_axes(painter)
        painter.save()
        painter.setClipRect(self.area().adjusted(-1, -1, 1, 1))
        self._paint_families(painter)
        # Small points are painted above large ones, and bright ones above dim ones.
        for name in sorted(self.cards, key=lambda n: (n in self.lit, -radius_of(self.cards[n]))):
            self._paint_point(painter, self.cards[name])
        if self.current in self.places:
            self._paint_current(painter)
        for name, box in self.labels.items():
            self._paint_label(painter, name, box)
        painter.restore()
        self._paint_key(painter)

    def _paint_axes(self, painter: QPainter) -> None:
        c, area, seen = colors(), self.area(), self.seen()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_background())
        painter.drawRoundedRect(area, 4, 4)
        font = sans(0.9)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        for power, strong in _ticks(seen.left, seen.width):
            x = self._to_pixels(QPointF(power, 0)).x()
            painter.setPen(QPen(_line(strong), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            if strong or seen.width < 2:
                text = _tick_text(power)
                painter.setPen(QColor(c.soft_text))
                left = x - metrics.horizontalAdvance(text) / 2
                painter.drawText(QPointF(left, area.bottom() + metrics.height() + 2), text)
        for power, strong in _ticks(seen.bottom, seen.height):
            y = self._to_pixels(QPointF(0, power)).y()
            painter.setPen(QPen(_line(strong), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            if strong or seen.height < 2:
                text = _tick_text(power)
                painter.setPen(QColor(c.soft_text))
                left = area.left() - 8 - metrics.horizontalAdvance(text)
                painter.drawText(QPointF(left, y + metrics.xHeight() / 2), text)
        painter.setFont(sans(0.9, bold=True))
        painter.setPen(QColor(c.soft_text))
        height = metrics.height()
        below = QRectF(area.left(), area.bottom() + 1.3 * height + 4, area.width(), 1.2 * height)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, "Parameters")
        painter.save()
        painter.translate(metrics.height() / 2 + 4, area.center().y())
        painter.rotate(-90)
        beside = QRectF(-area.height() / 2, -metrics.height() / 2, area.height(), metrics.height())
        painter.drawText(beside, Qt.AlignmentFlag.AlignCenter, "MACs for one image")
        painter.restore()

    def _paint_families(self, painter: QPainter) -> None:
        near = {
            self.cards[name].family for name in (self.current, self.hovered) if name in self.lit
        }
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for family, chain in self.chains.items():
            color = QColor(self.families[family])
            color.setAlphaF(0.8 if family in near else 0.22)
            painter.setPen(QPen(color, 2.0 if family in near else 1.4))
            painter.drawPolyline(QPolygonF(chain))

    def _paint_point(self, painter: QPainter, card: Card) -> None:
        color = QColor(self.families[card.family])
        if card.name not in self.lit:
            color.setAlphaF(0.2)
        middle, radius = self.places[card.name].center(), radius_of(card)
        ground = _background()
        if card.top1 is None:
            # A ring is filled with the background, or it would look like a hole in a point below.
            painter.setPen(QPen(ground, 4.2))
            painter.setBrush(ground)
            painter.drawEllipse(middle, radius - 0.5, radius - 0.5)
            painter.setPen(QPen(color, 1.8))
            painter.drawEllipse(middle, radius - 0.5, radius - 0.5)
        else:
            painter.setPen(QPen(ground, 1.2))
            painter.setBrush(color)
            painter.drawEllipse(middle, radius, radius)

    def _paint_current(self, painter: QPainter) -> None:
        radius = radius_of(self.cards[self.current]) + 3
        accent = QColor(colors().accent)
        painter.setPen(QPen(accent, 2.2 if focused(self) else 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        middle = self.places[self.current].center()
        painter.drawEllipse(middle, radius, radius)

    def _paint_label(self, painter: QPainter, name: str, box: QRectF) -> None:
        """Write a label on a background that hides the lines under it."""
        c, font = colors(), sans(0.85)
        ground = _background()
        ground.setAlphaF(0.85)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(box.adjusted(-1, 0, 1, 0), 3, 3)
        painter.setFont(font)
        painter.setPen(QColor(c.text if name in (self.current, self.hovered) else c.soft_text))
        baseline = box.top() + QFontMetricsF(font).ascent() - 1
        painter.drawText(QPointF(box.left(), baseline), self.cards[name].title)

    def _paint_key(self, painter: QPainter) -> None:
        """Paint the legend of point sizes."""
        c, font, box, line = colors(), sans(0.85), self.key, _key_line()
        metrics = QFontMetricsF(font)
        ground = QColor(c.panel)
        ground.setAlphaF(0.92)
        painter.setPen(QColor(c.line))
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 6, 6)
        painter.setFont(font)
        for number, (radius, text) in enumerate(_KEY):
            middle = QPointF(box.left() + 10 + _LARGE, box.top() + 7 + line * (number + 0.5))
            painter.setPen(Qt.PenStyle.NoPen if radius else QPen(QColor(c.faint_text), 1.6))
            painter.setBrush(QColor(c.faint_text) if radius else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(middle, radius or _RING, radius or _RING)
            painter.setPen(QColor(c.soft_text))
            left = box.left() + 2 * _LARGE + 18
            painter.drawText(QPointF(left, middle.y() + metrics.xHeight() / 2), text)


def radius_of(card: Card) -> float:
    """Return the radius of a preset's point in pixels; a smaller error gives a larger point."""
    return _RING if card.top1 is None else _radius(card.top1.value)


def _radius(error: float) -> float:
    part = (min(max(error, _BEST), _WORST) - _BEST) / (_WORST - _BEST)
    return _LARGE + part * (_SMALL - _LARGE)


_KEY = (
    *((_radius(error), f"{error} % top-1 error") for error in (15, 25, 40)),
    (0.0, "no published error"),
)


def _key_line() -> float:
    return max(QFontMetricsF(sans(0.85)).height(), 2 * _LARGE + 2)


def _error(card: Card) -> float:
    return card.top1.value if card.top1 is not None else 100.0


def _around(cards: Iterable[Card]) -> Window:
    """Return the part of the plane that contains all points."""
    points = [_point(card) for card in cards] or [QPointF(6, 9)]
    xs, ys = [each.x() for each in points], [each.y() for each in points]
    left, bottom = min(xs) - _MARGIN, min(ys) - _MARGIN
    return Window(left, bottom, max(xs) + _MARGIN - left, max(ys) + _MARGIN - bottom)


def _point(card: Card) -> QPointF:
    """Return the position of a preset in the plane, in powers of ten."""
    return QPointF(log10(max(1, card.parameters)), log10(max(1, card.macs)))


def _ticks(start: float, length: float) -> Iterator[tuple[float, bool]]:
    """Yield the positions of 1, 2 and 5 times powers of ten in a range, and whether it is 1."""
    for power in range(floor(start), ceil(start + length) + 1):
        for digit in (1, 2, 5):
            at = power + log10(digit)
            if start <= at <= start + length:
                yield at, digit == 1


def _tick_text(power: float) -> str:
    """Write a position on an axis as a number: 500K, 1M, 20M."""
    return re.sub(r"\D0+(?=\D|$)", "", numbers.short(round(10**power)))


def _line(strong: bool) -> QColor:
    color = QColor(colors().strong_line if strong else colors().line)
    color.setAlphaF(0.55 if strong else 0.45)
    return color


def _background() -> QColor:
    """Return the background color of the plot."""
    return QColor(colors().field if colors().dark else colors().panel)
