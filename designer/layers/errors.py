"""The error of a layer that cannot take its inputs or parameters, and the remedies it offers."""

from collections.abc import Mapping, Sequence
from math import isqrt
from typing import NamedTuple, TypeAlias

from designer.design.values import Value
from designer.layers.spatial import WORDS
from designer.layers.tensors import Shape, Tensor, show


class SetParameters(NamedTuple):
    """A remedy: other values for parameters of the layer itself."""

    label: str
    values: Mapping[str, Value]


class InsertLayer(NamedTuple):
    """A remedy: a layer with one input and one output, inserted into the edge to `port`."""

    label: str
    port: int
    layer: str
    values: Mapping[str, Value]


Remedy: TypeAlias = SetParameters | InsertLayer


class LayerError(ValueError):
    """Inputs or parameters that a layer cannot take: one sentence with the numbers, and remedies.

    Attributes
    ----------
    code : str
        A short stable name for this kind of problem.
    port : int
        The input port at fault.
    axis : str or None
        A name such as ``channels``, ``height`` or ``length``, or None for the whole shape.
    received, expected : str
        The actual value or shape, and the one that would fit.
    remedies : tuple of Remedy
        Edits that solve the problem, the most likely one first.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        port: int = 0,
        axis: str | None = None,
        received: object = "",
        expected: object = "",
        remedies: Sequence[Remedy] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.port = port
        self.axis = axis
        self.received = str(received)
        self.expected = str(expected)
        self.remedies = tuple(remedies)


def need_image(layer: object, inputs: Sequence[Tensor]) -> tuple[int, int, int]:
    """Return channels, height and width of the first input.

    Raises
    ------
    LayerError
        The input is not an image.
    """
    channels, height, width = need_spatial(layer, inputs, 2)
    return channels, height, width


def refuse_missing_axis(layer: object, dim: int, shape: Shape) -> None:
    """Refuse a shape that has no axis with this number, from 1 on.

    Raises
    ------
    LayerError
        There are fewer axes.
    """
    if dim > len(shape):
        raise LayerError(
            "no-such-axis",
            f"{type(layer).__name__} needs an axis {dim}, but the input {show(shape)} has only "
            f"{len(shape)} besides the batch",
            received=len(shape),
            expected=f"at least {dim}",
        )


def need_spatial(layer: object, inputs: Sequence[Tensor], axes: int) -> Shape:
    """Return the shape of the first input: channels and this many spatial axes.

    Raises
    ------
    LayerError
        The input has another number of axes.
    """
    shape = inputs[0].shape
    if len(shape) == axes + 1:
        return shape
    words, single = WORDS[axes], (shape[0], *[1] * axes)
    raise LayerError(
        f"not-{words.data.replace(' ', '-')}",
        f"{type(layer).__name__} needs {words.data} ({words.whole}), received {show(shape)}",
        received=show(shape),
        expected=words.whole,
        remedies=[InsertLayer(f"insert Reshape to {show(single)}", 0, "Reshape", {"shape": single})]
        if len(shape) == 1
        else [],
    )


def largest_divisor(number: int, limit: int) -> int:
    """Return the largest divisor of `number` that is not above `limit`; takes O(√number)."""
    small = [n for n in range(1, min(limit, isqrt(number)) + 1) if number % n == 0]
    return max((n for n in (*small, *(number // n for n in small)) if n <= limit), default=1)
