"""Nothing that was edited is lost: asides are written, found after a crash, dropped when saved."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from designer import file_lock, resources
from designer.design import edits
from designer.design.values import LayerNode
from designer.gui.documents.autosave import Autosave
from designer.gui.documents.document import Document
from designer.gui.documents.workspace import Workspace
from designer.gui.shell.main_window import MainWindow
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


def test_a_clock_that_steps_does_not_open_a_living_windows_backups(
    editing: tuple[Workspace, Autosave], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, autosave = editing
    workspace.open_preset("lenet5")
    workspace.edit("add", lambda d: edits.add_node(d, "extra", LayerNode("ReLU")))
    qtbot.waitUntil(lambda: len(_backups()) == 1)
    # After a step of the clock, the start of a process is another than the one that was noted.
    monkeypatch.setattr(file_lock, "holder", lambda _: None)
    other = Workspace()
    assert Autosave(other, Preferences(), other).recover() == 0
    assert not other.documents
    assert len(_backups()) == 1
    autosave.finish()


def test_of_two_windows_that_start_at_once_one_opens_a_backup(
    editing: tuple[Workspace, Autosave], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, autosave = editing
    _crashed("1.json", resources.folder("presets") / "lenet5.json")
    other = Workspace()
    found: list[int] = []
    opening = autosave._open

    def open_and_start_another(file: Path) -> Document:
        found.append(Autosave(other, Preferences(), other).recover())
        return opening(file)

    monkeypatch.setattr(autosave, "_open", open_and_start_another)
    assert autosave.recover() == 1
    assert found == [0]
    autosave.finish()


def _crashed(name: str, design: Path) -> Path:
    """Write a backup that a crashed window left."""
    file = state_folder() / "autosave" / "crashed" / name
    file.parent.mkdir(parents=True)
    text = json.dumps(design.read_text(encoding="utf-8"))
    file.write_text(f'{{"design": {text}, "path": "", "preset": "lenet5", "recipe": null}}')
    return file


def test_backups_that_cannot_be_written_are_reported_until_they_can(
    window: MainWindow, qtbot: QtBot
) -> None:
    window.preferences.autosave_seconds = 0.01
    window.autosave.retry_ms = 50
    sessions = state_folder() / "autosave"
    sessions.parent.mkdir(parents=True, exist_ok=True)
    sessions.write_text("in the way")
    window.workspace.open_preset("lenet5")
    heard: list[str] = []
    window.workspace.reported.connect(heard.append)
    window.workspace.edit("add", lambda d: edits.add_node(d, "extra", LayerNode("ReLU")))
    notice = window.backup_notice
    qtbot.waitUntil(notice.isVisible)
    assert notice.text.text().startswith("No backups of unsaved designs can be written in ")
    notice.buttons[0].click()  # it is not shown again with every further try
    qtbot.wait(200)
    assert not notice.isVisible()
    assert heard == []
    sessions.unlink()
    qtbot.waitUntil(lambda: bool(_backups()))  # without a further edit
    qtbot.waitUntil(lambda: heard == ["Backups of unsaved designs are written again."])
    assert not notice.isVisible()


def test_a_full_disk_while_writing_is_reported_and_leaves_the_older_backup(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.preferences.autosave_seconds = 0.01
    window.autosave.retry_ms = 50
    window.workspace.open_preset("lenet5")
    window.workspace.edit("add", lambda d: edits.add_node(d, "extra", LayerNode("ReLU")))
    qtbot.waitUntil(lambda: len(_backups()) == 1)
    before = _backups()[0].read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        window.workspace.edit("add", lambda d: edits.add_node(d, "more", LayerNode("ReLU")))
        qtbot.waitUntil(window.backup_notice.isVisible)
        assert "(No space left on device)" in window.backup_notice.text.text()
        assert _backups()[0].read_bytes() == before
    qtbot.waitUntil(lambda: not window.backup_notice.isVisible())
    assert b"more" in _backups()[0].read_bytes()


def test_a_damaged_backup_is_named(window: MainWindow) -> None:
    file = _crashed("1.json", resources.folder("presets") / "lenet5.json")
    file.write_text("{")
    window.autosave.recover()
    assert window.backup_notice.isVisible()
    assert str(file) in window.backup_notice.text.text()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_kill_while_a_backup_is_written_leaves_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "1.json"
    path.write_text("older")
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from designer.storage import write_atomically\n"
        "def write(file):\n    file.write(b'half')\n    file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomically(Path(sys.argv[1]), write)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "older"


def test_a_full_disk_at_recovery_keeps_the_backup_until_there_is_a_new_one(
    editing: tuple[Workspace, Autosave], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, autosave = editing
    workspace.open_preset("lenet5")
    workspace.edit("add", lambda d: edits.add_node(d, "extra", LayerNode("ReLU")))
    qtbot.waitUntil(lambda: len(_backups()) == 1)
    (crashed,) = _backups()
    before = crashed.read_bytes()
    autosave._timer.stop()
    autosave._locks.close()  # as the system does when a process ends

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    after = Workspace()
    second = Autosave(after, Preferences(autosave_seconds=0.01), after)
    second.retry_ms = 20
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert second.recover() == 1
        assert crashed.read_bytes() == before
    qtbot.waitUntil(lambda: not crashed.exists())
    (backup,) = _backups()
    assert b"extra" in backup.read_bytes()
    second.finish()
    assert not _backups()


@pytest.mark.parametrize("lives", [False, True])
def test_the_folder_of_a_killed_window_with_nothing_unsaved_goes_at_the_next_start(
    window: MainWindow, lives: bool
) -> None:
    folder = state_folder() / "autosave" / "0123"
    folder.mkdir(parents=True)
    program = "\n".join(
        [
            "import sys, time",
            "from pathlib import Path",
            "from designer import file_lock",
            "with file_lock.held(Path(sys.argv[1])):",
            "    print('held', flush=True)",
            "    time.sleep(60)",
        ]
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder / "lock")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    if not lives:
        process.kill()
        process.wait()
    try:
        assert window.autosave.recover() == 0
        assert folder.exists() == lives
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
