"""Arithmetic and text of windows that slide over images, for convolutions and pools."""

from collections.abc import Sequence
from math import ceil

from designer.design.expressions import Binary, Literal, Tree, fold
from designer.layers.base import Layer
from designer.layers.errors import LayerError, SetParameters
from designer.layers.parameters import Pair
from designer.layers.tensors import Shape, show


def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Return floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.

    Dumoulin and Visin, A guide to convolution arithmetic, arXiv:1603.07285, relationship 15.
    """
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def refuse_large_kernel(
    layer: Layer, shape: Shape, kernel: Pair, padding: Pair, dilation: Pair
) -> None:
    """Refuse a kernel that is larger than the padded input.

    Raises
    ------
    LayerError
        The kernel is too large; remedies are a padding that makes it fit, and a smaller kernel.
    """
    for axis, name in ((0, "height"), (1, "width")):
        size, reach = shape[axis + 1], dilation[axis] * (kernel[axis] - 1) + 1
        if reach <= size + 2 * padding[axis]:
            continue
        needed = tuple(
            max(
                padding[each], ceil((dilation[each] * (kernel[each] - 1) + 1 - shape[each + 1]) / 2)
            )
            for each in (0, 1)
        )
        smaller = tuple(
            min(kernel[each], (shape[each + 1] + 2 * padding[each] - 1) // dilation[each] + 1)
            for each in (0, 1)
        )
        remedies = [SetParameters(f"set kernel size to {show(smaller)}", {"kernel_size": smaller})]
        if "padding" in layer.parameters and all(
            2 * needed[each] <= kernel[each] or layer.convolution for each in (0, 1)
        ):
            remedies.insert(0, SetParameters(f"set padding to {show(needed)}", {"padding": needed}))
        raise LayerError(
            "kernel-too-large",
            f"the kernel spans {reach} rows or columns, but the input's {name} is {size} "
            f"with padding {padding[axis]} on each side"
            if padding[axis]
            else f"the kernel spans {reach} rows or columns, but the input's {name} is {size}",
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


def window_text(name: str, kernel: Pair, stride: Pair) -> str:
    """Return a convolution or pool with its kernel and stride: ``Conv2d 7×7 /2``."""
    step = "" if stride == (1, 1) else f" /{stride[0] if stride[0] == stride[1] else show(stride)}"
    return f"{name} {show(kernel)}{step}"


def spatial_formula(
    sizes: Sequence[int],
    output: Shape,
    *,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
) -> tuple[str, ...]:
    """Return the formula of height and width with its numbers; one line where both are equal."""
    lines = []
    for axis, name in ((0, "height"), (1, "width")):
        reach = kernel[axis] if dilation[axis] == 1 else dilation[axis] * (kernel[axis] - 1) + 1
        lines.append(
            f"{name} = ⌊({sizes[axis]} - {reach} + 2·{padding[axis]}) / {stride[axis]}⌋ + 1"
            f" = {output[axis + 1]}"
        )
    if lines[0].partition(" = ")[2] == lines[1].partition(" = ")[2]:
        return (lines[0].replace("height", "height, width", 1),)
    return tuple(lines)
