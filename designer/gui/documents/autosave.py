"""Autosave: backups of unsaved designs, which are opened again after a crash.

Each session of the program has its own folder, with one file for each unsaved design and a lock
that ends with the process. A folder whose process has ended was left by a crash.
"""

import shutil
import uuid
from contextlib import ExitStack, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec
from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal

from designer import file_lock
from designer.errors import DesignerError
from designer.gui.base import background
from designer.gui.documents.document import Document
from designer.gui.documents.workspace import Workspace
from designer.preferences import Preferences, state_folder
from designer.storage import write_atomically

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.recipe.recipe import Recipe

    _Value = tuple[Design, Recipe | None]

RETRY_MS = 10_000  # after a backup could not be written, without a further change


class Autosave(QObject):
    """Writes backups of modified designs a moment after they changed, off the main thread.

    Signals
    -------
    failed(sentence)
        Backups cannot be written, or they can again: "".
    """

    failed = Signal(str)

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
        self._written: WeakKeyDictionary[Document, _Value] = WeakKeyDictionary()
        # The backups of a crashed session, until their designs have new ones.
        self._recovered: WeakKeyDictionary[Document, Path] = WeakKeyDictionary()
        self._failing = False
        self.retry_ms = RETRY_MS
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
            else:
                design, recipe = self._written.get(document, (None, None))
                if design is not document.design or recipe is not document.recipe:
                    self._write(document)

    def _write(self, document: Document) -> None:
        try:
            file = self._file(document)
        except (OSError, DesignerError) as error:
            self._refused(document, error)
            return
        design, recipe, digest = document.design, document.recipe, document.digest
        path, preset, unread = str(document.path or ""), document.preset, document.unread
        self._written[document] = (design, recipe)
        recovered = self._recovered.get(document)

        background.prepare()

        def write() -> None:
            from designer.design import files
            from designer.gui.documents.backup import Backup

            backup = Backup(files.dumps(design), path, preset, recipe, digest, unread)
            try:
                write_atomically(file, msgspec.json.encode(backup))
            except OSError as error:
                background.post(self, partial(self._refused, document, error))
            else:
                if recovered is not None:
                    _unlink(recovered)
                background.post(self, self._worked)

        self._writer.start(write)

    def _refused(self, document: Document, error: OSError | DesignerError) -> None:
        """Say that backups cannot be written, and try again later."""
        self._written.pop(document, None)
        QTimer.singleShot(self.retry_ms, self, self.write_backups)
        if self._failing:  # which was said already
            return
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        self._failing = True
        self.failed.emit(
            f"No backups of unsaved designs can be written in {self._folder} ({reason}): make room "
            "or make the folder writable, and save your designs often until then."
        )

    def _worked(self) -> None:
        if self._failing:
            self._failing = False
            self.failed.emit("")
            self.workspace.reported.emit("Backups of unsaved designs are written again.")

    def _file(self, document: Document) -> Path:
        if not self._folder.exists():
            self._folder.mkdir(parents=True)
            self._locks.enter_context(file_lock.held(self._folder / "lock"))
        if document not in self._files:
            self._files[document] = self._folder / f"{next(self._numbers)}.json"
        return self._files[document]

    def forget(self, document: Document) -> None:
        """Delete the backup of a design that was saved or discarded."""
        self._written.pop(document, None)
        for files in (self._files, self._recovered):
            file = files.pop(document, None)
            if file is not None:
                self._writer.start(partial(_unlink, file))

    def recover(self) -> int:
        """Open the backups of sessions that crashed, and return how many designs they held.

        A backup that cannot be read stays where it is, and is reported. The folder of a session
        that crashed with nothing unsaved is removed.
        """
        found = 0
        unread: list[Path] = []
        for folder in sorted(_sessions().glob("*")):
            # A folder without a lock may be that of a window that is just making it.
            if folder == self._folder or not (
                any(folder.glob("*.json")) or (folder / "lock").exists()
            ):
                continue
            try:
                # The operating system's lock, which needs no clock, and which keeps a second
                # window from opening the same backups.
                with file_lock.held(folder / "lock"):
                    opened, damaged = self._recover(folder)
            except (OSError, DesignerError):  # its window lives
                continue
            found += opened
            unread += damaged
            if not any(folder.glob("*.json")):
                shutil.rmtree(folder, ignore_errors=True)
        if found:
            self.workspace.reported.emit(
                "A design that was not saved when the program ended was restored."
                if found == 1
                else f"{found} designs that were not saved when the program ended were restored."
            )
        if unread:
            self.failed.emit(
                f"The backup {unread[0]} of a design that was not saved cannot be read: it is "
                "damaged or of a newer version. Update the program, or delete the file."
            )
        return found

    def _recover(self, folder: Path) -> tuple[int, list[Path]]:
        """Open the backups of a session; return how many, and the files that cannot be read."""
        opened = 0
        damaged = []
        for file in sorted(folder.glob("*.json")):
            try:
                self._recovered[self._open(file)] = file
                opened += 1
            except (OSError, DesignerError):
                damaged.append(file)
        # Each file goes once its design has a new backup, so that neither another crash nor a
        # full disk loses it.
        self.write_backups()
        self._writer.waitForDone()
        return opened, damaged

    def _open(self, file: Path) -> Document:
        from designer.gui.documents import backup as backups
        from designer.gui.documents import imported

        backup, design = backups.read(file)
        document = self.workspace.add(
            design,
            path=Path(backup.path) if backup.path else None,
            preset=backup.preset,
            recipe=backup.recipe,
        )
        document.digest, document.unread = backup.digest, backup.unread
        document.imported = imported.of_recipe(backup.recipe)
        return document

    def finish(self) -> None:
        """Delete the backups and the folder of this session, at its regular end."""
        self._timer.stop()
        self._writer.waitForDone()
        # Before another window could recover them.
        for file in [*self._folder.glob("*.json"), *self._recovered.values()]:
            _unlink(file)
        self._locks.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _unlink(file: Path) -> None:
    with suppress(OSError):  # a backup that stays is only opened once more
        file.unlink(missing_ok=True)


def _sessions() -> Path:
    return state_folder() / "autosave"
