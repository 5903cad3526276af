"""Attention within windows, compared with that of torchvision's Swin transformers, v1 and v2."""

import json
import math
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import swin_transformer

from designer import presets
from designer.design.values import Design
from tests.layers.building import (
    assert_backward_runs,
    assert_counts_agree,
    assert_memory_agrees,
    assert_peak_agrees,
    design,
    images,
    network,
)

HEADS, FEATURES, WINDOW = 3, 12, 4


def first_version(shift: int) -> Design:
    """Return a design with the block of the preset swin_t alone."""
    blocks = json.loads(presets.path("swin_t").read_bytes())["blocks"]
    values = {"heads": HEADS, "window": WINDOW, "shift": shift}
    return design(
        {
            "image": {"layer": "Input", "shape": [8, 8, FEATURES]},
            "attn": {"block": "WindowAttention", "with": values},
            "scores": {"layer": "Output"},
        },
        [["image", "attn", "scores"]],
        blocks={"WindowAttention": blocks["WindowAttention"]},
    )


def second_version(shift: int) -> Design:
    """Return a design of Swin v2's attention: cosines, a learned scale, biases from coordinates."""
    pixels, size = WINDOW * WINDOW, FEATURES // HEADS
    moved: dict[str, Any] = {}
    if shift:
        moved = {
            "away": {"layer": "Roll", "shifts": [-shift, -shift], "dim": [1, 2]},
            "mask": {"layer": "ShiftedWindowMask", "window_size": WINDOW, "shift": shift},
            "back": {"layer": "Roll", "shifts": [shift, shift], "dim": [1, 2]},
        }
    heads = {"layer": "Reshape", "shape": [-1, pixels, HEADS, size]}
    turned = {"layer": "Permute", "order": [1, 3, 2, 4]}
    nodes = {
        "image": {"layer": "Input", "shape": [8, 8, FEATURES]},
        **moved,
        "windows": {"layer": "WindowPartition", "window_size": WINDOW},
        "qkv": {"layer": "QueryKeyValue", "out_features": 3 * FEATURES},
        "split": {"layer": "Split", "dim": 3, "chunks": 3},
        **{f"{each}_heads": heads for each in "qkv"},
        **dict.fromkeys("qkv", turned),
        "q_one": {"layer": "Normalize", "dim": 4},
        "k_one": {"layer": "Normalize", "dim": 4},
        "cosines": {"layer": "MatMul", "transpose_second": True},
        "logit_scale": {"layer": "Parameter", "shape": [HEADS, 1, 1], "init": "constant",
                        "init_value": math.log(10), "batch_axis": False},
        "bounded": {"layer": "Clamp", "min": None, "max": math.log(100.0)},
        "factor": {"layer": "Exp"},
        "scores": {"layer": "Multiply"},
        "coordinates": {"layer": "RelativeCoordinates", "window_size": WINDOW},
        "hidden": {"layer": "Linear", "out_features": 512},
        "relu": {"layer": "ReLU"},
        "table": {"layer": "Linear", "out_features": HEADS, "bias": False},
        "rows": {"layer": "Reshape", "shape": [(2 * WINDOW - 1) ** 2, HEADS]},
        "index": {"layer": "RelativePositionIndex", "window_size": WINDOW, "flat": True},
        "biases": {"layer": "Index", "dim": 1},
        "pairs": {"layer": "Reshape", "shape": [pixels, pixels, HEADS]},
        "of_heads": {"layer": "Permute", "order": [3, 1, 2]},
        "sigmoid": {"layer": "Sigmoid"},
        "sixteen": {"layer": "Scale", "learned": False, "factor": 16.0},
        "add_bias": {"layer": "Add"},
        "softmax": {"layer": "Softmax", "dim": 4},
        "average": {"layer": "MatMul"},
        "tokens": turned,
        "joined": {"layer": "Reshape", "shape": [-1, pixels, FEATURES]},
        "proj": {"layer": "Linear", "out_features": FEATURES},
        "merge": {"layer": "WindowMerge", "window_size": WINDOW},
        "result": {"layer": "Output"},
    }  # fmt: skip
    main = ["image", "away", "windows", "qkv", "split", "q_heads", "q", "q_one", "cosines",
            "scores", "add_bias", "mask", "softmax", "average", "tokens", "joined", "proj",
            "merge", "back", "result"]  # fmt: skip
    return design(
        nodes,
        [
            [each for each in main if each in nodes],
            ["split:1", "k_heads", "k", "k_one", "cosines:1"],
            ["split:2", "v_heads", "v", "average:1"],
            ["logit_scale", "bounded", "factor", "scores:1"],
            ["coordinates", "hidden", "relu", "table", "rows", "biases", "pairs", "of_heads",
             "sigmoid", "sixteen", "add_bias:1"],
            ["index", "biases:1"],
        ],
    )  # fmt: skip


def named(theirs: nn.Module, ours: nn.Module) -> dict[str, torch.Tensor]:
    """Return torchvision's tensors under our names."""
    names = {
        "relative_coords_table": "coordinates", "relative_position_index": "index",
        "cpb_mlp.0.weight": "hidden.weight", "cpb_mlp.0.bias": "hidden.bias",
        "cpb_mlp.2.weight": "table.weight",
    }  # fmt: skip
    state = ours.state_dict()
    found = {}
    for key, value in theirs.state_dict().items():
        own = f"attn.{key}" if f"attn.{key}" in state else names.get(key, key)
        found[own] = value.reshape(state[own].shape)
    return found


@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("version", [1, 2])
def test_attention_in_windows_is_that_of_torchvision(version: int, shift: int) -> None:
    drawn = (first_version if version == 1 else second_version)(shift)
    ours = network(drawn)
    kind = (
        swin_transformer.ShiftedWindowAttention,
        swin_transformer.ShiftedWindowAttentionV2,
    )[version - 1]
    torch.manual_seed(1)
    theirs = kind(FEATURES, [WINDOW, WINDOW], [shift, shift], HEADS)
    with torch.no_grad():
        for each in theirs.parameters():
            each.add_(torch.randn_like(each) * 0.3)  # the keys' bias is not 0, and counts as 0
    ours.load_state_dict(named(theirs, ours))
    images_in = images(drawn, 3)
    assert torch.equal(ours(*images_in), theirs(*images_in))

    expected, found = images_in[0].clone().requires_grad_(), images_in[0].clone().requires_grad_()
    theirs(expected).square().sum().backward()
    ours(found).square().sum().backward()
    torch.testing.assert_close(found.grad, expected.grad)
    gradients = {key: each.grad for key, each in ours.named_parameters()}
    for key, each in named_gradients(theirs, ours).items():
        torch.testing.assert_close(gradients[key], each, rtol=1e-4, atol=1e-4)

    # The biases of v2 are computed once for a batch; counts are those of a single image.
    assert_counts_agree(drawn, ours, images(drawn, 1))
    for batch in (2, 3):
        assert_memory_agrees(drawn, ours, images(drawn, batch))
        assert_peak_agrees(drawn, ours, images(drawn, batch))
    assert_backward_runs(ours, images(drawn, 2, requires_grad=True))


def named_gradients(theirs: nn.Module, ours: nn.Module) -> dict[str, torch.Tensor]:
    """Return the gradients of torchvision's parameters under our names."""
    for each in theirs.parameters():
        assert each.grad is not None
        each.data = each.grad
    return {
        key: value
        for key, value in named(theirs, ours).items()
        if key in dict(ours.named_parameters())
    }
