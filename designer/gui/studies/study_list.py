"""The list of studies: title, state and best value of each."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from designer.gui.base.plain_text import tip, wrapped_tip

if TYPE_CHECKING:
    from designer.gui.studies.listing import Entry

_PATH = Qt.ItemDataRole.UserRole


class StudyList(QTreeWidget):
    """A row for each study, of which one is chosen."""

    def __init__(self) -> None:
        super().__init__(objectName="studies-list")
        self.setAccessibleName("Studies")
        self.setHeaderLabels(["Study", "State", "Best"])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMinimumWidth(100)

    @property
    def chosen_path(self) -> Path | None:
        """The folder of the chosen study; None if there is none."""
        item = self.currentItem()
        return Path(item.data(0, _PATH)) if item is not None else None

    def show_entries(self, entries: "Sequence[Entry]", wanted: Path | None) -> bool:
        """Show studies and choose one, without a signal.

        Parameters
        ----------
        entries
            The studies.
        wanted
            The folder of the one to choose; another one is chosen if it is not there.

        Returns
        -------
        bool
            Whether it is there.
        """
        blocked = self.blockSignals(True)
        while self.topLevelItemCount() > len(entries):
            self.takeTopLevelItem(self.topLevelItemCount() - 1)
        current = None
        for number, entry in enumerate(entries):
            item = self.topLevelItem(number) or QTreeWidgetItem(self)
            for column, text in enumerate((entry.title, entry.state, entry.best)):
                item.setText(column, text)
            item.setData(0, _PATH, str(entry.path))
            words = [entry.title, entry.question, entry.fault, str(entry.path)]
            item.setToolTip(0, wrapped_tip(*filter(None, words)))
            item.setToolTip(1, tip(entry.fault or entry.state))
            if entry.path == wanted:
                current = item
        found = current is not None
        current = current or self.topLevelItem(0)
        if current is not None:
            self.setCurrentItem(current)
        self.blockSignals(blocked)
        return found
