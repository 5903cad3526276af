"""The Runs dock."""

from PySide6.QtWidgets import QWidget


class RunsPanel(QWidget):
    def __init__(self, *args) -> None:
        super().__init__()
