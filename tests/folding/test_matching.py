"""Two designs compared by their structure: renamed, inserted, changed, cut into other blocks."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.design import blocks, edits
from designer.design.values import BlockNode, Design, Edge, Graph, LayerNode, Node
from designer.folding.differences_in_words import differences
from designer.folding.matching import TYPE, Change, Rewired, match
from designer.folding.written_out import written_out
from tests.renaming import renamed


def chain(*nodes: tuple[str, Node]) -> Design:
    """Return a design whose nodes follow each other."""
    names = [name for name, _ in nodes]
    edges = [Edge(one, 0, two, 0) for one, two in pairwise(names)]
    return Design("chain", graph=Graph(dict(nodes), tuple(edges)))


def conv(channels: int) -> LayerNode:
    return LayerNode("Conv2d", {"out_channels": channels, "kernel_size": 3, "padding": 1})


def flat(name: str) -> Design:
    """Return a preset without blocks, its nodes named as in a network from elsewhere."""
    found = written_out(analyze(presets.load(name)))
    assert found is not None
    return renamed(found, lambda path: path.replace(".", "_"))


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "googlenet", "siamese_digits", "swin_t"])
def test_a_design_equals_itself(name: str) -> None:
    found = match(presets.load(name), presets.load(name))
    assert found.equal and not found.written_out
    assert differences(found) == []
    assert found.top.pairs == {each: each for each in presets.load(name).graph.nodes}


@pytest.mark.parametrize("name", ["vgg16", "googlenet", "siamese_digits", "unet"])
def test_renamed_nodes_are_renamed_and_nothing_else(name: str) -> None:
    before = presets.load(name)
    names = list(before.graph.nodes)
    random.Random(3).shuffle(names)
    new = {each: f"node_{number}" for number, each in enumerate(names)}
    found = match(before, renamed(before, new.__getitem__))
    assert found.same_network and not found.equal
    assert dict(found.top.pairs) == new
    assert {each.kind for each in differences(found)} == {"renamed"}


def test_an_inserted_layer_shifts_nothing() -> None:
    """The names are numbers, as in an nn.Sequential, so that each later one is another."""
    layers = [LayerNode("Input", {"shape": (3, 32, 32)})]
    for channels in (64, 64, 128, 128, 256):
        layers += [conv(channels), LayerNode("ReLU")]
    before = chain(*((f"features_{n}", layer) for n, layer in enumerate(layers)))
    layers.insert(5, LayerNode("MaxPool2d", {"kernel_size": 2}))
    after = chain(*((f"features_{n}", layer) for n, layer in enumerate(layers)))
    top = match(before, after).top
    assert (top.added, top.removed, top.changed, top.rewired) == (("features_5",), (), {}, ())
    assert top.renamed == {f"features_{n + 1}": f"features_{n}" for n in range(5, 11)}


def test_of_equal_layers_the_new_one_is_told_by_its_name() -> None:
    names = ["input", "a", "b", "c", "d", "e"]
    before = chain(*((name, LayerNode("ReLU")) for name in names))
    names.insert(3, "new")
    top = match(before, chain(*((name, LayerNode("ReLU")) for name in names))).top
    assert (top.added, top.removed, top.renamed) == (("new",), (), {})


def test_layers_after_the_deeper_stage_of_vgg_keep_their_names() -> None:
    top = match(presets.load("vgg16"), presets.load("vgg19")).top
    assert {name[:-1] for name in top.added} == {
        f"{kind}{stage}_" for kind in ("conv", "bn", "relu") for stage in (3, 4, 5)
    }
    assert (len(top.added), top.removed, top.changed, top.renamed) == (9, (), {}, {})


def test_a_changed_width_changes_one_node() -> None:
    before = presets.load("vgg16")
    after = edits.set_parameter(before, "conv3_2", "out_channels", 300)
    top = match(before, renamed(after, lambda name: f"x{name}")).top
    assert dict(top.changed) == {"xconv3_2": (Change("out_channels", 256, 300),)}
    assert not top.added and not top.removed


def test_a_default_that_is_written_is_no_difference() -> None:
    before = chain(("image", LayerNode("Input", {"shape": (3, 8, 8)})), ("conv", conv(8)))
    written = replace(
        conv(8),
        parameters={**conv(8).parameters, "kernel_size": (3, 3), "stride": 1, "bias": True},
    )
    after = chain(("image", LayerNode("Input", {"shape": (3, 8, 8)})), ("conv", written))
    assert match(before, after).equal


def test_another_kind_in_the_same_place_is_a_change() -> None:
    before = presets.load("lenet5")
    nodes = {
        name: LayerNode("GELU") if node.layer == "Tanh" else node  # type: ignore[union-attr]
        for name, node in before.graph.nodes.items()
    }
    after = replace(before, graph=replace(before.graph, nodes=nodes))
    top = match(before, renamed(after, lambda name: name.replace("tanh", "gelu"))).top
    assert top.changed["gelu1"] == (Change(TYPE, "Tanh", "GELU"),)
    assert not top.added and not top.removed


def test_an_edge_that_was_moved_names_its_input() -> None:
    before = chain(
        ("image", LayerNode("Input", {"shape": (3, 8, 8)})),
        ("conv1", conv(3)),
        ("conv2", conv(3)),
        ("add", LayerNode("Add")),
    )
    edges = before.graph.edges
    one = replace(before, graph=replace(before.graph, edges=(*edges, Edge("image", 0, "add", 1))))
    two = replace(before, graph=replace(before.graph, edges=(*edges, Edge("conv1", 0, "add", 1))))
    found = match(one, two)
    assert found.top.rewired == (Rewired("add", 1, "image", "conv1"),)
    assert [each.text for each in differences(found)] == [
        "input 2 is fed by conv1 instead of image"
    ]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_node_put_in_between_rewires_nothing(backwards: bool) -> None:
    before = presets.load("lenet5")
    edge = next(each for each in before.graph.edges if each.source == "conv1")
    after = edits.insert_on_edge(before, edge, "drop", LayerNode("Dropout"))
    top = match(*((after, before) if backwards else (before, after))).top
    assert (top.added, top.removed) == (((), ("drop",)) if backwards else (("drop",), ()))
    assert not top.rewired and not top.changed


def test_a_renamed_block_is_compared_with_itself() -> None:
    before = presets.load("resnet18")
    after = blocks.rename_block(before, "BasicBlock", "Residual")
    after = edits.set_parameter(after, "bn1", "eps", 0.001, block="Residual")
    found = match(before, after)
    assert found.renamed_blocks == {"Residual": "BasicBlock"}
    inside = found.graph("Residual")
    assert inside is not None and dict(inside.changed) == {"bn1": (Change("eps", 1e-05, 0.001),)}
    assert found.top.equal and not found.written_out


def test_the_equal_block_is_taken_rather_than_one_of_the_same_name() -> None:
    """Two blocks have exchanged their names."""
    before = presets.load("mobilenet_v2")
    first, second = list(before.blocks)[:2]
    swap = {first: second, second: first}
    nodes = {
        name: replace(node, block=swap.get(node.block, node.block))
        if isinstance(node, BlockNode)
        else node
        for name, node in before.graph.nodes.items()
    }
    inner = {
        swap.get(name, name): replace(
            block,
            graph=replace(
                block.graph,
                nodes={
                    each: replace(node, block=swap.get(node.block, node.block))
                    if isinstance(node, BlockNode)
                    else node
                    for each, node in block.graph.nodes.items()
                },
            ),
        )
        for name, block in before.blocks.items()
    }
    after = replace(before, blocks=inner, graph=replace(before.graph, nodes=nodes))
    found = match(before, after)
    assert found.renamed_blocks == swap
    assert found.same_network


def test_deeper_stages_are_a_changed_repeat() -> None:
    found = match(presets.load("resnet18"), presets.load("resnet34"))
    assert {name: each[0].setting for name, each in found.top.changed.items()} == dict.fromkeys(
        ("layer1", "layer2", "layer3", "layer4"), "repeat"
    )


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "mobilenet_v2", "densenet_cifar"])
def test_a_design_with_blocks_equals_the_one_without(name: str) -> None:
    found = match(presets.load(name), flat(name))
    assert found.written_out and found.same_network
    assert not found.top.added and not found.top.removed


def test_layers_are_compared_as_evaluated_where_blocks_do_not_fit() -> None:
    after = flat("resnet18")
    wider = edits.set_parameter(after, "layer2_1_conv1", "out_channels", 96)
    found = match(presets.load("resnet18"), wider)
    assert dict(found.top.changed) == {"layer2_1_conv1": (Change("out_channels", 128, 96),)}
    assert not found.top.added and not found.top.removed


def test_arguments_and_code_are_compared() -> None:
    before = presets.load("resnet18")
    after = edits.set_argument(before, "classes", 10)
    found = match(before, replace(after, code={"Gate": "class Gate(nn.Module): ..."}))
    assert found.top.arguments == (Change("classes", 1000, 10),)
    assert [(each.kind, each.what, each.name) for each in differences(found)] == [
        ("added", "code", "Gate"),
        ("changed", "argument", "classes"),
    ]


def test_designs_that_have_nothing_in_common() -> None:
    before = chain(("a", LayerNode("ReLU")), ("b", LayerNode("ReLU")))
    found = match(before, Design("empty"))
    assert (found.top.removed, found.top.added, dict(found.top.pairs)) == (("a", "b"), (), {})
    assert match(Design("empty"), Design("other")).equal


def test_a_block_that_is_missing_in_both_is_the_same() -> None:
    design = Design("broken", graph=Graph({"a": LayerNode("Nope"), "b": BlockNode("Missing")}))
    assert match(design, replace(design, name="other")).equal


def test_sizes_are_shown_as_designs_write_them() -> None:
    before = flat("resnet18")
    after = edits.set_parameter(before, "conv1", "stride", 1)
    (change,) = match(before, after).top.changed["conv1"]
    assert change == Change("stride", 2, 1), "which was written as (2, 2)"


def test_a_cycle_and_missing_edges_are_compared_too() -> None:
    nodes: dict[str, Node] = {name: LayerNode("ReLU") for name in "abc"}
    cycle = Design("cycle", graph=Graph(nodes, (Edge("a", 0, "b", 0), Edge("b", 0, "a", 0))))
    found = match(cycle, renamed(cycle, str.upper))
    assert found.same_network and len(found.top.pairs) == 3


@pytest.mark.parametrize("seed", range(8))
def test_random_changes_are_found(seed: int) -> None:
    """Nodes are inserted and renamed at random in the written-out GoogLeNet."""
    draw = random.Random(seed)
    before = flat("googlenet")
    names = list(before.graph.nodes)
    new = {each: f"{draw.randrange(10**9)}" for each in names}
    after = renamed(before, new.__getitem__)
    inserted = set()
    for number in range(5):
        edge = draw.choice(after.graph.edges)
        after = edits.insert_on_edge(after, edge, f"new{number}", LayerNode("Dropout"))
        inserted.add(f"new{number}")
    found = match(before, after).top
    assert set(found.added) == inserted and not found.removed
    same = sum(found.pairs[each] == new[each] for each in names)
    assert same == len(names)


def test_ten_thousand_nodes_with_other_names() -> None:
    draw = random.Random(0)
    layers = [("in", LayerNode("Input", {"shape": (3, 8, 8)}))]
    layers += [(f"n{number}", conv(draw.choice((8, 16, 24)))) for number in range(10_000)]
    before = chain(*layers)
    after = chain(
        *(
            each
            for number, (name, layer) in enumerate(layers)
            for each in [(f"x{name}", layer)]
            + ([("drop", LayerNode("Dropout"))] * (number == 7000))
        )
    )
    top = match(before, after).top
    assert (top.added, top.removed, len(top.renamed)) == (("drop",), (), 10_001)
