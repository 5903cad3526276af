"""Networks that are being opened: each is a request to the worker process, which can be canceled.

Several may go on at once: the worker does one after another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from designer.design.values import Design
    from designer.gui.worker.service import Answer, Done, Told

_WAITING = "Waiting for the worker process"


class Asks(Protocol):
    """What sends the request to the worker process, and returns how to cancel it."""

    def open_network(self, request: "Answer", done: "Done", told: "Told") -> Callable[[], None]: ...


@dataclass(eq=False)
class Opening:
    """A network that is being opened.

    Attributes
    ----------
    source
        What is opened: a file, ``torchvision:NAME``, ``timm:NAME`` or ``package.module:NAME``.
    run_code
        Whether the user allowed to run its code.
    digest
        The SHA-256 of the code that this holds for; "" if it is not known.
    inputs
        The shapes of its inputs without the batch, such as ``3x224x224``; empty to find them.
    folder
        Where the worker writes the weights.
    origin
        The design that a generated Python file was made from, if it was edited since.
    share
        How much is done, from 0 to 1.
    stage
        What is being done, for people.
    """

    source: str
    run_code: bool = False
    digest: str = ""
    inputs: Sequence[str] = ()
    folder: Path | None = None
    origin: "Design | None" = None
    share: float = 0.0
    stage: str = _WAITING
    end: Callable[[], object] = lambda: None

    @property
    def title(self) -> str:
        """The source as a tab names it: a file without its folder."""
        return title_of(self.source)


def title_of(source: str) -> str:
    """Return the source as a tab names it: a file without its folder."""
    return Path(source).name or source


class Opener(QObject):
    """Asks the worker for networks, and tells what became of each.

    Signals
    -------
    changed()
        One began, went on or ended.
    known(opening, message)
        The worker knows the design, but neither its weights nor whether it computes the same yet.
    opened(opening, answer)
        The worker is ready; see the request "open" of `designer.engine.worker`.
    failed(opening, sentence)
        It cannot be opened, for the reason in the sentence.
    ended(opening)
        It is over, also when it was canceled.

    Attributes
    ----------
    going
        Those that are not over, the oldest first.
    """

    changed = Signal()
    known = Signal(Opening, dict)
    opened = Signal(Opening, dict)
    failed = Signal(Opening, str)
    ended = Signal(Opening)

    def __init__(self, worker: Asks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.going: list[Opening] = []
        self._worker = worker

    def begin(self, opening: Opening) -> None:
        """Ask the worker for a network."""
        self.going.append(opening)
        request = {
            "source": opening.source,
            "run_code": opening.run_code,
            "digest": opening.digest,
            "inputs": list(opening.inputs),
        }
        if opening.folder is not None:
            request["folder"] = str(opening.folder)
        opening.end = self._worker.open_network(
            request, partial(self._answered, opening), partial(self._told, opening)
        )
        self.changed.emit()

    def cancel(self, opening: Opening) -> None:
        """Give up opening a network; its answer is not heard."""
        if opening in self.going:
            opening.end()
            self._end(opening)

    def close(self) -> None:
        """Give up all of them."""
        for opening in list(self.going):
            self.cancel(opening)

    def _told(self, opening: Opening, message: "Answer") -> None:
        if opening in self.going:
            opening.share = float(message["progress"])
            opening.stage = str(message.get("stage", "")) or opening.stage
            self.changed.emit()
            if "design" in message:
                self.known.emit(opening, message)

    def _answered(self, opening: Opening, answer: "Answer") -> None:
        if opening not in self.going:
            return
        self.going.remove(opening)  # before anybody hears of it and opens another
        self.changed.emit()
        if answer["ok"]:
            self.opened.emit(opening, answer)
        elif not answer.get("canceled"):
            again = " A new process is started: open it again." if answer.get("died") else ""
            self.failed.emit(opening, f"{answer['message']}{again}")
        self.ended.emit(opening)

    def _end(self, opening: Opening) -> None:
        self.going.remove(opening)
        self.changed.emit()
        self.ended.emit(opening)
