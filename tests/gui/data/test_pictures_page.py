"""The page of pictures, by mouse and keys: the grid, its filters, and one picture large."""

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QToolButton

from designer.gui.data import pictures_page
from designer.gui.data.pictures_page import lower_names
from designer.gui.data.thumbnails import REMEMBERED, Key
from tests.gui.data.conftest import LEFT, write_arrays, write_folders

WHOLE = {"data__validation": 0.0, "data__test": 0.0}


@pytest.fixture
def page(viewer, tmp_path):
    viewer.open(write_folders(tmp_path / "pets", {"cat": 30, "dog": 10}, size=(40, 20)))
    found = viewer.turn("pictures")
    viewer.wait(lambda: isinstance(found.thumbnails.get(found.grid.key_at(0)), QImage))
    return found


def press(widget, *keys):
    for key in keys:
        QTest.keyClick(widget, key)


def settled(viewer, page):
    viewer.wait(lambda: page.detail.detail is not None and page.detail.key == page.grid.key)


def value(page, name):
    return page.detail.values[name].text()


def test_a_click_shows_a_picture_with_all_that_is_known(viewer, page):
    grid = page.grid
    QTest.mouseClick(grid.viewport(), LEFT, pos=grid.rect_at(2).center())
    assert grid.current == 2
    settled(viewer, page)
    viewer.wait(lambda: value(page, "Size"))
    assert value(page, "File").startswith("cat/cat-")
    assert value(page, "Label") == "cat" and value(page, "Part") == "Training"
    assert value(page, "Size") == "20×40 pixels"
    assert value(page, "Stored as").startswith("PNG, RGB, ")
    assert page.detail.seen.title.text() == "As the network sees it: 32×32, cropped"
    seen = page.detail.detail.seen
    assert (seen.width(), seen.height(), seen.isGrayscale()) == (32, 32, True)
    QTest.mouseClick(viewer.child(QToolButton, "picture-copy"), LEFT)
    assert QApplication.clipboard().text() == value(page, "File")


def test_what_the_network_sees_follows_the_recipe(viewer, page):
    settled(viewer, page)
    before = page.detail.detail.seen
    viewer.open(viewer.workspace.recipe.data.source, data__fit="stretch")
    viewer.wait(lambda: page.detail.seen.title.text().endswith("stretched"))
    assert page.detail.detail.seen != before


def test_filters(viewer, page):
    found = viewer.child(QLabel, "picture-found")
    assert found.text() == "40 pictures"
    box = viewer.child(QComboBox, "picture-class")
    box.setFocus()
    QTest.keyClicks(box, "dog")
    assert found.text() == "10 pictures" and page.grid.caption(page.grid.key) == "dog"
    part = viewer.child(QComboBox, "picture-part")
    part.setFocus()
    QTest.keyClicks(part, "Test")
    assert found.text() == "1 picture" and page.grid.key.part == "test"
    press(part, Qt.Key.Key_Home)
    press(box, Qt.Key.Key_Home)
    QTest.keyClicks(viewer.child(QLineEdit, "picture-search"), "DOG-7")
    viewer.wait(lambda: found.text() == "1 picture")
    QTest.keyClicks(viewer.child(QLineEdit, "picture-search"), "7")
    viewer.wait(lambda: found.text() == "0 pictures")
    assert page.grid.key is None and value(page, "File") == ""


def test_keys_move_and_enter_enlarges(viewer, page):
    grid = page.grid
    grid.setFocus()
    press(grid, Qt.Key.Key_Right, Qt.Key.Key_Down)
    assert grid.current == 1 + grid.columns
    press(grid, Qt.Key.Key_End)
    assert grid.current == 39
    assert grid.viewport().rect().contains(grid.rect_at(39))
    press(grid, Qt.Key.Key_Home, Qt.Key.Key_Left)
    assert grid.current == 0
    press(grid, Qt.Key.Key_Return)
    assert not grid.isVisible() and page.detail.isVisible()
    press(page.detail, Qt.Key.Key_Right)
    assert grid.current == 1
    press(page.detail, Qt.Key.Key_Escape)
    assert grid.isVisible() and viewer.window.isVisible()
    press(grid, Qt.Key.Key_Escape)
    assert not viewer.window.isVisible()


