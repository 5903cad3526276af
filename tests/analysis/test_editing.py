"""Edits that know shapes: removing and adding nodes, verdicts on edges."""

import pytest

from designer.analysis.analysis import analyze
from designer.analysis.assist import editing
from designer.analysis.assist.connecting import Connecting
from designer.design import edits
from designer.design.values import BlockNode, Design, Edge, LayerNode, Node
from designer.layers.catalogue import layer_types
from tests.analysis.drawing import IMAGE, OUTPUT, block, chain, design

CONV = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}
RELU = LayerNode("ReLU")
FLATTEN = {"layer": "Flatten"}
LINEAR = {"layer": "Linear", "out_features": 10}


def residual() -> Design:
    nodes = {
        "image": IMAGE,
        "conv": CONV,
        "act": {"layer": "ReLU"},
        "add": {"layer": "Add"},
        "scores": OUTPUT,
    }
    return design(nodes, [["image", "conv", "act", "add", "scores"], ["conv", "add:1"]])


def edges(after: Design, block: str | None = None) -> set[tuple[str, str, int]]:
    return {(one, two, port) for one, _, two, port in after.graph_of(block).edges}


# Removing


def test_removal_joins_neighbors_where_the_shapes_allow_it() -> None:
    before = chain(CONV, {"layer": "MaxPool2d", "kernel_size": 2}, FLATTEN, LINEAR)
    after = editing.remove(analyze(before), ["n2"])
    assert ("n1", "n3", 0) in edges(after)
    after = editing.remove(analyze(before), ["n1", "n2"])
    assert ("image", "n3", 0) in edges(after)
    after = editing.remove(analyze(before), ["n3"])  # a Linear takes no image
    assert not any(target == "n4" for _, target, _ in edges(after))


def test_removal_joins_nodes_that_had_errors_before() -> None:
    before = chain(CONV, {"layer": "ReLU"}, LINEAR)
    assert ("n1", "n3", 0) in edges(editing.remove(analyze(before), ["n2"]))


def test_a_join_closes_the_gap_of_a_removed_edge() -> None:
    before = residual()
    assert edges(editing.remove(analyze(before), ["act"])) >= {
        ("conv", "add", 0),
        ("conv", "add", 1),
    }
    cut = editing.remove(analyze(before), ["conv"], [])
    assert ("image", "add", 1) in edges(cut)
    after = editing.remove(analyze(before), [], [Edge("act", 0, "add", 0)])
    assert ("conv", "add", 0) in edges(after)
    assert ("conv", "add", 1) not in edges(after)
    assert editing.disconnect(before, Edge("act", 0, "add", 0)) == after


def test_removal_checks_the_inside_of_a_block_that_it_would_join() -> None:
    head = block({"fc": LINEAR}, [["x", "fc", "y"]])
    before = chain(FLATTEN, {"block": "Head"}, blocks={"Head": head})
    after = editing.remove(analyze(before), ["n1"])
    assert not any(target == "n2" for _, target, _ in edges(after))
    before = chain({"layer": "ReLU"}, FLATTEN, {"block": "Head"}, blocks={"Head": head})
    assert ("image", "n2", 0) in edges(editing.remove(analyze(before), ["n1"]))
    before = chain(CONV, FLATTEN, {"layer": "ReLU"}, {"block": "Head"}, blocks={"Head": head})
    assert ("n2", "n4", 0) in edges(editing.remove(analyze(before), ["n3"]))


def test_removal_in_a_block() -> None:
    inner = block({"a": CONV, "b": {"layer": "ReLU"}}, [["x", "a", "b", "y"]])
    before = chain({"block": "B"}, blocks={"B": inner})
    after = editing.remove(analyze(before), ["a", "b"], block="B")
    assert after.blocks["B"].graph.edges == (Edge("x", 0, "y", 0),)


# Adding


