"""A design's own layer types in the window: read, trusted, measured, written, taken from files."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QInputDialog, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from designer.codegen import generate
from designer.design import files
from designer.errors import DesignerError
from designer.gui.documents.backup import Backup, read
from designer.gui.documents.palette_entries import own_entries
from designer.gui.documents.sketches import sketch
from designer.gui.documents.workspace import Workspace
from designer.gui.panels.own_layers_dialog import OwnLayersDialog
from designer.gui.shell.main_window import MainWindow
from designer.layers.own import digest
from designer.runs import trusted_code
from tests.gui.hands import Hands, activate, wait_until
from tests.own_code import GATE, with_layer, writing

MEASURED = 120_000  # milliseconds: torch is loaded by a process of its own


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The file that the code of the design writes as soon as any of it is run."""
    return tmp_path / "mark"


@pytest.fixture
def opened(window: MainWindow, tmp_path: Path, mark: Path) -> Iterator[MainWindow]:
    """A window with a design whose code is not trusted."""
    path = tmp_path / "gated.json"
    files.save(with_layer(writing(mark)), path)
    window.documents.open_file(path)
    window.build_docks()
    yield window
    window.workspace.own_layers.end()


def test_nothing_runs_before_the_user_has_trusted_the_text(
    opened: MainWindow, mark: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    hands = Hands(opened, qtbot)
    workspace = opened.workspace
    hands.tab("Problems")
    assert "Code to trust" in hands.find(QToolButton, "status-problems").text()
    view = opened.canvas.view
    frame = view.layer.arrays.frames[""]
    assert view.layer.captions.of(frame, "gate", "gate").shape == "not trusted yet"
    # Everything that can be done with the file: edit, copy and paste, undo, save, back up, export.
    hands.click_node("gate")
    hands.fill("hidden", "3")
    hands.click_node("gate")
    hands.on_canvas()
    hands.keys("Ctrl+C")
    hands.keys("Ctrl+V")
    assert "gate2" in workspace.design.graph.nodes
    hands.keys("Ctrl+Z")
    hands.keys("Ctrl+Z")
    workspace.save(workspace.document, tmp_path / "saved.json")
    assert opened.training.refusal()
    opened.train()
    opened.export()
    with pytest.raises(DesignerError, match="not trusted"):
        generate(workspace.design, workspace.analysis)
    for dialog in QApplication.topLevelWidgets():
        if dialog.objectName() == "export":
            dialog.close()
    hands.settle()
    assert not workspace.own_layers.busy
    assert not mark.exists()
    # The button of the problem shows the whole text, and trusting it lets it be measured.
    hands.tab("Problems")
    hands.click(hands.find(QPushButton, "read-code"))
    dialog = hands.find(OwnLayersDialog, "own-layers")
    assert dialog.editor.toPlainText() == workspace.design.code["Gate"]
    assert "nothing of it was run" in dialog.state.text()
    with qtbot.waitSignal(workspace.changed, timeout=MEASURED):
        hands.click(dialog.trust)
    wait_until(lambda: workspace.analysis.valid, MEASURED // 1000)
    assert mark.exists()
    assert view.layer.captions.of(view.layer.arrays.frames[""], "gate", "gate").shape == "4×8×8"
    assert "is trusted" in dialog.state.text()
    # One character more is another text.
    mark.unlink()
    dialog.editor.setFocus()
    hands.keys("Ctrl+End", dialog.editor)
    hands.type("#")
    assert "not trusted yet" in dialog.state.text()
    hands.click(dialog.apply)
    assert [each.code for each in workspace.problems] == ["not-trusted"]
    assert not mark.exists()
    hands.click(hands.find(QPushButton, "close-own-layers"))
    activate(opened)
    hands.on_canvas()
    hands.keys("Ctrl+Z")
    assert digest(workspace.design.code["Gate"]) in workspace.analysis.measured.trusted
    assert workspace.analysis.valid  # what was measured before is still known


def test_backups_and_pictures_of_networks_run_nothing(
    opened: MainWindow, mark: Path, tmp_path: Path
) -> None:
    workspace = opened.workspace
    file = tmp_path / "backup.json"
    kept = Backup(files.dumps(workspace.design), "", "", None, "", "")
    file.write_bytes(msgspec.json.encode(kept))
    recovered = workspace.add(read(file)[1])
    assert not recovered.analysis.valid
    assert sketch(recovered.analysis).boxes
    assert not workspace.own_layers.busy
    assert not mark.exists()


def test_an_own_layer_is_added_and_set_like_any_other(opened: MainWindow, qtbot: QtBot) -> None:
    hands = Hands(opened, qtbot)
    hands.click_node("gate")
    hands.add("gate")
    design = opened.workspace.design
    assert design.graph.nodes["gate2"].layer == "Gate"
    hands.click_node("gate2")
    hands.fill("hidden", "7")
    assert opened.workspace.design.graph.nodes["gate2"].parameters == {"hidden": 7}
    assert [each.text for each in own_entries(design)] == ["Gate"]
    # Another layer becomes one, from the list that says what it keeps.
    hands.click_node("conv")
    hands.on_canvas()
    hands.keys("Ctrl+R")
    hands.type("gate")
    hands.keys("Return")
    assert opened.workspace.design.graph.nodes["conv"].layer == "Gate"


@pytest.fixture
def dialog(workspace: Workspace, qtbot: QtBot) -> OwnLayersDialog:
    """The dialog of a design with a gate, shown by itself."""
    workspace.add(with_layer(GATE))
    shown = OwnLayersDialog(workspace)
    qtbot.addWidget(shown)
    shown.show()
    return shown


def replace_text(dialog: OwnLayersDialog, qtbot: QtBot, text: str) -> None:
    """Put another text into the editor by the keyboard."""
    dialog.editor.setFocus()
    qtbot.keyClick(dialog.editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QApplication.clipboard().setText(text)
    qtbot.keyClick(dialog.editor, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert dialog.editor.toPlainText() == text


def click(button: QPushButton, qtbot: QtBot) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_packages_are_named_and_a_fault_says_its_line(
    dialog: OwnLayersDialog, qtbot: QtBot
) -> None:
    assert "nothing but torch" in dialog.packages.text()
    replace_text(dialog, qtbot, "import numpy\nimport os\n" + GATE)
    assert dialog.packages.text().endswith(": numpy.")
    assert dialog.trust.isEnabled()
    replace_text(dialog, qtbot, GATE.replace("hidden: int", "hidden"))
    assert dialog.state.text().startswith("Line 8: hidden has no type")
    assert list(dialog.editor.marked) == [8]
    assert not dialog.trust.isEnabled()


def test_a_new_layer_type_is_written_and_its_edits_are_steps(
    dialog: OwnLayersDialog, workspace: Workspace, qtbot: QtBot
) -> None:
    before = workspace.design
    click(dialog.new, qtbot)
    assert dialog.shown == "ChannelScale"
    assert "ChannelScale" in workspace.design.code
    replace_text(
        dialog, qtbot, workspace.design.code["ChannelScale"].replace("ChannelScale", "Other")
    )
    click(dialog.apply, qtbot)
    assert list(workspace.design.code) == ["Gate", "Other"]
    assert dialog.shown == "Other"
    workspace.undo()
    assert list(workspace.design.code) == ["Gate", "ChannelScale"]
    workspace.undo()
    assert workspace.design is before
    assert [dialog.list.item(row).text() for row in range(dialog.list.count())] == ["Gate"]


def test_a_renamed_class_renames_its_nodes(
    dialog: OwnLayersDialog, workspace: Workspace, qtbot: QtBot
) -> None:
    replace_text(dialog, qtbot, GATE.replace("class Gate", "class Door"))
    click(dialog.apply, qtbot)
    assert workspace.design.graph.nodes["gate"].layer == "Door"
    assert list(workspace.design.code) == ["Door"]
    replace_text(dialog, qtbot, GATE.replace("class Gate", "class ReLU"))
    click(dialog.apply, qtbot)
    assert "built-in layer type ReLU" in dialog.state.text()
    assert list(workspace.design.code) == ["Door"]


def test_what_is_used_is_not_removed(
    dialog: OwnLayersDialog, workspace: Workspace, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(workspace.refused) as refused:
        click(dialog.remove, qtbot)
    assert refused.args == ["gate is a Gate: remove all such nodes first."]
    click(dialog.new, qtbot)
    click(dialog.remove, qtbot)
    assert list(workspace.design.code) == ["Gate"]


def test_a_class_is_taken_from_a_file_without_running_it(
    dialog: OwnLayersDialog,
    workspace: Workspace,
    qtbot: QtBot,
    tmp_path: Path,
    mark: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "network.py"
    path.write_text(
        f"open({str(mark)!r}, 'w').write('ran')\nclass First(nn.Module):\n"
        "    def forward(self, x): return x\nclass Second(First):\n    pass\n"
    )
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_: ("Second", True))
    dialog.take_from(path)
    assert not mark.exists()
    assert dialog.shown == "Second"
    assert workspace.design.code["Second"].startswith("class First(nn.Module):")
    for text, words in (("class A(", "line 1"), ("x = 1\n", "no class of nn.Module")):
        path.write_text(text)
        dialog.take_from(path)
        assert words in dialog.state.text()
    dialog.take_from(tmp_path / "none.py")
    assert "cannot be read" in dialog.state.text()


def test_the_editor_keeps_indentation(dialog: OwnLayersDialog, qtbot: QtBot) -> None:
    click(dialog.new, qtbot)
    replace_text(dialog, qtbot, "class A:")
    for key in (Qt.Key.Key_Return, Qt.Key.Key_P, Qt.Key.Key_Return, Qt.Key.Key_Tab):
        text = "p" if key == Qt.Key.Key_P else ""
        QApplication.sendEvent(
            dialog.editor,
            QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, text),
        )
    assert dialog.editor.toPlainText() == "class A:\n    p\n        "
    qtbot.keyClick(dialog.editor, Qt.Key.Key_Backspace)
    assert dialog.editor.toPlainText() == "class A:\n    p\n    "


def test_trust_is_given_to_the_text_that_is_seen(
    dialog: OwnLayersDialog, workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace.own_layers, "_look", lambda: None)
    text = GATE.replace("16", "8")
    replace_text(dialog, qtbot, text)
    workspace.own_layers.busy = True  # nothing is measured in this test
    click(dialog.trust, qtbot)
    assert workspace.design.code["Gate"] == text
    assert trusted_code.trusted([GATE, text]) == {digest(text)}
    assert [each.code for each in workspace.problems] == ["not-measured"]
    assert dialog.trust.text() == "Take the trust back"
    click(dialog.trust, qtbot)
    assert not trusted_code.trusted([text])
    assert [each.code for each in workspace.problems] == ["not-trusted"]
    assert dialog.trust.text() == "Trust this code"
