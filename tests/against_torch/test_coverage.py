"""A few of the networks that the layers express, and operations that no design can have."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from designer.analysis.analysis import analyze
from tests.against_torch import coverage

SMALL = ("shufflenet_v2_x0_5", "mobilenet_v3_small", "swin_t", "swin_v2_t", "r3d_18")


@pytest.mark.parametrize("name", SMALL)
def test_a_network_of_torchvision_is_a_design(name: str) -> None:
    build, shape = coverage.torchvision_networks()[name]
    found = coverage.compare(coverage.made(build), torch.randn(coverage.BATCH, *shape))
    assert found.equal, found
    # Swin v2 sets a part of a bias to 0, which the design adds after the product.
    assert found.difference == 0 or name == "swin_v2_t"


class Tokens(nn.Module):
    """Cuts an image into windows that attend to themselves, with what windows share."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.shared = nn.Linear(6, 6)
        self.token = nn.Parameter(torch.randn(1, 1, 6))
        self.register_buffer("table", torch.randn(4, 6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.flatten(2).transpose(1, 2) + self.table
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1)
        x = self.shared(F.gelu(self.shared(x)))
        x = x + self.attention(x, x, x, need_weights=False)[0]
        queries = x.reshape(-1, 5, 2, 3).permute(2, 0, 1, 3)
        scores = (queries @ queries.transpose(-2, -1) / 3).softmax(-1)
        return (scores @ queries).permute(1, 2, 0, 3).flatten(2)[:, 0]


def test_shared_weights_and_axes_before_the_batch() -> None:
    found = coverage.compare(coverage.made(Tokens), torch.randn(2, 6, 2, 2))
    assert found.equal, found
    assert found.difference == 0
    assert found.constants == 1  # the 3 by which scores are divided


class Rows(nn.Module):
    """Products of the rows and of the columns of two pieces of an image with matrices of theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.of_rows = nn.Parameter(torch.randn(3, 5, 4))
        self.of_columns = nn.Parameter(torch.randn(2, 5, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.reshape(-1, 3, 2, 4)
        x = torch.einsum("bhwc,hkc->bhwk", x, self.of_rows) + torch.einsum(
            "bhwc,wkc->bhwk", x, self.of_columns
        )
        return x.reshape(-1, 2, 3, 2, 5).flatten(1)


def test_products_over_pieces_of_an_image() -> None:
    found = coverage.compare(coverage.made(Rows), torch.randn(2, 2, 24))
    assert found.equal, found
    assert found.macs == (480, 480)  # 2 pieces of 3 x 2 pixels, 5 sums of 4 values, twice


MIXING: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "mean over the batch": lambda x: x - x.mean(0),
    "only the first image": lambda x: x[:1] + x,
    "a sum of two images": lambda x: x + x.flip(0),
    "no layer for": torch.special.erfinv,
}


REASONS = {
    "mean over the batch": "an operation along the batch",
    "only the first image": "an operation along the batch",
    "a sum of two images": "an operation along the batch",
    "no layer for": "no layer for special_erfinv",
}


class Mixing(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


@pytest.mark.parametrize("case", MIXING)
def test_what_mixes_images_is_no_layer(case: str) -> None:
    found, _ = coverage.converted(Mixing(MIXING[case]), torch.randn(2, 3, 4, 4))
    (opaque, *_) = found.opaque
    assert opaque.reason == REASONS[case]
    assert analyze(found.design).valid
    result = coverage.compare(Mixing(MIXING[case]), torch.randn(2, 3, 4, 4))
    assert REASONS[case] in str(result)
    assert not result.equal


def test_an_output_with_images_side_by_side_is_noted() -> None:
    found, _ = coverage.converted(Mixing(lambda x: x.reshape(1, -1)), torch.randn(2, 3, 4, 4))
    (note,) = found.notes
    assert note.startswith("output has the shape (1, 96) in the file")
    assert found.opaque == ()


def test_models_of_timm_are_designs() -> None:
    timm = pytest.importorskip("timm")
    for name in ("resnetv2_18", "test_vit_relpos"):
        module = coverage.without_values(lambda name=name: timm.create_model(name))
        size = module.pretrained_cfg["input_size"]
        assert coverage.refusal(module, torch.empty(2, *size, device="meta")) == ""


def test_names_of_the_sample() -> None:
    names = coverage.timm_names()
    assert len(names) == len({*names}) > 150
    assert {*coverage.BUILT} <= {*names}
    assert len(coverage.BUILT) >= 30


def test_a_design_with_other_weights_differs() -> None:
    """Else the comparison could not fail."""
    images = torch.randn(2, 6, 2, 2)
    module = coverage.made(Tokens)
    converted, _ = coverage.converted(module, images)
    assert analyze(converted.design).totals.parameters == sum(
        each.numel() for each in module.parameters()
    )
    result = coverage.Result(parameters=(3, 4))
    assert not result.equal
    assert "DIFFERS" in str(result)
