"""Feature maps on the canvas by real events: switched on, of which weights, after an edit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QToolButton

from designer import presets, shared_arrays
from designer.design import edits
from designer.engine import checkpoint, export
from designer.engine.inspect import requests
from designer.errors import DesignerError
from designer.gui.inside.map_card import STALE
from designer.gui.inside.map_overlay import NO_LONGER_FIT
from designer.gui.shell.main_window import MainWindow
from designer.recipe.reading import changed
from designer.runs.begin import begin
from designer.runs.folder import RunFolder
from designer.runs.inspection import Picture
from designer.runs.preprocessing import Preprocessing
from tests.gui.canvas.conftest import wheel
from tests.gui.hands import Hands, wait_until

Answer = dict[str, Any]


class Worker:
    """Answers requests as the worker process does, in this one; while it is held, it waits."""

    def __init__(self) -> None:
        self.asked: list[Answer] = []
        self.held = False
        self.progress: Callable[[float], object] | None = None
        self.canceled = 0

    def inspect(
        self,
        request: Answer,
        done: Callable[[Answer], object],
        progress: Callable[[float], object] | None = None,
    ) -> Callable[[], None]:
        if request["do"] == "maps":
            self.asked.append(request)
        self.progress = progress
        if not self.held:
            QTimer.singleShot(0, lambda: done(self._answer(request)))
        return self._cancel

    def _cancel(self) -> None:
        self.canceled += 1

    def _answer(self, request: Answer) -> Answer:
        try:
            found = requests.answer({**request, "device": "cpu"}, requests.Job())
        except DesignerError as error:
            return {"ok": False, "message": str(error)}
        sent = shared_arrays.send(found.arrays) if found.arrays else {}
        return msgspec.json.decode(msgspec.json.encode({"ok": True, **found.fields, **sent}))


@pytest.fixture
def worker(window: MainWindow) -> Worker:
    found = Worker()
    window.trainer.inspection._worker = found
    return found


@pytest.fixture
def hands(window: MainWindow, worker: Worker) -> Hands:
    """A window that shows LeNet-5."""
    window.resize(1400, 1000)
    window.workspace.open_preset("lenet5")
    window.build_editor()
    found = Hands(window)
    found.settle()
    window.actions_.refresh()
    return found


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    ring = np.hypot(*np.mgrid[-20:20, -20:20])
    Image.fromarray((abs(ring - 12) < 3).astype(np.uint8) * 255).save(tmp_path / "zero.png")
    return Picture(file=str(tmp_path / "zero.png"))


def settled(hands: Hands) -> None:
    wait_until(lambda: hands.window.editor.maps.settled)
    hands.window.canvas.view.gliding.stop()
    hands.settle()


def switch(hands: Hands) -> None:
    """Press the button of the toolbar."""
    toolbar = hands.window.toolbar
    button = toolbar.widgetForAction(hands.window.actions_["view.maps"])
    assert isinstance(button, QToolButton)
    hands.click(button)
    settled(hands)


def text(hands: Hands, name: str) -> str:
    label = hands.window.findChild(QLabel, name)
    assert label is not None
    return label.text() if label.isVisible() else ""


def shown(hands: Hands) -> set[str]:
    """Return the nodes that have pictures on the canvas."""
    layer = hands.window.canvas.layer
    return {path for path, row in layer.arrays.row.items() if layer.picture[row] >= 0}


def colors(hands: Hands, path: str) -> set[int]:
    """Return the colors that are seen on the lower half of a node."""
    rect = hands.window.canvas.view.rect_of(path)
    rect.setTop(rect.center().y() + 6)
    view = hands.window.canvas.view
    image = view.viewport().grab(view.mapFromScene(rect).boundingRect()).toImage()
    return {image.pixel(x, y) for x in range(image.width()) for y in range(image.height())}


def test_maps_are_switched_on_and_off(hands: Hands, worker: Worker) -> None:
    window = hands.window
    hands.show("conv1")
    plain = len(colors(hands, "conv1"))
    switch(hands)
    assert window.actions_["view.maps"].isChecked()
    assert shown(hands) == set(window.workspace.design.graph.nodes)
    assert text(hands, "map-picture") == "Feature maps of an example"
    assert text(hands, "map-weights") == "fresh weights"
    hands.show("conv1")
    assert len(colors(hands, "conv1")) > 100 + plain
    design = window.workspace.design
    hands.on_canvas()
    hands.keys("Ctrl+Shift+M")
    settled(hands)
    assert not shown(hands) and not text(hands, "map-picture")
    assert window.workspace.document.pictures is None and window.workspace.design is design
    switch(hands)
    hands.click(window.findChild(QToolButton, "map-close"))
    assert not shown(hands) and not window.actions_["view.maps"].isChecked()


def test_values_are_those_of_the_design_with_these_weights(
    hands: Hands, worker: Worker, picture: Picture
) -> None:
    switch(hands)
    hands.window.trainer.inspection.show([picture])
    wait_until(lambda: len(worker.asked) == 2)
    settled(hands)
    assert text(hands, "map-picture") == "Feature maps of zero.png"
    pictures = hands.window.workspace.document.pictures
    assert "zero.png" in pictures.words and "of 6, the strongest first" in pictures.figures["conv1"]
    with Image.open(picture.file) as image:
        seen = np.asarray(image.resize((32, 32)))
    assert np.corrcoef(pictures.pictures["image"][0, :, :, 0].ravel(), seen.ravel())[0, 1] > 0.9


def test_the_view_moves_and_nodes_are_selected_as_without_maps(hands: Hands) -> None:
    window, view = hands.window, hands.window.canvas.view
    switch(hands)
    hands.click_node("pool1")
    assert window.workspace.selection == {"pool1"}
    scale = view.navigator.scale
    for turn in (-120, -120, -120, -120, -120, -120, 120, 120, 120):
        wheel(
            window.canvas, hands.node("pool1"), QPoint(0, turn), Qt.KeyboardModifier.ControlModifier
        )
        hands.settle()
        assert len(colors(hands, "pool1")) > 20
    before = hands.node("pool1")
    QTest.mousePress(hands.view, Qt.MouseButton.MiddleButton, pos=QPoint(30, 330))
    QTest.mouseMove(hands.view, QPoint(70, 360))
    QTest.mouseRelease(hands.view, Qt.MouseButton.MiddleButton, pos=QPoint(70, 360))
    assert hands.node("pool1") - before == QPoint(40, 30) and view.navigator.scale != scale
    assert len(colors(hands, "pool1")) > 20


def test_maps_of_an_edited_design_are_computed_again(hands: Hands, worker: Worker) -> None:
    workspace = hands.window.workspace
    switch(hands)
    hands.show("conv2")
    edit = edits.set_parameter
    workspace.edit("set", lambda d: edit(d, "conv2", "out_channels", 20), select=["conv2"])
    hands.settle()
    assert "conv2" not in shown(hands) and "conv1" in shown(hands)
    assert text(hands, "map-words") == STALE
    hands.click(hands.find(QPushButton, "map-again"))
    settled(hands)
    assert "conv2" in shown(hands) and not text(hands, "map-words")
    assert len(worker.asked) == 2
    workspace.undo()
    hands.settle()
    assert text(hands, "map-words") == STALE


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run of LeNet-5 with a checkpoint, which was not trained."""
    recipe = changed(presets.recipe("lenet5"), {"epochs": 1})
    found = begin(tmp_path / "runs" / "digits", presets.load("lenet5"), recipe)
    prepared = Preprocessing(
        input=(1, 32, 32), mean=(0.1,), deviation=(0.3,), classes=tuple("abcdefghij")
    )
    found.preprocessing_file.write_bytes(msgspec.json.encode(prepared))
    model = export.of_design(presets.load("lenet5"), seed=5)
    found.best.parent.mkdir(exist_ok=True)
    content = {"network": model.network.state_dict()}
    checkpoint.save(found.best, content, source=model.generated.source)
    return found