def test_adding_behind_a_node() -> None:
    before = residual()
    after, name = editing.add_after(before, "bn", RELU, "act")
    assert name == "bn"
    assert edges(after) >= {("act", "bn", 0), ("bn", "add", 0)}
    assert list(after.graph.nodes)[2:5] == ["act", "bn", "add"]
    after, _ = editing.add_after(before, "bn", RELU, "conv")  # which has two readers
    assert edges(after) - edges(before) == {("conv", "bn", 0)}
    after, _ = editing.add_after(before, "bn", RELU, "scores")
    assert edges(after) >= {("add", "bn", 0), ("bn", "scores", 0)}
    after, _ = editing.add_after(before, "bn", RELU, None)
    assert edges(after) == edges(before)
    after, _ = editing.add_after(before, "out", LayerNode("Output"), "act")
    assert edges(after) - edges(before) == {("act", "out", 0)}
    after, _ = editing.add_after(before, "data", LayerNode("Input"), "act")
    assert edges(after) == edges(before)


def test_adding_at_the_ends_of_a_block() -> None:
    inner = block({"a": CONV}, [["x", "a", "y"]])
    before = chain({"block": "B"}, blocks={"B": inner})
    after, _ = editing.add_after(before, "first", RELU, "x", block="B")
    assert edges(after, "B") == {("x", "first", 0), ("first", "a", 0), ("a", "y", 0)}
    after, _ = editing.add_after(before, "last", RELU, "y", block="B")
    assert edges(after, "B") == {("x", "a", 0), ("a", "last", 0), ("last", "y", 0)}


def test_adding_in_front_of_an_output_that_nothing_enters() -> None:
    before = edits.add_node(Design("d"), "scores", LayerNode("Output"))
    after, _ = editing.add_after(before, "relu", RELU, "scores")
    assert edges(after) == {("relu", "scores", 0)}


@pytest.mark.parametrize("layer", [*layer_types()])
def test_every_layer_begins_with_values_that_are_allowed(layer: str) -> None:
    node = editing.starting_node(layer, (8, 16, 16))
    before = chain()
    after, name = editing.add_after(before, "new", node, "image")
    result = analyze(after).node(name)
    assert result is not None and result.layer is not None, result
    assert set(node.parameters) >= layer_types()[layer].required


def test_values_to_begin_with_suit_the_input() -> None:
    node = editing.starting_node("GroupNorm", (6, 8, 8))
    assert node.parameters == {"num_groups": 6}
    assert editing.starting_node("GroupNorm", (64, 8, 8)).parameters == {}
    assert editing.takes("Conv2d", (3, 8, 8)) and not editing.takes("Conv2d", (10,))
    assert editing.takes("ReLU", None) and not editing.takes("Input", None)


# Replacing


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        (CONV, "DepthwiseConv2d", {"kernel_size": 3, "padding": 1}),
        (CONV, "MaxPool2d", {"kernel_size": 3, "padding": 1}),
        (CONV, "ReLU", {}),
        (CONV, "Linear", {"out_features": 4}),
        ({**CONV, "padding": "same"}, "MaxPool2d", {"kernel_size": 3}),
        ({**CONV, "kernel_size": "=k"}, "AvgPool2d", {"kernel_size": "=k", "padding": 1}),
    ],
)
def test_replacing_keeps_what_both_have(
    old: dict[str, object], new: str, kept: dict[str, object]
) -> None:
    before = chain(old)
    after = editing.replacement(before, "n1", editing.starting_node(new))
    node = after.graph.nodes["n1"]
    assert isinstance(node, LayerNode)
    assert (node.layer, {**node.parameters}) == (new, kept)
    assert after.graph.edges == before.graph.edges


def test_replacing_keeps_edges_that_still_have_ports() -> None:
    before = residual()
    after = editing.replacement(before, "add", RELU)
    assert ("act", "add", 0) in edges(after)
    assert ("conv", "add", 1) not in edges(after)
    after = editing.replacement(before, "conv", LayerNode("Output"))
    assert not any(source == "conv" for source, _, _ in edges(after))
    after = editing.replacement(before, "conv", editing.starting_node("Input"))
    assert not any(target == "conv" for _, target, _ in edges(after))
    assert editing.replacement(before, "act", RELU) is before


# What an edge would do


def blocks() -> Design:
    head = block({"flat": FLATTEN, "fc": LINEAR}, [["x", "flat", "fc", "y"]])
    only = block({"fc": LINEAR}, [["x", "fc", "y"]])
    nodes = {
        "image": IMAGE,
        "conv": CONV,
        "wide": {**CONV, "out_channels": 6},
        "add": {"layer": "Add"},
        "head": {"block": "Head"},
        "bare": {"block": "Bare"},
        "fc": LINEAR,
        "scores": OUTPUT,
    }
    return design(
        nodes,
        [["image", "conv", "add", "head", "scores"], ["image", "wide"]],
        {"Head": head, "Bare": only},
    )


