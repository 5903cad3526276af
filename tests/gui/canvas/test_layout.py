"""The layout: nothing overlaps, data flows down, the trunk is straight, branches stand abreast."""

import random
from itertools import pairwise

import pytest
from pytestqt.qtbot import QtBot

from designer import presets
from designer.design.values import Edge, Graph, LayerNode, Point
from designer.gui.canvas import positions
from designer.gui.canvas.layout import layout
from designer.gui.canvas.layout_pieces import Link
from designer.gui.canvas.positions import LARGE, PositionCache, graph_positions

WIDTH, HEIGHT = 200.0, 44.0
Points = list[tuple[float, float]]


def laid_out(count: int, links: list[Link]) -> Points:
    return layout([(WIDTH, HEIGHT)] * count, links)


def overlaps(points: Points) -> list[tuple[int, int]]:
    return [
        (one, two)
        for one in range(len(points))
        for two in range(one)
        if abs(points[one][0] - points[two][0]) < WIDTH
        and abs(points[one][1] - points[two][1]) < HEIGHT
    ]


def chain(*nodes: int) -> list[Link]:
    return [Link(one, two) for one, two in pairwise(nodes)]


def random_links(count: int, seed: int) -> list[Link]:
    """A random graph without cycles in which every node but the first has a source."""
    chance = random.Random(seed)
    links = []
    for node in range(1, count):
        links += [
            Link(chance.randrange(max(0, node - 6), node), node, port)
            for port in range(chance.choice([1, 1, 1, 2, 3]))
        ]
    return links


def test_a_chain_is_straight_and_evenly_spaced() -> None:
    points = laid_out(5, chain(0, 1, 2, 3, 4))
    assert {x for x, _ in points} == {0.0}
    steps = {points[node + 1][1] - points[node][1] for node in range(4)}
    assert len(steps) == 1
    assert steps.pop() > HEIGHT


def test_nothing_gives_nothing() -> None:
    assert layout([], []) == []
    assert laid_out(1, []) == [(0.0, 0.0)]


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_neither_overlap_nor_flow_upwards(seed: int) -> None:
    links = random_links(60, seed)
    points = laid_out(60, links)
    assert overlaps(points) == []
    assert all(points[link.source][1] + HEIGHT < points[link.target][1] for link in links)


def test_skipping_edges_leave_the_trunk_straight() -> None:
    links = chain(*range(20)) + [Link(node, node + 4, 1) for node in range(0, 16, 4)]
    assert {x for x, _ in laid_out(20, links)} == {0.0}


def test_equal_branches_stand_symmetrically_in_the_order_of_their_ports() -> None:
    links = [Link(0, 3), Link(3, 4, 2), Link(0, 1), Link(1, 4, 0), Link(0, 2), Link(2, 4, 1)]
    points = laid_out(5, links)
    assert points[0][0] == points[4][0] == points[2][0] == 0.0
    assert points[1][0] == -points[3][0] < -WIDTH


def test_a_short_branch_stands_beside_a_straight_long_one() -> None:
    links = [*chain(0, 1, 2, 3, 4, 5, 6), Link(0, 7), Link(7, 6, 1)]
    points = laid_out(8, links)
    assert {points[node][0] for node in range(7)} == {0.0}
    assert abs(points[7][0]) >= WIDTH
    assert points[7][1] == points[1][1]


def test_a_second_input_lies_just_above_its_reader() -> None:
    links = [*chain(0, 1, 2, 3, 4), Link(5, 4, 1)]
    points = laid_out(6, links)
    assert points[5][1] == points[3][1]


def test_cycles_and_loops_are_laid_out_too() -> None:
    points = laid_out(4, [*chain(0, 1, 2, 3), Link(3, 1, 1), Link(2, 2, 1)])
    assert overlaps(points) == []


def test_graphs_apart_stand_side_by_side() -> None:
    assert overlaps(laid_out(6, chain(0, 1, 2) + chain(3, 4, 5))) == []


def test_ladders_of_pieces_end() -> None:
    count = 240  # every node is joined with the one two further: no piece is a plain chain
    links = chain(*range(0, count, 2)) + chain(*range(1, count, 2))
    links += [Link(node, node + 1, 1) for node in range(0, count - 1, 2)]
    assert overlaps(laid_out(count, links)) == []


@pytest.mark.parametrize("name", presets.names())
def test_presets(name: str) -> None:
    design = presets.load(name)
    graphs = [(design.graph, (), ())]
    graphs += [(block.graph, block.inputs, block.outputs) for block in design.blocks.values()]
    for graph, inputs, outputs in graphs:
        at = graph_positions(graph, inputs, outputs).by_name()
        assert overlaps([at[name] for name in graph.nodes]) == []
        for edge in graph.edges:
            assert at[edge.source][1] < at[edge.target][1]


def test_stored_positions_are_kept_and_missing_ones_are_near_without_overlap() -> None:
    nodes = {f"n{number}": LayerNode("ReLU") for number in range(12)}
    edges = tuple(Edge(f"n{number}", 0, f"n{number + 1}", 0) for number in range(11))
    for number in (0, 1, 2, 7):
        nodes[f"n{number}"] = LayerNode("ReLU", at=Point(50.0, 72.0 * number))
    at = graph_positions(Graph(nodes, edges)).by_name()
    assert at["n1"] == (50.0, 72.0)
    assert overlaps(list(at.values())) == []
    assert abs(at["n3"][0] - 50.0) < 2 * WIDTH


def test_the_ends_of_a_block_lie_above_and_below_stored_positions() -> None:
    nodes = {"a": LayerNode("ReLU", at=Point(0, 100)), "b": LayerNode("ReLU", at=Point(0, 300))}
    edges = (Edge("x", 0, "a", 0), Edge("a", 0, "b", 0), Edge("b", 0, "y", 0))
    at = graph_positions(Graph(nodes, edges), ("x",), ("y",)).by_name()
    assert at["x"][1] < 100
    assert at["y"][1] > 300
    assert at["x"][0] == at["y"][0] == 0


def test_a_large_graph_is_laid_out_beside_the_thread_of_the_window(qtbot: QtBot) -> None:
    count = LARGE + 10
    nodes = {f"n{number}": LayerNode("ReLU") for number in range(count)}
    edges = tuple(Edge(f"n{number}", 0, f"n{number + 1}", 0) for number in range(count - 1))
    graph = Graph(nodes, edges)
    cache = PositionCache()
    with qtbot.waitSignal(cache.ready):
        assert cache.positions(None, graph).names == ()
    assert cache.positions(None, graph).points.tolist() == positions.laid_out(graph).tolist()
    more = Graph({**nodes, "more": LayerNode("ReLU")}, (*edges, Edge("n3", 0, "more", 0)))
    with qtbot.waitSignal(cache.ready):
        at_first = cache.positions(None, more)
        assert len(at_first.names) == count + 1  # near its neighbors until the layout is there
    assert cache.positions(None, more).points.tolist() == positions.laid_out(more).tolist()
