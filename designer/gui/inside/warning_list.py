"""What is suspicious in the layers, in sentences with what helps; a click shows the layer."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

from designer.gui.base import icons
from designer.gui.base.theme import colors, theme
from designer.runs.layer_warnings import LayerWarning

_ICON = 16  # pixels


class WarningList(QListWidget):
    """The sentences.

    Signals
    -------
    chosen(path, kind, figure)
        The user chose a warning on a layer.
    """

    chosen = Signal(str, str, str)

    def __init__(self) -> None:
        super().__init__(objectName="statistics-warnings")
        self.setAccessibleName("What is suspicious in the layers")
        self.setWordWrap(True)
        self.setIconSize(QSize(_ICON, _ICON))
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._shown: Sequence[LayerWarning] = ()
        self.itemSelectionChanged.connect(self._choose)
        theme.changed.connect(self._dress)

    def show_warnings(self, found: Sequence[LayerWarning]) -> None:
        """Show other warnings; the chosen one stays so if it is among them."""
        if list(found) == list(self._shown) and self.count():
            return
        row = self.currentRow()
        before = self._shown[row] if 0 <= row < len(self._shown) else None
        self._shown = found
        self.blockSignals(True)
        self.clear()
        for number, each in enumerate(found):
            item = QListWidgetItem(f"{each.sentence} {each.remedy}")
            self.addItem(item)
            if before is not None and (each.key, each.path) == (before.key, before.path):
                self.setCurrentRow(number)
        if not found:
            item = QListWidgetItem("Nothing is suspicious.")
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.addItem(item)
        self.blockSignals(False)
        self._dress()

    def _dress(self) -> None:
        for number in range(len(self._shown)):
            self.item(number).setIcon(icons.icon("problem-warning", colors().warning))

    def _choose(self) -> None:
        row = self.currentRow()
        if 0 <= row < len(self._shown) and self.selectedItems():
            each = self._shown[row]
            self.chosen.emit(each.path, each.kind, each.figure)
