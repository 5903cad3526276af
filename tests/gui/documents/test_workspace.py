"""The workspace: one step of history for one edit, signals once each, documents kept apart."""

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from designer.design import edits, files
from designer.design.values import Design, LayerNode
from designer.errors import DesignerError
from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace


@pytest.fixture
def workspace(qtbot: QtBot) -> Workspace:
    return Workspace()


def _add(name: str) -> edits.Edit:
    return lambda design: edits.add_node(design, name, LayerNode("ReLU"))


def test_edits_are_undone_and_redone_to_the_very_values(workspace: Workspace) -> None:
    document = workspace.open_preset("lenet5")
    first = document.design
    workspace.edit("add a", _add("a"), select=["a"])
    second = document.design
    workspace.edit("add b", _add("b"))
    assert [step.label for step in document.past] == ["add a", "add b"]
    workspace.undo()
    assert document.design is second
    assert workspace.selection == {"a"}
    workspace.undo()
    assert document.design is first
    assert not document.modified
    workspace.redo()
    assert document.design is second
    assert workspace.analysis.design is second


def test_steps_of_one_kind_become_one(workspace: Workspace) -> None:
    document = workspace.open_preset("lenet5")
    first = document.design
    for value in (3, 32):
        workspace.edit(
            "set conv1 out_channels",
            lambda d, value=value: edits.set_parameter(d, "conv1", "out_channels", value),
            merge="conv1.out_channels",
        )
    assert len(document.past) == 1
    workspace.undo()
    assert document.design is first


def test_a_refused_edit_says_why_and_changes_nothing(workspace: Workspace, qtbot: QtBot) -> None:
    document = workspace.open_preset("lenet5")
    first = document.design
    with qtbot.waitSignal(workspace.refused) as refused:
        assert not workspace.edit("add", _add("train"))
    assert "'train' is used by PyTorch" in refused.args[0]
    assert document.design is first
    assert not document.past


def test_signals_come_once(workspace: Workspace) -> None:
    heard: list[str] = []
    for name in ("changed", "switched", "selection_changed", "scope_changed"):
        getattr(workspace, name).connect(lambda *_, name=name: heard.append(name))
    workspace.open_preset("resnet50")
    assert heard == ["switched", "changed", "scope_changed", "selection_changed"]
    heard.clear()
    workspace.edit("add", _add("a"), select=["a"])
    assert heard == ["changed", "selection_changed"]
    heard.clear()
    workspace.select(["a"])
    assert heard == []


def test_going_into_a_block_and_its_removal(workspace: Workspace) -> None:
    document = workspace.open_preset("resnet50")
    scope = graph_paths.inside(document.analysis, "layer2")
    assert scope == "layer2.0"
    workspace.reveal("layer2.0.conv1")
    assert workspace.scope == scope
    assert workspace.block == "Bottleneck"
    assert graph_paths.scopes(scope) == [("layer2 [0]", "layer2.0")]
    workspace.edit("delete layer2", lambda d: edits.remove_node(d, "layer2"))
    assert workspace.scope == ""
    workspace.undo()
    assert workspace.scope == scope


def test_a_file_is_opened_once_saved_and_reverted(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    files.save(Design("Mine"), path)
    document = workspace.open(path)
    workspace.open_preset("lenet5")
    assert workspace.open(path) is document
    assert len(workspace.documents) == 2
    workspace.edit("add", _add("a"))
    assert document.modified
    workspace.revert()
    assert not document.modified
    assert "a" not in document.design.graph.nodes
    workspace.undo()
    assert "a" in document.design.graph.nodes
    workspace.save(document, path)
    assert files.read(path) == document.design


def test_without_a_design_there_is_an_empty_one(workspace: Workspace) -> None:
    assert not workspace.design.graph.nodes
    assert workspace.scope == ""
    with pytest.raises(DesignerError, match="No design is open"):
        workspace.edit("add", _add("a"))


def test_closing_shows_the_neighbor(workspace: Workspace) -> None:
    first = workspace.open_preset("lenet5")
    second = workspace.open_preset("vgg16")
    workspace.close(second)
    assert workspace.document is first
    workspace.close(first)
    assert workspace.document is None
