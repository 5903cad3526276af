"""Shared weights: counted once, and a clear sentence where nodes cannot share.

``tests/against_torch`` compares random designs that share with torch.
"""

from typing import Any

import pytest
import torch
import torchinfo

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.evaluation.learning_rates import learning_rate_factors
from designer.analysis.problems import Problem
from designer.analysis.report import check, sheet
from designer.design.edits import set_argument, set_block_argument, set_parameter
from designer.design.values import Design
from designer.engine.module import module
from designer.gui.panels.conventions import torchinfo_mult_adds, torchinfo_values
from tests.analysis.drawing import OUTPUT, block, design
from tests.layers.building import sizes

IMAGE = {"layer": "Input", "shape": [3, 8, 8]}
CONV = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 3}
TOWER = block(
    {
        "conv": {"layer": "Conv2d", "out_channels": "=width", "kernel_size": 3},
        "bn": {"layer": "BatchNorm2d"},
        "relu": {"layer": "ReLU"},
        "pool": {"layer": "GlobalAvgPool2d"},
    },
    [["x", "conv", "bn", "relu", "pool", "y"]],
    width=4,
)
# 3 to 4 channels by 3x3 kernels with biases, and two numbers for each channel of the norm.
TOWER_PARAMETERS = 4 * (3 * 9 + 1) + 2 * 4
TOWER_BUFFERS = 2 * 4 + 1


def siamese(**second: Any) -> Design:
    """Return a design of two towers on two images, the second of which shares."""
    return design(
        {
            "left": IMAGE,
            "right": second.pop("right", IMAGE),
            "tower1": {"block": "Tower"},
            "tower2": {"block": "Tower", "shares": "tower1", **second},
            "add": {"layer": "Add"},
            "scores": OUTPUT,
        },
        [["left", "tower1", "add", "scores"], ["right", "tower2", "add:1"]],
        blocks={"Tower": TOWER},
        both=True,
    )


def convolutions(shape: list[int] | None = None, **second: Any) -> Design:
    """Return a design of two convolutions on two images, the second of which shares."""
    return design(
        {
            "left": IMAGE,
            "right": {"layer": "Input", "shape": shape or [3, 8, 8]},
            "conv1": CONV,
            "conv2": {**CONV, "shares": "conv1", **second},
            "pool1": {"layer": "GlobalAvgPool2d"},
            "pool2": {"layer": "GlobalAvgPool2d"},
            "add": {"layer": "Concat"},
            "scores": OUTPUT,
        },
        [["left", "conv1", "pool1", "add", "scores"], ["right", "conv2", "pool2", "add:1"]],
    )


def language(**head: Any) -> Design:
    """Return a design whose last layer computes with the weight of its Embedding."""
    return design(
        {
            "tokens": {"layer": "Input", "shape": [5], "dtype": "int64"},
            "words": {"layer": "Embedding", "num_embeddings": 11, "embedding_dim": 6},
            "act": {"layer": "Tanh"},
            "head": {
                "layer": "Linear",
                "out_features": 11,
                "bias": False,
                "shares": "words",
                **head,
            },
            "scores": OUTPUT,
        },
        [["tokens", "words", "act", "head", "scores"]],
    )


def problem_of(changed: Design) -> Problem:
    found = [each for each in analyze(changed).problems if each.code == "shared-weights"]
    assert len(found) == 1
    return found[0]


def valid(drawn: Design) -> Analysis:
    found = analyze(drawn)
    assert found.valid, found.problems
    return found


def test_weights_of_a_shared_block_count_once_and_products_twice() -> None:
    found = valid(siamese())
    assert found.totals.parameters == TOWER_PARAMETERS
    assert found.totals.buffers == TOWER_BUFFERS
    assert found.totals.file_bytes == 4 * (TOWER_PARAMETERS + TOWER_BUFFERS - 1) + 8
    assert found.totals.macs == 2 * 6 * 6 * 4 * 27
    torch_sizes = sizes(module(siamese()))
    assert torch_sizes["parameters"] == TOWER_PARAMETERS
    assert next(iter(module(siamese()).state_dict())) == "tower1.conv.weight"
    assert not any("tower2" in key for key in module(siamese()).state_dict())


