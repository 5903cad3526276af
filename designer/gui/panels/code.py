"""The Code dock."""

from PySide6.QtWidgets import QWidget


class CodePanel(QWidget):
    def __init__(self, *args) -> None:
        super().__init__()
