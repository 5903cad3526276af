"""The icons: SVG line drawings in ``assets/icons``, drawn in a color of the theme."""

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from designer.gui.base.theme import colors
from designer.layers.category import Category
from designer.resources import folder


def icon(name: str, color: str = "") -> QIcon:
    """Return an icon by the name of its file, in the text's color unless another is given."""
    c = colors()
    return _icon(name, color or c.text, c.disabled_text)


def category_icon(category: Category | None, color: str = "") -> QIcon:
    """Return the sign of a category of layers, or of a block for None."""
    return icon(category_file(category), color or colors().of(category).name())


def category_file(category: Category | None) -> str:
    """Return the icon's name for a category, or for a block for None."""
    return "layer-block" if category is None else f"layer-{category.name.lower()}"


def renderer(name: str, color: str) -> QSvgRenderer:
    """Return what draws an icon at any size."""
    return QSvgRenderer(QByteArray(_text(name).replace("currentColor", color).encode()))


def pixmap(name: str, color: str, size: int, ratio: float) -> QPixmap:
    """Return an icon's picture, `size` logical pixels wide at a screen's pixel ratio."""
    return _drawn(name, color, round(size * ratio), ratio)


def path(name: str) -> Path:
    """Return the file of an icon."""
    return folder("assets") / "icons" / f"{name}.svg"


@lru_cache(maxsize=256)
def _text(name: str) -> str:
    return path(name).read_text(encoding="utf-8")


@lru_cache(maxsize=512)
def _icon(name: str, color: str, disabled: str) -> QIcon:
    return QIcon(_Engine(name, color, disabled))


class _Engine(QIconEngine):
    """Draws an icon when it is seen, in the size and for the screen where that is."""

    def __init__(self, name: str, color: str, disabled: str) -> None:
        super().__init__()
        self.words = (name, color, disabled)

    def clone(self) -> QIconEngine:
        """Return an engine for a copy of the icon."""
        return _Engine(*self.words)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Return the picture for a screen of one pixel to the point."""
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        """Return the picture for a screen of `scale` pixels to the point, `size` in points."""
        name, color, disabled = self.words
        tint = disabled if mode == QIcon.Mode.Disabled else color
        return _drawn(name, tint, round(min(size.width(), size.height()) * scale), scale)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw into a rectangle."""
        name, color, disabled = self.words
        tint = disabled if mode == QIcon.Mode.Disabled else color
        size = min(rect.width(), rect.height())
        area = QRectF(0, 0, size, size)
        area.moveCenter(QRectF(rect).center())
        renderer(name, tint).render(painter, area)


@lru_cache(maxsize=1024)
def _drawn(name: str, color: str, pixels: int, ratio: float) -> QPixmap:
    drawing = renderer(name, color)
    picture = QPixmap(QSize(pixels, pixels))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    drawing.render(painter, QRectF(picture.rect()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture
