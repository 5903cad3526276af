"""Sizes of windows and dialogs that fit the free area of the screen."""

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QScreen
from PySide6.QtWidgets import QWidget

_USUAL = QSize(1480, 920)  # of the main window, where the screen has room for it
_SHARE = 0.68  # of a very large screen
_FRAME = QSize(16, 40)  # the window manager's border and title bar before they are known


def free_area(widget: QWidget) -> QRect:
    """Return the screen's area for the inside of a window: without task bar and window frame."""
    area = _screen(widget).availableGeometry()
    frame = widget.frameGeometry()
    left, top = widget.geometry().x() - frame.x(), widget.geometry().y() - frame.y()
    if frame.size() == widget.size():  # not shown yet, so without a frame
        left, top = _FRAME.width() // 2, _FRAME.height() - _FRAME.width() // 2
    across = max(2 * left, frame.width() - widget.width())
    down = max(top + left, frame.height() - widget.height())
    return QRect(area.x() + left, area.y() + top, area.width() - across, area.height() - down)


def place_first(window: QWidget) -> None:
    """Give a window its first size and put it into the middle of the screen's free area."""
    area = free_area(window)
    usual = _USUAL.expandedTo(area.size() * _SHARE)
    window.setGeometry(_centered(usual.boundedTo(area.size()), area))


def keep_on_screen(window: QWidget) -> None:
    """Shrink and move a window that is larger than its screen or partly beside every screen."""
    if window.isMaximized() or window.isFullScreen():
        return
    area, now = free_area(window), window.geometry()
    if area.contains(now):
        return
    size = now.size().boundedTo(area.size())
    x = min(max(now.x(), area.left()), area.left() + area.width() - size.width())
    y = min(max(now.y(), area.top()), area.top() + area.height() - size.height())
    window.setGeometry(QRect(x, y, size.width(), size.height()))


def resize_within(dialog: QWidget, width: int, height: int) -> None:
    """Resize a dialog that is not shown yet, at most to the free area of its screen."""
    dialog.resize(QSize(width, height).boundedTo(free_area(dialog).size()))


def _screen(widget: QWidget) -> QScreen:
    """Return the screen that most of a shown window is on, else the one its parent is on."""
    parent = widget.parentWidget()
    return (parent.window() if parent is not None else widget).screen()


def _centered(size: QSize, area: QRect) -> QRect:
    x = area.x() + (area.width() - size.width()) // 2
    y = area.y() + (area.height() - size.height()) // 2
    return QRect(x, y, size.width(), size.height())
