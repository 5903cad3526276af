"""The modules of a design are those of its state dict, with the modules before each."""

import pytest

from designer import presets
from designer.analysis.analysis import analyze
from designer.analysis.report.tensors import Module, modules
from designer.design.values import Design
from designer.engine.module import module
from tests.layers.building import chain, design

LAYERS = [
    name for name in ("lenet5", "alexnet", "googlenet", "resnet50") if name in presets.names()
]


def found(design: Design) -> dict[str, Module]:
    return {each.path: each for each in modules(analyze(design))}


@pytest.mark.parametrize("name", LAYERS)
def test_the_modules_are_those_of_the_state_dict_in_its_order(name):
    design = presets.load(name)
    state = module(design).state_dict()
    ours = [
        (f"{each.path}.{own}", shape)
        for each in modules(analyze(design))
        for own, shape in each.tensors.items()
    ]
    assert ours == [(key, tuple(value.shape)) for key, value in state.items()]


def test_a_layer_of_two_modules_is_two():
    known = found(chain([4, 8, 8], ("SeparableConv2d", {"out_channels": 6, "kernel_size": 3})))
    assert list(known) == ["layer1.depthwise", "layer1.pointwise"]
    assert {each.layer for each in known.values()} == {"layer1"}
    assert known["layer1.pointwise"].before == ("layer1.depthwise",)


def test_what_lies_before_a_module_is_found_through_layers_without_tensors_and_blocks():
    block = {
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "conv": {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1},
            "relu": {"layer": "ReLU"},
        },
        "edges": [["x", "conv", "relu", "y"]],
    }
    known = found(
        design(
            {
                "image": {"layer": "Input", "shape": [4, 8, 8]},
                "one": {"block": "Part", "repeat": 2},
                "other": {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1},
                "add": {"layer": "Add"},
                "last": {"layer": "Conv2d", "out_channels": 4, "kernel_size": 1},
                "scores": {"layer": "Output"},
            },
            [["image", "one", "add", "last", "scores"], ["image", "other", "add:1"]],
            blocks={"Part": block},
        )
    )
    assert known["one.0.conv"].before == ()
    assert known["one.1.conv"].before == ("one.0.conv",)
    assert set(known["last"].before) == {"one.1.conv", "other"}


def test_a_matrix_behind_a_flattened_image_knows_the_image():
    conv = ("Conv2d", {"out_channels": 3, "kernel_size": 1})
    linear = ("Linear", {"out_features": 5})
    known = found(chain([1, 4, 6], conv, ("Flatten", {}), ("ReLU", {}), linear, linear))
    assert known["layer4"].image == (3, 4, 6)
    assert known["layer5"].image is None
    pooled = found(chain([1, 4, 6], conv, ("GlobalAvgPool2d", {}), linear))
    assert pooled["layer3"].image is None
