"""The page on augmentation: draws of some pictures as the network gets them, live with the recipe.

The window has no torch, so a worker process draws. Pictures go there and back as files.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import Qt, QTemporaryDir
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from designer.gui.base.pictures import picture_of
from designer.gui.base.speed import idle_imports
from designer.gui.data.augmentation_controls import AugmentationControls
from designer.gui.data.model import DataModel
from designer.gui.data.picture_grid import PictureGrid, PictureRow
from designer.recipe.augmentations import Augmentation

if TYPE_CHECKING:
    from designer.data.pictures import Array

_PICTURES, _DRAWS = 5, 11


class AugmentationPage(QWidget):
    """Some training pictures, each with several draws of the recipe's random changes."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-augmentation")
        self.model = model
        self.seed = 0  # of the draws
        self._folder = QTemporaryDir()  # removed with this object
        self._number = 0  # of the last request: answers to earlier ones are obsolete
        self._read: object = None  # the data set and the form whose pictures are read
        self._asked: object = None  # the pictures, settings and seed that draws are asked for
        self._images: Array | None = None
        self._waiting = False  # for draws
        self._words: Sequence[str] = ()
        self._error = ""
        self.controls = AugmentationControls(model)
        self.words = QLabel(
            objectName="augmentation-words", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.words.setMinimumWidth(1)
        self.again = QPushButton("Draw again", objectName="augmentation-again")
        self.again.setToolTip("Show other draws of the same pictures.")
        self.again.clicked.connect(self._draw_again)
        self.grid = PictureGrid("augmentation-pictures")
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(self.grid)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.words, 1)
        row.addWidget(self.again, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 10)
        column.setSpacing(8)
        column.addWidget(self.controls)
        column.addLayout(row)
        column.addWidget(area, 1)
        model.changed.connect(self._follow)
        model.form_changed.connect(self._follow)

    @property
    def settings(self) -> Augmentation:
        """The random changes of the recipe."""
        return self.model.recipe.augmentation

    def _draw_again(self) -> None:
        self.seed += 1
        self._follow()

    def showEvent(self, event: QShowEvent) -> None:
        """Read the pictures now that they are to be seen."""
        super().showEvent(event)
        self._follow()

    def _follow(self) -> None:
        """Read other pictures if data or network changed, and draw if they or the recipe did."""
        contents, form = self.model.contents, self.model.form
        self.controls.show_settings(self.settings)
        if not self.isVisible() or contents is None:
            return
        if form is None:
            self._read, self._images, self._error = None, None, ""
            self._say()
            return
        if self._read == (contents, form):
            self._draw()
            return
        self._read = wanted = (contents, form)
        self._images, self._asked, self._error = None, None, ""
        self._say()
        from designer.gui.data.preview_pictures import network_pictures

        idle_imports.run(
            self,
            lambda: network_pictures(contents, form, count=_PICTURES),
            lambda found: self._has_read(wanted, *found),
            lambda sentence: self._failed(wanted, sentence),
        )

    def _has_read(self, wanted: object, images: "Array", words: Sequence[str]) -> None:
        if self._read == wanted:
            self._images, self._words = images, words
            self._draw()

    def _failed(self, wanted: object, sentence: str) -> None:
        if self._read == wanted:
            self._error = sentence
            self._say()

    def _draw(self) -> None:
        """Ask for draws, unless those were asked for already."""
        images, asked = self._images, (self._read, self.settings, self.seed)
        if images is None or self._asked == asked:
            return
        self._asked = asked
        self._number += 1
        self._error, self._waiting = "", False
        if not self.settings.active:
            self._show_plain(images)
        elif self.model.preview is not None:
            self._waiting = True
            self._request(images, self._number)
        self._say()

    def _request(self, images: "Array", number: int) -> None:
        import numpy as np

        folder = Path(self._folder.path())
        source, target = folder / f"pictures-{number}.npy", folder / f"draws-{number}.npy"
        np.save(source, images)
        request = {
            "images": str(source),
            "to": str(target),
            "augmentation": msgspec.to_builtins(self.settings),
            "draws": _DRAWS,
            "seed": self.seed,
        }
        assert self.model.preview is not None
        self.model.preview(request, lambda answer: self._answered(number, source, target, answer))

    def _answered(self, number: int, source: Path, target: Path, answer: dict[str, Any]) -> None:
        import numpy as np

        draws = None
        if number == self._number and answer.get("ok") and not answer.get("obsolete"):
            draws = np.load(target)
        for path in (source, target):
            path.unlink(missing_ok=True)
        if number != self._number:
            return  # the recipe has changed since
        self._waiting = False
        if draws is not None and self._images is not None:
            self._show_draws(self._images, draws)
        elif not answer.get("ok"):
            self._error = str(answer.get("message", ""))
        self._say()

    # Showing

    def _show_plain(self, images: "Array") -> None:
        from designer.gui.data.preview_pictures import as_bytes

        pictures = [picture_of(each) for each in as_bytes(images)]
        self.grid.show_rows([""] * len(pictures), [PictureRow(pictures, "\n".join(self._words))])

    def _show_draws(self, images: "Array", draws: "Array") -> None:
        from designer.gui.data.preview_pictures import as_bytes

        plain = as_bytes(images)
        rows = [
            PictureRow([picture_of(plain[n]), *(picture_of(each[n]) for each in draws)], words)
            for n, words in enumerate(self._words)
        ]
        self.grid.show_rows(["Plain", *(f"Draw {n + 1}" for n in range(len(draws)))], rows)

    def _say(self) -> None:
        form, on = self.model.form, self.settings.active
        self.again.setEnabled(on and self._images is not None)
        self.grid.setVisible(self._images is not None)
        if self._error:
            text = self._error
        elif form is None:
            text = (
                "The design takes no pictures as they are: give it one Input of channels, height, "
                "width, and solve its problems."
            )
        elif not on:
            text = (
                "No augmentation is on, so that the network gets the pictures plain in every epoch."
            )
        elif self._waiting:
            text = "The pictures are being drawn; the first ones take a few seconds."
        elif self.model.preview is None:
            text = "No worker process is there to draw."
        else:
            text = (
                "Each epoch trains on another draw of each picture. They are shown as the network "
                "gets them, before they are standardized."
            )
        self.words.setText(text)
        self.words.setProperty("role", "error" if self._error else "soft")
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)
