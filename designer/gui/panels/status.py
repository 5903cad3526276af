"""The status bar."""

from PySide6.QtWidgets import QStatusBar


class StatusBar(QStatusBar):
    def __init__(self, workspace, training) -> None:
        super().__init__()
