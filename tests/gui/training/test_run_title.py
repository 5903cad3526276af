"""The line that names the shown run, and the set-up of that run."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton

from designer import presets
from designer.design import edits
from designer.design.values import Design, Point
from designer.gui.documents.design_differences import same_network
from designer.recipe.reading import changed

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def lenet(desk, written):
    """LeNet-5 is open, and a finished run of it is shown."""
    desk.workspace.open_preset("lenet5")
    desk.show_run(written())
    desk.wait(lambda: desk.training.title.identity is not None)
    return desk


def press(desk, kind, name):
    button = desk.training.findChild(kind, name)
    assert button.isVisible() and button.isEnabled()
    desk.qtbot.mouseClick(button, LEFT)


def test_the_run_its_design_its_data_and_its_state_are_named(lenet):
    title = lenet.training.title
    lenet.wait(lambda: "finished" in title.name.toolTip())
    first = title.name.toolTip().splitlines()[0]
    assert first == "LeNet-5 · a-run · MNIST (built in) · finished"
    assert title.name.text() == first
    assert not title.note.isVisible()
    title.resize(260, title.height())
    assert "…" in title.name.text()
    assert title.recipe.isVisible()


def test_a_changed_design_is_not_taken_for_that_of_the_run(lenet):
    title = lenet.training.title
    lenet.workspace.edit(
        "set out_channels", lambda d: edits.set_parameter(d, "conv1", "out_channels", 8)
    )
    lenet.wait(title.note.isVisible)
    assert title.note.text() == "The design was changed since."
    lenet.workspace.undo()
    lenet.wait(lambda: not title.note.isVisible())


def test_a_new_design_does_not_show_the_curves_of_an_old_run(lenet):
    training = lenet.training
    assert training.pages.currentWidget() is training.run
    lenet.workspace.add(Design("Untitled"), saved=None)
    assert training.pages.currentWidget() is training.set_up
    press(lenet, QPushButton, "training-return")
    assert training.pages.currentWidget() is training.run
    assert training.title.note.text() == "The canvas shows another design."
    assert "trains LeNet-5; the canvas shows Untitled" in training.title.note.toolTip()


def test_the_set_up_of_a_run_is_that_of_the_run(lenet):
    training = lenet.training
    training.set_up.take(changed(training.set_up.recipe, {"batch": 64}))
    press(lenet, QToolButton, "training-run-set-up")
    page = training.recipe
    assert training.pages.currentWidget() is page
    assert page.title.text() == "Set-up of a-run"
    assert "differs from the set-up of the present design in" in page.summary.text()
    assert page.findChild(QLabel, "run-recipe-batch").text() == "32 images (now 64 images)"
    assert page.findChild(QLabel, "run-recipe-epochs").text() == "2 (now 10)"
    press(lenet, QPushButton, "run-recipe-back")
    assert training.pages.currentWidget() is training.run
    assert training.set_up.recipe.batch == 64
    press(lenet, QToolButton, "training-run-set-up")
    press(lenet, QPushButton, "run-recipe-use")
    assert training.pages.currentWidget() is training.set_up
    assert training.set_up.recipe == lenet.trainer.shown.run.recipe()


def test_designs_are_the_same_wherever_their_nodes_lie():
    design = presets.load("resnet50")
    nodes = {path: replace(node, at=Point(1, 2)) for path, node in design.graph.nodes.items()}
    moved = replace(design, name="other", graph=replace(design.graph, nodes=nodes))
    assert same_network(design, moved)
    name, block = next(iter(design.blocks.items()))
    changed_block = replace(block, graph=replace(block.graph, edges=block.graph.edges[1:]))
    assert not same_network(design, replace(design, blocks={**design.blocks, name: changed_block}))
    assert not same_network(design, replace(design, arguments={}))
    turned = replace(design, graph=replace(design.graph, edges=design.graph.edges[::-1]))
    assert turned != design and same_network(design, turned)
    cut = replace(design, graph=replace(design.graph, edges=design.graph.edges[1:]))
    assert not same_network(design, cut)
