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


def test_channels_that_grow_follow_the_number():
    text = agrees(stacked({"repeat": 4}, DENSE))
    assert line(text) == "self.stack = nn.Sequential(*(Unit(3 + 2 * i) for i in range(4)))"
    assert text.count("class ") == 2


def test_channels_that_grow_in_another_way_become_a_loop():
    twice = block({"conv": conv("=2 * in_channels")}, [["x", "conv", "y"]])
    text = agrees(stacked({"repeat": 4}, twice))
    assert "for _ in range(4):" in text
    assert "width = layers[-1].out_channels" in text


def test_runs_of_two_classes_stand_in_a_row():
    inner = block(
        {"conv": conv(3), "relu": {"layer": "ReLU", "when": "=relu"}},
        [["x", "conv", "relu", "y"]],
        relu=True,
    )
    text = agrees(stacked({"repeat": 4, "with": {"relu": "=i < 3"}}, inner))
    assert line(text) == "self.stack = nn.Sequential(*(Unit(3) for _ in range(3)), Unit2(3))"


WIDE = block(
    {"conv": conv("=channels", stride="=stride", bias="=bias", groups="=groups")},
    [["x", "conv", "y"]],
    channels=4,
    stride=1,
    groups=1,
    bias=True,
)


def stages(*uses: dict[str, Any], of: dict[str, Any] = WIDE, **more: Any) -> Any:
    """Return a design of repeated blocks one behind the other."""
    names = [f"stage{number}" for number in range(1, len(uses) + 1)]
    nodes = {name: {"block": "WideResidual", **use} for name, use in zip(names, uses, strict=True)}
    return design(
        {"image": {"layer": "Input", "shape": [3, 16, 16]}, **nodes, "scores": SCORES},
        [["image", *names, "scores"]],
        blocks={"WideResidual": of},
        **more,
    )


def stage(channels: object, repeat: object, stride: int = 1, **more: Any) -> dict[str, Any]:
    step = f"={stride} if i == 0 else 1" if stride > 1 else 1
    arguments = {"channels": channels, "stride": step, "bias": "=bias", "groups": "=groups", **more}
    return {"repeat": repeat, "with": arguments}


FREE = {"bias": {"default": False}, "groups": {"default": 1}}


def test_stages_that_are_alike_share_a_method():
    drawn = stages(stage(4, 3), stage(8, 2, 2), stage(16, 4, 2), stage(16, 3), arguments=FREE)
    text = agrees(drawn)
    assert "self.stage1 = self._stage(3, 4, 3, groups=groups, bias=bias)\n" in text
    assert "self.stage3 = self._stage(8, 16, 4, stride=2, groups=groups, bias=bias)\n" in text
    assert (
        """
    @staticmethod
    def _stage(in_channels, channels, count, groups, bias, stride=1):
        \"""Return blocks in a row, each for the channels that the one before gives.\"""
        first = WideResidual(in_channels, channels, stride=stride, groups=groups, bias=bias)
        rest = (
            WideResidual(first.out_channels, channels, groups=groups, bias=bias)
            for _ in range(count - 1)
        )
        return nn.Sequential(first, *rest)

    def forward(self, x):
"""
        in text
    )
    module = network(drawn)
    assert [len(part) for part in module.children()] == [3, 2, 4, 3]
    assert [part[0].conv.stride[0] for part in module.children()] == [1, 2, 2, 1]
    assert {each.conv.stride for part in module.children() for each in part[1:]} == {(1, 1)}


def test_stages_of_a_free_number_share_a_loop():
    uses = [stage(4, "=n"), stage(8, "=n", 2), stage(16, "=n", 2)]
    drawn = stages(*uses, arguments={**FREE, "n": {"default": 2, "min": 1}})
    text = agrees(drawn)
    assert "self.stage2 = self._stage(4, 8, n, stride=2, groups=groups, bias=bias)\n" in text
    assert (
        """
        layers = []
        for i in range(count):
            layers.append(
                WideResidual(
                    in_channels, channels, stride=stride if i == 0 else 1, groups=groups, bias=bias
                )
            )
            in_channels = layers[-1].out_channels
        return nn.Sequential(*layers)
"""
        in text
    )
    for number in (1, 3):
        agrees(set_argument(drawn, "n", number))


@pytest.mark.parametrize(
    "third",
    [
        {"repeat": 3, "with": {"channels": 12, "groups": "=min(i + 1, 3)"}},
        {"repeat": 3, "with": {"channels": 12, "stride": "=1 if i == 0 else 2"}},
    ],
    ids=["another number", "another rest"],
)
def test_stages_that_differ_in_more_are_written_out(third: dict[str, Any]):
    text = agrees(stages(stage(6, 2), stage(12, 2, 2), third, arguments=FREE))
    assert "_stage" not in text


def test_a_block_with_arguments_named_like_the_methods_locals_is_written_out():
    counted = {**WIDE, "arguments": {**WIDE["arguments"], "count": {"default": 1}}}
    counted["nodes"] = {"conv": conv("=channels * count", stride="=stride", bias="=bias")}
    uses = [stage(4, 3), stage(8, 3, 2), stage(16, 3, 2), stage(16, 3)]
    assert "_stage" not in agrees(stages(*uses, of=counted, arguments=FREE))


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


def test_arguments_in_forward_are_stored_as_attributes():
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
