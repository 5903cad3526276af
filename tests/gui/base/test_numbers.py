"""Numbers in the window: one notation everywhere, whatever the language of the system."""

import re
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QAbstractListModel, QLocale, QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from designer.gui.base import numbers
from designer.gui.base.boxes import DoubleSpinBox
from designer.gui.shell.main_window import MainWindow
from designer.gui.shell.settings import SettingsDialog
from designer.preferences import Numbers, Preferences

COMMA = re.compile(r"\d,\d(?!\d\d(?!\d))")  # a decimal comma: not followed by three digits
GROUPED = re.compile(r"(?<![\d.,])\d{1,3},\d{3}(?!\d)")


@pytest.fixture
def german() -> Iterator[None]:
    """A system whose language has a decimal comma."""
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.German))
    yield
    QLocale.setDefault(before)
    numbers.use("english")


def texts(top: QWidget) -> Iterator[str]:
    """Yield every text that a widget and its children show, tool tips among them."""
    for widget in [top, *top.findChildren(QWidget)]:
        yield widget.toolTip()
        if isinstance(widget, QLabel | QAbstractButton | QLineEdit | QAbstractSpinBox):
            yield widget.text()
        if isinstance(widget, QComboBox):
            yield from (widget.itemText(row) for row in range(widget.count()))
        elif isinstance(widget, QAbstractItemView) and widget.model() is not None:
            model = widget.model()
            # Lists have a single column, and PySide6 hides its number.
            columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount()
            for row in range(min(200, model.rowCount(QModelIndex()))):
                for column in range(columns):
                    index = model.index(row, column)
                    for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                        yield str(index.data(role) or "")


@pytest.fixture(params=["english", "spaces", "plain", "system"])
def style(request: pytest.FixtureRequest, german: None) -> Numbers:
    """Use a notation, before the window is built as the program does."""
    chosen: Numbers = request.param
    numbers.use(chosen)
    return chosen


def test_every_panel_has_the_chosen_notation(
    style: Numbers, window: MainWindow, qtbot: QtBot
) -> None:
    window.preferences.numbers = style
    window.apply_preferences()
    window.workspace.open_preset("vgg16")
    for dock in window.editor.docks.values():
        dock.show()
        dock.raise_()
    window.workspace.select(["conv1_1"])
    found: set[str] = set()

    def every_panel_is_filled() -> bool:
        found.clear()
        found.update(text for text in texts(window) if any(map(str.isdecimal, text)))
        total = numbers.count(138_357_544)  # parameters of VGG16, as published
        return len(found) > 50 and any(total in text for text in found)

    qtbot.waitUntil(every_panel_is_filled)
    assert [text for text in found if COMMA.search(text)] == []
    grouped = [text for text in found if GROUPED.search(text)]
    assert bool(grouped) is (style == "english"), grouped


def test_settings_show_and_take_a_point_or_a_comma(
    german: None, qtbot: QtBot, remembered: Preferences
) -> None:
    form = SettingsDialog(remembered, lambda: None)
    qtbot.addWidget(form)
    form.show()
    assert form.autosave.text() == "0.5 s after a change"
    for typed, value in (("1,5", 1.5), ("2.5", 2.5)):
        form.autosave.selectAll()
        qtbot.keyClicks(form.autosave, typed)
        qtbot.keyClick(form.autosave, Qt.Key.Key_Return)
        assert remembered.autosave_seconds == value
        assert form.autosave.text() == f"{value} s after a change"


def test_box_takes_a_comma(qtbot: QtBot) -> None:
    box = DoubleSpinBox()
    qtbot.addWidget(box)
    assert box.valueFromText("0,25") == 0.25


@pytest.mark.parametrize(
    ("style", "number", "sentence"),
    [
        ("english", "1,234,567.8", "Set 1,024 to 2,048."),
        ("spaces", "1\u202f234\u202f567.8", "Set 1\u202f024 to 2\u202f048."),
        ("plain", "1234567.8", "Set 1024 to 2048."),
    ],
)
def test_grouping(style: Numbers, number: str, sentence: str) -> None:
    numbers.use(style)
    try:
        assert numbers.local("1,234,567.8") == number
        assert numbers.sentence("Set 1,024 to 2,048.") == sentence
        for other in ("f(1,234)x,5", "a1,000b", "(3, 224, 224)", "conv1,000.weight"):
            assert numbers.sentence(other) == other or "f(" in other
    finally:
        numbers.use("english")


@pytest.mark.parametrize("text", ["0.01", "0,01", " 1e-2 "])
def test_typed_numbers_have_a_point_or_a_comma(text: str) -> None:
    assert numbers.typed(text) == 0.01
