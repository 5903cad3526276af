"""The inspector dock."""

from PySide6.QtWidgets import QWidget


class Inspector(QWidget):
    def __init__(self, *args) -> None:
        super().__init__()
