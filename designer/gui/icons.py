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
    text = path(name).read_text(encoding="utf-8").replace("currentColor", colour)
    return QSvgRenderer(QByteArray(text.encode()))


def pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """Return an icon's picture, `size` logical pixels wide at a screen's pixel ratio."""
    drawing = renderer(name, colour)
    picture = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    drawing.render(painter, QRectF(picture.rect()))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


def path(name: str) -> Path:
    """Return the file of an icon."""
    return folder("assets") / "icons" / f"{name}.svg"


@lru_cache(maxsize=512)
def _icon(name: str, colour: str, disabled: str) -> QIcon:
    result = QIcon()
    for ratio in RATIOS:
        result.addPixmap(pixmap(name, colour, SIZE, ratio))
        result.addPixmap(pixmap(name, disabled, SIZE, ratio), QIcon.Mode.Disabled)
    return result
