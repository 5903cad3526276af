"""The pages of sizes and of files left out: what a look at the pictures finds."""

import shutil
import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from designer.gui.data import looking
from tests.gui.data.conftest import LEFT, write_arrays, write_folders


def looked(viewer):
    viewer.settled()
    viewer.wait(lambda: viewer.window.model.look is not None)


@pytest.fixture
def pets(tmp_path):
    folder = write_folders(tmp_path / "pets", {"cat": 30, "dog": 30}, size=(40, 24))
    (folder / "cat" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    return folder


def test_broken_pictures_are_listed_and_skipped_by_a_button(viewer, pets):
    viewer.open(pets)
    looked(viewer)
    page = viewer.turn("left-out")
    assert ("cat/torn.jpg", "broken") in [entry[:2] for entry in page.entries.entries]
    tabs = viewer.window.tabs
    assert tabs.tabText(tabs.currentIndex()) == "Left out (1)"
    (button,) = page.buttons
    assert button.text() == "Skip this picture"
    QTest.mouseClick(button, LEFT)
    assert viewer.workspace.recipe.data.skip == ("cat/torn.jpg",)
    looked(viewer)
    viewer.wait(lambda: [entry.state for entry in page.entries.entries] == ["skipped"])
    assert not page.buttons


def test_a_mended_picture_is_taken_off_the_list(viewer, pets):
    viewer.open(pets, data__skip=("cat/torn.jpg",))
    looked(viewer)
    page = viewer.turn("left-out")
    assert not page.buttons
    source = write_folders(pets.parent / "new", {"one": 1}, size=(30, 30))
    shutil.copy(source / "one" / "one-0.png", pets / "cat" / "torn.jpg")
    QTest.mouseClick(viewer.window.header.again, LEFT)
    looked(viewer)
    (button,) = page.buttons
    assert button.text() == "Take it off the list"
    QTest.mouseClick(button, LEFT)
    assert viewer.workspace.recipe.data.skip == ()


def test_a_picture_in_two_parts_is_shown_twice(viewer, tmp_path):
    for part in ("train", "test"):
        write_folders(tmp_path / "pets" / part, {"cat": 8, "dog": 8})
        for kind in ("cat", "dog"):
            for number, file in enumerate(sorted((tmp_path / "pets" / part / kind).iterdir())):
                if part == "test" and number:
                    content = bytearray(file.read_bytes())
                    content += bytes([number])  # which makes it another file
                    file.write_bytes(content)
    viewer.open(tmp_path / "pets", data__validation=0.0)
    looked(viewer)
    page = viewer.turn("left-out")
    copies = page.copies
    assert "2 pictures are in more than one part" in viewer.child(QLabel, "copies-words").text()
    viewer.wait(lambda: all(a.picture for areas in copies._areas.values() for a in areas))
    assert len(copies._areas) == 4
    (button,) = copies.buttons
    QTest.mouseClick(button, LEFT)
    assert len(viewer.workspace.recipe.data.skip) == 2
    looked(viewer)
    viewer.wait(lambda: viewer.child(QLabel, "copies-words").text().startswith("No picture"))


def test_sizes_are_counted_beside_the_networks(viewer, pets):
    viewer.open(pets)
    looked(viewer)
    page = viewer.turn("sizes")
    words = viewer.child(QLabel, "sizes-words").text()
    assert words == (
        "60 pictures, 24 pixels high and 40 pixels wide: 60 color. The network takes 32×32; all "
        "are smaller in height or width, and are enlarged."
    )
    assert page.heights.counts.tolist() == [60]
    assert page.heights.marks[0].value == 32
    assert page.both.pairs.tolist() == [[40, 24]]
    QTest.mouseMove(page.both, page.both.point_of(40, 24).toPoint())


def test_nothing_is_left_out_of_arrays(viewer, tmp_path):
    viewer.open(write_arrays(tmp_path / "rows.npz", np.arange(40) % 2))
    looked(viewer)
    viewer.turn("left-out")
    assert viewer.child(QLabel, "left-out-none").text() == "Every file is used."


def test_a_sample_is_said_and_all_are_looked_at_by_a_button(viewer, pets, monkeypatch):
    monkeypatch.setattr(looking, "SAMPLE", 10)
    viewer.open(pets)
    looked(viewer)
    viewer.turn("sizes")
    words = viewer.window.pages["sizes"].bar.words
    assert words.text() == "10 of 61 pictures were looked at."
    button = viewer.window.pages["sizes"].findChild(QPushButton, "look-more")
    assert button.text() == "Look at all 61"
    QTest.mouseClick(button, LEFT)
    viewer.wait(lambda: viewer.window.model.look.inspection.complete)
    assert not button.isVisible()


def test_the_look_is_canceled(viewer, pets, monkeypatch):
    begun = threading.Event()
    real = looking.inspect

    def slow(data, *, canceled, progress, **given):
        progress(1, 61)
        begun.set()
        while not canceled():
            threading.Event().wait(0.01)
        return real(data, canceled=canceled, progress=progress, **given)

    monkeypatch.setattr(looking, "inspect", slow)
    viewer.open(pets)
    page = viewer.turn("sizes")
    viewer.wait(begun.is_set)
    viewer.wait(lambda: page.bar.words.text() == "Looking at the pictures: 1 of 61…")
    QTest.mouseClick(page.bar.cancel, LEFT)
    assert viewer.window.model.look_error == "The look at the pictures was canceled."
    monkeypatch.setattr(looking, "inspect", real)
    QTest.mouseClick(page.bar.more, LEFT)
    looked(viewer)


def test_a_long_reason_is_broken_into_lines_in_a_narrow_window(viewer, pets):
    viewer.open(pets)
    viewer.window.resize(600, 500)
    looked(viewer)
    page = viewer.turn("left-out")
    (entry,) = page.entries.entries
    viewer.wait(lambda: page.table.rowHeight(0) > page.table.verticalHeader().defaultSectionSize())
    index = page.entries.index(0, 2)
    metrics = page.table.fontMetrics()
    place = page.table.visualRect(index)
    needed = metrics.boundingRect(place, Qt.TextFlag.TextWordWrap, entry.reason).height()
    assert needed <= place.height()
    assert place.right() <= page.table.viewport().width()
    assert entry.reason in page.entries.data(index, Qt.ItemDataRole.ToolTipRole)
