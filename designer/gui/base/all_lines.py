"""Room for all lines of a text: Qt's form layout gives rows that wrap too little."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QLabel

_TALL = 100_000  # pixels, more than any text takes


def reserve_lines(label: QLabel) -> None:
    """Reserve the height of all lines that a label's text has in its present width.

    A label's own `heightForWidth` is never below the height reserved before, so that a form that
    was narrow once would keep its gaps.
    """
    flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop
    room = QRect(0, 0, max(label.width(), 1), _TALL)
    needed = label.fontMetrics().boundingRect(room, flags, label.text()).height()
    if needed != label.minimumHeight():
        label.setMinimumHeight(needed)
