"""The list of all fields that a study may vary, to be searched and ticked."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from designer.gui.base.plain_text import wrapped_tip
from designer.gui.base.theme import sans
from designer.gui.studies import wording
from designer.gui.studies.page import words
from designer.studies.fields import VariedField

_NAME = Qt.ItemDataRole.UserRole


class FieldTree(QWidget):
    """Groups of fields with ticks; a search leaves those with all of its words.

    Signals
    -------
    ticked(name, on)
        The user ticked a field, or took its tick away.
    """

    ticked = Signal(str, bool)

    def __init__(self, fields: Sequence[VariedField]) -> None:
        super().__init__(objectName="study-fields")
        self.finder = QLineEdit(objectName="study-finder", placeholderText="Search the fields")
        self.finder.setAccessibleName("Search the fields")
        self.finder.setClearButtonEnabled(True)
        self.finder.textChanged.connect(self._find)
        self.tree = QTreeWidget(objectName="study-field-tree")
        self.tree.setAccessibleName("Fields that can vary")
        self.tree.setHeaderLabels(["Field", "Now"])
        self.tree.setUniformRowHeights(True)
        self.tree.setColumnWidth(0, 190)
        self.items: dict[str, QTreeWidgetItem] = {}
        self._words: dict[str, str] = {}
        groups: dict[str, QTreeWidgetItem] = {}
        for field in fields:
            group = groups.get(field.group)
            if group is None:
                group = groups[field.group] = QTreeWidgetItem(self.tree, [field.group])
                group.setFont(0, sans(bold=True))
                group.setFlags(Qt.ItemFlag.ItemIsEnabled)
                group.setFirstColumnSpanned(True)
            title = field.title.removeprefix(f"{field.group} ")
            item = QTreeWidgetItem(group, [title, wording.value(field.current)])
            item.setData(0, _NAME, field.name)
            item.setFlags(
                Qt.ItemFlag.ItemIsEnabled
                | Qt.ItemFlag.ItemIsSelectable
                | Qt.ItemFlag.ItemIsUserCheckable
            )
            item.setCheckState(0, Qt.CheckState.Unchecked)
            item.setToolTip(0, wrapped_tip(field.help or field.title, f"({field.name})"))
            self.items[field.name] = item
            text = f"{field.name} {field.title} {field.group} {field.help}"
            self._words[field.name] = text.lower()
        self.none = words("No field has all these words.", "soft", wrap=True)
        self.none.hide()
        self.groups = list(groups.values())
        for group in self.groups[:1]:
            group.setExpanded(True)
        self.tree.itemChanged.connect(self._changed)
        self.tree.itemActivated.connect(self._turn)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.finder)
        column.addWidget(self.none)
        column.addWidget(self.tree, 1)

    def tick(self, names: Iterable[str]) -> None:
        """Tick these fields and no others; no signal is sent."""
        wanted = set(names)
        blocked = self.tree.blockSignals(True)
        for name, item in self.items.items():
            on = name in wanted
            item.setCheckState(0, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self.tree.blockSignals(blocked)

    def _changed(self, item: QTreeWidgetItem, column: int) -> None:
        name = item.data(0, _NAME)
        if name and column == 0:
            self.ticked.emit(name, item.checkState(0) == Qt.CheckState.Checked)

    def _turn(self, item: QTreeWidgetItem) -> None:
        """Turn the tick of the field on which Enter was pressed."""
        if item.data(0, _NAME):
            on = item.checkState(0) != Qt.CheckState.Checked
            item.setCheckState(0, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)

    def _find(self, text: str) -> None:
        wanted = text.lower().split()
        for name, item in self.items.items():
            item.setHidden(not all(word in self._words[name] for word in wanted))
        self.none.setVisible(all(item.isHidden() for item in self.items.values()))
        for number, group in enumerate(self.groups):
            children = [group.child(i) for i in range(group.childCount())]
            group.setHidden(all(child.isHidden() for child in children))
            group.setExpanded(bool(wanted) or number == 0)
