"""Data sets without pictures in the Data window: tables and named arrays."""

import numpy as np
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTableWidget


def write_table(path):
    rows = [f"{i / 4},{'pqr'[i % 3]},{'xy'[i % 2]}" for i in range(40)]
    path.write_text("\n".join(["size,kind,label", *rows]))
    return path


def visible_tabs(window):
    tabs = window.tabs
    return [row.key for number, row in enumerate(window.rows) if tabs.isTabVisible(number)]


def cells(table):
    return [
        [table.item(row, column).text() for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]


def test_a_table_shows_its_columns_and_first_examples(viewer, tmp_path):
    viewer.open(write_table(tmp_path / "t.csv"))
    assert not viewer.window.model.error
    assert visible_tabs(viewer.window) == ["classes", "values", "left-out"]
    page = viewer.turn("values")
    columns, examples = page.findChildren(QTableWidget)
    assert cells(columns)[0] == ["size", "0", "4.875", "9.75", ""]
    assert cells(columns)[1][-1] == "p (14), q (13), r (13)"
    titles = [examples.horizontalHeaderItem(i).text() for i in range(examples.columnCount())]
    assert titles == ["size", "kind = p", "kind = q", "kind = r", "Class"]
    assert len(cells(examples)) == 32  # of the training part, 4 are for each of the others
    part = viewer.window.model.contents.parts["train"]
    assert cells(examples)[3][0] == f"{part.inputs['features'].read([3])[0, 0]:.6g}"
    assert "40 examples: 32 training" in viewer.window.header.facts.text()


def test_arrays_show_shapes_and_ranges(viewer, tmp_path):
    bytes_ = np.arange(20 * 12, dtype=np.uint8).reshape(20, 1, 3, 4)
    np.savez(tmp_path / "t.npz", left=bytes_, right=bytes_, same=np.arange(20) % 2)
    viewer.open(tmp_path / "t.npz")
    page = viewer.turn("values")
    said = [each.text() for each in page.findChildren(QLabel)]
    assert said[0] == "left: 1×3×4 values of type uint8, from 0 to 239, mean 119.5"
    assert said[1].startswith("right: 1×3×4")


def test_pictures_have_their_pages_again(viewer, tmp_path):
    viewer.open(write_table(tmp_path / "t.csv"))
    viewer.turn("values")
    viewer.open("mnist10k")
    assert "values" not in visible_tabs(viewer.window)
    assert "pictures" in visible_tabs(viewer.window)
    assert viewer.window.rows[viewer.window.tabs.currentIndex()].key == "classes"


def test_examples_that_are_their_own_targets(viewer, tmp_path):
    viewer.open(write_table(tmp_path / "t.csv"), data__targets="input")
    page = viewer.turn("classes")
    assert page.currentWidget() is page.own
    viewer.turn("values")
    assert "each is its own target" in viewer.window.header.facts.text()


def test_a_text_shows_how_it_begins(viewer, tmp_path):
    (tmp_path / "t.txt").write_text("to be or not to be, that is the question\n" * 200)
    viewer.open(tmp_path / "t.txt")
    assert not viewer.window.model.error
    page = viewer.turn("values")
    (shown,) = page.findChildren(QPlainTextEdit)
    assert shown.toPlainText().startswith("to be or not to be")
    viewer.turn("classes")
    viewer.qtbot.wait(1)
    assert "tokens" in viewer.window.header.facts.text()
