"""Feature maps on the canvas: asks what every node gives for the chosen picture, and shows it.

The maps are those of the network that is looked into, if that is the current design or an earlier
value of it; else of the run that is shown, or of fresh weights. They are computed again when the
picture, the network or its weights change, as with each checkpoint of a training.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from designer.errors import DesignerError
from designer.gui.base import numbers, signed_colors
from designer.gui.documents.document import Document
from designer.gui.documents.workspace import Workspace
from designer.gui.inside.subject_words import network_words, weights_words
from designer.gui.worker.inspection import Reply
from designer.gui.worker.trainer import Trainer
from designer.runs.inspection import Picture, Subject, design_of

if TYPE_CHECKING:
    from designer.design.values import Design

KEY = "canvas-maps"
SETTLED = 10  # milliseconds without another change after which is asked
EXAMPLE = Picture(part="validation", index=0)
"""What is shown while no picture is chosen: the first of the validation part."""
NO_LONGER_FIT = (
    "The weights do not fit the design as it is now: train it, or use fresh weights for the maps."
)
_DESIGNS = 8  # that are remembered
_SIZE, _MOST = 32, 6  # pixels and number of a node's tiles, of which a node has room for five
_PIXELS = 6_000_000  # of the tiles of all nodes; in larger designs a node has fewer


@dataclass(frozen=True)
class Source:
    """Whose maps are shown.

    Attributes
    ----------
    document, design
        The document, and the value of its design that computes them.
    subject, picture
        The network with its weights, and what it looks at.
    version
        How often the weights were written anew; see `Inspection.version`.
    """

    document: Document
    design: "Design"
    subject: Subject
    picture: Picture
    version: int

    @property
    def weights(self) -> str:
        """Words for the weights."""
        words = weights_words(self.subject)
        if self.subject.run:
            return f"{network_words(self.subject)}, {words}"
        return f"weights of {words}" if self.subject.weights else words


class MapOverlay(QObject):
    """Whether feature maps are shown on the canvas, and what is to be said of them.

    Signals
    -------
    changed()
        An attribute changed.

    Attributes
    ----------
    shown
        Whether the user wants to see them.
    source
        Whose maps the current document shows; None for none.
    asking, share
        Whether they are being computed, and which share is done, from 0 to 1.
    asked
        What was asked for last; None for nothing.
    error
        Why there are none; "" for no reason.
    """

    changed = Signal()

    def __init__(self, workspace: Workspace, trainer: Trainer, parent: QObject) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.trainer = trainer
        self.inspection = trainer.inspection
        self.shown = False
        self.asking, self.share = False, 0.0
        self.asked: Source | None = None
        self.error = ""
        self._sources: dict[int, Source] = {}  # by the identity of a document's pictures
        self._subject = self.inspection.subject  # what was looked into before it changed
        self._own: tuple[Document, Subject] | None = None  # what "compute again" looks into
        self._designs: dict[tuple[str, str], Design | None] = {}  # by run and text, the last ones
        self._soon = QTimer(self, interval=SETTLED, singleShot=True)
        self._soon.timeout.connect(self._ask)
        self.inspection.changed.connect(self._looked_into)
        workspace.switched.connect(self._switched)
        workspace.changed.connect(lambda *_: self.changed.emit() if self.shown else None)
        trainer.run_changed.connect(self._renew)

    @property
    def source(self) -> Source | None:
        """Whose maps the current document shows; None for none."""
        document = self.workspace.document
        if document is None or document.pictures is None:
            return None
        return self._sources.get(id(document.pictures))

    @property
    def settled(self) -> bool:
        """Whether nothing is to be asked and no answer is waited for."""
        return not self.asking and not self._soon.isActive()

    @property
    def stale(self) -> bool:
        """Whether the design was edited since the shown maps were computed."""
        source = self.source
        if source is None:
            return False
        from designer.gui.documents.design_differences import same_network

        return not same_network(source.design, self.workspace.design)

    def show(self, shown: bool) -> None:
        """Show feature maps on the nodes, or remove them."""
        if shown == self.shown:
            return
        self.shown = shown
        self.asked, self.error = None, ""
        if shown:
            self._ask()
            return
        self.cancel()
        self._own = None
        self._sources.clear()
        for document in self.workspace.documents:
            if document.pictures is not None:
                self.workspace.show_pictures(document, None)
        self.changed.emit()

    def toggle(self) -> None:
        """Show feature maps, or remove them."""
        self.show(not self.shown)

    def cancel(self) -> None:
        """Give up what is being computed."""
        self._soon.stop()
        self.inspection.cancel(KEY)
        if self.asking:
            self.asking, self.asked = False, None
            self.changed.emit()

    def compute_again(self) -> None:
        """Compute the maps of the design as it is now, with the same weights if they fit."""
        document = self.workspace.document
        if document is None:
            return
        source = self.source
        before = source.subject if source is not None else None
        weights = before.run or before.weights if before is not None else ""
        self._own = document, self._of_design(document, weights)
        self._ask()

    def try_again(self) -> None:
        """Ask once more for what was refused."""
        self.asked, self.error = None, ""
        self._ask()

    def use_fresh_weights(self) -> None:
        """Compute the maps of the design as it is now with fresh weights."""
        document = self.workspace.document
        if document is not None:
            self._own = document, self._of_design(document, "")
            self._ask()

    def choose_picture(self, path: Path) -> None:
        """Show the maps of a picture file."""
        self.inspection.show([Picture(file=str(path))])

    # When to ask

    def _looked_into(self) -> None:
        if self.inspection.subject != self._subject:  # not if only the picture is another
            self._subject, self._own = self.inspection.subject, None
        self._renew()

    def _switched(self) -> None:
        self.error = ""
        self._designs.clear()
        document = self.workspace.document
        if self.shown and document is not None and document.pictures is None:
            self._soon.start()
        self.changed.emit()

    def _renew(self) -> None:
        if self.shown:
            self._soon.start()

    def _ask(self) -> None:
        document = self.workspace.document
        if not self.shown or document is None:
            return
        self._soon.stop()
        source = self._find_source(document)
        if source == (self.asked if self.asking or self.error else self.source):
            return
        self.asked, self.error = source, ""
        # In a large design a node has fewer and smaller tiles, so that all have room in memory.
        count = max(1, sum(1 for _ in document.analysis.top.layers()))
        size = _SIZE if count * _SIZE**2 < _PIXELS else _SIZE // 2
        most = max(2, min(_MOST, _PIXELS // (count * size**2)))
        self.asking, self.share = True, 0.0
        self.inspection.ask(
            KEY,
            {
                "do": "maps",
                "pictures": [source.picture],
                "size": size,
                "most": most,
            },
            lambda reply: self._answered(source, reply),
            failed=self._failed,
            progress=self._progressed,
            subject=source.subject,
        )
        self.changed.emit()

    def _find_source(self, document: Document) -> Source:
        """Return whose maps the current document is to show."""
        picture = self.inspection.picture or EXAMPLE

        def source(design: "Design", subject: Subject) -> Source:
            return Source(document, design, subject, picture, self.inspection.version(subject))

        if self._own is not None and self._own[0] is document:
            known = self._design_of(self._own[1])
            return source(known or document.design, self._own[1])
        for subject in self._candidates():
            design = self._design_of(subject)
            known = _value_of(document, design) if design is not None else None
            if known is not None:
                return source(known, subject)
        return source(document.design, self._of_design(document, ""))

    def _candidates(self) -> Iterator[Subject]:
        if self.inspection.subject is not None:
            yield self.inspection.subject
        shown = self.trainer.shown
        if shown is not None and (shown.run.best.exists() or shown.run.last.exists()):
            yield Subject(run=str(shown.run.path.absolute()))

    def _design_of(self, subject: Subject) -> "Design | None":
        """Return the design of a subject; None if it cannot be read."""
        key = subject.run, subject.design
        if key not in self._designs:
            try:
                found = design_of(subject)
            except DesignerError:
                found = None
            while len(self._designs) >= _DESIGNS:  # each edit may be another text
                del self._designs[next(iter(self._designs))]
            self._designs[key] = found
        return self._designs[key]

    def _of_design(self, document: Document, weights: str) -> Subject:
        """Return the design as it is now, with weights from elsewhere or fresh ones."""
        from designer.design import files

        return Subject(
            design=files.dumps(document.design),
            weights=weights,
            recipe=msgspec.to_builtins(_recipe(document)),
        )

    # What comes back

    def _progressed(self, share: float) -> None:
        self.share = share
        self.changed.emit()

    def _failed(self, sentence: str) -> None:
        self.asking = False
        again = self._own is not None and self.asked is not None and self._own[1].weights
        self.error = NO_LONGER_FIT if again else sentence
        self.changed.emit()

    def _answered(self, source: Source, reply: Reply) -> None:
        from designer.gui.documents.node_values import NodePictures

        self.asking = False
        document = source.document
        if not self.shown or document not in self.workspace.documents:
            return
        tiles = reply.arrays["tiles"]
        made: dict[tuple[int, ...], object] = {}
        pictures, figures = {}, {}
        for row in reply.fields["nodes"]:
            start, shape = row["start"], tuple(row["shape"])
            size = 1
            for each in shape:
                size *= each
            # Nodes that give the same value share one array.
            known = made.setdefault((start, *shape), tiles[start : start + size].reshape(shape))
            pictures[row["path"]] = known
            figures[row["path"]] = _sentence(row)
        found = NodePictures(
            source.design,
            pictures,  # type: ignore[arg-type]  # arrays
            f"Feature maps of {source.picture.mention}, {source.weights}",
            palette=signed_colors.palette(),
            figures=figures,
        )
        self._sources = {
            id(each.pictures): self._sources[id(each.pictures)]
            for each in self.workspace.documents
            if id(each.pictures) in self._sources
        }
        self._sources[id(found)] = source
        self.workspace.show_pictures(document, found)
        self.changed.emit()


def _value_of(document: Document, design: "Design") -> "Design | None":
    """Return the value of a document's design, as it is now or was, that is some network."""
    from designer.gui.documents.design_differences import same_network

    earlier = [step.design for step in (*document.past[::-1], *document.future[::-1])]
    return next((each for each in (document.design, *earlier) if same_network(each, design)), None)


