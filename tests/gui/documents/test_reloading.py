"""Unsaved changes survive the reload of a file that another program changed, or come back."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from designer import presets
from designer.design import edits, files
from designer.design.values import LayerNode
from designer.gui.documents.reloading import _KEEPS, _KEPT, _REPLACED, _REPLACES
from designer.gui.shell.main_window import MainWindow
from designer.recipe import stored
from designer.recipe.recipe import Recipe
from tests.gui.documents.test_disk import answer, notice, press, save
from tests.gui.hands import Hands, wait_until

STORED = Recipe(epochs=3, batch=16)


@pytest.fixture
def hands(window: MainWindow, qtbot: QtBot) -> Hands:
    window.resize(1600, 1000)
    return Hands(window, qtbot)


@pytest.fixture
def mine(tmp_path: Path, window: MainWindow) -> Path:
    """A file of LeNet-5 with a recipe, open in the window."""
    path = tmp_path / "mine.json"
    files.save(presets.load("lenet5"), path, stored.dump(STORED, path))
    window.documents.open_file(path)
    return path


def choose_epochs(hands: Hands, epochs: int) -> None:
    hands.window.show_dock("training")
    QApplication.processEvents()
    hands.click(hands.find(QLineEdit, "recipe-epochs"))
    hands.keys("Ctrl+A")
    hands.type(f"{epochs}")
    hands.keys("Return")


def other_program(path: Path, *, design: bool = False, recipe: bool = False) -> None:
    """Change what a file has of the two, and keep the other."""
    content = files.load(path)
    changed = content.design
    if design:
        changed = edits.add_node(changed, "other", LayerNode("ReLU"))
    chosen = replace(STORED, batch=7) if recipe else STORED
    files.save(changed, path, stored.dump(chosen, path))


def undo(hands: Hands, keys: str = "Ctrl+Z") -> None:
    hands.window.activateWindow()  # a question may have been before it
    wait_until(hands.window.isActiveWindow)
    hands.settle()
    hands.on_canvas()
    hands.keys(keys)


def test_saving_and_reloading_keeps_a_recipe_that_the_other_program_left(
    window: MainWindow, hands: Hands, mine: Path
) -> None:
    choose_epochs(hands, 8)
    other_program(mine, design=True)
    asked: list[str] = []
    heard: list[str] = []
    window.workspace.reported.connect(heard.append)
    answer("Reload", asked)
    save(hands)
    assert "Reloading keeps your unsaved recipe, as the recipe in the file did not" in asked[0]
    assert "other" in window.workspace.design.graph.nodes
    assert window.workspace.recipe == replace(STORED, epochs=8)
    assert hands.find(QLineEdit, "recipe-epochs").text() == "8"
    assert window.workspace.document.modified  # the recipe is still to be saved
    assert heard[-1] == "Reloaded mine.json. Your unsaved recipe was kept."
    save(hands)
    content = files.load(mine)
    assert "other" in content.design.graph.nodes
    assert stored.load(content.training, mine).recipe == replace(STORED, epochs=8)
    assert not window.workspace.document.modified


def test_a_recipe_that_both_changed_goes_with_notice_and_undo_brings_it_back(
    window: MainWindow, hands: Hands, qtbot: QtBot, mine: Path
) -> None:
    choose_epochs(hands, 8)
    other_program(mine, design=True, recipe=True)
    qtbot.waitUntil(lambda: bool(notice(window)), timeout=10_000)
    assert "Reloading replaces your unsaved recipe; Undo brings it back." in notice(window)
    press(hands, "Reload")
    assert window.workspace.recipe == replace(STORED, batch=7)
    assert not window.workspace.document.modified
    undo(hands)
    assert window.workspace.recipe == replace(STORED, epochs=8)
    assert "other" not in window.workspace.design.graph.nodes
    assert window.workspace.document.modified
    assert hands.find(QLineEdit, "recipe-epochs").text() == "8"
    undo(hands, "Ctrl+Shift+Z")
    assert window.workspace.recipe == replace(STORED, batch=7)
    assert "other" in window.workspace.design.graph.nodes
    assert not window.workspace.document.modified


def test_a_recipe_alone_that_the_other_program_changed_leaves_the_unsaved_design(
    window: MainWindow, hands: Hands, qtbot: QtBot, mine: Path
) -> None:
    hands.add("ReLU")
    edited = window.workspace.design
    other_program(mine, recipe=True)
    qtbot.waitUntil(lambda: "Reloading keeps your unsaved design" in notice(window), timeout=10_000)
    press(hands, "Reload")
    assert window.workspace.design is edited
    assert window.workspace.recipe == replace(STORED, batch=7)
    assert window.workspace.document.modified
    undo(hands)
    assert window.workspace.design is edited
    assert window.workspace.recipe == STORED


def test_the_notice_follows_what_becomes_unsaved_while_it_is_shown(
    window: MainWindow, hands: Hands, qtbot: QtBot, mine: Path
) -> None:
    other_program(mine, design=True, recipe=True)
    qtbot.waitUntil(lambda: bool(notice(window)), timeout=10_000)
    assert "Reloading" not in notice(window)
    choose_epochs(hands, 8)
    assert "Reloading replaces your unsaved recipe" in notice(window)
    hands.add("ReLU")
    assert "Reloading replaces your unsaved design and recipe" in notice(window)


def test_a_file_with_the_same_content_is_reloaded_without_a_step(
    window: MainWindow, hands: Hands, qtbot: QtBot, mine: Path
) -> None:
    choose_epochs(hands, 8)
    mine.write_bytes(mine.read_bytes() + b"\n")
    qtbot.waitUntil(lambda: bool(notice(window)), timeout=10_000)
    press(hands, "Reload")
    document = window.workspace.document
    assert not document.past
    assert document.recipe_modified and document.design is document.saved


def test_a_design_restored_after_a_crash_says_what_reloading_replaces(
    window: MainWindow, hands: Hands, mine: Path
) -> None:
    document = window.workspace.document
    hands.add("ReLU")
    choose_epochs(hands, 8)
    document.saved, document.saved_recipe = None, document.recipe  # as `Autosave` restores it
    edited = document.design
    other_program(mine, design=True)
    asked: list[str] = []
    answer("Reload", asked)
    save(hands)
    assert "Reloading replaces your unsaved design and recipe" in asked[0]
    assert window.workspace.recipe == STORED
    undo(hands)
    assert window.workspace.recipe.epochs == 8
    assert document.design is edited


def test_undo_after_revert_brings_back_the_recipe(
    window: MainWindow, hands: Hands, mine: Path
) -> None:
    choose_epochs(hands, 8)
    hands.settle()
    heard: list[str] = []
    window.workspace.reported.connect(heard.append)
    window.actions_["file.revert"].trigger()
    assert window.workspace.recipe == STORED
    assert heard == ["mine.json is as it was saved. Undo brings your changes back."]
    undo(hands)
    assert window.workspace.recipe.epochs == 8
    assert hands.find(QLineEdit, "recipe-epochs").text() == "8"
    assert window.workspace.document.modified


def test_every_combination_has_a_sentence() -> None:
    cases = {(True, False), (False, True), (True, True)}
    assert all(set(table) == cases for table in (_KEEPS, _KEPT, _REPLACED, _REPLACES))
