from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from designer.gui.base.choices_button import ChoicesButton


def test_choices_are_checked_while_the_menu_stays_open(qtbot: QtBot) -> None:
    button = ChoicesButton({"a": "first", "b": "second", "c": "third"}, "none")
    qtbot.addWidget(button)
    button.show()
    assert button.text() == "none"
    found: list[tuple[str, ...]] = []
    button.changed.connect(found.append)
    menu = button.menu()
    menu.popup(button.mapToGlobal(button.rect().bottomLeft()))
    for name in ("c", "a"):
        place = menu.actionGeometry(button.actions_by_name[name]).center()
        qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=place)
        assert menu.isVisible()
    assert found == [("c",), ("a", "c")]
    assert button.text() == "first, third"
    menu.setActiveAction(button.actions_by_name["a"])
    qtbot.keyClick(menu, Qt.Key.Key_Space)
    assert button.chosen == ("c",)
    menu.close()
    button.choose(("b",))
    assert button.text() == "second"
    assert len(found) == 3
    QApplication.processEvents()
