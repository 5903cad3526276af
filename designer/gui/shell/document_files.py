"""The File menu: opening, saving and closing designs, with the questions asked on the way."""

from pathlib import Path

from PySide6 import QtWidgets

from designer.gui.commands.window import Window
from designer.gui.documents.autosave import Autosave
from designer.gui.documents.document import Document

_FILTER = "Designs (*.json);;All files (*)"


class Documents:
    """Opens, saves and closes designs, and remembers the recent files."""

    def __init__(self, window: Window, autosave: Autosave) -> None:
        self.window = window
        self.autosave = autosave

    def new(self) -> None:
        """Open an empty design."""
        from designer.design.values import Design

        self.window.workspace.add(Design("Untitled"), saved=None)

    def open(self) -> None:
        """Ask for a design file and open it."""
        text, _ = QtWidgets.QFileDialog.getOpenFileName(
            self.window.frame, "Open design", self._folder(), _FILTER
        )
        if text:
            self.open_file(Path(text))

    def open_file(self, path: Path) -> None:
        """Open a design file, or show why it cannot be read."""
        self.window.guarded(lambda: self.window.workspace.open(path))
        if any(document.path == path.absolute() for document in self.window.workspace.documents):
            self.window.preferences.remember(path)

    def open_demo(self) -> None:
        """Open LeNet-5 with the built-in digits chosen, so that Train is one press away."""
        self.window.workspace.open_preset("lenet5")
        self.window.show_dock("training")

    def save(self) -> bool:
        """Write the current design to its file and return whether that was done."""
        document = self.window.workspace.document
        if document is None:
            return False
        return self._write(document, document.path) if document.path else self.save_as()

    def save_as(self) -> bool:
        """Ask for a file, write the current design to it and return whether that was done."""
        document = self.window.workspace.document
        if document is None:
            return False
        proposed = (
            document.path or Path(self._folder()) / f"{_file_name(document.design.name)}.json"
        )
        text, _ = QtWidgets.QFileDialog.getSaveFileName(
            self.window.frame, "Save design", str(proposed), _FILTER
        )
        if not text:
            return False
        path = Path(text)
        return self._write(document, path if path.suffix else path.with_suffix(".json"))

    def _write(self, document: Document, path: Path) -> bool:
        done = self.window.guarded(lambda: self.window.workspace.save(document, path))
        if done:
            self.window.preferences.remember(path)
            self.window.workspace.reported.emit(f"Saved as {path}.")
        return done

    def revert(self) -> None:
        """Go back to the design as its file has it."""
        self.window.workspace.revert()

    def close(self, document: Document | None = None) -> bool:
        """Close a tab, asking about unsaved changes; return whether it was closed."""
        document = document or self.window.workspace.document
        if document is None:
            return True
        if document.modified and not self.may_lose(document):
            return False
        self.autosave.forget(document)
        self.window.workspace.close(document)
        return True

    def may_lose(self, document: Document) -> bool:
        """Ask whether to save a modified design; return whether it may be closed now."""
        if not document.design.graph.nodes:
            return True
        self.window.workspace.show(document)
        box = QtWidgets.QMessageBox(
            QtWidgets.QMessageBox.Icon.Question,
            "Unsaved changes",
            f"Save the changes to {document.title}?",
            QtWidgets.QMessageBox.StandardButton.Save
            | QtWidgets.QMessageBox.StandardButton.Discard
            | QtWidgets.QMessageBox.StandardButton.Cancel,
            self.window.frame,
        )
        box.setInformativeText("The changes are lost if you do not save them.")
        box.setDefaultButton(QtWidgets.QMessageBox.StandardButton.Save)
        answer = box.exec()
        if answer == QtWidgets.QMessageBox.StandardButton.Save:
            return self.save()
        return answer == QtWidgets.QMessageBox.StandardButton.Discard

    def save_picture(self) -> None:
        """Ask for a file and write a picture of the network."""
        path = Path(self._folder()) / f"{_file_name(self.window.workspace.design.name)}.svg"
        text, _ = QtWidgets.QFileDialog.getSaveFileName(
            self.window.frame, "Save picture", str(path), "SVG (*.svg);;PNG (*.png)"
        )
        if text:
            self.window.canvas.save_picture(Path(text))
            self.window.workspace.reported.emit(f"Saved as {text}.")

    def show_welcome(self) -> None:
        """Show the gallery; the designs stay open."""
        self.window.workspace.show(None)

    def _folder(self) -> str:
        recent = self.window.preferences.recent
        return str(Path(recent[0]).parent) if recent else str(Path.home())


def _file_name(name: str) -> str:
    word = "".join(c for c in name.lower().replace(" ", "-") if c.isalnum() or c in "-_")
    return word or "design"
