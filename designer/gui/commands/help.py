"""Help: a page of all shortcuts and gestures, and one of version, licenses and folders."""

import platform
from pathlib import Path

import PySide6
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QIcon, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from designer import __version__, preferences
from designer.gui.base import icons, screens
from designer.gui.base.theme import colors, mono, sans
from designer.gui.commands.actions import MENUS, Actions
from designer.gui.commands.window import Window
from designer.resources import folder

GESTURES = (
    ("Drag from the layers", "Add a layer; drop it on a wire to insert it there."),
    ("Drag from a port", "Connect it; drop on empty canvas to choose a layer that fits."),
    ("Double-click on empty canvas", "Add a layer at the pointer by typing its name."),
    ("Double-click on a block", "Show the graph of the block."),
    ("Alt+drag a node", "Remove its edges and connect its neighbors."),
    ("Drag on empty canvas", "Select the nodes in the rectangle."),
    ("Shift+click", "Add a node to the selection, or remove it."),
    ("Ctrl+click on a node", "Select its whole branch."),
    ("Arrow keys", "Move the selection along the wires."),
    ("Ctrl+arrow keys", "Move the selected nodes a little."),
    ("Wheel, Space+drag, middle drag", "Move the view."),
    ("Ctrl+wheel, pinch", "Zoom about the pointer."),
    ("Drop a file on the window", "Open a design or a run; train on data; try a picture."),
    ("Escape while dragging", "Cancel the drag."),
)
"""Gestures and what they do, for the page of shortcuts."""


class ShortcutsDialog(QDialog):
    """The actions by menu, and the gestures, filtered by the field at the top."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent, objectName="shortcuts")
        self.setWindowTitle("Keys and gestures")
        screens.resize_within(self, 790, 640)
        self.filter = _Filter(self)
        self.tree = QTreeWidget(objectName="shortcuts-list", columnCount=3)
        self.tree.setHeaderLabels(["Command", "Keys", "What it does"])
        self.tree.setAccessibleName("Keys and gestures")
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(12)
        self.tree.setAllColumnsShowFocus(True)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(True)
        self.nothing = QLabel(objectName="shortcuts-nothing", textFormat=Qt.TextFormat.PlainText)
        self.nothing.setProperty("role", "soft")
        self.nothing.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        down = QVBoxLayout(self)
        down.setContentsMargins(16, 16, 16, 12)
        down.setSpacing(10)
        down.addWidget(self.filter)
        down.addWidget(self.tree, 1)
        down.addWidget(self.nothing)
        down.addWidget(buttons)
        self._fill(actions)
        self.filter.textChanged.connect(self._filtered)
        self.filter.setFocus()

    def _fill(self, actions: Actions) -> None:
        for menu in MENUS:
            rows = [
                (row.words, _keys(row.shortcut), row.help)
                for row in actions.rows.values()
                if row.menu == menu
            ]
            if rows:
                self._group(menu, rows)
        self._group("Mouse", [(gesture, "", effect) for gesture, effect in GESTURES])

    def _group(self, title: str, rows: list[tuple[str, str, str]]) -> None:
        group = QTreeWidgetItem([title])
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        group.setFont(0, sans(bold=True))
        self.tree.addTopLevelItem(group)
        for row in rows:
            item = QTreeWidgetItem(list(row))
            item.setFont(1, mono(relative=0.92))
            item.setToolTip(2, row[2])
            group.addChild(item)
        group.setExpanded(True)

    def _filtered(self, text: str) -> None:
        words = text.lower().split()
        seen = 0
        for number in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(number)
            assert group is not None
            here = 0
            for row in range(group.childCount()):
                item = group.child(row)
                line = " ".join(item.text(column) for column in range(3)).lower()
                fits = all(word in f"{group.text(0).lower()} {line}" for word in words)
                item.setHidden(not fits)
                here += fits
            group.setHidden(not here)
            seen += here
        self.nothing.setText(f"Nothing matches “{text.strip()}”.")
        self.nothing.setVisible(not seen)

    def done(self, result: int) -> None:
        super().done(result)
        self.deleteLater()


class _Filter(QLineEdit):
    """The search field; Down goes to the list."""

    def __init__(self, dialog: ShortcutsDialog) -> None:
        super().__init__(objectName="shortcuts-filter", clearButtonEnabled=True)
        self._dialog = dialog
        self.setPlaceholderText("Search keys and commands…")
        self.setAccessibleName("Search keys and commands")
        sign = icons.icon("search", colors().faint_text)
        self.addAction(sign, QLineEdit.ActionPosition.LeadingPosition)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Down goes to the list; Escape clears the text before it closes the dialog."""
        if event.key() == Qt.Key.Key_Down:
            self._dialog.tree.setFocus()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


