"""Shared weights as a value: groups, and what edits make of them."""

from dataclasses import replace

import pytest

from designer.design import blocks, clipboard, dissolving, edits, files, grouping, sharing
from designer.design.differences import changes
from designer.design.values import Block, BlockNode, Design, Edge, Graph, LayerNode, Node, Point
from designer.errors import DesignerError

CONV = LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3})
TOWER = BlockNode("Tower", {"width": 4})


def example() -> Design:
    """Return two towers that share, and three convolutions that share, on two images."""
    inner = Graph(
        {"conv": CONV, "again": replace(CONV, shares="conv")},
        (Edge("x", 0, "conv", 0), Edge("conv", 0, "again", 0), Edge("again", 0, "y", 0)),
    )
    nodes: dict[str, Node] = {
        "left": LayerNode("Input", {"shape": (4, 8, 8)}),
        "right": LayerNode("Input", {"shape": (4, 8, 8)}),
        "tower1": TOWER,
        "tower2": replace(TOWER, shares="tower1", at=Point(5, 5)),
        "one": CONV,
        "two": replace(CONV, shares="one", when="=true"),
        "three": replace(CONV, shares="one"),
        "both": LayerNode("Concat"),
        "out": LayerNode("Output"),
    }
    edges = (
        Edge("left", 0, "tower1", 0),
        Edge("right", 0, "tower2", 0),
        Edge("tower1", 0, "one", 0),
        Edge("tower2", 0, "two", 0),
        Edge("two", 0, "three", 0),
        Edge("one", 0, "both", 0),
        Edge("three", 0, "both", 1),
        Edge("both", 0, "out", 0),
    )
    tower = Block({}, ("x",), ("y",), inner)
    return Design("Siamese", blocks={"Tower": tower}, graph=Graph(nodes, edges))


def shares(design: Design, block: str | None = None) -> dict[str, str]:
    nodes = design.graph_of(block).nodes
    return {name: node.shares for name, node in nodes.items() if node.shares}


def test_a_group_is_the_owner_and_all_that_share_with_it() -> None:
    nodes = example().graph.nodes
    for name in ("one", "two", "three"):
        assert sharing.owner_of(nodes, name) == "one"
        assert sharing.group_of(nodes, name) == ("one", "two", "three")
    assert sharing.group_of(nodes, "both") == ("both",)


def test_renaming_the_owner_is_followed() -> None:
    renamed = edits.rename_node(example(), "tower1", "siamese")
    assert shares(renamed)["tower2"] == "siamese"
    inner = edits.rename_node(example(), "conv", "first", block="Tower")
    assert shares(inner, "Tower") == {"again": "first"}


def test_where_the_owner_is_removed_the_next_member_becomes_it() -> None:
    left = edits.remove_node(example(), "one")
    assert shares(left) == {"tower2": "tower1", "three": "two"}
    assert shares(edits.remove_nodes(example(), ("one", "two"))) == {"tower2": "tower1"}


def test_an_edit_of_one_member_holds_for_all() -> None:
    design = example()
    for name in ("one", "two", "three"):
        changed = edits.set_parameter(design, name, "out_channels", 4 + len(name))
        found = [changed.graph.nodes[each] for each in ("one", "two", "three")]
        assert [node.parameters["out_channels"] for node in found] == [4 + len(name)] * 3
        assert [node.when for node in found] == [True, "=true", True]
        assert shares(changed) == shares(design)
        less = edits.remove_parameter(changed, name, "out_channels")
        assert all(
            less.graph.nodes[each].parameters == {"kernel_size": 3}
            for each in ("one", "two", "three")
        )
    wide = edits.set_block_argument(design, "tower2", "width", 9)
    more = edits.set_repeat(edits.set_learning_rate(wide, "tower1", 0.5), "tower2", 3)
    for name, at in (("tower1", None), ("tower2", Point(5, 5))):
        node = more.graph.nodes[name]
        assert isinstance(node, BlockNode)
        assert (node.arguments, node.repeat, node.learning_rate) == ({"width": 9}, 3, 0.5)
        assert node.at == at


def test_the_condition_and_the_place_of_a_member_are_its_own() -> None:
    hidden = edits.set_when(example(), "one", "=false")
    assert [hidden.graph.nodes[each].when for each in ("one", "two", "three")] == [
        "=false",
        "=true",
        True,
    ]
    moved = edits.move(example(), {"one": Point(1, 1)})
    assert moved.graph.nodes["three"].at is None


def test_a_layer_of_another_type_keeps_its_parameters() -> None:
    nodes: dict[str, Node] = {
        "words": LayerNode("Embedding", {"num_embeddings": 9, "embedding_dim": 4}),
        "logits": LayerNode("Linear", {"out_features": 9, "bias": False}, shares="words"),
    }
    design = edits.set_parameter(Design("Tied", graph=Graph(nodes)), "words", "num_embeddings", 12)
    assert design.graph.nodes["logits"] == nodes["logits"]