def test_rows_name_the_layer_that_has_the_weights() -> None:
    found = valid(siamese())
    rows = {row.path: row.result for row in found.rows()}
    assert rows["tower1.conv"].counts.weights == 108
    assert rows["tower2.conv"].counts.weights == 0
    assert rows["tower2.conv"].counts.macs == rows["tower1.conv"].counts.macs
    assert rows["tower2.conv"].shares == "tower1.conv"
    assert rows["tower1.conv"].shares == ""
    inner = found.node("tower2.bn")
    assert inner is not None
    assert inner.shares == "tower1.bn"
    assert inner.counts.buffers == 0
    outer = found.node("tower2")
    assert outer is not None
    assert outer.shares == "tower1"
    assert outer.counts.weights == 0
    assert set(learning_rate_factors(found.top)) == {"tower1.conv", "tower1.bn"}


def test_both_towers_compute_the_same() -> None:
    network = module(siamese()).eval()
    image = torch.randn(2, 3, 8, 8)
    with torch.no_grad():
        alone = network.tower1(image)
        assert torch.equal(network(image, image), alone + alone)


def test_the_owner_may_come_later_in_the_flow() -> None:
    drawn = design(
        {
            "image": {"layer": "Input", "shape": [4, 8, 8]},
            "first": {**CONV, "padding": 1, "shares": "second"},
            "second": {**CONV, "padding": 1},
            "block1": {"block": "Same", "shares": "block2"},
            "block2": {"block": "Same"},
            "scores": OUTPUT,
        },
        [["image", "first", "second", "block1", "block2", "scores"]],
        blocks={"Same": block({"conv": {**CONV, "padding": 1}}, [["x", "conv", "y"]])},
    )
    found = valid(drawn)
    assert found.totals.parameters == 2 * 4 * (4 * 9 + 1)
    assert set(module(drawn).state_dict()) == {
        f"{name}.{kind}" for name in ("second", "block2.conv") for kind in ("weight", "bias")
    }


def test_a_linear_uses_the_weight_of_an_embedding() -> None:
    found = valid(language())
    assert found.totals.parameters == 11 * 6
    network = module(language())
    assert list(network.state_dict()) == ["words.weight"]
    tokens = torch.tensor([[1, 2, 3, 4, 5]])
    weight = network.words.weight
    assert torch.equal(network(tokens), torch.tanh(weight[tokens]) @ weight.T)
    network(tokens).sum().backward()
    assert weight.grad is not None
    assert weight.grad.abs().sum(1).min() > 0  # of every word, not only of those that were read


def test_images_of_other_sizes_share_a_convolution_but_no_other_channels() -> None:
    assert valid(convolutions([3, 12, 10])).totals.parameters == 4 * (27 + 1)
    found = problem_of(convolutions([1, 8, 8]))
    assert found.message == (
        "conv2: shares the weights of conv1, but takes a weight of shape 4×1×3×3, where conv1 has "
        "4×3×3×3"
    )
    assert [fix.label for fix in found.fixes] == ["give it weights of its own"]


