"""Layouts of tensors are the strides of torch's."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from designer.layers.activation import SiLU
from designer.layers.join import Concat, Multiply
from designer.layers.layouts import (
    is_contiguous,
    layout_like,
    rows_are_even,
    steps,
)
from designer.layers.normalization import BatchNorm2d
from designer.layers.shape import Flatten, Permute, Reshape, Scale, Slice
from designer.layers.tensors import Tensor

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
