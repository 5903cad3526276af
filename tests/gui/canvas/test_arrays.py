"""The arrays after any edits equal those of a fresh build."""

import random
from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.design import edits, naming
from designer.design.values import BlockNode, Design, Edge, LayerNode, Point
from designer.errors import DesignerError
from designer.gui.canvas import arrays as a
from designer.gui.canvas import marks, wires
from designer.gui.canvas.arrays import Arrays
from designer.gui.canvas.frames import Frame, build
from designer.gui.canvas.positions import PositionCache
from designer.gui.documents import graph_paths
from tests.gui.canvas.comparing import equal, fresh


class Picture:
    """A design with its arrays, which are compared with a fresh build after each change."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.analysis: Analysis = analyze(design)
        self.expanded: frozenset[str] = frozenset()
        self.scope = ""
        self.absent = False
        self.placer = PositionCache()
        self.arrays = Arrays()
        self.show()

    def show(self) -> None:
        while graph_paths.graph_at(self.design, self.scope) is None:
            self.scope = graph_paths.parent(self.scope)
        root = self.built(self.placer)
        self.arrays.update(root, self.analysis.problems, self.design.blocks)
        again = self.built(PositionCache())
        anew = fresh(again, self.analysis.problems, self.design.blocks)
        assert equal(self.arrays, anew)

    def built(self, placer: PositionCache) -> Frame | None:
        return build(
            self.design, self.analysis, self.scope, self.expanded, placer, absent=self.absent
        )

    def put(self, design: Design) -> None:
        self.design = design
        self.analysis = analyze(design, self.analysis)
        self.show()


def random_edit(chance: random.Random, design: Design) -> Design:
    """Do one of many things to one of the design's graphs."""
    block = chance.choice([None, None, *design.blocks])
    graph = design.graph_of(block)
    names = list(graph.nodes)
    name = chance.choice(names) if names else ""
    kind = chance.randrange(10)
    if kind == 0 or not names:
        layer = chance.choice(["ReLU", "Conv2d", "Add", "Concat", "Flatten", "Input", "Output"])
        at = Point(chance.randrange(500), chance.randrange(500)) if chance.random() < 0.3 else None
        free = naming.free_name(design, layer.lower(), block)
        return edits.add_node(design, free, LayerNode(layer, at=at), block=block)
    if kind == 1:
        return edits.remove_node(design, name, heal=chance.random() < 0.5, block=block)
    if kind in (2, 3):
        port = chance.randrange(4)
        return edits.connect(design, Edge(chance.choice(names), 0, name, port), block=block)
    if kind == 4 and graph.edges:
        return edits.disconnect(design, chance.choice(graph.edges), block=block)
    if kind == 5 and graph.edges:
        return edits.insert_on_edge(
            design, chance.choice(graph.edges), "new", LayerNode("ReLU"), block=block
        )
    if kind == 6 and isinstance(graph.nodes[name], LayerNode):
        return edits.set_parameter(design, name, "out_channels", chance.randrange(64), block=block)
    node = graph.nodes[name]
    if kind == 7:
        at = Point(float(chance.randrange(900)), float(chance.randrange(900)))
        changed = replace(node, at=chance.choice([None, at]))
    elif kind == 8:
        changed = replace(node, when=chance.choice([True, False, "=1 > 2"]))
    elif isinstance(node, BlockNode):
        changed = replace(node, repeat=chance.choice([0, 1, 2, "=1 + 1"]))
    else:
        changed = replace(node, layer=chance.choice(["ReLU", "Add", "Nothing", "Output"]))
    nodes = {**graph.nodes, name: changed}
    return edits.with_graph(design, block, replace(graph, nodes=nodes))


@pytest.mark.parametrize("name", ["lenet5", "resnet50", "googlenet"])
def test_random_edits(qtbot: QtBot, name: str) -> None:
    chance = random.Random(name)
    picture = Picture(presets.load(name))
    history = [picture.design]
    for _ in range(120):
        try:
            picture.put(random_edit(chance, picture.design))
        except DesignerError:
            continue
        history.append(picture.design)
        blocks = [
            path
            for path in picture.arrays.paths
            if isinstance(graph_paths.node_at(picture.design, path), BlockNode)
        ]
        if blocks and chance.random() < 0.3:
            picture.expanded = picture.expanded ^ {chance.choice(blocks)}
            picture.show()
        if chance.random() < 0.1:
            picture.scope = chance.choice(["", *sorted(picture.arrays.frames)])
            picture.show()
    for design in reversed(history):
        picture.put(design)


