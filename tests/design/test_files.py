"""Design files: round trips, and one clear error for each kind of damage."""

import json
import os
import random
import stat
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.analysis.evaluation.wiring import Ends, wire
from designer.design import files, reading
from designer.design.files import DesignFileError, dumps, loads, read, save
from designer.design.text import edge_paths
from designer.design.values import (
    Argument,
    Block,
    BlockNode,
    Design,
    Edge,
    Graph,
    LayerNode,
    Node,
    Point,
)
from designer.errors import DesignerError
from designer.resources import folder

PRESETS = [
    path
    for path in sorted(folder("presets").glob("*.json"))
    if '"netdesigner/design"' in path.read_text(encoding="utf-8")
]


def document(**changes: Any) -> dict[str, Any]:
    """Return a small valid document, changed."""
    return {
        "format": "netdesigner/design",
        "version": 1,
        "name": "Small",
        "arguments": {"classes": {"default": 10, "min": 1, "max": 100}},
        "blocks": {
            "Stage": {
                "arguments": {"channels": {"default": 8}},
                "inputs": ["x"],
                "outputs": ["y"],
                "nodes": {"conv": {"layer": "Conv2d", "out_channels": "=channels"}},
                "edges": [["x", "conv", "y"]],
            }
        },
        "nodes": {
            "image": {"layer": "Input", "shape": [3, 8, 8], "at": [0, 1.5]},
            "stage": {"block": "Stage", "repeat": 2, "with": {"channels": 4}, "when": "=classes"},
            "add": {"layer": "Add"},
            "scores": {"layer": "Output"},
        },
        "edges": [["image", "stage", "add", "scores"], ["image", "add:1"]],
        **changes,
    }


def changed(place: str, value: Any) -> dict[str, Any]:
    """Return the small document with one value replaced, such as ``nodes.image.shape``."""
    made = document()
    *way, last = place.split(".")
    spot: Any = made
    for name in way:
        spot = spot[int(name) if isinstance(spot, list) else name]
    spot[int(last) if isinstance(spot, list) else last] = value
    return made


def second(place: str, value: Any) -> dict[str, Any]:
    """Return the small document as version 2 of the format, with one value replaced."""
    return changed(place, value) | {"version": 2}


def refusal(data: Any) -> str:
    text = data if isinstance(data, str | bytes) else json.dumps(data)
    with pytest.raises(DesignFileError) as refused:
        loads(text)
    message = str(refused.value)
    assert "\n" not in message
    assert len(message) < 600
    return message


def outcome(text: str | bytes) -> str:
    """Return the message of the `DesignFileError` that reading raises."""
    try:
        loads(text)
    except DesignFileError as error:
        return str(error)
    return "read"


def sorted_edges(design: Design) -> Design:
    """Return the design with the edges of all its graphs in one order."""
    blocks = {
        name: Block(each.arguments, each.inputs, each.outputs, ordered(each.graph))
        for name, each in design.blocks.items()
    }
    return Design(
        design.name,
        design.about,
        design.cites,
        design.arguments,
        blocks,
        ordered(design.graph),
    )


def ordered(graph: Graph) -> Graph:
    return Graph(graph.nodes, tuple(sorted(graph.edges)))