def _recipe(document: Document) -> object:
    """Return the recipe of a document; without one, its examples are built-in pictures."""
    from designer.recipe.reading import changed
    from designer.recipe.recipe import Recipe

    if document.recipe is not None:
        return document.recipe
    inputs = document.analysis.inputs
    color = bool(inputs) and len(inputs[0].shape) == 3 and inputs[0].shape[0] == 3
    return changed(Recipe(), {"data.source": "shapes10"}) if color else Recipe()


def _sentence(row: dict[str, object]) -> str:
    """Return a sentence on what a node gives, from the fields of the answer."""

    def figure(name: str) -> str:
        value = row[name]
        return numbers.figure(float("nan") if value is None else float(value))  # type: ignore[arg-type]

    channels, count = row["channels"], row["count"]
    assert isinstance(channels, list)
    zeros = row["zeros"]
    share = "?" if zeros is None else f"{100 * float(zeros):.3g}"  # type: ignore[arg-type]
    what = (
        f"Channels {', '.join(map(str, channels))} of {count}, the strongest first."
        if channels
        else f"All {count} features."
    )
    start = "By evenly spaced pixels, from" if row["sampled"] else "From"
    return (
        f"{what} {start} {figure('minimum')} to {figure('maximum')}, mean {figure('mean')}, "
        f"deviation {figure('deviation')}; {share} % are 0."
    )
