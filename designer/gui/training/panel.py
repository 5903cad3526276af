"""The Training dock."""

from PySide6.QtWidgets import QWidget


class TrainingPanel(QWidget):
    running = False

    def __init__(self, workspace, trainer) -> None:
        super().__init__()

    def refusal(self): return ""
    def start(self): ...
    def toggle_pause(self): ...
    def stop(self): ...
    def checkpoint(self): ...
