"""What users are told of a data set: on a line each, unfolded by a button."""

import shutil

import pytest
from PySide6.QtTest import QTest

from tests.gui.data.conftest import LEFT, write_folders


@pytest.fixture
def findings(viewer, tmp_path):
    """The warnings of an unbalanced set with copies and a broken picture, in a window of 720."""
    folder = write_folders(tmp_path / "pets", {"cat": 60, "dog": 60, "owl": 3}, size=(40, 24))
    for number in range(30):
        shutil.copy(folder / "cat" / f"cat-{number}.png", folder / "cat" / f"copy-{number}.png")
    (folder / "cat" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    viewer.open(folder)
    viewer.window.resize(1280, 720)
    viewer.wait(lambda: viewer.window.model.look is not None)
    viewer.qtbot.wait(1)
    return viewer.window.header.findings


def row_of(findings, code):
    (row,) = (row for row in findings.rows if row.finding.code == code)
    return row


def test_three_warnings_take_a_line_each(viewer, findings):
    codes = [row.finding.code for row in findings.rows]
    assert {"broken-pictures", "leak"} <= set(codes) and len(codes) >= 3
    assert not any(row.sentence.wordWrap() for row in findings.rows)
    assert findings.height() < viewer.window.height() / 5  # buttons and frames included
    assert findings.verticalScrollBar().maximum() == 0


def test_a_sentence_that_does_not_fit_is_unfolded_by_a_button(viewer, findings):
    leak = row_of(findings, "leak")
    before = leak.height()
    assert leak.more.isVisible()
    assert leak.sentence.shown_text().endswith("…")
    assert leak.finding.sentence[:20] in leak.sentence.toolTip()
    QTest.mouseClick(leak.more, LEFT)
    viewer.wait(lambda: leak.height() > before)
    assert leak.sentence.heightForWidth(leak.sentence.width()) <= leak.sentence.height()
    viewer.window.header.notes.toggle()  # others come, and it stays unfolded
    leak = row_of(findings, "leak")
    viewer.wait(lambda: leak.height() > before)
    whole = leak.height()
    QTest.mouseClick(leak.more, LEFT)
    viewer.wait(lambda: leak.height() < whole)


def test_a_sentence_that_fits_has_no_button(viewer, findings):
    broken = row_of(findings, "broken-pictures")
    assert broken.sentence.shown_text() == broken.sentence.text()
    assert not broken.more.isVisible()


def test_folds_are_shown_and_rare_classes_said(viewer, tmp_path):
    write_folders(tmp_path / "pets" / "train", {"cat": 30, "owl": 2})
    write_folders(tmp_path / "pets" / "val", {"cat": 7, "owl": 1})
    folds = {"data__resampling": "folds", "data__folds": 4, "data__test": 0.0}
    viewer.open(tmp_path / "pets", **folds)
    contents = viewer.window.model.contents
    # 40 pictures, of which the folder val has 8, make 4 folds of 10.
    assert {name: len(part) for name, part in contents.parts.items()} == {
        "train": 30,
        "validation": 10,
    }
    viewer.window.header.notes.setChecked(True)
    shown = row_of(viewer.window.header.findings, "rare-for-folds").finding.sentence
    assert shown.startswith("The class owl has fewer images (3) than there are folds")
