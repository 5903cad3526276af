"""A title with buttons side by side, in several lines where there is little room."""

from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from designer.gui.base.flow_layout import FlowLayout
from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import sans, theme


class Entry(NamedTuple):
    """A button: its name in the code, its text, and its tooltip."""

    key: str
    text: str
    help: str


class ButtonRow(QWidget):
    """A button for each entry.

    Parameters
    ----------
    name
        Of the row; a button is called by the prefix and its key.
    title
        What stands before the buttons.
    prefix
        Of the names of the buttons.

    Signals
    -------
    chosen(key)
        A button was pressed.
    """

    chosen = Signal(str)

    def __init__(self, name: str, title: str, prefix: str, entries: Iterable[Entry] = ()) -> None:
        super().__init__(objectName=name)
        self._across = FlowLayout(self, gap=7, line_gap=6)
        self._across.setContentsMargins(0, 0, 0, 0)
        self._prefix = prefix
        self._title = QLabel(title, textFormat=Qt.TextFormat.PlainText)
        self._title.setContentsMargins(0, 0, 5, 0)
        self._across.addWidget(self._title)
        self.buttons: dict[str, QPushButton] = {}
        self.fill(entries)
        theme.changed.connect(self._apply_theme)

    def fill(self, entries: Iterable[Entry]) -> None:
        """Add buttons; Tab goes to them where the row is, even if they are added late."""
        last: QWidget = [self, *self.buttons.values()][-1]
        while not last.focusPolicy() & Qt.FocusPolicy.TabFocus:  # Qt takes no others
            earlier = last.previousInFocusChain()
            if earlier is None or earlier is self:
                break
            last = earlier
        for key, text, help_ in entries:
            button = QPushButton(text, objectName=f"{self._prefix}-{key}")
            button.setToolTip(wrapped_tip(help_))
            button.setAutoDefault(True)
            button.clicked.connect(lambda _=False, key=key: self.chosen.emit(key))
            self.buttons[key] = button
            self._across.addWidget(button)
            self.setTabOrder(last, button)
            last = button

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._apply_theme()  # here, since Qt resets fonts when the row gets its parent

    def _apply_theme(self) -> None:
        self._title.setFont(sans(1.1, bold=True))
