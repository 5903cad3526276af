"""Arithmetic and text of windows that slide over spatial axes, for convolutions and pools."""

from collections.abc import Sequence
from math import ceil

from designer.design.expressions import Binary, Literal, Tree, fold
from designer.layers.base import Layer
from designer.layers.errors import LayerError, SetParameters
from designer.layers.parameters import Sizes
from designer.layers.spatial import WORDS
from designer.layers.tensors import Shape, show


def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Return floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.

    Dumoulin and Visin, A guide to convolution arithmetic, arXiv:1603.07285, relationship 15.
    """
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def refuse_large_kernel(
    layer: Layer,
    shape: Shape,
    kernel: Sizes,
    padding: Sizes,
    dilation: Sizes,
    *,
    padding_helps: bool = True,
) -> None:
    """Refuse a kernel that is larger than the padded input.

    Parameters
    ----------
    padding_helps
        Whether the layer takes a larger kernel if it is given more padding.

    Raises
    ------
    LayerError
        The kernel is too large; remedies are a padding that makes it fit, and a smaller kernel.
    """
    sizes, axes = shape[1:], range(len(kernel))
    reaches = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    words = WORDS[len(kernel)]
    for axis, name in enumerate(words.names):
        size, reach = sizes[axis], reaches[axis]
        if reach <= size + 2 * padding[axis]:
            continue
        needed = tuple(max(padding[each], ceil((reaches[each] - sizes[each]) / 2)) for each in axes)
        smaller = tuple(
            min(kernel[each], (sizes[each] + 2 * padding[each] - 1) // dilation[each] + 1)
            for each in axes
        )
        remedies = [SetParameters(f"set kernel size to {show(smaller)}", {"kernel_size": smaller})]
        if (
            padding_helps
            and "padding" in layer.parameters
            and all(2 * needed[each] <= kernel[each] or layer.convolution for each in axes)
        ):
            remedies.insert(0, SetParameters(f"set padding to {show(needed)}", {"padding": needed}))
        spans = f"the kernel spans {reach} {words.some_lines}, but the input's {name} is {size}"
        raise LayerError(
            "kernel-too-large",
            f"{spans} with padding {padding[axis]} on each side" if padding[axis] else spans,
            axis=name,
            received=size,
            expected=f"at least {reach - 2 * padding[axis]}",
            remedies=remedies,
        )


def times(left: Tree, right: Tree) -> Tree:
    """Return the product of two expressions; a factor of one is left out."""
    if right == Literal(1):
        return left
    if left == Literal(1):
        return right
    return fold(Binary("*", left, right))


def window_text(name: str, kernel: Sizes, stride: Sizes) -> str:
    """Return a convolution or pool with its kernel and stride: ``Conv2d 7×7 /2``."""
    if len(set(stride)) > 1:
        return f"{name} {show(kernel)} /{show(stride)}"
    return f"{name} {show(kernel)} /{stride[0]}" if stride[0] > 1 else f"{name} {show(kernel)}"


def spatial_formula(
    sizes: Sequence[int],
    output: Shape,
    *,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
) -> tuple[str, ...]:
    """Return the formula of each spatial axis with its numbers; see `lines_of_axes`."""
    formulas = []
    for axis, size in enumerate(sizes):
        reach = kernel[axis] if dilation[axis] == 1 else dilation[axis] * (kernel[axis] - 1) + 1
        formulas.append(
            f"⌊({size} - {reach} + 2·{padding[axis]}) / {stride[axis]}⌋ + 1 = {output[axis + 1]}"
        )
    return lines_of_axes(formulas)


def lines_of_axes(formulas: Sequence[str]) -> tuple[str, ...]:
    """Return a line for each spatial axis and its formula; one line where all are equal."""
    names = WORDS[len(formulas)].names
    if len(set(formulas)) == 1:
        return (f"{', '.join(names)} = {formulas[0]}",)
    return tuple([f"{name} = {formula}" for name, formula in zip(names, formulas, strict=True)])


def all_sides(axes: int) -> str:
    """Return the names of the spatial axes as formulas have them: ``height, width``."""
    return ", ".join(WORDS[axes].names)
