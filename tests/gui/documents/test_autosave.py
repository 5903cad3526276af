"""Nothing that was edited is lost: asides are written, found after a crash, dropped when saved."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from designer import resources
from designer.design import edits
from designer.design.values import LayerNode
from designer.gui.documents.autosave import Autosave
from designer.gui.documents.workspace import Workspace
from designer.preferences import Preferences, state_folder

_EDITOR = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from designer.design import edits
from designer.design.values import LayerNode
from designer.gui.shell import application as window
from designer.gui.shell.main_window import MainWindow

application = QApplication([])
number = 0

def edit():
    global number
    window = next(each for each in application.topLevelWidgets() if isinstance(each, MainWindow))
    if window.workspace.document is not None:
        number += 1
        name = f"relu_{number}"
        window.workspace.edit("add", lambda d: edits.add_node(d, name, LayerNode("ReLU")))
        print(number, flush=True)

timer = QTimer(interval=50)
timer.timeout.connect(edit)
timer.start(50)
window.run(["lenet5"])
"""


def _backups() -> list[Path]:
    return sorted(state_folder().glob("autosave/*/*.json"))


@pytest.fixture
def editing(qtbot: QtBot) -> tuple[Workspace, Autosave]:
    workspace = Workspace()
    return workspace, Autosave(workspace, Preferences(autosave_seconds=0.01), workspace)


def test_an_edit_is_backed_up_and_dropped_when_saved(
    editing: tuple[Workspace, Autosave], qtbot: QtBot, tmp_path: Path
) -> None:
    workspace, autosave = editing
    document = workspace.open_preset("lenet5")
    assert not document.modified
    workspace.edit("add", lambda d: edits.add_node(d, "extra", LayerNode("ReLU")))
    qtbot.waitUntil(lambda: len(_backups()) == 1)
    workspace.save(document, tmp_path / "mine.json")
    qtbot.waitUntil(lambda: not _backups())
    autosave.finish()
    assert not list((state_folder() / "autosave").glob("*"))


def test_a_living_session_is_not_taken_over(
    editing: tuple[Workspace, Autosave], qtbot: QtBot
) -> None:
    workspace, autosave = editing
    workspace.open_preset("lenet5")
    workspace.edit("add", lambda d: edits.add_node(d, "extra", LayerNode("ReLU")))
    qtbot.waitUntil(lambda: len(_backups()) == 1)
    other = Workspace()
    assert Autosave(other, Preferences(), other).recover() == 0
    autosave.finish()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_what_a_killed_window_had_is_found_again(qtbot: QtBot) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _EDITOR],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert process.stdout is not None
    last = 0
    while last < 40:  # two seconds of edits, or more
        last = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    last = int(rest[-1]) if rest else last

    workspace = Workspace()
    autosave = Autosave(workspace, Preferences(), workspace)
    assert autosave.recover() == 1
    (document,) = workspace.documents
    assert document.modified
    assert document.preset == "lenet5"
    kept = sum(name.startswith("relu_") for name in document.design.graph.nodes)
    assert kept >= last - 20  # an edit each 50 ms: no more than the last second is lost
    assert len(_backups()) == 1  # and it is safe against the next crash already
    assert autosave.recover() == 0
    autosave.finish()


@pytest.mark.parametrize(
    ("recipe", "name"),
    [
        ("null", None),
        ('{"optimizer": {"name": "adam"}}', "adam"),
        ('{"optimiser": {"name": "rmsprop"}}', "rmsprop"),  # of version 0.1
    ],
)
def test_a_backup_is_opened_with_its_recipe(
    editing: tuple[Workspace, Autosave], recipe: str, name: str | None
) -> None:
    workspace, autosave = editing
    folder = state_folder() / "autosave" / "crashed"
    folder.mkdir(parents=True)
    design = json.dumps((resources.folder("presets") / "lenet5.json").read_text(encoding="utf-8"))
    (folder / "1.json").write_text(
        f'{{"design": {design}, "path": "", "preset": "lenet5", "recipe": {recipe}}}'
    )
    assert autosave.recover() == 1
    (document,) = workspace.documents
    assert (document.recipe and document.recipe.optimizer.name) == name
    autosave.finish()


def test_a_damaged_aside_stays_and_harms_nobody(
    editing: tuple[Workspace, Autosave], qtbot: QtBot
) -> None:
    workspace, autosave = editing
    folder = state_folder() / "autosave" / "crashed"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text("{")
    assert autosave.recover() == 0
    assert (folder / "1.json").exists()
    assert not workspace.documents
