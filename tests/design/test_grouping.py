"""Grouping nodes into a block and dissolving it: the network stays the same."""

import random

import pytest

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.analysis.assist import editing
from designer.analysis.evaluation.learning_rates import learning_rate_factors
from designer.codegen.source import source
from designer.design import edits
from designer.design.dissolving import dissolve
from designer.design.files import dumps, loads
from designer.design.grouping import group
from designer.design.values import BlockNode, Design, Edge, LayerNode, Point
from designer.errors import DesignerError
from tests.analysis.drawing import IMAGE, OUTPUT, block, chain, design, tidy_design

RELU = {"layer": "ReLU"}
CONV = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}


def counts(analysis: Analysis) -> object:
    """Return the totals that grouping must not change.

    Memory may change, since the storage of a block's input belongs to the graph around it.
    """
    totals = analysis.totals
    return (
        analysis.valid,
        (totals.layers, totals.parameters, totals.buffers, totals.macs, totals.output_values),
        [(port.shape, port.auxiliary) for port in analysis.outputs],
    )


def residual() -> Design:
    nodes = {
        "image": IMAGE,
        "stem": CONV,
        "conv": {**CONV, "out_channels": "=width"},
        "act": RELU,
        "side": {**CONV, "out_channels": "=width"},
        "add": {"layer": "Add"},
        "scores": OUTPUT,
    }
    edges = [["image", "stem", "conv", "act", "add", "scores"], ["stem", "side", "add:1"]]
    return design(nodes, edges, width=6)


def test_a_chain_becomes_a_block() -> None:
    before = residual()
    after = group(before, ["conv", "act"], "Branch", "branch")
    made = after.blocks["Branch"]
    assert (made.inputs, made.outputs) == (("x",), ("y",))
    assert made.graph.edges == (
        Edge("conv", 0, "act", 0),
        Edge("x", 0, "conv", 0),
        Edge("act", 0, "y", 0),
    )
    assert made.arguments == before.arguments
    assert after.graph.nodes["branch"] == BlockNode("Branch", {"width": "=width"})
    assert list(after.graph.nodes) == ["image", "stem", "branch", "side", "add", "scores"]
    assert counts(analyze(after)) == counts(analyze(before))
    assert dumps(loads(dumps(after))) == dumps(after)


def test_a_source_that_is_read_twice_is_one_input_and_port_order_stays() -> None:
    before = residual()
    after = group(before, ["conv", "act", "side", "add"], "Residual", "residual")
    made = after.blocks["Residual"]
    assert made.inputs == ("x",)
    assert {Edge("x", 0, "conv", 0), Edge("x", 0, "side", 0)} <= set(made.graph.edges)
    assert Edge("side", 0, "add", 1) in made.graph.edges
    assert counts(analyze(after)) == counts(analyze(before))


def test_several_inputs_and_outputs() -> None:
    before = residual()
    pair = group(before, ["act", "side"], "Pair", "pair")
    made = pair.blocks["Pair"]
    assert (made.inputs, made.outputs) == (("x", "x2"), ("y", "y2"))
    assert [edge for edge in pair.graph.edges if "pair" in edge] == [
        Edge("conv", 0, "pair", 0),
        Edge("pair", 0, "add", 0),
        Edge("stem", 0, "pair", 1),
        Edge("pair", 1, "add", 1),
    ]
    assert counts(analyze(pair)) == counts(analyze(before))
    assert dissolve(pair, "pair").graph.nodes == before.graph.nodes


def test_loose_nodes_get_ends() -> None:
    before = edits.add_node(Design("d"), "relu", LayerNode("ReLU"))
    after = group(before, ["relu"], "One", "one")
    assert after.blocks["One"].graph.edges == (Edge("x", 0, "relu", 0), Edge("relu", 0, "y", 0))
    assert after.graph.edges == ()


