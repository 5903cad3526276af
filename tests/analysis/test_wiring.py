"""The wiring of graphs."""

import pytest

from designer.analysis.evaluation.wiring import CHAIN, NO_ENDS, chain, wire
from designer.design.values import Edge, Graph, LayerNode


@pytest.mark.parametrize("times", [0, 1, 2, 7])
def test_a_chain_is_wired_as_its_edges_say(times: int) -> None:
    wiring = chain("Unit", times)
    assert wiring == wire(wiring.graph, CHAIN)
    assert wiring.order == tuple(map(str, range(times)))


def drawn(names: str, *edges: str) -> Graph:
    """Return a graph of nodes a, b, ... and edges written as "ab"."""
    nodes = {name: LayerNode("Add") for name in names}
    ports = dict.fromkeys(names, -1)
    found = []
    for source, target in edges:
        ports[target] += 1
        found.append(Edge(source, 0, target, ports[target]))
    return Graph(nodes, tuple(found))


def test_nodes_come_after_their_sources_and_else_as_written() -> None:
    wiring = wire(drawn("dcbae", "ab", "bd", "ad"), NO_ENDS)
    assert wiring.order == ("c", "a", "b", "d", "e")
    first = wiring.numbers.first
    assert [first[name] for name in wiring.order] == [1, 2, 3, 4, 5]
    assert wiring.reads == [(), (), (first["a"],), (first["b"], first["a"]), ()]


def test_a_cycle_is_named_from_its_first_node_and_what_is_behind_is_left_out() -> None:
    wiring = wire(drawn("abcdef", "ab", "dc", "bd", "cb", "ce", "af"), NO_ENDS)
    assert wiring.order == ("a", "f")
    assert wiring.cyclic == {"b", "c", "d", "e"}
    assert wiring.cycle == ("b", "d", "c")
