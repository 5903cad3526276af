"""The initialization of weights: exact values, bounds and standard deviations of each method."""

import math
import re
from typing import Any

import pytest
import torch
from torch import nn

from designer.analysis.analysis import analyze
from designer.layers.initialization import METHODS, SPREADS_OF, fans
from tests.layers.building import chain, design, network, valid

# The layer, the shape in front of it, the tensors it fills, and their fans by the definition: what
# one output adds up, and how many outputs one input goes to.
CONV = ("Conv2d", {"out_channels": 64, "kernel_size": 3}, (16, 5, 5), ["weight"], (144, 576))
DENSE = ("Linear", {"out_features": 150}, (200,), ["weight"], (200, 150))
CASES: list[tuple[str, dict[str, Any], tuple[int, ...], list[str], tuple[int, int]]] = [
    CONV,
    DENSE,
    ("DropConnect", {"out_features": 150}, (200,), ["weight"], (200, 150)),
    (
        "DepthwiseConv2d",
        {"kernel_size": 5, "multiplier": 2},
        (128, 5, 5),
        ["weight"],
        (25, 256 * 25),
    ),
    # torch counts the fans of a transposed kernel by its axes, as if it were a plain one.
    (
        "ConvTranspose2d",
        {"out_channels": 32, "kernel_size": 3},
        (64, 5, 5),
        ["weight"],
        (288, 576),
    ),
    (
        "Shortcut",
        {"out_channels": 128, "option": "C"},
        (64, 5, 5),
        ["conv.weight"],
        (64, 128),
    ),
]


def tensors(
    case: tuple[str, dict[str, Any], tuple[int, ...], list[str], tuple[int, int]], **how: Any
) -> dict[str, torch.Tensor]:
    kind, parameters, shape, _, _ = case
    torch.manual_seed(3)
    return network(chain(shape, (kind, {**parameters, **how}))).layer1.state_dict()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
@pytest.mark.parametrize(
    ("method", "value", "spread"),
    [
        ("normal", 0.02, "deviation"),
        ("uniform", 0.3, "bound"),
        ("xavier_uniform", 2.0, "bound"),
        ("xavier_normal", 2.0, "deviation"),
        ("kaiming_uniform", 1.0, "bound"),
        ("kaiming_normal", 1.0, "deviation"),
    ],
)
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_random_methods_have_the_right_spread(case, method, value, spread, mode):
    fan_in, fan_out = case[4]
    fan = fan_in if mode == "fan_in" else fan_out
    deviation = {
        "normal": value,
        "uniform": value / math.sqrt(3),
        "xavier_uniform": value * math.sqrt(2 / (fan_in + fan_out)),
        "xavier_normal": value * math.sqrt(2 / (fan_in + fan_out)),
        "kaiming_uniform": math.sqrt(2 / fan),
        "kaiming_normal": math.sqrt(2 / fan),
    }[method]
    found = tensors(case, weight_init=method, weight_init_value=value, weight_init_mode=mode)
    for name in case[3]:
        weight = found[name]
        assert weight.mean().abs() < 6 * deviation / math.sqrt(weight.numel())
        assert weight.std() == pytest.approx(deviation, rel=0.05)
        bound = deviation * math.sqrt(3)
        if spread == "bound":
            assert weight.abs().max() <= bound
            assert weight.abs().max() > 0.99 * bound
        else:
            assert weight.abs().max() > 1.5 * bound


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_exact_methods(case):
    for name in case[3]:
        assert tensors(case, weight_init="zeros")[name].count_nonzero() == 0
        constant = tensors(case, weight_init="constant", weight_init_value=-0.25)[name]
        assert constant.eq(-0.25).all()


@pytest.mark.parametrize("case", [CONV, DENSE], ids=lambda case: case[0])
@pytest.mark.parametrize("gain", [1.0, 3.0])
def test_orthogonal_rows(case, gain):
    weight = tensors(case, weight_init="orthogonal", weight_init_value=gain)["weight"].flatten(1)
    product = weight @ weight.T
    torch.testing.assert_close(product, gain**2 * torch.eye(len(product)), atol=1e-4, rtol=0)


