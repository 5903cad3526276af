"""The page of pictures: a grid that is filtered by part, class and file name, one shown large."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import background, icons, numbers
from designer.gui.base.boxes import ComboBox
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import theme
from designer.gui.data.contents import PART_TITLES, Contents
from designer.gui.data.model import DataModel
from designer.gui.data.picture_browser import SIDE, PictureBrowser
from designer.gui.data.picture_detail import PictureDetail
from designer.gui.data.thumbnails import Key, Thumbnails

_TYPED = 120  # milliseconds after the last key at which the search begins


Names = dict[str, list[str]]
"""The names of the files of each part in lower case; parts in arrays have none."""


def lower_names(contents: Contents) -> Names:
    """Return the names by which pictures are searched; call it in a background thread."""
    return {
        name: [each.lower() for each in part.names]
        for name, part in contents.parts.items()
        if part.names is not None
    }


class PicturesPage(QWidget):
    """Pictures of the data set; the current one is shown large beside them, or in their place."""

    def __init__(self, model: DataModel) -> None:
        super().__init__(objectName="data-pictures")
        self.model = model
        self.thumbnails = Thumbnails(self)
        self._shown: Contents | None = None
        self._names: Names | None = None  # once they were searched for the first time
        self._naming: Contents | None = None  # whose names are being read
        self.part = ComboBox(objectName="picture-part")
        self.part.setAccessibleName("Part")
        self.label = ComboBox(objectName="picture-class")
        self.label.setAccessibleName("Class")
        self.label.setMaximumWidth(260)
        self.label.setSizeAdjustPolicy(
            ComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.label.setMinimumContentsLength(18)
        self.search = QLineEdit(objectName="picture-search", clearButtonEnabled=True)
        self.search.setPlaceholderText("File name")
        self.search.setAccessibleName("Search pictures by the name of their file")
        self.search.setMaximumWidth(240)
        self.found = QLabel(objectName="picture-found", textFormat=Qt.TextFormat.PlainText)
        self.found.setProperty("role", "faint")
        self.large = QToolButton(
            objectName="picture-large", checkable=True, toolTip="Show the current picture large."
        )
        self.large.setAccessibleName("Show the current picture large")
        self.grid = PictureBrowser(self.thumbnails)
        self.grid.caption = self._caption
        self.grid.told = self._told
        self.detail = PictureDetail(model)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.grid)
        self.splitter.addWidget(self.detail)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setCollapsible(0, False)
        self.splitter.setCollapsible(1, False)
        self.detail.setMinimumWidth(220)
        self.splitter.setSizes([720, 320])
        head = QHBoxLayout()
        head.setContentsMargins(16, 10, 16, 6)
        head.setSpacing(8)
        for box in (self.part, self.label, self.search):
            head.addWidget(box)
        head.addWidget(self.found)
        head.addStretch(1)
        head.addWidget(self.large)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.splitter, 1)
        self._soon = QTimer(self, interval=_TYPED, singleShot=True)
        self._soon.timeout.connect(self._filter)
        self.part.activated.connect(self._filter)
        self.label.activated.connect(self._filter)
        self.search.textChanged.connect(lambda _: self._soon.start())
        self.grid.moved.connect(lambda: self.detail.show_picture(self.grid.key))
        self.grid.opened.connect(lambda: self.large.setChecked(True))
        self.large.toggled.connect(self._enlarge)
        model.changed.connect(self._show)
        theme.changed.connect(self._dress)
        self._dress()
        self._show()

    def _dress(self) -> None:
        self.large.setIcon(icons.icon("expand"))

    def show_class(self, number: int) -> None:
        """Show the pictures of all parts that have the class or label with this number."""
        self.part.setCurrentIndex(0)
        self.search.clear()
        self.label.setCurrentIndex(1 + number)
        self._filter()
        self.grid.setFocus()

    # Contents

    def _show(self) -> None:
        contents = self.model.contents
        if contents is None or contents is self._shown:
            return
        before = self._shown
        self._shown = contents
        same = before is not None and before.target.values == contents.target.values
        part, label = self.part.currentData(), self.label.currentIndex() if same else 0
        self.part.clear()
        self.part.addItem("All parts", "")
        for name, each in contents.parts.items():
            self.part.addItem(f"{PART_TITLES[name]} ({numbers.count(len(each))})", name)
        self.part.setCurrentIndex(max(0, self.part.findData(part)))
        if not same:
            several = contents.target.kind == "labels"
            self.label.clear()
            self.label.addItem("All labels" if several else "All classes")
            if contents.target.kind != "numbers":
                self.label.addItems([" ".join(name.split()) for name in contents.target.values])
        self.label.setCurrentIndex(max(0, label))
        self.label.setVisible(contents.target.kind != "numbers")
        self.search.setVisible(contents.in_files)
        self._names = self._naming = None
        side = round(SIDE * self.devicePixelRatioF())
        self.thumbnails.of(contents.parts, side)
        self._filter()

    def _filter(self, *_: object) -> None:
        contents = self._shown
        if contents is None:
            return
        if self._names is None and self.search.text().strip():
            self._read_names(contents)
            return
        names = list(contents.parts)
        parts: list[NDArray[np.int8]] = []
        indices: list[NDArray[np.int64]] = []
        for number, name in enumerate(names):
            if self.part.currentData() in ("", name):
                found = self._matching(contents, name)
                indices.append(found)
                parts.append(np.full(len(found), number, np.int8))
        every = np.concatenate(indices)
        self.grid.show_pictures(names, np.concatenate(parts), every)
        count = numbers.count(len(every))
        self.found.setText(f"{count} {'picture' if len(every) == 1 else 'pictures'}")

    def _read_names(self, contents: Contents) -> None:
        """Read the names of the files in the background, as those of many take long, and filter."""
        self.found.setText("Searching…")
        if self._naming is contents:
            return
        self._naming = contents

        def read(names: Names) -> None:
            if self._shown is contents:
                self._names = names
                self._filter()

        background.run(self, lambda: lower_names(contents), read, self.found.setText)

    def _matching(self, contents: Contents, name: str) -> NDArray[np.int64]:
        """Return which pictures of a part have the class and the text that were chosen."""
        part, label = contents.parts[name], self.label.currentIndex() - 1
        found = np.arange(len(part))
        if label >= 0 and contents.target.kind == "classes":
            found = np.flatnonzero(part.labels == label)
        elif label >= 0 and contents.target.kind == "labels":
            found = np.flatnonzero(part.labels[:, label] > 0)
        text = self.search.text().strip().lower()
        lower = (self._names or {}).get(name)
        if text and lower is not None:
            found = found[np.array([text in lower[index] for index in found.tolist()], bool)]
        return found.astype(np.int64)

    def _caption(self, key: Key) -> str:
        assert self._shown is not None
        return " ".join(self._shown.caption(key.part, key.index).split())

    def _told(self, key: Key) -> list[str]:
        assert self._shown is not None
        contents = self._shown
        return [
            contents.name(key.part, key.index),
            contents.label(key.part, key.index),
            PART_TITLES[key.part],
        ]

    # One picture large

    def _enlarge(self, large: bool) -> None:
        """Show the current picture alone, or beside the others."""
        self.grid.setVisible(not large)
        self.large.setToolTip(
            tip("Show all pictures again (Esc)." if large else "Show the current picture large.")
        )
        (self.detail if large else self.grid).setFocus()
        self.detail.setFocusPolicy(Qt.FocusPolicy.StrongFocus if large else Qt.FocusPolicy.NoFocus)
        if large:
            self.detail.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """While one picture is shown alone, go to the next or back to all."""
        if not self.large.isChecked():
            super().keyPressEvent(event)
            return
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            self.large.setChecked(False)
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Down):
            self.grid.move_to(self.grid.current + 1)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Up):
            self.grid.move_to(self.grid.current - 1)
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(900, 500)