def chain_with_skips(length: int) -> Design:
    """Return a flat chain whose every fifth node is also read six nodes later."""
    nodes = {"image": LayerNode("Input", {"shape": (4, 8, 8)})}
    edges = []
    for number in range(length):
        last, name = list(nodes)[-1], f"n{number}"
        nodes[name] = LayerNode("Add" if number % 5 == 4 else "ReLU")
        edges.append(Edge(last, 0, name, 0))
        if number % 5 == 4:
            edges.append(Edge(list(nodes)[-7 if number > 4 else 0], 0, name, 1))
    return Design("Chain", graph=replace(Design("").graph, nodes=nodes, edges=tuple(edges)))


@pytest.mark.parametrize("stored", [False, True])
def test_updated_wires_equal_those_of_a_fresh_build(qtbot: QtBot, stored: bool) -> None:
    """Updates sample only moved wires and count only rewired ports, with the same result."""
    chance = random.Random(stored)
    picture = Picture(chain_with_skips(60))
    if stored:
        root = picture.arrays.frames[""]
        known = {name: Point(x, y) for name, (x, y) in root.positions.by_name().items()}
        picture.put(edits.move(picture.design, known))
    history = [picture.design]
    for _ in range(60):
        names = list(picture.design.graph.nodes)
        name, kind = chance.choice(names), chance.randrange(4)
        if kind == 0:
            after = edits.remove_node(picture.design, name, heal=chance.random() < 0.8)
        elif kind == 1:
            first, second = sorted(chance.sample(range(len(names)), 2))
            edge = Edge(names[first], 0, names[second], chance.randrange(3))
            try:
                after = edits.connect(picture.design, edge)
            except DesignerError:  # nodes that were inserted are the last of the names
                continue
        elif kind == 2 and stored:
            to = Point(14.0 * chance.randrange(-20, 20), 33.0 * chance.randrange(150))
            after = edits.move(picture.design, {name: to})
        else:
            edge = chance.choice(picture.design.graph.edges)
            free = naming.free_name(picture.design, "relu", None)
            after = edits.insert_on_edge(picture.design, edge, free, LayerNode("ReLU"))
        picture.put(after)
        history.append(after)
        assert np.count_nonzero(~np.isnan(picture.arrays.lane)) > 3
    for design in reversed(history):
        picture.put(design)


def test_a_wire_is_the_same_in_any_company() -> None:
    chance = np.random.default_rng(0)
    start = chance.random((300, 2)) * 5_000
    end = start + chance.random((300, 2)) * 900
    lane = np.where(chance.random(300) < 0.5, start[:, 0] + 80, np.nan)
    all_ = wires.sample(start, end, lane)
    assert np.array_equal(all_[:, 0], start)
    assert np.array_equal(all_[:, -1], end)
    for count in (1, 2, 3, 40):
        some = slice(7, 7 + count)
        assert np.array_equal(wires.sample(start[some], end[some], lane[some]), all_[some])


def test_a_small_edit_leaves_the_other_rows_alone(qtbot: QtBot) -> None:
    picture = Picture(presets.load("vgg16"))
    before = picture.arrays.box
    picture.put(edits.set_parameter(picture.design, "conv1_1", "bias", False))
    assert picture.arrays.box is before
    root = build(picture.design, picture.analysis, "", frozenset(), picture.placer)
    change = picture.arrays.update(root, (), {})
    assert not change.moved
    assert not len(change.rows)


def test_what_nodes_are(qtbot: QtBot) -> None:
    picture = Picture(presets.load("resnet50"))
    arrays = picture.arrays
    image, conv, layer = (arrays.row[name] for name in ("image", "conv1", "layer1"))
    assert arrays.inputs[image] == 0
    assert arrays.outputs[image] == arrays.inputs[conv] == 1
    assert arrays.outputs[arrays.row["scores"]] == 0
    assert arrays.kind[layer] == a.BLOCK
    assert arrays.bits[layer] & marks.STACK
    assert a.CATEGORIES[arrays.category[layer]] is None
    picture.expanded = frozenset({"layer1"})
    picture.show()
    assert arrays.kind[arrays.row["layer1"]] == a.CONTAINER
    assert arrays.inputs[arrays.row["layer1.0.add"]] == 2
    inside, around = (arrays.box[arrays.row[path]] for path in ("layer1.0.conv2", "layer1"))
    assert around[0] < inside[0]
    assert around[1] < inside[1]
    assert inside[1] + inside[3] < around[1] + around[3]


