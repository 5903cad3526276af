"""Pictures of a data set on the screen: from arrays to images, and their frames."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter

from designer.gui.base.theme import colors


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
