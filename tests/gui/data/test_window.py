"""The window itself: what it reads, what it says, and what it remembers."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton

from designer.gui.data import contents as contents_module
from designer.gui.data.window import DataWindow
from designer.recipe.reading import changed
from tests.gui.data.conftest import LEFT, write_arrays, write_folders
from tests.gui.hands import activate


def test_it_shows_the_data_of_the_recipe(viewer):
    viewer.open("mnist10k")
    assert viewer.window.windowTitle() == "Data — MNIST (built in)"
    facts = viewer.child(QLabel, "data-summary").text()
    assert facts == (
        "10 classes  ·  10,000 pictures in arrays: 7,204 training, 800 validation, 1,996 test"
    )
    QTest.mouseClick(viewer.child(QToolButton, "data-copy-path"), LEFT)
    assert QApplication.clipboard().text().endswith("mnist10k")


def test_it_follows_the_recipe_and_reads_files_only_where_it_must(viewer, monkeypatch, tmp_path):
    read = []
    real = contents_module.open_dataset
    monkeypatch.setattr(
        contents_module, "open_dataset", lambda *given: (read.append(given[0]), real(*given))[1]
    )
    viewer.open("mnist10k")
    viewer.open("mnist10k", data__validation=0.5)
    assert len(viewer.window.model.contents.parts["validation"]) == 4002
    assert read == ["mnist10k"]
    folder = write_folders(tmp_path / "pets", {"cat": 12, "dog": 8})
    viewer.open(folder)
    assert read == ["mnist10k", str(folder)]
    assert viewer.window.model.contents.target.values == ("cat", "dog")


def test_it_reads_nothing_while_it_is_hidden(viewer):
    viewer.open("mnist10k")
    viewer.window.close()
    viewer.workspace.set_recipe(changed(viewer.workspace.recipe, {"data.source": "shapes10"}))
    viewer.qtbot.wait(1)
    assert not viewer.window.model._soon.isActive()
    viewer.window.appear()
    viewer.settled()
    assert viewer.window.model.contents.title == "Shapes (built in)"


def test_it_says_why_data_cannot_be_read_and_reads_them_again(viewer, tmp_path):
    viewer.open(tmp_path / "nothing")
    failure = viewer.child(QLabel, "data-failure")
    assert failure.isVisible() and "There is no file or folder" in failure.text()
    assert not viewer.window.tabs.isVisible()
    write_folders(tmp_path / "nothing", {"cat": 5, "dog": 5})
    QTest.mouseClick(viewer.child(QPushButton, "data-again"), LEFT)
    viewer.settled()
    assert not failure.isVisible() and viewer.window.tabs.isVisible()
    assert viewer.window.model.contents.target.values == ("cat", "dog")


def test_an_empty_folder_is_one_sentence(viewer, tmp_path):
    (tmp_path / "empty").mkdir()
    viewer.open(tmp_path / "empty")
    failure = viewer.child(QLabel, "data-failure").text()
    assert str(tmp_path / "empty") in failure and failure.endswith(".")


def test_reading_is_canceled(viewer, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    real = contents_module.open_dataset

    def slow(*given):
        begun.set()
        go_on.wait()
        return real(*given)

    monkeypatch.setattr(contents_module, "open_dataset", slow)
    viewer.window.appear()
    viewer.wait(begun.is_set)
    QTest.mouseClick(viewer.child(QPushButton, "data-window-cancel"), LEFT)
    assert viewer.child(QLabel, "data-failure").text() == "Reading was canceled."
    go_on.set()
    viewer.qtbot.wait(50)  # what is read now is obsolete
    assert viewer.window.model.contents is None


def test_without_a_design_it_says_so(viewer):
    viewer.open("mnist10k")
    viewer.workspace.show(None)
    viewer.settled()
    assert "No design is open" in viewer.child(QLabel, "data-failure").text()
    assert not viewer.child(QPushButton, "data-again").isVisible()


def test_escape_closes_it_and_its_size_is_remembered(viewer, remembered):
    viewer.open("mnist10k")
    viewer.window.resize(901, 603)
    QTest.keyClick(viewer.window, Qt.Key.Key_Escape)
    assert not viewer.window.isVisible()
    again = DataWindow(viewer.workspace, remembered)
    viewer.qtbot.addWidget(again)
    assert (again.width(), again.height()) == (901, 603)


def test_too_few_pictures_to_divide_are_shown_with_a_warning(viewer, tmp_path):
    viewer.open(write_folders(tmp_path / "few", {"cat": 1, "dog": 1}))
    assert "too few" in viewer.window.model.contents.undivided
    (row,) = (row for row in viewer.window.header.findings.rows if row.finding.code == "undivided")
    assert row.isVisible()


def test_the_window_opens_from_menu_and_training_panel(window, qtbot):
    window.workspace.open_preset("lenet5")
    window.show_dock("training")
    chooser = window.training.set_up.data
    qtbot.waitUntil(lambda: chooser.reading is not None, timeout=20_000)
    QTest.mouseClick(chooser.look, LEFT)
    shown = window._data_window
    assert shown.isVisible()
    QTest.keyClick(shown, Qt.Key.Key_Escape)
    activate(window)
    QTest.keyClick(
        window,
        Qt.Key.Key_D,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    qtbot.waitUntil(shown.isVisible)
    qtbot.waitUntil(lambda: shown.model.contents is not None, timeout=20_000)
    shown.close()


@pytest.mark.parametrize("look", ["light", "dark"], indirect=True)
def test_one_hot_rows_are_classes_with_a_note(viewer, tmp_path):
    rows = np.eye(3, dtype=np.float32)[np.arange(30) % 3]
    viewer.open(write_arrays(tmp_path / "rows.npz", rows))
    assert viewer.window.model.contents.target.kind == "classes"
