"""The wiring of graphs, against its worked example and against networkx."""

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.analysis.evaluation.wiring import CHAIN, NO_ENDS, chain, wire
from designer.design.values import Edge, Graph, LayerNode
from tests.analysis import examples


@pytest.mark.parametrize("times", [0, 1, 2, 7])
def test_a_chain_is_wired_as_its_edges_say(times: int) -> None:
    wiring = chain("Unit", times)
    assert wiring == wire(wiring.graph, CHAIN)
    assert wiring.order == tuple(map(str, range(times)))


def graph_of(names: str, *edges: str) -> Graph:
    """Return a graph of nodes a, b, ... and edges written as "ab"."""
    nodes = {name: LayerNode("Add") for name in names}
    ports = dict.fromkeys(names, -1)
    found = []
    for source, target in edges:
        ports[target] += 1
        found.append(Edge(source, 0, target, ports[target]))
    return Graph(nodes, tuple(found))


def test_nodes_come_after_their_sources_and_otherwise_in_the_order_of_the_file() -> None:
    wiring = wire(graph_of("dcbae", "ab", "bd", "ad"), NO_ENDS)
    assert wiring.order == ("c", "a", "b", "d", "e")
    first = wiring.numbers.first
    assert [first[name] for name in wiring.order] == [1, 2, 3, 4, 5]
    assert wiring.reads == [(), (), (first["a"],), (first["b"], first["a"]), ()]


def test_a_cycle_begins_with_its_first_node_and_nodes_behind_it_are_left_out() -> None:
    wiring = wire(graph_of("abcdef", "ab", "dc", "bd", "cb", "ce", "af"), NO_ENDS)
    assert wiring.order == ("a", "f")
    assert wiring.cyclic == {"b", "c", "d", "e"}
    assert wiring.cycle == ("b", "d", "c")


def test_the_worked_example_of_the_docstring() -> None:
    wiring = wire(examples.shortcut("conv"), NO_ENDS)
    assert wiring.order == ("image", "conv", "add", "scores")
    assert wiring.sources == {
        "image": (),
        "conv": (("image", 0),),
        "add": (("conv", 0), ("image", 0)),
        "scores": (("add", 0),),
    }
    assert wiring.readers == {("image", 0): 2, ("conv", 0): 1, ("add", 0): 1}
    assert wiring.targets == {
        "image": ("conv", "add"),
        "conv": ("add",),
        "add": ("scores",),
        "scores": (),
    }
    assert wiring.numbers.first == {"image": 1, "conv": 2, "add": 3, "scores": 4}
    assert wiring.reads == [(), (1,), (2, 1), (3,)]
    assert (wiring.unread, wiring.ports) == (("scores",), ("image", "scores"))


@given(st.data())
def test_order_cycles_and_readers_are_those_of_networkx(data: st.DataObject) -> None:
    names = data.draw(st.permutations("abcdefgh"))
    node = st.sampled_from(names)
    pairs = data.draw(st.lists(st.tuples(node, node), max_size=16, unique=True))
    wiring = wire(graph_of("".join(names), *map("".join, pairs)), NO_ENDS)

    peer = networkx.DiGraph()
    peer.add_nodes_from(names)
    peer.add_edges_from(pairs)
    on_cycles = {
        name
        for component in networkx.strongly_connected_components(peer)
        for name in component
        if len(component) > 1 or peer.has_edge(name, name)
    }
    cyclic = {
        *on_cycles,
        *(each for name in on_cycles for each in networkx.descendants(peer, name)),
    }
    assert wiring.cyclic == cyclic
    position = {name: number for number, name in enumerate(names)}
    acyclic = peer.subgraph(set(names) - cyclic)
    assert wiring.order == tuple(
        networkx.lexicographical_topological_sort(acyclic, key=position.__getitem__)
    )
    for name in names:
        assert set(wiring.targets[name]) == set(peer.successors(name))
        assert {each[0] for each in wiring.sources[name] if each} == set(peer.predecessors(name))
    assert bool(wiring.cycle) is bool(cyclic)
    for one, two in zip(wiring.cycle, (*wiring.cycle[1:], *wiring.cycle[:1]), strict=True):
        assert peer.has_edge(one, two)
    assert len(set(wiring.cycle)) == len(wiring.cycle)
    assert not wiring.cycle or wiring.cycle[0] == min(wiring.cycle, key=position.__getitem__)
