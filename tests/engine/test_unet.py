"""The U-Net preset against a network in plain torch that follows the paper's figure 1."""

import pytest
import torch
from torch import nn

from designer import presets
from designer.analysis.analysis import analyze
from designer.design.edits import set_argument
from designer.engine.module import module as compiled
from tests import measuring


class Plain(nn.Module):
    """Two 3x3 convolutions a step, pools on the way down, transposed convolutions on the way up."""

    def __init__(self, channels: int, classes: int, width: int, *, padded: bool, norms: bool):
        super().__init__()
        padding = int(padded)

        def step(before: int, after: int) -> nn.Sequential:
            layers: list[nn.Module] = []
            for size in (before, after):
                layers.append(nn.Conv2d(size, after, 3, padding=padding, bias=not norms))
                layers += [nn.BatchNorm2d(after)] if norms else []
                layers.append(nn.ReLU())
            return nn.Sequential(*layers)

        widths = [width * 2**depth for depth in range(5)]
        self.down = nn.ModuleList(
            step(before, after) for before, after in zip([channels, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(
            nn.ModuleList([nn.ConvTranspose2d(2 * size, size, 2, stride=2), step(2 * size, size)])
            for size in reversed(widths[:-1])
        )
        self.last = nn.Conv2d(width, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = []
        for number, step in enumerate(self.down):
            x = step(nn.functional.max_pool2d(x, 2) if number else x)
            maps.append(x)
        for (enlarge, step), skip in zip(self.up, reversed(maps[:-1]), strict=True):
            x = enlarge(x)
            side = x.shape[-1]
            start = (skip.shape[-1] - side) // 2
            x = step(torch.cat([skip[..., start : start + side, start : start + side], x], 1))
        return self.last(x)


@pytest.mark.parametrize(
    ("resolution", "padded", "norms", "side"),
    [(188, False, False, 4), (220, False, True, 36), (64, True, True, 64), (33, True, False, 32)],
)
def test_outputs_and_counts_are_those_of_plain_torch(
    resolution: int, padded: bool, norms: bool, side: int
) -> None:
    design = presets.load("unet")
    values = {"resolution": resolution, "padded": padded, "batch_norm": norms, "width": 4}
    for key, value in values.items():
        design = set_argument(design, key, value)
    totals = analyze(design).totals
    torch.manual_seed(0)
    theirs, ours = Plain(1, 2, 4, padded=padded, norms=norms), compiled(design)
    ours.load_state_dict(
        dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)), strict=True
    )
    images = torch.randn(2, 1, resolution, resolution)
    with torch.no_grad():
        wanted = theirs.eval()(images)
        assert torch.equal(ours.eval()(images), wanted)
    assert wanted.shape == (2, 2, side, side)
    assert totals.parameters == sum(each.numel() for each in theirs.parameters())
    assert totals.macs * 2 == measuring.macs(theirs, images)


def test_the_papers_figures() -> None:
    """Figure 1: an image of 572x572, five maps on the way down, a mask of 388x388."""
    analysis = analyze(presets.load("unet"))
    shapes = {each.path: each.shape for each in analysis.rows()}
    assert [shapes[f"{name}.relu2"] for name in ("start", "down1.convs", "down4.convs")] == [
        (64, 568, 568),
        (128, 280, 280),
        (1024, 28, 28),
    ]
    assert [port.shape for port in analysis.outputs] == [(2, 388, 388)]
    with torch.device("meta"):
        plain = Plain(1, 2, 64, padded=False, norms=False)
    assert analysis.totals.parameters == sum(each.numel() for each in plain.parameters())
