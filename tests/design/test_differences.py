"""The comparison of two designs that words, sentences and tables share."""

from dataclasses import replace

from designer import presets
from designer.design import edits
from designer.design.differences import changed_edges, changes, neighbors
from designer.design.values import Edge, LayerNode


def test_an_inserted_node_replaces_its_edge() -> None:
    before = presets.load("lenet5")
    edge = next(each for each in before.graph.edges if each.source == "conv1")
    after = edits.insert_on_edge(before, edge, "drop", LayerNode("Dropout"))
    assert changed_edges(before.graph, after.graph) == ([], [])
    assert neighbors(after.graph, "drop") == ("conv1", edge.target)
    assert list(changes(before, after)) == [f"Dropout drop added between conv1 and {edge.target}"]


def test_edges_of_the_ends_of_a_block_are_compared() -> None:
    before = presets.load("resnet18")
    name, block = next(iter(before.blocks.items()))
    edge = next(each for each in block.graph.edges if each.source in block.inputs)
    less = replace(block.graph, edges=tuple(each for each in block.graph.edges if each is not edge))
    after = replace(before, blocks={**before.blocks, name: replace(block, graph=less)})
    assert changed_edges(block.graph, less) == ([edge], [])
    assert isinstance(edge, Edge)
    assert list(changes(before, after)) == [
        f"in {name}: {edge.source} disconnected from {edge.target}"
    ]
