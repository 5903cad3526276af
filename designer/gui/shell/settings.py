"""The settings dialog: each change takes effect at once."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import icons, screens
from designer.gui.base.boxes import ComboBox, DoubleSpinBox
from designer.gui.base.theme import colors, sans, theme
from designer.gui.forms.folder_field import FolderField
from designer.preferences import Numbers, Preferences

_THEMES = (
    ("system", "System", "device", "Light or dark as the system is, also when that changes."),
    ("light", "Light", "sun", "Always light."),
    ("dark", "Dark", "moon", "Always dark."),
)
_NUMBERS = (
    ("english", "1,234,567.8"),
    ("spaces", "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567.8"),
    ("plain", "1234567.8"),
)
_DEVICES = (
    ("auto", "Automatic: the fastest available"),
    ("cpu", "CPU"),
    ("cuda", "NVIDIA GPU (CUDA)"),
    ("mps", "Apple GPU (MPS)"),
)
_AROUND = 56  # pixels beside the settings, for margins and scroll bar
# What Reset does not change: the program's memory rather than settings.
_NOT_RESET = ("recent", "geometry", "arrangement", "docks", "toured", "gallery")


class SettingsDialog(QDialog):
    """A form for the preferences; `apply` is called after every change."""

    def __init__(
        self, preferences: Preferences, apply: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, objectName="settings")
        self.setWindowTitle("Settings")
        self.setMinimumWidth(600)
        self.preferences = preferences
        self._apply = apply
        self._filling = False
        down = QVBoxLayout(self)
        down.setContentsMargins(24, 18, 24, 18)
        down.setSpacing(0)
        page = QWidget()
        self._grid = QGridLayout(page)
        self._grid.setContentsMargins(0, 0, 8, 0)
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._titles: list[QLabel] = []
        self._assemble()
        scroll = QScrollArea(widgetResizable=True, objectName="settings-page")
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        down.addWidget(scroll, 1)
        down.addSpacing(16)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.reset = buttons.addButton("Reset all", QDialogButtonBox.ButtonRole.ResetRole)
        self.reset.setObjectName("settings-reset")
        self.reset.setToolTip("Set everything on this page to its default.")
        self.reset.setAutoDefault(False)
        self.reset.clicked.connect(self._reset)
        buttons.rejected.connect(self.reject)
        down.addWidget(buttons)
        self.fill()
        checked = self.themes.checkedButton()
        if checked is not None:
            checked.setFocus()
        self._dress()
        theme.changed.connect(self._dress)
        width = max(self.minimumWidth(), page.sizeHint().width() + _AROUND)
        around = buttons.sizeHint().height() + 3 * _AROUND
        screens.resize_within(self, width, page.heightForWidth(width - _AROUND) + around)

    # Assembling

    def _assemble(self) -> None:
        self._section("Appearance")
        self.themes = QButtonGroup(self)
        self._row("Theme", self._theme_buttons())
        self.numbers = self._choices("settings-numbers", _NUMBERS, "numbers")
        self._row(
            "Numbers",
            self.numbers,
            "How digits are grouped. Decimals have a point, as in code; a comma may be typed.",
        )
        self._section("Folders")
        self.runs = FolderField("settings-runs", "Folder for runs", required=True)
        self.runs.chosen.connect(lambda text: self._set("runs_folder", text))
        self._row("Runs", self.runs, "Every training is stored as a folder in it.")
        self.data = FolderField("settings-data", "Folder for data sets", writable=False)
        self.data.chosen.connect(lambda text: self._set("data_folder", text))
        self._row(
            "Data sets",
            self.data,
            "The folder in which the choice of a data set starts; may be empty.",
        )
        self._section("Training")
        self.device = self._choices("settings-device", _DEVICES, "device")
        self._row("Device", self.device, "The device for training, unless a recipe names another.")
        self.standby = QCheckBox(
            "Keep a worker ready, so that Train starts at once", objectName="settings-standby"
        )
        self.standby.toggled.connect(lambda on: self._set("standby", on))
        self._row(
            "Standby",
            self.standby,
            "The worker takes about 0.6 GB of memory, and up to 0.5 GB for the chosen data.",
        )
        self.doctor = QPushButton(objectName="settings-doctor")
        self.doctor.setAutoDefault(False)
        self.conditions = QMenu(self.doctor)
        self.conditions.setToolTipsVisible(True)
        self.conditions.aboutToShow.connect(self._list_conditions)
        self.doctor.setMenu(self.conditions)
        self._row(
            "Advice",
            self.doctor,
            "What the doctor says of designs and trainings; a condition without a check mark is "
            "silent.",
        )
        self._section("Safety")
        self.autosave = DoubleSpinBox(objectName="settings-autosave")
        self.autosave.setAccessibleName("Seconds until a backup is written")
        self.autosave.setRange(0.2, 60.0)
        self.autosave.setSingleStep(0.5)
        self.autosave.setDecimals(1)
        self.autosave.setSuffix(" s after a change")
        self.autosave.setKeyboardTracking(False)
        self.autosave.valueChanged.connect(lambda value: self._set("autosave_seconds", value))
        self._row(
            "Autosave", self.autosave,
            "Time until a change is backed up. Backups are opened again after a crash.",
        )  # fmt: skip

    def _section(self, title: str) -> None:
        row = self._grid.rowCount()
        label = QLabel(title, textFormat=Qt.TextFormat.PlainText)
        self._titles.append(label)
        if row > 1:
            line = QFrame()
            line.setProperty("role", "line")
            self._grid.setRowMinimumHeight(row, 12)
            self._grid.addWidget(line, row + 1, 0, 1, 2)
            self._grid.setRowMinimumHeight(row + 2, 8)
            row += 3
        self._grid.addWidget(label, row, 0, 1, 2)
        self._grid.setRowMinimumHeight(row + 1, 6)

    def _row(self, name: str, field: QWidget, help_: str = "") -> None:
        row = self._grid.rowCount()
        label = QLabel(name, textFormat=Qt.TextFormat.PlainText)
        label.setBuddy(field)
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(field, row, 1)
        if help_:
            words = QLabel(help_, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
            words.setProperty("role", "faint")
            self._grid.addWidget(words, row + 1, 1)
        self._grid.setRowMinimumHeight(row + 2, 6)

    def _theme_buttons(self) -> QWidget:
        box = QWidget()
        frame = QFrame()
        frame.setProperty("role", "segments")
        across = QHBoxLayout(frame)
        across.setContentsMargins(2, 2, 2, 2)
        across.setSpacing(2)
        for name, words, _, help_ in _THEMES:
            button = QToolButton(text=words, checkable=True, objectName=f"settings-theme-{name}")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(16, 16))
            button.setToolTip(help_)
            button.clicked.connect(lambda _=False, name=name: self._set("theme", name))
            self.themes.addButton(button)
            across.addWidget(button)
        whole = QHBoxLayout(box)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(frame)
        whole.addStretch(1)
        return box

    def _choices(self, name: str, rows: tuple[tuple[str, str], ...], key: str) -> QComboBox:
        box = ComboBox(objectName=name)
        for value, words in rows:
            box.addItem(words, value)
        box.currentIndexChanged.connect(lambda: self._set(key, box.currentData()))
        return box

    def _dress(self) -> None:
        for title in self._titles:
            title.setFont(sans(1.1, bold=True))
        for button, (_, _, icon, _) in zip(self.themes.buttons(), _THEMES, strict=True):
            button.setIcon(icons.icon(icon, colors().text))

    # Behavior

    def fill(self) -> None:
        """Show the preferences as they are now."""
        self._filling = True
        for button, (name, *_) in zip(self.themes.buttons(), _THEMES, strict=True):
            button.setChecked(name == self.preferences.theme)
        self.numbers.setCurrentIndex(self.numbers.findData(_shown(self.preferences.numbers)))
        self.device.setCurrentIndex(self.device.findData(self.preferences.device))
        self.runs.set_text(self.preferences.runs_folder)
        self.data.set_text(self.preferences.data_folder)
        self.standby.setChecked(self.preferences.standby)
        self.autosave.setValue(self.preferences.autosave_seconds)
        silent = len(self.preferences.silenced)
        self.doctor.setText(f"{silent} silenced" if silent else "All is said")
        self._filling = False

    def _list_conditions(self) -> None:
        """List the conditions, with a check mark at each that is not silenced."""
        from designer.doctor.rules import RULES

        self.conditions.clear()
        for key, rule in RULES.items():
            action = self.conditions.addAction(rule.title)
            action.setCheckable(True)
            action.setChecked(key not in self.preferences.silenced)
            action.toggled.connect(lambda on, key=key: self._silence(key, not on))

    def _silence(self, key: str, silent: bool) -> None:
        others = [each for each in self.preferences.silenced if each != key]
        self._set("silenced", [*others, key] if silent else others)
        self.fill()

    def _set(self, key: str, value: Any) -> None:
        if not self._filling and getattr(self.preferences, key) != value:
            setattr(self.preferences, key, value)
            self._apply()

    def _reset(self) -> None:
        fresh = Preferences()
        for key in Preferences.__struct_fields__:
            if key not in _NOT_RESET:
                setattr(self.preferences, key, getattr(fresh, key))
        self.fill()
        self._apply()

    def done(self, result: int) -> None:
        super().done(result)
        self.deleteLater()


def _shown(style: Numbers) -> Numbers:
    """Return the row of the list for a stored notation."""
    return "spaces" if style == "system" else style