def connecting(name: str = "wide", **more: object) -> Connecting:
    output = more.pop("output", True)
    return Connecting(analyze(blocks()), "", None, name, 0, output=bool(output), **more)  # type: ignore[arg-type]


def test_the_verdict_on_an_edge() -> None:
    wide = connecting()
    assert wide.judge("add", 1).kind == "problem"
    assert wide.judge("add", 1).sentence == "add: inputs differ in channels (4×8×8 and 6×8×8)."
    verdict = wide.judge("fc", 0)
    assert verdict.kind == "problem" and verdict.sentence.startswith("fc: ")
    assert wide.judge("add", 0).kind == "refused"
    assert "has an edge from 'conv' already" in wide.judge_fully("add", 0).sentence
    assert wide.judge("image", 0).kind == "refused"
    assert connecting("conv").judge("add", 1).kind == "fits"
    assert "would close a cycle" in connecting("add").judge_fully("conv", 0).sentence
    assert wide.shape() == (6, 8, 8)


def test_only_the_full_verdict_checks_the_inside_of_a_block() -> None:
    wide = connecting()
    assert wide.judge("bare", 0).kind == "fits"
    verdict = wide.judge_fully("bare", 0)
    assert verdict.kind == "problem" and "fc: " in verdict.sentence
    assert wide.judge_node("bare") == verdict
    assert connecting("head").judge_fully("bare", 0).kind == "fits"


def test_the_next_free_port_is_taken() -> None:
    conv = connecting("conv")
    assert conv.judge_node("add").edge == Edge("conv", 0, "add", 1)
    assert conv.judge_node("head").sentence == (
        "The input of head already has an edge; remove that edge first."
    )
    assert "would close a cycle" in conv.judge_node("image").sentence
    other = connecting("fc").judge_node("image")
    assert other.sentence == "image has no inputs; draw an edge from it instead."
    assert editing.next_port(blocks(), "head") is None
    assert editing.next_port(blocks(), "add") == 1
    assert editing.next_port(blocks(), "x", "Head") == 0


def test_from_an_input_back_to_an_output() -> None:
    back = connecting("fc", output=False)
    assert back.judge("wide", 0).kind == "problem"
    assert back.judge("head", 0).kind == "fits"
    assert back.judge_node("head").edge == Edge("head", 0, "fc", 0)
    assert back.shape() is None
    cycle = connecting("conv", output=False)
    assert cycle.judge("add", 0).kind == "refused"


def test_an_edge_in_place_of_another() -> None:
    again = connecting("conv", instead=Edge("conv", 0, "add", 0))
    assert again.judge("add", 0).kind == "fits"
    other = connecting("wide", instead=Edge("conv", 0, "add", 0))
    assert other.judge("add", 0).kind == "fits"
    assert "add" not in {edge.target for edge in other.graph.edges}


def test_within_a_block() -> None:
    before = blocks()
    inner = Connecting(analyze(before), "head", "Head", "x", 0, output=True)
    assert inner.shape() == (4, 8, 8)
    assert inner.judge("fc", 0).kind == "refused"
    cut = edits.disconnect(before, Edge("flat", 0, "fc", 0), block="Head")
    inner = Connecting(analyze(cut), "head", "Head", "x", 0, output=True)
    assert inner.judge("fc", 0).kind == "problem"
    assert inner.judge("y", 0).kind == "refused"


def test_ports() -> None:
    some = blocks()
    nodes: list[tuple[Node, int, int]] = [
        (LayerNode("Add"), 256, 1),
        (LayerNode("Output"), 1, 0),
        (LayerNode("Input"), 0, 1),
        (BlockNode("Head"), 1, 1),
        (BlockNode("Gone"), 1000, 1),
        (LayerNode("Gone"), 1000, 1),
    ]
    for node, takes, gives in nodes:
        assert editing.input_ports(some, node) == takes
        assert editing.output_ports(some, node) == gives
