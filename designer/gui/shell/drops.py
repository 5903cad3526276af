"""What the window does with files that are dropped on it or pasted: opens, shows or trains on them.

Data that come while no design is open wait for the next one that is opened.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QMimeData

from designer.gui.base.notice import Notice
from designer.gui.documents.workspace import Workspace
from designer.gui.shell.dropped import kind_of, pasted_paths


class Target(Protocol):
    """What a drop may use of the main window."""

    @property
    def workspace(self) -> Workspace:
        """The open designs."""

    def open_design(self, path: Path) -> None:
        """Open a design file."""

    def show_training(self, run: Path) -> None:
        """Show a run and its design."""

    def use_data(self, path: Path) -> None:
        """Train the current design on a data set, and show it."""

    def use_weights(self, path: Path) -> None:
        """Let the training of the current design start from weights."""

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

    def take(self, paths: Sequence[Path]) -> None:
        """Do with each path what its kind asks for; at most one of them may be data."""
        kinds = {path: kind_of(path) for path in paths}
        for path in (path for path, kind in kinds.items() if kind != "data"):
            self._take_one(path)
        data = [path for path, kind in kinds.items() if kind == "data"]
        if len(data) > 1:
            names = ", ".join(path.name for path in data[:3])
            self.window.show_error(
                f"{len(data)} data sets were dropped ({names}{', …' if len(data) > 3 else ''}), "
                "but a training takes one: drop the folder or archive that holds all its files, "
                "or a single table of labels."
            )
        elif data:
            self._take_data(data[0])

    def _take_one(self, path: Path) -> None:
        match kind_of(path):
            case "design":
                self.window.open_design(path)
            case "run":
                self.window.show_training(path)
            case "weights":
                self._take_weights(path)
            case "runs":
                self._refuse(f"{path.name} holds the folders of several runs: drop one of them.")
            case "designs":
                self._refuse(
                    f"{path.name} holds designs and no data: drop one of the designs in it."
                )
            case "picture":
                self._refuse(
                    f"{path.name} is a single picture: drop the folder or archive that holds the "
                    "pictures of all classes, or the table with their labels."
                )

    def _refuse(self, sentence: str) -> None:
        self.window.show_error(sentence)

    def _take_weights(self, path: Path) -> None:
        if self.window.workspace.document is None:
            self._refuse(f"{path.name} holds weights: open the design first that they are for.")
        else:
            self.window.use_weights(path)

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
        from designer.recipe.reading import changed  # not needed for the first sight of the window
        from designer.recipe.recipe import other_data

        self.forget()
        workspace.set_recipe(changed(workspace.recipe, other_data(str(path))))
        self.window.use_data(path)


def local_paths(data: QMimeData) -> list[Path]:
    """Return the paths of the files that are dragged or on the clipboard."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def clipboard_paths(data: QMimeData) -> list[Path]:
    """Return the files on the clipboard: copied in a file manager, or a path as text."""
    return local_paths(data) or pasted_paths(data.text())
