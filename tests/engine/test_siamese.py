"""The siamese preset: one tower for both pictures, held against the same steps in plain torch."""

import torch
from torch.nn import functional as F

from designer import presets
from designer.analysis.analysis import analyze
from designer.engine.module import module as compiled


def test_both_pictures_go_through_the_same_weights() -> None:
    torch.manual_seed(0)
    network = compiled(presets.load("siamese_digits")).eval()
    weights = dict(network.named_parameters())

    def tower(x: torch.Tensor) -> torch.Tensor:
        for name in ("conv1", "conv2"):
            weight, bias = weights[f"tower1.{name}.weight"], weights[f"tower1.{name}.bias"]
            x = F.max_pool2d(F.relu(F.conv2d(x, weight, bias, padding=1)), 2)
        return torch.sigmoid(
            F.linear(x.flatten(1), weights["tower1.fc.weight"], weights["tower1.fc.bias"])
        )

    left, right = torch.rand(2, 3, 1, 28, 28)
    distance = (tower(left) - tower(right)).abs()
    expected = F.linear(distance, weights["fc.weight"], weights["fc.bias"])
    torch.testing.assert_close(network(left, right), expected)
    names = list(weights)
    found = torch.autograd.grad(network(left, right).sum(), list(weights.values()))
    wanted = torch.autograd.grad(expected.sum(), list(weights.values()))
    for name, one, two in zip(names, found, wanted, strict=True):
        torch.testing.assert_close(one, two, msg=name)


def test_the_tower_is_counted_once_and_computed_twice() -> None:
    totals = analyze(presets.load("siamese_digits")).totals
    tower = (1 * 9 * 16 + 16) + (16 * 9 * 32 + 32) + (32 * 7 * 7 * 64 + 64)
    assert totals.parameters == tower + 64 + 1
    products = 28 * 28 * 9 * 16 + 14 * 14 * 16 * 9 * 32 + 32 * 7 * 7 * 64
    assert totals.macs == 2 * products + 64
