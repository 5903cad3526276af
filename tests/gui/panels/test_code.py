"""The Code dock: the generated source, in step with the selection both ways."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QFileDialog, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from designer.codegen import source
from designer.design import edits
from designer.gui.base.theme import theme
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.code import CodePanel
from designer.gui.panels.python_colors import long_strings, tokens

LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def panel(workspace: Workspace, shown: Callable[..., QWidget], qtbot: QtBot) -> CodePanel:
    workspace.open_preset("resnet18")
    made = shown(CodePanel(workspace), width=760)
    _wait(made, qtbot)
    return made


def _wait(panel: CodePanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: panel.design is panel.workspace.design)


def _lines(panel: CodePanel) -> list[str]:
    text = panel.view.toPlainText().split("\n")
    return [text[line - 1].strip() for line in panel.view.marked]


def _click_line(panel: CodePanel, qtbot: QtBot, words: str) -> None:
    view = panel.view
    cursor = view.document().find(words)
    assert not cursor.isNull()
    line = QTextCursor(cursor.block())
    view.verticalScrollBar().setValue(max(line.blockNumber() - 3, 0))
    place = view.cursorRect(line).center()
    qtbot.mouseClick(view.viewport(), LEFT, pos=place)


def test_the_source_is_that_of_the_design(panel: CodePanel, workspace: Workspace) -> None:
    assert panel.view.toPlainText() == source(workspace.design)
    assert panel.view.isReadOnly()
    assert panel.title.text() == "class ResNet18 · 80 lines"


def test_an_edit_renews_the_source(panel: CodePanel, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.edit("wide", lambda d: edits.set_parameter(d, "conv1", "out_channels", 96))
    _wait(panel, qtbot)
    assert "self.conv1 = nn.Conv2d(3, 96, 7" in panel.view.toPlainText()
    workspace.undo()
    _wait(panel, qtbot)
    assert panel.view.toPlainText() == source(workspace.design)


def test_a_selected_node_has_its_lines_marked(panel: CodePanel, workspace: Workspace) -> None:
    workspace.select(["conv1"])
    assert _lines(panel) == [
        "self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)",
        "x = self.maxpool(self.relu(self.bn1(self.conv1(x))))",
    ]
    workspace.select(["layer2"])
    assert _lines(panel)[0] == "self.layer2 = nn.Sequential("
    assert _lines(panel)[-2:] == [")", "x = self.layer2(x)"]
    workspace.select(["layer2.1.conv2"])
    assert _lines(panel) == [
        "self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)",
        "y = self.bn2(self.conv2(y))",
    ]
    first = panel.view.firstVisibleBlock().blockNumber()
    assert first <= panel.view.marked[0] - 1 <= first + 25
    workspace.select([])
    assert not panel.view.marked


def test_a_click_on_a_line_selects_its_node(
    panel: CodePanel, workspace: Workspace, qtbot: QtBot
) -> None:
    _click_line(panel, qtbot, "self.fc = nn.Linear")
    assert workspace.selection == {"fc"}
    _click_line(panel, qtbot, "self.bn2 = nn.BatchNorm2d")
    assert workspace.selection == {"layer1.0.bn2"}
    assert workspace.block == "BasicBlock"
    workspace.look_into("layer3.1")
    _click_line(panel, qtbot, "y = self.relu1(self.bn1(self.conv1(x)))")
    assert workspace.selection == {"layer3.1.conv1"}, "in the use that is looked into"


def test_the_cursor_keys_select_too(panel: CodePanel, workspace: Workspace, qtbot: QtBot) -> None:
    _click_line(panel, qtbot, "self.avgpool = ")
    assert workspace.selection == {"avgpool"}
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    assert workspace.selection == {"fc"}


def test_looking_into_a_block_shows_its_class(panel: CodePanel, workspace: Workspace) -> None:
    workspace.look_into("layer1.0")
    first = panel.view.firstVisibleBlock().blockNumber()
    text = panel.view.toPlainText().split("\n")
    shown = text[first : first + 20]
    assert any(line.startswith("class BasicBlock(") for line in shown)


def test_errors_are_shown_and_the_last_source_stays_dimmed(
    panel: CodePanel, workspace: Workspace, qtbot: QtBot
) -> None:
    before = panel.view.toPlainText()
    workspace.edit("break", lambda d: edits.set_parameter(d, "conv1", "kernel_size", 700))
    qtbot.waitUntil(panel.sentence.isVisible)
    assert panel.sentence.text().startswith(
        "The design must be valid before its code can be generated. Fix this: conv1: "
    )
    assert panel.view.toPlainText() == before
    workspace.undo()
    qtbot.waitUntil(lambda: not panel.sentence.isVisible())


def test_each_document_has_its_own_source(
    panel: CodePanel, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.open_preset("lenet5")
    assert not panel.view.toPlainText()
    _wait(panel, qtbot)
    assert "class LeNet5(nn.Module):" in panel.view.toPlainText()
    workspace.close(workspace.document)
    _wait(panel, qtbot)
    assert "class ResNet18(nn.Module):" in panel.view.toPlainText()


def test_a_hidden_panel_generates_nothing(
    panel: CodePanel, workspace: Workspace, qtbot: QtBot
) -> None:
    panel.hide()
    workspace.open_preset("lenet5")
    qtbot.wait(1)
    assert not panel._newest.busy
    panel.show()
    _wait(panel, qtbot)


def test_find(panel: CodePanel, qtbot: QtBot) -> None:
    panel.view.setFocus()
    qtbot.keyClick(panel.view, Qt.Key.Key_F, CONTROL)
    qtbot.waitUntil(panel.words.hasFocus)
    qtbot.keyClicks(panel.words, "nn.Linear")
    assert panel.found.text() == "1 of 1"
    assert panel.view.textCursor().selectedText() == "nn.Linear"
    panel.words.clear()
    qtbot.keyClicks(panel.words, "BatchNorm2d")
    count = panel.view.toPlainText().count("BatchNorm2d")
    place = int(panel.found.text().split()[0])
    assert panel.found.text().endswith(f"of {count}")
    qtbot.keyClick(panel.words, Qt.Key.Key_Return)
    assert panel.found.text() == f"{place % count + 1} of {count}"
    qtbot.keyClick(panel.words, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert panel.found.text() == f"{place} of {count}"
    qtbot.keyClicks(panel.words, "xyz")
    assert panel.found.text() == "not found"
    qtbot.keyClick(panel.words, Qt.Key.Key_Escape)
    assert not panel.finder.isVisible()
    assert panel.view.hasFocus()


def test_copy_and_save(
    panel: CodePanel, workspace: Workspace, qtbot: QtBot, tmp_path: Path, monkeypatch
) -> None:
    expected = source(workspace.design)
    qtbot.mouseClick(panel.findChild(QToolButton, "copy-code"), LEFT)
    assert QGuiApplication.clipboard().text() == expected
    file = tmp_path / "network"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    with qtbot.waitSignal(workspace.reported):
        qtbot.mouseClick(panel.findChild(QToolButton, "save-code"), LEFT)
    assert file.with_suffix(".py").read_text() == expected
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "a" / "b"), ""))
    with qtbot.waitSignal(workspace.refused):
        panel.save()


def test_another_theme(panel: CodePanel, qapp) -> None:
    dark = panel.view.viewport().grab().toImage().pixelColor(500, 2)
    theme.follow(qapp, "light")
    light = panel.view.viewport().grab().toImage().pixelColor(500, 2)
    theme.follow(qapp, "dark")
    assert dark.lightness() < 100 < light.lightness()


def test_tokens() -> None:
    line = 'self.conv = nn.Conv2d(3, "same") if x else None  # why'
    assert [(kind, line[at : at + length]) for kind, at, length in tokens(line)] == [
        ("self", "self"),
        ("torch", "nn.Conv2d"),
        ("number", "3"),
        ("string", '"same"'),
        ("keyword", "if"),
        ("keyword", "else"),
        ("keyword", "None"),
        ("comment", "# why"),
    ]
    assert long_strings(['"""a', "b", 'c"""', "d", '"""e"""', "f"]) == {0, 1, 2, 4}
