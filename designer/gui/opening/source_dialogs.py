"""The dialogs that ask for a network of torchvision or timm, or for one that Python code builds."""

import re
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from designer.errors import DesignerError
from designer.gui.base.boxes import ComboBox
from designer.gui.base.screens import resize_within
from designer.gui.opening.opener import Opening
from designer.readers import sources
from designer.runs import library_names
from designer.runs.export_formats import LIBRARIES

_MOVING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_INPUT_TIP = (
    "The shape of an input without the batch, such as 3x224x224, or int64:128 for 128 tokens. "
    "Several inputs are separated by commas."
)


class SourceDialog(QDialog):
    """A dialog that gives a source and the shapes of its inputs.

    Attributes
    ----------
    inputs_field
        The shapes, separated by commas; empty to let them be found.
    """

    def __init__(self, title: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName=name)
        self.setWindowTitle(title)
        self.inputs_field = QLineEdit(objectName="open-inputs")
        self.inputs_field.setPlaceholderText("found by itself; or type it, as in 3x224x224")
        self.inputs_field.setToolTip(_INPUT_TIP)
        self.inputs_field.textChanged.connect(self._changed)
        self.note = QLabel(
            wordWrap=True, objectName="open-note", textFormat=Qt.TextFormat.PlainText
        )
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        self.go = self.buttons.button(QDialogButtonBox.StandardButton.Open)
        self.go.setProperty("primary", True)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    @property
    def source(self) -> str:
        """What is to be opened; "" while nothing can be."""
        raise NotImplementedError

    @property
    def inputs(self) -> tuple[str, ...]:
        """The shapes of the inputs; empty to let them be found."""
        given = self.inputs_field.text().replace(" ", "")
        return tuple(each for each in given.split(",") if each)

    def refusal(self) -> str:
        """Return why nothing can be opened yet, "" if it can."""
        try:
            if self.source:
                sources.parse(self.source)
            for each in self.inputs:
                sources.parse_input(each)
        except DesignerError as error:
            return str(error)
        return ""

    def about(self) -> str:
        """Return what the user should know before opening."""
        raise NotImplementedError

    def accept(self) -> None:
        if self.source and not self.refusal():
            super().accept()

    def _changed(self) -> None:
        refusal = self.refusal()
        self.go.setEnabled(bool(self.source) and not refusal)
        self.note.setText(refusal or self.about())
        self.note.setProperty("role", "error" if refusal else "soft")
        self.note.style().polish(self.note)

    def _input_row(self) -> QHBoxLayout:
        label = QLabel("Input shape")
        label.setBuddy(self.inputs_field)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(label)
        row.addWidget(self.inputs_field, 1)
        return row


class LibraryDialog(SourceDialog):
    """Lists the known networks of torchvision and timm, filtered by typing; others may be typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Open a network of torchvision or timm", "open-library", parent)
        self.library = ComboBox(objectName="open-library-name")
        self.library.addItems(list(LIBRARIES))
        self.library.setAccessibleName("Library")
        self.library.currentTextChanged.connect(self._fill)
        self.name = QLineEdit(objectName="open-network", clearButtonEnabled=True)
        self.name.setPlaceholderText("Name of the network, as in resnet18")
        self.name.setAccessibleName("Network")
        self.name.textChanged.connect(self._filter)
        self.name.installEventFilter(self)
        self.list = QListWidget(objectName="open-networks")
        self.list.setAccessibleName("Known networks")
        self.list.setUniformItemSizes(True)
        self.list.currentItemChanged.connect(lambda *_: self._changed())
        self.list.itemActivated.connect(lambda _: self.accept())
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self.library)
        top.addWidget(self.name, 1)
        down = QVBoxLayout(self)
        down.setContentsMargins(20, 16, 20, 16)
        down.setSpacing(10)
        down.addLayout(top)
        down.addWidget(self.list, 1)
        down.addLayout(self._input_row())
        down.addWidget(self.note)
        down.addWidget(self.buttons)
        self._fill()
        self.name.setFocus()
        high = self.fontMetrics().height()
        resize_within(self, high * 32, high * 30)

    @property
    def network(self) -> str:
        """The chosen network: the one of the list, or the typed name of another."""
        item = self.list.currentItem()
        if item is not None and not item.isHidden():
            return item.text()
        typed = self.name.text().strip()
        return typed if re.fullmatch(r"[\w.\-/:]+", typed) else ""

    @property
    def source(self) -> str:
        return f"{self.library.currentText()}:{self.network}" if self.network else ""

    def about(self) -> str:
        library = self.library.currentText()
        item = self.list.currentItem()
        if self.network and (item is None or item.isHidden()):
            return f"{self.network} is not in this list; {library} is asked for it by that name."
        return (
            f"{library} builds the network, so it must be installed. Its weights are drawn at "
            "random; pretrained ones are offered where a training starts."
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys move in the list while the name has the focus."""
        if (
            watched is self.name
            and isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.KeyPress
            and Qt.Key(event.key()) in _MOVING
        ):
            self.list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def _fill(self) -> None:
        self.list.clear()
        networks = library_names.table()[self.library.currentText()]
        self.list.addItems(sorted({each.name for each in networks}))
        self._filter()

    def _filter(self) -> None:
        words = self.name.text().lower().split()
        first = -1
        for number in range(self.list.count()):
            item = self.list.item(number)
            item.setHidden(not all(word in item.text().lower() for word in words))
            exact = item.text() == self.name.text().strip()
            if not item.isHidden() and (first < 0 or exact):
                first = number
        self.list.setCurrentRow(first)
        self._changed()


