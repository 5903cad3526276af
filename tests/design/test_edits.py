"""Edits: the new design, the unchanged old one, and the parts that both share."""

import copy
from collections.abc import Callable
from itertools import pairwise

import pytest

from designer.design import edits, naming
from designer.design.files import dumps
from designer.design.values import (
    Argument,
    Block,
    BlockNode,
    Design,
    Edge,
    Graph,
    LayerNode,
    Point,
)
from designer.errors import DesignerError

RELU = LayerNode("ReLU")


def path(*names: str) -> tuple[Edge, ...]:
    return tuple(Edge(one, 0, two, 0) for one, two in pairwise(names))


def example() -> Design:
    inner = Graph(
        {"conv": LayerNode("Conv2d", {"out_channels": "=channels", "kernel_size": 3}), "act": RELU},
        path("x", "conv", "act", "y"),
    )
    return Design(
        "Example",
        arguments={"classes": Argument(10, 1), "alpha": Argument(1.0, choices=(0.5, 1.0))},
        blocks={
            "Stage": Block({"channels": Argument(8)}, ("x",), ("y",), inner),
            "Other": Block({}, ("x",), ("y",), Graph({"act": RELU}, path("x", "act", "y"))),
        },
        graph=Graph(
            {
                "image": LayerNode("Input", {"shape": (3, 8, 8)}),
                "conv": LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 1}),
                "relu": RELU,
                "stage": BlockNode("Stage", {"channels": 4}),
                "add": LayerNode("Add"),
                "scores": LayerNode("Output"),
            },
            (
                *path("image", "conv", "relu", "stage", "add", "scores"),
                Edge("conv", 0, "add", 1),
            ),
        ),
    )


