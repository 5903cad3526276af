"""The page of sizes: how high and wide the pictures are, beside the network's input."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from designer.data.inspection import Sizes
from designer.data.pictures import PictureForm
from designer.gui.base import numbers
from designer.gui.base.theme import colors, sans, theme
from designer.gui.data.histogram import Histogram, Mark, ticks
from designer.gui.data.look_bar import LookBar
from designer.gui.data.model import DataModel

_CHANNELS = {1: "gray", 3: "color"}
_LARGEST, _SMALLEST = 7.0, 2.0  # radius of a dot in pixels; of many, none is large
_MANY = 80  # divided by the root of their number, the largest radius of dots
_TICKS = 5


class SizesPage(QWidget):
    """Histograms of heights and widths, and each width with its height."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-sizes")
        self.model = model
        self.bar = LookBar(model)
        self.words = QLabel(
            objectName="sizes-words", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.words.setMinimumWidth(1)
        self.heights = Histogram("Height in pixels")
        self.widths = Histogram("Width in pixels")
        self.both = SizeScatter()
        views = QHBoxLayout()
        views.setSpacing(20)
        left = QVBoxLayout()
        left.setSpacing(12)
        left.addWidget(self.heights, 1)
        left.addWidget(self.widths, 1)
        views.addLayout(left, 1)
        views.addWidget(self.both, 1)
        self.views = QWidget()
        self.views.setLayout(views)
        views.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(10)
        column.addWidget(self.bar)
        column.addWidget(self.words)
        column.addWidget(self.views, 1)
        column.addStretch(0)
        for signal in (model.looked, model.changed, model.form_changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        look, form = self.model.look, self.model.form
        sizes = look.inspection.sizes if look is not None else None
        there = sizes is not None and len(sizes.heights) > 0
        self.words.setVisible(look is not None)
        self.views.setVisible(there)
        if sizes is None:
            return
        self.words.setText(size_words(sizes, form) if there else "No picture can be read.")
        if there:
            high = [Mark(form.height, f"network {form.height}")] if form else []
            wide = [Mark(form.width, f"network {form.width}")] if form else []
            self.heights.show_values(sizes.heights.astype(np.float64), high)
            self.widths.show_values(sizes.widths.astype(np.float64), wide)
            self.both.show_sizes(sizes, form)


def size_words(sizes: Sizes, form: PictureForm | None) -> str:
    """Return the sizes and channels of some pictures, and how they compare with the network's."""
    total = len(sizes.heights)
    kinds = [
        f"{numbers.count(int(count))} {_CHANNELS.get(int(channels), f'with {channels} channels')}"
        for channels, count in zip(*np.unique(sizes.channels, return_counts=True), strict=True)
    ]
    heights, widths = (_span(each) for each in (sizes.heights, sizes.widths))
    plural = "picture" if total == 1 else "pictures"
    words = [f"{numbers.count(total)} {plural}, {heights} high and {widths} wide: "]
    words.append(f"{', '.join(kinds)}.")
    if form is not None:
        smaller = int(((sizes.heights < form.height) | (sizes.widths < form.width)).sum())
        words.append(f" The network takes {form.height}×{form.width}")
        if smaller:
            share = "all" if smaller == total else numbers.count(smaller)
            words.append(f"; {share} are smaller in height or width, and are enlarged")
        words.append(".")
    return "".join(words)


def _span(values: NDArray[np.int64]) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low} pixels" if low == high else f"{low} to {high} pixels"


class SizeScatter(QWidget):
    """A dot for each size, larger where more pictures have it, and the network's size as a box."""

    def __init__(self) -> None:
        super().__init__(objectName="size-scatter")
        self.setAccessibleName("Width and height of the pictures")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.pairs: NDArray[np.int64] = np.zeros((0, 2), np.int64)  # width, height
        self.counts: NDArray[np.int64] = np.zeros(0, np.int64)
        self.form: PictureForm | None = None
        theme.changed.connect(self.update)

    def show_sizes(self, sizes: Sizes, form: PictureForm | None) -> None:
        """Show the sizes of some pictures."""
        pairs = np.stack([sizes.widths, sizes.heights], 1)
        self.pairs, self.counts = np.unique(pairs, axis=0, return_counts=True)
        self.form = form
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(380, 340)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 160)

    @property
    def _area(self) -> QRectF:
        line = self.fontMetrics().height()
        left = self.fontMetrics().horizontalAdvance("00000") + 8
        return QRectF(self.rect()).adjusted(left, 1.8 * line, -14, -2.4 * line)

    @property
    def _most(self) -> tuple[float, float]:
        """The width and the height at the ends of the axes, of one scale."""
        wide, high = (float(each) for each in self.pairs.max(axis=0))
        if self.form is not None:
            wide, high = max(wide, self.form.width), max(high, self.form.height)
        return 1.06 * wide, 1.06 * high

    @property
    def _scale(self) -> float:
        """Pixels on the screen for one of a picture: one scale for both, so that shapes show."""
        (wide, high), area = self._most, self._area
        return min(area.width() / wide, area.height() / high)

    def point_of(self, width: float, height: float) -> QPointF:
        """Return where a size is drawn."""
        area, scale = self._area, self._scale
        return QPointF(area.left() + width * scale, area.bottom() - height * scale)

    def paintEvent(self, event: QPaintEvent) -> None:
        c, area = colors(), self._area
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sans(bold=True))
        painter.setPen(QColor(c.text))
        painter.drawText(QPointF(0, painter.fontMetrics().ascent() + 2), "Width and height")
        painter.setFont(self.font())
        if len(self.pairs):
            self._paint_axes(painter, area)
            if self.form is not None:
                corner = self.point_of(self.form.width, self.form.height)
                painter.setPen(QPen(QColor(c.validation), 1.6, Qt.PenStyle.DashLine))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(
                    QRectF(QPointF(area.left(), corner.y()), QPointF(corner.x(), area.bottom()))
                )
            color = QColor(c.train)
            color.setAlpha(150)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            for (width, height), radius in zip(self.pairs.tolist(), self._radii(), strict=True):
                painter.drawEllipse(self.point_of(width, height), radius, radius)
        painter.end()

    def _radii(self) -> list[float]:
        largest = max(_SMALLEST, min(_LARGEST, _MANY / len(self.counts) ** 0.5))
        share = np.sqrt(self.counts / self.counts.max())
        return [float(each) for each in np.maximum(_SMALLEST, largest * share)]

    def _paint_axes(self, painter: QPainter, area: QRectF) -> None:
        c, metrics = colors(), QFontMetricsF(painter.font())
        wide, high = area.width() / self._scale, area.height() / self._scale
        for value in ticks(0, high, _TICKS):
            y, text = self.point_of(0, value).y(), f"{value:g}"
            painter.setPen(QPen(QColor(c.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(c.soft_text))
            left = area.left() - metrics.horizontalAdvance(text) - 6
            painter.drawText(QPointF(left, y + metrics.ascent() / 2 - 2), text)
        for value in ticks(0, wide, _TICKS):
            x, text = self.point_of(value, 0).x(), f"{value:g}"
            painter.setPen(QPen(QColor(c.line), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(QColor(c.soft_text))
            left = x - metrics.horizontalAdvance(text) / 2
            painter.drawText(QPointF(left, area.bottom() + metrics.height()), text)
        title = "width →  height ↑"
        if self.form is not None:
            title += "   dashed: the network's input"
        painter.drawText(QPointF(area.left(), area.bottom() + 2.1 * metrics.height()), title)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not len(self.pairs):
            return
        at, scale, area = event.position(), self._scale, self._area
        width, height = (at.x() - area.left()) / scale, (area.bottom() - at.y()) / scale
        far = np.hypot(self.pairs[:, 0] - width, self.pairs[:, 1] - height) * scale
        nearest = int(np.argmin(far))
        if far[nearest] > _LARGEST + 3 or not math.isfinite(far[nearest]):
            QToolTip.hideText()
            return
        width, height = self.pairs[nearest].tolist()
        count = int(self.counts[nearest])
        words = (
            f"{height}×{width}: {numbers.count(count)} {'picture' if count == 1 else 'pictures'}"
        )
        QToolTip.showText(event.globalPosition().toPoint(), words, self)

    def leaveEvent(self, event: QEvent) -> None:
        QToolTip.hideText()
