"""What a row of the operator table gets: the node, what it reads, and means to write operations."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, Protocol, TypeAlias, TypeVar

from designer.readers.graph import (
    BUFFER,
    CONSTANT,
    PARAMETER,
    Argument,
    Ref,
    Shape,
    TensorSpec,
)
from designer.readers.onnx.nodes import Constant, Node, of_array

Row: TypeAlias = Callable[["Call"], Ref | Sequence[Ref]]
AnyRow = TypeVar("AnyRow", bound=Row)


class NotExpressedError(Exception):
    """A node does something that no function of torch does; it becomes an opaque operation."""


class Graph(Protocol):
    """The neutral graph as far as it is written."""

    specs: dict[str, TensorSpec]
    constants: dict[str, Constant]

    def value(self, name: str) -> Ref: ...

    def store(self, constant: Constant, kind: str, role: str) -> Ref: ...

    def write(
        self, kind: str, arguments: Mapping[str, Argument], specs: Sequence[TensorSpec]
    ) -> tuple[Ref, ...]: ...


class Call:
    """One node that is being converted.

    Parameters
    ----------
    node
        The node.
    graph
        What is written so far.
    outputs
        Shapes and types of its outputs.
    opset
        The version of the node's operators.
    """

    def __init__(self, node: Node, graph: Graph, outputs: Sequence[TensorSpec], opset: int) -> None:
        self.node = node
        self.outputs = outputs
        self._asked: set[str] = set()
        self.opset = opset
        self._graph = graph

    # What the node reads

    def attribute(self, name: str, default: Any = None) -> Any:
        """Return an attribute, or what it is if the node does not give it."""
        self._asked.add(name)
        return self.node.attributes.get(name, default)

    def ints(self, name: str) -> tuple[int, ...] | None:
        """Return an attribute of whole numbers; None if the node does not give it."""
        found = self.attribute(name)
        return None if found is None else tuple(found)

    def ignored(self) -> set[str]:
        """Return the attributes that change what the node does, and that nobody asked for."""
        return set(self.node.attributes) - self._asked - _SAY_NOTHING

    def has(self, position: int) -> bool:
        """Tell whether an input is given."""
        return position < len(self.node.inputs) and self.node.inputs[position] != ""

    def spec(self, position: int) -> TensorSpec:
        """Return shape and type of an input."""
        return self._graph.specs[self.node.inputs[position]]

    def shape(self, position: int = 0) -> Shape:
        """Return the shape of an input."""
        return self.spec(position).shape

    def rank(self, position: int = 0) -> int:
        """Return how many axes an input has."""
        return len(self.shape(position))

    def constant(self, position: int) -> Constant | None:
        """Return an input that depends on no input of the network; None for any other."""
        if not self.has(position):
            return None
        return self._graph.constants.get(self.node.inputs[position])

    def array(self, position: int) -> Any:
        """Return the values of an input that must be known.

        Raises
        ------
        NotExpressedError
            They depend on the network's input.
        """
        constant = self.constant(position)
        if constant is None:
            raise NotExpressedError(
                f"input {position} of {self.node.label()} depends on the input of the network"
            )
        return constant.array()

    def integers(self, position: int, attribute: str = "") -> tuple[int, ...] | None:
        """Return whole numbers that are an input, or an attribute in old versions; or None."""
        if self.has(position):
            return tuple(int(each) for each in self.array(position).reshape(-1))
        return self.ints(attribute) if attribute else None

    def number(self, position: int) -> float | int | bool | None:
        """Return an input of one known element as a number; None for any other."""
        constant = self.constant(position)
        return None if constant is None else constant.number()

    def ref(self, position: int) -> Ref:
        """Return an input as an argument."""
        return self._graph.value(self.node.inputs[position])

    def optional(self, position: int) -> Ref | None:
        """Return an input as an argument, None if it is not given."""
        return self.ref(position) if self.has(position) else None

    def operand(self, position: int) -> Ref | float | int | bool:
        """Return an input as an argument, as a number if it is one that nobody learned.

        A tensor of one element stays a tensor if it is all that the others are broadcast to.
        """
        constant = self.constant(position)
        if constant is not None and not constant.learned:
            value = constant.number()
            others = (
                self.rank(each)
                for each in range(len(self.node.inputs))
                if each != position and self.has(each) and self.constant(each) is None
            )
            if value is not None and len(constant.spec.shape) <= max(others, default=-1):
                return value
        return self.ref(position)

    def weight(
        self,
        position: int,
        role: str = "weight",
        turned: Callable[[Any], Any] | None = None,
        shape: Shape | None = None,
        how: str = "",
    ) -> Ref:
        """Return an input that is learned, if it is known; a computed one as any value.

        Parameters
        ----------
        position
            Which input.
        role
            What torch's module calls it: weight, bias.
        turned
            What is done with its array before torch takes it.
        shape, how
            The shape after that, and a word that tells it from the tensor as the file has it.

        Raises
        ------
        NotExpressedError
            It is computed and would have to be turned.
        """
        constant = self.constant(position)
        if constant is None:
            if turned is not None:
                raise NotExpressedError(f"input {position} of {self.node.label()} is computed")
            return self.ref(position)
        if turned is not None and shape is not None:
            constant = self.turned(constant, turned, shape, how)
        return self._graph.store(constant, PARAMETER, role)

    def bias(self, position: int) -> Ref | None:
        """Return a learned bias; None if there is none, or one of zeros that the file computes.

        Exporters give a convolution without a bias such zeros.
        """
        if not self.has(position):
            return None
        constant = self.constant(position)
        if constant is not None and constant.computed and not constant.array().any():
            return None
        return self.weight(position, "bias")

    def buffer(self, position: int, role: str) -> Ref:
        """Return an input that a module remembers without learning it."""
        constant = self.constant(position)
        if constant is None:
            return self.ref(position)
        return self._graph.store(constant, BUFFER, role)

    @staticmethod
    def turned(
        constant: Constant, function: Callable[[Any], Any], shape: Shape, how: str
    ) -> Constant:
        """Return a constant computed from another one, whose values are read when needed."""
        return Constant(
            f"{constant.name}:{how}",
            TensorSpec(shape, constant.spec.dtype),
            lambda: function(constant.array()),
            constant.learned,
        )

    def learned(self, constant: Constant, role: str) -> Ref:
        """Return a constant as a parameter."""
        return self._graph.store(constant, PARAMETER, role)

    def fixed(self, array: Any, name: str = "constant") -> Ref:
        """Return an array as an argument."""
        output = next((each for each in self.node.outputs if each), self.node.name)
        return self._graph.store(of_array(f"{output}:{name}", array), CONSTANT, name)

    # What it writes

    def emit(
        self,
        kind: str,
        shape: Shape | None = None,
        dtype: str | None = None,
        /,
        **arguments: Argument,
    ) -> Ref:
        """Write an operation of one result and return it.

        Parameters
        ----------
        kind
            Torch's name of the function.
        shape, dtype
            Those of the result; those of the node's first output if they are not given.
        **arguments
            By torch's names; None is left out.
        """
        first = self.outputs[0]
        spec = TensorSpec(first.shape if shape is None else shape, dtype or first.dtype)
        return self.emits(kind, (spec,), **arguments)[0]

    def emits(
        self, kind: str, specs: Sequence[TensorSpec], /, **arguments: Argument
    ) -> tuple[Ref, ...]:
        """Write an operation of several results and return them."""
        needed = _NEEDED.get(kind.rstrip("123d"), ())
        given = {
            name: each for name, each in arguments.items() if each is not None or name in needed
        }
        given.update(dict.fromkeys(name for name in needed if name not in given))
        return self._graph.write(kind, given, specs)

    def reshaped(self, value: Ref, shape: Shape) -> Ref:
        """Return a value with another shape."""
        spec = self.spec_of(value)
        if spec.shape == shape:
            return value
        return self.emit("reshape", shape, spec.dtype, self=value, shape=shape)

    def permuted(self, value: Ref, order: Sequence[int]) -> Ref:
        """Return a value with its axes in another order."""
        spec = self.spec_of(value)
        if list(order) == list(range(len(spec.shape))):
            return value
        shape = tuple(spec.shape[each] for each in order)
        return self.emit("permute", shape, spec.dtype, self=value, dims=tuple(order))

    def spec_of(self, value: Ref) -> TensorSpec:
        """Return shape and type of a value."""
        return self._graph.specs[value.name]

    def size(self, value: Ref) -> int:
        """Return how many elements a value has."""
        return prod(self.spec_of(value).shape)


_SAY_NOTHING = frozenset(
    (
        "allowzero",  # the shape is known
        "axes",
        "ceil_mode",  # the sizes are known
        "consumed_inputs",
        "hidden_size",  # that of the weights
        "kernel_shape",
        "momentum",
        "noop_with_empty_axes",
        "num_outputs",
        "saturate",
        "seed",
        "shape",
        "split",
        "stash_type",  # the precision inside
        "to",
    )
)
"""Attributes that say what is known without them."""

_SIZES = ("output_size", "scale_factors")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "instance_norm": ("weight", "bias", "running_mean", "running_var"),
    **{
        f"upsample_{mode}": _SIZES
        for mode in ("nearest", "linear", "bilinear", "trilinear", "bicubic")
    },
    "_upsample_nearest_exact": _SIZES,
    "_upsample_bilinear2d_aa": _SIZES,
    "_upsample_bicubic2d_aa": _SIZES,
}
"""Arguments that may be None but must be given, by functions without the number of axes."""

TABLE: dict[str, Row] = {}
"""What each operator of ONNX is in torch; the modules of `operators` fill it."""


def operator(*names: str) -> Callable[[AnyRow], AnyRow]:
    """Register a function as the row of these operators."""

    def register(row: AnyRow) -> AnyRow:
        for name in names:
            if name in TABLE:
                raise ValueError(f"{name} has two rows")
            TABLE[name] = row
        return row

    return register
