"""The Maps dock, used by real events: channels, filters, what speaks for a class, comparing."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QFileDialog, QPushButton

from designer.gui.inside.subject_words import weights_of
from designer.runs.folder import RunFolder
from designer.runs.inspection import Picture, Subject
from tests.engine.samples import TINY
from tests.gui.hands import Hands
from tests.gui.inside.conftest import SECONDS, drop

LEFT = Qt.MouseButton.LeftButton
# What a tooltip asks for and the offscreen platform cannot do.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def press(qtbot, widget):
    qtbot.mouseClick(widget, LEFT)


def trigger(menu, words):
    """Choose an entry of a menu, as it is filled when it is opened."""
    menu.aboutToShow.emit()
    (action,) = [each for each in menu.actions() if each.text() == words]
    assert action.isEnabled()
    action.trigger()


def values(view, side=0):
    return view.page.replies[side].arrays["values"]


@pytest.fixture
def filled(view, squares, settled):
    """The dock with a picture that was dropped on it."""
    drop(view, squares[0])
    settled(view)
    return view


def test_without_a_picture_it_says_how_to_choose_one(view, settled, qtbot):
    qtbot.waitUntil(lambda: "Choose a picture" in view.message.text())
    (button,) = [b for b in view.findChildren(QPushButton) if b.text() == "Take an example"]
    press(qtbot, button)
    settled(view)
    assert view.model.inspection.picture == Picture(part="validation", index=0)
    assert view.page.replies[0].arrays["seen"].shape == (8, 8, 1)
    trigger(view.picture.menu(), "Next example of the data")
    settled(view)
    assert view.model.inspection.picture.index == 1


def test_a_dropped_picture_shows_the_channels_of_the_selected_node(filled, settled):
    view, page = filled, filled.pages["channels"]
    assert view.node.text() == "conv · Conv2d"  # the first convolution, as nothing is selected
    assert values(view).shape == (4, 8, 8)
    assert list(page.views[0].grid.order) == [0, 1, 2, 3]
    assert page.words.text().startswith("4×8×8 · blue -")
    view.model.workspace.select(["act"])
    settled(view)
    assert view.node.text() == "act · ReLU"
    assert values(view).min() == 0
    assert "black 0, orange" in page.words.text()
    view.model.workspace.select(["fc"])
    settled(view)
    assert page.views[0].currentWidget() is page.views[0].bars
    assert page.words.text().startswith("3 values")


def test_channels_are_sorted_and_one_is_shown_large(filled, qtbot):
    page = filled.pages["channels"]
    grid = page.views[0].grid
    qtbot.keyClick(page.sort, Qt.Key.Key_Down)
    strength = np.abs(values(filled)).reshape(4, -1).mean(1)
    assert list(grid.order) == list(np.argsort(-strength, kind="stable"))
    second = int(grid.order[1])
    qtbot.mouseClick(grid.viewport(), LEFT, pos=grid.rect_of(second).center())
    assert page.chosen == second
    large = page.large[0]
    assert large.caption == f"channel {second}"
    assert page.figures.text().startswith(f"Channel {second} · from\xa0")

    def points() -> bool:
        """Point at a value; the page may still give the large channel another size."""
        qtbot.mouseMove(large, QPoint(0, 0))
        qtbot.mouseMove(large, large.place_of(3, 5))
        return large.told == f"row 3, column 5: {values(filled)[second, 3, 5]:.4g}"

    qtbot.waitUntil(points)
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    assert page.chosen == int(grid.order[2])


def test_one_scale_shows_strength_and_own_scales_show_weak_ones(filled, qtbot):
    page = filled.pages["channels"]
    before = page.views[0].grid.image(0)
    qtbot.keyClick(page.scale, Qt.Key.Key_Down)
    assert page.scale.currentData() == "own"
    weakest = int(np.abs(values(filled)).reshape(4, -1).max(1).argmin())
    page.scale.setCurrentIndex(0)
    one = page.views[0].grid.image(weakest)
    page.scale.setCurrentIndex(1)
    assert page.views[0].grid.image(weakest) != one
    assert before.width() == 8


def test_the_slider_goes_through_the_epochs(filled, qtbot, settled, trained):
    title = filled.titles[0]
    assert weights_of(filled.model.subject) == ["epoch:0", "epoch:1", "epoch:2", "last", "best"]
    assert title.weights.text() == "best epoch · bar0.png"
    shown = {}
    qtbot.keyClick(title.slider, Qt.Key.Key_Home)
    for name in ("before training", "epoch 1", "epoch 2"):
        settled(filled)
        assert title.weights.text() == f"{name} · bar0.png"
        shown[name] = values(filled).copy()
        qtbot.keyClick(title.slider, Qt.Key.Key_Right)
    settled(filled)
    # Other panels follow, as the network that is looked into is that of all.
    assert filled.model.inspection.subject == Subject(run=str(trained.path), weights="last")
    np.testing.assert_array_equal(values(filled), shown["epoch 2"])
    assert not np.allclose(shown["before training"], shown["epoch 1"])
    assert not np.allclose(shown["epoch 1"], shown["epoch 2"])


def test_without_kept_epochs_there_is_no_slider(filled, trained, tmp_path):
    shutil.copytree(trained.path, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    for epoch in run.kept_epochs():
        run.kept(epoch).unlink()
    title = filled.titles[0]
    title.show_subject(Subject(run=str(run.path), weights="last"), "", narrow=False)
    assert not title.slider.isVisible()
    assert title.weights.text() == "last checkpoint"
    assert "Keep weights every" in title.weights.toolTip()


@pytest.mark.parametrize("name", ["channels", "filters"])
def test_in_a_low_dock_the_large_map_has_the_whole_height(filled, qtbot, settled, name):
    press(qtbot, filled.segments.buttons[name])
    settled(filled)
    page = filled.pages[name]
    beside = page.histogram if name == "filters" else page.figures

    def is_beside():
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        return beside.geometry().left() > page.large[0].geometry().right()

    page.window().resize(900, 700)
    qtbot.waitUntil(lambda: page.height() > 300 and not is_beside())
    filled.window().findChild(QDockWidget).setMaximumHeight(240)
    qtbot.waitUntil(lambda: page.height() < 240 and is_beside())


def test_filters_need_no_picture(view, qtbot, settled):
    press(qtbot, view.segments.buttons["filters"])
    settled(view)
    page = view.pages["filters"]
    assert values(view).shape == (4, 3, 3)
    assert page.words.text().startswith("weight 4×1×3×3 · blue ")
    counts = page.replies[0].arrays["counts"]
    assert counts.sum() == 36 and list(page.histogram.heights) == counts.tolist()
    assert [page.tensor.itemText(row) for row in range(2)] == ["weight", "bias"]
    qtbot.keyClick(page.tensor, Qt.Key.Key_Down)
    page.tensor.activated.emit(1)  # as the key does where the list is closed
    settled(view)
    assert values(view).shape == (4,)
    view.model.workspace.select(["fc"])
    settled(view)
    assert values(view).shape == (3, 256)
    view.model.workspace.select(["act"])
    qtbot.waitUntil(lambda: view.message.text().startswith("act has no weights: select a layer"))


def test_a_map_lies_over_the_picture(filled, qtbot, settled):
    press(qtbot, filled.segments.buttons["why"])
    settled(filled)
    page = filled.pages["why"]
    view, reply = page.views[0], page.replies[0]
    assert (reply.fields["method"], reply.fields["node"]) == ("gradcam", "act")
    assert page.wanted.count() == 4  # the predicted one, and three classes
    large = reply.arrays["map"]
    assert large.shape == (8, 8) and large.max() > 0
    row, column = np.unravel_index(large.argmax(), large.shape)
    place = view.place_of(int(row), int(column))

    def color():
        return view.grab().toImage().pixelColor(place)

    covered = color()
    page.opacity.setFocus()
    qtbot.keyClick(page.opacity, Qt.Key.Key_Home)
    plain = color()
    assert plain.red() == plain.green() == plain.blue()
    assert covered != plain
    first = int(np.argmax([page.wanted.itemText(i) == "0" for i in range(4)]))
    page.wanted.setFocus()
    for _ in range(first):
        qtbot.keyClick(page.wanted, Qt.Key.Key_Down)
    page.wanted.activated.emit(first)
    settled(filled)
    assert page.replies[0].fields["class"] == "0"
    qtbot.keyClick(page.method, Qt.Key.Key_End)
    settled(filled)
    assert page.replies[0].fields["method"] == "occlusion"
    assert "How far the probability of 0 falls" in page.words.text()
    page.patch.setFocus()
    for _ in range(4):
        qtbot.keyClick(page.patch, Qt.Key.Key_Up)
    settled(filled)
    assert (page.replies[0].fields["patch"], page.replies[0].fields["stride"]) == (4, 2)


def test_two_epochs_are_compared_on_one_scale(filled, qtbot, settled):
    qtbot.keyClick(filled.titles[0].slider, Qt.Key.Key_End)
    settled(filled)
    trigger(filled.compare.menu(), "Another epoch of this run")
    settled(filled)
    page = filled.pages["channels"]
    assert filled.titles[1].isVisible() and page.views[1].isVisible()
    assert filled.titles[1].weights.text() == "before training · bar0.png"
    assert not np.allclose(values(filled, 0), values(filled, 1))
    one, two = (each.grid for each in page.views)
    assert one.scale == two.scale and list(one.order) == list(two.order)
    most = max(np.abs(values(filled, side)).max() for side in range(2))
    assert one.scale.high == pytest.approx(most)
    qtbot.mouseClick(two.viewport(), LEFT, pos=two.rect_of(2).center())
    assert one.current == two.current == 2
    qtbot.keyClick(filled.titles[1].slider, Qt.Key.Key_End)
    settled(filled)
    np.testing.assert_array_equal(values(filled, 0), values(filled, 1))
    trigger(filled.compare.menu(), "Nothing")
    settled(filled)
    assert not page.views[1].isVisible() and len(page.replies) == 1


def test_a_size_that_does_not_fit_is_taken_back(filled, qtbot, settled):
    press(qtbot, filled.segments.buttons["why"])
    page = filled.pages["why"]
    page.method.setCurrentIndex(page.method.findData("occlusion"))
    settled(filled)
    page.patch.setValue(500)
    qtbot.waitUntil(lambda: "does not fit" in filled.message.text(), timeout=SECONDS)
    assert not page.isVisible()
    (button,) = [
        each
        for each in filled.findChildren(QPushButton)
        if each.text() == "Use the usual settings" and each.isVisible()
    ]
    press(qtbot, button)
    settled(filled)
    assert page.isVisible() and page.patch.value() == 0 and page.replies


def test_two_pictures_are_compared(filled, squares, settled, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(squares[1]), "Pictures"))
    trigger(filled.compare.menu(), "Another picture…")
    settled(filled)
    seen = [reply.arrays["seen"] for reply in filled.page.replies]
    assert seen[0][0, 0, 0] == 200 and seen[1][4, 0, 0] == 200
    assert filled.titles[1].weights.text() == "best epoch · bar1.png"


def test_the_design_on_the_canvas_is_another_network(filled, settled, trained):
    menu = filled.titles[0].network.menu()
    before = values(filled).copy()
    trigger(menu, "The design on the canvas, fresh weights")
    settled(filled)
    assert filled.titles[0].network.text() == "Tiny"
    assert not filled.titles[0].slider.isVisible()
    assert not np.allclose(before, values(filled))
    trigger(menu, "small")
    settled(filled)
    np.testing.assert_array_equal(before, values(filled))


def test_what_is_wrong_is_a_sentence_and_nothing_is_lost(filled, qtbot, settled, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    before = filled.model.inspection.pictures
    drop(filled, broken)
    qtbot.waitUntil(lambda: "broken.png cannot be read" in filled.message.text(), timeout=SECONDS)
    filled.model.inspection.show(before)
    settled(filled)
    filled.model.look_into(0, Subject(run=str(tmp_path / "gone")))
    qtbot.waitUntil(lambda: "no run folder" in filled.message.text(), timeout=SECONDS)
    (button,) = [
        each
        for each in filled.findChildren(QPushButton)
        if each.text() == "Look into the design on the canvas" and each.isVisible()
    ]
    press(qtbot, button)
    settled(filled)
    assert filled.titles[0].network.text() == "Tiny"


def test_a_killed_worker_is_a_sentence_and_the_next_try_works(filled, qtbot, settled, trainer):
    trainer._ready_service().process.kill()
    filled.model.workspace.select(["norm"])
    qtbot.waitUntil(
        lambda: filled.stack.currentIndex() == 0 or filled.node.text().startswith("norm ·"),
        timeout=SECONDS,
    )
    if filled.stack.currentIndex() == 0:
        assert "killed" in filled.message.text()
        (button,) = [
            each
            for each in filled.findChildren(QPushButton)
            if each.text() == "Try again" and each.isVisible()
        ]
        press(qtbot, button)
    settled(filled)
    assert filled.node.text() == "norm · BatchNorm2d"


def test_what_takes_long_can_be_canceled(filled, qtbot, settled, monkeypatch):
    asked = []

    class Slow:
        def inspect(self, request, done, progress=None):
            asked.append((request, done))
            progress(0.25)
            return lambda: asked.append("canceled")

    monkeypatch.setattr(filled.model.inspection, "_worker", Slow())
    filled.model.workspace.select(["norm"])
    qtbot.waitUntil(filled.progress.isVisible)
    assert filled.bar.value() == 25
    press(qtbot, filled.cancel)
    assert asked[-1] == "canceled"
    assert filled.message.text() == "This was canceled."
    assert not filled.progress.isVisible()


def test_it_can_be_made_large(filled, qtbot):
    press(qtbot, filled.large)
    screen = filled.dock.screen().availableGeometry()
    qtbot.waitUntil(lambda: filled.dock.height() > 0.7 * screen.height())
    assert filled.dock.isFloating()
    press(qtbot, filled.large)
    assert not filled.dock.isFloating()


def test_a_live_training_renews_what_is_shown(filled, qtbot, settled, trained):
    before = filled.page.replies
    filled.model.inspection.renew(str(trained.path.with_name("another run")))
    settled(filled)
    assert filled.page.replies is before
    filled.model.inspection.renew(str(trained.path))
    settled(filled)
    assert filled.page.replies is not before
    assert Path(filled.model.subject.run) == trained.path


def test_the_dock_follows_the_canvas(window, qtbot, squares):
    hands = Hands(window, qtbot)
    window.trainer.preferences.device = "cpu"
    window.workspace.add(TINY)
    hands.settle()
    hands.tab("Maps")
    panel = window.docks["maps"].widget()
    qtbot.waitUntil(lambda: panel.view is not None and panel.view.message.isVisible())
    view = panel.view
    drop(view, squares[0])
    for node, shape in (("norm", (4, 8, 8)), ("fc", (3, 1, 1)), ("image", (1, 8, 8))):
        hands.click_node(node)
        qtbot.waitUntil(lambda node=node: view.node.text().startswith(f"{node} ·"), timeout=SECONDS)
        qtbot.waitUntil(lambda: not view.model.inspection.busy, timeout=SECONDS)
        assert values(view).shape == shape
    hands.tab("Analysis")
    qtbot.waitUntil(lambda: not panel.isVisible())
    hands.click_node("act")
    assert not view.model.inspection.busy  # nothing is asked for what nobody sees
