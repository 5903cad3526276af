"""How blocks become classes and uses of them calls."""

from typing import Any

import pytest
import torch

from designer.design.edits import set_argument
from tests.codegen.test_source import IMAGE, SCORES, agrees
from tests.layers.building import design, images, network


def conv(channels: object, **more: Any) -> dict[str, Any]:
    return {"layer": "Conv2d", "out_channels": channels, "kernel_size": 1, **more}


def block(nodes: dict[str, Any], edges: list[list[str]], **arguments: Any) -> dict[str, Any]:
    return {
        "arguments": {key: {"default": value} for key, value in arguments.items()},
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": nodes,
        "edges": edges,
    }


UNIT = block(
    {"conv": conv("=channels", stride="=stride")}, [["x", "conv", "y"]], channels=4, stride=1
)
DENSE = block(
    {"conv": conv("=growth"), "join": {"layer": "Concat"}},
    [["x", "join", "y"], ["x", "conv", "join:1"]],
    growth=2,
)


RESIDUAL = block(
    {
        "conv": conv("=channels"),
        "drop": {"layer": "Dropout", "p": "=drop"},
        "shortcut": {"layer": "Identity", "when": "=channels == in_channels"},
        "add": {"layer": "Add"},
    },
    [["x", "conv", "drop", "add", "y"], ["x", "shortcut", "add:1"]],
    channels=4,
    drop=0.0,
)


def stacked(use: dict[str, Any], of: dict[str, Any] = UNIT, **more: Any) -> Any:
    return design(
        {"image": IMAGE, "stack": {"block": "Unit", **use}, "scores": SCORES},
        [["image", "stack", "scores"]],
        blocks={"Unit": of, **more.pop("blocks", {})},
        **more,
    )


def line(text: str, start: str = "self.stack = ") -> str:
    rest = text[text.index(start) :]
    return " ".join(rest.split("\n\n")[0].split())


def test_equal_uses_become_a_comprehension():
    text = agrees(stacked({"repeat": 3, "with": {"channels": 3}}))
    assert "*(Unit(3, 3) for _ in range(3))" in line(text)


def test_a_first_use_that_differs():
    text = agrees(stacked({"repeat": 3, "with": {"channels": 6, "stride": "=2 if i == 0 else 1"}}))
    assert "Unit(3, 6, stride=2), *(Unit(6, 6) for _ in range(2))" in line(text)


def test_a_first_use_of_another_class_before_others_that_differ():
    text = agrees(
        stacked({"repeat": 3, "with": {"channels": 6, "drop": "=0.5 if i < 2 else 0.25"}}, RESIDUAL)
    )
    assert "(3, 6, drop=0.5), Unit2(6, 6, drop=0.5), Unit2(6, 6, drop=0.25)" in line(text)


def test_an_argument_is_bound_where_its_smallest_value_builds_something_else():
    free = {"width": {"default": 16, "min": 4}}
    text = agrees(stacked({"with": {"channels": "=width"}}, RESIDUAL, arguments=free))
    assert "Unit(3, width)" in line(text)
    bound = {"width": {"default": 16, "min": 3}}  # as many channels as the image
    text = agrees(stacked({"with": {"channels": "=width"}}, RESIDUAL, arguments=bound))
    assert "Unit(3, 16)" in line(text)


def test_channels_that_grow_become_a_loop():
    text = agrees(stacked({"repeat": 4}, DENSE))
    assert "for _ in range(4):" in text
    assert text.count("class ") == 2


def test_the_number_of_the_use():
    text = agrees(stacked({"repeat": 3, "with": {"channels": "=4 * (i + 1)"}}))
    assert "for i in range(3):" in text


@pytest.mark.parametrize("repeat", [0, 1, 2])
def test_small_repeats(repeat: int):
    drawn = stacked({"repeat": repeat, "with": {"channels": "=4 * (i + 1)"}})
    agrees(drawn)
    keys = list(network(drawn).state_dict())
    assert [key for key in keys if key.endswith("weight")] == [
        [],
        ["stack.conv.weight"],
        ["stack.0.conv.weight", "stack.1.conv.weight"],
    ][repeat]


