"""Tables of positions and windows, compared with those of torchvision's Swin transformers."""

import pytest
import torch
from torchvision.models import swin_transformer

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


def biases(window: int, heads: int) -> Design:
    """Return a design that adds a learned bias for each offset in a window to scores."""
    pixels = window * window
    return design(
        {
            "scores_in": {"layer": "Input", "shape": [4, heads, pixels, pixels]},
            "table": {
                "layer": "Parameter",
                "shape": [(2 * window - 1) ** 2, heads],
                "init": "normal",
                "batch_axis": False,
            },
            "index": {"layer": "RelativePositionIndex", "window_size": window, "flat": True},
            "rows": {"layer": "Index", "dim": 1},
            "pairs": {"layer": "Reshape", "shape": [pixels, pixels, heads]},
            "biases": {"layer": "Permute", "order": [3, 1, 2]},
            "add": {"layer": "Add"},
            "scores": {"layer": "Output"},
        },
        [
            ["scores_in", "add", "scores"],
            ["table", "rows", "pairs", "biases", "add:1"],
            ["index", "rows:1"],
        ],
    )


@pytest.mark.parametrize(("window", "heads"), [(2, 1), (3, 2), (7, 3)])
def test_biases_of_offsets_are_those_of_torchvision(window: int, heads: int) -> None:
    drawn = biases(window, heads)
    module = network(drawn)
    theirs = swin_transformer.ShiftedWindowAttention(heads, [window, window], [0, 0], heads)
    state = module.state_dict()
    assert state["index"].dtype == torch.int64
    assert torch.equal(state["index"], theirs.relative_position_index)
    assert state["table"].shape == theirs.relative_position_bias_table.shape
    with torch.no_grad():
        theirs.relative_position_bias_table.copy_(state["table"])
    inputs = images(drawn, 2)
    assert torch.equal(module(*inputs), inputs[0] + theirs.get_relative_position_bias())
    for batch in (2, 3):
        assert_memory_agrees(drawn, module, images(drawn, batch))
        assert_peak_agrees(drawn, module, images(drawn, batch))
    assert_counts_agree(drawn, module, images(drawn, 2))
    assert_backward_runs(module, images(drawn, 2, requires_grad=True))


@pytest.mark.parametrize("sizes", [(2, 3), (4, 1)])
def test_an_index_of_oblong_windows_by_hand(sizes: tuple[int, int]) -> None:
    height, width = sizes
    drawn = design(
        {
            "image": {"layer": "Input", "shape": [height * width, height * width]},
            "table": {"layer": "Constant", "shape": [(2 * height - 1) * (2 * width - 1)],
                      "values": "arange"},
            "index": {"layer": "RelativePositionIndex", "window_size": [height, width]},
            "rows": {"layer": "Index"},
            "add": {"layer": "Add"},
            "scores": {"layer": "Output"},
        },
        [["image", "add", "scores"], ["table", "rows", "add:1"], ["index", "rows:1"]],
    )  # fmt: skip
    (found,) = network(drawn)(torch.zeros(1, height * width, height * width))
    at = [(row, column) for row in range(height) for column in range(width)]
    for one, (row, column) in enumerate(at):
        for other, (row2, column2) in enumerate(at):
            expected = (row - row2 + height - 1) * (2 * width - 1) + column - column2 + width - 1
            assert found[one, other] == expected


def test_coordinates_are_those_of_torchvision() -> None:
    theirs = swin_transformer.ShiftedWindowAttentionV2(4, [8, 8], [0, 0], 2)
    drawn = design(
        {
            "image": {"layer": "Input", "shape": [15, 15, 2]},
            "table": {"layer": "RelativeCoordinates"},
            "add": {"layer": "Add"},
            "scores": {"layer": "Output"},
        },
        [["image", "add", "scores"], ["table", "add:1"]],
    )
    assert valid(drawn).totals.buffers == theirs.relative_coords_table.numel() == 450
    (found,) = network(drawn)(torch.zeros(1, 15, 15, 2))
    assert torch.equal(found, theirs.relative_coords_table[0])


@pytest.mark.parametrize("channels", ["last", "first"])
def test_merging_undoes_dividing(channels: str) -> None:
    shape = [6, 4, 3] if channels == "last" else [3, 6, 4]
    window = {"window_size": [3, 2], "channels_axis": channels}
    rows = 1 if channels == "last" else 2
    drawn = design(
        {
            "image": {"layer": "Input", "shape": shape},
            "away": {"layer": "Roll", "shifts": [-1, -1], "dim": [rows, rows + 1]},
            "windows": {"layer": "WindowPartition", **window},
            "merge": {"layer": "WindowMerge", "height": 6, **window},
            "back": {"layer": "Roll", "shifts": [1, 1], "dim": [rows, rows + 1]},
            "scores": {"layer": "Output"},
        },
        [["image", "away", "windows", "merge", "back", "scores"]],
    )
    (image,) = images(drawn, 2)
    assert torch.equal(network(drawn)(image), image)
    found = valid(drawn)
    windows = found.node("windows")
    assert windows is not None and windows.outputs[0] is not None
    assert windows.outputs[0].shape == (4, 6, 3)
