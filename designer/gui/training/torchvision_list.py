"""The dialog that lists torchvision's pretrained weights, those for the present design first."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import numbers
from designer.runs import pretrained
from designer.runs.pretrained import Pretrained

COLUMNS = ("Network", "Weights", "Top-1 accuracy", "Parameters", "Download", "This design")
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_MIB = 2**20
_SIZE = (840, 480)
_MOVING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class TorchvisionList(QDialog):
    """A list of networks that is filtered by typing; Enter or a double click chooses.

    Parameters
    ----------
    preset
        The preset that the present design was opened from, "" for none.
    parameters
        Its number of parameters.
    """

    def __init__(self, preset: str, parameters: int, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="torchvision")
        self.setWindowTitle("Weights from torchvision")
        self.filter = QLineEdit(objectName="torchvision-filter", clearButtonEnabled=True)
        self.filter.setPlaceholderText("Type to filter, as in resnet or V2")
        self.filter.setAccessibleName("Filter networks")
        self.filter.textChanged.connect(self._apply_filter)
        self.filter.installEventFilter(self)
        self.list = QTreeWidget(objectName="torchvision-list")
        self.list.setAccessibleName("Networks of torchvision")
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAllColumnsShowFocus(True)
        self.list.setHeaderLabels(COLUMNS)
        for column in (2, 3, 4):
            self.list.headerItem().setTextAlignment(column, _RIGHT)
        rows = pretrained.fitting_first(pretrained.table(), preset=preset, parameters=parameters)
        self._items = [
            _item(row, fits=pretrained.fits(row, preset=preset, parameters=parameters))
            for row in rows
        ]
        self.list.addTopLevelItems(self._items)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.list.itemActivated.connect(lambda *_: self.accept())
        self.list.currentItemChanged.connect(self._refresh)
        self.note = QLabel(
            wordWrap=True, objectName="torchvision-note", textFormat=Qt.TextFormat.PlainText
        )
        self.note.setProperty("role", "soft")
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.choose = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.choose.setText("Use these weights")
        self.choose.setProperty("primary", True)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        down = QVBoxLayout(self)
        down.setContentsMargins(20, 16, 20, 16)
        down.setSpacing(10)
        down.addWidget(self.filter)
        down.addWidget(self.list, 1)
        down.addWidget(self.note)
        down.addWidget(self.buttons)
        self.resize(*_SIZE)
        self.list.setCurrentItem(self._items[0])
        self.filter.setFocus()

    @property
    def source(self) -> str:
        """The chosen weights as the recipe names them, "" if no row is shown."""
        item = self.list.currentItem()
        if item is None or item.isHidden():
            return ""
        row: Pretrained = item.data(0, Qt.ItemDataRole.UserRole)
        return row.source

    def accept(self) -> None:
        if self.source:
            super().accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys move in the list while the filter has the focus."""
        if watched is self.filter and isinstance(event, QKeyEvent):
            pressed = event.type() is QEvent.Type.KeyPress
            if pressed and Qt.Key(event.key()) in _MOVING:
                self.list.keyPressEvent(event)
                return True
        return super().eventFilter(watched, event)

    def _apply_filter(self, text: str) -> None:
        words = text.lower().split()
        first = None
        for item in self._items:
            there = f"{item.text(0)} {item.text(1)} {item.text(5)}".lower()
            item.setHidden(not all(word in there for word in words))
            if first is None and not item.isHidden():
                first = item
        current = self.list.currentItem()
        if first is not None and (current is None or current.isHidden()):
            self.list.setCurrentItem(first)
        self._refresh()

    def _refresh(self) -> None:
        self.choose.setEnabled(bool(self.source))
        self.note.setText(
            "The weights are downloaded once, by torchvision. Tensors that do not fit the design "
            "start fresh; a report says which."
            if self.source
            else "No network has such a name: change or clear the filter."
        )


def _item(row: Pretrained, *, fits: bool) -> QTreeWidgetItem:
    cells = (
        row.network,
        row.weights,
        f"{numbers.local(f'{row.top1:.2f}')} %",
        numbers.short(row.parameters),
        numbers.size(row.megabytes * _MIB),
        "same network" if fits else "",
    )
    item = QTreeWidgetItem(list(cells))
    item.setData(0, Qt.ItemDataRole.UserRole, row)
    item.setToolTip(0, row.source)
    for column in (2, 3, 4):
        item.setTextAlignment(column, _RIGHT)
    return item