def test_sizes_of_the_block_around_are_passed_on() -> None:
    wide = {**CONV, "out_channels": "=2 * in_channels"}
    stage = block({"first": CONV, "second": wide}, [["x", "first", "second", "y"]])
    before = chain({"block": "Stage"}, blocks={"Stage": stage})
    after = group(before, ["second"], "Twice", "twice", block="Stage")
    use = after.blocks["Stage"].graph.nodes["twice"]
    assert use == BlockNode("Twice", {"outer_channels": "=in_channels"})
    assert counts(analyze(after)) == counts(analyze(before))
    back = editing.dissolve(analyze(after), "twice", block="Stage")
    assert back.blocks["Stage"].graph.nodes == before.blocks["Stage"].graph.nodes


def test_the_block_lies_where_the_nodes_lay() -> None:
    before = edits.move(residual(), {"conv": Point(0, 100), "act": Point(40, 200)})
    after = group(before, ["conv", "act"], "Branch", "branch")
    assert after.graph.nodes["branch"].at == Point(20, 100)
    back = dissolve(edits.move(after, {"branch": Point(30, 110)}), "branch")
    assert back.graph.nodes["conv"].at == Point(10, 110)
    assert back.graph.nodes["act"].at == Point(50, 210)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "Select the nodes to be grouped first."),
        (["image", "stem"], "image is an Input, which cannot be in a block; leave it out"),
        (["add", "scores"], "scores is an Output, which cannot be in a block"),
        (["stem", "add"], "lies between the selected nodes, on the path to"),
    ],
)
def test_what_cannot_be_grouped(names: list[str], words: str) -> None:
    with pytest.raises(DesignerError, match=words):
        group(residual(), names, "Made", "made")


def test_names_that_cannot_be_given() -> None:
    with pytest.raises(DesignerError, match="'a b' is not a valid name"):
        group(residual(), ["act"], "a b", "made")
    with pytest.raises(DesignerError, match="'stem' cannot be the name of the new node"):
        group(residual(), ["act"], "Made", "stem")


def test_a_repeated_block_is_written_out() -> None:
    wide = {**CONV, "out_channels": "=channels", "stride": "=stride"}
    stage = block({"conv": wide, "act": RELU}, [["x", "conv", "act", "y"]], channels=4, stride=1)
    use = {
        "block": "Stage",
        "repeat": 3,
        "with": {"channels": "=width * (i + 1)", "stride": "=2 if i == 1 else 1"},
    }
    before = chain(use, blocks={"Stage": stage}, width=4)
    after = dissolve(before, "n1")
    assert list(after.graph.nodes) == [
        "image", "n1_0_conv", "n1_0_act", "n1_1_conv", "n1_1_act", "n1_2_conv", "n1_2_act",
        "scores",
    ]  # fmt: skip
    conv = after.graph.nodes["n1_1_conv"]
    assert isinstance(conv, LayerNode)
    assert (conv.parameters["out_channels"], conv.parameters["stride"]) == ("=width * 2", 2)
    assert counts(analyze(after)) == counts(analyze(before))


def test_a_wire_through_a_block_becomes_an_edge() -> None:
    through = block({"act": RELU}, [["x", "act", "y"], ["x", "z"]], outputs=["y", "z"])
    before = design(
        {"image": IMAGE, "b": {"block": "B"}, "add": {"layer": "Add"}, "scores": OUTPUT},
        [["image", "b", "add", "scores"], ["b:1", "add:1"]],
        {"B": through},
    )
    after = dissolve(before, "b")
    assert set(after.graph.edges) == {
        Edge("image", 0, "act", 0),
        Edge("act", 0, "add", 0),
        Edge("image", 0, "add", 1),
        Edge("add", 0, "scores", 0),
    }


def test_sizes_that_a_block_reads_become_numbers() -> None:
    wide = {**CONV, "out_channels": "=2 * in_channels"}
    stage = block({"conv": wide}, [["x", "conv", "y"]])
    before = chain({"block": "Stage", "repeat": 2}, blocks={"Stage": stage})
    with pytest.raises(DesignerError, match="conv reads in_channels of n1, which is not known"):
        dissolve(before, "n1")
    after = editing.dissolve(analyze(before), "n1")
    found = [node.parameters["out_channels"] for node in after.graph.nodes.values()
             if isinstance(node, LayerNode) and node.layer == "Conv2d"]  # fmt: skip
    assert found == [6, 12]
    assert counts(analyze(after)) == counts(analyze(before))