def _keys(shortcut: str) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    return ", ".join(QKeySequence(each).toString(native) for each in shortcut.split("; ") if each)


class AboutDialog(QDialog):
    """Version, licenses, and where the program keeps its files."""

    def __init__(self, window: Window) -> None:
        super().__init__(window.frame, objectName="about")
        self.setWindowTitle("About Network Designer")
        self.setMinimumWidth(560)
        down = QVBoxLayout(self)
        down.setContentsMargins(24, 20, 24, 16)
        down.setSpacing(14)
        down.addLayout(_name())
        words = QLabel(
            f"Free software under the MIT license. Built with Qt {PySide6.__version__} (LGPL 3), "
            f"PyTorch and Python {platform.python_version()}. The fonts Inter and JetBrains Mono "
            "come under the SIL Open Font License; the digits are from MNIST. "
            "Nothing is ever sent anywhere.",
            wordWrap=True,
        )
        down.addWidget(words)
        title = QLabel("Folders")
        title.setFont(sans(1.1, bold=True))
        down.addWidget(title)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setColumnStretch(1, 1)
        for row, (name, text, path) in enumerate(
            (
                ("runs", "Runs", preferences.runs_folder(window.preferences)),
                ("settings", "Settings", preferences.path().parent),
                ("autosaves", "Autosaves", preferences.state_folder()),
                ("presets", "Presets", folder("presets")),
            )
        ):
            location = QLabel(str(path), wordWrap=True, textFormat=Qt.TextFormat.PlainText)
            location.setProperty("role", "soft")
            location.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            button = QPushButton("Open", objectName=f"about-open-{name}")
            button.setAccessibleName(f"Open the folder of {text.lower()}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, path=path: self.open_folder(path))
            grid.addWidget(QLabel(text, textFormat=Qt.TextFormat.PlainText), row, 0)
            grid.addWidget(location, row, 1)
            grid.addWidget(button, row, 2)
        down.addLayout(grid)
        self.message = QLabel(
            wordWrap=True, objectName="about-message", textFormat=Qt.TextFormat.PlainText
        )
        self.message.setProperty("role", "error")
        self.message.hide()
        down.addWidget(self.message)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        down.addWidget(buttons)

    def open_folder(self, path: Path) -> None:
        """Show a folder in the system's file manager, creating it if it does not exist."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            opened = QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
            fault = "" if opened else f"No file manager was found. The folder is {path}."
        except OSError as error:
            fault = (
                f"{path} cannot be created ({error.strerror}). "
                "Choose another folder in the settings."
            )
        self.message.setText(fault)
        self.message.setVisible(bool(fault))

    def done(self, result: int) -> None:
        super().done(result)
        self.deleteLater()


def _name() -> QHBoxLayout:
    logo = QLabel()
    logo.setPixmap(QIcon(str(folder("assets") / "icon.svg")).pixmap(56, 56))
    title = QLabel("Network Designer")
    title.setFont(sans(1.7, bold=True))
    version = QLabel(f"Version {__version__}", textFormat=Qt.TextFormat.PlainText)
    version.setProperty("role", "soft")
    version.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    words = QVBoxLayout()
    words.setSpacing(1)
    words.addStretch(1)
    words.addWidget(title)
    words.addWidget(version)
    words.addStretch(1)
    across = QHBoxLayout()
    across.setSpacing(16)
    across.addWidget(logo)
    across.addLayout(words, 1)
    return across


def about(window: Window) -> None:
    """Show the page about the program."""
    AboutDialog(window).open()
