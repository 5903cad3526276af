"""The docks with runs that take no pictures, or give them again: rows, arrays, texts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QPushButton, QWidget

from designer.design import files
from designer.design.values import Design, LayerNode
from designer.engine.training import train
from designer.gui.base.boxes import ComboBox
from designer.gui.inside.try_panel import TryPanel
from designer.gui.shell.docks import DOCKS
from designer.gui.shell.main_window import MainWindow
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin
from tests.engine import test_text as texts
from tests.engine.samples import chain
from tests.engine.test_other_inputs import (
    AUTOENCODER,
    mlp,
    recipe_of,
    siamese,
    write_pairs,
    write_stripes,
)
from tests.gui.hands import LEFT, wait, wait_until
from tests.gui.inside.conftest import drop
from tests.test_cli_values import write_table

SECONDS = 60


def sequences() -> Design:
    lstm = LayerNode("LSTM", {"hidden_size": 8})
    layers = {"lstm": lstm, "flat": LayerNode("Flatten")}
    return chain("Sequences", (6, 5), **layers, fc=LayerNode("Linear", {"out_features": 2}))


def write_sequences(path: Path) -> Path:
    generator = np.random.default_rng(0)
    labels = np.arange(80) % 2
    values = generator.normal(size=(80, 6, 5)) + labels[:, None, None]
    np.savez(path, rows=values.astype(np.float32), label=labels)
    return path


def write_text(path: Path) -> Path:
    path.write_text(texts.TEXT)
    return path


Case = tuple[Design, Callable[[Path], Path], str, Callable[[Path], Recipe]]

CASES: dict[str, Case] = {
    "rows": (mlp(4, 2), write_table, "t.csv", lambda data: recipe_of(data, epochs=2, statistics=5)),
    "sequences": (
        sequences(),
        write_sequences,
        "s.npz",
        lambda data: recipe_of(data, epochs=1, statistics=5),
    ),
    "pairs": (
        siamese(),
        lambda path: write_pairs(path, count=60),
        "pairs.npz",
        lambda data: recipe_of(data, epochs=1, statistics=2, loss__name="binary_cross_entropy"),
    ),
    "autoencoder": (
        AUTOENCODER,
        write_stripes,
        "stripes.npz",
        lambda data: recipe_of(
            data,
            epochs=1,
            statistics=5,
            loss__name="mean_squared_error",
            data__targets="input",
        ),
    ),
    "text": (
        texts.reader(),
        write_text,
        "letters.txt",
        lambda data: texts.recipe_of(data, epochs=1, statistics=5),
    ),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("other")
    found = {}
    for name, (design, write, file, recipe) in CASES.items():
        run = begin(folder / name, design, recipe(write(folder / file)))
        assert train(run).status == "finished"
        found[name] = run.path
    return found


@pytest.fixture
def look_into(window: MainWindow, runs: dict[str, Path]) -> Callable[[str], TryPanel]:
    """Return a function that opens a run's design, shows the run and opens the Try it dock."""

    def show(name: str) -> TryPanel:
        window.workspace.add(files.read(runs[name] / "design.json"))
        window.show_training(runs[name])
        wait_until(lambda: window.trainer.shown is not None and window.trainer.shown.looked)
        window.show_dock("try")
        settle(window)
        return window.editor.try_it

    return show


def settle(window: MainWindow) -> None:
    """Wait until all that was asked is answered and shown."""
    wait(30)
    wait_until(lambda: not window.trainer.inspection.busy, SECONDS)
    wait(20)


def said(widget: QWidget) -> str:
    """Return all that a widget says in words."""
    labels = [each.text() for each in widget.findChildren(QLabel) if each.isVisible()]
    fields = [each.toPlainText() for each in widget.findChildren(QPlainTextEdit)]
    return "\n".join(filter(None, (*labels, *fields)))


def buttons(widget: QWidget) -> list[QPushButton]:
    return [each for each in widget.findChildren(QPushButton) if each.isVisible()]


def test_rows_are_typed_and_dropped(look_into: Callable[[str], TryPanel], tmp_path: Path) -> None:
    panel = look_into("rows")
    page = panel.values
    assert page.isVisible()
    size, kind = page.fields
    assert isinstance(size, QLineEdit) and isinstance(kind, ComboBox)
    assert float(size.text()) == pytest.approx(25, abs=4)  # the mean of the training part
    assert [kind.itemText(row) for row in range(kind.count())] == ["p", "q", "r"]
    wait_until(lambda: len(page.bars.predictions) == 2, SECONDS)
    before = page.bars.predictions

    size.setFocus()
    size.selectAll()
    QTest.keyClicks(size, "48")
    wait_until(lambda: page.bars.predictions not in (before, ()), SECONDS)
    middle = page.bars.predictions
    kind.setFocus()
    QTest.keyClick(kind, Qt.Key.Key_Down)
    wait_until(lambda: page.bars.predictions not in (middle, ()), SECONDS)

    size.setFocus()
    QTest.keyClicks(size, "x")
    wait_until(page.words.isVisible, SECONDS)
    assert page.words.text() == 'size is "48x", where the network takes a number.'
    QTest.keyClick(size, Qt.Key.Key_Backspace)
    wait_until(page.bars.isVisible, SECONDS)

    # A table is dropped, and each of its rows is predicted from.
    table = tmp_path / "new.csv"
    table.write_text("size,kind\n1,p\n40,q\nx,r\n")
    drop(panel, table)
    results = panel.table.results
    wait_until(lambda: len(results.found) == 3, SECONDS)
    assert results.text(1, 0) == "Row 2 of new.csv"
    assert results.text(0, 1) in "xy" and results.text(2, 1) == "cannot be read"
    assert "size is" in results.error(2)
    assert results.headerData(0, Qt.Orientation.Horizontal) == "Row"
    assert panel.more.isVisible() and not panel.add.isVisible()
    header, first, *_ = results.as_csv([0, 1, 2]).splitlines()
    assert header == "file,row,class,probability,error" and first.startswith(f"{table},1,")

    QTest.mouseClick(panel.type, LEFT)
    wait_until(panel.values.isVisible, SECONDS)
    assert not panel.type.isVisible()

    # A table of other columns is refused in a sentence.
    sentences: list[str] = []
    panel.workspace.refused.connect(sentences.append)
    table = tmp_path / "other.csv"
    table.write_text("width,kind\n1,p\n2,q\n")
    drop(panel, table)
    wait_until(lambda: bool(sentences), SECONDS)
    assert "has no column size, which the network was trained with" in sentences[0]
    assert panel.values.isVisible()


