"""The line above the curves: which run is shown, of which design and data, and how it stands."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from designer.errors import DesignerError
from designer.gui.base import background
from designer.gui.documents.design_differences import same_network
from designer.gui.documents.workspace import Workspace
from designer.gui.worker.follower import Follower
from designer.gui.worker.trainer import Trainer
from designer.known_data.titles import data_title
from designer.runs.folder import RunFolder
from designer.runs.states import WORDS

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.recipe.recipe import Recipe

SETTLED = 300  # milliseconds after the last edit at which the design is compared with the run's
FLAT = "QToolButton, QPushButton { padding: 3px 8px; }"
"""The style of buttons in rows that leave their height to the curves."""

_WORDS = {
    **WORDS,
    "starting": "starting",
    "running": "training",
    "gone": "missing",
}
"""The words of a state above the curves, which knows more states than the list."""


@dataclass(frozen=True)
class Identity:
    """What a run was begun with; None for what cannot be read."""

    design: "Design | None"
    recipe: "Recipe | None"
    data: str


class RunTitle(QWidget):
    """Names the shown run, and says whether the canvas shows its design.

    Signals
    -------
    recipe_wanted()
        The set-up of the run is to be shown.
    next_wanted()
        The set-up of the next training is to be shown, while this one continues.
    identified()
        The design and the recipe of the shown run were read.

    Parameters
    ----------
    onward
        Buttons for a run that has ended, which are put at the end of the row.
    """

    recipe_wanted = Signal()
    next_wanted = Signal()
    identified = Signal()

    def __init__(self, workspace: Workspace, trainer: Trainer, onward: QWidget) -> None:
        super().__init__(objectName="training-title")
        self.workspace = workspace
        self.trainer = trainer
        self.identity: Identity | None = None
        self._path: Path | None = None  # of the run that was read, or is being read
        self._whole, self._short = "", ""
        self._noted = False  # whether there is a note, which a narrow row leaves out
        self._notes = ("", "")  # the long and the short text of the note
        self.name = QLabel(objectName="training-run-name")
        self.name.setMinimumWidth(1)
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.note = QLabel(objectName="training-design-note")
        self.note.setProperty("role", "warning")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.hide()
        self.recipe = QToolButton(objectName="training-run-set-up", text="Set-up of this run")
        self.recipe.setToolTip("Show the data, the recipe and the device that this run uses.")
        self.recipe.clicked.connect(self.recipe_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 1, 4, 0)
        self.setStyleSheet(FLAT)
        row.setSpacing(8)
        row.addWidget(self.name, 1)
        row.addWidget(self.note)
        row.addWidget(self.recipe)
        self.next = QToolButton(objectName="training-next", text="New training")
        self.next.setToolTip("Set up the next training, which waits until this one has ended.")
        self.next.clicked.connect(self.next_wanted)
        self.next.hide()
        row.addWidget(self.next)
        row.addWidget(onward)
        self._soon = QTimer(self, interval=SETTLED, singleShot=True)
        self._soon.timeout.connect(self._compare)
        workspace.switched.connect(self._compare)
        workspace.changed.connect(lambda *_: self._soon.start())

    @property
    def same_design(self) -> bool | None:
        """Whether the canvas shows the network of the run; None while unknown."""
        design = self.identity.design if self.identity is not None else None
        if design is None or self.workspace.document is None:
            return None
        return same_network(design, self.workspace.design)

    def show_run(self, follower: Follower) -> None:
        """Name a run and its state; read what it was begun with if it is another one."""
        path = follower.run.path
        if path != self._path:
            self._path, self.identity = path, None
            background.run(
                self,
                lambda: (path, _read(follower.run)),
                self._has_read,
                lambda _: None,
            )
        self._write(follower)

    def _has_read(self, found: tuple[Path, Identity]) -> None:
        path, identity = found
        if path != self._path:
            return
        self.identity = identity
        self._compare()
        if self.trainer.shown is not None:
            self._write(self.trainer.shown)
        self.identified.emit()

    def _write(self, follower: Follower) -> None:
        identity = self.identity
        state = "paused" if follower.paused else _WORDS.get(follower.state, follower.state)
        words = [follower.run.path.name]
        if identity is not None and identity.design is not None:
            words.insert(0, identity.design.name)
        if identity is not None and identity.data:
            words.append(identity.data)
        self._whole = " · ".join([*words, state])
        self._short = f"{follower.run.path.name} · {state}"
        self.next.setVisible(follower.going)
        self.name.setToolTip(f"{self._whole}\n{follower.run.path}")
        self.fit()

    def _compare(self) -> None:
        """Say whether the design on the canvas is another one, or was changed."""
        same, identity = self.same_design, self.identity
        self._noted = same is False
        if same is not False or identity is None or identity.design is None:
            self.fit()
            return
        changed = identity.design.name == self.workspace.design.name
        self._notes = (
            ("The design was changed since.", "Design changed.")
            if changed
            else ("The canvas shows another design.", "Another design.")
        )
        self.note.setToolTip(
            f"This run trains {identity.design.name} as it was when the run began; the design on "
            "the canvas was changed since then."
            if changed
            else f"This run trains {identity.design.name}; the canvas shows "
            f"{self.workspace.design.name}."
        )
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Shorten button, note and name to the width of the row, then leave out the note.

        Of the name, design and data are left out first.
        """
        metrics, wanted = self.name.fontMetrics(), self.width() - 12
        whole, short = self._whole, self._short
        for level, name in ((0, whole), (1, whole), (2, whole), (2, short), (3, short)):
            self.note.setVisible(self._noted and level < 3)
            self.recipe.setText("Set-up of this run" if level < 1 else "Set-up")
            self.note.setText(self._notes[level > 1])
            room = wanted - self._beside()
            if metrics.horizontalAdvance(name) <= room:
                self.name.setText(name)
                return
        self.name.setText(metrics.elidedText(short, Qt.TextElideMode.ElideMiddle, room))

    def _beside(self) -> int:
        """Return the width of all parts of the title except the run's name, gaps included."""
        layout = self.layout()
        assert layout is not None
        items = [layout.itemAt(at) for at in range(layout.count())]
        widgets = [item.widget() for item in items if item is not None]
        return sum(
            widget.sizeHint().width() + layout.spacing()
            for widget in widgets
            if widget is not None and widget is not self.name and not widget.isHidden()
        )


def _read(run: RunFolder) -> Identity:
    """Read what a run was begun with; runs in background threads."""
    from designer.design import files

    design: Design | None = None
    recipe: Recipe | None = None
    data = ""
    # The panel says what is wrong with the run.
    with suppress(DesignerError, OSError):
        design = files.read(run.design)
    with suppress(DesignerError, OSError):
        recipe = run.recipe()
        source = recipe.data.source
        record = run.data()
        name = record.name if record is not None else Path(source).name or source
        data = data_title(source, name)
    return Identity(design, recipe, data)
