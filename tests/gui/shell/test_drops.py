"""Files dropped on the window or pasted: designs, runs, weights and data."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from designer import presets
from designer.design import files
from designer.gui.shell.dropped import kind_of, pasted_paths
from designer.gui.shell.main_window import MainWindow
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin

SECONDS = 20_000  # milliseconds until a test gives up waiting


def drop(window: MainWindow, paths: Sequence[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place, action = QPoint(200, 200), Qt.DropAction.CopyAction
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, action, data, button, modifier)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(place), action, data, button, modifier))


def squares(path: Path) -> Path:
    """Write pictures of three classes."""
    images = np.random.default_rng(0).integers(0, 256, (60, 28, 28), np.uint8)
    np.savez(path, images=images, labels=np.arange(60) % 3)
    return path


@pytest.fixture
def refused(window: MainWindow) -> list[str]:
    heard: list[str] = []
    window.workspace.refused.connect(heard.append)
    return heard


def test_what_a_path_is(tmp_path: Path) -> None:
    design = tmp_path / "mine.json"
    files.save(presets.load("lenet5"), design)
    run = begin(tmp_path / "runs" / "first", presets.load("lenet5"), Recipe()).path
    (tmp_path / "designs").mkdir()
    files.save(presets.load("lenet5"), tmp_path / "designs" / "one.json")
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    kinds = {
        design: "design",
        run: "run",
        tmp_path / "runs": "runs",
        tmp_path / "designs": "designs",
        tmp_path / "photos": "data",
        tmp_path / "empty": "data",
        tmp_path / "cats.ZIP": "data",
        tmp_path / "labels.csv": "data",
        tmp_path / "digits.npz": "data",
        tmp_path / "cat.JPG": "picture",
        tmp_path / "best.pt": "weights",
    }
    assert {path: kind_of(path) for path in kinds} == kinds


def test_dropped_data_become_those_of_the_design(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.workspace.open_preset("lenet5")
    window.show_dock("runs")
    drop(window, [squares(tmp_path / "squares.npz")])
    recipe = window.workspace.recipe
    assert recipe.data.source == str(tmp_path / "squares.npz")
    set_up = window.training.set_up
    assert set_up.isVisible()
    qtbot.waitUntil(lambda: set_up.data.reading is not None, timeout=SECONDS)
    assert "28×28 gray, 3 classes<br>0, 1, 2<br>" in set_up.data.facts.text()
    assert set_up.data.facts.toolTip().count("20") == 3


def test_other_data_forget_how_the_last_ones_were_read(window: MainWindow, tmp_path: Path) -> None:
    from designer.recipe.reading import changed

    window.workspace.open_preset("lenet5")
    before = {"data.file_column": "path", "data.skip": ("a.png",), "data.first_label": 1}
    window.workspace.set_recipe(changed(window.workspace.recipe, {**before, "epochs": 3}))
    drop(window, [squares(tmp_path / "squares.npz")])
    recipe = window.workspace.recipe
    assert (recipe.data.file_column, recipe.data.skip, recipe.data.first_label) == ("", (), 0)
    assert recipe.epochs == 3


def test_data_wait_for_a_design(window: MainWindow, tmp_path: Path) -> None:
    drop(window, [squares(tmp_path / "squares.npz")])
    notice = window.drops.notice
    assert (
        notice.isVisible() and "squares.npz is used as the data of the next" in notice.text.text()
    )
    window.workspace.open_preset("lenet5")
    assert window.workspace.recipe.data.source == str(tmp_path / "squares.npz")
    assert not notice.isVisible() and window.training.set_up.isVisible()
    window.workspace.open_preset("alexnet")
    assert window.workspace.recipe.data.source != str(tmp_path / "squares.npz")


def test_data_that_wait_can_be_forgotten(window: MainWindow, tmp_path: Path) -> None:
    drop(window, [squares(tmp_path / "squares.npz")])
    QTest.mouseClick(window.drops.notice.buttons[0], Qt.MouseButton.LeftButton)
    window.workspace.open_preset("lenet5")
    assert window.workspace.recipe.data.source == "mnist10k"


def test_a_dropped_run_is_shown(window: MainWindow, tmp_path: Path) -> None:
    run = begin(tmp_path / "first", presets.load("lenet5"), Recipe()).path
    drop(window, [run])
    assert window.workspace.design.name == "LeNet-5"
    assert window.trainer.shown is not None and window.trainer.shown.run.path == run


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a.csv", "b.npz"], "2 data sets were dropped (a.csv, b.npz), but a training takes one"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    window: MainWindow, refused: list[str], tmp_path: Path, names: list[str], words: str
) -> None:
    window.workspace.open_preset("lenet5")
    before = window.workspace.recipe
    for name in names:
        (tmp_path / name).write_bytes(b"")
    drop(window, [tmp_path / name for name in names])
    assert len(refused) == 1 and words in refused[0]
    assert window.workspace.recipe == before


def test_pictures_are_shown_to_the_network(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    window.workspace.open_preset("lenet5")
    before = window.workspace.recipe
    paths = [tmp_path / "cat.png", tmp_path / "dog.JPG"]
    for path in paths:
        path.write_bytes(b"")
    drop(window, paths)
    inspection = window.trainer.inspection
    qtbot.waitUntil(lambda: bool(inspection.pictures), timeout=SECONDS)
    assert [each.file for each in inspection.pictures] == [str(path) for path in paths]
    assert window.editor.try_it.isVisible()
    assert window.workspace.recipe == before


def test_pictures_need_a_network(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str] = []
    monkeypatch.setattr(window, "show_error", said.append)
    (tmp_path / "cat.png").write_bytes(b"")
    drop(window, [tmp_path / "cat.png"])
    assert said == [
        "cat.png is a picture: open a design or show a run first, which then says what it sees. "
        "Data are a folder or an archive that holds the pictures of all classes."
    ]
    assert window.trainer.inspection.pictures == ()


def test_a_design_and_its_data_dropped_together(window: MainWindow, tmp_path: Path) -> None:
    design, data = tmp_path / "mine.json", squares(tmp_path / "squares.npz")
    files.save(presets.load("lenet5"), design)
    drop(window, [data, design])
    assert window.workspace.document is not None and window.workspace.document.path == design
    assert window.workspace.recipe.data.source == str(data)


def test_a_pasted_path_is_used_as_if_it_were_dropped(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    data = squares(tmp_path / "squares of today.npz")
    window.workspace.open_preset("lenet5")
    QGuiApplication.clipboard().setText(f'"{data}"\n')
    qtbot.waitUntil(window.actions_["edit.paste"].isEnabled)
    window.actions_["edit.paste"].trigger()
    assert window.workspace.recipe.data.source == str(data)
    assert pasted_paths("no path") == [] and pasted_paths(str(tmp_path / "absent")) == []


# While files are dragged over the window


def drag(target: QWidget, paths: Sequence[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    button, modifier = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(20, 20), Qt.DropAction.CopyAction, data, button, modifier)
    QApplication.sendEvent(target, enter)


def test_while_files_are_dragged_it_says_what_dropping_does(
    window: MainWindow, tmp_path: Path
) -> None:
    overlay = window.drop_overlay
    digits, design = squares(tmp_path / "digits.npz"), tmp_path / "mine.json"
    files.save(presets.load("lenet5"), design)
    drag(window, [digits])
    assert overlay.isVisible() and overlay.size() == window.size()
    assert overlay.words == ("Drop to use digits.npz as the data of the next design that you open.")
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not overlay.isVisible()
    window.workspace.open_preset("lenet5")
    drag(window, [digits, design, tmp_path / "cat.png"])
    assert overlay.words.splitlines() == [
        "Drop to open the design mine.json.",
        "Drop to see what the network says of cat.png.",
        "Drop to use digits.npz as the data of LeNet-5.",
    ]
    drag(window, [tmp_path / "cat.png", tmp_path / "dog.png"])
    assert overlay.words == "Drop to see what the network says of 2 pictures."
    drop(window, [design])
    assert not overlay.isVisible()
    assert window.workspace.document.path == design


def test_it_stays_while_files_are_over_the_choice_of_data(
    window: MainWindow, tmp_path: Path
) -> None:
    window.workspace.open_preset("lenet5")
    window.show_dock("training")
    chooser = window.training.set_up.data
    drag(window, [squares(tmp_path / "digits.npz")])
    QApplication.sendEvent(window, QDragLeaveEvent())
    drag(chooser, [tmp_path / "digits.npz"])
    assert window.drop_overlay.isVisible()
    QApplication.sendEvent(chooser, QDragLeaveEvent())
    assert not window.drop_overlay.isVisible()


def test_the_welcome_page_says_that_files_can_be_dropped(window: MainWindow) -> None:
    words = window.welcome.findChild(QLabel, "welcome-drops")
    assert words.isVisible() and "your own pictures" in words.text()
