"""Finding a learning rate by real events: the test, the marker, the keys, and what is refused."""

import math

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton

from designer.gui.training.rate_dialog import RateDialog
from designer.recipe.reading import changed
from tests.engine.samples import TINY, tiny_recipe, write_data


@pytest.fixture
def tiny(desk, tmp_path):
    """A tiny design with its data, shown in the set-up."""
    desk.workspace.add(TINY, saved=None)
    recipe = tiny_recipe(write_data(tmp_path / "squares.npz"))
    desk.workspace.set_recipe(changed(recipe, {"schedule.name": "constant"}))
    desk.wait(lambda: desk.training.set_up.data.reading)
    desk.wait(lambda: not desk.training.refusal())
    return desk


def opened(desk) -> RateDialog:
    button = desk.training.findChild(QPushButton, "recipe-find-rate")
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    desk.wait(lambda: isinstance(QApplication.activeModalWidget(), RateDialog))
    return QApplication.activeModalWidget()


def child(dialog, kind, name):
    return dialog.findChild(kind, name)


def test_a_rate_is_found_moved_and_taken(tiny):
    dialog = opened(tiny)
    apply = child(dialog, QPushButton, "rate-apply")
    assert not apply.isEnabled()
    assert child(dialog, QPushButton, "rate-cancel").isVisible()
    tiny.wait(lambda: dialog.found is not None)
    assert not child(dialog, QPushButton, "rate-cancel").isVisible()
    suggestion = dialog.found.suggestion
    assert suggestion is not None
    assert f"{suggestion:g}" in child(dialog, QLabel, "rate-words").text()
    assert dialog.plot.rate == pytest.approx(suggestion)
    assert apply.text() == f"Use {suggestion:g}"
    drag_to(tiny, dialog, suggestion / 4)
    rate = child(dialog, QLineEdit, "rate-taken")
    dragged = float(rate.text())
    assert dragged == pytest.approx(suggestion / 4, rel=0.25)
    dialog.plot.view.setFocus()
    tiny.qtbot.keyClick(dialog.plot.view, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert float(rate.text()) == pytest.approx(dragged * 10**0.2, rel=0.1)
    rate.setFocus()
    rate.selectAll()
    tiny.qtbot.keyClicks(rate, "0,03")
    assert dialog.plot.rate == pytest.approx(0.03)
    assert apply.text() == "Use 0.03"
    tiny.qtbot.mouseClick(apply, Qt.MouseButton.LeftButton)
    assert tiny.workspace.recipe.optimizer.learning_rate == 0.03
    assert tiny.training.findChild(QLineEdit, "recipe-optimizer.learning_rate").text() == "0.03"


def drag_to(desk, dialog, rate):
    """Drag the marker with the mouse."""
    view, box = dialog.plot.view, dialog.plot.box

    def at(value):
        scene = box.mapViewToScene(QPointF(value, sum(box.viewRange()[1]) / 2))
        return view.mapFromScene(scene)

    begin, end = at(dialog.plot.marker.value()), at(math.log10(rate))
    viewport = view.viewport()
    QTest.mouseMove(viewport, begin)
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=begin)
    for part in range(1, 11):
        where = begin + (end - begin) * part / 10
        QTest.mouseMove(viewport, QPoint(where.x(), where.y()), 20)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)


def test_it_can_be_canceled_and_made_again_with_other_bounds(tiny):
    dialog = opened(tiny)
    tiny.qtbot.mouseClick(child(dialog, QPushButton, "rate-cancel"), Qt.MouseButton.LeftButton)
    assert "canceled" in child(dialog, QLabel, "rate-words").text()
    assert not child(dialog, QPushButton, "rate-apply").isEnabled()
    low, high = (child(dialog, QLineEdit, f"rate-{name}") for name in ("low", "high"))
    again = child(dialog, QPushButton, "rate-again")
    low.selectAll()
    tiny.qtbot.keyClicks(low, "x")
    tiny.qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    assert "The lowest rate must be a number" in child(dialog, QLabel, "rate-words").text()
    low.selectAll()
    tiny.qtbot.keyClicks(low, "2")
    high.selectAll()
    tiny.qtbot.keyClicks(high, "1")
    tiny.qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    assert "lowest rate above 0" in child(dialog, QLabel, "rate-words").text()
    low.selectAll()
    tiny.qtbot.keyClicks(low, "1e5")
    high.selectAll()
    tiny.qtbot.keyClicks(high, "1e9")
    tiny.qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    tiny.wait(lambda: "begin at a lower rate" in child(dialog, QLabel, "rate-words").text())
    before = tiny.workspace.recipe
    tiny.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert tiny.workspace.recipe == before
    assert not tiny.trainer.inspection.busy


def test_what_cannot_be_trained_is_said_instead(tiny):
    tiny.workspace.set_recipe(changed(tiny.workspace.recipe, {"batch": 5000}))
    tiny.wait(tiny.training.refusal)
    button = tiny.training.findChild(QPushButton, "recipe-find-rate")
    tiny.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert QApplication.activeModalWidget() is None
    assert tiny.refused