# Round trip


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets_are_stored_as_they_are_written(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    design = read(path)
    assert dumps(design) == text
    assert loads(dumps(design)) == design


NAMES = st.from_regex(r"q[A-Za-z0-9_]{0,5}", fullmatch=True)
SCALARS = st.one_of(
    st.integers(-(10**15), 10**15),
    st.floats(-1e15, 1e15),
    st.booleans(),
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(["=channels", "same", "= 1 +"]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3).map(tuple))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
POINTS = st.builds(Point, st.floats(-1e6, 1e6), st.integers(-1000, 1000).map(float))
PARAMETERS = st.dictionaries(st.sampled_from(["p", "kernel_size", "groß", "repeat"]), VALUES)


def arguments(draw: st.DrawFn) -> dict[str, Argument]:
    made = {}
    for name in draw(st.lists(NAMES, max_size=3, unique=True)):
        default = draw(st.one_of(st.integers(2, 9), st.floats(2, 9), st.booleans(), WORDS))
        if isinstance(default, str) and default.startswith("="):
            default = "A"
        number = not isinstance(default, bool | str)
        made[name] = Argument(
            default,
            draw(st.sampled_from([None, 1.0, 0.5, 2])) if number else None,
            draw(st.sampled_from([None, 9.0, 9.5])) if number else None,
            (default, "B", 3) if draw(st.booleans()) else (),
            draw(WORDS),
        )
    for name, argument in made.items():
        if draw(st.booleans()):
            where = draw(st.sampled_from(["=1 > 2", f"={name} % 2 == 0", f"=min({name}, 3) == 1"]))
            made[name] = replace(argument, where=where, rule=draw(WORDS.filter(bool)))
    return made


def graph(
    draw: st.DrawFn, blocks: list[str], inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> Graph:
    nodes: dict[str, Node] = {}
    for name in draw(st.lists(NAMES, max_size=6, unique=True)):
        when = draw(st.sampled_from([True, False, "=flag", None, 1]))
        rate = draw(st.sampled_from([1, 0, 0.5, 1.0, "=1 / n"]))
        at = draw(st.none() | POINTS)
        if blocks and draw(st.booleans()):
            block = draw(st.sampled_from(blocks))
            repeat = draw(st.sampled_from([1, 0, 3, "=n", 1.0, True, None]))
            given = draw(st.dictionaries(NAMES, SCALARS, max_size=2))
            nodes[name] = BlockNode(block, given, repeat, when, at, rate)
        else:
            layer = draw(st.sampled_from(["Conv2d", "ReLU", "Nothing"]))
            nodes[name] = LayerNode(layer, draw(PARAMETERS), when, at, rate)
    edges: dict[tuple[str, int], Edge] = {}
    sources, targets = [*nodes, *inputs], [*nodes, *outputs]
    if sources and targets:
        for _ in range(draw(st.integers(0, 12))):
            target, port = draw(st.sampled_from(targets)), draw(st.sampled_from([0, 0, 0, 1, 999]))
            source_port = draw(st.sampled_from([0, 0, 0, 1]))
            edges[target, port] = Edge(draw(st.sampled_from(sources)), source_port, target, port)
    return Graph(nodes, tuple(edges.values()))


@st.composite
def designs(draw: st.DrawFn) -> Design:
    blocks: dict[str, Block] = {}
    for name in draw(st.lists(st.sampled_from(["Stage", "Head", "b"]), unique=True)):
        ports = draw(
            st.sampled_from([(("x",), ("y",)), (("x", "z"), ("y",)), (("x",), ("y", "w"))])
        )
        blocks[name] = Block(arguments(draw), *ports, graph(draw, [*blocks], *ports))
    return Design(
        draw(WORDS.filter(str.strip)),
        draw(WORDS),
        tuple(draw(st.lists(WORDS, max_size=2))),
        arguments(draw),
        blocks,
        graph(draw, [*blocks], (), ()),
    )


@settings(max_examples=60, deadline=None)
@given(designs())
def test_round_trip(design: Design) -> None:
    text = dumps(design)
    again = loads(text)
    assert sorted_edges(again) == sorted_edges(design)
    assert [*again.graph.nodes] == [*design.graph.nodes]
    assert [*again.blocks] == [*design.blocks]
    json.loads(text)
    if not any(cyclic(each) for each in (design.graph, *(b.graph for b in design.blocks.values()))):
        assert dumps(again) == text
        assert loads(dumps(again)) == again


def cyclic(graph: Graph) -> bool:
    return bool(wire(graph, Ends(("x", "z"), ("y", "w"))).cyclic)


@settings(max_examples=60, deadline=None)
@given(designs())
def test_every_edge_is_written_once(design: Design) -> None:
    paths = edge_paths(design.graph)
    assert sum(len(path) - 1 for path in paths) == len(design.graph.edges)


def test_saving_what_was_read_changes_nothing() -> None:
    """A path through a node comes before the paths that start there, in any order of edges."""
    edges = (Edge("n", 0, "b", 0), Edge("n", 0, "c", 0), Edge("a", 0, "n", 0), Edge("n", 1, "d", 0))
    graph = Graph({name: LayerNode("ReLU") for name in "abcdn"}, edges)
    assert edge_paths(graph) == [["a", "n", "b"], ["n", "c"], ["n:1", "d"]]
    again = loads(dumps(Design("d", graph=graph)))
    assert dumps(again) == dumps(Design("d", graph=graph))


def test_types_survive() -> None:
    design = Design(
        "Types",
        graph=Graph(
            {
                "a": LayerNode("ReLU", {"p": 1.0, "q": 1, "r": True, "s": (1, 2.0, "=x")}, 1),
                "b": BlockNode("B", {"c": 0.5}, 1.0, "=x", Point(0.5, -3.0)),
            }
        ),
        blocks={"B": Block({}, ("x",), ("y",), Graph())},
    )
    again = loads(dumps(design))
    assert again == design
    a, b = again.graph.nodes["a"], again.graph.nodes["b"]
    assert isinstance(a, LayerNode)
    assert isinstance(b, BlockNode)
    assert [type(each) for each in a.parameters.values()] == [float, int, bool, tuple]
    assert type(b.repeat) is float
    assert a.when == 1
    assert a.when is not True


def test_the_text_is_one_node_a_line() -> None:
    lines = dumps(loads(json.dumps(document()))).splitlines()
    assert '   "conv": {"layer": "Conv2d", "out_channels": "=channels"}' in map(str.rstrip, (
        line.rstrip(",").replace("    ", "   ", 1) for line in lines
    ))  # fmt: skip
    assert '  "image": {"layer": "Input", "shape": [3, 8, 8], "at": [0, 1.5]},' in lines
    assert '  ["image", "stage", "add", "scores"],' in lines
    assert '  ["image", "add:1"]' in lines


def test_changing_one_node_changes_one_line() -> None:
    before = dumps(loads(json.dumps(document()))).splitlines()
    after = dumps(loads(json.dumps(changed("nodes.image.shape", [1, 8, 8])))).splitlines()
    assert len(before) == len(after)
    assert sum(one != two for one, two in zip(before, after, strict=True)) == 1


# Damage


def test_truncated_files() -> None:
    data = (folder("presets") / "resnet18.json").read_bytes()
    for end in [*range(0, len(data) - 2, 50), *range(len(data) - 40, len(data) - 2)]:
        assert "damaged or no design file" in refusal(data[:end])


def test_flipped_bytes() -> None:
    data = (folder("presets") / "resnet18.json").read_bytes()
    draw = random.Random(0)
    refused = 0
    for _ in range(1500):
        flipped = bytearray(data)
        for _ in range(draw.choice([1, 1, 2, 8])):
            flipped[draw.randrange(len(data))] = draw.randrange(256)
        refused += "The text is " in outcome(bytes(flipped))
    assert refused > 700


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["layer", "block", "nodes", "x", "default", "with", "at"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    ),
    st.sampled_from(
        [
            "name",
            "about",
            "cites",
            "arguments",
            "arguments.classes",
            "arguments.classes.default",
            "blocks",
            "blocks.Stage",
            "blocks.Stage.inputs",
            "blocks.Stage.nodes",
            "blocks.Stage.edges",
            "nodes",
            "nodes.image",
            "nodes.image.shape",
            "nodes.image.at",
            "nodes.stage.with",
            "nodes.stage.repeat",
            "nodes.stage.block",
            "nodes.stage.when",
            "edges",
            "edges.0",
            "edges.0.1",
            "format",
            "version",
        ]
    ),
)
def test_any_json_in_any_place_is_read_or_refused(value: Any, place: str) -> None:
    assert outcome(json.dumps(changed(place, value))).startswith(("read", "The text is "))


DEEP = '{"format": "netdesigner/design", "version": 1, "name": "n", "edges": [], "nodes": '
WRONG: list[tuple[Any, str, str]] = [
    ("", "damaged", ""),
    (b"\x00\x01\xff\xfe", "damaged", ""),
    (b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged", ""),
    ("not json", "damaged", ""),
    ("[" * 100_000, "nested too deeply", ""),
    ("[" * 100_000 + "]" * 100_000, "nested too deeply", ""),
    (DEEP + '{"a":' * 50_000, "nested too deeply", ""),
    (DEEP + '{"a": {"layer": "R", "p": NaN}}}', "damaged", ""),
    (DEEP + '{"a": {"layer": "R", "p": Infinity}}}', "damaged", ""),
    (DEEP + '{"a": {"layer": "R", "p": 1e999}}}', "a number", "out of range"),
    (DEEP + '{"a": {"layer": "R", "p": 1' + "0" * 5000 + "}}}", "a number", "out of range"),
    (DEEP + '{"a": {"layer": "R", "p": 1' + "0" * 400 + "}}}", "nodes.a.p", "up to 1e+15"),
    (DEEP + '{"a": {"layer": "R", "p": 1e16}}}', "nodes.a.p", "up to 1e+15, received 1e+16"),
    (DEEP + '{"a": {"layer": "R", "p": "\\ud800"}}}', "damaged", ""),
    (DEEP + '{"a": {"layer": "\\u0000"}}} trailing', "damaged", ""),
    ([], "format", 'expected "netdesigner/design"'),
    ({}, "format", 'expected "netdesigner/design"'),
    (5, "format", 'expected "netdesigner/design"'),
    ("null", "format", 'expected "netdesigner/design"'),
    (document(format="netdesigner/recipe"), "format", 'expected "netdesigner/design"'),
    (document(version=3), "version", "3 is newer than this program, which reads up to 2"),
    (changed("nodes.add.shares", "image"), "nodes.add.shares", "belongs to version 2"),
    (changed("nodes.add.shares", ""), "nodes.add.shares", "the file says version 1"),
    (changed("blocks.Stage.nodes.conv.shares", "x"), "blocks.Stage.nodes.conv.shares", "version 2"),
    (changed("nodes.add.layer", "Parameter"), "nodes.add.layer", "the layer Parameter belongs to"),
    (document(code={}), "code", "the field belongs to version 2"),
    (second("nodes.add.shares", "gone"), "nodes.add.shares", "refers to 'gone'"),
    (second("nodes.add.shares", 5), "nodes.add.shares", "expected text, received 5"),
    (second("nodes.add.Shares", 5) | {"extra": 1}, "top level", "unknown field `extra`"),
    (second("code", []), "code", "Expected `object`"),
    (second("code", {"Gate": "class Gate"}), "code.Gate", "expected a list of lines, received"),
    (second("code", {"Gate": ["a", 5]}), "code.Gate", "expected a list of lines"),
    (second("code", {"Gate": ["a\nb"]}), "code.Gate", "a line with a line break"),
    (second("code", {"Gate": ["x" * 300_000]}), "code.Gate", "at most 200000 are read"),
    (second("code", {"Stage": []}), "code.Stage", "the name 'Stage' is used twice"),
    (second("code", {"torch": []}), "code.torch", "used by PyTorch"),
    (second("code", {"class": []}), "code.class", "word of the Python language"),
    (document(version=10**30), "version", "newer than this program"),
    (document(version=0), "version", "expected a whole number from 1 on, received 0"),
    (document(version=-1), "version", "expected a whole number from 1 on, received -1"),
    (document(version="1"), "version", "expected a whole number from 1 on, received '1'"),
    (document(version=True), "version", "expected a whole number from 1 on, received True"),
    (document(version=1.0), "version", "expected a whole number from 1 on, received 1.0"),
    (document(version=None), "version", "expected a whole number from 1 on, received None"),
    ({key: value for key, value in document().items() if key != "nodes"}, "top level", "`nodes`"),
    (document(name=""), "name", "is empty"),
    (document(name="  "), "name", "is empty"),
    (document(name=5), "name", "Expected `str`, got `int`"),
    (document(name="x" * 20_000), "name", "has 20000 characters; at most 10000"),
    (document(about=None), "about", "Expected `str`"),
    (document(about="x" * 20_000), "about", "at most 10000"),
    (document(cites="arXiv"), "cites", "Expected `array`"),
    (document(nodes=[]), "nodes", "Expected `object`"),
    (document(edges={}), "edges", "Expected `array`"),
    (document(blocks=[]), "blocks", "Expected `object`"),
    (document(extra=1), "top level", "unknown field `extra`"),
    (changed("arguments.classes.extra", 1), "arguments.classes", "unknown field `extra`"),
    (changed("arguments.classes", 10), "arguments.classes", "Expected `object`, got `int`"),
    (changed("arguments.classes", {}), "arguments.classes", "missing required field `default`"),
    (changed("arguments.classes.default", None), "arguments.classes.default", "got `null`"),
    (changed("arguments.classes.default", [1]), "arguments.classes.default", "got `array`"),
    (changed("arguments.classes.default", 0), "arguments.classes.default", "least 1; received 0"),
    (changed("arguments.classes.default", 101), "arguments.classes.default", "at most 100"),
    (changed("arguments.classes.choices", [1, 2]), "arguments.classes.default", "one of 1, 2; rec"),
    (changed("arguments.classes.min", "1"), "arguments.classes.min", "Expected `float"),
    (changed("arguments.classes.default", "=1"), "arguments.classes", "the expression '=1'"),
    (changed("arguments.__class__", {"default": 1}), "arguments.__class__", "is not a valid name"),
    (changed("arguments.i", {"default": 1}), "arguments.i", "choose another name"),
    (changed("arguments.min", {"default": 1}), "arguments.min", "choose another name"),
    (changed("arguments." + "x" * 100, {"default": 1}), "arguments.xxxx", "is not a valid name"),
    (changed("blocks.Stage", []), "blocks.Stage", "Expected `object`, got `array`"),
    (changed("blocks.Stage.extra", 1), "blocks.Stage", "unknown field `extra`"),
    (changed("blocks.Stage.name", "x"), "blocks.Stage", "unknown field `name`"),
    (changed("blocks.__class__", {}), "blocks.__class__", "is not a valid name"),
    (changed("blocks.class", {}), "blocks.class", "word of the Python language"),
    (changed("blocks.Stage.inputs", []), "blocks.Stage.inputs", "is empty"),
    (changed("blocks.Stage.outputs", []), "blocks.Stage.outputs", "is empty"),
    (changed("blocks.Stage.inputs", ["forward"]), "blocks.Stage.inputs", "used by PyTorch"),
    (changed("blocks.Stage.inputs", ["x", "x"]), "blocks.Stage", "the name 'x' is used twice"),
    (changed("blocks.Stage.outputs", ["x"]), "blocks.Stage", "the name 'x' is used twice"),
    (changed("blocks.Stage.outputs", ["conv"]), "blocks.Stage", "the name 'conv' is used twice"),
    (changed("blocks.Stage.inputs", [5]), "blocks.Stage.inputs[0]", "Expected `str`"),
    (changed("blocks.Stage.arguments.channels", 1), "blocks.Stage.arguments.channels", "object"),
    (
        changed("blocks.Stage.arguments.channels.default", "x" * 20_000),
        "blocks.Stage.arguments.channels.default",
        "has 20000 characters; at most 10000",
    ),
    (changed("blocks.Stage.nodes.conv", 1), "blocks.Stage.nodes.conv", "expected an object"),
    (changed("blocks.Stage.edges.0.0", "gone"), "blocks.Stage.edges[0]", "refers to 'gone'"),
    (changed("blocks.Stage.edges", [["y", "conv"]]), "blocks.Stage.edges[0]", "outputs end it"),
    (changed("blocks.Stage.edges", [["conv", "x"]]), "blocks.Stage.edges[0]", "begin a path"),
    (changed("nodes.image", None), "nodes.image", "expected an object, received None"),
    (changed("nodes.image", {}), "nodes.image", 'expected either "layer" or "block"'),
    (changed("nodes.image.block", "Stage"), "nodes.image", 'expected either "layer" or "block"'),
    (changed("nodes.image.layer", 5), "nodes.image.layer", "expected text, received 5"),
    (changed("nodes.image.shape", {}), "nodes.image.shape", "expected a number, text"),
    (changed("nodes.image.shape", [[1]]), "nodes.image.shape", "expected a number, text"),
    (
        changed("nodes.image.shape", [1] * 4097),
        "nodes.image.shape",
        "has 4097 values; at most 4096",
    ),
    (changed("nodes.image.shape", "x" * 20_000), "nodes.image.shape", "has 20000 characters"),
    (changed("nodes.image.at", [1]), "nodes.image.at", "expected two numbers [x, y]"),
    (changed("nodes.image.at", [1, "2"]), "nodes.image.at", "expected two numbers [x, y]"),
    (changed("nodes.image.at", [1, True]), "nodes.image.at", "expected two numbers [x, y]"),
    (changed("nodes.image.at", 5), "nodes.image.at", "expected two numbers [x, y], received 5"),
    (changed("nodes.image.when", []), "nodes.image.when", "expected a number, text, true or false"),
    (changed("nodes.image.lr_scale", -1), "nodes.image.lr_scale", "from 0 on, received -1"),
    (changed("nodes.stage.lr_scale", True), "nodes.stage.lr_scale", "a number from 0 on"),
    (changed("nodes.stage.lr_scale", "0"), "nodes.stage.lr_scale", "a number from 0 on"),
    (changed("nodes.stage.lr_scale", None), "nodes.stage.lr_scale", "a number from 0 on"),
    (changed("nodes.stage.extra", 1), "nodes.stage", "has the unknown field 'extra'"),
    (changed("nodes.stage.channels", 1), "nodes.stage", "has the unknown field 'channels'"),
    (changed("nodes.stage.with", []), "nodes.stage.with", "expected an object, received []"),
    (changed("nodes.stage.with.channels", []), "nodes.stage.with.channels", "expected a number"),
    (changed("nodes.stage.repeat", {}), "nodes.stage.repeat", "expected a number"),
    (changed("nodes.stage.block", "Gone"), "nodes.stage", "uses the block 'Gone', which the file"),
    (changed("nodes.stage.block", None), "nodes.stage.block", "expected text, received None"),
    (changed("nodes.__class__", {"layer": "ReLU"}), "nodes.__class__", "is not a valid name"),
    (changed("nodes.train", {"layer": "ReLU"}), "nodes.train", "is used by PyTorch"),
    (changed("nodes.class", {"layer": "ReLU"}), "nodes.class", "word of the Python language"),
    (changed("nodes.gr°ße", {"layer": "ReLU"}), "nodes.gr°ße", "is not a valid name"),
    (changed("nodes." + "n" * 65, {"layer": "ReLU"}), "nodes.nnn", "up to 64 letters"),
    (changed("nodes." + "n" * 5000, {"layer": "ReLU"}), "nodes.nnn", "up to 64 letters"),
    (changed("edges.0", "image"), "edges[0]", "Expected `array`"),
    (changed("edges.0.0", 5), "edges[0][0]", "Expected `str`"),
    (changed("edges.0", ["image"]), "edges[0]", "a path of at least two nodes"),
    (changed("edges.0", []), "edges[0]", "a path of at least two nodes"),
    (changed("arguments.classes.where", "=classes > 1"), "arguments.classes", "belong together"),
    (changed("arguments.classes.rule", "large"), "arguments.classes", "belong together"),
    (changed("arguments.classes", {"default": 1, "where": "n", "rule": "n"}),
     "arguments.classes.where", "expected an expression that begins with =, received 'n'"),
    (changed("arguments.classes", {"default": 1, "where": "=1 +", "rule": "n"}),
     "arguments.classes.where", "the expression '=1 +' "),
    (changed("arguments.classes", {"default": 1, "where": "=classes > gone", "rule": "n"}),
     "arguments.classes.where", "reads 'gone', which is not an argument; there are classes"),
    (changed("edges.1", ["gone", "add:1"]), "edges[1]", "refers to 'gone', and there is no"),
    (changed("edges.1", ["image", "gone"]), "edges[1]", "there are image, stage, add, scores."),
    (changed("edges.1", ["image", "x" * 9999]), "edges[1]", "refers to 'xxx"),
    (changed("edges.1", ["image", "add"]), "edges[1]", "input 0 of 'add' has two edges, from "
     "'stage' and 'image'"),
    (changed("edges.1", ["image", "add:"]), "edges[1]", "'add:': expected a port number"),
    (changed("edges.1", ["image", "add:x"]), "edges[1]", "'add:x': expected a port number"),
    (changed("edges.1", ["image", "add:-1"]), "edges[1]", "'add:-1': expected a port number"),
    (changed("edges.1", ["image", "add:1000"]), "edges[1]", "expected a port number"),
    (changed("edges.1", ["image", "add:99999999999"]), "edges[1]", "expected a port number"),
    (changed("edges.1", ["image", "add:²"]), "edges[1]", "expected a port number"),
    (changed("edges.1", ["image", "add:1:1"]), "edges[1]", "expected a port number"),
    (changed("edges.1", ["image", "stage:1", "add:1"]), "edges[1]", "names a port in the middle"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "place", "words"), WRONG, ids=[f"{n}-{row[1]}" for n, row in enumerate(WRONG)]
)
def test_each_error_says_where_and_what_was_expected(data: Any, place: str, words: str) -> None:
    message = refusal(data)
    assert place in message
    assert words in message


def test_too_many_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_NODES", 4)
    assert "has 5 nodes; at most 4 are read" in refusal(document())


def test_what_is_wrong_as_a_network_can_be_read() -> None:
    made = changed("edges", [["add", "stage", "add"], ["gone_is_fine", "scores:7"]])
    made["nodes"]["gone_is_fine"] = {"layer": "NoSuchLayer", "p": "=1 +"}
    assert loads(json.dumps(made)).graph.edges == (
        Edge("add", 0, "stage", 0),
        Edge("stage", 0, "add", 0),
        Edge("gone_is_fine", 0, "scores", 7),
    )


def test_blocks_may_contain_each_other_in_a_file() -> None:
    made = changed("blocks.Stage.nodes.conv", {"block": "Stage"})
    assert loads(json.dumps(made)).blocks["Stage"].graph.nodes["conv"] == BlockNode("Stage")


# Files on disk


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DesignFileError, match=r"There is no file .*gone\.json; check the name"):
        read(tmp_path / "gone.json")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DesignFileError, match="is a folder; name a design file in it"):
        read(tmp_path)


