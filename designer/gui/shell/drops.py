"""What the window does with dropped or pasted files: opens, shows, tries them or trains on them.

Data that come while no design is open wait for the next one that is opened.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QMimeData

from designer.gui.base.dragged import local_paths
from designer.gui.base.notice import Notice
from designer.gui.documents.workspace import Workspace
from designer.gui.shell.dropped import Kind, can_be_opened, kind_of, pasted_paths

_LOOKED_AT = 50  # paths whose kind is looked up while they are dragged
_MOST_SENTENCES = 4  # on what is done with them
_LETTERS = 50  # of a name that are shown in a sentence
_REFUSALS: Mapping[Kind, str] = {
    "runs": "{name} holds the folders of several runs: drop one of them.",
    "designs": "{name} holds designs and no data: drop one of the designs in it.",
}
_NEEDS_DESIGN: Mapping[Kind, str] = {
    "weights": "{name} holds weights: open the design first that they are for.",
    "picture": "{name} is a picture: open a design or show a run first, which then says what it "
    "sees. Data are a folder or an archive that holds the pictures of all classes.",
}
"""Why nothing can be done while no design is open."""


class Target(Protocol):
    """What a drop may use of the main window."""

    @property
    def workspace(self) -> Workspace:
        """The open designs."""

    def open_design(self, path: Path) -> None:
        """Open the file of a design or of another network."""

    def show_training(self, run: Path) -> None:
        """Show a run and its design."""

    def use_data(self, path: Path) -> None:
        """Train the current design on a data set, and show it."""

    def use_weights(self, path: Path) -> None:
        """Let the training of the current design start from weights."""

    def try_pictures(self, paths: Sequence[Path]) -> None:
        """Show the network pictures."""

    def show_error(self, sentence: str) -> None:
        """Show what went wrong."""


class Drops:
    """Takes dropped paths, one after another.

    Attributes
    ----------
    notice
        Says which data wait for the next design that is opened.
    waiting
        The path of those data; None for none.
    """

    def __init__(self, window: Target) -> None:
        self.window = window
        self.notice = Notice("data-waiting")
        self.waiting: Path | None = None
        window.workspace.switched.connect(self._switched)

    def promise(self, paths: Sequence[Path]) -> list[str]:
        """Return what `take` will do with paths, in sentences, while they are still dragged."""
        kinds = [(path, kind_of(path)) for path in paths[:_LOOKED_AT]]
        words = [
            self._promised(path, kind) for path, kind in kinds if kind not in ("data", "picture")
        ]
        pictures = [path for path, kind in kinds if kind == "picture"]
        if len(pictures) > 1 and not self._refusal(pictures[0], "picture"):
            words.append(f"Drop to see what the network says of {len(pictures)} pictures.")
        elif pictures:
            words.append(self._promised(pictures[0], "picture"))
        data = [path for path, kind in kinds if kind == "data"]
        if len(data) > 1:
            words.append(_several(data))
        elif data:
            words.append(self._promised(data[0], "data"))
        return words[:_MOST_SENTENCES] + ["…"] * (len(words) > _MOST_SENTENCES)

    def _promised(self, path: Path, kind: Kind) -> str:
        document, name = self.window.workspace.document, _short(path.name)
        if refusal := self._refusal(path, kind):
            return refusal
        if kind == "design":
            return f"Drop to open the design {name}."
        if kind == "network" or (kind == "weights" and document is None):
            return f"Drop to open the network {name} as a design."
        if kind == "run":
            return f"Drop to show the training {name}."
        if kind == "weights":
            return f"Drop to let the next training start from the weights in {name}."
        if kind == "picture":
            return f"Drop to see what the network says of {name}."
        if document is None:
            return f"Drop to use {name} as the data of the next design that you open."
        return f"Drop to use {name} as the data of {_short(document.title)}."

    def take(self, paths: Sequence[Path]) -> None:
        """Do with each path what its kind asks for; at most one of them may be data."""
        kinds = {path: kind_of(path) for path in paths}
        for path, kind in kinds.items():
            if kind not in ("data", "picture"):
                self._take_one(path, kind)
        self._take_pictures([path for path, kind in kinds.items() if kind == "picture"])
        data = [path for path, kind in kinds.items() if kind == "data"]
        if len(data) > 1:
            self.window.show_error(_several(data))
        elif data:
            self._take_data(data[0])

    def _take_one(self, path: Path, kind: Kind) -> None:
        if refusal := self._refusal(path, kind):
            self.window.show_error(refusal)
            return
        match kind:
            case "design" | "network":
                self.window.open_design(path)
            case "run":
                self.window.show_training(path)
            case "weights" if self.window.workspace.document is None:
                self.window.open_design(path)
            case "weights":
                self.window.use_weights(path)

    def _take_pictures(self, pictures: Sequence[Path]) -> None:
        """Show the network pictures, all at once."""
        if not pictures:
            return
        if refusal := self._refusal(pictures[0], "picture"):
            self.window.show_error(refusal)
        else:
            self.window.try_pictures(pictures)

    def _refusal(self, path: Path, kind: Kind) -> str:
        """Return why nothing can be done with a path, "" if something can."""
        refusals = _REFUSALS
        if self.window.workspace.document is None:
            refusals = {**_REFUSALS, **_NEEDS_DESIGN}
        if kind == "weights" and can_be_opened(path):
            return ""
        return refusals[kind].format(name=path.name) if kind in refusals else ""

    def _take_data(self, path: Path) -> None:
        if self.window.workspace.document is not None:
            self.window.use_data(path)
            return
        self.waiting = path
        self.notice.tell(
            f"{path.name} is used as the data of the next design that you open: choose a preset "
            "below, or open or begin a design.",
            [("Forget the data", self.forget)],
        )

    def forget(self) -> None:
        """Let no data wait for the next design."""
        self.waiting = None
        self.notice.tell("")

    def _switched(self) -> None:
        """Give the data that wait to the design that was opened."""
        path, workspace = self.waiting, self.window.workspace
        if path is None or workspace.document is None:
            return
        from designer.recipe.data import other_data
        from designer.recipe.reading import changed  # not needed for the first sight of the window

        self.forget()
        workspace.set_recipe(changed(workspace.recipe, other_data(str(path))))
        self.window.use_data(path)


def _several(data: Sequence[Path]) -> str:
    """Return why several data sets are refused."""
    names = ", ".join(_short(path.name) for path in data[:3])
    return (
        f"{len(data)} data sets were dropped ({names}{', …' if len(data) > 3 else ''}), "
        "but a training takes one: drop the folder or archive that holds all its files, "
        "or a single table of labels."
    )


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[:_LETTERS]}…"


def clipboard_paths(data: QMimeData) -> list[Path]:
    """Return the files on the clipboard: copied in a file manager, or a path as text."""
    return local_paths(data) or pasted_paths(data.text())
