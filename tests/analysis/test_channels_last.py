"""Inputs that were given as height, width, channels."""

from typing import Any

import pytest

from designer.analysis.analysis import analyze
from designer.analysis.problems import Severity
from designer.design.values import LayerNode
from tests.analysis.drawing import block, chain

CONV = {"layer": "Conv2d", "out_channels": 8, "kernel_size": 3}
PADDED = {**CONV, "padding": 1}
RELU = {"layer": "ReLU"}
BLOCKS = {"B": block({"c": PADDED}, [["x", "c", "y"]])}


def test_the_problem_that_it_causes_offers_to_bring_the_channels_first() -> None:
    found = analyze(chain(CONV, {"layer": "Flatten"}, shape=[28, 28, 1]))
    (problem,) = found.problems
    assert problem.message.endswith(
        "the input's width is 1 (from image); if image is height × width × channels, set the input "
        "to 1×28×28"
    )
    assert problem.fixes[0].label == "set the input to 1×28×28"
    assert analyze(problem.fixes[0](found.design)).problems == ()


@pytest.mark.parametrize("shape", [(224, 224, 3), (28, 28, 1), (480, 640, 3)], ids=str)
@pytest.mark.parametrize(
    "layers",
    [
        (PADDED,),
        (RELU, RELU, PADDED),
        ({"layer": "MaxPool2d", "kernel_size": 1},),
        ({"block": "B"},),
        ({"block": "B", "repeat": 2},),
    ],
)
def test_it_is_a_warning_where_torch_computes_something(
    layers: list[dict[str, Any]], shape: tuple[int, ...]
) -> None:
    found = analyze(chain(*layers, shape=shape, blocks=BLOCKS))
    (problem,) = found.problems
    assert (problem.code, problem.node) == ("channels-last", "image")
    assert problem.severity is Severity.WARNING
    fixed = analyze(problem.fixes[0](found.design))
    assert fixed.problems == ()
    assert fixed.inputs[0].shape == (shape[2], shape[0], shape[1])


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        (({"layer": "Permute", "order": [3, 1, 2]}, PADDED), (224, 224, 3)),
        (({"layer": "Flatten"}, {"layer": "Linear", "out_features": 2}), (28, 28, 1)),
        (({"layer": "Reshape", "shape": [3, 32, 32]}, PADDED), (32, 32, 3)),
        ((PADDED,), (3, 224, 224)),
        ((PADDED,), (64, 32, 4)),  # small feature maps
        ((PADDED,), (40, 100, 1)),  # 40 channels of a signal
        ((PADDED,), (3, 3, 3)),
    ],
)
def test_an_input_that_is_meant_is_left_alone(
    layers: list[dict[str, Any]], shape: tuple[int, ...]
) -> None:
    assert analyze(chain(*layers, shape=shape)).problems == ()


def test_expressions_in_the_shape_are_moved_as_they_are() -> None:
    found = analyze(chain(PADDED, shape=["=size", "=size", 3], size=32))
    fixed = found.problems[0].fixes[0](found.design)
    node = fixed.graph.nodes["image"]
    assert isinstance(node, LayerNode)
    assert node.parameters["shape"] == (3, "=size", "=size")


def test_a_long_chain_of_activations_is_followed() -> None:
    found = analyze(chain(*[RELU] * 3000, PADDED, shape=[32, 32, 3]))
    assert [each.code for each in found.problems] == ["channels-last"]
