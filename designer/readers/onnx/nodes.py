"""The nodes of an ONNX graph with plain Python values, and constants between them."""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from designer.readers.graph import TensorSpec
from designer.readers.onnx.files import FormatError, library

_REMEMBERED = 1 << 16  # elements; larger constants are read anew whenever they are asked for
_SUBGRAPH = 5  # AttributeProto.GRAPH
_STANDARD = ("", "ai.onnx")


@dataclass(frozen=True)
class Node:
    """A node of the graph.

    Attributes
    ----------
    operator
        Its operator, ``Conv``, with the domain before it if that is not ONNX's own.
    name
        Its own name, which may be empty.
    inputs, outputs
        The values that it reads and gives; "" for an optional one that is left out.
    attributes
        Numbers, strings, tuples of these, and ``TensorProto`` or ``GraphProto``.
    metadata
        What the exporter wrote beside it.
    proto
        The ``NodeProto``.
    """

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    metadata: Mapping[str, str]
    proto: Any = field(compare=False, repr=False)

    def label(self) -> str:
        """Return how a sentence calls the node."""
        return f"{self.operator} {self.name!r}" if self.name else self.operator

    def ints(self, name: str) -> tuple[int, ...] | None:
        """Return a list of whole numbers, None if the node does not give it."""
        found = self.attributes.get(name)
        return None if found is None else tuple(found)


def node(proto: Any, read: Container[str]) -> Node:
    """Return a ``NodeProto`` with plain values.

    Parameters
    ----------
    proto
        The node.
    read
        The values that somebody reads; outputs after the first that nobody reads are left out.
    """
    domain = proto.domain
    outputs = [
        name if number == 0 or name in read else "" for number, name in enumerate(proto.output)
    ]
    return Node(
        operator=proto.op_type if domain in _STANDARD else f"{domain}.{proto.op_type}",
        name=proto.name,
        inputs=tuple(proto.input),
        outputs=tuple(outputs),
        attributes={each.name: _attribute(each) for each in proto.attribute},
        metadata={each.key: each.value for each in proto.metadata_props},
        proto=proto,
    )


def _attribute(proto: Any) -> Any:
    onnx = library()
    if proto.ref_attr_name:
        raise FormatError(
            f"the attribute {proto.name!r} is that of a function which nobody calls. Export the "
            "file again."
        )
    try:
        value = onnx.helper.get_attribute_value(proto)
    except ValueError as error:
        raise FormatError(f"an attribute in it is damaged ({error}).") from None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        return shortest(value)
    if isinstance(value, int):
        return value
    if (
        not isinstance(value, str)
        and hasattr(value, "__iter__")
        and not hasattr(value, "ListFields")
    ):
        return tuple(
            each.decode("utf-8", "replace")
            if isinstance(each, bytes)
            else shortest(each)
            if isinstance(each, float)
            else each
            for each in value
        )
    return value


def shortest(value: float) -> float:
    """Return the shortest decimal that is the same 32-bit number: 1e-05 for 9.99999974e-06."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    return float(str(single)) if float(single) == value else value


def read_names(graph: Any) -> Iterator[str]:
    """Yield the values that the nodes of a graph and its subgraphs read, and its outputs."""
    for each in graph.node:
        yield from each.input
        for attribute in each.attribute:
            if attribute.type == _SUBGRAPH:
                yield from read_names(attribute.g)
    yield from (each.name for each in graph.output)


def subgraph_inputs(of: Node) -> Iterator[str]:
    """Yield the values outside of the node's subgraphs that these read."""
    for attribute in of.proto.attribute:
        if attribute.type == _SUBGRAPH:
            yield from _free(attribute.g)


def _free(graph: Any) -> Iterator[str]:
    own = {each.name for each in (*graph.input, *graph.initializer)}
    for each in graph.node:
        for name in each.input:
            if name and name not in own:
                yield name
        for attribute in each.attribute:
            if attribute.type == _SUBGRAPH:
                yield from (name for name in _free(attribute.g) if name not in own)
        own.update(each.output)
    yield from (each.name for each in graph.output if each.name not in own)


class Constant:
    """A value that depends on no input of the network.

    Parameters
    ----------
    name
        What it is called in the file.
    spec
        Shape and type.
    read
        Returns its elements as an array of the shape.
    learned
        Whether it is, or is computed from, a tensor that the file calls by a name of its own, such
        as ``conv1.weight``.
    computed
        Whether nodes of the file compute it, though not from what was learned.
    """

    def __init__(
        self,
        name: str,
        spec: TensorSpec,
        read: Callable[[], Any],
        learned: bool = False,
        computed: bool = False,
    ) -> None:
        self.name = name
        self.spec = spec
        self.learned = learned
        self.computed = computed
        self._read = read
        self._array: Any = None

    def renamed(self, name: str) -> "Constant":
        """Return it with another name."""
        return Constant(name, self.spec, self.array, self.learned, self.computed)

    def array(self) -> Any:
        """Return its elements."""
        if self._array is not None:
            return self._array
        found = np.asarray(self._read())
        if prod(self.spec.shape) <= _REMEMBERED:
            self._array = found
        return found

    def number(self) -> float | int | bool | None:
        """Return its only element as a number; None if it has another number of elements."""
        if prod(self.spec.shape) != 1:
            return None
        value = self.array().reshape(-1)[0].item()
        return shortest(value) if isinstance(value, float) else value


def of_array(name: str, array: Any) -> Constant:
    """Return a constant with these elements."""
    return Constant(name, TensorSpec(tuple(array.shape), str(array.dtype)), lambda: array)
