"""Tensors of the network itself, which have no value for each image, compared with torch."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import nn

from designer.design.values import Design
from tests.layers.building import (
    assert_backward_runs,
    assert_counts_agree,
    assert_memory_agrees,
    assert_peak_agrees,
    design,
    images,
    network,
    valid,
)

IMAGE = {"layer": "Input", "shape": [5, 4]}
LINEAR = {"layer": "Linear", "out_features": 4}
SCORES = {"layer": "Output"}


def joined(shape: Sequence[int], join: str, *, first: bool = False, **more: Any) -> Design:
    """Return a design that joins a Parameter of a shape with features of each image."""
    ports = ("join:1", "join:0") if first else ("join:0", "join:1")
    return design(
        {
            "image": IMAGE,
            "linear": LINEAR,
            "table": {"layer": "Parameter", "shape": list(shape), "init": "normal", **more},
            "join": {"layer": join},
            "last": LINEAR,
            "scores": SCORES,
        },
        [
            ["image", "linear", ports[0]],
            ["table", ports[1]],
            ["join", "last", "scores"],
        ],
    )


class Joined(nn.Module):
    """The same in plain torch."""

    def __init__(self, shape: Sequence[int], join: str, *, first: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.table = nn.Parameter(torch.randn(*shape))
        self.last = nn.Linear(4, 4)
        self.join, self.first = join, first

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, table = self.linear(x), self.table
        one, two = (table, x) if self.first else (x, table)
        if self.join == "Concat":
            whole = table.expand(len(x), *[-1] * table.dim())
            return self.last(torch.cat((whole, x) if self.first else (x, whole), 1))
        return self.last(one + two if self.join == "Add" else one * two)


@pytest.mark.parametrize("batch_axis", [True, False])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("shape", "join"),
    [
        ((5, 4), "Add"),
        ((1, 4), "Add"),
        ((4,), "Multiply"),
        ((1,), "Add"),
        ((5, 1), "Multiply"),
        ((2, 4), "Concat"),
    ],
)
def test_a_learned_tensor_is_broadcast_as_in_torch(
    shape: tuple[int, ...], join: str, first: bool, batch_axis: bool
) -> None:
    drawn = joined(shape, join, first=first, batch_axis=batch_axis)
    module, expected = network(drawn), Joined(shape, join, first=first)
    state = module.state_dict()
    assert tuple(state["table"].shape) == ((1, *shape) if batch_axis else shape)
    expected.load_state_dict(
        {key: value.reshape(expected.state_dict()[key].shape) for key, value in state.items()}
    )
    for batch in (2, 3):
        inputs = images(drawn, batch)
        torch.testing.assert_close(module(*inputs), expected(*inputs))
        assert_memory_agrees(drawn, module, inputs)
        assert_peak_agrees(drawn, module, inputs)
    assert_counts_agree(drawn, module, images(drawn, 2))
    assert_backward_runs(module, images(drawn, 2, requires_grad=True))


@pytest.mark.parametrize(
    ("init", "mean", "deviation"),
    [
        ("zeros", 0, 0),
        ("ones", 1, 0),
        ("constant", 0.5, 0),
        ("normal", 0, 0.5),
        ("uniform", 0, 0.5 / 3**0.5),
        ("trunc_normal", 0, 0.5),  # cut at -2 and 2, four deviations away
        ("xavier_uniform", 0, (2 / (50 + 80)) ** 0.5),
    ],
)
def test_each_initialization(init: str, mean: float, deviation: float) -> None:
    table = {"layer": "Parameter", "shape": [50, 80], "init": init, "init_value": 0.5}
    drawn = design(
        {
            "image": {"layer": "Input", "shape": [50, 80]},
            "table": {**table, "batch_axis": False},
            "add": {"layer": "Add"},
            "scores": SCORES,
        },
        [["image", "add", "scores"], ["table", "add:1"]],
    )
    torch.manual_seed(1)
    (values,) = network(drawn).state_dict().values()
    assert float(values.mean()) == pytest.approx(mean, abs=0.03)
    assert float(values.std()) == pytest.approx(deviation, rel=0.05)


def test_what_does_not_depend_on_the_batch_is_counted_once() -> None:
    """The product of two learned tensors takes 4 x 5 x 4 bytes, for a batch of any size."""
    drawn = design(
        {
            "image": IMAGE,
            "one": {"layer": "Parameter", "shape": [5, 4], "init": "ones"},
            "two": {"layer": "Parameter", "shape": [5, 4], "init": "ones"},
            "product": {"layer": "Multiply"},
            "act": {"layer": "Sigmoid"},
            "add": {"layer": "Add"},
            "scores": SCORES,
        },
        [["image", "add:0"], ["one", "product:0"], ["two", "product:1"],
         ["product", "act", "add:1"], ["add", "scores"]],
    )  # fmt: skip
    totals = valid(drawn).totals
    assert (totals.saved_for_backward.per_image, totals.saved_for_backward.fixed) == (0, 80)
    module = network(drawn)
    for batch in (1, 2, 7):
        assert_memory_agrees(drawn, module, images(drawn, batch))
        assert_peak_agrees(drawn, module, images(drawn, batch))


@pytest.mark.parametrize(
    ("join", "shape", "image", "conv"),
    [("Add", [8], [1, 8], "Conv1d"), ("MatMul", [5, 7], [2, 7, 4], "Conv2d")],
)
def test_channels_behind_a_tensor_of_fewer_axes(
    join: str, shape: list[int], image: list[int], conv: str
) -> None:
    """In a block, the convolution gets the channels of the image, not the table's first axis."""
    block = {
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "table": {"layer": "Parameter", "shape": shape},
            "join": {"layer": join},
            "conv": {"layer": conv, "out_channels": 3, "kernel_size": 1},
        },
        "edges": [["table", "join:0"], ["x", "join:1"], ["join", "conv", "y"]],
    }
    drawn = design(
        {"image": {"layer": "Input", "shape": image}, "block": {"block": "Part"}, "scores": SCORES},
        [["image", "block", "scores"]],
        blocks={"Part": block},
    )
    module = network(drawn)
    assert module.block.conv.in_channels == image[0]
    assert module(torch.zeros(2, *image)).shape[1] == 3
