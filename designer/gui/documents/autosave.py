"""Autosave: backups of unsaved designs, which are opened again after a crash.

Each session of the program has its own folder, with one file for each unsaved design and a lock
that ends with the process. A folder whose process has ended was left by a crash.
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
from designer.gui.documents.document import Document
from designer.gui.documents.workspace import Workspace
from designer.preferences import Preferences, state_folder
from designer.runs import lock
from designer.storage import write_atomically

if TYPE_CHECKING:
    from designer.design.values import Design


class Autosave(QObject):
    """Writes backups of modified designs a moment after they changed, off the main thread."""

    def __init__(
        self, workspace: Workspace, preferences: Preferences, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.preferences = preferences
        self._folder = _sessions() / uuid.uuid4().hex
        self._locks = ExitStack()
        self._numbers = count(1)
        self._files: WeakKeyDictionary[Document, Path] = WeakKeyDictionary()
        self._written: WeakKeyDictionary[Document, Design] = WeakKeyDictionary()
        self._failed = False
        self._writer = QThreadPool(self)
        self._writer.setMaxThreadCount(1)  # one after another, so that the newest is written last
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.write_backups)
        workspace.changed.connect(self._soon)
        workspace.recipe_changed.connect(self._soon)
        workspace.documents_changed.connect(self._soon)

    def _soon(self) -> None:
        # Later changes do not restart it, so that a crash never loses more than this time.
        if not self._timer.isActive():
            self._timer.start(round(1000 * self.preferences.autosave_seconds))

    def write_backups(self) -> None:
        """Write every modified design that has no backup of its present value."""
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
                    f"No backups of unsaved designs can be written in {self._folder} ({error}). "
                    "Save your designs often."
                )
            return
        design = document.design
        path, preset, recipe = str(document.path or ""), document.preset, document.recipe
        self._written[document] = design

        def write() -> None:
            from designer.design import files
            from designer.gui.documents.backup import Backup

            backup = Backup(files.dumps(design), path, preset, recipe)
            try:
                write_atomically(file, msgspec.json.encode(backup))
            except OSError:  # a full disk; the next change tries again
                self._written.pop(document, None)

        self._writer.start(write)

    def _file(self, document: Document) -> Path:
        if document not in self._files:
            if not self._folder.exists():
                self._folder.mkdir(parents=True)
                self._locks.enter_context(lock.held(self._folder / "lock"))
            self._files[document] = self._folder / f"{next(self._numbers)}.json"
        return self._files[document]

    def forget(self, document: Document) -> None:
        """Delete the backup of a design that was saved or discarded."""
        file = self._files.pop(document, None)
        self._written.pop(document, None)
        if file is not None:
            self._writer.start(lambda: file.unlink(missing_ok=True))

    def recover(self) -> int:
        """Open the backups of sessions that crashed, and return how many designs they held.

        A backup that cannot be read stays where it is.
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
                # New backups first, so that another crash loses nothing.
                self.write_backups()
                self._writer.waitForDone()
                shutil.rmtree(folder, ignore_errors=True)
        if found:
            self.workspace.reported.emit(
                "A design that was not saved when the program ended was restored."
                if found == 1
                else f"{found} designs that were not saved when the program ended were restored."
            )
        return found

    def _open(self, file: Path) -> None:
        from designer.design import files
        from designer.gui.documents.backup import Backup

        backup = Backup.from_json(file.read_bytes())
        design = files.loads(backup.design, origin=str(file))
        self.workspace.add(
            design,
            path=Path(backup.path) if backup.path else None,
            preset=backup.preset,
            recipe=backup.recipe,
        )

    def finish(self) -> None:
        """Delete the backups and the folder of this session, at its regular end."""
        self._timer.stop()
        self._writer.waitForDone()
        self._locks.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _sessions() -> Path:
    return state_folder() / "autosave"
