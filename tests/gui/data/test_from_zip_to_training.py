"""A user's own data by hand: from a zip dropped on the window to a run, then by command line."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QListWidget, QPushButton, QTabBar
from pytestqt.qtbot import QtBot

from designer.cli import main
from designer.gui.base.boxes import DoubleSpinBox
from designer.gui.shell.main_window import MainWindow
from designer.recipe.reading import read_recipe
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from tests.gui.hands import LEFT, NONE, Hands, activate

PATIENCE = 120_000  # milliseconds; a worker loads torch for long on a busy machine
CLASSES = {"cat": (170, 40), "dog": (40, 22), "owl": (8, 5)}  # training and test pictures
BROKEN = ("images/cat-3.png", "images/dog-1.png")

pytestmark = pytest.mark.slow


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """A zip with pictures of three classes, a table beside them, and two damaged pictures."""
    generator = np.random.default_rng(0)
    rows = [("file", "animal", "weather", "split")]
    path = tmp_path / "animals.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, (train, test)) in enumerate(CLASSES.items()):
            for each in range(train + test):
                file = f"{name}-{each}.png"
                part = "train" if each < train else "test"
                rows.append((file, name, ("rain", "sun")[each % 2], part))
                pixels = generator.integers(0, 60, (20, 24)).astype(np.uint8)
                pixels[5 * number : 5 * number + 6] += 150
                content = io.BytesIO()
                Image.fromarray(pixels).save(content, "png")
                whole = content.getvalue()
                damaged = f"images/{file}" in BROKEN
                archive.writestr(f"images/{file}", whole[:60] if damaged else whole)
        table = io.StringIO()
        csv.writer(table).writerows(rows)
        archive.writestr("labels.csv", table.getvalue())
    return path


@pytest.fixture
def hands(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Hands:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    window.resize(1600, 1200)
    return Hands(window, qtbot)


def press(hands: Hands, text: str) -> None:
    """Press a button with this text as soon as one is seen that can be pressed."""

    def seen() -> list[QPushButton]:
        return [
            button
            for window in QApplication.topLevelWidgets()
            for button in window.findChildren(QPushButton)
            if button.text().startswith(text) and button.isVisible() and button.isEnabled()
        ]

    hands.qtbot.waitUntil(lambda: bool(seen()), timeout=PATIENCE)
    hands.click(seen()[0])


def drop(window: MainWindow, path: Path) -> None:
    """Drag a file over the canvas and let it fall: the events of the system's drag."""
    target = window.canvas.view.viewport()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    point, action = QPoint(60, 60), Qt.DropAction.CopyAction
    for kind in (QDragEnterEvent, QDragMoveEvent):
        QApplication.sendEvent(target, kind(point, action, data, LEFT, NONE))
    event = QDropEvent(QPointF(point), action, data, LEFT, NONE)
    QApplication.sendEvent(target, event)
    if not event.isAccepted():  # Qt itself passes it on to the window, which took the drag
        QApplication.sendEvent(window, QDragEnterEvent(point, action, data, LEFT, NONE))
        QApplication.sendEvent(window, QDropEvent(QPointF(point), action, data, LEFT, NONE))


def choose_columns(hands: Hands) -> None:
    """Check that the animals are the labels, in the dialog that has opened by itself."""
    names = hands.find(QListWidget, "columns-labels")
    hands.qtbot.waitUntil(lambda: names.count() == 4, timeout=PATIENCE)
    for row in range(names.count()):
        item = names.item(row)
        checked = item.checkState() == Qt.CheckState.Checked
        if checked != item.text().startswith("animal"):
            rect = names.visualItemRect(item)
            hands.click(names.viewport(), QPoint(rect.left() + 10, rect.center().y()))
    assert hands.find(QComboBox, "columns-file").currentText() == "file"
    assert hands.find(QComboBox, "columns-part").currentText() == "split"
    press(hands, "OK")


def fill(hands: Hands, name: str, text: str) -> None:
    """Type into a field of the recipe's form."""
    field = hands.find(QLineEdit, name)
    hands.click(field)
    hands.keys("Ctrl+A")
    hands.type(text)


