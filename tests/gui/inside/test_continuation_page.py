"""The Try it dock with a network that was trained on a text: a prompt, and what is added."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from designer import presets
from designer.engine.training import train
from designer.gui.inside.try_panel import TryPanel
from designer.gui.shell.main_window import MainWindow
from designer.runs.begin import begin
from tests.engine.test_text import TEXT, reader, recipe_of
from tests.gui.hands import LEFT, wait_until

SECONDS = 60
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that learned the letters a to e in their order."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "letters.txt").write_text(TEXT)
    made = begin(folder / "letters", reader(), recipe_of(folder / "letters.txt", epochs=4))
    assert train(made).status == "finished"
    return made.path


@pytest.fixture
def panel(window: MainWindow, run: Path) -> TryPanel:
    window.show_training(run)
    window.show_dock("try")
    return window.editor.try_it


def write(panel: TryPanel, text: str) -> None:
    panel.texts.prompt.setFocus()
    panel.texts.prompt.selectAll()
    QTest.keyClicks(panel.texts.prompt, text)


def test_the_network_goes_on_with_what_is_typed(panel: TryPanel) -> None:
    page = panel.texts
    wait_until(page.isVisible, SECONDS)
    assert not panel.add.isVisible() and not panel.draw.isVisible()
    page.temperature.setValue(0)
    page.length.setValue(7)
    write(panel, "abc")
    QTest.mouseClick(page.go, LEFT)
    wait_until(lambda: page.text.toPlainText() == "abcdeabcde", SECONDS)
    assert not page.going.isVisible()

    write(panel, "de?")
    QTest.keyClick(page.prompt, Qt.Key.Key_Return, CONTROL)
    wait_until(lambda: page.text.toPlainText() == "deabcdeab", SECONDS)
    assert "does not know ?" in panel.note.toolTip()

    write(panel, "???")
    QTest.mouseClick(page.go, LEFT)
    wait_until(lambda: "knows no character of the prompt" in page.text.toPlainText(), SECONDS)


def test_the_seed_repeats_a_text_and_pictures_come_back(
    panel: TryPanel, window: MainWindow
) -> None:
    page = panel.texts
    wait_until(page.isVisible, SECONDS)
    page.temperature.setValue(5)
    page.length.setValue(40)
    texts = []
    for seed in (3, 4, 3):
        page.seed.setValue(seed)
        before = page.text.toPlainText()
        QTest.mouseClick(page.go, LEFT)
        wait_until(
            lambda before=before: (
                not panel.inspection.busy and page.text.toPlainText() not in ("", before)
            ),
            SECONDS,
        )
        texts.append(page.text.toPlainText())
    assert texts[0] == texts[2] != texts[1]
    window.workspace.add(presets.load("lenet5"))
    panel.network.choose(type(panel.network.choice)())
    wait_until(lambda: panel.draw.isVisible() and not page.isVisible(), SECONDS)
