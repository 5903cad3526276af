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
    """Return the icon of a layer category; None is a block."""
    return icon(category_file(category), color or colors().of(category).name())


def category_file(category: Category | None) -> str:
    """Return the name of a layer category's icon; None is a block."""
    return "layer-block" if category is None else f"layer-{category.name.lower()}"


def renderer(name: str, color: str) -> QSvgRenderer:
    """Return a renderer that draws an icon at any size."""
    return QSvgRenderer(QByteArray(_text(name).replace("currentColor", color).encode()))


def pixmap(name: str, color: str, size: int, ratio: float) -> QPixmap:
    """Return an icon as a pixmap, `size` logical pixels wide at a screen's pixel ratio."""
    return _drawn(name, color, round(size * ratio), ratio)


def path(name: str) -> Path:
    """Return the file of an icon."""
    return folder("assets") / "icons" / f"{name}.svg"


@lru_cache(maxsize=256)  # 35 µs each; more than there are files
def _text(name: str) -> str:
    return path(name).read_text(encoding="utf-8")


@lru_cache(maxsize=512)  # one for each name and color of two themes
def _icon(name: str, color: str, disabled: str) -> QIcon:
    return QIcon(_Engine(name, color, disabled))


class _Engine(QIconEngine):
    """Draws an icon when it is shown, for the size and pixel ratio that are asked for."""

    def __init__(self, name: str, color: str, disabled: str) -> None:
        super().__init__()
        self.words = (name, color, disabled)

    def clone(self) -> QIconEngine:
        return _Engine(*self.words)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        """Return the picture, `size` in logical pixels and `scale` the pixel ratio."""
        name, color, disabled = self.words
        tint = disabled if mode == QIcon.Mode.Disabled else color
        return _drawn(name, tint, round(min(size.width(), size.height()) * scale), scale)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        name, color, disabled = self.words
        tint = disabled if mode == QIcon.Mode.Disabled else color
        size = min(rect.width(), rect.height())
        area = QRectF(0, 0, size, size)
        area.moveCenter(QRectF(rect).center())
        renderer(name, tint).render(painter, area)


@lru_cache(maxsize=1024)  # 80 µs each, and lists draw some with each repaint
def _drawn(name: str, color: str, pixels: int, ratio: float) -> QPixmap:
    drawing = renderer(name, color)
    picture = QPixmap(QSize(pixels, pixels))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    drawing.render(painter, QRectF(picture.rect()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture
