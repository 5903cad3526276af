"""What is written in place is read by all that read it in memory, and by nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from designer.errors import DesignerError
from designer.folding.patterns import convert
from tests.folding.patterns.opening import graph_of, opened


class Functions(nn.Module):
    """All functions of `FUNCTIONS`, each with an output of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple([each(self, x) for each in FUNCTIONS])


def relu_of_what_is_read_again(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    y = F.relu(x, inplace=True)
    return x + y


def sum_into_a_view(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    flat = x.view(len(x), -1)
    flat += 1
    return x * 3 + flat.view(x.shape)


def change_seen_through_another_view(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    turned, part = x.transpose(1, 2), x[:, :2]
    x.mul_(-1)
    return torch.cat([turned.transpose(1, 2), part], 1)


def change_seen_through_turned_axes(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    swapped, moved, turned = torch.swapaxes(x, 1, 2), torch.movedim(x, 1, 2), x.mT
    swapped.mul_(3)
    moved.add_(1)
    return swapped + moved + turned


def part_of_an_image(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    x[:, 1:3] = x[:, :2].clone() * 5
    return x


def one_row(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    x[:, 3] += x[:, 0]
    x.permute(0, 2, 1)[:, 1].neg_()
    return x


def copy_of_what_lies_otherwise(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    copied = x.transpose(1, 2).reshape(len(x), -1)  # a copy, so x stays as it is
    copied.add_(1)
    return x.flatten(1) - copied


def table_that_is_filled(self: Functions, x: torch.Tensor) -> torch.Tensor:
    mask = x.new_zeros(4, 6)
    for number, part in enumerate((slice(0, 2), slice(2, 3), slice(3, None))):
        mask[part, 1:4] = number + 1
    mask[0].add_(0.5)
    view = mask.view(2, 2, 6)
    view[1, 1] = 7
    return x + mask


def part_of_a_parameter(self: Functions, x: torch.Tensor) -> torch.Tensor:
    bias = self.weight.clone()
    bias[2:4].zero_()
    return x + bias + self.weight


def copy_into(self: Functions, x: torch.Tensor) -> torch.Tensor:
    y = torch.empty_like(x)
    y.copy_(x * 2)
    return y.clamp_(min=0)


def views_in_the_shape_of_others(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    x.view_as(x).relu_()
    x.expand(1, *x.shape)[0].add_(1)
    x.expand_as(x).mul_(3)
    x.reshape_as(x).neg_()
    return x


def repeated_value_that_changes(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    first = x[:, :1]
    repeated = first.expand(-1, 4, -1)
    first.add_(1)
    return repeated + x


def view_of_what_keeps_its_shape(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    x.expand(x.shape).flatten(1).add_(1)
    x.adjoint().mul_(3)
    x.tensor_split((1, -1), dim=2)[2].neg_()
    return x


def parts_of_uneven_sizes(self: Functions, x: torch.Tensor) -> torch.Tensor:
    x = x * 2
    x.tensor_split(4, 2)[1].mul_(2)
    x.tensor_split((1, 4), dim=2)[1].add_(1)
    x.tensor_split(3, 1)[0].neg_()
    return x


FUNCTIONS = (
    repeated_value_that_changes,
    view_of_what_keeps_its_shape,
    views_in_the_shape_of_others,
    parts_of_uneven_sizes,
    relu_of_what_is_read_again,
    sum_into_a_view,
    change_seen_through_another_view,
    change_seen_through_turned_axes,
    part_of_an_image,
    one_row,
    copy_of_what_lies_otherwise,
    table_that_is_filled,
    part_of_a_parameter,
    copy_into,
)


@pytest.mark.parametrize("batch", [1, 2])
def test_values_after_writing(batch: int) -> None:
    found = opened(Functions(), torch.randn(batch, 4, 6))
    assert found.converted.opaque == ()
    differences = dict(zip((each.__name__ for each in FUNCTIONS), found.differences, strict=True))
    assert differences == dict.fromkeys(differences, 0)


class Counting(nn.Module):
    """Counts its calls in a buffer that nothing else reads."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.tensor(0))
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls.add_(1)
        return self.norm(x)


def test_counters_vanish_and_those_of_norms_stay() -> None:
    found = opened(Counting(), torch.randn(2, 3, 4))
    assert found.difference == 0
    assert found.layers == ["BatchNorm1d"]
    assert "norm.num_batches_tracked" in {each.key for each in found.converted.weights.values()}
    assert found.converted.unused == ("calls",)


class Diagonal(nn.Module):
    """Writes to the diagonal, to strided values or to windows of a tensor."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x * 2
        if self.way == "diagonal_scatter":
            x.diagonal(0, 1, 2).add_(1)
        elif self.way == "as_strided_scatter":
            x.as_strided((2, 3), (12, 1)).add_(1)
        else:
            x.unfold(2, 2, 2).add_(1)
        return x


@pytest.mark.parametrize("way", ["diagonal_scatter", "as_strided_scatter", "unfold_scatter"])
def test_writing_that_no_layer_expresses_is_an_opaque_node(way: str) -> None:
    found = opened(Diagonal(way), torch.randn(2, 3, 4))
    assert f"aten.{way}.default" in [each.operation for each in found.converted.opaque]


class Spectral(nn.Module):
    """A Linear under spectral_norm, which divides its weight by a tensor without axes."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


def test_a_computed_weight_leaves_a_valid_design_with_all_parameters() -> None:
    module = Spectral()
    found = opened(module, torch.randn(2, 4))
    assert found.analysis.totals.parameters == sum(each.numel() for each in module.parameters())


def test_a_tensor_of_another_size_than_its_description_is_refused() -> None:
    graph = graph_of(nn.Linear(4, 3), torch.randn(2, 4))
    tensors = {
        name: replace(each, read=lambda: np.zeros(5, np.float32))
        for name, each in graph.tensors.items()
    }
    converted = convert(replace(graph, tensors=tensors))
    with pytest.raises(DesignerError, match="holds 5 values, and the network reads 12"):
        next(iter(converted.weights.values())).read()
