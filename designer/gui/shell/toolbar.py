"""The toolbar: some actions of the table, and the button that opens the command palette."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QSizePolicy, QToolBar, QToolButton, QWidget

from designer.gui.commands.actions import TOOLBAR, Actions

_ICON_ONLY = ("edit.undo", "edit.redo")
_PRIMARY = "train.start"


class Toolbar(QToolBar):
    """Shows the actions that `TOOLBAR` names."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__("Toolbar", parent, objectName="toolbar", movable=False)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        side = round(1.2 * parent.fontMetrics().height())
        self.setIconSize(QSize(side, side))
        for action in actions.some(TOOLBAR):
            if action is None:
                self.addSeparator()
                continue
            self.addAction(action)
            button = self.widgetForAction(action)
            assert isinstance(button, QToolButton)
            if action.objectName() in _ICON_ONLY:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            if action.objectName() == _PRIMARY:
                actions.make_primary(button, _PRIMARY)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(space)
        search = QToolButton(text="Search commands, layers, nodes…  Ctrl+K", objectName="search")
        search.setProperty("role", "search")
        search.setToolTip(actions.rows["help.commands"].help)
        search.clicked.connect(actions["help.commands"].trigger)
        self.addWidget(search)