EDITS: dict[str, edits.Edit] = {
    "set_argument": lambda design: edits.set_argument(design, "classes", 5),
    "set_parameter": lambda design: edits.set_parameter(design, "conv", "out_channels", 5),
    "set_parameter in a block": lambda design: edits.set_parameter(
        design, "conv", "kernel_size", 5, block="Stage"
    ),
    "remove_parameter": lambda design: edits.remove_parameter(design, "conv", "kernel_size"),
    "remove_parameter of a block": lambda design: edits.remove_parameter(
        design, "stage", "channels"
    ),
    "set_block_argument": lambda design: edits.set_block_argument(design, "stage", "channels", 7),
    "add_node": lambda design: edits.add_node(design, "new", RELU),
    "add_node in a block": lambda design: edits.add_node(design, "new", RELU, block="Stage"),
    "remove_node": lambda design: edits.remove_node(design, "relu"),
    "remove_node unhealed": lambda design: edits.remove_node(design, "relu", heal=False),
    "connect": lambda design: edits.connect(design, Edge("relu", 0, "add", 2)),
    "disconnect": lambda design: edits.disconnect(design, Edge("conv", 0, "add", 1)),
    "remove_nodes": lambda design: edits.remove_nodes(design, ["relu"]),
    "take_out": lambda design: edits.take_out(design, "relu"),
    "rename_node": lambda design: edits.rename_node(design, "relu", "act"),
    "replace_node": lambda design: edits.replace_node(design, "relu", LayerNode("ELU")),
    "set_when": lambda design: edits.set_when(design, "relu", "=classes > 5"),
    "set_learning_rate": lambda design: edits.set_learning_rate(design, "stage", 0),
    "set_repeat": lambda design: edits.set_repeat(design, "stage", 3),
    "move": lambda design: edits.move(design, {"relu": Point(1, 2)}),
    "reconnect": lambda design: edits.reconnect(
        design, Edge("conv", 0, "add", 1), Edge("relu", 0, "add", 1)
    ),
    "insert_on_edge": lambda design: edits.insert_on_edge(
        design, Edge("conv", 0, "relu", 0), "bn", LayerNode("BatchNorm2d")
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_do_and_undo(edit: Callable[[Design], Design]) -> None:
    """The old design is unchanged, so undo is a return to it."""
    before = example()
    copied, text = copy.deepcopy(before), dumps(before)
    after = edit(before)
    assert after != before
    assert before == copied
    assert dumps(before) == text
    assert edit(before) == after  # redo


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_what_is_not_touched_is_shared(edit: Callable[[Design], Design]) -> None:
    before = example()
    after = edit(before)
    same = 0
    for name, node in before.graph.nodes.items():
        same += after.graph.nodes.get(name) is node
    for name, block in before.blocks.items():
        same += after.blocks[name] is block
        for inner, node in block.graph.nodes.items():
            same += after.blocks[name].graph.nodes.get(inner) is node
    every = len(before.graph.nodes) + 2 + 3
    changed_block = [name for name in before.blocks if after.blocks[name] != before.blocks[name]]
    assert same >= every - 1 - len(changed_block)
    if after.blocks == before.blocks:
        assert after.blocks is before.blocks
    if after.graph == before.graph:
        assert after.graph is before.graph
    if after.arguments == before.arguments:
        assert after.arguments is before.arguments
    if after.graph.edges == before.graph.edges:
        assert after.graph.edges is before.graph.edges


@pytest.mark.parametrize("factor", [-1, float("nan"), True, "fast", None, 1e20])
def test_a_learning_rate_is_multiplied_by_a_number_from_0_on(factor: object) -> None:
    with pytest.raises(
        DesignerError, match="for the learning rate of 'relu' is a number from 0 on"
    ):
        edits.set_learning_rate(example(), "relu", factor)  # type: ignore[arg-type]
    after = edits.set_learning_rate(example(), "relu", "=1 / classes")
    assert after.graph.nodes["relu"].learning_rate == "=1 / classes"


def test_set_argument_keeps_the_kind_of_the_default() -> None:
    after = edits.set_argument(example(), "alpha", 1)
    assert after.arguments["alpha"] == Argument(1.0, choices=(0.5, 1.0))
    assert type(after.arguments["alpha"].default) is float
    again = edits.set_argument(edits.set_argument(example(), "alpha", 0.5), "alpha", 1)
    assert again.arguments["alpha"].default == 1


def test_set_argument_in_a_mixed_list_of_choices() -> None:
    design = Design("d", arguments={"width": Argument(1, choices=(0.5, 1, 2))})
    half = edits.set_argument(design, "width", 0.5)
    back = edits.set_argument(half, "width", 1)
    assert back == design
    assert type(edits.set_argument(design, "width", 2.0).arguments["width"].default) is int


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (
            lambda d: edits.set_argument(d, "klasses", 1),
            "Example has no argument 'klasses'; its arguments are: classes, alpha.",
        ),
        (
            lambda d: edits.set_argument(d, "classes", 0),
            "The argument 'classes' of Example must be at least 1; received 0.",
        ),
        (lambda d: edits.set_argument(d, "alpha", float("nan")), "takes one of 0.5, 1.0"),
        (lambda d: edits.set_parameter(d, "gone", "p", 1), "There is no node 'gone' here"),
        (lambda d: edits.set_parameter(d, "stage", "p", 1), "'stage' is a block; set its argu"),
        (lambda d: edits.set_block_argument(d, "conv", "p", 1), "'conv' is a layer; set its para"),
        (lambda d: edits.remove_parameter(d, "gone", "p"), "There is no node 'gone' here"),
        (lambda d: edits.remove_node(d, "gone"), "There is no node 'gone' here"),
        (
            lambda d: edits.add_node(d, "conv", RELU),
            "The name 'conv' is taken already; choose another",
        ),
        (lambda d: edits.add_node(d, "train", RELU), "'train' is used by PyTorch"),
        (lambda d: edits.add_node(d, "__class__", RELU), "'__class__' is not a valid name"),
        (lambda d: edits.add_node(d, "x", RELU, block="Stage"), "The name 'x' is taken already"),
        (lambda d: edits.add_node(d, "y", RELU, block="Stage"), "The name 'y' is taken already"),
        (
            lambda d: edits.connect(d, Edge("image", 0, "relu", 0)),
            "Input 0 of 'relu' has an edge from 'conv' already; remove that first.",
        ),
        (
            lambda d: edits.connect(d, Edge("add", 0, "image", 0)),
            "An edge from 'add' to 'image' would close a cycle; data flows one way.",
        ),
        (lambda d: edits.connect(d, Edge("add", 0, "add", 5)), "would close a cycle"),
        (lambda d: edits.connect(d, Edge("gone", 0, "add", 5)), "there is no 'gone'"),
        (lambda d: edits.connect(d, Edge("conv", 0, "gone", 0)), "there is no 'gone'"),
        (lambda d: edits.connect(d, Edge("x", 0, "add", 5)), "there is no 'x'"),
        (lambda d: edits.connect(d, Edge("y", 0, "act", 1), block="Stage"), "there is no 'y'"),
        (lambda d: edits.connect(d, Edge("act", 0, "x", 0), block="Stage"), "there is no 'x'"),
        (lambda d: edits.connect(d, Edge("conv", 0, "add", -1)), "numbered from 0 to 999"),
        (lambda d: edits.connect(d, Edge("conv", 1000, "add", 2)), "numbered from 0 to 999"),
        (
            lambda d: edits.disconnect(d, Edge("conv", 0, "add", 7)),
            "There is no edge from 'conv' to input 7 of 'add'",
        ),
        (
            lambda d: edits.insert_on_edge(d, Edge("conv", 0, "add", 7), "bn", RELU),
            "There is no edge from 'conv' to input 7 of 'add'",
        ),
    ],
)
def test_refusals(edit: Callable[[Design], Design], words: str) -> None:
    before = example()
    with pytest.raises(DesignerError) as refused:
        edit(before)
    assert words in str(refused.value)
    assert before == example()