def test_a_file_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(DesignFileError, match=r"cannot be read: Not a directory"):
        read(tmp_path / "a" / "b.json")


def test_a_file_over_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.json"
    path.write_text(json.dumps(document()) + " " * 3 * 2**20)
    assert read(path).name == "Small"
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 2**20)
    with pytest.raises(DesignFileError, match="is larger than 1 MiB, the most that is read"):
        read(path)


def test_a_file_without_an_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 2**20)
    with pytest.raises(DesignFileError, match="is larger than 1 MiB"):
        read("/dev/zero")


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "marked.json"
    path.write_text(json.dumps(document()), encoding="utf-8-sig")
    assert read(path).name == "Small"


def test_the_error_names_the_damaged_line() -> None:
    text = json.dumps(document(), indent=1).replace('"version": 1,', '"version": 1;')
    with pytest.raises(DesignFileError, match=r"\(byte \d+\), in line 3\. Fix it there"):
        loads(text)
    with pytest.raises(DesignFileError, match="damaged or no design file"):
        loads('{"\ud800": 1}')


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "damaged.json"
    path.write_bytes(b"{")
    with pytest.raises(DesignFileError, match=r"damaged\.json is damaged or no design file"):
        read(path)


def test_save_and_read(tmp_path: Path) -> None:
    design = loads(json.dumps(document()))
    path = tmp_path / "größe.json"
    save(design, path)
    assert read(path) == design
    assert path.read_text(encoding="utf-8") == dumps(design)
    assert [*tmp_path.iterdir()] == [path]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("what", ["fsync", "replace"])
