"""One picture: as it is, as the network saw it, and what the network says of it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from designer.gui.base import background
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.picture_view import PictureView
from designer.gui.base.pictures import whole_picture
from designer.gui.base.plain_text import tip
from designer.gui.inside.probabilities import Prediction, Probabilities
from designer.runs.inspection import Picture

LARGEST = 1_000  # pixels of a side of a picture on the screen
_SIDE_BY_SIDE = 38  # line heights of a width from which the two pictures are side by side


class PictureAnswer(QWidget):
    """Shows a picture or another example and the answer, or a sentence and a button in its place.

    Attributes
    ----------
    foot
        The room below the answer.

    Signals
    -------
    again()
        The user wants to ask once more.
    """

    again = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="try-answer")
        self.picture: Picture | None = None
        self._drawing = False
        self.original = PictureView("Picture")
        self.seen = PictureView("As the network saw it", "Network input")
        self.given = PictureView("As the network gives it again", "Network output")
        self.pictures = QWidget()
        self.pair = QBoxLayout(QBoxLayout.Direction.LeftToRight, self.pictures)
        self.pair.setContentsMargins(0, 0, 0, 0)
        self.pair.setSpacing(8)
        self.pair.addWidget(self.original, 1)
        self.pair.addWidget(self.seen, 1)
        self.pair.addWidget(self.given, 1)
        self.name = ElidedLabel(name="try-name")
        self.name.setProperty("role", "soft")
        self.bars = Probabilities()
        self.words = QLabel(
            objectName="try-words", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.words.setProperty("role", "warning")
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.retry = QPushButton("Try again", objectName="try-again")
        self.retry.clicked.connect(self.again)
        right = QVBoxLayout()
        right.setSpacing(4)
        right.addWidget(self.name)
        right.addWidget(self.words)
        right.addWidget(self.retry, 0, Qt.AlignmentFlag.AlignLeft)
        right.addWidget(self.bars, 1)
        self.rest = QWidget()  # the room below a sentence
        right.addWidget(self.rest, 1)
        self.foot = QVBoxLayout()
        right.addLayout(self.foot)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(12)
        across.addWidget(self.pictures, 1)
        across.addLayout(right, 1)
        self.across = across
        self._say("")

    def show_picture(self, picture: Picture | None) -> None:
        """Show a picture; the answer to the one before it stays until there is another."""
        if picture == self.picture:
            return
        self.picture = picture
        if picture is None:
            self.name.setText("")
            self._show_original(None)
            self._clear()
            return
        self.name.setText(picture.name)
        self.name.setToolTip(tip(picture.file or picture.name))
        if not picture.file or picture.row is not None:  # which only the worker reads
            self._show_original(None)
            return
        path = picture.file

        def read() -> QImage:
            from pathlib import Path

            from designer.data.pictures import file_content

            return whole_picture(file_content(Path(path)), path, LARGEST)

        background.run(
            self,
            read,
            lambda found: self._has_read(picture, found),
            lambda _: self._has_read(picture, None),
        )

    def _has_read(self, picture: Picture, found: QImage | None) -> None:
        if picture == self.picture:
            self._show_original(found)

    def _show_original(self, found: QImage | None) -> None:
        self.original.show_picture(found, "")
        twice = not self.given.isHidden()  # input and output stand side by side
        self.original.setVisible(found is not None and not self._drawing and not twice)
        self._show_pair()

    def _show_pair(self) -> None:
        """Leave no room for pictures that are not there."""
        views = (self.original, self.seen, self.given)
        self.pictures.setVisible(not all(each.isHidden() for each in views))

    def show_answer(
        self,
        predictions: Sequence[Prediction],
        seen: QImage | None,
        given: QImage | None = None,
    ) -> None:
        """Show what the network says, how it saw the picture, and the picture that it gives."""
        self._say("")
        self.bars.show_predictions(predictions)
        for view, picture in ((self.seen, seen), (self.given, given)):
            view.show_picture(picture, "")
            view.setVisible(picture is not None)
            if picture is not None:
                view.setToolTip(f"{picture.height()}×{picture.width()} pixels")
        self._show_original(self.original.area.picture)

    def forget(self) -> None:
        """Show no answer, as another is awaited."""
        self._clear()
        self._say("")

    def show_fault(self, sentence: str, *, retry: bool) -> None:
        """Say why there is no answer; `retry` if another try may help."""
        self._clear()
        self._say(sentence)
        self.retry.setVisible(retry)

    def show_hint(self, sentence: str) -> None:
        """Say what the user may do, while there is no picture."""
        self.show_picture(None)
        self._say(sentence, role="faint")

    def show_drawing(self, drawing: bool) -> None:
        """Leave out what the sketchpad shows already, if the picture is drawn on it."""
        self._drawing = drawing
        self._show_original(self.original.area.picture)
        self.name.setVisible(not drawing)

    def _clear(self) -> None:
        self.bars.show_predictions(())
        for view in (self.seen, self.given):
            view.show_picture(None, "")
            view.hide()
        self._show_original(self.original.area.picture)

    def _say(self, sentence: str, *, role: str = "warning") -> None:
        if self.words.property("role") != role:
            self.words.setProperty("role", role)
            self.words.style().unpolish(self.words)
            self.words.style().polish(self.words)
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence))
        self.retry.hide()
        self.bars.setVisible(not sentence)
        self.rest.setVisible(bool(sentence))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() > _SIDE_BY_SIDE * self.fontMetrics().height()
        direction = QBoxLayout.Direction
        self.pair.setDirection(direction.LeftToRight if wide else direction.TopToBottom)
        for number, share in enumerate((1, 1) if wide else (2, 3)):
            self.across.setStretch(number, share)
