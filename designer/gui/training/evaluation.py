"""The Evaluation dock."""

from PySide6.QtWidgets import QWidget


class EvaluationPanel(QWidget):
    def __init__(self, *args) -> None:
        super().__init__()