def test_factors_of_learning_rates_stay_what_they_are() -> None:
    stage = block({"conv": {**CONV, "lr_scale": "=speed / 2"}}, [["x", "conv", "y"]], speed=4)
    use = {"block": "Stage", "repeat": 2, "lr_scale": "=i + 0.5"}
    before = chain(use, blocks={"Stage": stage})
    assert list(learning_rate_factors(analyze(before).top).values()) == [1.0, 3.0]
    after = editing.dissolve(analyze(before), "n1")
    names = [name for name in after.graph.nodes if name not in ("image", "scores")]
    assert [after.graph.nodes[name].learning_rate for name in names] == [1.0, 3.0]
    grouped = group(after, names, "Made", "made")
    assert list(learning_rate_factors(analyze(grouped).top).values()) == [1.0, 3.0]


def test_sizes_that_differ_between_uses_are_not_guessed() -> None:
    inner = block({"conv": {**CONV, "out_channels": "=2 * in_channels"}}, [["x", "conv", "y"]])
    outer = block({"use": {"block": "Inner"}}, [["x", "use", "y"]])
    before = chain({"block": "Outer", "repeat": 2}, blocks={"Inner": inner, "Outer": outer})
    with pytest.raises(DesignerError, match="reads in_channels of use, which is not known"):
        editing.dissolve(analyze(before), "use", block="Outer")


@pytest.mark.parametrize(
    ("use", "words"),
    [
        ({"when": "=flag"}, "b only exists when flag; its nodes would always exist"),
        ({"repeat": "=times"}, "b is repeated times times; give it a fixed number first"),
        ({"repeat": 0}, "b is repeated 0 times; remove it instead"),
        ({"repeat": 1000}, "b has 1 nodes, repeated 1000 times; at most 400 can replace it"),
        ({"with": {"n": "=1 +"}}, "The expression '=1 \\+' has nothing where a value is"),
    ],
)
def test_what_cannot_be_dissolved(use: dict[str, object], words: str) -> None:
    stage = block({"act": RELU}, [["x", "act", "y"]], n=1)
    before = design(
        {"image": IMAGE, "b": {"block": "B", **use}, "scores": OUTPUT},
        [["image", "b", "scores"]],
        {"B": stage},
        flag=True,
        times=2,
    )
    with pytest.raises(DesignerError, match=words):
        dissolve(before, "b")
    with pytest.raises(DesignerError, match="'scores' is not a block, so it cannot be dissolved"):
        dissolve(before, "scores")


@pytest.mark.parametrize("seed", range(150))
def test_group_and_dissolve_keep_what_is_computed(seed: int) -> None:
    draw = random.Random(seed)
    names = ["lenet5", "resnet18", "resnet50", "googlenet"]
    before = presets.load(draw.choice(names)) if seed % 5 == 0 else tidy_design(draw)
    place = draw.choice([None, None, *before.blocks])
    graph = before.graph_of(place)
    nodes = [name for name in graph.nodes if name not in ("image", "scores", "aux")]
    first = draw.randrange(len(nodes))
    chosen = nodes[first : first + draw.randrange(1, 6)]
    try:
        grouped = group(before, chosen, "Made", "made", block=place)
    except DesignerError as error:
        assert "select it too" in str(error) or "stays outside" in str(error)  # noqa: PT017
        return
    back = editing.dissolve(analyze(grouped), "made", block=place)
    assert set(back.graph_of(place).edges) == set(graph.edges) or "made" in str(back)
    one = analyze(before)
    if one.valid:
        for each in (grouped, back):
            assert dumps(loads(dumps(each))) == dumps(each)
            assert counts(analyze(each)) == counts(one)
            compile(source(each), "model.py", "exec")
