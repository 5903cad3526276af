"""The toolbar: some actions of the table, and the button that opens the command palette."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolBar, QToolButton, QWidget

from designer.gui.base.elided_label import ElidedLabel
from designer.gui.base.plain_text import tip
from designer.gui.commands.actions import TOOLBAR, Actions

_ICON_ONLY = ("edit.undo", "edit.redo", "view.maps")
_NAMED_WITH_ROOM = ("layer.arrange", "view.fit", "layer.group")  # else they have only their icons
_PRIMARY = "train.start"
_SEARCH = "Search commands, layers, nodes…  Ctrl+K"
_SHORT_SEARCH = "Search…"
_WIDE = 71  # line heights from which on the toolbar has room for all texts


class Toolbar(QToolBar):
    """Shows the actions that `TOOLBAR` names."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__("Toolbar", parent, objectName="toolbar", movable=False)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        side = round(1.2 * parent.fontMetrics().height())
        self.setIconSize(QSize(side, side))
        self._named_with_room: list[QToolButton] = []
        for action in actions.some(TOOLBAR):
            if action is None:
                self.addSeparator()
                continue
            self.addAction(action)
            button = self.widgetForAction(action)
            assert isinstance(button, QToolButton)
            if action.objectName() in _ICON_ONLY:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            if action.objectName() in _NAMED_WITH_ROOM:
                self._named_with_room.append(button)
            if action.objectName() == _PRIMARY:
                actions.make_primary(button, _PRIMARY)
        # It takes the free room up to the search, so that no button moves when it says something.
        self.why = ElidedLabel(name="toolbar-why")
        self.why.setProperty("role", "warning")
        self.why.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.why.setContentsMargins(8, 0, 8, 0)
        self.addWidget(self.why)
        self.search = QToolButton(objectName="search")
        self.search.setProperty("role", "search")
        self.search.setToolTip(actions.rows["help.commands"].help)
        self.search.clicked.connect(actions["help.commands"].trigger)
        self.addWidget(self.search)
        self._name_search(long=True)

    def show_refusal(self, sentence: str) -> None:
        """Show why Train is disabled, beside the buttons; "" for nothing."""
        self.why.setText(sentence)
        self.why.setToolTip(tip(sentence))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the texts of some buttons where there is little room."""
        wide = event.size().width() > _WIDE * self.fontMetrics().height()
        self._name_search(long=wide)
        style = Qt.ToolButtonStyle
        for button in self._named_with_room:
            button.setToolButtonStyle(
                style.ToolButtonTextBesideIcon if wide else style.ToolButtonIconOnly
            )
        super().resizeEvent(event)

    def _name_search(self, *, long: bool) -> None:
        text = _SEARCH if long else _SHORT_SEARCH
        if text != self.search.text():
            self.search.setText(text)
            layout = self.layout()
            if layout is not None:
                layout.invalidate()  # which a button that has no room does not do
