"""Autosave: what is not saved is put aside within a second, and found again after a crash.

Each session of the program has a folder of its own with one file for each unsaved design, and a
lock that ends with the process. Folders whose process is gone hold what a crash left behind.
"""

import shutil
import uuid
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec
from PySide6.QtCore import QObject, QThreadPool, QTimer

from designer.errors import DesignerError
from designer.gui.base.preferences import Preferences, state_folder
from designer.gui.documents.workspace import Document, Workspace
from designer.recipe.recipe import Recipe
from designer.runs import lock
from designer.storage import write_atomically

if TYPE_CHECKING:
    from designer.design.values import Design


class Aside(msgspec.Struct):
    """A design that was put aside: where it belongs, and its text as a design file."""

    design: str
    path: str
    preset: str
    recipe: Recipe | None


class Autosave(QObject):
    """Puts modified designs aside a moment after they changed, off the main thread."""

    def __init__(
        self, workspace: Workspace, preferences: Preferences, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.preferences = preferences
        self._folder = _sessions() / uuid.uuid4().hex
        self._held = ExitStack()
        self._numbers = count(1)
        self._files: WeakKeyDictionary[Document, Path] = WeakKeyDictionary()
        self._written: WeakKeyDictionary[Document, Design] = WeakKeyDictionary()
        self._failed = False
        self._writer = QThreadPool(self)
        self._writer.setMaxThreadCount(1)  # one after the other, so that the newest is the last
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.put_aside)
        workspace.changed.connect(self._soon)
        workspace.documents_changed.connect(self._soon)

    def _soon(self) -> None:
        # Not started again by later changes: a busy user, too, loses no more than this time.
        if not self._timer.isActive():
            self._timer.start(round(1000 * self.preferences.autosave_seconds))

    def put_aside(self) -> None:
        """Write every design that would be lost now and is not written yet."""
        for document in self.workspace.documents:
            if not document.modified:
                self.forget(document)
            elif self._written.get(document) is not document.design:
                self._write(document)

    def _write(self, document: Document) -> None:
        try:
            file = self._file(document)
        except (OSError, DesignerError) as error:
            if not self._failed:  # once, not with every edit
                self._failed = True
                self.workspace.refused.emit(
                    f"Unsaved designs cannot be put aside in {self._folder} ({error}); save often."
                )
            return
        design = document.design
        place, preset, recipe = str(document.path or ""), document.preset, document.recipe
        self._written[document] = design

        def write() -> None:
            from designer.design import files

            aside = Aside(files.dumps(design), place, preset, recipe)
            try:
                write_atomically(file, msgspec.json.encode(aside))
            except OSError:  # a full disk; the next change tries again
                self._written.pop(document, None)

        self._writer.start(write)

    def _file(self, document: Document) -> Path:
        if document not in self._files:
            if not self._folder.exists():
                self._folder.mkdir(parents=True)
                self._held.enter_context(lock.held(self._folder / "lock"))
            self._files[document] = self._folder / f"{next(self._numbers)}.json"
        return self._files[document]

    def forget(self, document: Document) -> None:
        """Drop what was put aside of a design: it is saved, or given up."""
        file = self._files.pop(document, None)
        self._written.pop(document, None)
        if file is not None:
            self._writer.start(lambda: file.unlink(missing_ok=True))

    def recover(self) -> int:
        """Open what earlier sessions left behind when they crashed; returns how many designs.

        What cannot be read stays where it is, for whoever can mend it.
        """
        found = 0
        for folder in sorted(_sessions().glob("*")):
            if folder == self._folder or lock.holder(folder / "lock") is not None:
                continue
            complete = True
            for file in sorted(folder.glob("*.json")):
                try:
                    self._open(file)
                    found += 1
                except (OSError, msgspec.MsgspecError, DesignerError):
                    complete = False
            if complete:
                # Written anew at once, so that nothing is lost between the two.
                self.put_aside()
                self._writer.waitForDone()
                shutil.rmtree(folder, ignore_errors=True)
        if found:
            one = "The design that was" if found == 1 else f"{found} designs that were"
            self.workspace.told.emit(f"{one} not saved when the program ended: here again.")
        return found

    def _open(self, file: Path) -> None:
        from designer.design import files

        aside = msgspec.json.decode(file.read_bytes(), type=Aside)
        design = files.loads(aside.design, origin=str(file))
        self.workspace.add(
            design,
            path=Path(aside.path) if aside.path else None,
            preset=aside.preset,
            recipe=aside.recipe,
        )

    def finish(self) -> None:
        """End the session: the user was asked about everything, nothing is to be kept."""
        self._timer.stop()
        self._writer.waitForDone()
        self._held.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _sessions() -> Path:
    return state_folder() / "autosave"
