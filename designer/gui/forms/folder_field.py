"""A form field for a folder, typed or chosen in a dialog, and checked at once."""

import tempfile
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)


class FolderField(QWidget):
    """A field for the path of a folder, with a button that opens a folder dialog.

    Signals
    -------
    chosen(path)
        The user typed or picked a folder that can be used.
    """

    chosen = Signal(str)

    def __init__(
        self, name: str, accessible: str, *, required: bool = False, writable: bool = True
    ) -> None:
        super().__init__()
        self._required, self._writable = required, writable
        self.edit = QLineEdit(objectName=name)
        self.edit.setAccessibleName(accessible)
        self.edit.setPlaceholderText("none chosen")
        self.edit.textEdited.connect(self._check)
        self.edit.editingFinished.connect(self._finish)
        self.button = QPushButton("Choose…", objectName=f"{name}-choose")
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._ask)
        self.fault = QLabel(
            wordWrap=True, objectName=f"{name}-fault", textFormat=Qt.TextFormat.PlainText
        )
        self.fault.setProperty("role", "error")
        self.fault.hide()
        across = QHBoxLayout()
        across.setSpacing(6)
        across.addWidget(self.edit, 1)
        across.addWidget(self.button)
        down = QVBoxLayout(self)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(2)
        down.addLayout(across)
        down.addWidget(self.fault)
        self.setFocusProxy(self.edit)

    def set_text(self, text: str) -> None:
        """Show the path of the folder in use."""
        self.edit.setText(text)
        self._check(text)

    def _check(self, text: str) -> bool:
        fault = folder_fault(text, required=self._required, writable=self._writable)
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))
        self.edit.setProperty("wrong", bool(fault))
        self.edit.style().polish(self.edit)
        return not fault

    def _finish(self) -> None:
        text = self.edit.text().strip()
        if self._check(text):
            self.chosen.emit(text)

    def _ask(self) -> None:
        text = QFileDialog.getExistingDirectory(self, self.edit.accessibleName(), self.edit.text())
        if text:
            self.edit.setText(text)
            self._finish()


def folder_fault(text: str, *, required: bool = True, writable: bool = True) -> str:
    """Return why a folder cannot be used, "" if it can.

    Parameters
    ----------
    text
        The path as typed; ``~`` stands for the home folder.
    required
        Whether an empty path is refused.
    writable
        Whether files are to be written into the folder. It need not exist then: it is created
        when the first file is written.
    """
    if not text.strip():
        return "Choose a folder." if required else ""
    path = Path(text.strip()).expanduser()
    if not path.is_absolute():
        return f"{text.strip()} is not a full path: begin with {Path.home().anchor} or ~."
    if path.exists() and not path.is_dir():
        return f"{path} is a file: choose a folder."
    if not writable:
        return "" if path.is_dir() else f"The folder {path} does not exist: choose another folder."
    there = next((each for each in (path, *path.parents) if each.exists()), path)
    if not there.is_dir():
        return f"{there} is a file, so {path} cannot be created: choose another folder."
    try:
        with tempfile.TemporaryFile(dir=there):
            return ""
    except OSError as error:
        return f"{there} is not writable ({error.strerror}): choose another folder."
