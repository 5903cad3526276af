"""Which pixels layers of windows, moves and picks see, compared with torch's gradients."""

from typing import Any

import pytest
import torch

from designer.design.values import Design
from tests.layers.building import chain, network, valid

SIDE = 12
CONV = ("Conv2d", {"out_channels": 2, "kernel_size": 3, "padding": 1})
LAST = ("Permute", {"order": [2, 3, 1]})
FIRST = ("Permute", {"order": [3, 1, 2]})


def mixed_in_windows(window: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return layers that mix the pixels of each window of an image with its channels last."""
    height, width = (window, window) if isinstance(window, int) else window
    return [
        ("WindowPartition", {"window_size": window}),
        ("Permute", {"order": [1, 3, 2]}),
        ("Linear", {"out_features": height * width}),
        ("Permute", {"order": [1, 3, 2]}),
        ("WindowMerge", {"window_size": window, "height": SIDE}),
    ]


def roll(*shifts: int) -> tuple[str, dict[str, Any]]:
    return "Roll", {"shifts": list(shifts), "dim": [1, 2]}


def reached(design: Design) -> tuple[int, int]:
    """Return the height and width of what the output in the middle depends on."""
    module = network(design).double()
    with torch.no_grad():
        for each in module.parameters():
            each.fill_(0.1)
    image = torch.ones(1, 1, SIDE, SIDE, dtype=torch.float64, requires_grad=True)
    output = module(image)
    # The sizes of rows and of columns are each those of the position in the middle.
    found = []
    for axis in (0, 1):
        row_axis = next(a for a in range(1, output.dim()) if output.shape[a] > 2) + axis
        if row_axis >= output.dim() or output.shape[row_axis] <= 2:
            row_axis = 0
        place = output.shape[row_axis] // 2 if row_axis else 0
        value = output.select(row_axis, place).sum()
        (gradient,) = torch.autograd.grad(value, image, retain_graph=True)
        along = gradient[0, 0].sum(1 - axis).nonzero().flatten()
        found.append(int(along[-1] - along[0]) + 1)
    return found[0], found[1]


@pytest.mark.parametrize(
    "layers",
    [
        [CONV, LAST, *mixed_in_windows(3)],
        [CONV, LAST, *mixed_in_windows([2, 4])],
        [CONV, LAST, *mixed_in_windows([12, 3])],
        [LAST, *mixed_in_windows(4), FIRST, CONV],
        [LAST, roll(-1, -2), *mixed_in_windows(4), roll(1, 2)],
        [LAST, *mixed_in_windows(3), roll(-1, -1), *mixed_in_windows(3), roll(1, 1)],
        [CONV, ("Slice", {"dim": 2, "start": 1, "step": 3}), CONV],
        [CONV, ("Slice", {"dim": 3, "start": -7, "step": 2}), CONV],
        [CONV, ("Index", {"dim": 2, "indices": [1, 0, 2, 11, 7]}), CONV],
        [CONV, ("Index", {"dim": 3, "indices": [1, 1, 2, 11, 7]})],
        [CONV, ("Roll", {"shifts": [5], "dim": [2]}), CONV],
        [CONV, ("Reduce", {"dim": [1]}), ("Reshape", {"shape": [1, SIDE, SIDE]}), CONV],
        [CONV, ("Normalize", {}), ("Power", {}), CONV],
        [CONV, ("Reduce", {"dim": [3], "keepdim": True})],
    ],
    ids=str,
)
def test_fields_are_what_the_gradient_reaches(layers: list[tuple[str, dict[str, Any]]]) -> None:
    design = chain([1, SIDE, SIDE], *layers)
    field = valid(design).receptive_fields[f"layer{len(layers)}"]
    assert field is not None
    assert field.size == reached(design)


def test_all_outputs_of_a_split_see_the_same() -> None:
    analysis = valid(
        chain([1, SIDE, SIDE], ("Conv2d", {"out_channels": 2, "kernel_size": 3}), ("Split", {}))
    )
    field = analysis.receptive_fields["layer2"]
    assert field is not None and field.size == (3, 3)
