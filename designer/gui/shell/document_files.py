"""The File menu: opening, saving and closing designs, with the questions asked on the way."""

import os
from pathlib import Path
from typing import Protocol

import shiboken6
from PySide6 import QtWidgets
from PySide6.QtCore import Qt

from designer.design.identifiers import normalized
from designer.gui.commands.window import Window
from designer.gui.documents import imported
from designer.gui.documents.autosave import Autosave
from designer.gui.documents.document import Document
from designer.gui.documents.workspace import UNTITLED
from designer.preferences import store

_Role = QtWidgets.QMessageBox.ButtonRole
_Button = QtWidgets.QMessageBox.StandardButton
_FIELDS = (
    QtWidgets.QLineEdit,
    QtWidgets.QComboBox,
    QtWidgets.QAbstractSpinBox,
    QtWidgets.QPlainTextEdit,
)
_ALL = "All files (*)"
_FILTER = f"Designs (*.json);;{_ALL}"


class Foreign(Protocol):
    """Opens networks that are no design files."""

    def open_file(self, path: Path) -> None:
        """Open a file that is no design."""


class Documents:
    """Opens, saves and closes designs, and remembers the recent files."""

    def __init__(self, window: Window, autosave: Autosave, foreign: Foreign) -> None:
        self.window = window
        self.autosave = autosave
        self.foreign = foreign

    def new(self) -> None:
        """Open an empty design."""
        from designer.design.values import Design

        self.window.workspace.add(Design(UNTITLED), saved=None)

    def open(self) -> None:
        """Ask for the file of a design or of another network, and open it."""
        text, _ = QtWidgets.QFileDialog.getOpenFileName(
            self.window.frame, "Open", self._folder(), _openable()
        )
        if text:
            self.open_file(Path(text))

    def open_file(self, path: Path) -> None:
        """Open the file of a design or of another network, or show why it cannot be read."""
        from designer.readers import sources

        if str(path.absolute()) in self.window.preferences.recent and not os.path.lexists(path):
            self._offer_to_forget(path)
        elif path.suffix.lower() in sources.suffixes():
            self.foreign.open_file(path)
        elif self.window.guarded(lambda: self.window.workspace.open(path)):
            self.window.preferences.remember(path)

    def _offer_to_forget(self, path: Path) -> None:
        """Say that a recent file is gone, and remove it from the list if the user wants."""
        box = self._box(
            f"{path.name} is no longer in {path.parent}.",
            "It was moved, renamed or deleted. Open it from where it is now, or remove it from the "
            "list of recent designs.",
        )
        remove = box.addButton("Remove from the list", _Role.AcceptRole)
        box.addButton(_Button.Cancel)
        box.exec()
        if box.clickedButton() is remove:
            preferences = self.window.preferences
            gone = str(path.absolute())
            preferences.recent = [each for each in preferences.recent if each != gone]
            self.window.guarded(lambda: store(preferences))
            if self.window.workspace.document is None:
                self.window.workspace.switched.emit()  # the welcome page shows its list anew

    def open_demo(self) -> None:
        """Open LeNet-5 with the built-in digits chosen, so that Train is one press away."""
        self.window.workspace.open_preset("lenet5")
        self.window.show_dock("training")

    def save(self) -> bool:
        """Write the current design to its file and return whether that was done."""
        finish_typing()
        document = self.window.workspace.document
        if document is None:
            return False
        return self._write(document, document.path) if document.path else self.save_as()

    def save_as(self) -> bool:
        """Ask for a file, write the current design to it and return whether that was done."""
        document = self.window.workspace.document
        finish_typing()
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
        if not path.suffix:
            path = path.with_suffix(".json")
            if path.exists() and not self._may_replace(path):  # the dialog asked for another name
                return False
        return self._write(document, path)

    def _write(self, document: Document, path: Path) -> bool:
        workspace = self.window.workspace
        other = workspace.document_at(path)
        if other is not None and other is not document:
            self.window.show_error(
                f"{path.name} is open in another tab: close that one first, or choose another name."
            )
            return False
        if other is document:
            settled = self._settled(document)
            if settled is not None:
                return settled
            if not self._may_drop(document):
                return False
        linked = _has_other_names(path)

        def save() -> None:
            self._save_weights(document, path)
            workspace.save(document, path)

        done = self.window.guarded(save)
        if done:
            self.window.preferences.remember(path)
            workspace.reported.emit(
                f"Saved as {path}. Its other names, which are hard links, have the old version."
                if linked
                else f"Saved as {path}."
            )
        return done

    def _save_weights(self, document: Document, path: Path) -> None:
        """Put the weights of an opened network beside its design, where its recipe finds them."""
        before = document.imported
        if before is None:
            return
        document.imported = after = imported.put_beside(before, path)
        recipe = self.window.workspace.recipe
        if after is not before and recipe.initial_weights == str(before.weights):
            from designer.recipe.reading import changed

            recipe = changed(recipe, {"initial_weights": str(after.weights)})
            self.window.workspace.set_recipe(recipe)

    def _may_replace(self, path: Path) -> bool:
        """Ask whether a file that nobody chose by its full name may be replaced."""
        box = self._box(f"{path.name} exists already in {path.parent}.", "Replace it?")
        replace = box.addButton("Replace", _Role.DestructiveRole)
        box.setDefaultButton(box.addButton(_Button.Cancel))
        box.exec()
        return box.clickedButton() is replace

    def _settled(self, document: Document) -> bool | None:
        """Ask before a file is replaced that another program changed.

        Returns
        -------
        bool or None
            None to write the file; otherwise whether the design was saved, elsewhere.
        """
        if document.path is None or not document.digest:
            return None
        from designer.gui.documents import disk

        state = disk.look_at(
            document.path, document.digest, document.in_file, document.saved_recipe
        )
        if state.kind != "changed":
            return None
        box = self._box(
            disk.changed_sentence(document.path, state),
            f"Overwriting loses that change. {disk.reload_announcement(document, state)}".strip(),
        )
        overwrite = box.addButton("Overwrite", _Role.DestructiveRole)
        elsewhere = box.addButton("Save as…", _Role.AcceptRole)
        reload = box.addButton("Reload", _Role.DestructiveRole)
        box.setDefaultButton(box.addButton(_Button.Cancel))
        box.exec()
        answer = box.clickedButton()
        if answer is overwrite:
            return None
        if answer is reload:
            self.window.guarded(self.reload)
        return answer is elsewhere and self.save_as()

    def _may_drop(self, document: Document) -> bool:
        """Ask before saving drops what could not be read of the file's recipe."""
        if not document.unread or document.path is None:
            return True
        box = self._box(
            f"Saving drops what could not be read of the recipe in {document.path.name}.",
            f"This was: {document.unread}. Save as another file to keep it.",
        )
        drop = box.addButton("Save without it", _Role.DestructiveRole)
        box.setDefaultButton(box.addButton(_Button.Cancel))
        box.exec()
        return box.clickedButton() is drop

    def _box(self, text: str, more: str) -> QtWidgets.QMessageBox:
        box = QtWidgets.QMessageBox(self.window.frame)
        box.setIcon(QtWidgets.QMessageBox.Icon.Question)
        box.setWindowTitle("Network Designer")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(text)
        box.setInformativeText(more)
        return box

    def revert(self) -> None:
        """Go back to the design and recipe as their file or preset has them."""
        finish_typing()
        document = self.window.workspace.document
        self.window.workspace.revert()
        if document is not None:
            self.window.workspace.reported.emit(
                f"{document.title} is as it was saved. Undo brings your changes back."
            )

    def reload(self) -> None:
        """Take over what another program changed in the file of the current design."""
        finish_typing()
        workspace = self.window.workspace
        found = workspace.reload()
        if workspace.document is not None:
            workspace.reported.emit(f"Reloaded {workspace.document.title}. {found.report}".strip())

    def close(self, document: Document | None = None) -> bool:
        """Close a tab, asking about unsaved changes; return whether it was closed."""
        finish_typing()
        document = document or self.window.workspace.document
        if document is None:
            return True
        if document.modified and not self.may_lose(document):
            return False
        self.autosave.forget(document)
        self.window.workspace.close(document)
        self.forget_weights(document)
        return True

    def forget_weights(self, document: Document) -> None:
        """Remove the weights of an opened network that was not saved, unless a training needs them.

        A training that runs or waits may still have to read them.
        """
        trainer = self.window.trainer
        if document.imported is not None and not trainer.occupied and not trainer.queue.runs:
            imported.discard(document.imported.folder)

    def may_lose(self, document: Document) -> bool:
        """Ask whether to save a modified design; return whether it may be closed now."""
        nothing = document.path is None and not document.design.graph.nodes
        if nothing and not document.design.blocks and not document.recipe_modified:
            return True
        self.window.workspace.show(document)
        box = self._box(
            f"Save the changes to {document.title}?",
            "The changes are lost if you do not save them.",
        )
        box.setStandardButtons(_Button.Save | _Button.Discard | _Button.Cancel)
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


def finish_typing() -> None:
    """Take over what is being typed into a field, as leaving the field does."""
    field = QtWidgets.QApplication.focusWidget()
    if isinstance(field, _FIELDS):
        field.clearFocus()
        # A field that ends with its focus is gone. The stubs of shiboken6 have no type for isValid.
        if shiboken6.isValid(field):  # type: ignore[no-untyped-call]
            field.setFocus()


def _openable() -> str:
    """Return the filter of the file dialog: everything that can be opened, then each kind."""
    from designer.readers import sources

    every = " ".join(f"*{each}" for each in (".json", *sources.suffixes()))
    kinds = [
        f"{each.title[:1].upper()}{each.title[1:]} (*{' *'.join(each.suffixes)})"
        for each in sources.KINDS
        if each.suffixes
    ]
    return ";;".join([f"Designs and networks ({every})", _FILTER.partition(";;")[0], *kinds, _ALL])


def _has_other_names(path: Path) -> bool:
    try:
        return path.stat().st_nlink > 1
    except OSError:
        return False


def _file_name(name: str) -> str:
    signs = normalized(name.lower()).replace(" ", "-")
    return "".join(c for c in signs if c == "-" or f"a{c}".isidentifier())[:80] or "design"
