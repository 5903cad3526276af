"""A row of buttons that is filled late."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from designer.gui.base.button_row import ButtonRow, Entry
from tests.gui.hands import activate


def test_tab_goes_to_buttons_where_the_row_is(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    row = ButtonRow("row", "Row", "button")
    column = QVBoxLayout(window)
    before, behind = QLineEdit(), QLineEdit()
    for widget in (before, row, behind):
        column.addWidget(widget)
    row.fill([Entry("one", "One", ""), Entry("two", "Two", "")])
    with qtbot.waitExposed(window):
        window.show()
    activate(window)
    before.setFocus()
    found = []
    for _ in range(3):
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        found.append(window.focusWidget())
    assert found == [*row.buttons.values(), behind]
