"""The page on how pictures of other proportions become the network's input, to be chosen there."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QRadioButton, QScrollArea, QVBoxLayout, QWidget

from designer.gui.base.pictures import picture_of
from designer.gui.base.speed import idle_imports
from designer.gui.data.model import DataModel
from designer.gui.data.picture_grid import PictureGrid, PictureRow
from designer.gui.documents import steps
from designer.recipe.data import FITS

if TYPE_CHECKING:
    from designer.gui.data.preview_pictures import Fitted

_ROWS = 3
_HELP = {
    "crop": "Crop: scaled to cover the input, and edges are cut off.",
    "pad": "Pad: scaled to lie within the input, with black edges.",
    "stretch": "Stretch: scaled in both directions apart, which distorts.",
}


class FitPage(QWidget):
    """Some pictures as they are, and cropped, padded and stretched; a click chooses."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-fit")
        self.model = model
        self._shown: object = None  # the data set and the network's input whose pictures are shown
        self._pictures: list[Fitted] = []
        self.words = QLabel(
            objectName="fit-words", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.words.setMinimumWidth(1)
        self.choices: dict[str, QRadioButton] = {}
        row = QHBoxLayout()
        row.setSpacing(18)
        for name, title in FITS.items():
            button = QRadioButton(steps.capitalized(title), objectName=f"fit-{name}")
            button.setToolTip(_HELP[name])
            button.clicked.connect(lambda _=False, name=name: self._choose(name))
            self.choices[name] = button
            row.addWidget(button)
        row.addStretch(1)
        self.grid = PictureGrid("fit-pictures")
        self.grid.column_clicked.connect(self._clicked)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(self.grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 10)
        column.setSpacing(8)
        column.addWidget(self.words)
        column.addLayout(row)
        column.addWidget(area, 1)
        model.changed.connect(self._follow)
        model.form_changed.connect(self._follow)

    def _choose(self, name: str) -> None:
        self.model.change({"data.fit": name})
        self._show()

    def _clicked(self, column: int) -> None:
        if column:
            self._choose(list(FITS)[column - 1])

    def showEvent(self, event: QShowEvent) -> None:
        """Read the pictures now that they are to be seen."""
        super().showEvent(event)
        self._follow()

    def _follow(self) -> None:
        """Read pictures of another data set, or for another input; mark another choice."""
        contents, form = self.model.contents, self.model.form
        if not self.isVisible() or contents is None:
            return
        if form is None:
            self._shown, self._pictures = None, []
            self._show()
            return
        size = (form.channels, form.height, form.width)
        if self._shown != (contents, size):
            self._shown = wanted = (contents, size)
            self._pictures = []
            from designer.gui.data.preview_pictures import fitted_pictures

            idle_imports.run(
                self,
                lambda: fitted_pictures(contents, form, count=_ROWS),
                lambda found: self._has_read(wanted, found),
            )
        self._show()

    def _has_read(self, wanted: object, found: "list[Fitted]") -> None:
        if self._shown == wanted:
            self._pictures = found
            self._show()

    def _show(self) -> None:
        from designer.gui.data.preview_pictures import as_bytes

        form, fit = self.model.form, self.model.recipe.data.fit
        for name, button in self.choices.items():
            with QSignalBlocker(button):
                button.setChecked(name == fit)
            button.setEnabled(form is not None)
        self.words.setText(self._sentence())
        titles = [steps.capitalized(FITS[name]) for name in FITS]
        rows = [
            PictureRow(
                [
                    picture_of(as_bytes(each.original)),
                    *(picture_of(as_bytes(each.fits[name])) for name in each.fits),
                ],
                each.words,
            )
            for each in self._pictures
        ]
        self.grid.show_rows(["As it is", *titles], rows, marked=1 + list(FITS).index(fit))

    def _sentence(self) -> str:
        form = self.model.form
        if form is None:
            return (
                "The design takes no pictures as they are: give it one Input of channels, "
                "height, width, and solve its problems."
            )
        size = f"{form.height}×{form.width}"
        if self._pictures and all(
            each.height * form.width == each.width * form.height for each in self._pictures
        ):
            return (
                f"The network takes {size} pixels. The pictures have these proportions, so that "
                "nothing is cut off, added or distorted."
            )
        return (
            f"The network takes {size} pixels. Choose what becomes of pictures with other "
            "proportions; the mark shows the recipe's choice."
        )
