"""Freezing in the window: actions, the inspector's field, the canvas's marks, the totals."""

from designer.gui.canvas import marks
from designer.gui.shell.main_window import MainWindow


def _trigger(window: MainWindow, key: str) -> None:
    window.actions_.refresh()
    assert window.actions_[key].isEnabled(), window.actions_.refusal(key)
    window.actions_[key].trigger()


def _frozen(window: MainWindow) -> set[str]:
    arrays = window.canvas.layer.arrays
    return {path for path, row in arrays.row.items() if arrays.bits[row] & marks.FROZEN}


def test_selected_nodes_are_frozen_and_unfrozen_in_one_step_each(window: MainWindow) -> None:
    workspace = window.workspace
    workspace.open_preset("resnet18")
    workspace.select({"conv1", "bn1", "relu", "layer1"})
    _trigger(window, "layer.freeze")
    document = workspace.document
    assert document is not None and [step.label for step in document.past] == ["Freeze 3 nodes"]
    rates = {name: node.learning_rate for name, node in workspace.design.graph.nodes.items()}
    assert [name for name, rate in rates.items() if rate == 0] == ["conv1", "bn1", "layer1"]
    assert _frozen(window) == {"conv1", "bn1", "layer1"}
    assert window.actions_.refusal("layer.freeze") == "The selection is frozen already."

    window.canvas.view.toggle_expanded("layer1")
    assert {"layer1.0.conv1", "layer1.0.bn1"} <= _frozen(window)
    workspace.select({"layer1.0.conv1"})
    assert "frozen by a block around it" in window.actions_.refusal("layer.unfreeze")

    workspace.select({"layer1", "fc"})
    _trigger(window, "layer.unfreeze")
    assert [step.label for step in document.past][1:] == ["Unfreeze layer1"]
    assert _frozen(window) == {"conv1", "bn1"}
    workspace.undo()
    workspace.undo()
    assert _frozen(window) == set() and workspace.analysis.totals.frozen == 0


def test_what_cannot_learn_cannot_be_frozen(window: MainWindow) -> None:
    window.workspace.open_preset("lenet5")
    window.workspace.select({"image"})
    assert "Select a block, or a layer with weights" in window.actions_.refusal("layer.freeze")
    window.workspace.select({"conv1"})
    assert window.actions_.refusal("layer.unfreeze") == "No selected node is frozen."


def test_the_inspector_has_the_factor_of_what_learns(window: MainWindow) -> None:
    workspace = window.workspace
    workspace.open_preset("lenet5")
    inspector = window.editor.docks["inspector"].widget()
    workspace.select({"pool1"})
    inspector.refresh()
    assert "learning_rate" not in inspector.form.fields
    workspace.select({"conv1", "fc1"})
    inspector.refresh()
    row = inspector.form.fields["learning_rate"].row
    assert row.label == "Learning rate ×" and row.value == 1
    workspace.edit(row.step, row.change(row.field_type.check(0.1)))
    nodes = workspace.design.graph.nodes
    assert [nodes[name].learning_rate for name in ("conv1", "fc1")] == [0.1, 0.1]
    workspace.edit("reset", row.reset)
    assert nodes["conv1"].learning_rate == 0.1
    assert workspace.design.graph.nodes["conv1"].learning_rate == 1


def test_the_totals_tell_what_learns_once_something_is_frozen(window: MainWindow) -> None:
    workspace = window.workspace
    workspace.open_preset("lenet5")
    memory = window.editor.docks["analysis"].widget().memory
    memory.show_totals(workspace.analysis.totals)
    figure = memory.values["trainable"]
    assert figure.isHidden()
    workspace.select({"fc1"})
    _trigger(window, "layer.freeze")
    memory.show_totals(workspace.analysis.totals)
    assert not figure.isHidden()
    assert figure.value.text() == "13.6K of 61.7K"
    assert "48,120 are frozen" in figure.toolTip()
