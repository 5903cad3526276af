"""Edits of blocks and of arguments: renaming, adding and removing them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from designer.analysis.analysis import analyze
from designer.design import arguments, blocks, edits
from designer.design.files import dumps, loads
from designer.design.values import Argument, BlockNode, Design, Edge, LayerNode
from designer.errors import DesignerError
from tests.analysis.drawing import IMAGE, OUTPUT, block, design

CONV = {"layer": "Conv2d", "kernel_size": 1, "out_channels": "=channels"}


def example() -> Design:
    stage = block({"conv": CONV, "act": {"layer": "ReLU"}}, [["x", "conv", "act", "y"]], channels=4)
    pair = block(
        {"add": {"layer": "Add"}, "stage": {"block": "Stage", "with": {"channels": "=width"}}},
        [["a", "add", "stage", "y"], ["b", "add:1"], ["b", "z"]],
        inputs=["a", "b"],
        outputs=["y", "z"],
        width=3,
    )
    nodes = {
        "image": IMAGE,
        "pair": {"block": "Pair", "with": {"width": "=wide"}},
        "join": {"layer": "Concat"},
        "head": {"block": "Stage", "with": {"channels": "=2 * wide"}, "repeat": "=wide"},
        "scores": OUTPUT,
    }
    edges = [["image", "pair", "join", "head", "scores"], ["image", "pair:1"], ["pair:1", "join:1"]]
    return design(nodes, edges, {"Stage": stage, "Pair": pair}, wide=3)


EDITS: dict[str, edits.Edit] = {
    "rename_block": lambda d: blocks.rename_block(d, "Stage", "Step"),
    "rename_end": lambda d: blocks.rename_end(d, "Pair", "b", "other"),
    "rename an output": lambda d: blocks.rename_end(d, "Pair", "z", "rest"),
    "rename_argument": lambda d: arguments.rename_argument(d, "channels", "count", block="Stage"),
    "rename an argument of the design": lambda d: arguments.rename_argument(d, "wide", "size"),
    "remove_argument": lambda d: arguments.remove_argument(d, "wide"),
    "rename_node": lambda d: edits.rename_node(d, "pair", "twins"),
    "rename_node in a block": lambda d: edits.rename_node(d, "conv", "first", block="Stage"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_names_change_and_nothing_else(edit: edits.Edit) -> None:
    before = example()
    text = dumps(before)
    after = edit(before)
    assert after != before
    assert dumps(before) == text
    assert edit(before) == after
    assert dumps(loads(dumps(after))) == dumps(after)
    one, two = analyze(before), analyze(after)
    assert one.valid and two.valid
    assert one.totals.saved_bytes(2) == two.totals.saved_bytes(2)
    assert replace(
        one.totals,
        saved_for_backward=two.totals.saved_for_backward,
        saved_in_eval=two.totals.saved_in_eval,
    ) == (two.totals)


def test_a_renamed_argument_is_renamed_in_every_expression_and_use() -> None:
    after = arguments.rename_argument(example(), "channels", "count", block="Stage")
    assert list(after.blocks["Stage"].arguments) == ["count"]
    conv = after.blocks["Stage"].graph.nodes["conv"]
    assert isinstance(conv, LayerNode) and conv.parameters["out_channels"] == "=count"
    uses = [after.graph.nodes["head"], after.blocks["Pair"].graph.nodes["stage"]]
    assert [each.arguments for each in uses if isinstance(each, BlockNode)] == [
        {"count": "=2 * wide"},
        {"count": "=width"},
    ]


def test_a_removed_argument_leaves_its_value() -> None:
    after = arguments.remove_argument(example(), "wide")
    head = after.graph.nodes["head"]
    assert isinstance(head, BlockNode)
    assert (head.repeat, head.arguments) == (3, {"channels": 6})
    assert after.arguments == {}
    again = arguments.remove_argument(after, "channels", block="Stage")
    conv = again.blocks["Stage"].graph.nodes["conv"]
    assert isinstance(conv, LayerNode) and conv.parameters["out_channels"] == 4
    assert all("channels" not in getattr(n, "arguments", {}) for n in again.graph.nodes.values())


def test_defining_an_argument() -> None:
    before = example()
    added = arguments.define_argument(before, "rate", Argument(0.5, 0, 1), block="Pair")
    assert list(added.blocks["Pair"].arguments) == ["width", "rate"]
    assert arguments.define_argument(added, "rate", Argument(0.5, 0, 1), block="Pair") is added
    narrowed = arguments.define_argument(before, "wide", Argument(3, 1, 8))
    assert narrowed.arguments["wide"].maximum == 8


def test_an_end_comes_and_goes_with_its_edges() -> None:
    before = example()
    more = blocks.add_end(before, "Stage", "mask", output=False)
    assert more.blocks["Stage"].inputs == ("x", "mask")
    assert blocks.remove_end(more, "Stage", "mask") == before
    less = blocks.remove_end(before, "Pair", "y")
    assert less.blocks["Pair"].outputs == ("z",)
    assert Edge("pair", 0, "join", 1) in less.graph.edges  # z was output 1, is output 0
    assert Edge("pair", 0, "join", 0) not in less.graph.edges
    first = blocks.remove_end(before, "Pair", "a")
    assert [edge for edge in first.graph.edges if edge.target == "pair"] == [
        Edge("image", 0, "pair", 0)
    ]
    assert all("a" not in (edge.source, edge.target) for edge in first.blocks["Pair"].graph.edges)


def test_unused_blocks_can_be_removed() -> None:
    before = example()
    copied = edits.remove_node(before, "head")
    with pytest.raises(DesignerError, match=r"Stage is used by Pair\.stage; remove or dissolve"):
        blocks.remove_block(copied, "Stage")
    bare = edits.remove_node(copied, "pair")
    assert list(blocks.remove_block(bare, "Pair").blocks) == ["Stage"]


def test_parts_come_from_the_inside_out() -> None:
    before = example()
    assert blocks.parts(before.blocks, before.graph.nodes.values()) == ["Stage", "Pair"]
    assert blocks.uses(before, "Stage") == [(None, "head"), ("Pair", "stage")]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: blocks.rename_block(d, "Gone", "New"), "There is no block 'Gone'"),
        (
            lambda d: blocks.rename_block(d, "Stage", "Pair"),
            "The name 'Pair' is taken by another block",
        ),
        (lambda d: blocks.rename_block(d, "Stage", "a b"), "'a b' is not a valid name"),
        (lambda d: blocks.remove_block(d, "Gone"), "There is no block 'Gone'"),
        (lambda d: blocks.rename_end(d, "Pair", "c", "d"), "Pair has no input or output 'c'; it"),
        (lambda d: blocks.rename_end(d, "Pair", "a", "add"), "The name 'add' is taken already"),
        (lambda d: blocks.remove_end(d, "Stage", "x"), "x is the only input of Stage"),
        (lambda d: blocks.add_end(d, "Stage", "y", output=False), "The name 'y' is taken already"),
        (lambda d: blocks.check_use(d, "Pair", "Stage") or d, "Stage cannot contain Pair, which"),
        (lambda d: blocks.check_use(d, "Stage", "Stage") or d, "Stage cannot contain itself"),
        (lambda d: arguments.rename_argument(d, "no", "new"), "Test has no argument 'no'; it has"),
        (lambda d: arguments.rename_argument(d, "wide", "i"), "'i' is used by"),
        (
            lambda d: arguments.define_argument(d, "wide", Argument(0, 1)),
            "The argument 'wide' must be at least 1; received 0.",
        ),
        (
            lambda d: arguments.define_argument(d, "min", Argument(0)),
            "The argument 'min' is used by",
        ),
        (lambda d: arguments.remove_argument(d, "no", block="Stage"), "Stage has no argument 'no'"),
        (lambda d: edits.rename_node(d, "pair", "image"), "The name 'image' is taken already"),
        (lambda d: edits.rename_node(d, "pair", "train"), "'train' is used by PyTorch"),
        (lambda d: edits.set_repeat(d, "join", 2), "'join' is a layer; only a block can be repe"),
    ],
)
def test_refusals(edit: Callable[[Design], Design], words: str) -> None:
    with pytest.raises(DesignerError) as refused:
        edit(example())
    assert words in str(refused.value)
