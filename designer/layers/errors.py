"""The error of a layer that cannot take its inputs or parameters, and the remedies it offers."""

from collections.abc import Mapping, Sequence
from math import isqrt
from typing import NamedTuple, TypeAlias

from designer.design.values import Value
from designer.layers.tensors import Tensor, show


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
        ``channels``, ``height``, ``width``, ``features``, or None for the whole shape.
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
    shape = inputs[0].shape
    if len(shape) == 3:
        return shape
    name = type(layer).__name__
    raise LayerError(
        "not-an-image",
        f"{name} needs an image (channels × height × width), received {show(shape)}",
        received=show(shape),
        expected="channels × height × width",
        remedies=[
            InsertLayer(
                f"insert Reshape to {show((shape[0], 1, 1))}",
                0,
                "Reshape",
                {"shape": (shape[0], 1, 1)},
            )
        ]
        if len(shape) == 1
        else [],
    )


def largest_divisor(number: int, limit: int) -> int:
    """Return the largest divisor of `number` that is not above `limit`; takes O(√number)."""
    small = [n for n in range(1, min(limit, isqrt(number)) + 1) if number % n == 0]
    return max((n for n in (*small, *(number // n for n in small)) if n <= limit), default=1)
