"""The dialog on the columns of a table, by mouse and keys."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidget
from pytestqt.qtbot import QtBot

from designer.gui.data.columns_dialog import ColumnsDialog
from designer.gui.documents.workspace import Workspace
from designer.recipe.reading import changed

SECONDS = 20_000  # milliseconds until a test gives up waiting
LEFT = Qt.MouseButton.LeftButton


def write_table(folder: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write a table, and a picture for each cell of its column ``file``."""
    (folder / "images").mkdir(parents=True)
    generator = np.random.default_rng(0)
    place = names.index("file")
    for row in rows:
        noise = generator.integers(0, 255, (12, 10, 3)).astype(np.uint8)
        Image.fromarray(noise).save(folder / "images" / str(row[place]))
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return folder


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """A table with two columns that may be the labels, and one of parts."""
    kinds, places = ("cat", "dog", "owl"), ("wood", "town")
    rows = [
        (f"p{n}.png", kinds[n % 3], places[n % 2], "test" if n % 5 == 0 else "train")
        for n in range(60)
    ]
    return write_table(tmp_path / "animals", ("file", "kind", "place", "split"), rows)


@pytest.fixture
def dialog(qtbot: QtBot, workspace: Workspace, animals: Path) -> ColumnsDialog:
    workspace.open_preset("lenet5")
    workspace.set_recipe(changed(workspace.recipe, {"data.source": str(animals)}))
    dialog = ColumnsDialog(workspace)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    qtbot.waitUntil(dialog.ok.isEnabled, timeout=SECONDS)
    return dialog


def check(dialog: ColumnsDialog, name: str) -> None:
    """Click the box before a column in the list of labels."""
    names: QListWidget = dialog.labels
    item = next(
        names.item(row)
        for row in range(names.count())
        if names.item(row).data(Qt.ItemDataRole.UserRole) == name
    )
    names.scrollToItem(item)
    rect = names.visualItemRect(item)
    QTest.mouseClick(names.viewport(), LEFT, pos=QPoint(rect.left() + 10, rect.center().y()))


def head(dialog: ColumnsDialog, column: int) -> str:
    return dialog.table.horizontalHeaderItem(column).text()


def test_what_was_found_is_chosen_first(dialog: ColumnsDialog) -> None:
    assert dialog.about.text() == "labels.csv: 60 rows, the first of which are shown below."
    assert dialog.file.currentText() == "file" and dialog.part.currentText() == "split"
    assert dialog.targets.currentText() == "One class"
    assert head(dialog, 0) == "file\nfiles" and head(dialog, 3) == "split\nparts"
    assert dialog.table.rowCount() == 20 and dialog.table.item(1, 1).text() == "dog"


def test_choices_say_at_once_what_results_and_ok_takes_them(
    dialog: ColumnsDialog, qtbot: QtBot, workspace: Workspace
) -> None:
    for name in ("kind", "place"):  # until only the place is checked
        labels = dialog.settings()["data.label_columns"]
        if (name in labels) != (name == "place"):
            check(dialog, name)
    qtbot.waitUntil(lambda: "2 classes (town, wood)" in dialog.outcome.text(), timeout=SECONDS)
    assert "48 training and 12 test pictures." in dialog.outcome.text()
    assert head(dialog, 2) == "place\nlabels"
    qtbot.waitUntil(dialog.ok.isEnabled, timeout=SECONDS)
    QTest.mouseClick(dialog.ok, LEFT)
    data = workspace.recipe.data
    assert data.label_columns == ("place",) and data.file_column == "file"
    assert data.part_column == "split" and data.targets == "classes"


def test_no_label_is_refused_and_cancel_changes_nothing(
    dialog: ColumnsDialog, qtbot: QtBot, workspace: Workspace
) -> None:
    before = workspace.recipe
    for name in dialog.settings()["data.label_columns"]:
        check(dialog, name)
    qtbot.waitUntil(lambda: "Check at least one column" in dialog.outcome.text(), timeout=SECONDS)
    assert not dialog.ok.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert workspace.recipe == before


def test_a_choice_that_cannot_be_read_is_reported(dialog: ColumnsDialog, qtbot: QtBot) -> None:
    dialog.file.setFocus()
    QTest.keyClicks(dialog.file, "kind")
    QTest.keyClick(dialog.file, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.outcome.property("role") == "error", timeout=SECONDS)
    assert not dialog.ok.isEnabled() and dialog.outcome.text().endswith(".")


def test_a_data_set_without_a_table_says_so(
    qtbot: QtBot, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.open_preset("lenet5")
    dialog = ColumnsDialog(workspace)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: "holds no table" in dialog.outcome.text(), timeout=SECONDS)
    assert not dialog.ok.isEnabled()
