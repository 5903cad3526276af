"""The names of the runs stay in sight when the list is scrolled to the right: mouse and keys."""

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from tests.gui.training.test_run_table import CONTROL, SHIFT
from tests.gui.training.test_runs import listed, look

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def scrolled(desk, written):
    """Three runs in a list that is scrolled to the right."""
    for name in ("first", "second", "third"):
        written(name)
    desk.runs.setFixedWidth(600)
    look(desk, 3)
    view = desk.runs.list
    view.setFocus()
    while view.horizontalScrollBar().value() < view.horizontalScrollBar().maximum():
        desk.qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.head.frozen == view.columnWidth(0)
    return view


def at(desk, name, x):
    view = desk.runs.list
    row = view.visualRect(desk.runs.table.index(listed(desk).index(name), 0))
    return QPoint(x, row.center().y())


def click(desk, name, x, modifier=NONE):
    desk.qtbot.mouseClick(desk.runs.list.viewport(), LEFT, modifier, at(desk, name, x))


def test_names_look_as_they_do_without_scrolling(desk, scrolled):
    height = scrolled.visualRect(desk.runs.table.index(0, 0)).height()
    names = QRect(0, 0, scrolled.columnWidth(0) - 2, 3 * height)
    head = QRect(0, 0, names.width(), scrolled.head.height() - 2)

    def pictures():
        QTest.mouseMove(desk.training, QPoint(5, 5))
        seen = []
        desk.wait(lambda: seen.append(once()) or seen[-1:] == seen[-2:-1])  # nothing moves any more
        return seen[-1]

    def once():
        cells = scrolled.viewport().grab(names).toImage()
        return cells, scrolled.head.viewport().grab(head).toImage()

    desk.runs.filter.setFocus()  # the frame of the focus is drawn over the other columns alone
    right = pictures()
    scrolled.horizontalScrollBar().setValue(0)
    left = pictures()
    assert left == right
    scrolled.horizontalScrollBar().setValue(40)
    assert pictures() == right


def test_selection_follows_the_mouse_on_both_sides(desk, scrolled):
    wide = scrolled.viewport().width() - 30
    click(desk, "first", 60)
    assert [run.path.name for run in desk.runs.selected] == ["first"]
    before = scrolled.horizontalScrollBar().value()
    click(desk, "third", wide, CONTROL)
    assert {run.path.name for run in desk.runs.selected} == {"first", "third"}
    click(desk, "first", 60)
    click(desk, "third", 60, SHIFT)
    assert len(desk.runs.selected) == 3
    click(desk, "second", wide)
    desk.qtbot.keyClick(scrolled, Qt.Key.Key_Up)
    assert desk.runs.selected[0].path.name == listed(desk)[listed(desk).index("second") - 1]
    assert scrolled.horizontalScrollBar().value() == before


def test_ticks_double_clicks_and_names_are_reached(desk, scrolled):
    before = scrolled.horizontalScrollBar().value()
    click(desk, "second", 12)  # its tick
    assert [path.name for path in desk.trainer.overlays] == ["second"]
    click(desk, "second", 12)
    assert not desk.trainer.overlays
    place = at(desk, "first", 60)
    desk.qtbot.mouseClick(scrolled.viewport(), LEFT, pos=place)
    desk.qtbot.mouseDClick(scrolled.viewport(), LEFT, pos=place)
    desk.wait(lambda: desk.trainer.shown is not None)
    assert desk.trainer.shown.run.path.name == "first"
    click(desk, "third", 60)
    desk.qtbot.keyClick(scrolled, Qt.Key.Key_F2)
    (editor,) = scrolled.findChildren(QLineEdit)
    assert 0 <= editor.geometry().left() < scrolled.head.frozen
    desk.qtbot.keyClicks(editor, "renamed")
    desk.trainer.overlays_changed.emit()  # as when a run that is drawn changes its state
    assert editor.text() == "renamed"
    desk.qtbot.keyClick(editor, Qt.Key.Key_Return)
    desk.wait(lambda: "renamed" in listed(desk))
    assert scrolled.horizontalScrollBar().value() == before


def test_the_header_of_the_names_sorts_and_is_resized(desk, scrolled):
    head = scrolled.head.viewport()
    middle = head.height() // 2
    desk.qtbot.mouseClick(head, LEFT, pos=QPoint(30, middle))
    assert desk.runs.table.order[0] == "name"
    first = listed(desk)
    desk.qtbot.mouseClick(head, LEFT, pos=QPoint(30, middle))
    assert listed(desk) == first[::-1]
    width = scrolled.columnWidth(0)
    for edge in (width - 1, width + 19):  # inside of the edge, and outside
        before = scrolled.columnWidth(0)
        desk.qtbot.mousePress(head, LEFT, pos=QPoint(edge, middle))
        desk.qtbot.mouseMove(head, QPoint(edge + 10, middle))
        desk.qtbot.mouseMove(head, QPoint(edge + 20, middle))
        desk.qtbot.mouseRelease(head, LEFT, pos=QPoint(edge + 20, middle))
        assert scrolled.columnWidth(0) == before + 20
    scrolled.horizontalScrollBar().setValue(scrolled.horizontalScrollBar().maximum())
    desk.qtbot.mouseClick(head, LEFT, pos=QPoint(head.width() - 40, middle))
    assert desk.runs.table.order[0] != "name"


def test_a_cell_that_is_scrolled_to_is_not_covered(desk, scrolled):
    for number in range(1, len(desk.runs.table.columns)):
        scrolled.horizontalScrollBar().setValue(scrolled.horizontalScrollBar().maximum())
        scrolled.scrollTo(desk.runs.table.index(0, number))
        assert scrolled.columnViewportPosition(number) >= scrolled.columnWidth(0) - 1 or (
            scrolled.horizontalScrollBar().value() == 0
        )


def test_a_name_column_of_most_of_the_width_is_scrolled_with_the_others(desk, scrolled):
    desk.runs.setFixedWidth(220)
    desk.wait(lambda: scrolled.viewport().width() <= 220)
    scrolled.horizontalScrollBar().setValue(scrolled.horizontalScrollBar().maximum())
    assert scrolled.head.frozen == 0
    assert scrolled.visualRect(desk.runs.table.index(0, 0)).left() < 0
