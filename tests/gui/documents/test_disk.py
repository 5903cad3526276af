"""Files of open designs that other programs change, seen in the real window."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from designer import presets
from designer.design import edits, files
from designer.design.values import Design, LayerNode
from designer.gui.documents import disk
from designer.gui.shell.main_window import MainWindow
from designer.recipe import stored
from designer.recipe.recipe import Recipe
from tests.gui.hands import Hands, activate

posix = pytest.mark.skipif(os.name != "posix", reason="needs links and modes of POSIX")


@pytest.fixture
def hands(window: MainWindow, qtbot: QtBot) -> Hands:
    window.resize(1400, 900)
    return Hands(window, qtbot)


@pytest.fixture
def mine(tmp_path: Path, window: MainWindow) -> Path:
    """A file of LeNet-5, open in the window."""
    path = tmp_path / "project" / "mine.json"
    path.parent.mkdir()
    files.save(presets.load("lenet5"), path)
    window.documents.open_file(path)
    return path


def other_program(path: Path, name: str = "other") -> Design:
    """Add a layer to a file, as another window does."""
    design = edits.add_node(files.read(path), name, LayerNode("ReLU"))
    files.save(design, path)
    return design


def edit(window: MainWindow, name: str = "own") -> None:
    window.workspace.edit("add", lambda d: edits.add_node(d, name, LayerNode("ReLU")))


def answer(label: str, asked: list[str]) -> None:
    """Press a button of the question that is about to be asked."""
    timer = QTimer(QApplication.instance(), interval=10)

    def press() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            return
        timer.stop()
        asked.append(f"{box.text()} {box.informativeText()}")
        texts = {each.text().replace("&", ""): each for each in box.buttons()}
        (texts.get(label) or box.buttons()[0]).click()
        assert label in texts

    timer.timeout.connect(press)
    timer.start()


def save(hands: Hands) -> None:
    """Press Ctrl+S, as soon as the action is enabled, which is after the present event."""
    activate(hands.window)
    hands.settle()
    hands.keys("Ctrl+S", hands.window)


def notice(window: MainWindow) -> str:
    bar = window.editor.disk_notice
    return bar.text.text() if bar.isVisible() else ""


def press(hands: Hands, label: str) -> None:
    """Press a button of the notice."""
    (button,) = (
        each
        for each in hands.window.editor.disk_notice.findChildren(QPushButton)
        if each.text() == label and each.isVisible()
    )
    hands.click(button)


# Noticing


def test_a_changed_file_is_noticed_and_reloaded(
    window: MainWindow, hands: Hands, qtbot: QtBot, mine: Path
) -> None:
    theirs = other_program(mine)
    qtbot.waitUntil(lambda: bool(notice(window)), timeout=10_000)
    assert notice(window) == ("mine.json was changed on disk by another program: ReLU other added.")
    assert not window.workspace.document.modified
    press(hands, "Reload")
    assert window.workspace.design == theirs
    assert notice(window) == ""
    assert not window.workspace.document.modified
    hands.on_canvas()
    hands.keys("Ctrl+Z")  # reloading is a step of the history
    assert "other" not in window.workspace.design.graph.nodes


def test_what_is_kept_replaces_the_file_without_a_further_question(
    window: MainWindow, hands: Hands, qtbot: QtBot, mine: Path
) -> None:
    edit(window)
    other_program(mine)
    qtbot.waitUntil(lambda: bool(notice(window)), timeout=10_000)
    press(hands, "Keep mine")
    assert notice(window) == ""
    assert window.workspace.document.modified
    save(hands)
    assert not window.workspace.document.modified
    assert "own" in files.read(mine).graph.nodes
    assert "other" not in files.read(mine).graph.nodes


def test_own_edits_are_not_reported_as_another_programs(
    window: MainWindow, hands: Hands, qtbot: QtBot, mine: Path
) -> None:
    edit(window)
    other_program(mine)
    qtbot.waitUntil(lambda: "other added" in notice(window), timeout=10_000)
    press(hands, "Keep mine")
    mine.write_bytes(mine.read_bytes() + b"\n")
    qtbot.waitUntil(lambda: "layers and recipe are the same" in notice(window), timeout=10_000)


def test_a_recipe_that_another_program_changed_is_named(
    window: MainWindow, qtbot: QtBot, mine: Path
) -> None:
    design = files.load(mine).design
    files.save(design, mine, stored.dump(Recipe(batch=7), mine))
    qtbot.waitUntil(lambda: "recipe of the training changed" in notice(window), timeout=10_000)


def test_a_touched_file_is_not_changed(window: MainWindow, qtbot: QtBot, mine: Path) -> None:
    os.utime(mine, (1, 1))
    watch = window.editor.disk_watch
    watch.look()
    qtbot.waitUntil(lambda: not watch._busy)
    assert notice(window) == ""


def test_a_replaced_file_is_noticed_as_an_editor_replaces_it(
    window: MainWindow, qtbot: QtBot, mine: Path
) -> None:
    backup = mine.with_name("mine.json~")
    mine.rename(backup)  # vim and git write a new file
    other_program_copy = edits.add_node(files.read(backup), "other", LayerNode("ReLU"))
    files.save(other_program_copy, mine)
    qtbot.waitUntil(lambda: "other added" in notice(window), timeout=10_000)


def test_a_file_that_became_no_design_is_noticed(
    window: MainWindow, hands: Hands, qtbot: QtBot, mine: Path
) -> None:
    mine.write_text("<<<<<<< HEAD")
    qtbot.waitUntil(lambda: "no valid design" in notice(window), timeout=10_000)
    before = window.workspace.design
    press(hands, "Reload")  # is refused in words
    assert window.workspace.design is before
    assert notice(window)


def test_a_file_that_is_gone_is_noticed_and_saving_writes_it_again(
    window: MainWindow, hands: Hands, qtbot: QtBot, mine: Path
) -> None:
    content = mine.read_bytes()
    mine.unlink()
    qtbot.waitUntil(lambda: "is gone from" in notice(window), timeout=10_000)
    assert window.workspace.document.modified
    assert window.tabs.tabText(0).endswith("•")
    mine.write_bytes(content)  # restored: nothing is to be said any more
    qtbot.waitUntil(lambda: notice(window) == "", timeout=10_000)
    assert not window.workspace.document.modified
    mine.unlink()
    qtbot.waitUntil(lambda: bool(notice(window)), timeout=10_000)
    press(hands, "Save")
    assert mine.read_bytes() == content
    assert notice(window) == ""
    assert not window.workspace.document.modified


def test_only_the_shown_designs_file_is_spoken_of(
    window: MainWindow, hands: Hands, qtbot: QtBot, mine: Path
) -> None:
    other_program(mine)
    qtbot.waitUntil(lambda: bool(notice(window)), timeout=10_000)
    window.workspace.open_preset("alexnet")
    assert notice(window) == ""
    hands.click(window.tabs, window.tabs.tabRect(0).center())
    assert "other added" in notice(window)


# Saving over what changed


@pytest.mark.parametrize("choice", ["Overwrite", "Save as…", "Reload", "Cancel"])
def test_saving_over_what_changed_on_disk_asks(
    window: MainWindow,
    hands: Hands,
    mine: Path,
    choice: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edit(window)
    theirs = other_program(mine)
    elsewhere = mine.with_name("elsewhere.json")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(elsewhere), ""))
    asked: list[str] = []
    answer(choice, asked)
    save(hands)
    assert "ReLU other added" in asked[0]
    document = window.workspace.document
    written = files.read(mine)
    assert ("other" in written.graph.nodes) == (choice != "Overwrite")
    assert ("own" in written.graph.nodes) == (choice == "Overwrite")
    assert elsewhere.exists() == (choice == "Save as…")
    assert document.modified == (choice == "Cancel")
    assert (document.design == theirs) == (choice == "Reload")
    if choice != "Reload":
        assert "own" in document.design.graph.nodes


def test_a_second_window_on_the_file_asks_too(
    window: MainWindow, hands: Hands, mine: Path, remembered, qtbot: QtBot
) -> None:
    second = MainWindow(remembered)
    qtbot.addWidget(second, before_close_func=_discard)
    second.show()
    second.documents.open_file(mine)
    edit(second, "second")
    save(Hands(second, qtbot))
    edit(window, "first")
    asked: list[str] = []
    answer("Cancel", asked)
    save(hands)
    assert "ReLU second added" in asked[0]
    assert "second" in files.read(mine).graph.nodes


def _discard(window: MainWindow) -> None:
    for document in window.workspace.documents:
        document.saved, document.saved_recipe = document.design, document.recipe


# One file, several names


@posix
@pytest.mark.parametrize("kind", ["symbolic", "hard", "dots"])
def test_another_name_of_an_open_file_shows_its_tab(
    window: MainWindow, mine: Path, kind: str
) -> None:
    other = mine.with_name("other.json")
    if kind == "symbolic":
        other.symlink_to(mine)
    elif kind == "hard":
        other.hardlink_to(mine)
    else:
        other = mine.parent / ".." / mine.parent.name / mine.name
    window.documents.open_file(other)
    assert len(window.workspace.documents) == 1


@posix
def test_saving_through_a_link_keeps_it_and_the_permissions(
    window: MainWindow, hands: Hands, tmp_path: Path
) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    files.save(presets.load("lenet5"), real)
    real.chmod(0o640)
    link.symlink_to("real.json")
    window.documents.open_file(link)
    edit(window)
    save(hands)
    assert link.is_symlink()
    assert "own" in files.read(real).graph.nodes
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@posix
def test_hard_links_are_spoken_of(window: MainWindow, hands: Hands, mine: Path) -> None:
    other = mine.with_name("other.json")
    other.hardlink_to(mine)
    edit(window)
    heard: list[str] = []
    window.workspace.reported.connect(heard.append)
    save(hands)
    assert heard == [
        f"Saved as {mine}. Its other names, which are hard links, have the old version."
    ]


def test_a_read_only_file_is_refused_and_stays(
    window: MainWindow, hands: Hands, mine: Path
) -> None:
    before = mine.read_bytes()
    mine.chmod(0o444)
    edit(window)
    heard: list[str] = []
    window.workspace.refused.connect(heard.append)
    save(hands)
    assert "the file is read-only): make it writable, or choose another name" in heard[0]
    assert mine.read_bytes() == before
    assert window.workspace.document.modified
    mine.chmod(0o644)


def test_a_file_open_in_another_tab_is_not_replaced(
    window: MainWindow, hands: Hands, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = mine.read_bytes()
    window.workspace.open_preset("alexnet")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(mine), ""))
    heard: list[str] = []
    window.workspace.refused.connect(heard.append)
    save(hands)
    assert heard == [
        "mine.json is open in another tab: close that one first, or choose another name."
    ]
    assert mine.read_bytes() == before


def test_a_name_without_ending_does_not_replace_a_file_unasked(
    window: MainWindow, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.json"
    path.write_text("precious")
    window.workspace.open_preset("lenet5")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "net"), ""))
    asked: list[str] = []
    answer("Cancel", asked)
    save(hands)
    assert asked and path.read_text() == "precious"
    answer("Replace", asked)
    save(hands)
    assert files.read(path) == window.workspace.design


# Names


def test_an_unnamed_design_takes_the_name_of_its_file(
    window: MainWindow, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "my_net.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    hands.keys("Ctrl+N", window)
    hands.add("Input")
    hands.add("Flatten")
    save(hands)
    assert window.workspace.design.name == files.read(path).name == "my_net"
    assert window.tabs.tabText(0) == "my_net.json"
    assert window.windowTitle().startswith("my_net.json")
    hands.on_canvas()
    hands.keys("Ctrl+Z")
    assert len(window.workspace.design.graph.nodes) == 1
    assert window.workspace.design.name == "my_net"  # saving was no step
    hands.keys("Ctrl+Shift+Z")
    assert not window.workspace.document.modified
    path = tmp_path / "better.json"  # still no name of its own
    hands.keys("Ctrl+Shift+S", window)
    assert files.read(path).name == "better"


def test_a_name_given_by_the_user_stays(
    window: MainWindow, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "my_net.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    window.workspace.open_preset("lenet5")
    save(hands)
    assert files.read(path).name == "LeNet-5"


def test_an_unnamed_design_that_cannot_be_saved_stays_unnamed(
    window: MainWindow, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gone" / "my_net.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    hands.keys("Ctrl+N", window)
    hands.add("Input")
    save(hands)
    assert window.workspace.design.name == "Untitled"


# Recent files


def test_a_recent_file_that_is_gone_can_be_removed_from_the_list(
    window: MainWindow, hands: Hands, mine: Path
) -> None:
    hands.keys("Ctrl+W", window)
    mine.unlink()
    asked: list[str] = []
    answer("Remove from the list", asked)
    window.documents.open_file(mine)
    assert "mine.json is no longer in" in asked[0]
    assert window.preferences.recent == []


@posix
@pytest.mark.parametrize(
    ("kind", "words"),
    [("folder", "is a folder"), ("pipe", "is a device or a pipe"), ("binary", "no design file")],
)
def test_what_is_no_design_file_is_refused_in_words(
    window: MainWindow, tmp_path: Path, kind: str, words: str
) -> None:
    path = tmp_path / "x.json"
    make: dict[str, Callable[[], object]] = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "binary": lambda: path.write_bytes(bytes(range(256)) * 100),
    }
    make[kind]()
    window.workspace.open_preset("lenet5")
    heard: list[str] = []
    window.workspace.refused.connect(heard.append)
    window.documents.open_file(path)
    assert words in heard[0]
    assert len(window.workspace.documents) == 1


# What is being typed


def test_saving_takes_over_what_is_being_typed(
    window: MainWindow, hands: Hands, mine: Path, tmp_path: Path
) -> None:
    window.show_dock("training")
    hands.settle()
    field = window.training.set_up.data.name.lineEdit()
    assert field is not None
    hands.click(field)
    hands.keys("Ctrl+A")
    hands.type(str(tmp_path / "digits"))
    save(hands)
    training = files.load(mine).training
    assert training["recipe"]["data"]["source"] == "../digits"


def test_saving_takes_over_a_name_that_is_being_typed_on_the_canvas(
    window: MainWindow, hands: Hands, mine: Path
) -> None:
    hands.click_node("conv1")
    hands.on_canvas()
    hands.keys("F2")
    hands.keys("Ctrl+A")
    hands.type("first")
    save(hands)
    assert "first" in files.read(mine).graph.nodes
    assert not window.workspace.document.modified


def test_only_the_first_look_waits_for_a_file_that_is_gone(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(disk.time, "sleep", slept.append)
    watch = disk.DiskWatch(window.workspace)
    design = presets.load("lenet5")
    first = watch._state(tmp_path / "gone.json", "digest", design, None, None)
    assert (first.kind, len(slept)) == ("gone", 1)
    known = watch._seen[tmp_path / "gone.json"]
    assert watch._state(tmp_path / "gone.json", "digest", design, None, known) == first
    assert len(slept) == 1
    watch.deleteLater()
