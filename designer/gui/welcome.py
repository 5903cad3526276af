"""The welcome page."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget


class Welcome(QWidget):
    open_requested = Signal()
    tour_requested = Signal()
    demo_requested = Signal()

    def __init__(self, workspace, preferences) -> None:
        super().__init__()

    def refresh(self): ...
