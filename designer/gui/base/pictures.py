"""Pictures of a data set on the screen: from arrays to images, and their frames."""

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from designer.gui.base.theme import colors

if TYPE_CHECKING:
    from designer.data.pictures import Array, Levels, PictureForm


def picture_of(image: object) -> QImage:
    """Return an image array as a picture.

    Parameters
    ----------
    image
        Shape (channels, height, width); of other than 1 or 3 channels, only the first is shown.
        Values other than uint8 are scaled from their own range to 0 to 255.
    """
    import numpy as np

    array = np.asarray(image)
    if array.dtype != np.uint8:
        low, high = float(array.min()), float(array.max())
        array = ((array - low) * (255 / ((high - low) or 1))).astype(np.uint8)
    if len(array) not in (1, 3):
        array = array[:1]
    rows = np.ascontiguousarray(array.transpose(1, 2, 0))
    height, width, channels = rows.shape
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    return QImage(rows.tobytes(), width, height, width * channels, kind).copy()


def paint_framed(painter: QPainter, rect: QRect, picture: QImage | None) -> None:
    """Paint a picture in a frame one pixel wide, sharp at every scale of the screen."""
    painter.fillRect(rect, QColor(colors().line))
    inside = rect.adjusted(1, 1, -1, -1)
    if picture is None:
        painter.fillRect(inside, QColor(colors().window))
    else:
        painter.drawImage(inside, picture)


def paint_whole(painter: QPainter, square: QRect, picture: QImage) -> None:
    """Paint a whole picture in the middle of a square; a small one enlarged, pixel by pixel."""
    size = picture.size().scaled(square.size(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRect(QPoint(0, 0), size)
    target.moveCenter(square.center())
    enlarged = size.width() > 1.5 * picture.width()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not enlarged)
    painter.drawImage(target, picture)


def whole_picture(content: bytes, name: str, side: int, levels: "Levels | None" = None) -> QImage:
    """Return a picture file as it is, scaled down if it is larger than a square.

    Parameters
    ----------
    content, name
        The bytes of the file, and what errors call it.
    side
        The most pixels of its height and width.
    levels
        The range of the gray values of deep pictures; that of the picture itself if None.

    Raises
    ------
    DesignerError
        It cannot be read.
    """
    from designer.data.pictures import decode, picture_facts, picture_levels

    facts = picture_facts(content, name)
    form = form_within(facts.height, facts.width, facts.channels, side)
    if facts.deep and levels is None:
        levels = picture_levels(content, name)
    return on_screen(decode(content, name, form, levels=levels))


def on_screen(image: "Array") -> QImage:
    """Return an image (channels, height, width) as a picture; floats from 0 to 1 as they are."""
    import numpy as np

    if image.dtype.kind == "f" and image.size and image.min() >= 0 and image.max() <= 1:
        image = np.rint(image * 255).astype(np.uint8)
    return picture_of(image)


def form_within(height: int, width: int, channels: int, side: int) -> "PictureForm":
    """Return the form of a whole picture, scaled down until it fits into a square."""
    from designer.data.pictures import PictureForm

    scale = min(1.0, side / max(height, width))
    high, wide = (max(1, math.floor(each * scale + 0.5)) for each in (height, width))
    return PictureForm(channels, high, wide, "stretch")
