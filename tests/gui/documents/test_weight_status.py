"""A design beside weights, and what the canvas shows of it."""

from pathlib import Path

import pytest

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.design import edits
from designer.design.values import LayerNode
from designer.errors import DesignerError
from designer.gui.canvas import marks
from designer.gui.documents import weight_status
from designer.gui.shell.main_window import MainWindow
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin
from designer.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run of LeNet-5 that has a checkpoint; it is never opened without torch."""
    made = begin(tmp_path / "a-run", presets.load("lenet5"), Recipe())
    made.best.write_bytes(b"not read")
    return made


def edited() -> Analysis:
    """LeNet-5 with a renamed layer, a new one, and other classes."""
    design = edits.set_argument(presets.load("lenet5"), "classes", 4)
    design = edits.rename_node(design, "conv2", "second")
    (edge,) = [each for each in design.graph.edges if each.target == "fc2"]
    new = LayerNode("Linear", {"out_features": 120})
    return analyze(edits.insert_on_edge(design, edge, "more", new))


def test_what_did_not_change_keeps_its_weights(run: RunFolder) -> None:
    found = weight_status.compare(edited(), weight_status.of_run(run.path))
    assert found.name == "a-run"
    assert found.weight_status == {
        "conv1": "kept",
        "second": "kept",
        "fc1": "kept",
        "more": "new",
        "fc2": "kept",
        "fc3": "resized",
    }
    assert found.layers == {"kept": 4, "new": 1, "resized": 1}


def test_a_run_without_weights_is_refused(run: RunFolder) -> None:
    run.best.unlink()
    words = r"^a-run has no checkpoint yet: .* at the end of its first epoch"
    with pytest.raises(DesignerError, match=words):
        weight_status.of_run(run.path)


def test_a_file_is_known_by_what_a_worker_told() -> None:
    answer = {"ordered": False, "tensors": [["module.conv1.weight", [6, 1, 5, 5]]]}
    origin = weight_status.of_answer("/some/where/net.pt", answer)
    assert (origin.name, origin.ordered) == ("net.pt", False)
    found = weight_status.compare(analyze(presets.load("lenet5")), origin)
    assert found.weight_status["conv1"] == "resized"  # its bias is fresh
    assert found.layers["new"] == 4


def _marks(window: MainWindow) -> dict[str, int]:
    arrays = window.canvas.layer.arrays
    mask = marks.ANY_WEIGHT_STATUS
    bits = {path: int(arrays.bits[row]) & mask for path, row in arrays.row.items()}
    return {path: each for path, each in bits.items() if each}


def test_the_canvas_marks_what_is_kept_until_it_is_told_not_to(
    window: MainWindow, run: RunFolder
) -> None:
    workspace = window.workspace
    workspace.add(edited().design)
    action, legend = window.actions_["view.weight_status"], window.canvas.legend
    window.actions_.refresh()
    assert not action.isEnabled() and legend.isHidden() and not _marks(window)

    found = weight_status.compare(workspace.analysis, weight_status.of_run(run.path))
    workspace.compared_with(found)
    kept, new, resized = (marks.WEIGHT_STATUS[each] for each in ("kept", "new", "resized"))
    assert _marks(window) == {
        **dict.fromkeys(("conv1", "second", "fc1", "fc2"), kept),
        "more": new,
        "fc3": resized,
    }
    assert not legend.isHidden() and legend.title.text() == "Starting from a-run"
    words = [label.text() for label in legend.lines.values()]
    assert words == ["4 keep their weights", "1 with another shape, or kept in part", "1 new"]
    window.actions_.refresh()
    assert action.isEnabled() and action.isChecked()

    window.actions_["layer.freeze_kept"].trigger()
    rates = {name: node.learning_rate for name, node in workspace.design.graph.nodes.items()}
    assert [name for name, rate in rates.items() if rate == 0] == ["conv1", "second", "fc1", "fc2"]
    assert "is frozen already" in window.actions_.refusal("layer.freeze_kept")
    assert len(_marks(window)) == 6

    legend.close_.click()
    assert not _marks(window) and legend.isHidden()
    action.trigger()
    assert len(_marks(window)) == 6 and not legend.isHidden()
    legend.close_.click()
    workspace.compared_with(None)
    workspace.compared_with(found)  # another choice shows itself again
    assert len(_marks(window)) == 6
