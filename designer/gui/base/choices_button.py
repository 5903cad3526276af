"""A button with a menu in which any number of choices can be checked."""

from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget


class ChoicesButton(QPushButton):
    """Shows which of some choices are checked; its menu stays open while they are.

    Parameters
    ----------
    choices
        Titles by the names of the choices.
    empty
        What it shows if none is checked.

    Signals
    -------
    changed(names)
        The user checked these now, in the order of the choices.
    """

    changed = Signal(tuple)

    def __init__(
        self, choices: Mapping[str, str], empty: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._empty = empty
        self._menu = _StayingMenu(self)
        self.actions_by_name: dict[str, QAction] = {}
        for name, title in choices.items():
            action = self._menu.addAction(title)
            action.setCheckable(True)
            action.setObjectName(name)
            action.toggled.connect(self._toggled)
            self.actions_by_name[name] = action
        self.setMenu(self._menu)
        self.setStyleSheet("text-align: left;")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(60)
        self._show_chosen()

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names that are checked, in the order of the choices."""
        return tuple(name for name, each in self.actions_by_name.items() if each.isChecked())

    def choose(self, names: Sequence[str]) -> None:
        """Check these and no others, without `changed`."""
        for name, action in self.actions_by_name.items():
            action.blockSignals(True)
            action.setChecked(name in names)
            action.blockSignals(False)
        self._show_chosen()

    def offer(self, names: Collection[str]) -> None:
        """Offer these choices only, and those that are checked."""
        for name, action in self.actions_by_name.items():
            action.setVisible(name in names or action.isChecked())

    def _toggled(self) -> None:
        self._show_chosen()
        self.changed.emit(self.chosen)

    def _show_chosen(self) -> None:
        titles = [each.text() for each in self.actions_by_name.values() if each.isChecked()]
        self.setText(", ".join(titles) or self._empty)
        self.setAccessibleDescription(self.text())


class _StayingMenu(QMenu):
    """A menu that a click on a choice does not close."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        action = self.actionAt(event.position().toPoint())
        if action is not None and action.isCheckable():
            action.toggle()
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self.activeAction()
        if event.key() == Qt.Key.Key_Space and action is not None and action.isCheckable():
            action.toggle()
            return
        super().keyPressEvent(event)
