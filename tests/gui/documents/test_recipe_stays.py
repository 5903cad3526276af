"""Data set and recipe are saved with the design and come back with it, in the real window."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from designer import preferences, presets
from designer.design import files
from designer.gui.documents.autosave import Autosave
from designer.gui.documents.workspace import Workspace
from designer.gui.shell.main_window import MainWindow
from designer.preferences import Preferences, state_folder
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from tests.gui.hands import Hands, activate


@pytest.fixture
def hands(window: MainWindow, qtbot: QtBot) -> Hands:
    window.resize(1600, 1000)
    return Hands(window, qtbot)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "project" / "mine.json"
    path.parent.mkdir()
    files.save(presets.load("lenet5"), path)
    return path


def press(key: str, hands: Hands) -> None:
    """Press a shortcut of the window, as soon as its action is enabled."""
    activate(hands.window)
    hands.settle()
    hands.keys(key, hands.window)


def choose(hands: Hands, epochs: int) -> None:
    """Type a number of epochs into the set-up."""
    hands.window.show_dock("training")
    activate(hands.window)
    field = hands.find(QLineEdit, "recipe-epochs")
    hands.click(field)
    hands.keys("Ctrl+A")
    hands.type(str(epochs))


def choose_data(hands: Hands, path: Path) -> None:
    """Type the path of a data set into the set-up."""
    hands.window.show_dock("training")
    hands.settle()
    field = hands.window.training.set_up.data.name.lineEdit()
    assert field is not None
    hands.click(field)
    hands.keys("Ctrl+A")
    hands.type(str(path))


def answer(window: MainWindow, label: str, asked: list[str]) -> None:
    """Press a button of the question that is about to be asked."""
    timer = QTimer(window, interval=10)

    def click() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            timer.stop()
            asked.append(f"{box.text()} {box.informativeText()}")
            next(each for each in box.buttons() if each.text().replace("&", "") == label).click()

    timer.timeout.connect(click)
    timer.start()


def test_what_was_chosen_comes_back_after_saving_and_closing(
    window: MainWindow,
    hands: Hands,
    qtbot: QtBot,
    mine: Path,
    remembered: preferences.Preferences,
) -> None:
    window.documents.open_file(mine)
    design = window.workspace.design
    steps = len(window.workspace.document.past)
    choose(hands, 37)
    choose_data(hands, mine.parent / "digits")
    press("Ctrl+S", hands)
    assert window.workspace.design is design  # no edit, no analysis
    assert len(window.workspace.document.past) == steps  # and no step to undo
    assert not window.workspace.document.modified
    stored = json.loads(mine.read_text(encoding="utf-8"))["training"]["recipe"]
    assert stored["epochs"] == 37
    assert stored["data"]["source"] == "./digits"
    window.close()

    again = MainWindow(remembered)
    qtbot.addWidget(again)
    again.resize(1600, 1000)
    again.show()
    again.documents.open_file(mine)
    again.show_dock("training")
    other = Hands(again, qtbot)
    assert other.find(QLineEdit, "recipe-epochs").text() == "37"
    assert again.training.set_up.data.source == str(mine.parent / "digits")
    assert not again.workspace.document.modified


def test_a_changed_recipe_alone_is_a_change_that_closing_asks_about(
    window: MainWindow, hands: Hands, mine: Path
) -> None:
    window.documents.open_file(mine)
    choose(hands, 37)
    hands.settle()
    assert window.tabs.tabText(0).endswith("•")
    assert window.isWindowModified()
    asked: list[str] = []
    answer(window, "Cancel", asked)
    press("Ctrl+W", hands)
    assert asked[0].startswith("Save the changes to mine.json?")
    choose(hands, 10)  # as before
    hands.settle()
    assert not window.tabs.tabText(0).endswith("•")


def test_undo_leaves_the_recipe_and_revert_brings_it_back(
    window: MainWindow, hands: Hands, mine: Path
) -> None:
    window.documents.open_file(mine)
    hands.add("ReLU")
    choose(hands, 37)
    hands.on_canvas()
    hands.keys("Ctrl+Z")
    assert window.workspace.recipe.epochs == 37
    hands.settle()
    window.actions_["file.revert"].trigger()
    hands.settle()
    assert window.workspace.recipe.epochs == 10
    assert hands.find(QLineEdit, "recipe-epochs").text() == "10"
    assert not window.workspace.document.modified


def test_a_file_whose_recipe_was_never_touched_stays_byte_for_byte(
    window: MainWindow, hands: Hands, mine: Path
) -> None:
    before = mine.read_bytes()
    window.documents.open_file(mine)
    window.show_dock("training")
    press("Ctrl+S", hands)
    assert mine.read_bytes() == before


def test_a_presets_recipe_goes_into_the_saved_file(
    window: MainWindow, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "my.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    window.workspace.open_preset("vgg16")
    press("Ctrl+S", hands)
    assert presets.recipe(path) == changed(presets.recipe("vgg16"), {"data.source": "shapes10"})


def test_saving_elsewhere_relates_the_paths_anew(
    window: MainWindow, hands: Hands, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.documents.open_file(mine)
    choose_data(hands, mine.parent / "digits")
    deeper = mine.parent / "nets" / "mine.json"
    deeper.parent.mkdir()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(deeper), ""))
    press("Ctrl+Shift+S", hands)
    source = json.loads(deeper.read_text(encoding="utf-8"))["training"]["recipe"]["data"]["source"]
    assert source == "../digits"
    assert presets.recipe(deeper).data.source == str(mine.parent / "digits")


def test_a_recipe_that_cannot_be_used_is_named_and_not_dropped_unasked(
    window: MainWindow, hands: Hands, mine: Path
) -> None:
    whole = json.loads(mine.read_text(encoding="utf-8"))
    whole["training"] = {"recipe": {"epochs": 21, "pace": 3}, "plan": {}}
    mine.write_text(json.dumps(whole), encoding="utf-8")
    before = mine.read_bytes()
    heard: list[str] = []
    window.workspace.refused.connect(heard.append)
    window.documents.open_file(mine)
    assert heard == [
        "mine.json opens, but its recipe cannot be used wholly, and defaults stand in: training "
        "has the unknown key plan; the recipe has the unknown setting pace."
    ]
    assert window.workspace.recipe == changed(Recipe(), {"epochs": 21})
    assert not window.workspace.document.modified
    choose(hands, 37)
    asked: list[str] = []
    answer(window, "Cancel", asked)
    press("Ctrl+S", hands)
    assert "the unknown setting pace" in asked[0]
    assert mine.read_bytes() == before
    answer(window, "Save without it", asked)
    press("Ctrl+S", hands)
    assert presets.recipe(mine) == changed(Recipe(), {"epochs": 37})
    assert len(asked) == 2


def test_a_changed_recipe_alone_is_backed_up(qtbot: QtBot, mine: Path) -> None:
    workspace = Workspace()
    autosave = Autosave(workspace, Preferences(autosave_seconds=0.01), workspace)
    workspace.open(mine)
    workspace.set_recipe(changed(Recipe(), {"epochs": 37}))
    (folder,) = [autosave._folder]
    qtbot.waitUntil(lambda: bool([*folder.glob("*.json")]))
    workspace.set_recipe(changed(Recipe(), {"epochs": 38}))
    qtbot.waitUntil(lambda: b'"epochs":38' in next(folder.glob("*.json")).read_bytes())
    autosave._locks.close()  # as if the process ended
    other = Workspace()
    assert Autosave(other, Preferences(), other).recover() == 1
    (document,) = other.documents
    assert document.recipe.epochs == 38
    assert document.path == mine
    assert document.modified
    assert document.digest == files.load(mine).digest
    assert state_folder().exists()