def test_a_broken_picture_says_why(viewer, tmp_path):
    folder = write_folders(tmp_path / "pets", {"cat": 4, "dog": 4})
    (folder / "cat" / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    viewer.open(folder, **WHOLE)
    page = viewer.turn("pictures")
    broken = next(
        page.grid.key_at(position)
        for position in range(9)
        if page.grid.told(page.grid.key_at(position))[0] == "cat/a.jpg"
    )
    viewer.wait(lambda: isinstance(page.thumbnails.get(broken), str))
    page.grid.move_to(broken.index)
    settled(viewer, page)
    viewer.wait(lambda: value(page, "Size") == "unknown")
    assert "cannot be read" in page.detail.stored.words.text()


def test_only_what_is_in_sight_is_made_of_fifty_thousand(viewer, tmp_path):
    images = np.zeros((50_000, 3, 3, 1), np.uint8)
    np.savez(tmp_path / "many.npz", images=images, labels=np.arange(50_000) % 100)
    viewer.open(tmp_path / "many.npz", **WHOLE)
    page = viewer.turn("pictures")
    page.grid.setFocus()
    press(page.grid, Qt.Key.Key_End)
    last = page.grid.key_at(49_999)
    viewer.wait(lambda: page.thumbnails.get(last) is not None)
    assert len(page.thumbnails._made) < REMEMBERED
    assert page.thumbnails.get(Key("train", 25_000)) is None


def test_deep_grays_are_shown_by_the_range_of_the_data_set(viewer, tmp_path):
    for name, white in (("dark", 400), ("bright", 4000)):
        (tmp_path / "deep" / name).mkdir(parents=True)
        for number in range(4):
            values = np.zeros((8, 8), np.uint16)
            values[:4] = white + number
            Image.fromarray(values).save(tmp_path / "deep" / name / f"{number}.png")
    viewer.open(tmp_path / "deep", **WHOLE)
    page = viewer.turn("pictures")
    pixels = {}
    for position in range(8):
        key = page.grid.key_at(position)
        viewer.wait(lambda key=key: page.thumbnails.get(key) is not None)
        pixels.setdefault(page.grid.caption(key), page.thumbnails.get(key).pixelColor(2, 2).red())
    assert pixels["dark"] < 40 and pixels["bright"] > 240
    settled(viewer, page)
    viewer.wait(lambda: "PNG, I;16" in value(page, "Stored as"))


def test_arrays_have_numbers_for_names_and_labels_as_captions(viewer, tmp_path):
    labels = np.array([[1, 1, 0], [0, 0, 0]] * 10, np.float32)
    viewer.open(
        write_arrays(tmp_path / "scenes.npz", labels),
        loss__name="binary_cross_entropy",
        data__targets="labels",
        **WHOLE,
    )
    page = viewer.turn("pictures")
    assert not viewer.child(QLineEdit, "picture-search").isVisible()
    captions = {page.grid.caption(page.grid.key_at(position)) for position in range(20)}
    assert "no label" in captions and len(captions) == 2
    settled(viewer, page)
    viewer.wait(lambda: value(page, "Stored as") == "array of uint8, 3 channels")


def test_numbers_have_no_filter_of_classes(viewer, tmp_path):
    values = np.linspace(0, 1, 30, dtype=np.float32)[:, None]
    viewer.open(
        write_arrays(tmp_path / "ages.npz", values), loss__name="mean_squared_error", **WHOLE
    )
    page = viewer.turn("pictures")
    assert not viewer.child(QComboBox, "picture-class").isVisible()
    assert page.grid.caption(page.grid.key_at(0)) == "0"


def test_names_are_read_in_the_background_while_the_page_stays_usable(viewer, page, monkeypatch):
    """Another filter is chosen meanwhile, and the search then has both."""
    go_on, asked = threading.Event(), []

    def slow(contents):
        asked.append(contents)
        go_on.wait(20)
        return lower_names(contents)

    monkeypatch.setattr(pictures_page, "lower_names", slow)
    QTest.keyClicks(viewer.child(QLineEdit, "picture-search"), "-7")
    viewer.wait(lambda: page.found.text() == "Searching…")
    assert page.grid.key_at(39) is not None  # all are shown as before
    box = viewer.child(QComboBox, "picture-class")
    box.setFocus()
    QTest.keyClicks(box, "dog")
    assert page.found.text() == "Searching…" and len(asked) == 1
    go_on.set()
    viewer.wait(lambda: page.found.text() == "1 picture")
    assert value(page, "File") == "dog/dog-7.png"
    QTest.keyClicks(viewer.child(QLineEdit, "picture-search"), "7")
    viewer.wait(lambda: page.found.text() == "0 pictures")
    assert len(asked) == 1
