"""Shared by the panels: refreshing only while visible, computing only the newest request."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from designer.gui.base import background
from designer.gui.base.theme import theme
from designer.gui.documents.workspace import Workspace

LARGE = 2_000
"""Above this number of layers, work on each of them is done in a background thread."""


class LazyPanel(QWidget):
    """A panel that shows the current design and is refreshed only while it is visible."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        super().__init__(objectName=name)
        self.workspace = workspace
        self._stale = True
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._refresh_now)
        workspace.changed.connect(self.refresh_soon)
        theme.changed.connect(self.redraw)

    def refresh(self) -> None:
        """Show the current state of the workspace."""

    def redraw(self) -> None:
        """Use the current colors of the theme and the font of the application."""

    def refresh_soon(self) -> None:
        """Refresh once the current event is handled, or when the panel becomes visible."""
        self._stale = True
        if self.isVisible():
            self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Refresh if the design changed while hidden and the panel is still visible afterwards."""
        super().showEvent(event)
        if self._stale:
            self._soon.start()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.isVisible():
            self.redraw()

    def _refresh_now(self) -> None:
        self._soon.stop()
        if self.isVisible():
            self._stale = False
            self.refresh()


class Newest:
    """Does work in a thread, one request at a time; of those that wait, only the last is done."""

    def __init__(self, owner: QObject) -> None:
        self.owner = owner
        self.busy = False
        self._request: tuple[Callable[[], Any], Callable[[Any], object], Callable[[str], object]]
        self._waiting = False
        self._wanted = False

    def start(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], object],
        failed: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Do some work in a thread, once the work in progress has ended.

        Parameters
        ----------
        work
            Runs in the thread.
        done
            Called on the main thread with its result.
        failed
            Called on the main thread with the sentence of its `DesignerError`. Neither is called
            if a newer request or `cancel` came meanwhile.
        """
        self._request = (work, done, failed)
        self._wanted = True
        if self.busy:
            self._waiting = True
        else:
            self._begin()

    def cancel(self) -> None:
        """Drop the request, and the result of the work in progress."""
        self._waiting = self._wanted = False

    def _begin(self) -> None:
        self.busy, self._waiting = True, False
        work, done, failed = self._request
        background.run(
            self.owner,
            work,
            lambda result: self._ended(done, result),
            lambda sentence: self._ended(failed, sentence),
        )

    def _ended(self, report: Callable[[Any], object], outcome: Any) -> None:
        self.busy = False
        if self._waiting:
            self._begin()
        elif self._wanted:
            self._wanted = False
            report(outcome)


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last number of each run of consecutive numbers, given ascending."""
    first = last = None
    for number in numbers:
        if last is None or number != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last
