"""Folding and unfolding in the window: one step of undo each, and words where nothing is to do."""

import pytest
from pytestqt.qtbot import QtBot

from designer.design.values import BlockNode
from designer.gui.documents import folding
from designer.gui.documents.workspace import Workspace


@pytest.fixture
def workspace(qtbot: QtBot) -> Workspace:
    return Workspace()


def test_unfold_and_fold_are_one_step_each(workspace: Workspace) -> None:
    document = workspace.open_preset("resnet18")
    first = document.design
    weights = workspace.analysis.totals.weights
    workspace.select([])
    folding.unfold(workspace)
    assert not workspace.design.blocks
    assert all(node.at is None for node in workspace.design.graph.nodes.values())
    folding.fold(workspace)
    assert list(workspace.design.blocks) == ["ResidualBlock"]
    assert workspace.analysis.totals.weights == weights
    assert [step.label for step in document.past] == [
        "Unfold all blocks",
        "Fold repeated structure",
    ]
    workspace.undo()
    workspace.undo()
    assert document.design is first


def test_the_selected_blocks_alone_are_unfolded(workspace: Workspace) -> None:
    document = workspace.open_preset("resnet18")
    workspace.select(["layer1", "conv1"])
    assert folding.unfold_refusal(workspace) == ""
    folding.unfold(workspace)
    nodes = workspace.design.graph.nodes
    assert "layer1" not in nodes
    assert isinstance(nodes["layer2"], BlockNode)
    assert "layer1_0_conv1" in workspace.selection
    assert document.past[-1].label == "Unfold layer1"


def test_where_nothing_is_to_do_it_is_said(workspace: Workspace, qtbot: QtBot) -> None:
    workspace.open_preset("lenet5")
    with qtbot.waitSignal(workspace.refused) as refused:
        folding.fold(workspace)
    assert refused.args == ["Nothing repeats in LeNet-5, so there is nothing to fold."]
    assert folding.unfold_refusal(workspace) == "The design uses no blocks."
    workspace.open_preset("resnet18")
    workspace.select(["conv1"])
    assert folding.unfold_refusal(workspace).startswith("Select blocks of the design's own graph")