@pytest.mark.parametrize("case", [CONV, DENSE, CASES[-1]], ids=lambda case: case[0])
def test_biases_begin_as_a_constant(case):
    found = tensors(case, bias_init=0.5)
    plain = tensors(case)
    biases = [name for name in found if name.endswith("bias")]
    assert biases
    for name, value in found.items():
        if name in biases:
            assert value.eq(0.5).all()
        else:
            assert torch.equal(value, plain[name])


def test_both_parts_of_a_separable_convolution_are_filled():
    case = ("SeparableConv2d", {"out_channels": 4, "kernel_size": 3}, (2, 5, 5), [], (0, 0))
    found = tensors(case, weight_init="constant", weight_init_value=2.0, bias_init=1.0)
    assert found["depthwise.weight"].eq(2).all()
    assert found["pointwise.weight"].eq(2).all()
    assert found["pointwise.bias"].eq(1).all()


def test_within_a_repeated_block_every_copy_is_filled():
    nodes = {
        "conv": {
            "layer": "Conv2d",
            "out_channels": 3,
            "kernel_size": 1,
            "weight_init": "constant",
            "weight_init_value": "=value",
        }
    }
    stacked = design(
        {
            "image": {"layer": "Input", "shape": [3, 4, 4]},
            "stack": {"block": "Unit", "repeat": 3, "with": {"value": "=i + 1"}},
            "scores": {"layer": "Output"},
        },
        [["image", "stack", "scores"]],
        blocks={
            "Unit": {
                "arguments": {"value": {"default": 1}},
                "inputs": ["x"],
                "outputs": ["y"],
                "nodes": nodes,
                "edges": [["x", "conv", "y"]],
            }
        },
    )
    module = network(stacked)
    for number in range(3):
        assert module.stack[number].conv.weight.eq(number + 1).all()


@pytest.mark.parametrize("method", ["normal", "uniform", "xavier_uniform", "xavier_normal"])
def test_a_negative_spread_is_a_problem(method):
    bad = chain(
        (3,), ("Linear", {"out_features": 2, "weight_init": method, "weight_init_value": -1.0})
    )
    assert [problem.code for problem in analyze(bad).problems] == ["initialization"]


@pytest.mark.parametrize("method", ["constant", "orthogonal", "zeros", "kaiming_normal"])
def test_a_negative_value_where_it_has_a_meaning(method):
    fine = chain(
        (3,), ("Linear", {"out_features": 2, "weight_init": method, "weight_init_value": -1.0})
    )
    valid(fine)
    assert isinstance(network(fine), nn.Module)


VALUES = {"normal": 0.02, "uniform": 0.3, "xavier_uniform": 2.0, "xavier_normal": 2.0}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_the_formula_gives_the_deviation_that_torch_draws(case, method, mode):
    value = VALUES.get(method, 1.5)
    found = tensors(case, weight_init=method, weight_init_value=value, weight_init_mode=mode)
    for name in case[3]:
        weight = found[name]
        theirs = nn.init._calculate_fan_in_and_fan_out(weight)
        of = fans(tuple(weight.shape))
        assert (of.fan_in, of.fan_out) == theirs == case[4]
        deviation = SPREADS_OF[method].deviation(of, value, mode)
        if method == "orthogonal":  # exact: the sum of squares is that of the orthogonal vectors
            assert weight.square().mean().sqrt().item() == pytest.approx(deviation, rel=1e-5)
        else:
            assert weight.std(correction=0).item() == pytest.approx(deviation, rel=0.05, abs=1e-7)
        formula = SPREADS_OF[method].formula(of, value, mode)
        python = formula.replace("√", "sqrt ").replace("·", "*").replace(",", "")
        python = re.sub(r"sqrt (\d+)", r"sqrt(\1)", python).replace("sqrt (", "sqrt(")
        if formula:  # what is shown with the numbers is the same
            assert eval(python, {"sqrt": math.sqrt}) == pytest.approx(deviation)
