"""What a handler sees: an operation with its arguments, and what its values are in the design."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

from designer.readers.graph import Operation, Shape

ALONE = -1
"""Instead of the axis of the images: a first axis of size 1 is left out, which is no batch."""

FLOATS = ("float16", "bfloat16", "float32", "float64")


class UnsupportedError(Exception):
    """An operation that no layer expresses, or that mixes the images of a batch."""


@dataclass(frozen=True)
class Symbol:
    """A value of the neutral graph.

    Attributes
    ----------
    name
        Its name in the graph.
    shape
        Sizes of its axes, the batch included.
    dtype
        The type of its elements by torch's name.
    """

    name: str
    shape: Shape
    dtype: str = "float32"

    def dim(self) -> int:
        """Return the number of axes."""
        return len(self.shape)

    def numel(self) -> int:
        """Return the number of elements."""
        return prod(self.shape)

    def is_float(self) -> bool:
        """Tell whether the elements are fractions."""
        return self.dtype in FLOATS


class Value(NamedTuple):
    """What a value of the graph is in the design.

    Attributes
    ----------
    node, port
        The node that gives it, and at which of its outputs.
    batch
        Its axis that holds the images; None if it has no value for each image.
    shape
        Its shape in the design. Where the axis of the images holds several values of each, as
        windows of an image, these are an axis of their own there.
    """

    node: str
    batch: int | None
    shape: Shape
    port: int = 0


@dataclass(frozen=True)
class Call:
    """An operation with the values of its arguments.

    Attributes
    ----------
    operation
        The operation.
    arguments
        By torch's names, with a `Symbol` for each value of the graph.
    results
        The values that it gives.
    """

    operation: Operation
    arguments: Mapping[str, Any]
    results: tuple[Symbol, ...]

    @property
    def result(self) -> Symbol:
        """The first value that it gives."""
        return self.results[0]

    def __getitem__(self, name: str) -> Any:
        if name not in self.arguments:
            raise UnsupportedError(f"{self.operation.kind} without the argument {name}")
        return self.arguments[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument, or torch's default for one that is left out."""
        return self.arguments.get(name, default)

    def first(self) -> Any:
        """Return the tensor that an operation of one tensor reads."""
        return self["self"] if "self" in self.arguments else self["input"]


def numbers(value: Any, count: int) -> list[Any]:
    """Return a number for each axis."""
    found = [*value] if isinstance(value, tuple | list) else [value] * count
    return found * count if len(found) == 1 else found


def for_rank(axes: int, **parameters: Any) -> dict[str, Any]:
    """Return parameters with a number in place of a list of one."""
    return {
        key: each[0] if isinstance(each, list) and axes == 1 else each
        for key, each in parameters.items()
    }


def as_axes(dim: Any) -> list[int]:
    """Return one axis or several as a list."""
    return [*dim] if isinstance(dim, tuple | list) else [dim]
