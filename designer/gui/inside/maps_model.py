"""What the Maps dock shows: a node, the network and picture, and what they are compared with."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal

from designer.errors import DesignerError
from designer.gui.documents.workspace import Workspace
from designer.gui.inside.map_overlay import EXAMPLE
from designer.gui.worker.trainer import Trainer
from designer.layers.category import Category
from designer.runs.folder import RunFolder
from designer.runs.inspection import Picture, Subject

if TYPE_CHECKING:
    from designer.design.values import Design


@dataclass(frozen=True)
class Side:
    """A network with weights, and the picture that it is shown.

    Attributes
    ----------
    subject, picture
        These two; there may be no picture yet.
    """

    subject: Subject
    picture: Picture | None


class MapsModel(QObject):
    """The choices of the Maps dock, which follow the canvas and the shared `Inspection`.

    Signals
    -------
    changed()
        Another node, network or picture is shown, or a training has new weights.

    Attributes
    ----------
    node
        The path of the node that was selected last.
    other_subject, other_picture
        The network and the picture of the second side, None where they are those of the first.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace, trainer: Trainer, parent: QObject) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.trainer = trainer
        self.inspection = trainer.inspection
        self.node = ""
        self.other_subject: Subject | None = None
        self.other_picture: Picture | None = None
        self._fresh: tuple[Design, object, Subject] | None = None
        self._akin: dict[Path, tuple[Design | None, bool]] = {}
        self._chosen: Subject | None = None  # in this dock
        workspace.selection_changed.connect(self._selected)
        workspace.switched.connect(self._switched)
        workspace.changed.connect(self._edited)
        trainer.run_changed.connect(self.changed)
        trainer.state_changed.connect(self._state_changed)
        self.inspection.changed.connect(self.changed)
        workspace.node_values_changed.connect(self._node_values_changed)
        self._had_checkpoint = False
        self._selected()

    # What is shown

    @property
    def sides(self) -> list[Side]:
        """The network and picture that are shown, then those that they are compared with."""
        subject = self.subject
        if subject is None:
            return []
        first = Side(subject, self.picture)
        if not self.compares:
            return [first]
        return [
            first,
            Side(self.other_subject or subject, self.other_picture or first.picture),
        ]

    @property
    def takes_pictures(self) -> bool:
        """Whether the network that is looked into takes a picture."""
        subject = self.inspection.subject
        if subject is not None and subject.run:
            try:
                return not RunFolder(Path(subject.run)).network().inputs
            except (DesignerError, OSError):
                return True  # what is wrong is said by the worker
        shapes = [each.shape for each in self.workspace.analysis.inputs]
        return len(shapes) == 1 and len(shapes[0]) == 3

    @property
    def picture(self) -> Picture | None:
        """The picture that is chosen; while none is, the example that the canvas shows maps of."""
        document = self.workspace.document
        shown = document is not None and document.pictures is not None
        return self.inspection.picture or (EXAMPLE if shown else None)

    @property
    def compares(self) -> bool:
        """Whether two sides are shown."""
        return self.other_subject is not None or self.other_picture is not None

    @property
    def subject(self) -> Subject | None:
        """The network that is looked into.

        It is what all panels look into. A run of another design than the current one counts only
        if it was chosen here; otherwise it is that design with the weights from which its training
        would begin, since the nodes that are selected are its own.
        """
        found = self.inspection.subject
        if found is not None and (
            found.design or found == self._chosen or self._is_akin(RunFolder(Path(found.run)))
        ):
            return found
        return self.shown_run() or self.of_design()

    def shown_run(self) -> Subject | None:
        """Return the run that is shown, if it has weights and is one of the current design."""
        follower = self.trainer.shown
        if follower is None or not follower.checkpoint or not self._is_akin(follower.run):
            return None
        return Subject(run=str(follower.run.path.absolute()))

    def of_design(self) -> Subject | None:
        """Return the current design with the weights from which its training would begin."""
        document = self.workspace.document
        if document is None or not document.analysis.valid:
            return None
        design, recipe = document.design, self.workspace.recipe
        if self._fresh is None or self._fresh[0] is not design or self._fresh[1] != recipe:
            from designer.design import files

            subject = Subject(
                design=files.dumps(design),
                weights=recipe.initial_weights,
                seed=recipe.seed,
                recipe=msgspec.to_builtins(recipe),
            )
            self._fresh = (design, recipe, subject)
        return self._fresh[2]

    def _is_akin(self, run: RunFolder) -> bool:
        """Tell whether at least half of the current design's nodes are those of a run."""
        document = self.workspace.document
        if document is None:
            return False
        design, akin = self._akin.get(run.path, (None, False))
        if design is not document.design:
            from designer.design import files

            try:
                theirs = files.read(run.design).graph.nodes
            except DesignerError:
                theirs = {}
            ours = document.design.graph.nodes
            same = sum(theirs.get(name) == node for name, node in ours.items())
            akin = 2 * same >= len(ours) > 0
            self._akin[run.path] = document.design, akin
        return akin

    # Choosing

    def compare_with(self, subject: Subject | None, picture: Picture | None) -> None:
        """Show a second side, which has another network, another picture or both; None ends it."""
        if (subject, picture) != (self.other_subject, self.other_picture):
            self.other_subject, self.other_picture = subject, picture
            self.changed.emit()

    def take_weights(self, side: int, weights: str) -> None:
        """Show a run with other weights, on the first or the second side."""
        subject = self.sides[side].subject
        self.look_into(side, msgspec.structs.replace(subject, weights=weights))

    def look_into(self, side: int, subject: Subject) -> None:
        """Show another network on a side; that of the first side becomes that of all panels."""
        if side == 0:
            self._chosen = subject
            if subject == self.inspection.subject:
                self.changed.emit()
            self.inspection.look_into(subject)
        else:
            self.compare_with(subject, self.other_picture)

    # Following

    def _selected(self) -> None:
        document = self.workspace.document
        chosen = document.selection if document is not None else frozenset()
        if len(chosen) == 1 and (path := next(iter(chosen))) != self.node:
            self.node = path
            self.changed.emit()
        elif not self.node and document is not None:
            self._switched()

    def _switched(self) -> None:
        """Begin with the first convolution of another design, or its first layer."""
        document = self.workspace.document
        self.node = ""
        if document is not None:
            layers = [
                (name, each.layer)
                for name, each in document.analysis.top.layers()
                if each.layer is not None
                and each.layer.category not in (Category.PORT, Category.STORED)
            ]
            of_images = [name for name, each in layers if each.category is Category.CONVOLUTION]
            self.node = next(iter([*of_images, *(name for name, _ in layers)]), "")
            if len(document.selection) == 1:
                self.node = next(iter(document.selection))
        self.changed.emit()

    def _edited(self) -> None:
        if not self.node:
            self._switched()
        elif self.inspection.subject is None:
            self.changed.emit()

    def _node_values_changed(self) -> None:
        if self.inspection.picture is None:  # else maps on the canvas change nothing here
            self.changed.emit()

    def _state_changed(self) -> None:
        """Look again where the shown run got its first checkpoint."""
        shown = self.trainer.shown
        has = shown is not None and shown.checkpoint
        if has != self._had_checkpoint:
            self._had_checkpoint = has
            self.changed.emit()
