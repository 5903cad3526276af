"""Whether anything of a widget is seen by the user."""

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QWidget


def is_seen(widget: QWidget) -> bool:
    """Return whether any part of a widget lies in its window.

    Qt calls a dock visible that lies behind other tabs: it is moved out of the window. The visible
    region of a widget does not tell, as it lacks what children cover.
    """
    window = widget.window()
    place = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())
    return widget.isVisible() and window.rect().intersects(place)
