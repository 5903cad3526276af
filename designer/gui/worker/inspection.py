"""What is looked into: a network with its weights and the pictures that it is shown.

The panels that look into networks share one `Inspection`, so that a picture dropped on one of them
is the picture of all. It asks the worker process; nothing here needs torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from PySide6.QtCore import QObject, Signal

from designer.errors import DesignerError
from designer.gui.base import background
from designer.runs.inspection import Picture, Subject

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from designer.gui.worker.service import Answer, Done, Progress


class Asks(Protocol):
    """What sends a request to the worker process, and returns how to cancel it."""

    def inspect(
        self, request: "Answer", done: "Done", progress: "Progress | None" = None
    ) -> Callable[[], None]: ...


@dataclass(frozen=True)
class Reply:
    """What the worker answered: values, and arrays by name, which are read-only."""

    fields: "Answer"
    arrays: "dict[str, NDArray[np.generic]]" = field(default_factory=dict)


class Inspection(QObject):
    """The network that is looked into, the pictures that it is shown, and the questions about them.

    Signals
    -------
    changed()
        Another network, other weights, other pictures, or another of them is chosen, or a training
        wrote new weights, by which the `version` of a network grows.
    busy_changed()
        A question was asked or answered.
    refused(sentence)
        A question cannot be answered, for the reason in the sentence.

    Attributes
    ----------
    subject
        The network with its weights; None if nothing is looked into.
    pictures
        The pictures that it is shown.
    chosen
        The number of the picture whose values are shown.
    """

    changed = Signal()
    busy_changed = Signal()
    refused = Signal(str)

    def __init__(self, worker: Asks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.subject: Subject | None = None
        self.pictures: tuple[Picture, ...] = ()
        self.chosen = 0
        self._versions: dict[str, int] = {}  # by run
        self._worker = worker
        self._asked: dict[str, _Question] = {}

    @property
    def picture(self) -> Picture | None:
        """The picture whose values are shown."""
        return self.pictures[self.chosen] if self.chosen < len(self.pictures) else None

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._asked)

    def look_into(self, subject: Subject | None) -> None:
        """Look into another network, or into the same with other weights."""
        if subject != self.subject:
            self.subject = subject
            self.changed.emit()

    def version(self, subject: Subject) -> int:
        """Return how often the weights of a network's run were written since the start."""
        return self._versions.get(subject.run, 0)

    def renew(self, run: str) -> None:
        """Let all who look into a run ask again, as its files have other weights now."""
        self._versions[run] = self._versions.get(run, 0) + 1
        self.changed.emit()

    def show(self, pictures: Sequence[Picture], chosen: int = 0) -> None:
        """Show the network other pictures."""
        if (tuple(pictures), chosen) != (self.pictures, self.chosen):
            self.pictures, self.chosen = tuple(pictures), chosen
            self.changed.emit()

    def choose(self, number: int) -> None:
        """Choose the picture whose values are shown."""
        self.show(self.pictures, number)

    def ask(
        self,
        key: str,
        request: "Answer",
        done: Callable[[Reply], object],
        *,
        failed: Callable[[str], object] | None = None,
        progress: Callable[[float], object] | None = None,
        subject: Subject | None = None,
    ) -> None:
        """Ask the worker about the network.

        Parameters
        ----------
        key
            Who asks. An earlier question of the same key that is not answered yet is canceled, and
            its answer is never heard.
        request
            The request without its subject; see `designer.engine.inspect.requests`. It may hold
            values such as `Picture` as they are.
        done
            Called with the answer.
        failed
            Called with a sentence if there is none; by default `refused` sends it.
        progress
            Called with the share that is done.
        subject
            The network, if not the one that is looked into.
        """
        self.cancel(key)
        asked = subject or self.subject
        if asked is None:
            (failed or self.refused.emit)("No network is looked into: choose a run or a design.")
            return
        question = _Question(done, failed or self.refused.emit)
        self._asked[key] = question
        question.end = self._worker.inspect(
            msgspec.to_builtins({**request, "subject": asked}),
            lambda answer: self._answered(key, question, answer),
            None if progress is None else partial(question.tell, progress),
        )
        self.busy_changed.emit()

    def cancel(self, key: str) -> None:
        """Give up the question of a key, if it is not answered yet."""
        question = self._asked.pop(key, None)
        if question is not None:
            question.end()
            self.busy_changed.emit()

    def _answered(self, key: str, question: "_Question", answer: "Answer") -> None:
        from designer import shared_arrays  # imports numpy, which the start avoids

        if self._asked.get(key) is not question:
            shared_arrays.discard(answer)
            return
        del self._asked[key]
        if not question.lives:
            shared_arrays.discard(answer)
            return
        self.busy_changed.emit()
        if not answer["ok"]:
            again = " A new process is started: try again." if answer.get("died") else ""
            question.failed(answer["message"] + again)
            return
        try:
            arrays = shared_arrays.receive(answer) if "arrays" in answer else {}
        except DesignerError as error:
            question.failed(str(error))
            return
        question.done(Reply(answer, arrays))


@dataclass(eq=False)
class _Question:
    done: Callable[[Reply], object]
    failed: Callable[[str], object]
    end: Callable[[], Any] = lambda: None

    @property
    def lives(self) -> bool:
        """Whether the widget that asked was not deleted meanwhile."""
        return background.can_be_called(self.done) and background.can_be_called(self.failed)

    def tell(self, progress: Callable[[float], object], share: float) -> None:
        """Report the share of the work that is done, from 0 to 1, if anyone still listens."""
        if self.lives:
            progress(share)