@pytest.mark.parametrize(
    ("drawn", "words", "label"),
    [
        (
            siamese(**{"with": {"width": 5}}),
            "has out_channels 5 in conv, where tower1 has 4",
            "fit",
        ),
        (siamese(right={"layer": "Input", "shape": [1, 8, 8]}), "4×1×3×3, where tower1 has", ""),
        (siamese(repeat=2), "but repeats its block another number of times", "fit"),
        (siamese(lr_scale=0), "but learns 0 times as fast, and tower1 1 times", "fit"),
        (siamese(shares="add"), "which has none", ""),
        (siamese(shares="tower2"), "which is the node itself", ""),
        (convolutions(stride=2), "but has stride 2×2, where conv1 has 1×1", "fit"),
        (convolutions(shares="pool1"), "which has none", ""),
        (language(bias=True), "but has a bias, which words does not have", "fit"),
        (language(out_features=9), "weight of shape 9×6, where words has 11×6", "fit"),
    ],
)
def test_nodes_that_cannot_share_say_why_and_what_helps(
    drawn: Design, words: str, label: str
) -> None:
    found = problem_of(drawn)
    assert words in found.message
    labels = [fix.label for fix in found.fixes]
    assert labels[-1] == "give it weights of its own"
    assert bool(label) == labels[0].startswith("make it fit")
    for fix in found.fixes:
        left = analyze(fix(drawn)).problems
        assert not [each for each in left if each.code == "shared-weights"]


def test_a_node_that_shares_cannot_be_shared() -> None:
    drawn = design(
        {
            "image": {"layer": "Input", "shape": [4, 8, 8]},
            "one": CONV,
            "two": {**CONV, "shares": "one"},
            "three": {**CONV, "shares": "two"},
            "scores": OUTPUT,
        },
        [["image", "one", "two", "three", "scores"]],
    )
    found = problem_of(drawn)
    assert found.message == "three: shares the weights of two, which itself shares those of one"
    assert valid(found.fixes[0](drawn)).totals.parameters == 4 * (4 * 9 + 1)


def test_an_owner_that_a_condition_leaves_out_is_named() -> None:
    drawn = siamese(when="=both")
    assert valid(drawn)
    assert analyze(set_argument(drawn, "both", False)).totals.parameters == TOWER_PARAMETERS
    swapped = design(
        {
            "image": IMAGE,
            "conv": {**CONV, "when": "=both"},
            "again": {**CONV, "shares": "conv"},
            "scores": OUTPUT,
        },
        [["image", "again", "scores"], ["image", "conv"]],
        both=False,
    )
    assert problem_of(swapped).message == (
        "again: shares the weights of conv, which its condition leaves out here"
    )


def test_an_edit_after_an_analysis_gives_the_same_as_a_new_analysis() -> None:
    before = analyze(siamese())
    for edited in (
        set_block_argument(siamese(), "tower2", "width", 6),
        set_parameter(siamese(), "left", "shape", (3, 9, 9)),
        set_parameter(siamese(), "conv", "out_channels", 3, block="Tower"),
    ):
        later, new = analyze(edited, before), analyze(edited)
        assert later.totals == new.totals
        assert [each.message for each in later.problems] == [each.message for each in new.problems]
    wider = analyze(set_block_argument(siamese(), "tower2", "width", 6), before)
    assert wider.valid  # the edit of one tower holds for both
    assert wider.totals.parameters == 6 * (3 * 9 + 1) + 2 * 6


def test_the_table_and_the_report_say_what_is_shared() -> None:
    found = valid(siamese())
    lines = [line.text for line in sheet.check(found, width=100)]
    row = next(line for line in lines if line.startswith("tower2.conv"))
    assert row.split()[-5:] == ["144", "shared", "0", "3,888", "3"]
    assert "tower2 shares the weights of tower1, which count once" in lines
    assert f"TOTAL params: {TOWER_PARAMETERS}" in lines
    layers = {each.path: each for each in check.report(found).layers}
    assert layers["tower2.conv"].shares == "tower1.conv"
    assert layers["tower1.conv"].shares == ""
    assert layers["tower2.relu"].shares == ""  # has none to share


def test_a_summary_of_torchinfo_agrees() -> None:
    """It counts the parameters of a module that runs twice once, and its products twice."""
    network = module(siamese())
    found = torchinfo.summary(network, input_size=[(1, 3, 8, 8), (1, 3, 8, 8)], verbose=0)
    rows = analyze(siamese()).rows()
    assert found.total_params == TOWER_PARAMETERS
    assert found.total_mult_adds == torchinfo_mult_adds(rows)
    assert found.total_output_bytes == 2 * 4 * torchinfo_values(rows)