@pytest.mark.parametrize("inner", [UNIT, DENSE])
def test_one_class_for_every_number_of_repeats(inner: dict[str, Any]):
    stage = block({"inner": {"block": "Inner", "repeat": "=n"}}, [["x", "inner", "y"]], n=2)
    drawn = design(
        {
            "image": IMAGE,
            "a": {"block": "Stage", "with": {"n": 2}},
            "b": {"block": "Stage", "with": {"n": 4}},
            "scores": SCORES,
        },
        [["image", "a", "b", "scores"]],
        blocks={"Stage": stage, "Inner": inner},
    )
    agrees(drawn)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_repeats_given_by_the_design(n: int):
    drawn = stacked(
        {"repeat": "=n", "with": {"channels": "=2 * (i + 1)"}},
        arguments={"n": {"default": 2, "min": 0}},
    )
    agrees(set_argument(drawn, "n", n))


def test_several_inputs_and_outputs():
    cross = {
        "inputs": ["a", "b"],
        "outputs": ["c", "d"],
        "nodes": {"one": conv(4), "two": conv(5), "add": {"layer": "Concat"}},
        "edges": [["a", "one", "add"], ["b", "two", "add:1"], ["add", "c"], ["two", "d"]],
    }
    nodes = {"left": IMAGE, "right": IMAGE, "cross": {"block": "Cross"}, "head": conv(2)}
    for port, label in ((0, "cross"), (1, "cross:1")):
        drawn = design(
            {**nodes, "scores": SCORES},
            [["left", "cross"], ["right", "cross:1"], [label, "head", "scores"]],
            blocks={"Cross": cross},
        )
        assert f"self.head = nn.Conv2d({(9, 5)[port]}, 2, 1)" in agrees(drawn)


def test_sizes_behind_a_flatten_are_an_argument():
    head = block(
        {"flat": {"layer": "Flatten"}, "fc": {"layer": "Linear", "out_features": "=classes"}},
        [["x", "flat", "fc", "y"]],
        classes=3,
    )
    drawn = design(
        {
            "image": IMAGE,
            "pool": {"layer": "MaxPool2d", "kernel_size": 2},
            "large": {"block": "Head"},
            "small": {"block": "Head"},
            "scores": SCORES,
            "others": SCORES,
        },
        [["image", "large", "scores"], ["image", "pool", "small", "others"]],
        blocks={"Head": head},
    )
    text = agrees(drawn)
    assert text.count("class ") == 2
    assert "Head(3, fc_in_channels=192)" in text
    assert "Head(3, fc_in_channels=48)" in text


def test_sizes_by_the_repeated_use_and_the_height():
    normed = block(
        {
            "conv": conv("=channels", stride=2),
            "norm": {"layer": "LayerNorm"},
            "scale": {"layer": "Dropout", "p": "=1 / in_height"},
        },
        [["x", "conv", "norm", "scale", "y"]],
        channels=4,
    )
    text = agrees(stacked({"repeat": 3, "with": {"channels": 6}}, normed))
    assert text.count("class ") == 2
    assert "in_height" in text


@pytest.mark.parametrize("axes", [0, 1, 2, 3])
def test_layer_norm_in_a_block(axes: int):
    agrees(
        stacked(
            {"with": {"channels": 5}},
            block(
                {"conv": conv("=channels"), "norm": {"layer": "LayerNorm", "axes": axes}},
                [["x", "conv", "norm", "y"]],
                channels=4,
            ),
        )
    )


def test_arguments_in_forward_are_kept_as_attributes():
    """Of layers without a module: as `half_` and `conv_`, since a module has both names already."""
    inner = block(
        {
            "conv": conv("=2 * half"),
            "cut": {"layer": "Slice", "start": "=half", "stop": "=2 * half"},
            "factor": {"layer": "Scale", "factor": "=factor", "learned": False},
            "wide": {"layer": "Scale", "factor": "=conv", "learned": False},
            "fit": {"layer": "Reshape", "shape": ["=half", "=size"]},
        },
        [["x", "conv", "cut", "factor", "wide", "fit", "y"]],
        half=3,
        factor=0.5,
        conv=2.0,
        size=64,
    )
    drawn = stacked({"with": {"factor": 0.25, "conv": 3.0}}, inner)
    text = agrees(drawn)
    for kept in ("self.half_ = half", "self.factor = factor", "self.conv_ = conv"):
        assert kept in text
    module = network(drawn)
    (image,) = images(drawn, 2)
    found = module(image)
    wanted = module.stack.conv(image)[:, 3:].flatten(2) * 0.75
    torch.testing.assert_close(found, wanted)
