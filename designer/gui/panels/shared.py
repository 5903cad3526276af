"""What the panels share: working only while seen, only the newest wish, runs of numbers."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from designer.gui.base import background
from designer.gui.base.theme import theme
from designer.gui.documents.workspace import Workspace

LARGE = 2_000
"""Layers, above which whatever looks at each of them does so off the main thread."""


class LazyPanel(QWidget):
    """Shows the current design; brought up to date once per turn of the event loop, if seen."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        super().__init__(objectName=name)
        self.workspace = workspace
        self._stale = True
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._refresh_now)
        workspace.changed.connect(self.refresh_soon)
        theme.changed.connect(self.redraw)

    def refresh(self) -> None:
        """Show the workspace as it is now."""

    def redraw(self) -> None:
        """Use the present colors of the theme and the font of the application."""

    def refresh_soon(self) -> None:
        """Show the workspace as it is once the present event is done."""
        self._stale = True
        if self.isVisible():
            self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened unseen, if it is still seen a moment later."""
        super().showEvent(event)
        if self._stale:
            self._soon.start()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the application's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.isVisible():
            self.redraw()

    def _refresh_now(self) -> None:
        self._soon.stop()
        if self.isVisible():
            self._stale = False
            self.refresh()


class Newest:
    """Does work in a thread, one at a time; of the wishes that wait, only the last is kept."""

    def __init__(self, owner: QObject) -> None:
        self.owner = owner
        self.busy = False
        self._wish: tuple[Callable[[], Any], Callable[[Any], object], Callable[[str], object]]
        self._waiting = False
        self._wanted = False

    def start(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], object],
        failed: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Do `work` soon; `done` gets what it returns, `failed` the sentence why it cannot.

        Neither is called when something newer was wanted, or nothing any more.
        """
        self._wish = (work, done, failed)
        self._wanted = True
        if self.busy:
            self._waiting = True
        else:
            self._begin()

    def cancel(self) -> None:
        """Want nothing any more."""
        self._waiting = self._wanted = False

    def _begin(self) -> None:
        self.busy, self._waiting = True, False
        work, done, failed = self._wish
        background.run(
            self.owner,
            work,
            lambda result: self._ended(done, result),
            lambda sentence: self._ended(failed, sentence),
        )

    def _ended(self, tell: Callable[[Any], object], outcome: Any) -> None:
        self.busy = False
        if self._waiting:
            self._begin()
        elif self._wanted:
            self._wanted = False
            tell(outcome)


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run without a gap in ascending numbers."""
    first = last = None
    for number in numbers:
        if last is None or number != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last