def choose_examples(panel: TryPanel) -> None:
    """Choose examples of arrays by their number."""
    page = panel.values
    assert page.isVisible() and not page.columns
    wait_until(lambda: bool(page.bars.predictions), SECONDS)
    before = page.bars.predictions
    page.number.setFocus()
    page.number.selectAll()
    QTest.keyClicks(page.number, "2")
    wait_until(lambda: page.bars.predictions not in (before, ()), SECONDS)
    page.number.selectAll()
    QTest.keyClicks(page.number, "9999")
    wait_until(page.words.isVisible, SECONDS)
    assert "has no example 9999 of the validation part" in page.words.text()
    page.number.selectAll()
    QTest.keyClicks(page.number, "1")
    wait_until(lambda: page.bars.predictions == before, SECONDS)


def drop_a_picture(panel: TryPanel, folder: Path) -> None:
    """Drop a picture, which an autoencoder gives again beside it."""
    picture = folder / "stripe.png"
    pixels = np.zeros((8, 8), np.uint8)
    pixels[3] = 220
    Image.fromarray(pixels).save(picture)
    drop(panel, picture)
    answer = panel.answer
    wait_until(answer.given.isVisible, SECONDS)
    assert answer.seen.isVisible() and not answer.original.isVisible()
    seen, given = answer.seen.area.picture, answer.given.area.picture
    assert seen is not None and given is not None and seen.size() == given.size()
    (error,) = answer.bars.predictions
    assert error["name"] == "squared error" and error["value"] > 0


def test_a_design_that_was_not_trained_says_that_its_run_predicts(
    window: MainWindow,
) -> None:
    window.workspace.add(mlp(4, 2))
    window.show_dock("try")
    settle(window)
    panel = window.editor.try_it
    assert panel.empty.isVisible() and not panel.draw.isVisible()
    assert "This design takes no picture. Train it on a table" in panel.invitation.text()


MAPS = {
    "rows": ("fc1", "24 values", "takes image (4), no picture"),
    "sequences": ("lstm", "a matrix of 6 rows and 8 columns", "takes image (6×5), no picture"),
    "pairs": ("fc1", "32 values", "takes left (1×6×6) and right (1×6×6), no picture"),
    "autoencoder": ("code", "12 values", "gives the whole picture again"),
    "text": ("gru", "a matrix of 8 rows and 16 columns", "takes image (8), no picture"),
}
"""A node of each network, what the Maps dock says of its values, and why nothing is explained."""


@pytest.mark.parametrize("name", list(CASES))
def test_every_dock_works_or_says_why_not(
    window: MainWindow, look_into: Callable[[str], TryPanel], name: str, tmp_path: Path
) -> None:
    panel = look_into(name)
    if name in ("sequences", "pairs"):
        choose_examples(panel)
    if name == "autoencoder":
        drop_a_picture(panel, tmp_path)
    window.trainer.inspection.show(())
    for dock in DOCKS:
        window.show_dock(dock.key)
        settle(window)
        shown = window.editor.docks[dock.key]
        wait_until(lambda dock=dock, shown=shown: dock.key == "palette" or bool(said(shown)))
        words = said(shown)
        assert "Traceback" not in words and "Error" not in words, (dock.key, words)
    node, values, why = MAPS[name]
    window.show_dock("maps")
    window.workspace.select([node])
    settle(window)
    view = window.editor.docks["maps"].widget().view
    assert view is not None
    if not window.trainer.inspection.pictures:
        has_pictures = name == "autoencoder"
        assert ("Choose a picture that the network is shown" in said(view)) == has_pictures
        take = next(each for each in buttons(view) if each.text() == "Take an example")
        QTest.mouseClick(take, LEFT)
        settle(window)
    QTest.mouseClick(view.segments.buttons["channels"], LEFT)
    settle(window)
    assert values in said(view)
    QTest.mouseClick(view.segments.buttons["filters"], LEFT)
    settle(window)
    assert view.stack.currentWidget() is view.pages["filters"], said(view)
    QTest.mouseClick(view.segments.buttons["why"], LEFT)
    settle(window)
    assert why in said(view) and "Explanations color the parts of a picture" in said(view)
