"""Quick fixes for mistyped parameters and open inputs, offered and applied."""

from dataclasses import replace

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.analysis.problems import Problem
from designer.design import edits
from designer.design.edits import Edit
from designer.design.values import Design, Edge, LayerNode, Value

LENET = presets.load("lenet5")


def _problem(design: Design, code: str) -> Problem:
    (found,) = [each for each in analyze(design).problems if each.code == code]
    return found


@pytest.mark.parametrize(
    ("node", "parameter", "value", "code", "labels"),
    [
        (
            "fc3",
            "out_features",
            "=clases*2",
            "expression",
            ["write =classes*2", "add the argument clases = 64", "set out_features to 64"],
        ),
        (
            "fc1",
            "out_features",
            "=widht",
            "expression",
            ["add the argument widht = 64", "set out_features to 64"],
        ),
        ("fc1", "out_features", "=1/0", "expression", ["set out_features to 64"]),
        ("fc1", "out_features", "=1 +", "expression", ["set out_features to 64"]),
        ("fc1", "out_features", -3, "parameter", ["set out_features to 1"]),
        (
            "conv1",
            "stride",
            "=step",
            "expression",
            ["add the argument step = 1", "set stride to 1"],
        ),
        ("conv1", "kernel_size", "wide", "parameter", ["set kernel_size to 3"]),
        ("conv1", "strid", 2, "unknown-parameter", ["remove strid"]),
    ],
)
def test_a_wrong_parameter_has_fixes(
    node: str, parameter: str, value: Value, code: str, labels: list[str]
) -> None:
    broken = edits.set_parameter(LENET, node, parameter, value)
    problem = _problem(broken, code)
    assert [fix.label for fix in problem.fixes] == labels
    for fix in problem.fixes:
        assert analyze(fix(broken)).problems == ()


def test_a_misspelled_layer_gets_the_type_that_was_meant() -> None:
    broken = edits.with_graph(
        LENET,
        None,
        replace(LENET.graph, nodes={**LENET.graph.nodes, "tanh1": LayerNode("Tanhh")}),
    )
    problem = _problem(broken, "unknown-layer")
    assert problem.fixes[0].label == "make it a Tanh"
    assert analyze(problem.fixes[0](broken)).problems == ()


def test_an_open_input_is_offered_an_unread_output() -> None:
    cut = edits.disconnect(LENET, Edge("flatten", 0, "fc1", 0))
    problem = _problem(cut, "unconnected-input")
    assert [fix.label for fix in problem.fixes] == ["connect flatten to it"]
    assert set(problem.fixes[0](cut).graph.edges) == set(LENET.graph.edges)


def test_an_open_input_is_offered_nothing_that_lies_behind_it() -> None:
    def lonely(design: Design) -> Design:
        return edits.add_node(design, "relu", LayerNode("ReLU"))

    edit: Edit = lonely
    problem = _problem(edit(LENET), "unconnected-input")
    assert problem.fixes == ()


def test_in_a_block_its_own_inputs_are_offered() -> None:
    resnet = presets.load("resnet18")
    block = next(iter(resnet.blocks))
    first = resnet.blocks[block].inputs[0]
    edges = [edge for edge in resnet.blocks[block].graph.edges if edge.source == first]
    for edge in edges:
        resnet = edits.disconnect(resnet, edge, block=block)
    open_inputs = [each for each in analyze(resnet).problems if each.code == "unconnected-input"]
    assert f"connect {first} to it" in [fix.label for fix in open_inputs[0].fixes]
