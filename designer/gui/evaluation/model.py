"""What the pages of the Evaluation dock share: the evaluation, and its pictures on demand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from designer.gui.worker.inspection import Inspection, Reply
from designer.runs.inspection import Picture, Subject

if TYPE_CHECKING:
    from designer.gui.evaluation.contents import Contents

_AT_ONCE = 48  # pictures in one question, so that the first are seen soon
_REMEMBERED = 4_000  # pictures; those that came with the evaluation stay
_SIDE = 112  # pixels of the longer side of a picture
_KEY = "evaluation-pictures"
ALL = "all"  # the part of a data set without parts


class EvaluationModel(QObject):
    """The evaluation that is shown, and the pictures of its images.

    Signals
    -------
    changed()
        Another evaluation is shown.
    pictures_arrived()
        Pictures that were wanted are there, or `trouble` says why not.
    curves_wanted(output)
        The curves of this class or label are to be shown.
    try_wanted(picture)
        The user wants the network to look at this picture.
    """

    changed = Signal()
    pictures_arrived = Signal()
    curves_wanted = Signal(int)
    try_wanted = Signal(object)

    def __init__(self, inspection: Inspection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.contents: Contents | None = None
        self.trouble = ""
        self._inspection = inspection
        self._pictures: dict[int, QImage] = {}
        self._wanted: list[int] = []
        self._asking = False

    def show(self, contents: "Contents | None") -> None:
        """Show another evaluation."""
        self._inspection.cancel(_KEY)
        self._asking = False
        self.contents, self.trouble = contents, ""
        self._pictures = dict(contents.pictures) if contents is not None else {}
        self._wanted = []
        self.changed.emit()

    def picture(self, index: int) -> QImage | None:
        """Return the picture of an image; None while it is not there."""
        return self._pictures.get(index)

    def want(self, indices: Sequence[int]) -> None:
        """Fetch these pictures next, and no longer those wanted before."""
        self._wanted = [index for index in indices if index not in self._pictures]
        self._ask()

    def can_try(self) -> bool:
        """Return whether images can be shown to the network by their index."""
        return self.contents is not None and not self.contents.data

    def try_image(self, index: int) -> None:
        """Let the network look at an image of the data of the run."""
        if self.contents is not None and self.can_try():
            self.try_wanted.emit(Picture(part=self.contents.part, index=index))

    def _ask(self) -> None:
        contents = self.contents
        if contents is None or self._asking or not self._wanted or self.trouble:
            return
        indices = self._wanted[:_AT_ONCE]
        self._asking = True
        self._inspection.ask(
            _KEY,
            {
                "do": "examples",
                "data": contents.source,
                "part": "" if contents.part == ALL else contents.part,
                "settings": dict(contents.settings),
                "indices": indices,
                "side": _SIDE,
            },
            lambda reply: self._arrived(indices, reply),
            failed=self._failed,
            subject=Subject(run=str(contents.run), weights=contents.weights),
        )

    def _arrived(self, indices: Sequence[int], reply: Reply) -> None:
        from designer.gui.base.pictures import picture_of

        self._asking = False
        if len(self._pictures) > _REMEMBERED and self.contents is not None:
            self._pictures = dict(self.contents.pictures)
        for index, seen in zip(indices, reply.arrays["pictures"], strict=True):
            self._pictures[index] = picture_of(seen.transpose(2, 0, 1))
        self._wanted = [index for index in self._wanted if index not in self._pictures]
        self.pictures_arrived.emit()
        self._ask()

    def _failed(self, sentence: str) -> None:
        self._asking = False
        self.trouble = sentence
        self.pictures_arrived.emit()
