"""One call of a layer: what it reads, its weights, and the operations that it becomes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeAlias

import numpy as np

from designer.readers.building import GraphBuilder, module_kind
from designer.readers.graph import BUFFER, PARAMETER, Argument, Module, Ref, Shape
from designer.readers.keras.archive import Weights
from designer.readers.keras.config import LayerConfig


class NotExpressedError(Exception):
    """A layer does what no operation of torch does; it becomes an operation of unknown kind."""


@dataclass(frozen=True)
class Value:
    """A tensor of the network.

    Attributes
    ----------
    ref
        Its value in the graph.
    shape
        Its sizes in the order of Keras, the batch first and the channels last.
    channels_first
        Whether the graph has its channels second.
    listed
        For a row that lists the values of a picture in the graph's order, which is not that of
        Keras: the picture's sizes, channels first; () for any other.
    dtype
        The type of its elements.
    """

    ref: Ref
    shape: Shape
    channels_first: bool = False
    listed: Shape = ()
    dtype: str = "float32"

    @property
    def graph_shape(self) -> Shape:
        """The sizes in the order of the graph."""
        return (
            (self.shape[0], self.shape[-1], *self.shape[1:-1])
            if self.channels_first
            else self.shape
        )

    def axis(self, axis: int) -> int:
        """Return where the graph has an axis that Keras numbers so."""
        rank = len(self.shape)
        if not -rank <= axis < rank:
            raise ValueError(f"there is no axis {axis} in a tensor of {rank} axes")
        axis %= rank
        if not self.channels_first or axis == 0:
            return axis
        return 1 if axis == rank - 1 else axis + 1

    def keras_positions(self) -> Any:
        """Return for each value of a row that lists a picture its position in that of Keras."""
        channels, *sizes = self.listed
        positions = np.arange(prod(self.listed)).reshape(*sizes, channels)
        return np.moveaxis(positions, -1, 0).reshape(-1)


@dataclass(frozen=True)
class Call:
    """A call of a layer.

    Attributes
    ----------
    layer
        The layer.
    builder
        Where its operations go.
    inputs
        The tensors that it reads, in order.
    arguments
        Its arguments by position, tensors as `Value`.
    named
        Its arguments by name.
    path
        Its path in the network, the prefix of its tensors in the state dict.
    parents
        The networks that hold it, the outermost first.
    weights
        The file's weights.
    stored
        Its path in the file of weights.
    version
        The version of Keras, ``3.5.0``.
    """

    layer: LayerConfig
    builder: GraphBuilder
    inputs: Sequence[Value]
    arguments: Sequence[Any]
    named: Mapping[str, Any]
    path: str
    parents: tuple[Module, ...]
    weights: Weights
    stored: str
    version: str

    @property
    def config(self) -> Mapping[str, Any]:
        """The layer's settings."""
        return self.layer.config

    @property
    def input(self) -> Value:
        """The tensor that it reads, the first of several."""
        if not self.inputs:
            raise ValueError(f"the layer {self.layer.name!r} reads nothing")
        return self.inputs[0]

    @property
    def channels_last(self) -> bool:
        """Whether the layer reads pictures with the channels last."""
        return bool(self.config.get("data_format", "channels_last") != "channels_first")

    # Operations

    def emit(
        self,
        kind: str,
        shape: Shape,
        /,
        *,
        part: str = "",
        module: str | None = "",
        dtype: str = "float32",
        **arguments: Argument,
    ) -> Ref:
        """Add an operation with one result, and return that.

        Parameters
        ----------
        kind
            Torch's name of the function.
        shape
            The shape of the result, in the order of the graph.
        part
            What is added to the layer's path where it becomes several operations.
        module
            The class of torch that does this; "" for that of the operation, None for none.
        dtype
            The type of the result.
        **arguments
            By torch's names.
        """
        return self.emit_all(kind, [shape], part=part, module=module, dtype=dtype, **arguments)[0]

    def emit_all(
        self,
        kind: str,
        shapes: Sequence[Shape],
        /,
        *,
        part: str = "",
        module: str | None = "",
        dtype: str = "float32",
        **arguments: Argument,
    ) -> tuple[Ref, ...]:
        """Add an operation with several results, and return these."""
        first = next((each for each in arguments.values() if isinstance(each, Ref)), None)
        path = f"{self.path}_{part}" if part else self.path
        if module == "":
            module = module_kind(kind, len(self.builder.shape(first)) if first else 0)
        return self.builder.emit(
            kind,
            shapes,
            arguments,
            modules=(
                *self.parents,
                Module(path, module or f"{self.layer.module}.{self.layer.kind}"),
            ),
            original=self.layer.kind,
            name=path,
            dtype=dtype,
        )

    # The order of axes

    def in_order(self, value: Value, *, channels_first: bool) -> Value:
        """Return a tensor with its channels second in the graph, or as Keras has it."""
        value = self.unlisted(value)
        rank = len(value.shape)
        if value.channels_first == channels_first or rank < 3:
            return value
        moved = replace(value, channels_first=channels_first)
        order = (0, rank - 1, *range(1, rank - 1)) if channels_first else (0, *range(2, rank), 1)
        ref = self.emit(
            "permute", moved.graph_shape, part="permute", self=value.ref, dims=order,
            dtype=value.dtype,
        )  # fmt: skip
        return replace(moved, ref=ref)

    def plain(self, value: Value) -> Value:
        """Return a tensor as Keras has it."""
        return self.in_order(value, channels_first=False)

    def picture(self, value: Value) -> Value:
        """Return a tensor with its channels second, as torch's layers for pictures read it."""
        return self.in_order(value, channels_first=self.channels_last)

    def unlisted(self, value: Value) -> Value:
        """Return a row that lists a picture in the order of Keras."""
        if not value.listed:
            return value
        channels, *sizes = value.listed
        batch = value.shape[0]
        shape = (batch, *sizes, channels)
        picture = Value(
            self.reshaped(value.ref, (batch, *value.listed), "picture"), shape, channels_first=True
        )
        ref = self.reshaped(self.plain(picture).ref, value.shape, "flatten")
        return replace(value, ref=ref, listed=())

    def reshaped(self, ref: Ref, shape: Shape, part: str = "") -> Ref:
        """Return a value in another shape, its batch kept."""
        if self.builder.shape(ref) == shape:
            return ref
        return self.emit(
            "reshape", shape, part=part, self=ref, shape=tuple(shape),
            dtype=self.builder.spec(ref).dtype,
        )  # fmt: skip

    # Weights

    def parameter(
        self,
        name: str,
        number: int,
        stored_shape: Shape,
        shape: Shape | None = None,
        turned: Callable[[Any], Any] | None = None,
        *,
        under: str = "",
        kind: str = PARAMETER,
    ) -> Ref:
        """Return a tensor of the layer that the file holds.

        Parameters
        ----------
        name
            Its name in the layer of torch, ``weight``.
        number
            Which of the layer's arrays it is.
        stored_shape
            Its shape in the file.
        shape
            Its shape in torch; None for the same.
        turned
            Makes torch's array of the file's; None if it is the same.
        under
            The path of its part in the file, such as ``cell``.
        kind
            `PARAMETER` or `BUFFER`.
        """
        path = f"{self.stored}/{under}" if under else self.stored
        read = self.weights.reader(path, number, stored_shape)
        wanted = shape or stored_shape

        def values() -> Any:
            return np.ascontiguousarray(turned(read()) if turned else read()).reshape(wanted)

        return self.builder.tensor(f"{self.path}.{name}", wanted, values, kind)

    def filled(self, name: str, shape: Shape, value: float, kind: str = PARAMETER) -> Ref:
        """Return a tensor of equal numbers that torch's layer has and that of Keras lacks."""
        return self.builder.tensor(
            f"{self.path}.{name}", shape, lambda: np.full(shape, value, np.float32), kind
        )

    def buffer(self, name: str, values: Any) -> Ref:
        """Return a tensor whose values the settings hold."""
        array = np.asarray(values, np.float32)
        return self.builder.tensor(f"{self.path}.{name}", array.shape, lambda: array, BUFFER)


