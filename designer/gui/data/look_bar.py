"""A line that tells how far the look at the pictures is, with Cancel, or begins another one."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from designer.gui.base import numbers
from designer.gui.data.model import DataModel


class LookBar(QWidget):
    """Progress while pictures are looked at; a button for all of them if only a sample was."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="look-bar")
        self.model = model
        self.words = QLabel(objectName="look-words", textFormat=Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.setMinimumWidth(1)
        self.words.setProperty("role", "soft")
        self.bar = QProgressBar(objectName="look-progress", textVisible=False)
        self.bar.setMaximumWidth(260)
        self.cancel = QPushButton("Cancel", objectName="look-cancel")
        self.cancel.clicked.connect(model.stop_looking)
        self.more = QPushButton(objectName="look-more")
        self.more.clicked.connect(lambda: model.look_at(whole=True))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.words, 1)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        row.addWidget(self.more)
        for signal in (model.looked, model.changed):
            signal.connect(self._show)
        self._show()

    def _show(self) -> None:
        model, look = self.model, self.model.look
        running = model.looking is not None
        sampled = look is not None and not look.inspection.complete
        self.bar.setVisible(running)
        self.cancel.setVisible(running)
        self.more.setVisible(not running and (sampled or bool(model.look_error)))
        words = model.look_error
        if model.looking is not None:
            done, total = model.looking
            self.bar.setRange(0, total)
            self.bar.setValue(done)
            words = "Looking at the pictures…"
            if total:
                words = f"Looking at the pictures: {numbers.count(done)} of {numbers.count(total)}…"
        elif sampled and look is not None:
            inspection = look.inspection
            words = (
                f"{numbers.count(inspection.looked_at)} of {numbers.count(inspection.total)} "
                "pictures were looked at."
            )
        if model.contents is not None:
            whole = sum(len(part) for part in model.contents.data.parts.values())
            self.more.setText(f"Look at all {numbers.count(whole)}")
        self.words.setText(words)
        self.setVisible(bool(words))
