"""Repeated nodes: the worked examples in the docstrings of `repeats` and `stages`."""

import pytest

from designer.codegen import source
from designer.design.reading import design_from
from designer.design.values import Design

UNIT = {
    "arguments": {"channels": {"default": 16}, "stride": {"default": 1}},
    "inputs": ["x"],
    "outputs": ["y"],
    "nodes": {
        "conv": {
            "layer": "Conv2d",
            "out_channels": "=channels",
            "kernel_size": 3,
            "stride": "=stride",
            "padding": 1,
        }
    },
    "edges": [["x", "conv", "y"]],
}
GROWING = {
    "arguments": {"growth": {"default": 12}},
    "inputs": ["x"],
    "outputs": ["y"],
    "nodes": {
        "conv": {"layer": "Conv2d", "out_channels": "=growth", "kernel_size": 1},
        "concat": {"layer": "Concat"},
    },
    "edges": [["x", "conv"], ["x", "concat:0"], ["conv", "concat:1"], ["concat", "y"]],
}


def design(*uses: dict[str, object]) -> Design:
    """Return a design of an image with 64 channels and some repeated nodes."""
    names = [f"layer{number}" for number in range(1, len(uses) + 1)]
    return design_from(
        {
            "format": "netdesigner/design",
            "version": 1,
            "name": "Net",
            "arguments": {"n": {"default": 3, "min": 1}},
            "blocks": {"Unit": UNIT, "Growing": GROWING},
            "nodes": {
                "image": {"layer": "Input", "shape": [64, 32, 32]},
                **dict(zip(names, uses, strict=True)),
                "scores": {"layer": "Output"},
            },
            "edges": [["image", *names, "scores"]],
        }
    )


FIRST_HALVES = "=2 if i == 0 else 1"


@pytest.mark.parametrize(
    ("node", "lines"),
    [
        (
            {"block": "Unit", "repeat": 3, "with": {"channels": 64}},
            ["self.layer1 = nn.Sequential(*(Unit(64, 64) for _ in range(3)))"],
        ),
        (
            {"block": "Unit", "repeat": 3, "with": {"channels": 128, "stride": FIRST_HALVES}},
            [
                "self.layer1 = nn.Sequential("
                "Unit(64, 128, stride=2), *(Unit(128, 128) for _ in range(2)))"
            ],
        ),
        (
            {"block": "Unit", "repeat": "=n", "with": {"channels": 128, "stride": FIRST_HALVES}},
            [
                "layers = []",
                "width = 64",
                "for i in range(n):",
                "    layers.append(Unit(width, 128, stride=2 if i == 0 else 1))",
                "    width = layers[-1].out_channels",
                "self.layer1 = nn.Sequential(*layers)",
            ],
        ),
        (
            {"block": "Growing", "repeat": 6, "with": {"growth": 32}},
            ["self.layer1 = nn.Sequential(*(Growing(64 + 32 * i, 32) for i in range(6)))"],
        ),
    ],
)
def test_a_repeated_node_is_written_in_its_shortest_form(
    node: dict[str, object], lines: list[str]
) -> None:
    assert "\n".join(f"        {line}" for line in lines) in source(design(node))


def test_nearly_alike_nodes_share_a_method() -> None:
    halving = [
        {"block": "Unit", "repeat": "=n", "with": {"channels": channels, "stride": FIRST_HALVES}}
        for channels in (32, 128)
    ]
    text = source(design({"block": "Unit", "repeat": "=n", "with": {"channels": 64}}, *halving))
    for line in (
        "        self.layer1 = self._stage(64, 64, n)",
        "        self.layer2 = self._stage(64, 32, n, stride=2)",
        "        self.layer3 = self._stage(32, 128, n, stride=2)",
        "    def _stage(in_channels, channels, count, stride=1):",
        "            layers.append(Unit(in_channels, channels, stride=stride if i == 0 else 1))",
    ):
        assert f"{line}\n" in text
