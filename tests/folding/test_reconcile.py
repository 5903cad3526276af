"""Generated code that was edited by hand is read; the design gets the edits and keeps the rest."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
import torch

from designer.analysis.analysis import analyze
from designer.codegen import generate
from designer.design import edits, files
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.engine.module import module_from_source
from designer.folding.fold import fold
from designer.folding.patterns import convert
from designer.folding.reconcile import reconcile
from designer.readers import pt2

DESIGN = files.loads(
    """{"format": "netdesigner/design", "version": 1, "name": "Small",
    "about": "Branches and a row of blocks.", "cites": ["arXiv:1512.03385"],
    "arguments": {"classes": {"default": 10, "min": 1, "help": "Number of classes."},
                  "width": {"default": 8, "min": 1}},
    "blocks": {"Residual": {"arguments": {"channels": {"default": 8}, "stride": {"default": 1}},
        "inputs": ["x"], "outputs": ["y"],
        "nodes": {
            "conv1": {"layer": "Conv2d", "out_channels": "=channels", "kernel_size": 3,
                      "padding": 1, "stride": "=stride", "bias": false, "at": [0, 60]},
            "bn1": {"layer": "BatchNorm2d", "at": [0, 120]},
            "relu1": {"layer": "ReLU", "at": [0, 180]},
            "conv2": {"layer": "Conv2d", "out_channels": "=channels", "kernel_size": 3,
                      "padding": 1, "bias": false, "lr_scale": 0.5},
            "bn2": {"layer": "BatchNorm2d"},
            "shortcut": {"layer": "Shortcut", "out_channels": "=channels", "stride": "=stride"},
            "add": {"layer": "Add"},
            "relu2": {"layer": "ReLU"}},
        "edges": [["x", "conv1", "bn1", "relu1", "conv2", "bn2", "add", "relu2", "y"],
                  ["x", "shortcut", "add:1"]]}},
    "nodes": {
        "image": {"layer": "Input", "shape": [3, 16, 16], "at": [0, 0]},
        "stem": {"layer": "Conv2d", "out_channels": "=width", "kernel_size": 3, "padding": 1,
                 "at": [0, 80]},
        "act": {"layer": "ReLU", "at": [0, 160]},
        "layer1": {"block": "Residual", "repeat": 2, "with": {"channels": "=width"},
                   "at": [0, 240]},
        "layer2": {"block": "Residual", "repeat": 2, "lr_scale": 0.1,
                   "with": {"channels": "=2 * width", "stride": "=2 if i == 0 else 1"}},
        "one": {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1, "at": [-90, 400]},
        "two": {"layer": "Conv2d", "out_channels": 6, "kernel_size": 3, "padding": 1},
        "three": {"layer": "Conv2d", "out_channels": 5, "kernel_size": 5, "padding": 2,
                  "lr_scale": 0},
        "cat": {"layer": "Concat", "at": [0, 480]},
        "pool": {"layer": "GlobalAvgPool2d", "at": [0, 560]},
        "flatten": {"layer": "Flatten"},
        "fc": {"layer": "Linear", "out_features": "=classes"},
        "scores": {"layer": "Output", "at": [0, 700]}},
    "edges": [["image", "stem", "act", "layer1", "layer2", "one", "cat", "pool", "flatten", "fc",
               "scores"], ["layer2", "two", "cat:1"], ["layer2", "three", "cat:2"]]}"""
)
SOURCE = generate(DESIGN, analyze(DESIGN)).source


@cache
def read(source: str) -> Design:
    """Return the network of code as a program of torch.export shows it."""
    network = module_from_source(source, "Small").train()
    program = torch.export.export(network, (torch.randn(2, 3, 16, 16),))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.pt2"
        torch.export.save(program, path)
        converted = convert(pt2.read(path), lambda *_: None)
        return fold(converted.design, converted.modules).design


def edited(*replacements: tuple[str, str]) -> str:
    source = SOURCE
    for old, new in replacements:
        assert source.count(old) >= 1, old
        source = source.replace(old, new)
    return source


def design(change: Callable[[Design], Design]) -> Design:
    return change(DESIGN)


@dataclass
class Case:
    """An edit of the code, the design that it means, and the differences that are shown."""

    code: str
    wanted: Design
    differences: list[tuple[str, str]]


def inserted(new: str, node: LayerNode, edge: Edge, block: str | None = None) -> Design:
    """Return the design with a node on an edge, at the end of its graph."""
    graph = DESIGN.graph_of(block)
    into = Edge(edge.source, edge.source_port, new, 0)
    out = Edge(new, 0, edge.target, edge.target_port)
    rest = tuple(each for each in graph.edges if each != edge)
    return edits.with_graph(DESIGN, block, Graph({**graph.nodes, new: node}, (*rest, into, out)))


def second_head() -> Design:
    nodes = {"fc2": LayerNode("Linear", {"out_features": 3}), "output_2": LayerNode("Output")}
    edges = (Edge("flatten", 0, "fc2", 0), Edge("fc2", 0, "output_2", 0))
    graph = DESIGN.graph
    return replace(DESIGN, graph=Graph({**graph.nodes, **nodes}, (*graph.edges, *edges)))


CASES = {
    "renamed layer": Case(
        edited(("self.stem", "self.first")),
        edits.rename_node(DESIGN, "stem", "first"),
        [("renamed", "first")],
    ),
    "inserted layer": Case(
        edited(
            ("        self.act =", "        self.norm = nn.BatchNorm2d(width)\n        self.act ="),
            ("self.act(self.stem(x))", "self.act(self.norm(self.stem(x)))"),
        ),
        inserted("norm", LayerNode("BatchNorm2d"), Edge("stem", 0, "act", 0)),
        [("added", "norm")],
    ),
    "changed width": Case(
        edited(
            ("nn.Conv2d(2 * width, 6, 3, padding=1)", "nn.Conv2d(2 * width, 9, 3, padding=1)"),
            ("nn.Linear(15,", "nn.Linear(18,"),
        ),
        edits.set_parameter(DESIGN, "two", "out_channels", 9),
        [("changed", "two")],
    ),
    "changed width of everything": Case(
        edited(("classes=10, width=8", "classes=10, width=12")),
        edits.set_argument(DESIGN, "width", 12),
        [("changed", "width")],
    ),
    "removed branch": Case(
        edited(
            ("        self.two = nn.Conv2d(2 * width, 6, 3, padding=1)\n", ""),
            ("        branch2 = self.two(x)\n", ""),
            ("torch.cat([branch1, branch2, x], 1)", "torch.cat([branch1, x], 1)"),
            ("del branch1, branch2", "del branch1"),
            ("nn.Linear(15,", "nn.Linear(9,"),
        ),
        edits.connect(
            edits.disconnect(
                edits.remove_node(DESIGN, "two", heal=False), Edge("three", 0, "cat", 2)
            ),
            Edge("three", 0, "cat", 1),
        ),
        [("removed", "two"), ("rewired", "cat")],
    ),
    "swapped activation": Case(
        edited(("self.relu1 = nn.ReLU(inplace=True)", "self.relu1 = nn.GELU()")),
        edits.replace_node(
            DESIGN,
            "relu1",
            replace(DESIGN.blocks["Residual"].graph.nodes["relu1"], layer="GELU"),
            block="Residual",
        ),
        [("changed", "relu1")],
    ),
    "changed kernel": Case(
        edited(
            (
                "self.stem = nn.Conv2d(3, width, 3, padding=1)",
                "self.stem = nn.Conv2d(3, width, 5, padding=2)",
            )
        ),
        edits.set_parameter(
            edits.set_parameter(DESIGN, "stem", "kernel_size", 5), "stem", "padding", 2
        ),
        [("changed", "stem")],
    ),
    "changed repeat count": Case(
        edited(("range(2)", "range(4)")),
        edits.set_repeat(DESIGN, "layer1", 4),
        [("changed", "layer1")],
    ),
    "second head": Case(
        edited(
            ("        self.fc =", "        self.fc2 = nn.Linear(15, 3)\n        self.fc ="),
            ("return self.fc(x)", "return self.fc(x), self.fc2(x)"),
        ),
        second_head(),
        [("added", "fc2"), ("added", "output_2")],
    ),
    "changed class count": Case(
        edited(("classes=10", "classes=37")),
        edits.set_argument(DESIGN, "classes", 37),
        [("changed", "classes")],
    ),
    "renamed stage": Case(
        edited(("self.layer1", "self.stage1")),
        edits.rename_node(DESIGN, "layer1", "stage1"),
        [("renamed", "stage1")],
    ),
    "changed width of a stage": Case(
        edited(
            ("Residual(width, 2 * width, stride=2)", "Residual(width, 24, stride=2)"),
            ("Residual(2 * width, 2 * width)", "Residual(24, 24)"),
            ("nn.Conv2d(2 * width,", "nn.Conv2d(24,"),
        ),
        edits.set_block_argument(DESIGN, "layer2", "channels", 24),
        [("changed", "layer2")],
    ),
    "inserted between stages": Case(
        edited(
            ("        self.layer2 =", "        self.drop = nn.Dropout(0.2)\n        self.layer2 ="),
            ("x = self.layer2(x)", "x = self.layer2(self.drop(x))"),
        ),
        inserted("drop", LayerNode("Dropout", {"p": 0.2}), Edge("layer1", 0, "layer2", 0)),
        [("added", "drop")],
    ),
    "fewer repetitions": Case(
        edited(("range(2)", "range(1)")),
        edits.set_repeat(DESIGN, "layer1", 1),
        [("changed", "layer1")],
    ),
    "dropout in a block": Case(
        edited(
            ("        self.conv2 =", "        self.drop = nn.Dropout(0.3)\n        self.conv2 ="),
            ("self.bn2(self.conv2(y))", "self.bn2(self.conv2(self.drop(y)))"),
        ),
        inserted(
            "drop", LayerNode("Dropout", {"p": 0.3}), Edge("relu1", 0, "conv2", 0), "Residual"
        ),
        [("added", "drop")],
    ),
}


def sorted_edges(value: Design) -> Design:
    """Return a design with the edges in a fixed order, which means nothing."""
    for block in (None, *value.blocks):
        graph = value.graph_of(block)
        value = edits.with_graph(value, block, replace(graph, edges=tuple(sorted(graph.edges))))
    return value


@pytest.mark.parametrize("name", CASES)
def test_an_edit_of_the_code_becomes_one_of_the_design(name):
    case = CASES[name]
    found = reconcile(read(case.code), DESIGN, read(SOURCE))
    assert found.kept
    assert sorted_edges(found.design) == sorted_edges(case.wanted)
    assert [(each.kind, each.name) for each in found.differences] == case.differences


def test_code_that_means_the_same_gives_the_design_itself():
    code = edited(
        ("x = self.layer1(x)\n        x = self.layer2(x)", "x = self.layer2(self.layer1(x))")
    )
    found = reconcile(read(code), DESIGN, read(SOURCE))
    assert found.kept and found.design == DESIGN and found.differences == ()


def test_code_of_another_network_keeps_names_and_positions():
    other = """
from torch import nn


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2)
        self.fc = nn.Linear(196, 5)

    def forward(self, x):
        return self.fc(self.stem(x).tanh().flatten(1))
"""
    found = reconcile(read(other), DESIGN, read(SOURCE))
    assert not found.kept
    assert found.design.about == DESIGN.about
    assert found.design.graph.nodes["stem"].at == DESIGN.graph.nodes["stem"].at
    assert analyze(found.design).totals.parameters == analyze(read(other)).totals.parameters
    assert found.differences
