"""Depth: the convolutions and dense layers on the longest path, as papers count them."""

import pytest

from designer import presets
from designer.analysis.accounting.depth import depth
from designer.analysis.analysis import analyze
from designer.design.values import Design, Edge, Graph, LayerNode


@pytest.mark.parametrize(
    ("name", "layers"),
    [("lenet5", 5), ("alexnet", 8), ("vgg16", 16), ("googlenet", 22), ("resnet18", 18),
     ("resnet50", 50)],
)  # fmt: skip
def test_presets_are_as_deep_as_they_are_called(name: str, layers: int) -> None:
    assert depth(analyze(presets.load(name)).top) == layers


def test_a_separable_convolution_is_two() -> None:
    nodes = {
        "image": LayerNode("Input", {"shape": (3, 8, 8)}),
        "conv": LayerNode("SeparableConv2d", {"out_channels": 4, "kernel_size": 3}),
    }
    edges = (Edge("image", 0, "conv", 0),)
    assert depth(analyze(Design("Two", graph=Graph(nodes, edges))).top) == 2


def test_layers_without_a_known_output_do_not_count() -> None:
    assert depth(analyze(Design("Empty")).top) == 0
    nodes = {
        "image": LayerNode("Input", {"shape": (3, 8, 8)}),
        "one": LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 3}),
        "two": LayerNode("Conv2d", {"out_channels": 4, "kernel_size": 30}),
    }
    edges = (Edge("image", 0, "one", 0), Edge("one", 0, "two", 0))
    assert depth(analyze(Design("Broken", graph=Graph(nodes, edges))).top) == 1
