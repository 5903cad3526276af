"""Activations work in place where that is right, and nowhere else."""

from typing import Any

import pytest
import torch

from designer.layers.catalogue import layer_types
from tests.layers.building import (
    Node,
    assert_backward_runs,
    assert_memory_agrees,
    chain,
    design,
    images,
    network,
    valid,
)

IN_PLACE = [name for name, kind in layer_types().items() if kind.inplace]
IMAGE: Node = {"layer": "Input", "shape": [4, 6, 6]}
CONV: Node = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1}
SCORES: Node = {"layer": "Output"}

# The layer before the activation, and whether the activation may overwrite its output: not if
# that layer saves it for backward.
FRONT: dict[str, tuple[dict[str, Any], bool]] = {
    "Conv2d": ({"out_channels": 3, "kernel_size": 3, "padding": 1}, True),
    "ConvTranspose2d": ({"out_channels": 3, "kernel_size": 3}, True),
    "SeparableConv2d": ({"out_channels": 3, "kernel_size": 3}, True),
    "Shortcut": ({"out_channels": 8}, True),
    "BatchNorm2d": ({}, True),
    "GroupNorm": ({"num_groups": 2}, True),
    "LayerNorm": ({}, True),
    "InstanceNorm2d": ({}, True),
    "LocalResponseNorm": ({"size": 3}, True),
    "MaxPool2d": ({"kernel_size": 2}, True),
    "AvgPool2d": ({"kernel_size": 2}, True),
    "AdaptiveAvgPool2d": ({"output_size": 2}, True),
    "GlobalAvgPool2d": ({}, True),
    "LPPool2d": ({"kernel_size": 2}, True),
    "StochasticPool2d": ({"kernel_size": 2}, True),
    "PReLU": ({}, True),
    "GELU": ({}, True),
    "Softplus": ({}, True),
    "Flatten": ({}, True),
    "Identity": ({}, True),
    "Slice": ({"stop": 2}, False),
    "Permute": ({"order": [3, 1, 2]}, True),
    "Reshape": ({"shape": [8, -1]}, True),
    "Scale": ({}, True),
    "ZeroPad2d": ({}, True),
    "Upsample": ({}, True),
    "PixelShuffle": ({}, True),
    "ChannelShuffle": ({}, True),
    "Dropout": ({"p": 0.5}, True),
    "Dropout2d": ({"p": 0.5}, True),
    "StochasticDepth": ({"p": 0.5}, True),
    "ReLU6": ({}, True),
    "Sigmoid": ({}, False),
    "Tanh": ({}, False),
    "Softmax": ({}, False),
    "LogSoftmax": ({}, False),
    "ReLU": ({}, False),
    "LeakyReLU": ({}, False),
    "ELU": ({}, False),
    "SELU": ({}, False),
}


def check(nodes: dict[str, Node], edges: list[list[str]], expected: dict[str, bool]) -> None:
    drawn = design(nodes, edges)
    analysis = valid(drawn)
    found = {name: analysis.top.nodes[name].in_place for name in expected}
    assert found == expected
    module = network(drawn)
    for batch in (2, 3):
        assert_memory_agrees(drawn, module, images(drawn, batch))
        assert_backward_runs(module, images(drawn, batch))


@pytest.mark.parametrize("kind", IN_PLACE)
@pytest.mark.parametrize("front", FRONT)
def test_behind_every_kind_of_layer(front: str, kind: str):
    parameters, allowed = FRONT[front]
    nodes = {
        "image": IMAGE,
        "conv": CONV,
        "front": {"layer": front, **parameters},
        "act": {"layer": kind},
        "behind": {"layer": "Scale"},
        "scores": SCORES,
    }
    check(nodes, [list(nodes)], {"act": allowed})


@pytest.mark.parametrize("kind", IN_PLACE)
@pytest.mark.parametrize("join", ["Add", "Mean", "Multiply", "Maximum", "Concat"])
def test_behind_a_join(join: str, kind: str):
    nodes = {
        "image": IMAGE,
        "conv1": CONV,
        "conv2": CONV,
        "join": {"layer": join},
        "act": {"layer": kind},
        "scores": SCORES,
    }
    edges = [["image", "conv1", "join", "act", "scores"], ["image", "conv2", "join:1"]]
    check(nodes, edges, {"act": True})


