"""The Analysis dock."""

from PySide6.QtWidgets import QWidget


class AnalysisPanel(QWidget):
    def __init__(self, *args) -> None:
        super().__init__()