def test_connect_adds_the_edge_at_the_end() -> None:
    before = example()
    edge = Edge("relu", 0, "add", 2)
    assert edits.connect(before, edge).graph.edges == (*before.graph.edges, edge)
    assert edits.disconnect(edits.connect(before, edge), edge) == before


def test_connect_in_a_block_reaches_its_ends() -> None:
    before = example()
    cut = edits.disconnect(before, Edge("act", 0, "y", 0), block="Stage")
    assert edits.connect(cut, Edge("conv", 0, "y", 0), block="Stage") != before
    assert edits.connect(cut, Edge("act", 0, "y", 0), block="Stage") == before


def test_removal_heals() -> None:
    after = edits.remove_node(example(), "relu")
    assert "relu" not in after.graph.nodes
    assert Edge("conv", 0, "stage", 0) in after.graph.edges
    assert len(after.graph.edges) == len(example().graph.edges) - 1


def test_removal_heals_from_the_port_that_was_read() -> None:
    graph = Graph(
        {"a": BlockNode("Two"), "b": RELU, "c": RELU, "d": LayerNode("Add")},
        (Edge("a", 1, "b", 0), Edge("b", 0, "c", 0), Edge("b", 0, "d", 3)),
    )
    after = edits.remove_node(Design("d", graph=graph), "b")
    assert after.graph.edges == (Edge("a", 1, "c", 0), Edge("a", 1, "d", 3))


def test_removal_without_healing_takes_the_edges() -> None:
    after = edits.remove_node(example(), "relu", heal=False)
    assert not any("relu" in (edge.source, edge.target) for edge in after.graph.edges)
    assert len(after.graph.edges) == len(example().graph.edges) - 2


def test_removal_of_a_join_does_not_heal() -> None:
    after = edits.remove_node(example(), "add")
    assert not any(edge.target == "scores" for edge in after.graph.edges)


def test_removal_on_a_cycle_leaves_no_dangling_edge() -> None:
    graph = Graph({"a": RELU, "b": RELU}, (Edge("a", 0, "a", 0), Edge("a", 0, "b", 0)))
    after = edits.remove_node(Design("d", graph=graph), "a")
    assert after.graph == Graph({"b": RELU}, ())
    graph = Graph({"a": RELU, "b": RELU}, (Edge("a", 0, "b", 0), Edge("b", 0, "a", 0)))
    after = edits.remove_node(Design("d", graph=graph), "a")
    assert after.graph == Graph({"b": RELU}, (Edge("b", 0, "b", 0),))


def test_insertion_keeps_the_ports_and_comes_before_the_reader() -> None:
    after = edits.insert_on_edge(example(), Edge("conv", 0, "add", 1), "relu", RELU)
    assert [*after.graph.nodes] == ["image", "conv", "relu", "stage", "relu2", "add", "scores"]
    assert Edge("conv", 0, "relu2", 0) in after.graph.edges
    assert Edge("relu2", 0, "add", 1) in after.graph.edges
    assert Edge("conv", 0, "add", 1) not in after.graph.edges
    assert edits.remove_node(after, "relu2").graph.nodes == example().graph.nodes