def test_a_design_that_no_longer_fits_its_run_can_have_fresh_weights(
    hands: Hands, worker: Worker, run: RunFolder, picture: Picture
) -> None:
    workspace, inspection = hands.window.workspace, hands.window.trainer.inspection
    inspection.show([picture])
    hands.window.trainer.show(run.path)
    switch(hands)
    assert worker.asked[-1]["subject"]["run"] == str(run.path)
    assert text(hands, "map-weights") == "digits, best epoch"
    workspace.edit("set", lambda d: edits.set_parameter(d, "conv2", "out_channels", 20))
    hands.settle()
    assert text(hands, "map-words") == STALE
    hands.click(hands.find(QPushButton, "map-again"))
    settled(hands)
    assert text(hands, "map-words") == NO_LONGER_FIT
    hands.click(hands.find(QPushButton, "map-fresh"))
    settled(hands)
    assert text(hands, "map-weights") == "fresh weights" and "conv2" in shown(hands)
    assert not text(hands, "map-words")
    asked = len(worker.asked)
    inspection.renew(str(run.path))  # its training wrote a checkpoint: others are not asked again
    settled(hands)
    assert text(hands, "map-weights") == "fresh weights" and len(worker.asked) == asked


def test_what_takes_long_shows_how_far_it_is_and_is_canceled(hands: Hands, worker: Worker) -> None:
    worker.held = True
    button = hands.window.actions_["view.maps"]
    button.trigger()
    hands.settle()
    assert hands.window.editor.maps.asking and not text(hands, "map-words")
    cancel = hands.window.findChild(QPushButton, "map-cancel")
    wait_until(cancel.isVisible)
    worker.progress(0.4)
    bar = hands.find(QProgressBar, "map-progress")
    assert bar.value() == 40
    hands.click(cancel)
    assert worker.canceled == 1 and not hands.window.editor.maps.asking
    assert not shown(hands)


def test_what_cannot_be_shown_is_said(hands: Hands, worker: Worker, tmp_path: Path) -> None:
    window = hands.window
    switch(hands)
    missing = tmp_path / "gone.png"
    window.trainer.inspection.show([Picture(file=str(missing))])
    wait_until(lambda: len(worker.asked) == 2)
    settled(hands)
    assert "gone.png cannot be read" in text(hands, "map-words")
    assert shown(hands)  # the maps of before
    Image.new("L", (9, 9), 255).save(missing)
    hands.click(hands.find(QPushButton, "map-again"))
    settled(hands)
    assert not text(hands, "map-words")
    assert text(hands, "map-picture") == "Feature maps of gone.png"
    switch(hands)
    window.workspace.edit("cut", lambda d: edits.remove_node(d, "conv1", heal=False))
    window.actions_.refresh()
    assert not window.actions_["view.maps"].isEnabled()
    assert "errors" in window.actions_["view.maps"].toolTip()


def test_each_design_has_its_own_maps(hands: Hands, worker: Worker) -> None:
    workspace = hands.window.workspace
    first = workspace.document
    switch(hands)
    workspace.open_preset("resnet_cifar")
    wait_until(lambda: len(worker.asked) == 2)
    settled(hands)
    assert "stem" in shown(hands) or len(shown(hands)) > 3
    workspace.show(first)
    settled(hands)
    assert shown(hands) == set(workspace.design.graph.nodes) and len(worker.asked) == 2
    hands.window.actions_["view.maps"].trigger()
    assert all(each.pictures is None for each in workspace.documents)
