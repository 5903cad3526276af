"""Opaque: an operation of an opened network that no layer expresses."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from designer.design.expressions import Tree
from designer.design.values import Value
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError
from designer.layers.parameters import Parameter, Text
from designer.layers.tensors import (
    BUFFER,
    FLOAT_BYTES,
    INDEX_BYTES,
    WEIGHT,
    Reads,
    Shape,
    State,
    Tensor,
    show,
)

_LONGEST = 10_000  # characters, as of any text of a design file
_SHAPE = r"(?:(?P<dtype>int64|float32):)?(?P<sizes>\d{1,9}(?:x\d{1,9})*|scalar)"
_TENSOR = re.compile(_SHAPE)
_STORED = re.compile(r"(?P<buffer>buffer )?(?P<name>[A-Za-z_]\w*) " + _SHAPE)


class ShapeAndType(NamedTuple):
    """The shape of a tensor, and whether its values are whole numbers."""

    shape: Shape
    integer: bool = False

    def __str__(self) -> str:
        sizes = "x".join(map(str, self.shape)) or "scalar"
        return f"int64:{sizes}" if self.integer else sizes


class StoredShape(NamedTuple):
    """A tensor of the state dict: its name, shape and type, and whether it is not learned."""

    name: str
    tensor: ShapeAndType
    buffer: bool = False

    def __str__(self) -> str:
        return f"{'buffer ' if self.buffer else ''}{self.name} {self.tensor}"


@lru_cache(maxsize=1024)
def _tensors(text: str) -> tuple[ShapeAndType, ...]:
    """Return the tensors of a text such as ``64x7x7, int64:10``; raises ValueError."""
    return tuple([_tensor(_TENSOR.fullmatch(each)) for each in _parts(text)])


@lru_cache(maxsize=1024)
def _stored(text: str) -> tuple[StoredShape, ...]:
    """Return the tensors of a text such as ``weight 64x7, buffer mean 64``; raises ValueError."""
    found = []
    for each in _parts(text):
        match = _STORED.fullmatch(each)
        tensor = _tensor(match)
        assert match is not None
        found.append(StoredShape(match["name"], tensor, match["buffer"] is not None))
    if len({each.name for each in found}) < len(found):
        raise ValueError("a name is given twice")
    return tuple(found)


def _parts(text: str) -> list[str]:
    return [each.strip() for each in text.split(",")] if text.strip() else []


def _tensor(match: re.Match[str] | None) -> ShapeAndType:
    if match is None:
        raise ValueError("no tensor")
    sizes = match["sizes"]
    shape = () if sizes == "scalar" else tuple(map(int, sizes.split("x")))
    if 0 in shape:
        raise ValueError("an axis of size 0")
    return ShapeAndType(shape, match["dtype"] == "int64")


class Tensors(Parameter[str]):
    """The shapes of tensors, separated by commas: ``64x7x7, int64:10``."""

    expects = 'shapes such as "64x7x7, int64:10"'
    read = staticmethod(_tensors)

    def check(self, value: Value) -> str:
        """Accept texts that can be read; they are not changed."""
        if isinstance(value, str) and len(value) <= _LONGEST:
            try:
                self.read(value)
            except ValueError:
                raise self.refusal(value) from None
            return value
        raise self.refusal(value)


class StoredTensors(Tensors):
    """Tensors of the state dict, separated by commas: ``weight 64x7x7, buffer mean 64``."""

    expects = 'names and shapes such as "weight 64x3x3, buffer mean 64"'
    read = staticmethod(_stored)  # type: ignore[assignment]


class Opaque(Layer):
    """An operation that no layer expresses, with its shapes and tensors."""

    category = Category.SHAPE
    offered = False
    inputs = (0, 256)
    takes_any = tuple(range(256))
    apart = ("operation", "line", "reason", "given", "outputs")
    help = (
        "An operation of an opened network that no layer expresses. Its shapes and tensors are "
        "counted; to train the network or to write its code, replace it by layers."
    )
    operation = Text("", help="The operation, as the file names it.")
    line = Text("", help="Where the source of the network calls it, if the file says so.")
    reason = Text("", help="What of it no layer expresses, where layers express other uses of it.")
    given = Tensors("", help="The shapes that its inputs had in the file, without the batch.")
    outputs = Tensors("", help="The shapes of its outputs, without the batch.")
    tensors = StoredTensors(
        "", help="Its parameters and buffers: names and shapes, those of buffers after the word."
    )

    @property
    def words(self) -> str:
        """The operation and where it is called: ``aten.erfinv (model.py:12)``."""
        return f"{self.operation or 'that is not named'}{f' ({self.line})' if self.line else ''}"

    def check(self) -> None:
        if not _tensors(self.outputs):
            raise LayerError(
                "opaque-outputs",
                "Opaque has no outputs; give the shape of one, such as 64x7x7",
                received="none",
                expected="a shape",
            )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        recorded = _tensors(self.given)
        if len(inputs) != len(recorded):
            raise LayerError(
                "opaque-input",
                f"what the operation {self.words} gives is known only for the {len(recorded)} "
                f"inputs that it has in its file, received {len(inputs)}",
                received=len(inputs),
                expected=len(recorded),
            )
        for port, (each, known) in enumerate(zip(inputs, recorded, strict=True)):
            if each.shape != known.shape:
                raise LayerError(
                    "opaque-input",
                    f"what the operation {self.words} gives is known only for the input "
                    f"{show(known.shape)} that it has in its file, received {show(each.shape)}",
                    port=port,
                    received=show(each.shape),
                    expected=show(known.shape),
                )
        return _tensors(self.outputs)[0].shape

    def further_outputs(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(
            [
                Tensor(each.shape, axes=(), integer=each.integer)
                for each in _tensors(self.outputs)[1:]
            ]
        )

    def is_integer(self, inputs: Sequence[Tensor]) -> bool:
        return _tensors(self.outputs)[0].integer

    def warning(self, inputs: Sequence[Tensor]) -> LayerError:
        reason = f". The reason: {self.reason}" if self.reason else ""
        return LayerError(
            "opaque",
            f"no layer expresses the operation {self.words}, so the design can neither be "
            f"trained nor be written as code until you replace it by layers{reason}",
        )

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return tuple(
            [
                State(
                    each.name,
                    each.tensor.shape,
                    BUFFER if each.buffer else WEIGHT,
                    INDEX_BYTES if each.tensor.integer else FLOAT_BYTES,
                )
                for each in _stored(self.tensors)
            ]
        )

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return ()

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        return None

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None

    def summary(self) -> str:
        return f"Opaque {self.operation}".strip()

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"output = as recorded in the file = {show(output)}",)
