"""Layouts of tensors are the strides of torch's."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from designer.layers.activation import LogSigmoid, RReLU, SiLU
from designer.layers.arithmetic import Abs, AddScalar, Clamp, Exp, Negate, Power, Where
from designer.layers.base import Layer
from designer.layers.errors import LayerError
from designer.layers.join import Concat, Multiply
from designer.layers.layouts import (
    is_contiguous,
    layout_like,
    rows_are_even,
    steps,
)
from designer.layers.normalization import BatchNorm2d
from designer.layers.reduction import Normalize, Reduce
from designer.layers.shape import Flatten, Permute, Reshape, Scale, Slice
from designer.layers.tensors import Tensor
from designer.layers.windows import Index, Roll, WindowMerge, WindowPartition

FUNCTIONS: tuple[tuple[Layer, Callable[[torch.Tensor], torch.Tensor]], ...] = (
    (Exp(), torch.exp),
    (Abs(), torch.abs),
    (RReLU(), F.rrelu),
    (LogSigmoid(), F.logsigmoid),
    (Negate(), torch.neg),
    (Power(exponent=3.0), lambda x: x**3.0),
    (AddScalar(), lambda x: x + 1.0),
    (Clamp(max=2.0), lambda x: torch.clamp(x, min=0.0, max=2.0)),
    (Reduce(dim=(1,), keepdim=True), lambda x: x.mean(1, keepdim=True)),
    (Reduce(reduction="max", dim=(1,), keepdim=True), lambda x: x.amax(1, keepdim=True)),
    (
        Reduce(reduction="norm", dim=(1,), keepdim=True),
        lambda x: torch.linalg.vector_norm(x, dim=1, keepdim=True),
    ),
    (Normalize(), lambda x: F.normalize(x, dim=1)),
    (Roll(shifts=(1,), dim=(1,)), lambda x: torch.roll(x, (1,), (1,))),
    (Roll(shifts=(1, -1), dim=(1, 1)), lambda x: torch.roll(x, (1, -1), (1, 1))),
    (Slice(step=2), lambda x: x[:, ::2]),
    (Index(indices=(0, 0)), lambda x: x.index_select(1, torch.tensor([0, 0]))),
    (
        WindowPartition(window_size=(1, 1)),
        lambda x: network_class(WindowPartition)((1, 1))(x) if x.dim() == 4 else x,
    ),
    (
        WindowPartition(window_size=(1, 1), channels_axis="first"),
        lambda x: network_class(WindowPartition)((1, 1), "first")(x) if x.dim() == 4 else x,
    ),
    (
        WindowPartition(window_size=(2, 2)),
        lambda x: network_class(WindowPartition)((2, 2))(x) if x.dim() == 4 else x,
    ),
)


def network_class(kind: type[Layer]) -> type[torch.nn.Module]:
    """Return the module class that generated files contain for a layer type."""
    names: dict[str, Any] = {"torch": torch, "nn": torch.nn}
    exec(kind.source, names)
    found: type[torch.nn.Module] = names[kind.torch]
    return found


SHAPES = ((3, 4, 5), (4, 1, 6), (1, 5, 4), (4, 3, 1), (4, 1, 1), (1, 1, 7), (3, 5), (1, 8), (6,))


def applied(layer, tensor: Tensor) -> Tensor:
    return Tensor(layer.output_shape([tensor]), layout=layer.layout([tensor]))


@st.composite
def permuted_slices(draw: st.DrawFn) -> tuple[Tensor, torch.Tensor]:
    """Draw a tensor as the program knows it, and as torch makes it."""
    shape = draw(st.sampled_from(SHAPES))
    known, made = Tensor(shape), torch.zeros(2, *shape)
    for _ in range(draw(st.integers(0, 4))):
        axes = range(1, made.dim())
        if draw(st.booleans()):
            order = tuple(draw(st.permutations(axes)))
            known = applied(Permute(order=order), known)
            made = made.permute(0, *order)
        else:
            dim = draw(st.sampled_from(axes))
            start = draw(st.integers(0, made.shape[dim] - 1))
            stop = draw(st.integers(start + 1, made.shape[dim]))
            known = applied(Slice(dim=dim, start=start, stop=stop), known)
            made = made.narrow(dim, start, stop - start)
    return known, made


@settings(max_examples=200, deadline=None)
@given(permuted_slices(), st.data())
def test_views_and_new_tensors_have_the_strides_of_torch(
    drawn: tuple[Tensor, torch.Tensor], data: st.DataObject
) -> None:
    known, made = drawn
    assert steps(known) == made.stride()
    assert is_contiguous(known) == made.is_contiguous()
    rows = made.view(-1, made.shape[-1]) if rows_are_even(known) else None
    assert (rows is None) == (made.reshape(-1, made.shape[-1]).data_ptr() != made.data_ptr())

    flat = made.flatten(1)
    assert Flatten().is_view([known], True) == (flat.data_ptr() == made.data_ptr())
    assert steps(applied(Flatten(), known)) == flat.stride()
    shape = data.draw(st.sampled_from(((-1,), (1, -1), (-1, 1), (1, 1, -1), made.shape[1:])))
    assert steps(applied(Reshape(shape=tuple(shape)), known)) == flat.unflatten(1, shape).stride()

    assert steps(applied(SiLU(), known)) == F.silu(made).stride()
    assert steps(applied(Scale(learned=False), known)) == (made * 2).stride()
    assert steps(Tensor(known.shape, layout=layout_like(known))) == torch.empty_like(made).stride()
    if made.dim() == 4:  # torch.cat asks each image whether its channels lie last
        assert (
            steps(applied(BatchNorm2d(), known))
            == F.batch_norm(made, *torch.zeros(2, made.shape[1])).stride()
        )
        inputs = [known, known]
        joined = Tensor(Concat().output_shape(inputs), layout=Concat().layout(inputs))
        assert steps(joined) == torch.cat([made, made], 1).stride()


@settings(max_examples=200, deadline=None)
@given(permuted_slices(), st.data())
def test_products_have_the_strides_of_torch(
    drawn: tuple[Tensor, torch.Tensor], data: st.DataObject
) -> None:
    """The factors may be broadcast, and lie in memory in different orders."""
    known, made = drawn
    stays = data.draw(st.tuples(*[st.booleans()] * len(known.shape)))
    other = tuple(size if stay else 1 for size, stay in zip(known.shape, stays, strict=True))
    order = data.draw(st.permutations(range(1, made.dim())))
    back = tuple(order.index(axis) + 1 for axis in range(1, made.dim()))
    factor = torch.zeros(2, *[other[axis - 1] for axis in order]).permute(0, *back)
    known_factor = applied(Permute(order=back), Tensor(tuple(other[axis - 1] for axis in order)))
    for pair, inputs in (
        ((made, factor), (known, known_factor)),
        ((factor, made), (known_factor, known)),
    ):
        layer = Multiply()
        found = Tensor(layer.output_shape(inputs), layout=layer.layout(inputs))
        assert steps(found) == (pair[0] * pair[1]).stride()


@pytest.mark.parametrize(("layer", "function"), FUNCTIONS, ids=lambda each: type(each).__name__)
@settings(max_examples=40, deadline=None)
@given(permuted_slices())
def test_functions_have_the_strides_of_torch(
    layer: Layer,
    function: Callable[[torch.Tensor], torch.Tensor],
    drawn: tuple[Tensor, torch.Tensor],
) -> None:
    known, made = drawn
    try:
        found = applied(layer, known)
    except LayerError:
        return  # no image, or no whole windows
    result = function(made)
    assert steps(found) == result.stride()
    shares = result.untyped_storage().data_ptr() == made.untyped_storage().data_ptr()
    assert layer.is_view([known], True) == shares


@settings(max_examples=100, deadline=None)
@given(permuted_slices(), st.sampled_from(("last", "first")))
def test_merged_windows_have_the_strides_of_torch(
    drawn: tuple[Tensor, torch.Tensor], channels: str
) -> None:
    known, made = drawn
    if made.dim() != 4:
        return
    for height in (1, 2, 4):
        for window in ((1, 1), (1, known.shape[1]), (known.shape[1], 1)):
            layer = WindowMerge(window_size=window, height=height, channels_axis=channels)
            try:
                found = applied(layer, known)
            except LayerError:
                continue
            result = network_class(WindowMerge)(window, height, channels)(made)
            assert tuple(result.shape[1:]) == found.shape
            assert steps(found) == result.stride()
            shares = result.untyped_storage().data_ptr() == made.untyped_storage().data_ptr()
            assert layer.is_view([known], True) == shares


@settings(max_examples=60, deadline=None)
@given(permuted_slices(), permuted_slices())
def test_choices_have_the_strides_of_torch(
    drawn: tuple[Tensor, torch.Tensor], other: tuple[Tensor, torch.Tensor]
) -> None:
    (known, made), (condition, holds) = drawn, other
    layer = Where()
    for inputs, tensors in (
        ((known, known, known), (made, made, made)),
        ((condition, known, known), (holds, made, made)),
    ):
        try:
            found = Tensor(layer.output_shape(inputs), layout=layer.layout(inputs))
        except LayerError:
            continue
        assert steps(found) == torch.where(tensors[0] != 0, *tensors[1:]).stride()