def test_problems_are_marked_where_they_are_and_around(qtbot: QtBot) -> None:
    design = presets.load("resnet50")
    design = edits.set_parameter(design, "shortcut", "stride", 1, block="Bottleneck")
    picture = Picture(design)
    picture.expanded = frozenset({"layer2"})
    picture.show()
    arrays = picture.arrays
    assert arrays.bits[arrays.row["layer2"]] & marks.ERROR
    assert arrays.bits[arrays.row["layer2.0.add"]] & marks.ERROR
    assert arrays.bits[arrays.row["layer2.0.shortcut"]] & marks.ORIGIN
    wrong = arrays.edge_row["layer2.0", Edge("shortcut", 0, "add", 1)]
    assert arrays.wire_bits[wrong] & marks.ERROR
    assert np.count_nonzero(arrays.wire_bits) == 1


def test_what_is_absent_is_left_out_or_faded(qtbot: QtBot) -> None:
    picture = Picture(presets.load("googlenet"))
    arrays, edge = picture.arrays, Edge("inception4a", 0, "aux1", 0)
    aux = picture.design.graph.nodes["aux1"]
    nodes = {**picture.design.graph.nodes, "aux1": replace(aux, when=False)}
    picture.put(edits.with_graph(picture.design, None, replace(picture.design.graph, nodes=nodes)))
    assert "aux1" not in arrays.row and ("", edge) not in arrays.edge_row
    picture.absent = True
    picture.show()
    assert arrays.bits[arrays.row["aux1"]] & marks.FADED
    assert arrays.wire_bits[arrays.edge_row["", edge]] & marks.FADED


def test_neighbors_make_room_and_take_it_back(qtbot: QtBot) -> None:
    picture = Picture(presets.load("resnet18"))
    arrays = picture.arrays
    before = {path: arrays.box[row].tolist() for path, row in arrays.row.items()}
    picture.expanded = frozenset({"layer2", "layer3"})
    picture.show()
    top = [arrays.row[name] for name in picture.design.graph.nodes]
    boxes = arrays.box[top]
    order = np.argsort(boxes[:, 1])
    bottoms = (boxes[:, 1] + boxes[:, 3])[order]
    assert np.all(bottoms[:-1] < boxes[order[1:], 1])
    assert len({arrays.anchor[row] for row in top}) == 1  # the trunk stays straight
    picture.expanded = frozenset()
    picture.show()
    assert {path: arrays.box[row].tolist() for path, row in arrays.row.items()} == before


def test_lanes_pass_beside_nodes() -> None:
    boxes = np.array([[-100.0, 80.0 * row, 200.0, 44.0] for row in range(6)])
    start = np.array([[0.0, 44.0], [0.0, 124.0], [0.0, 44.0]])
    end = np.array([[-30.0, 400.0], [-30.0, 320.0], [0.0, 80.0]])
    lane = wires.lanes(start, end, boxes)
    assert np.isnan(lane[2])
    assert abs(lane[0]) > 100
    assert abs(lane[1]) > 100
    assert abs(lane[0] - lane[1]) >= wires.TRACK - 2  # the outer one goes around the inner one
    points = wires.sample(start, end, lane)
    assert points[:, 0].tolist() == start.tolist()
    assert points[:, -1].tolist() == end.tolist()
    spans = wires.spans(start, end, lane)
    assert np.all(points >= spans[:, None, :2] - 1e-9)
    assert np.all(points <= spans[:, None, 2:] + 1e-9)


def test_a_lane_alone_is_the_one_found_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    kinds = set()
    for count in range(2, 150):
        column, row = chance.integers(0, 1 + count // 20, count), np.arange(count)
        boxes = np.stack([200.0 * column, 90.0 * row, 150.0 + 0 * row, 52.0 + 0 * row], axis=1)
        first = chance.integers(0, count, 1 + count // 9)
        last = np.minimum(first + chance.integers(0, 12, len(first)), count - 1)
        start = np.stack([boxes[first, 0] + 75, boxes[first, 1] + 52], axis=1)
        end = np.stack([boxes[last, 0] + 75, boxes[last, 1]], axis=1)
        kinds |= set(wires._alone(start[:, 1], end[:, 1]).tolist())
        found = wires.lanes(start, end, boxes)
        with monkeypatch.context() as patch:
            patch.setattr(wires, "_alone", lambda top, _: np.zeros(len(top), bool))
            assert np.array_equal(found, wires.lanes(start, end, boxes), equal_nan=True)
    assert kinds == {True, False}


def test_wires_that_go_up_stay_in_their_spans() -> None:
    chance = np.random.default_rng(0)
    start, end = chance.uniform(-500, 500, (2, 200, 2))
    lane = np.full(200, np.nan)
    points, spans = wires.sample(start, end, lane), wires.spans(start, end, lane)
    assert np.all(points >= spans[:, None, :2] - 1e-9)
    assert np.all(points <= spans[:, None, 2:] + 1e-9)
