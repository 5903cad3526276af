"""The Problems dock."""

from PySide6.QtWidgets import QWidget


class ProblemsPanel(QWidget):
    def __init__(self, *args) -> None:
        super().__init__()