def test_a_failing_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    path = tmp_path / "design.json"
    save(loads(json.dumps(document())), path)
    before = path.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*{"fsync": (os, "fsync"), "replace": (Path, "replace")}[what], fail)
    with pytest.raises(DesignerError) as refused:
        save(loads(json.dumps(document(name="Other"))), path)
    assert str(refused.value) == (
        f"{path} cannot be written (No space left on device): free some space; a file that was "
        "there before is unchanged."
    )
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DesignerError, match=r"cannot be written \(No such file or directory\)"):
        save(Design("d"), tmp_path / "gone" / "design.json")


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "design.json").mkdir()
    with pytest.raises(DesignerError, match=r"cannot be written \(Is a directory\)"):
        save(Design("d"), tmp_path / "design.json")
    assert len([*tmp_path.iterdir()]) == 1


def test_a_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the root user nothing is read-only, so the operating system's error is simulated."""
    tmp_path.chmod(0o555)
    if os.access(tmp_path, os.W_OK):

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    try:
        with pytest.raises(DesignerError) as refused:
            save(Design("d"), tmp_path / "design.json")
    finally:
        tmp_path.chmod(0o755)
    assert "cannot be written (Permission denied): make its folder writable" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_ten_thousand_nodes(tmp_path: Path) -> None:
    names = [f"n{number}" for number in range(10_000)]
    nodes: dict[str, Node] = {name: LayerNode("ReLU", {}, True, Point(1, 2)) for name in names}
    edges = tuple(Edge(one, 0, two, 0) for one, two in pairwise(names))
    design = Design("Long", graph=Graph(nodes, edges))
    save(design, tmp_path / "long.json")
    assert read(tmp_path / "long.json") == design
    assert edge_paths(design.graph) == [names]


def test_equal_names_are_refused_rather_than_lost() -> None:
    text = (folder("presets") / "lenet5.json").read_text()
    with pytest.raises(
        DesignFileError, match=r"'conv1': is given twice in the same object; rename one"
    ):
        loads(text.replace('"tanh1": {', '"conv1": {', 1))
