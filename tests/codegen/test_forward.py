"""The generated forward computes the graph, however branched."""

import re
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import nn

from designer.codegen import source
from designer.design.values import Design, LayerNode
from tests.layers.building import as_tuple, design, images, network, valid


@st.composite
def tangles(draw: st.DrawFn) -> Design:
    """Any graph of joins, activations and convolutions, with several readers and outputs."""
    nodes: dict[str, Any] = {"image": {"layer": "Input", "shape": [2, 3, 3]}}
    channels = {"image": 2}
    edges: list[list[str]] = []
    if draw(st.booleans()):
        nodes["second"] = {"layer": "Input", "shape": [2, 3, 3]}
        channels["second"] = 2
    for number in range(draw(st.integers(1, 12))):
        name = f"n{number}"
        # Newer tensors are drawn more often, so that chains form, too.
        names = list(channels)
        pick = st.sampled_from(names) | st.sampled_from(names[-2:])
        kind = draw(
            st.sampled_from(("Add", "Concat", "ReLU", "ReLU", "Conv2d", "Multiply", "Mean", "SiLU"))
        )
        sources = [draw(pick)]
        options: dict[str, Any] = {}
        if kind in ("Add", "Multiply", "Mean"):
            fitting = [each for each in names if channels[each] == channels[sources[0]]]
            sources += draw(st.lists(st.sampled_from(fitting), min_size=1, max_size=3))
        elif kind == "Concat":
            sources += draw(st.lists(pick, min_size=1, max_size=2))
        elif kind == "Conv2d":
            options = {"out_channels": draw(st.integers(1, 3)), "kernel_size": 1}
        channels[name] = (
            sum(channels[each] for each in sources)
            if kind == "Concat"
            else (options.get("out_channels", channels[sources[0]]))
        )
        nodes[name] = {"layer": kind, **options}
        edges += [[each, f"{name}:{port}" if port else name] for port, each in enumerate(sources)]
    read = {edge[0] for edge in edges}
    ends = [name for name in channels if name not in read] or ["image"]
    for number, name in enumerate(ends):
        auxiliary = number > 0 and draw(st.booleans())
        nodes[f"out{number}"] = {"layer": "Output", "auxiliary": auxiliary}
        edges.append([name, f"out{number}"])
    # As a person draws: not in the order of the data.
    order = draw(st.permutations(list(nodes)))
    return design({name: nodes[name] for name in order}, edges)


def interpreted(drawn: Design, module: nn.Module, inputs: list[torch.Tensor]) -> dict[str, Any]:
    """Evaluate every node from those it reads, with the module's weights and nothing in place."""
    graph = drawn.graph
    names = [n for n, each in graph.nodes.items() if each.layer == "Input"]  # type: ignore[union-attr]
    values = dict(zip(names, inputs, strict=True))

    def value(name: str) -> torch.Tensor:
        if name not in values:
            node = graph.nodes[name]
            assert isinstance(node, LayerNode)
            entering = sorted((e for e in graph.edges if e.target == name), key=lambda e: e[3])
            given = [value(edge.source) for edge in entering]
            total = given[0]
            for each in given[1:]:
                if node.layer in ("Add", "Mean"):
                    total = total + each
                elif node.layer == "Multiply":
                    total = total * each
            values[name] = {
                "Add": lambda: total,
                "Mean": lambda: total / len(given),
                "Multiply": lambda: total,
                "Concat": lambda: torch.cat(given, 1),
                "ReLU": lambda: given[0].clamp(min=0),
                "SiLU": lambda: given[0] * given[0].sigmoid(),
                "Conv2d": lambda: nn.functional.conv2d(
                    given[0], getattr(module, name).weight, getattr(module, name).bias
                ),
                "Output": lambda: given[0],
            }[node.layer]()
        return values[name]

    return {name: value(name) for name in graph.nodes}


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@given(tangles())
def test_any_graph_is_computed_correctly(drawn: Design):
    analysis = valid(drawn)
    torch.manual_seed(0)
    module = network(drawn).double()  # products grow beyond what float32 compares
    inputs = [each.double() for each in images(drawn, 2)]
    before = [each.clone() for each in inputs]
    wanted = interpreted(drawn, module, inputs)
    for training in (True, False):
        outputs = as_tuple(module.train(training)(*inputs))
        ports = [port for port in analysis.outputs if training or not port.auxiliary]
        assert len(outputs) == len(ports)
        for port, found in zip(ports, outputs, strict=True):
            torch.testing.assert_close(found, wanted[port.name])
        assert all(map(torch.equal, inputs, before))


def test_a_join_frees_the_branches_that_it_reads():
    conv = {"layer": "Conv2d", "out_channels": 2, "kernel_size": 1}
    drawn = design(
        {
            "image": {"layer": "Input", "shape": [2, 4, 4]},
            "stem": conv,
            "left": conv,
            "right": conv,
            "join": {"layer": "Concat"},
            "last": conv,
            "scores": {"layer": "Output"},
        },
        [["image", "stem", "left", "join", "last", "scores"], ["stem", "right", "join:1"]],
    )
    text = source(drawn)
    forward = text[text.index("def forward") :]
    freed = re.search(r"torch\.cat.*\n\s+del (\w+)\n", forward)
    assert freed is not None
    assert freed[1] not in forward[freed.end() :].replace("self.", "").split()


