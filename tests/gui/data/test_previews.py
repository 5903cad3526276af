"""The pages on fitting and on augmentation, by mouse and keys."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QPushButton, QRadioButton

from designer.design import edits
from designer.gui.base.boxes import DoubleSpinBox
from designer.gui.data.augmentation_controls import Bounds
from designer.recipe.augmentations import Augmentation
from tests.gui.data.conftest import LEFT, Viewer, write_arrays, write_folders

NOTHING: dict[str, object] = {}  # of augmentation


class Drawer:
    """Answers requests as the worker does, when it is told to, with pictures of one gray each."""

    def __init__(self) -> None:
        self.waiting: list = []

    def __call__(self, request, done) -> None:
        self.waiting.append((request, done))

    def answer(self, gray: int = 90) -> None:
        request, done = self.waiting.pop(0)
        images = np.load(request["images"])
        assert images.dtype == np.uint8
        shape = (request["draws"], *images.shape[:2], *request["size"])
        count = len(images)
        np.savez(
            request["to"],
            pictures=np.full(shape, gray, np.uint8),
            partners=(np.arange(count) - 1) % count,
            shares=np.full(shape[:2], 0.7),
        )
        done({"ok": True})


@pytest.fixture
def drawer(viewer: Viewer) -> Drawer:
    drawer = Drawer()
    viewer.window.model.preview = drawer
    return drawer


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_folders(tmp_path / "photos", {"cat": 12, "dog": 12}, size=(40, 20))


def test_a_click_on_a_column_chooses_how_pictures_are_fitted(viewer: Viewer, photos: Path) -> None:
    viewer.open(photos)
    page = viewer.turn("fit")
    viewer.wait(lambda: page.grid.rows)
    assert "The network takes 32×32 pixels. Choose" in page.words.text()
    original, crop, pad, stretch = page.grid.rows[0].pictures
    assert (original.width(), original.height()) == (40, 20)
    assert (crop.width(), crop.height()) == (32, 32)
    top = [picture.pixelColor(16, 1).value() for picture in (crop, pad, stretch)]
    assert top[1] == 0 and top[0] > 0 and top[2] > 0  # black edges
    QTest.mouseClick(page.grid, LEFT, pos=page.grid.cell(1, 2).center())
    assert viewer.workspace.recipe.data.fit == "pad" and page.grid.marked == 2
    assert viewer.child(QRadioButton, "fit-pad").isChecked()
    QTest.mouseClick(page.grid, LEFT, pos=page.grid.cell(0, 0).center())  # the original
    assert viewer.workspace.recipe.data.fit == "pad"
    stretched = viewer.child(QRadioButton, "fit-stretch")
    QTest.mouseClick(stretched, LEFT, pos=QPoint(8, stretched.height() // 2))
    assert viewer.workspace.recipe.data.fit == "stretch"
    assert "cat" in page.grid.rows[0].words and "20×40" in page.grid.rows[0].words


def test_pictures_of_the_right_proportions_need_no_choice(viewer: Viewer, tmp_path: Path) -> None:
    viewer.open(write_folders(tmp_path / "photos", {"cat": 12, "dog": 12}, size=(20, 20)))
    page = viewer.turn("fit")
    viewer.wait(lambda: page.grid.rows)
    assert "nothing is cut off, added or distorted" in page.words.text()


def test_pictures_in_arrays_are_fitted_too(viewer: Viewer, tmp_path: Path) -> None:
    viewer.open(write_arrays(tmp_path / "few.npz", np.arange(40) % 4))
    page = viewer.turn("fit")
    viewer.wait(lambda: page.grid.rows)
    original = page.grid.rows[0].pictures[0]
    assert (original.width(), original.height()) == (12, 10)


def test_without_augmentation_pictures_are_shown_plain(
    viewer: Viewer, drawer: Drawer, photos: Path
) -> None:
    viewer.open(photos, augmentation=NOTHING)
    page = viewer.turn("augmentation")
    viewer.wait(lambda: page.grid.rows)
    assert "No augmentation is on" in page.words.text()
    assert not page.again.isEnabled() and not drawer.waiting
    assert len(page.grid.rows) == 1 and len(page.grid.rows[0].pictures) == 5


def test_draws_follow_the_recipe_and_come_anew(
    viewer: Viewer, drawer: Drawer, photos: Path
) -> None:
    viewer.open(photos, augmentation={"rotation": 20.0})
    page = viewer.turn("augmentation")
    viewer.wait(lambda: drawer.waiting)
    request = drawer.waiting[0][0]
    assert request["augmentation"]["rotation"] == 20.0 and request["seed"] == 0
    drawer.answer()
    assert len(page.grid.rows) == 5 and len(page.grid.rows[0].pictures) == 9
    assert page.grid.rows[0].pictures[1].pixelColor(5, 5).value() == 90
    QTest.mouseClick(viewer.child(QPushButton, "augmentation-again"), LEFT)
    assert drawer.waiting[0][0]["seed"] == 1
    flip = viewer.child(QCheckBox, "augmentation-horizontal_flip")
    QTest.mouseClick(flip, LEFT, pos=QPoint(8, flip.height() // 2))
    assert viewer.workspace.recipe.augmentation.horizontal_flip
    viewer.wait(lambda: len(drawer.waiting) == 2)
    drawer.answer(30)  # to the request that is obsolete
    assert page.grid.rows[0].pictures[1].pixelColor(5, 5).value() == 90
    drawer.answer(60)
    assert page.grid.rows[0].pictures[1].pixelColor(5, 5).value() == 60
    assert not list(Path(page._folder.path()).iterdir())


def test_a_number_typed_changes_the_recipe(viewer: Viewer, drawer: Drawer, photos: Path) -> None:
    viewer.open(photos, augmentation=NOTHING)
    viewer.turn("augmentation")
    field = viewer.child(DoubleSpinBox, "augmentation-rotation")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "15")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert viewer.workspace.recipe.augmentation.rotation == 15.0
    viewer.wait(lambda: drawer.waiting)


def test_every_setting_has_an_editor_that_changes_it(
    viewer: Viewer, drawer: Drawer, photos: Path
) -> None:
    viewer.open(photos, augmentation=NOTHING)
    page = viewer.turn("augmentation")
    assert list(page.controls.editors) == list(Augmentation.__struct_fields__)
    for name, editor in page.controls.editors.items():
        before = getattr(viewer.workspace.recipe.augmentation, name)
        page.controls.parent().parent().ensureWidgetVisible(editor)
        if isinstance(editor, QCheckBox):
            QTest.mouseClick(editor, LEFT, pos=QPoint(8, editor.height() // 2))
            expected: object = not before
        elif isinstance(editor, Bounds):
            box = editor.boxes[0 if name == "resized_crop" else 1]
            QTest.keyClick(box, Qt.Key.Key_Down if name == "resized_crop" else Qt.Key.Key_Up)
            expected = tuple(each.value() for each in editor.boxes)
        else:
            QTest.keyClick(editor, Qt.Key.Key_Up)
            expected = editor.value()
        found = getattr(viewer.workspace.recipe.augmentation, name)
        assert found != before and found == pytest.approx(expected, abs=0.01), name
    assert not viewer.refused


def test_the_smaller_of_two_numbers_stays_first(
    viewer: Viewer, drawer: Drawer, photos: Path
) -> None:
    viewer.open(photos, augmentation=NOTHING)
    page = viewer.turn("augmentation")
    assert not page.controls.editors["resized_crop_aspect"].isVisible()
    high = viewer.child(DoubleSpinBox, "augmentation-resized_crop-high")
    high.setFocus()
    high.selectAll()
    QTest.keyClicks(high, "0.4")
    QTest.keyClick(high, Qt.Key.Key_Return)
    assert viewer.workspace.recipe.augmentation.resized_crop == (0.4, 0.4)
    viewer.wait(page.controls.editors["resized_crop_aspect"].isVisible)
    low = viewer.child(DoubleSpinBox, "augmentation-resized_crop-low")
    low.setFocus()
    low.selectAll()
    QTest.keyClicks(low, "0.1")
    QTest.keyClick(low, Qt.Key.Key_Return)
    assert viewer.workspace.recipe.augmentation.resized_crop == (0.1, 0.4)
    assert not viewer.refused


def test_pointing_at_a_setting_says_what_it_does(
    viewer: Viewer, drawer: Drawer, photos: Path
) -> None:
    viewer.open(photos, augmentation=NOTHING)
    page = viewer.turn("augmentation")
    editor = page.controls.editors["mixup"]
    editor.setFocus()
    assert "Mixes each image and its target with those of another" in page.help.text()
    assert "Beta(alpha, alpha)" in page.help.text()
    assert "Zhang and others, 2018: mixup" in editor.toolTip()


def test_pictures_are_read_larger_for_a_random_resized_crop(
    viewer: Viewer, drawer: Drawer, photos: Path
) -> None:
    viewer.open(photos, augmentation={"rotation": 20.0})
    page = viewer.turn("augmentation")
    viewer.wait(lambda: drawer.waiting)
    drawer.answer()
    QTest.keyClick(page.controls.editors["scale_jitter"].boxes[1], Qt.Key.Key_Up)
    viewer.wait(lambda: drawer.waiting)
    request = drawer.waiting[0][0]
    # The pictures are 40x20, of which LeNet-5 takes 32x32: there are no pixels for more.
    assert np.load(request["images"]).shape[2:] == (32, 32) and list(request["size"]) == [32, 32]
    viewer.open(write_folders(photos.parent / "large", {"cat": 12, "dog": 12}, size=(80, 64)))
    viewer.wait(lambda: len(drawer.waiting) > 1)
    request = drawer.waiting[-1][0]
    assert np.load(request["images"]).shape[2:] == (37, 37)  # 256/224 times as large


def test_mixed_pictures_have_captions(viewer: Viewer, drawer: Drawer, photos: Path) -> None:
    viewer.open(photos, augmentation={"mixup": 1.0})
    page = viewer.turn("augmentation")
    viewer.wait(lambda: drawer.waiting)
    assert drawer.waiting[0][0]["augmentation"]["mixup"] == 1.0
    drawer.answer()
    assert "mixed with another one of its batch" in page.words.text()
    labels = [row.captions[0] for row in page.grid.rows]
    assert set(labels) == {"cat", "dog"}
    for number, row in enumerate(page.grid.rows):
        own, other = labels[number], labels[number - 1]
        expected = own if own == other else f"0.70 {own}\n+ 0.30 {other}"
        assert list(row.captions[1:]) == [expected] * 5
    below = page.grid.cell(1, 0).top() - page.grid.cell(0, 0).bottom()
    assert below > 2 * page.grid.fontMetrics().height()


def test_a_worker_that_fails_is_reported(viewer: Viewer, drawer: Drawer, photos: Path) -> None:
    viewer.open(photos, augmentation__rotation=20.0)
    page = viewer.turn("augmentation")
    viewer.wait(lambda: drawer.waiting)
    drawer.waiting.pop()[1]({"ok": False, "message": "The training process is gone."})
    assert page.words.text() == "The training process is gone."


def test_a_design_without_a_picture_as_input_says_what_it_lacks(
    viewer: Viewer, drawer: Drawer, photos: Path
) -> None:
    viewer.open(photos)
    viewer.turn("fit")
    viewer.workspace.edit("Shape", lambda d: edits.set_parameter(d, "image", "shape", (16,)))
    viewer.settled()
    for key in ("fit", "augmentation"):
        page = viewer.turn(key)
        viewer.wait(lambda page=page: "give it one Input" in page.words.text())
