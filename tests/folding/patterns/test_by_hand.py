"""Operations as people write them in modules of their own: attention, distances, products."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.folding.patterns.opening import opened


class Heads(nn.Module):
    """Attention with einsum and its axes as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (each(x).view(*x.shape[:2], 2, 4) for each in (self.q, self.k, self.v))
        scores = torch.softmax(torch.einsum("bthd,bshd->bhts", q, k) / 2, -1)
        return torch.einsum("bhts,bshd->bthd", scores, v).reshape(x.shape)


class Masked(nn.Module):
    """Causal attention with a buffer for the mask."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.register_buffer("mask", torch.tril(torch.ones(5, 5)).view(1, 1, 5, 5))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            each.view(*x.shape[:2], 2, 4).transpose(1, 2) for each in self.qkv(x).split(8, dim=2)
        )
        scores = q @ k.transpose(-2, -1) * 0.5
        scores = scores.masked_fill(self.mask[:, :, :5, :5] == 0, float("-inf"))
        return (F.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(x.shape)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("kind", [Heads, Masked])
def test_attention_by_hand(kind: Callable[[], nn.Module], batch: int) -> None:
    found = opened(kind(), torch.randn(batch, 5, 8))
    assert found.converted.opaque == ()
    assert found.difference < 1e-6


class Filled(nn.Module):
    """A mask of minus infinity, of which a row has nothing else, or which is read as it is."""

    def __init__(self, *, as_it_is: bool) -> None:
        super().__init__()
        self.as_it_is = as_it_is
        self.register_buffer("mask", torch.eye(4) > 0 if as_it_is else torch.ones(4, 4) > 0)

    def forward(self, x: Tensor) -> Tensor:
        filled = x.masked_fill(self.mask, float("-inf"))
        return filled if self.as_it_is else filled.softmax(-1)


@pytest.mark.parametrize("as_it_is", [True, False])
def test_minus_infinity_is_no_number_of_a_design(as_it_is: bool) -> None:
    found = opened(Filled(as_it_is=as_it_is), torch.randn(2, 4, 4))
    assert len(found.converted.opaque) == 1


@pytest.mark.parametrize("batch", [1, 3])
def test_distance_of_two_vectors(batch: int) -> None:
    class Distance(nn.Module):
        def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
            return F.pairwise_distance(a, b), F.pairwise_distance(a, b, p=1, keepdim=True)

    found = opened(Distance(), torch.randn(batch, 6), torch.randn(batch, 6))
    assert found.converted.opaque == ()
    assert found.difference < 1e-6


@pytest.mark.parametrize("batch", [1, 3])
def test_matrices_whose_columns_are_outputs(batch: int) -> None:
    class Product(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(6, 4))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.weight

    found = opened(Product(), torch.randn(batch, 6))
    assert found.converted.opaque == ()
    assert found.difference < 1e-6


class SqueezeExcite(nn.Module):
    """Scales channels by weights that are spread over the image, and adds a spread bias."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 8, 3), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        y = torch.sigmoid(self.fc(x.mean((2, 3)))).view(-1, 8, 1, 1)
        return x * y.expand_as(x) + y.expand(-1, -1, *x.shape[2:])


class Outer(nn.Module):
    """Joins two values that are both spread: one of them must have the whole shape."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 5), nn.Linear(4, 6)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.a(x)[:, :, None].expand(-1, 5, 6), self.b(x)[:, None].expand(-1, 5, 6)
        return a * b + a


def test_a_spread_value_that_is_joined_needs_no_constant() -> None:
    found = opened(SqueezeExcite(), torch.randn(2, 3, 6, 6))
    assert found.difference == 0
    assert "Constant" not in found.layers
    assert opened(Outer(), torch.randn(2, 4)).difference == 0


class Columns(nn.Module):
    """Embeds each column of a table by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Embedding(count, 4) for count in (5, 7)])
        self.linear = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        vectors = [each(x[:, number]) for number, each in enumerate(self.embeddings)]
        return self.linear(torch.cat(vectors, 1))


def test_a_token_alone_is_embedded() -> None:
    found = opened(Columns(), torch.randint(0, 5, (3, 2)))
    assert found.difference == 0
    assert found.layers.count("Embedding") == 2


class Edges(nn.Module):
    """Finds edges by a kernel that does not learn."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", torch.randn(2, 1, 3, 3))
        self.conv = nn.Conv2d(2, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.conv2d(x, self.kernel))


def test_a_kernel_that_is_a_buffer_does_not_learn() -> None:
    found = opened(Edges(), torch.randn(2, 1, 8, 8))
    assert found.difference == 0
    nodes = found.converted.design.graph.nodes.values()
    assert [each.learning_rate for each in nodes if each.layer == "Conv2d"] == [0, 1]
    assert any("fixed in the file" in each for each in found.converted.notes)
