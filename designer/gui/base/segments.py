"""A row of buttons of which one is pressed: a choice between a few views."""

from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget


class Segment(NamedTuple):
    """A button: its name in the code, its text, and a sentence for its tooltip."""

    name: str
    text: str
    help: str


class Segments(QFrame):
    """The buttons; the arrow keys choose the next.

    Signals
    -------
    chosen(name)
        The user chose another one.
    """

    chosen = Signal(str)

    def __init__(self, name: str, rows: Iterable[Segment], parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName=name)
        self.setProperty("role", "segments")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        across = QHBoxLayout(self)
        across.setContentsMargins(2, 2, 2, 2)
        across.setSpacing(2)
        self.buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        for row in rows:
            button = QToolButton(text=row.text, checkable=True, objectName=f"{name}-{row.name}")
            button.setToolTip(row.help)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, name=row.name: self.chosen.emit(name))
            group.addButton(button)
            across.addWidget(button)
            self.buttons[row.name] = button
        next(iter(self.buttons.values())).setChecked(True)

    @property
    def current(self) -> str:
        """The name of the button that is pressed."""
        return next(name for name, button in self.buttons.items() if button.isChecked())

    def choose(self, name: str) -> None:
        """Press a button; no signal is sent."""
        self.buttons[name].setChecked(True)
