"""A design and its folded and unfolded forms compute the same, with the weights moved."""

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from designer import presets
from designer.design import edits
from designer.design.values import Design
from designer.folding.fold import fold
from designer.folding.unfold import unfold
from tests.layers.building import as_tuple, images, network


def moved_state(module: nn.Module, moved: Mapping[str, str]) -> dict[str, torch.Tensor]:
    """Return a state dict under the names that it has after folding."""
    state = {}
    for key, tensor in module.state_dict().items():
        prefix = key  # a layer that is itself a tensor has no name behind its path
        while prefix not in moved:
            prefix = prefix.rpartition(".")[0]
        state[moved[prefix] + key[len(prefix) :]] = tensor
    return state


def outputs(module: nn.Module, design: Design) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(1)
    given = images(design, 2)
    with torch.no_grad():
        return as_tuple(module.eval()(*given))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("resnet_cifar", {}),
        ("densenet_cifar", {"depth": 40}),
        ("mobilenet_v2", {"resolution": 32}),
        ("siamese_digits", {}),
        ("gpt_nano", {}),
    ],
)
def test_outputs_are_the_same(name: str, arguments: Mapping[str, int]) -> None:
    made = presets.load(name)
    for argument, value in arguments.items():
        made = edits.set_argument(made, argument, value)
    flat = unfold(made)
    folded = fold(flat.design)
    torch.manual_seed(0)
    one, two, three = (network(each) for each in (made, flat.design, folded.design))
    two.load_state_dict(moved_state(one, flat.moved))
    three.load_state_dict(moved_state(two, folded.moved))
    expected = outputs(one, made)
    for module, design in ((two, flat.design), (three, folded.design)):
        for found, wanted in zip(outputs(module, design), expected, strict=True):
            torch.testing.assert_close(found, wanted)