@pytest.mark.parametrize("kind", IN_PLACE)
@pytest.mark.parametrize(
    "other",
    [
        CONV,
        {"layer": "MaxPool2d", "kernel_size": 1},
        {"layer": "AvgPool2d", "kernel_size": 1},
        {"layer": "Sigmoid"},
        {"layer": "Identity"},
        {"layer": "Slice", "stop": 4},
        {"layer": "Dropout", "p": 0.0},
        {"layer": "Shortcut", "out_channels": 4},
    ],
    ids=lambda node: node["layer"],
)
def test_not_on_a_tensor_that_others_read(other: Node, kind: str):
    nodes = {
        "image": IMAGE,
        "conv": CONV,
        "act": {"layer": kind},
        "other": other,
        "add": {"layer": "Add"},
        "scores": SCORES,
    }
    edges = [["image", "conv", "act", "add", "scores"], ["conv", "other", "add:1"]]
    check(nodes, edges, {"act": False})


@pytest.mark.parametrize("view", ["Identity", "Slice", "Permute", "Dropout", "Add", "Shortcut"])
def test_not_on_a_view_of_a_tensor_that_others_read(view: str):
    options = {
        "Slice": {"stop": 4},
        "Permute": {"order": [1, 2, 3]},
        "Shortcut": {"out_channels": 4},
    }
    nodes = {
        "image": IMAGE,
        "conv": CONV,
        "view": {"layer": view, **options.get(view, {})},
        "act": {"layer": "ReLU"},
        "other": CONV,
        "add": {"layer": "Add"},
        "scores": SCORES,
    }
    edges = [["image", "conv", "view", "act", "add", "scores"], ["conv", "other", "add:1"]]
    check(nodes, edges, {"act": False})


def test_not_on_the_image():
    nodes = {"image": IMAGE, "act": {"layer": "ReLU"}, "conv": CONV, "scores": SCORES}
    check(nodes, [list(nodes)], {"act": False})
    nodes = {"image": IMAGE, "view": {"layer": "Flatten"}, **nodes}
    nodes["conv"] = {"layer": "Linear", "out_features": 2}
    check(nodes, [["image", "view", "act", "conv", "scores"]], {"act": False})


@pytest.mark.parametrize("kind", IN_PLACE)
def test_a_row_of_activations(kind: str):
    nodes = {
        "image": IMAGE,
        "conv": CONV,
        "first": {"layer": kind},
        "second": {"layer": kind},
        "scores": SCORES,
    }
    keeps_output = kind in ("ReLU", "LeakyReLU", "ELU", "SELU", "CELU")
    check(nodes, [list(nodes)], {"first": True, "second": not keeps_output})


def test_behind_an_activation_out_of_place():
    nodes = {
        "image": IMAGE,
        "conv": CONV,
        "elu": {"layer": "ELU"},
        "relu": {"layer": "ReLU"},
        "pool": {"layer": "MaxPool2d", "kernel_size": 1},
        "add": {"layer": "Add"},
        "scores": SCORES,
    }
    edges = [["image", "conv", "elu", "relu", "add", "scores"], ["conv", "pool", "add:1"]]
    check(nodes, edges, {"elu": False, "relu": True})


def test_a_dropout_that_rests_does_not_hide_what_it_passes_on():
    nodes = {
        "image": IMAGE,
        "conv": CONV,
        "relu": {"layer": "ReLU"},
        "drop": {"layer": "Dropout"},
        "act": {"layer": "SiLU"},
        "scores": SCORES,
    }
    check(nodes, [list(nodes)], {"relu": True, "act": False})


def test_across_the_ends_of_a_block():
    block = {
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {"first": {"layer": "ReLU"}, "conv": CONV},
        "edges": [["x", "first", "conv", "y"]],
    }
    nodes = {
        "image": IMAGE,
        "conv": CONV,
        "block": {"block": "Block"},
        "act": {"layer": "ReLU"},
        "scores": SCORES,
    }
    drawn = design(nodes, [list(nodes)], blocks={"Block": block})
    analysis = valid(drawn)
    inside = analysis.top.nodes["block"].inside
    assert inside is not None
    assert not inside.nodes["first"].in_place
    assert analysis.top.nodes["act"].in_place
    module = network(drawn)
    assert_memory_agrees(drawn, module, images(drawn, 2))
    assert_backward_runs(module, images(drawn, 2))


def test_the_image_stays_as_it_was():
    nodes = {
        "image": IMAGE,
        "same": {"layer": "Identity"},
        "drop": {"layer": "Dropout"},
        "act": {"layer": "ReLU"},
        "scores": SCORES,
    }
    drawn = design(nodes, [list(nodes)])
    for training in (True, False):
        (image,) = images(drawn, 2)
        before = image.clone()
        network(drawn).train(training)(image)
        assert torch.equal(image, before)


def test_an_instance_norm_keeps_a_copy_of_what_is_not_in_one_piece() -> None:
    slice_rows = ("Slice", {"dim": 2, "start": 1, "stop": 3})
    made = chain([4, 6, 7], ("Scale", {}), slice_rows, ("InstanceNorm2d", {"affine": True}))
    assert_memory_agrees(made, network(made), images(made, 2))
