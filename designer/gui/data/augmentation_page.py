"""The page on augmentation: draws of some pictures as the network gets them, live with the recipe.

The window has no torch, so a worker process draws. Pictures go there and back as files.
"""

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
from designer.recipe.augmentations import Augmentation, enlargement
from designer.recipe.settings import Setting

if TYPE_CHECKING:
    from designer.data.pictures import Array
    from designer.gui.data.preview_pictures import Tried

_PICTURES, _DRAWS = 5, 8  # how many pictures, and how many draws of each
_MIXED_PICTURES, _MIXED_DRAWS = 4, 5  # which have captions, for which they leave room
_HELP_LINES = 3
_SIDE = 250  # pixels of the column with the settings


class AugmentationPage(QWidget):
    """Some training pictures, each with several draws of the recipe's random changes."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-augmentation")
        self.model = model
        self.seed = 0  # of the draws
        self._folder = QTemporaryDir()  # removed with this object
        self._number = 0  # of the last request: answers to earlier ones are obsolete
        # What the pictures that are read depend on: the data set and the form at first.
        self._read: tuple[object, ...] | None = None
        self._asked: object = None  # the pictures, settings and seed that draws are asked for
        self._tried: Tried | None = None
        self._waiting = False  # for draws
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
        self.help = QLabel(
            objectName="augmentation-help", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.help.setProperty("role", "soft")
        self.help.setAlignment(Qt.AlignmentFlag.AlignTop)
        # Always of the same height: the settings shall not move under the pointer.
        self.help.setFixedHeight(_HELP_LINES * self.help.fontMetrics().lineSpacing())
        self.controls.looked_at.connect(self._explain)
        self._explain(None)
        settings = QScrollArea(objectName="augmentation-settings", widgetResizable=True)
        settings.setFrameShape(QScrollArea.Shape.NoFrame)
        settings.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        settings.setWidget(self.controls)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.words, 1)
        row.addWidget(self.again, 0, Qt.AlignmentFlag.AlignTop)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addLayout(row)
        right.addWidget(area, 1)
        settings.setFixedWidth(max(_SIDE, self.controls.sizeHint().width() + 24))
        across = QHBoxLayout()
        across.setSpacing(16)
        across.addWidget(settings)
        across.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 8)
        column.setSpacing(6)
        column.addLayout(across, 1)
        column.addWidget(self.help)
        model.changed.connect(self._follow)
        model.form_changed.connect(self._follow)

    @property
    def settings(self) -> Augmentation:
        """The random changes of the recipe."""
        return self.model.recipe.augmentation

    def _explain(self, setting: object) -> None:
        """Say what the setting does that is pointed at."""
        words = "Point at a setting to read what it does."
        if isinstance(setting, Setting):
            words = "\n".join(filter(None, (setting.help, setting.formula)))
        self.help.setText(words)

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
            self._read, self._tried, self._error = None, None, ""
            self._say()
            return
        settings = self.settings
        wanted = (contents, form, enlargement(settings), settings.needs_colors)
        if self._read == wanted:
            self._draw()
            return
        if self._read is None or self._read[:2] != wanted[:2]:
            self._tried = None  # else those there are shown until the larger ones are read
        self._read = wanted
        self._asked, self._error = None, ""
        self._number += 1
        self._say()
        from designer.gui.data.preview_pictures import tried_pictures

        idle_imports.run(
            self,
            lambda: tried_pictures(contents, form, settings, count=_PICTURES),
            lambda found: self._has_read(wanted, found),
            lambda sentence: self._failed(wanted, sentence),
        )

    def _has_read(self, wanted: object, found: "Tried") -> None:
        if self._read == wanted:
            self._tried = found
            self._draw()

    def _failed(self, wanted: object, sentence: str) -> None:
        if self._read == wanted:
            self._error = sentence
            self._say()

    def _draw(self) -> None:
        """Ask for draws, unless those were asked for already."""
        tried, asked = self._tried, (self._read, self.settings, self.seed)
        if tried is None or self._asked == asked:
            return
        self._asked = asked
        self._number += 1
        self._error, self._waiting = "", False
        if not self.settings.active:
            self._show_plain(tried)
        elif self.model.preview is not None:
            self._waiting = True
            self._request(tried, self._number)
        self._say()

    @property
    def _shown(self) -> int:
        """How many of the pictures are drawn."""
        return _MIXED_PICTURES if self.settings.mixes else _PICTURES

    def _request(self, tried: "Tried", number: int) -> None:
        import numpy as np

        folder, sample = Path(self._folder.path()), tried.sample
        source, target = folder / f"pictures-{number}.npy", folder / f"draws-{number}.npz"
        np.save(source, sample.images[: self._shown])
        request = {
            "images": str(source),
            "to": str(target),
            "augmentation": msgspec.to_builtins(self.settings),
            "draws": _MIXED_DRAWS if self.settings.mixes else _DRAWS,
            "seed": self.seed,
            "size": sample.size,
            "mean": sample.mean,
            "components": sample.components,
        }
        assert self.model.preview is not None
        self.model.preview(request, lambda answer: self._answered(number, source, target, answer))

    def _answered(self, number: int, source: Path, target: Path, answer: dict[str, Any]) -> None:
        import numpy as np

        draws = None
        if number == self._number and answer.get("ok") and not answer.get("obsolete"):
            with np.load(target) as content:
                draws = dict(content)
        for path in (source, target):
            path.unlink(missing_ok=True)
        if number != self._number:
            return  # the recipe has changed since
        self._waiting = False
        if draws is not None and self._tried is not None:
            self._show_draws(self._tried, draws)
        elif not answer.get("ok"):
            self._error = str(answer.get("message", ""))
        self._say()

    # Showing

    def _show_plain(self, tried: "Tried") -> None:
        from designer.gui.data.preview_pictures import as_bytes

        pictures = [picture_of(each) for each in as_bytes(tried.sample.images)]
        self.grid.show_rows([""] * len(pictures), [PictureRow(pictures, "\n".join(tried.words))])

    def _show_draws(self, tried: "Tried", draws: "dict[str, Array]") -> None:
        from designer.data.augmentation_sample import mixed_caption
        from designer.gui.data.preview_pictures import as_bytes

        plain, drawn, labels = as_bytes(tried.sample.images), draws["pictures"], tried.labels
        rows = []
        for n, words in enumerate(tried.words[: self._shown]):
            captions: list[str] = []
            if self.settings.mixes:
                other = labels[int(draws["partners"][n])]
                mixed = [mixed_caption(float(of[n]), labels[n], other) for of in draws["shares"]]
                captions = [labels[n], *(each.replace(" + ", "\n+ ", 1) for each in mixed)]
            pictures = [picture_of(plain[n]), *(picture_of(each[n]) for each in drawn)]
            rows.append(PictureRow(pictures, words, captions))
        self.grid.show_rows(["Plain", *(f"Draw {n + 1}" for n in range(len(drawn)))], rows)

    def _say(self) -> None:
        form, on = self.model.form, self.settings.active
        self.again.setEnabled(on and self._tried is not None)
        self.grid.setVisible(self._tried is not None)
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
            if self.settings.mixes:
                text += " Each is mixed with another one of its batch, here with the one above."
        self.words.setText(text)
        self.words.setProperty("role", "error" if self._error else "soft")
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)
