"""One picture large: as it is stored and as the network sees it, with all that is known of it."""

from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QGridLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.data.pictures import PictureForm
from designer.errors import DesignerError
from designer.gui.base import background, icons
from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.picture_view import PictureView
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import theme
from designer.gui.data.contents import PART_TITLES, Contents
from designer.gui.data.model import DataModel
from designer.gui.data.pictures import Original, as_the_network_sees, original
from designer.gui.data.thumbnails import Key

_FITS = {"crop": "cropped", "pad": "padded", "stretch": "stretched"}
_SIDE_BY_SIDE = 44  # line heights of a width from which the two pictures are side by side


class Detail(NamedTuple):
    """What is shown of a picture; errors are sentences, "" for none."""

    original: Original | None
    original_error: str
    seen: QImage | None
    seen_error: str


class PictureDetail(QWidget):
    """Shows one picture of the data set."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="picture-detail")
        self.model = model
        self.key: Key | None = None
        self.detail: Detail | None = None
        self.stored = PictureView("As it is stored")
        self.seen = PictureView("As the network sees it")
        self.pair = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self.pair.setSpacing(10)
        self.pair.addWidget(self.stored, 1)
        self.pair.addWidget(self.seen, 1)
        self.values: dict[str, ElidedLabel] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        self.titles: dict[str, QLabel] = {}
        for row, name in enumerate(("File", "Label", "Part", "Size", "Stored as")):
            title = self.titles[name] = QLabel(name, textFormat=Qt.TextFormat.PlainText)
            title.setProperty("role", "faint")
            value = self.values[name] = ElidedLabel(name=f"picture-{name.lower().split()[0]}")
            value.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
            grid.addWidget(title, row, 0)
            grid.addWidget(value, row, 1)
        self.copy = QToolButton(objectName="picture-copy", toolTip="Copy the file's name.")
        self.copy.setAccessibleName("Copy the file's name")
        self.copy.setProperty("bare", True)
        self.copy.clicked.connect(
            lambda: QApplication.clipboard().setText(self.values["File"].text())
        )
        grid.addWidget(self.copy, 0, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 16, 12)
        column.setSpacing(10)
        column.addLayout(self.pair, 1)
        column.addLayout(grid)
        theme.changed.connect(self._dress)
        self._dress()
        model.form_changed.connect(self._again)

    def _dress(self) -> None:
        self.copy.setIcon(icons.icon("copy"))

    def show_picture(self, key: Key | None) -> None:
        """Show a picture; it is read in the background."""
        contents = self.model.contents
        self.key = key
        if key is None or contents is None:
            self.detail = None
            for value in self.values.values():
                value.setText("")
            self.stored.show_picture(None, "")
            self.seen.show_picture(None, "")
            return
        self._show_known(contents, key)
        form = self.model.form
        background.run(
            self,
            lambda: read_detail(contents, key, form),
            lambda detail: self._has_read(key, contents, detail),
        )

    def _again(self) -> None:
        if self.isVisible():
            self.show_picture(self.key)

    def _show_known(self, contents: Contents, key: Key) -> None:
        kind = contents.target.kind
        title = {"classes": "Class", "labels": "Labels", "numbers": "Numbers"}.get(kind, "Target")
        self.titles["Label"].setText(title)
        self.titles["File"].setText("File" if contents.in_files else "Picture")
        self._set("File", contents.name(key.part, key.index))
        self._set("Label", contents.label(key.part, key.index))
        self._set("Part", PART_TITLES[key.part])

    def _set(self, name: str, text: str) -> None:
        self.values[name].setText(text)
        self.values[name].setToolTip(tip(text))

    def _has_read(self, key: Key, contents: Contents, detail: Detail) -> None:
        if key != self.key or contents is not self.model.contents:
            return
        self.detail = detail
        stored, form = detail.original, self.model.form
        self.stored.show_picture(stored.picture if stored else None, detail.original_error)
        self._set("Size", f"{stored.height}×{stored.width} pixels" if stored else "unknown")
        self._set("Stored as", stored.storage if stored else "unknown")
        if form is None:
            words = "The design has no single image as input, so nothing can be said of it."
            self.seen.show_picture(None, words)
        else:
            self.seen.set_title(
                f"As the network sees it: {form.height}×{form.width}, {_FITS[form.fit]}"
            )
            self.seen.show_picture(detail.seen, detail.seen_error)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() > _SIDE_BY_SIDE * self.fontMetrics().height()
        direction = QBoxLayout.Direction
        self.pair.setDirection(direction.LeftToRight if wide else direction.TopToBottom)


def read_detail(contents: Contents, key: Key, form: PictureForm | None) -> Detail:
    """Read a picture as it is stored and in the network's form; call it in a background thread."""
    part = contents.parts[key.part]
    stored, seen, stored_error, seen_error = None, None, "", ""
    try:
        stored = original(part, key.index)
    except DesignerError as error:
        stored_error = str(error)
    if form is not None and stored is not None:
        try:
            seen = as_the_network_sees(part, key.index, form)
        except DesignerError as error:
            seen_error = str(error)
    return Detail(stored, stored_error, seen, seen_error)
