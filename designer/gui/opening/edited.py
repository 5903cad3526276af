"""Edited Python files that were exported from a design: what differs, before it is taken."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import screens
from designer.gui.base.theme import sans

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.folding.differences_in_words import Difference
    from designer.gui.documents.document import Document
    from designer.gui.documents.workspace import Workspace

Answer = Literal["take", "open", "cancel"]
_Role = QDialogButtonBox.ButtonRole


class Edits(NamedTuple):
    """What an edited file makes of a design.

    Attributes
    ----------
    design
        The design with the edits; what was not edited is as it was, positions included.
    sentences
        What differs, a line each; empty if nothing does.
    """

    design: "Design"
    sentences: tuple[str, ...]


def document_of(origin: "Design", workspace: "Workspace") -> "Document | None":
    """Return the open design that a file was exported from; None if it is not open.

    One that was edited since is known by its name; the current one is preferred.
    """
    current = workspace.document
    documents = [*([current] if current is not None else []), *workspace.documents]
    same = (each for each in documents if each.design == origin)
    named = (each for each in documents if each.design.name == origin.name)
    return next(same, None) or next(named, None)


def compare(read: "Design", known: "Design", origin: "Design") -> Edits:
    """Find what an edited file changes in a design; in a thread.

    Parameters
    ----------
    read
        The design that the file was made from, with the edits.
    known
        The design as it is now.
    origin
        The design that the file was made from.
    """
    from designer.folding.differences_in_words import differences
    from designer.folding.matching import match
    from designer.folding.reconcile import reconcile
    from designer.runs import own_layers

    design = read
    if known != origin:
        design = reconcile(read, known, origin, own_layers.known(known)).design
    return Edits(design, tuple([_sentence(each) for each in differences(match(known, design))]))


def _sentence(row: "Difference") -> str:
    """Return a difference as a line of the list."""
    from designer.folding.differences_in_words import KINDS, place_text

    place = f"In {place_text(row.graph)}: " if place_text(row.graph) else ""
    if row.kind in ("added", "removed"):
        return f"{place}{row.name} is {KINDS[row.kind].word}: {row.text}"
    return f"{place}{row.name}: {row.text}"


def ask(parent: QWidget, name: str, title: str, sentences: Sequence[str]) -> Answer:
    """Show the edits of a file, and ask what becomes of them.

    Parameters
    ----------
    name
        The name of the file.
    title
        What the tab of the design says.
    sentences
        What differs.
    """
    dialog = EditsDialog(name, title, sentences, parent)
    dialog.exec()
    answer = dialog.answer
    dialog.deleteLater()
    return answer


class EditsDialog(QDialog):
    """Lists the edits of a file; they are taken into its design, opened beside it, or left.

    Attributes
    ----------
    answer
        What the user chose.
    """

    def __init__(
        self, name: str, title: str, sentences: Sequence[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, objectName="edits")
        self.answer: Answer = "cancel"
        self.setWindowTitle(f"Changes in {name}")
        number = "1 change" if len(sentences) == 1 else f"{len(sentences)} changes"
        head = QLabel(
            f"{name} was edited: {number} to {title}.",
            wordWrap=True,
            textFormat=Qt.TextFormat.PlainText,
        )
        head.setFont(sans(bold=True))
        self.list = QListWidget(objectName="edits-list")
        self.list.setAccessibleName("Changes")
        self.list.setWordWrap(True)
        self.list.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.list.addItems(list(sentences))
        note = QLabel(
            "Taking the changes is one step, which Undo takes back. Positions, and what was not "
            "edited, stay as they are.",
            wordWrap=True,
            textFormat=Qt.TextFormat.PlainText,
        )
        note.setProperty("role", "soft")
        buttons = QDialogButtonBox()
        self.take = buttons.addButton("Take the changes", _Role.AcceptRole)
        self.take.setObjectName("edits-take")
        self.take.setProperty("primary", True)
        self.take.setDefault(True)
        self.beside = buttons.addButton("Open as a new design", _Role.ActionRole)
        self.beside.setObjectName("edits-open")
        cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.take.clicked.connect(lambda: self._choose("take"))
        self.beside.clicked.connect(lambda: self._choose("open"))
        cancel.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(head)
        column.addWidget(self.list, 1)
        column.addWidget(note)
        column.addWidget(buttons)
        high = self.fontMetrics().height()
        rows = min(max(len(sentences), 3), 12)
        screens.resize_within(self, high * 34, high * (12 + 2 * rows))

    def _choose(self, answer: Answer) -> None:
        self.answer = answer
        self.accept()