def test_insertion_before_a_blocks_output() -> None:
    after = edits.insert_on_edge(
        example(), Edge("act", 0, "y", 0), "bn", LayerNode("BatchNorm2d"), block="Stage"
    )
    graph = after.blocks["Stage"].graph
    assert [*graph.nodes] == ["conv", "act", "bn"]
    assert graph.edges == path("x", "conv", "act", "bn", "y")


@pytest.mark.parametrize(
    ("name", "block", "found"),
    [
        ("pool", None, "pool"),
        ("conv", None, "conv2"),
        ("x", None, "x"),
        ("x", "Stage", "x2"),
        ("train", None, "train1"),
        ("float", None, "float1"),
    ],
)
def test_free_names(name: str, block: str | None, found: str) -> None:
    assert naming.free_name(example(), name, block) == found


def test_a_number_after_a_number_is_separated() -> None:
    design = edits.add_node(example(), "conv1", RELU)
    assert naming.free_name(design, "conv1") == "conv1_2"
    design = edits.add_node(design, "conv1_2", RELU)
    assert naming.free_name(design, "conv1") == "conv1_3"


def test_free_names_go_on_counting() -> None:
    design = example()
    for expected in ("conv2", "conv3", "conv4"):
        name = naming.free_name(design, "conv")
        assert name == expected
        design = edits.add_node(design, name, RELU)


def test_taken_names() -> None:
    assert naming.taken_names(example(), "Stage") == {"conv", "act", "x", "y"}
    assert "x" not in naming.taken_names(example())


def test_removing_several_nodes_heals_over_all_of_them() -> None:
    after = edits.remove_nodes(example(), ["conv", "relu", "stage"])
    assert set(after.graph.edges) == {
        Edge("image", 0, "add", 0),
        Edge("add", 0, "scores", 0),
        Edge("image", 0, "add", 1),
    }
    after = edits.remove_nodes(example(), ["add", "scores"])
    assert after.graph.edges == path("image", "conv", "relu", "stage")
    assert edits.remove_nodes(example(), []) == example()
    assert edits.remove_nodes(example(), example().graph.nodes).graph == Graph({}, ())


def test_taking_out_leaves_the_node() -> None:
    after = edits.take_out(example(), "relu")
    assert after.graph.nodes == example().graph.nodes
    assert Edge("conv", 0, "stage", 0) in after.graph.edges
    assert not any("relu" in (edge.source, edge.target) for edge in after.graph.edges)
    assert edits.take_out(after, "relu") is after


def test_renaming_keeps_order_and_ports() -> None:
    after = edits.rename_node(example(), "add", "sum")
    assert [*after.graph.nodes] == ["image", "conv", "relu", "stage", "sum", "scores"]
    assert Edge("conv", 0, "sum", 1) in after.graph.edges
    assert edits.rename_node(example(), "add", "add") == example()
    inner = edits.rename_node(example(), "conv", "first", block="Stage")
    assert inner.blocks["Stage"].graph.edges == path("x", "first", "act", "y")


def test_moving_nothing_changes_nothing() -> None:
    before = edits.move(example(), {"relu": Point(1, 2)})
    assert edits.move(before, {"relu": Point(1, 2), "gone": Point(0, 0)}) is before
    assert edits.move(before, {"relu": None}) == example()


def test_reconnecting_to_the_same_port() -> None:
    edge = Edge("conv", 0, "add", 1)
    assert set(edits.reconnect(example(), edge, edge).graph.edges) == set(example().graph.edges)
    with pytest.raises(DesignerError, match="would close a cycle"):
        edits.reconnect(example(), edge, Edge("scores", 0, "add", 1))


def test_free_ports_and_long_names() -> None:
    assert edits.free_port(example(), "add") == 2
    cut = edits.disconnect(example(), Edge("stage", 0, "add", 0))
    assert edits.free_port(cut, "add") == 0
    name = "a" * 64
    taken = edits.add_node(example(), name, RELU)
    assert naming.free_name(taken, name) == "a" * 58 + "2"
