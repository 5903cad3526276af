"""The standby worker and the run that is followed."""

from PySide6.QtCore import QObject


class Trainer(QObject):
    def __init__(self, preferences, parent=None) -> None:
        super().__init__(parent)

    def window_shown(self): ...
    def preferences_changed(self): ...
    def may_close(self, window): return True
    def close(self): ...
