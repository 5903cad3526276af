"""The analysis never raises and never takes long, whatever the design."""

import random
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from designer.analysis.analysis import analyze
from designer.design.files import dumps, loads
from designer.design.values import Argument, Block, BlockNode, Design, Edge, Graph, LayerNode
from designer.layers.catalogue import layer_types
from tests.analysis.drawing import (
    IMAGE,
    OUTPUT,
    block,
    chain,
    design,
    facts,
    layer_node,
    parameter_value,
    random_design,
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
@example(541)  # a block's output that reads the second output of a block on a cycle
def test_random_designs(seed: int) -> None:
    made = random_design(random.Random(seed))
    found = facts(analyze(made))
    assert found["totals"].parameters >= 0
    assert facts(analyze(made)) == found  # and is a function of the design


@pytest.mark.parametrize("layer", layer_types())
def test_every_layer_on_every_kind_of_input(layer: str) -> None:
    """Shapes of one to three axes, from none to three inputs, parameters right and wrong."""
    draw = random.Random(layer)
    for _ in range(25):
        node = layer_node(draw, layer)
        shapes = draw.choice([(3, 8, 8), (4, 1, 1), (12,), (1,), (3, 5), (64, 2, 300), (1, 1, 1)])
        nodes = {"a": LayerNode("Input", {"shape": shapes}), "b": LayerNode("Input", IMAGE_SHAPE)}
        nodes |= {"n": node, "scores": LayerNode("Output")}
        edges = [Edge(draw.choice("ab"), 0, "n", port) for port in range(draw.randrange(4))]
        graph = Graph(nodes, (*edges, Edge("n", 0, "scores", 0)))
        facts(analyze(Design("d", graph=graph)))


IMAGE_SHAPE: Mapping[str, Any] = {"shape": (3, 8, 8)}
EXTREMES = [0, -1, 1, 10**9, 10**15, -(10**15), 1e-15, 1e15, True, None, "", "=", "=1", "\0", ()]


@pytest.mark.parametrize("layer", layer_types())
def test_every_parameter_takes_or_refuses_extremes(layer: str) -> None:
    draw = random.Random(layer)
    for key in layer_types()[layer].parameters:
        for value in [*EXTREMES, (10**9,) * 3, (1,) * 16, (None, True)]:
            values = {
                name: parameter_value(draw, each)
                for name, each in layer_types()[layer].parameters.items()
                if each.required
            }
            node = LayerNode(layer, {**values, key: value})
            nodes = {"a": LayerNode("Input", IMAGE_SHAPE), "n": node, "scores": LayerNode("Output")}
            edges = (Edge("a", 0, "n", 0), Edge("n", 0, "scores", 0))
            facts(analyze(Design("d", graph=Graph(nodes, edges))))


@pytest.mark.parametrize(
    "layer",
    [
        {"layer": "GroupNorm", "num_groups": 10**9},
        {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1, "groups": 10**9},
        {"layer": "ConvTranspose2d", "out_channels": 4, "kernel_size": 1, "groups": 10**9},
        {"layer": "ChannelShuffle", "groups": 10**9},
        {"layer": "AdaptiveAvgPool2d", "output_size": 100_000},
        {"layer": "AdaptiveMaxPool2d", "output_size": 100_000},
        {"layer": "Conv2d", "out_channels": 10**9, "kernel_size": 100_000},
        {"layer": "Upsample", "scale_factor": 64},
        {"layer": "LocalResponseNorm", "size": 10_000},
    ],
)
def test_large_numbers_take_no_longer(layer: dict[str, Any]) -> None:
    """No rule may loop over these numbers; the test would run for hours."""
    facts(analyze(chain(layer, layer, layer)))


def test_sizes_beyond_any_memory_are_refused() -> None:
    analysis = analyze(chain(*[{"layer": "Upsample", "scale_factor": 64}] * 40))
    (problem,) = (each for each in analysis.problems if each.code == "too-large")
    assert "larger than any memory" in problem.message


WIRE = [["x", "n", "y"]]


def test_blocks_that_multiply_without_end_are_refused() -> None:
    """Each block uses the next twice: 2^24 layers, and as many problems, would be written out."""
    blocks: dict[str, Any] = {
        f"B{number}": block(
            {"n": {"block": f"B{number + 1}"}, "m": {"block": f"B{number + 1}"}},
            [["x", "n", "m", "y"]],
        )
        for number in range(23)
    }
    nodes = {"n": {"layer": "ReLU"}, "unread": {"layer": "ReLU"}}
    blocks["B23"] = block(nodes, [*WIRE, ["n", "unread"]])
    analysis = analyze(chain({"block": "B0"}, blocks=blocks))
    assert {problem.code for problem in analysis.problems} >= {"too-large"}
    assert len(analysis.problems) < 200


def test_problems_in_nested_blocks_are_limited_with_errors_first() -> None:
    # Sixty warnings before the error: x1 .. x60 are read by nothing.
    inputs = [f"x{number}" for number in range(61)]
    inner = block(
        {"n": {"layer": "ReLU"}, "bad": {"layer": "Nothing"}}, [["x0", "n", "y"]], inputs=inputs
    )
    nodes: dict[str, Any] = {"image": IMAGE, "b": {"block": "B"}, "scores": OUTPUT}
    edges = [["image", f"b:{number}"] for number in range(61)]
    analysis = analyze(design(nodes, [*edges, ["b", "scores"]], {"B": inner}))
    assert not analysis.valid
    assert [problem.code for problem in analysis.problems][:2] == ["unknown-layer", "unread"]
    assert len(analysis.problems) == 50


def test_repeats_within_repeats_within_repeats() -> None:
    blocks = {
        "A": block({"n": {"layer": "ReLU"}}, WIRE),
        "B": block({"n": {"block": "A", "repeat": 1000}}, WIRE),
        "C": block({"n": {"block": "B", "repeat": 1000}}, WIRE),
    }
    analysis = analyze(chain({"block": "C", "repeat": 1000}, blocks=blocks))
    (problem,) = (each for each in analysis.problems if each.code == "too-large")
    assert problem.message == (
        "n: it expands to 1,000,000 layers, at most 100,000 can be built; lower a repeat"
    )
    assert problem.path == "n1.0.n"


def test_repeats_that_all_differ() -> None:
    inner = {"n": {"layer": "Conv2d", "out_channels": "=c", "kernel_size": 1}}
    blocks = {
        "A": block(inner, WIRE, c=1),
        "B": block({"n": {"block": "A", "repeat": 1000, "with": {"c": "=c + i"}}}, WIRE, c=1),
        "C": block(
            {"n": {"block": "B", "repeat": 1000, "with": {"c": "=c * 1000 + i"}}}, WIRE, c=1
        ),
    }
    analysis = analyze(
        chain({"block": "C", "repeat": 1000, "with": {"c": "=i + 1"}}, blocks=blocks)
    )
    (problem,) = analysis.problems
    assert problem.code == "too-large"
    assert problem.path == ""
    assert not analysis.valid
    assert analysis.rows() == []


def test_a_design_of_many_large_blocks() -> None:
    blocks = {
        "A": block({"n": {"layer": "ReLU"}}, WIRE),
        "B": block({"n": {"block": "A", "repeat": 1000}}, WIRE),
        "C": block({"n": {"block": "B", "repeat": 90}}, WIRE),
    }
    assert analyze(chain({"block": "C"}, blocks=blocks)).valid
    analysis = analyze(chain({"block": "C"}, {"block": "C"}, blocks=blocks))
    assert [problem.code for problem in analysis.problems] == ["too-large"]
    assert "more than 100,000 layers" in analysis.problems[0].message


def test_a_flat_design_of_many_nodes() -> None:
    names = [f"n{number}" for number in range(20_000)]
    nodes = {"image": LayerNode("Input", IMAGE_SHAPE), **dict.fromkeys(names, LayerNode("ReLU"))}
    nodes["scores"] = LayerNode("Output")
    order = [*nodes]
    edges = [Edge(one, 0, two, 0) for one, two in pairwise(order)]
    for graph in (Graph(nodes, tuple(edges)), Graph(dict(reversed(nodes.items())), tuple(edges))):
        analysis = analyze(Design("d", graph=graph))
        assert analysis.valid
        assert analysis.totals.layers == 20_002


def test_many_absent_nodes() -> None:
    names = [f"n{number}" for number in range(10_000)]
    for when in (False, "=1 > 2"):
        gone = dict.fromkeys(names, LayerNode("ReLU", {}, when))
        nodes = {"image": LayerNode("Input", IMAGE_SHAPE), **gone, "scores": LayerNode("Output")}
        edges = [Edge(one, 0, two, 0) for one, two in pairwise([*nodes])]
        joins = {f"j{number}": LayerNode("Concat") for number in range(2_000)}
        for number, name in enumerate(joins):
            edges += [Edge("image", 0, name, port) for port in (0, 2)]
            edges += [Edge(f"n{number}", 0, name, 1), Edge(name, 0, f"o{number}", 0)]
        ends = {f"o{number}": LayerNode("Output") for number in range(2_000)}
        analysis = analyze(Design("d", graph=Graph({**nodes, **joins, **ends}, tuple(edges))))
        assert analysis.valid
        assert analysis.totals.layers == 2 + 4_000
        assert {row.shape[0] for row in analysis.rows() if row.type == "Concat"} == {9}


def test_ports_far_out() -> None:
    made = design(
        {"image": IMAGE, "add": {"layer": "Add"}, "r": {"layer": "ReLU"}, "scores": OUTPUT},
        [["image", "add:999"], ["add:999", "r:999"], ["r", "scores"]],
    )
    facts(analyze(made))


def test_an_empty_design() -> None:
    analysis = analyze(Design("d"))
    assert [problem.code for problem in analysis.problems] == ["no-input", "no-output"]
    assert analysis.totals.parameters == 0
    assert analysis.rows() == []
    assert analysis.node("gone") is None
    assert analysis.node("a.b") is None


def test_unused_blocks_have_no_problems() -> None:
    inner = Graph({"n": BlockNode("B")}, ())
    made = Design("d", blocks={"B": Block({"a": Argument(1)}, ("x",), ("y",), inner)})
    assert loads(dumps(made)) == made
    assert {problem.code for problem in analyze(made).problems} == {"no-input", "no-output"}