def test_sharing_begins_and_ends() -> None:
    graph = example().graph
    joined = sharing.share(graph, "one", "tower2")
    assert {name: joined.nodes[name].shares for name in ("one", "two", "three")} == {
        "one": "tower1",
        "two": "tower1",
        "three": "tower1",
    }
    with pytest.raises(DesignerError, match="one cannot share its own weights"):
        sharing.share(graph, "one", "two")
    with pytest.raises(DesignerError, match="There is no node 'gone' here"):
        sharing.share(graph, "one", "gone")
    assert sharing.stop_sharing(graph, "both") is graph
    assert sharing.stop_sharing(graph, "two").nodes["three"].shares == "one"
    assert sharing.stop_sharing(graph, "two").nodes["two"].shares == ""
    free = sharing.stop_sharing(graph, "one")
    assert [free.nodes[name].shares for name in ("one", "two", "three")] == ["", "", "two"]


def test_only_a_whole_group_moves_into_a_block() -> None:
    design = example()
    with pytest.raises(DesignerError, match="two shares weights with one, and only nodes"):
        grouping.group(design, ("two", "three"), "Pair", "pair")
    with pytest.raises(DesignerError, match=r"tower1 shares weights with tower2, .*into a block"):
        grouping.group(design, ("tower1",), "Single", "single")
    edges = tuple(edge for edge in design.graph.edges if "both" not in edge)
    design = edits.with_graph(design, None, replace(design.graph, edges=edges))
    made = grouping.group(design, ("one", "two", "three"), "Triple", "triple")
    assert shares(made, "Triple") == {"two": "one", "three": "one"}


def test_dissolving_keeps_what_is_shared_inside() -> None:
    design = example()
    with pytest.raises(DesignerError, match=r"tower2 shares weights with tower1, .*dissolved"):
        dissolving.dissolve(design, "tower2")
    alone = edits.with_graph(design, None, sharing.stop_sharing(design.graph, "tower2"))
    twice = edits.set_repeat(alone, "tower2", 2)
    assert shares(dissolving.dissolve(twice, "tower2")) == {
        "two": "one",
        "three": "one",
        "tower2_0_again": "tower2_0_conv",
        "tower2_1_again": "tower2_1_conv",
    }


def test_a_copy_shares_within_itself() -> None:
    design = example()
    text = clipboard.copy(design, None, ("one", "three", "tower1", "tower2"))
    pasted, names = clipboard.paste(design, None, text)
    assert names == ("tower1_2", "tower2_2", "one2", "three2")
    assert shares(pasted) == shares(design) | {"tower2_2": "tower1_2", "three2": "one2"}
    text = clipboard.copy(design, None, ("two", "three"))
    assert shares(clipboard.paste(design, None, text)[0]) == shares(design) | {"three2": "two2"}


def test_blocks_that_differ_in_sharing_are_different() -> None:
    design = example()
    stopped = edits.with_graph(
        design, "Tower", sharing.stop_sharing(design.blocks["Tower"].graph, "again")
    )
    merged, here = blocks.merge(design, stopped.blocks, (TOWER,))
    assert here(TOWER) != TOWER
    assert len(merged.blocks) == 2


def test_a_design_as_a_block_keeps_its_sharing() -> None:
    made = clipboard.as_block(example())
    found = {name: node.shares for name, node in made.graph.nodes.items() if node.shares}
    assert found == {"tower2": "tower1", "two": "one", "three": "one"}


def test_code_goes_with_the_nodes_that_need_it() -> None:
    gate, other = "class Gate(nn.Module): ...", "class Other(nn.Module): ..."
    design = edits.add_node(example(), "gate", LayerNode("Gate"))
    design = replace(design, code={"Gate": gate, "Other": other})
    text = clipboard.copy(design, None, ("gate",))
    assert files.loads(text).code == {"Gate": gate}
    assert clipboard.paste(example(), None, text)[0].code == {"Gate": gate}
    assert clipboard.paste(design, None, text)[0].code == design.code
    changed = replace(design, code={"Gate": other})
    with pytest.raises(DesignerError, match="Siamese has a layer type Gate with other code"):
        clipboard.paste(changed, None, text)
    assert clipboard.take_in(Design("New"), design)[0].code == design.code
    assert blocks.block_name_sentence(design, "Gate") == (
        "The name 'Gate' is taken by a layer type of the design; choose another name."
    )


def test_differences_name_sharing_and_code() -> None:
    design = example()
    stopped = edits.with_graph(design, None, sharing.stop_sharing(design.graph, "tower2"))
    assert list(changes(design, stopped)) == ["tower2 shares no more"]
    assert list(changes(stopped, design)) == ["tower2 shares tower1"]
    old = replace(design, code={"Gate": "a", "Old": "b"})
    new = replace(design, code={"Gate": "c", "New": "d"})
    assert list(changes(old, new)) == [
        "code of Gate changed",
        "code of Old removed",
        "code of New added",
    ]
