"""Lessons in the window: chosen by mouse and keys, they open their designs, text and panel."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from designer import lessons
from designer.gui.shell.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


def chosen(window: MainWindow, qtbot: QtBot, key: str) -> lessons.Lesson:
    """Press the button of a lesson on the welcome page; return the lesson."""
    window.workspace.show(None)
    button = window.welcome.lessons.buttons[key]
    qtbot.waitUntil(button.isVisible)
    qtbot.mouseClick(button, LEFT)
    return lessons.find(key)


@pytest.mark.parametrize("key", lessons.names())
def test_a_lesson_opens_its_designs_text_and_panel(
    window: MainWindow, qtbot: QtBot, key: str
) -> None:
    lesson = chosen(window, qtbot, key)
    documents = window.workspace.documents
    assert [each.title for each in documents] == [each.title for each in lesson.designs]
    assert window.workspace.document is documents[0]
    for document, each in zip(documents, lesson.designs, strict=True):
        assert document.analysis.valid
        assert document.recipe == lessons.recipe(lesson, each)
        assert not document.modified
    card = window.editor.lesson_card
    qtbot.waitUntil(card.isVisible)
    assert card.title.text() == lesson.title
    assert all(sentence in card.text.text() for sentence in lesson.text)
    dock = window.docks[lesson.dock]
    qtbot.waitUntil(lambda: not dock.visibleRegion().isEmpty())
    assert window.training.set_up.recipe.data.source == lesson.recipe["data.source"]


def test_the_text_belongs_to_its_designs_until_it_is_closed(
    window: MainWindow, qtbot: QtBot
) -> None:
    chosen(window, qtbot, "small_kernels")
    card, workspace = window.editor.lesson_card, window.workspace
    first, second = workspace.documents
    other = workspace.open_preset("lenet5")
    assert not card.isVisible()
    workspace.show(second)
    assert card.isVisible()
    qtbot.mouseClick(card.cross, LEFT)
    assert not card.isVisible()
    workspace.show(first)
    assert not card.isVisible()
    # Opened again, it shows what is open still, and opens what was closed.
    workspace.close(second)
    chosen(window, qtbot, "small_kernels")
    assert card.isVisible()
    assert workspace.document is first
    assert [each.title for each in workspace.documents] == [
        first.title, other.title, second.title,
    ]  # fmt: skip


def test_a_lesson_is_chosen_by_keys_and_from_the_menu(window: MainWindow, qtbot: QtBot) -> None:
    button = window.welcome.lessons.buttons["edge_filters"]
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert window.workspace.design.name == "Fixed and learned filters"
    window.actions_["help.lesson_small_kernels"].trigger()
    assert window.workspace.design.name == "Three 3×3"
    assert len(window.workspace.documents) == 3


def test_the_buttons_fit_on_a_small_screen(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1280, 720)
    row = window.welcome.lessons
    qtbot.waitUntil(row.isVisible)
    for button in row.buttons.values():
        assert button.width() >= button.sizeHint().width()
        assert row.rect().contains(button.geometry())