def forward(drawn: Design) -> list[str]:
    """Return the statements of the network's forward method."""
    text = source(drawn)
    return [each.strip() for each in text[text.rindex("def forward") :].splitlines()[1:]]


CONV = {"layer": "Conv2d", "out_channels": 2, "kernel_size": 1}
NORM, RELU = {"layer": "BatchNorm2d"}, {"layer": "ReLU"}
TANH, POOL = {"layer": "Tanh"}, {"layer": "MaxPool2d", "kernel_size": 2}


def drawn_in_a_row(**nodes: Any) -> Design:
    every = {
        "image": {"layer": "Input", "shape": [2, 8, 8]},
        **nodes,
        "scores": {"layer": "Output"},
    }
    return design(every, [list(every)])


ROWS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "norm and activation go with the convolution": (
        {"conv1": CONV, "bn1": NORM, "relu1": RELU, "conv2": CONV, "bn2": NORM, "relu2": RELU},
        ["x = self.relu1(self.bn1(self.conv1(x)))", "return self.relu2(self.bn2(self.conv2(x)))"],
    ),
    "so does an activation that makes a tensor": (
        {"conv1": CONV, "tanh1": TANH, "conv2": CONV, "tanh2": TANH},
        ["x = self.tanh1(self.conv1(x))", "return self.tanh2(self.conv2(x))"],
    ),
    "a pool joins where nothing is freed by it": (
        {"conv1": CONV, "relu1": RELU, "pool1": POOL, "conv2": CONV, "relu2": RELU, "pool2": POOL},
        [
            "x = self.pool1(self.relu1(self.conv1(x)))",
            "x = self.relu2(self.conv2(x))",
            "return self.pool2(x)",
        ],
    ),
    "norm and activation come before": (
        {"bn1": NORM, "relu1": RELU, "conv1": CONV, "bn2": NORM, "relu2": RELU, "conv2": CONV},
        ["x = self.conv1(self.relu1(self.bn1(x)))", "return self.conv2(self.relu2(self.bn2(x)))"],
    ),
    "dense layers": (
        {
            "flatten": {"layer": "Flatten"},
            "fc1": {"layer": "Linear", "out_features": 4},
            "relu": RELU,
            "drop": {"layer": "Dropout"},
            "fc2": {"layer": "Linear", "out_features": 2},
        },
        ["x = self.drop(self.relu(self.fc1(torch.flatten(x, 1))))", "return self.fc2(x)"],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_statements(name: str):
    nodes, statements = ROWS[name]
    assert forward(drawn_in_a_row(**nodes)) == statements


def test_branches_have_names_of_their_own():
    nodes = {
        "image": {"layer": "Input", "shape": [2, 8, 8]},
        "one": CONV,
        "two": CONV,
        "relu": RELU,
        "three": CONV,
        "join": {"layer": "Concat"},
        "last": CONV,
        "scores": {"layer": "Output"},
    }
    edges = [["image", "one", "join", "last", "scores"], ["image", "two", "relu", "join:1"]]
    drawn = design(nodes, [*edges, ["image", "three", "join:2"]])
    assert forward(drawn) == [
        "branch1 = self.one(x)",
        "branch2 = self.relu(self.two(x))",
        "branch3 = self.three(x)",
        "y = torch.cat([branch1, branch2, branch3], 1)",
        "del branch1, branch2, branch3",
        "return self.last(y)",
    ]


def test_outputs_of_a_block_have_names_of_their_own():
    block = {
        "inputs": ["x"],
        "outputs": ["a", "b", "c"],
        "nodes": {"one": CONV, "two": CONV, "three": CONV},
        "edges": [["x", "one", "a"], ["x", "two", "b"], ["x", "three", "c"]],
    }
    nodes = {
        "image": {"layer": "Input", "shape": [2, 8, 8]},
        "many": {"block": "Many"},
        "join": {"layer": "Concat"},
        "scores": {"layer": "Output"},
    }
    edges = [["image", "many", "join", "scores"], ["many:1", "join:1"], ["many:2", "join:2"]]
    drawn = design(nodes, edges, blocks={"Many": block})
    assert forward(drawn) == [
        "branch1, branch2, branch3 = self.many(x)",
        "return torch.cat([branch1, branch2, branch3], 1)",
    ]


def test_one_class_whether_a_shortcut_projects_or_not():
    block = {
        "arguments": {"channels": {"default": 2}},
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "bn": NORM,
            "relu": RELU,
            "shortcut": {"layer": "PreActShortcut", "out_channels": "=channels"},
            "conv": {**CONV, "out_channels": "=channels"},
            "add": {"layer": "Add"},
        },
        "edges": [
            ["x", "bn", "relu", "conv", "add", "y"],
            ["x", "shortcut", "add:1"],
            ["relu", "shortcut:1"],
        ],
    }
    drawn = design(
        {
            "image": {"layer": "Input", "shape": [2, 8, 8]},
            "same": {"block": "Unit"},
            "more": {"block": "Unit", "with": {"channels": 4}},
            "scores": {"layer": "Output"},
        },
        [["image", "same", "more", "scores"]],
        blocks={"Unit": block},
    )
    text = source(drawn)
    assert text.count("class Unit") == 1
    assert "shortcut = self.shortcut(x, y)" in text
    assert "return y + shortcut" in text