Handler: TypeAlias = Callable[[Call], Value | Sequence[Value]]

HANDLERS: dict[str, Handler] = {}
"""What each class of Keras becomes, by its name."""

FUNCTIONS: dict[str, Handler] = {}
"""What each function on tensors becomes, by its name."""


def layer(*kinds: str) -> Callable[[Handler], Handler]:
    """Register what layers of these classes become."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(kinds, handler))
        return handler

    return register


def function(*kinds: str) -> Callable[[Handler], Handler]:
    """Register what functions on tensors of these names become."""

    def register(handler: Handler) -> Handler:
        FUNCTIONS.update(dict.fromkeys(kinds, handler))
        return handler

    return register


def same_order(call: Call, values: Sequence[Value]) -> list[Value]:
    """Return tensors of one order of axes: channels second if one has them so."""
    if len({each.listed for each in values}) == 1 and values[0].listed:
        return list(values)
    first = any(each.channels_first for each in values)
    return [call.in_order(each, channels_first=first) for each in values]


def numbers(value: Any, count: int) -> tuple[int, ...]:
    """Return a whole number for each axis."""
    found = tuple(value) if isinstance(value, list | tuple) else (value,) * count
    if len(found) != count or not all(isinstance(each, int) for each in found):
        raise ValueError(f"{value!r} are not {count} whole numbers")
    return found