class ModuleDialog(SourceDialog):
    """Asks for a Python file, or for a class or function of an installed module."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Open a network from Python code", "open-module", parent)
        self.place = QLineEdit(objectName="open-module-source", clearButtonEnabled=True)
        self.place.setPlaceholderText("A file, or package.module:Network")
        self.place.setAccessibleName("Python file or module")
        self.place.textChanged.connect(self._changed)
        self.choose = QPushButton("File…", objectName="open-module-file")
        self.choose.setAutoDefault(False)
        self.choose.setToolTip("Choose a Python file; it is not run before you agree.")
        self.choose.clicked.connect(self._choose)
        self.factory = QLineEdit(objectName="open-module-factory")
        self.factory.setPlaceholderText("only if the file has several networks")
        self.factory.setToolTip("The class or function of the file that builds the network.")
        self.factory.textChanged.connect(self._changed)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(8)
        for number, (words, field) in enumerate(
            (
                ("Python code", self.place),
                ("Class or function", self.factory),
                ("Input shape", self.inputs_field),
            )
        ):
            label = QLabel(words, textFormat=Qt.TextFormat.PlainText)
            label.setBuddy(field)
            grid.addWidget(label, number, 0)
            grid.addWidget(field, number, 1)
        grid.addWidget(self.choose, 0, 2)
        down = QVBoxLayout(self)
        down.setContentsMargins(20, 16, 20, 16)
        down.setSpacing(12)
        down.addLayout(grid)
        down.addWidget(self.note)
        down.addStretch(1)
        down.addWidget(self.buttons)
        self._changed()
        high = self.fontMetrics().height()
        resize_within(self, high * 34, high * 15)

    @property
    def source(self) -> str:
        text, factory = self.place.text().strip(), self.factory.text().strip()
        if text.endswith(".py"):
            path = str(Path(text).expanduser().absolute())
            return f"{path}:{factory}" if factory else path
        return f"{text}:{factory}" if factory else text

    def about(self) -> str:
        return (
            "The code must define a class of nn.Module, or a function that returns one. You are "
            "asked before it is run."
        )

    def _choose(self) -> None:
        text, _ = QFileDialog.getOpenFileName(
            self, "Choose a Python file", str(Path.home()), "Python (*.py);;All files (*)"
        )
        if text:
            self.place.setText(text)


class ShapeDialog(SourceDialog):
    """Asks for the shapes of the inputs, which a source does not say.

    Parameters
    ----------
    opening
        What could not be opened.
    sentence
        Why.
    """

    def __init__(self, opening: Opening, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(f"The input of {opening.title}", "open-shape", parent)
        self._source = opening.source
        self.inputs_field.setPlaceholderText("3x224x224")
        self.inputs_field.setText(", ".join(opening.inputs))
        why = QLabel(sentence, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        why.setObjectName("open-shape-why")
        down = QVBoxLayout(self)
        down.setContentsMargins(20, 16, 20, 16)
        down.setSpacing(12)
        down.addWidget(why)
        down.addLayout(self._input_row())
        down.addWidget(self.note)
        down.addStretch(1)
        down.addWidget(self.buttons)
        self._changed()
        high = self.fontMetrics().height()
        resize_within(self, high * 34, high * 16)

    @property
    def source(self) -> str:
        return self._source if self.inputs else ""

    def about(self) -> str:
        return "Type the sizes without the batch; several inputs are separated by commas."
