"""Whether the files of open designs are on disk as they were read or saved here.

Another window, an editor or a version control may change or remove them meanwhile. Files are
compared by their content, so touching one is no change; a thread looks at them every few seconds,
which works on network drives, too, where the system reports no changes.
"""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from designer.design.values import Design
from designer.errors import DesignerError
from designer.gui.base import background
from designer.gui.base.notice import Notice
from designer.gui.documents.document import AS_KNOWN, Document, FileState
from designer.gui.documents.reloading import reloaded
from designer.gui.documents.workspace import Workspace, stored_recipe

if TYPE_CHECKING:
    from designer.recipe.recipe import Recipe

LOOK_MS = 2_000  # between two looks; one stat for each open file
REPLACING = 0.3  # seconds that an editor may take between removing a file and writing it again
_MOST = 4  # differences that are named


def look_at(path: Path, digest: str, design: Design | None, recipe: "Recipe | None") -> FileState:
    """Compare a file with what was read from it.

    Parameters
    ----------
    path
        The file.
    digest
        The digest of the content that is known.
    design
        The design of that content; None if it is not known.
    recipe
        The recipe of that content; None if it has none.
    """
    from designer.design import differences, files
    from designer.recipe.recipe import Recipe

    try:
        found = files.digest(path.read_bytes())
        if found == digest:
            return FileState("", found)
        content = files.load(path)
        now, _ = stored_recipe(content, path)
        changed = None
        if design is not None:
            changed = tuple(differences.changes(design, content.design))
            if (now or Recipe()) != (recipe or Recipe()):
                changed = (*changed, "recipe of the training changed")
        return FileState("changed", found, changed, content.design, now)
    except (FileNotFoundError, NotADirectoryError):
        return FileState("gone")
    except OSError:  # a drive that does not answer, for example, says nothing about the file
        return FileState("", digest)
    except DesignerError:
        return FileState("changed", found, ("it is no valid design now",))


def named(changes: tuple[str, ...]) -> str:
    """Return the first changes as one clause; "" if there are none."""
    shown = list(changes[:_MOST])
    if len(changes) > _MOST:
        shown.append(f"and {len(changes) - _MOST} more")
    return ", ".join(shown)


class DiskWatch(QObject):
    """Looks every few seconds, and when the program becomes active, at the files of open designs.

    Signals
    -------
    changed()
        A file was changed, removed or restored by another program.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._busy = False
        self._seen: dict[Path, tuple[object, FileState]] = {}  # of the open files only
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        workspace.documents_changed.connect(self._follow)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self._activated)

    def _follow(self) -> None:
        """Look regularly while a file is open."""
        watching = any(document.path for document in self.workspace.documents)
        if watching != self._timer.isActive():
            self._timer.start() if watching else self._timer.stop()

    def _activated(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self.look()

    def look(self) -> None:
        """Look at the files in a thread."""
        asked = [
            (document, document.path, document.digest, document.in_file, document.saved_recipe)
            for document in self.workspace.documents
            if document.path is not None and document.digest
        ]
        if self._busy or not asked:
            return
        self._busy = True

        def work() -> list[tuple[Document, Path, str, FileState]]:
            known, self._seen = self._seen, {}
            answers = []
            for document, path, digest, design, recipe in asked:
                state = self._state(path, digest, design, recipe, known.get(path))
                answers.append((document, path, digest, state))
            return answers

        background.run(self, work, self._take, lambda _: self._end())

    def _state(
        self,
        path: Path,
        digest: str,
        design: Design | None,
        recipe: "Recipe | None",
        known: tuple[object, FileState] | None,
    ) -> FileState:
        signature = _signature(path)
        if signature is None and (known is None or known[1].kind != "gone"):
            time.sleep(REPLACING)
            signature = _signature(path)
        key = (signature, digest)
        if known is None or known[0] != key:
            known = (key, look_at(path, digest, design, recipe))
        self._seen[path] = known
        return known[1]

    def _end(self) -> None:
        self._busy = False

    def _take(self, answers: list[tuple[Document, Path, str, FileState]]) -> None:
        self._busy = False
        news = False
        for document, path, digest, state in answers:
            if (document.path, document.digest) != (path, digest):
                continue  # it was saved meanwhile
            if state != document.on_disk:
                document.on_disk, news = state, True
        if news:
            self.workspace.documents_changed.emit()
            self.changed.emit()


def _signature(path: Path) -> object:
    """Return what changes with the content of a file; None if there is no file."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return ""
    return found.st_mtime_ns, found.st_size, found.st_ino


class DiskNotice(Notice):
    """Says that the file of the current design was changed or removed, and offers what to do.

    Signals
    -------
    save_requested(), save_as_requested(), reload_requested()
        A button was pressed.
    """

    save_requested = Signal()
    save_as_requested = Signal()
    reload_requested = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__("disk-notice")
        self.workspace = workspace
        self._shown: object = None
        workspace.documents_changed.connect(self.refresh)
        workspace.switched.connect(self.refresh)
        workspace.changed.connect(self.refresh)
        workspace.recipe_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show what became of the current design's file."""
        document = self.workspace.document
        state = document.on_disk if document is not None else AS_KNOWN
        effect = "" if document is None else reload_announcement(document, state)
        shown = (document, state, effect)
        if shown == self._shown:
            return
        self._shown = shown
        if document is None or document.path is None or not state.kind:
            self.tell("")
        elif state.kind == "gone":
            self.tell(
                f"{document.path.name} is gone from {document.path.parent}: it was moved or "
                "deleted. The design is still open here; save it to write the file again.",
                [
                    ("Save", self.save_requested.emit),
                    ("Save as…", self.save_as_requested.emit),
                ],
            )
        else:
            self.tell(
                f"{changed_sentence(document.path, state)} {effect}".strip(),
                [
                    ("Reload", self.reload_requested.emit),
                    ("Keep mine", self._keep),
                ],
            )

    def _keep(self) -> None:
        if self.workspace.document is not None:
            self.workspace.keep(self.workspace.document)


def reload_announcement(document: Document, state: FileState) -> str:
    """Return what reloading will do to a document's unsaved changes; "" if there are none."""
    if state.design is None or not document.modified:
        return ""
    return reloaded(document, state.design, state.recipe).announcement


def changed_sentence(path: Path, state: FileState) -> str:
    """Return a sentence on what another program changed in a file."""
    if state.differences is None:
        return f"{path.name} was changed on disk by another program."
    if not state.differences:
        return (
            f"{path.name} was changed on disk by another program; layers and recipe are the same."
        )
    return f"{path.name} was changed on disk by another program: {named(state.differences)}."
