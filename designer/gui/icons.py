"""The icons: SVG line drawings in ``assets/icons``, drawn in a colour of the theme."""

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from designer.gui.theme import colours
from designer.layers.base import Category
from designer.resources import folder

SIZE = 18  # of icons in menus and on buttons, in logical pixels
RATIOS = (1, 2, 3)


def icon(name: str, colour: str = "") -> QIcon:
    """Return an icon by the name of its file, in the text's colour unless another is given."""
    c = colours()
    return _icon(name, colour or c.text, c.faint_text)


def category_icon(category: Category | None, colour: str = "") -> QIcon:
    """Return the sign of a category of layers, or of a block for None."""
    return icon(category_file(category), colour or colours().of(category).name())


def category_file(category: Category | None) -> str:
    """Return the icon's name for a category, or for a block for None."""
    return "layer-block" if category is None else f"layer-{category.name.lower()}"


def renderer(name: str, colour: str) -> QSvgRenderer:
    """Return what draws an icon at any size."""
    return QSvgRenderer(QByteArray(_text(name).replace("currentColor", colour).encode()))


def pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """Return an icon's picture, `size` logical pixels wide at a screen's pixel ratio."""
    return _drawn(renderer(name, colour), size, ratio)


def path(name: str) -> Path:
    """Return the file of an icon."""
    return folder("assets") / "icons" / f"{name}.svg"


@lru_cache(maxsize=256)
def _text(name: str) -> str:
    return path(name).read_text(encoding="utf-8")


@lru_cache(maxsize=512)
def _icon(name: str, colour: str, disabled: str) -> QIcon:
    result = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, disabled)):
        drawing = renderer(name, tint)  # parsed once: that takes longer than drawing
        for ratio in RATIOS:
            result.addPixmap(_drawn(drawing, SIZE, ratio), mode)
    return result


def _drawn(drawing: QSvgRenderer, size: int, ratio: float) -> QPixmap:
    picture = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    drawing.render(painter, QRectF(picture.rect()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture
