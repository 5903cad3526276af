"""Boxes: the wheel changes one only while it has the focus; texts that are cut say so."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QScrollArea,
    QScrollBar,
    QStyleOptionComboBox,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

import designer.gui
from designer.gui.base.boxes import ComboBox, DoubleSpinBox, Slider, SpinBox
from designer.gui.export.dialog import ExportDialog
from designer.gui.gallery.comparison import ComparisonDialog
from designer.gui.shell.main_window import MainWindow
from designer.gui.shell.settings import SettingsDialog
from tests.gui.hands import activate

KINDS = (QComboBox, QAbstractSpinBox, QAbstractSlider, QLineEdit)
OWN = {"QComboBox", "QSpinBox", "QDoubleSpinBox", "QSlider", "QDial"}
SOURCES = sorted(Path(designer.gui.__file__).parent.rglob("*.py"))


def turn(widget: QWidget, clicks: int = -1) -> None:
    """Turn the wheel with the pointer above the middle of a widget."""
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle, QPointF(widget.mapToGlobal(middle.toPoint())), QPoint(), QPoint(0, 120 * clicks),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
    if widget.isVisible() and not widget.visibleRegion().isEmpty():
        turn_really(widget, clicks)


def turn_really(widget: QWidget, clicks: int = -1) -> None:
    """Turn the wheel by an event of the window system, which Qt may answer with the focus."""
    window = widget.window()
    at = QPointF(widget.mapTo(window, widget.rect().center()))
    QTest.wheelEvent(window.windowHandle(), at, QPoint(0, 120 * clicks))


def boxes(root: QWidget) -> Iterator[QWidget]:
    """Yield the boxes of a window; a box within another, such as a list's field, counts, too."""
    for widget in root.findChildren(QWidget):
        if isinstance(widget, KINDS) and not isinstance(widget, QScrollBar):
            yield widget


def value(widget: QWidget) -> object:
    """Return what a box shows."""
    if isinstance(widget, QComboBox):
        return widget.currentIndex(), widget.currentText()
    if isinstance(widget, QAbstractSlider):
        return widget.value()
    return widget.text()


def unchanged_by_the_wheel(root: QWidget) -> int:
    """Turn the wheel on every box of a window without focus and return how many there were."""
    found = list(boxes(root))
    for widget in found:
        if (focus := QApplication.focusWidget()) is not None:
            focus.clearFocus()
        before = value(widget)
        for clicks in (-1, 1, -3):
            turn(widget, clicks)
            assert value(widget) == before, f"the wheel changed {widget.objectName() or widget}"
        assert not widget.hasFocus(), f"the wheel gave {widget.objectName()} the focus"
    return len(found)


def test_no_box_of_the_window_is_changed_without_focus(window: MainWindow, qtbot: QtBot) -> None:
    activate(window)
    window.workspace.open_preset("resnet18")
    qtbot.waitUntil(window.canvas.isVisible)
    window.workspace.select(["conv1"])
    for dock in window.docks.values():
        dock.show()
        dock.raise_()
        qtbot.waitUntil(dock.widget().isVisible)
    assert unchanged_by_the_wheel(window) > 30


def _comparison(window: MainWindow) -> QDialog:
    window.compare()
    found = window.findChild(ComparisonDialog)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "make",
    [
        lambda w: SettingsDialog(w.preferences, w.apply_preferences, w),
        lambda w: ExportDialog(w.workspace, w.trainer, w),
        _comparison,
    ],
    ids=["settings", "export", "comparison"],
)
def test_no_box_of_a_dialog_is_changed_without_focus(
    window: MainWindow, qtbot: QtBot, make: Callable[[MainWindow], QDialog]
) -> None:
    window.workspace.open_preset("lenet5")
    dialog = make(window)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    assert unchanged_by_the_wheel(dialog) > 0
    dialog.close()


@pytest.mark.parametrize("kind", [ComboBox, SpinBox, DoubleSpinBox, Slider])
def test_with_the_focus_it_is_changed_and_without_the_page_scrolls(
    qtbot: QtBot, kind: type[QWidget]
) -> None:
    page = QWidget()
    down = QVBoxLayout(page)
    box = kind()
    if isinstance(box, QComboBox):
        box.addItems(["a", "b", "c"])
    down.addWidget(box)
    below = QLineEdit()
    down.addWidget(below)
    down.addStretch(1)
    page.setFixedSize(200, 900)
    area = QScrollArea()
    area.setWidget(page)
    qtbot.addWidget(area)
    area.resize(220, 200)
    area.show()
    activate(area)
    below.setFocus()
    before = value(box)
    turn_really(box)
    assert value(box) == before
    assert area.verticalScrollBar().value() > 0
    area.verticalScrollBar().setValue(0)
    box.setFocus()
    turn_really(box, 1 if not isinstance(box, QComboBox) else -1)
    assert value(box) != before
    assert area.verticalScrollBar().value() == 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_module_uses_a_box_of_qt(path: Path) -> None:
    """The boxes of `base.boxes` are used instead of Qt's."""
    called = {
        node.func.id: node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not OWN & set(called), f"{path}: use designer.gui.base.boxes"


def test_a_text_wider_than_its_list_ends_in_an_ellipsis(qtbot: QtBot) -> None:
    box = ComboBox(placeholderText="Choose one")
    qtbot.addWidget(box)
    box.addItem("2026-11-29-1259-lenet5 (shown in Training)")
    box.setCurrentIndex(0)

    def shown() -> str:
        option = QStyleOptionComboBox()
        box.initStyleOption(option)
        return box.visible_text(option)

    box.setFixedWidth(box.sizeHint().width())
    assert shown() == box.currentText()
    full = box.grab().toImage()
    box.setFixedWidth(120)
    assert shown().endswith("…") and box.currentText().startswith(shown()[:-1])
    assert len(shown()) > 5
    box.setFixedWidth(full.width())
    blank = ComboBox()
    qtbot.addWidget(blank)
    blank.addItem("")
    blank.setFixedSize(box.size())
    assert box.grab().toImage() != blank.grab().toImage()
    box.setCurrentIndex(-1)
    assert box.grab().toImage() not in (blank.grab().toImage(), full)  # the placeholder is drawn
