"""The palette dock."""

from PySide6.QtWidgets import QWidget


class Palette(QWidget):
    def __init__(self, *args) -> None:
        super().__init__()