def losses(run: RunFolder) -> list[tuple[int, float]]:
    """Return the loss of each step and of the end of each epoch."""
    return [
        (event["step"], event["loss"] if "loss" in event else event["validation"]["loss"])
        for event in read_events(run.events)
        if event["event"] in ("step", "epoch")
    ]


def test_from_a_dropped_zip_to_a_run_and_the_same_run_from_its_recipe(
    window: MainWindow, hands: Hands, qtbot: QtBot, animals: Path, tmp_path: Path
) -> None:
    window.documents.open_demo()
    hands.settle()
    drop(window, animals)
    qtbot.waitUntil(
        lambda: any(each.objectName() == "columns" for each in QApplication.topLevelWidgets()),
        timeout=PATIENCE,
    )
    choose_columns(hands)

    viewer = window.show_data()
    qtbot.waitUntil(lambda: viewer.model.contents is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: viewer.model.contents.target.values == tuple(CLASSES), timeout=PATIENCE)
    table = viewer.show_page("classes").table.classes
    assert table.rowCount() == 3
    counts = {
        name: sum(part[n] for part in viewer.model.contents.counts.values())
        for n, name in enumerate(CLASSES)
    }
    assert counts == {name: sum(each) for name, each in CLASSES.items()}

    press(hands, "Skip these 2 pictures")
    qtbot.waitUntil(lambda: len(window.workspace.recipe.data.skip) == 2, timeout=PATIENCE)
    press(hands, "Set the design to 3 classes")
    press(hands, "Weigh rare ones more in the loss")
    qtbot.waitUntil(
        lambda: window.workspace.recipe.loss.class_weights == "balanced", timeout=PATIENCE
    )

    tabs = hands.find(QTabBar, "data-tabs")
    number = [tabs.tabText(n) for n in range(tabs.count())].index("Augmentation")
    hands.click(tabs, tabs.tabRect(number).center())
    rotation = hands.find(DoubleSpinBox, "augmentation-rotation")
    rotation.setFocus()
    rotation.selectAll()
    hands.type("12")
    hands.keys("Return")
    grid = viewer.pages["augmentation"].grid
    qtbot.waitUntil(lambda: len(grid.rows) > 1, timeout=PATIENCE)
    plain, *draws = (each.bits().tobytes() for each in grid.rows[0].pictures)
    assert len(set(draws)) == len(draws) and plain not in draws  # each is another one
    press(hands, "Draw again")
    qtbot.waitUntil(
        lambda: grid.rows[0].pictures[1].bits().tobytes() not in (plain, *draws), timeout=PATIENCE
    )
    hands.keys("Escape", viewer)
    assert not viewer.isVisible()
    activate(window)

    fill(hands, "recipe-epochs", "2")
    fill(hands, "recipe-batch", "16")
    start = hands.find(QPushButton, "training-start")
    qtbot.waitUntil(start.isEnabled, timeout=PATIENCE)
    hands.click(start)
    qtbot.waitUntil(
        lambda: window.trainer.shown is not None and window.trainer.shown.state == "finished",
        timeout=PATIENCE,
    )
    run = window.trainer.shown.run
    recipe = run.recipe()
    assert recipe.data.source == str(animals)
    assert recipe.data.file_column == "file" and recipe.data.label_columns == ("animal",)
    assert recipe.data.part_column == "split" and recipe.data.targets == "classes"
    assert set(recipe.data.skip) == set(BROKEN)
    assert recipe.loss.class_weights == "balanced"
    assert recipe.augmentation.rotation == 12.0
    assert (recipe.epochs, recipe.batch) == (2, 16)
    assert read_recipe(run.recipe_file) == recipe

    again = tmp_path / "again"
    arguments = ["train", str(run.design), "--recipe", str(run.recipe_file), "--run", str(again)]
    assert main(arguments) == 0
    assert losses(RunFolder(again)) == losses(run)
    # The window would ask whether to save the changed design.
    document = window.workspace.document
    document.saved, document.saved_recipe = document.design, document.recipe
