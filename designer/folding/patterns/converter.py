"""A neutral graph as a flat design: what its values are, and the nodes that were made so far.

Shapes are those of the file; where the images of the batch lie in each value is followed through
all operations. A value that does not depend on the inputs is a Parameter if the network learns it,
and a Constant otherwise.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from designer.design.values import Edge, LayerNode
from designer.errors import DesignerError
from designer.folding.patterns.constants import Constants, small
from designer.folding.patterns.converted import Array, Evaluate, Weight
from designer.folding.patterns.in_place import Functional, names_in
from designer.folding.patterns.names import Names, kind_name
from designer.folding.patterns.values import ALONE, Call, Symbol, UnsupportedError, Value
from designer.layers.catalogue import layer_types
from designer.layers.parameters import ParameterError
from designer.readers.graph import (
    PARAMETER,
    Module,
    NeutralGraph,
    Operation,
    Ref,
    Shape,
    StoredTensor,
)

_HELPERS = ("Parameter", "Constant", "Reshape", "Permute", "Slice", "Index")
"""Layers that handlers add around the one that they are about, which gets the module's name."""


_MOST_OUTPUTS = 64
_PRODUCTS = ("matmul", "mm", "addmm")


class Converter:
    """Makes nodes of operations.

    Parameters
    ----------
    graph
        The network.
    functional
        Its operations without side effects.
    evaluate
        Runs operations on constants.
    axis
        The axis of the inputs along which the images lie.
    refused
        Why an operation has no layer, by the first of its results.
    """

    def __init__(
        self,
        graph: NeutralGraph,
        functional: Functional,
        evaluate: Evaluate,
        axis: int = 0,
        refused: Mapping[str, str] | None = None,
    ) -> None:
        self.graph = graph
        self.refused = refused or {}
        self.specs = functional.values
        self.tensors = graph.tensors
        self.by_key = {each.key: name for name, each in graph.tensors.items()}
        self.constants = Constants(graph.tensors, functional.values, evaluate)
        self.names = Names()
        self.nodes: dict[str, LayerNode] = {}
        self.edges: list[Edge] = []
        self.weights: dict[str, Weight] = {}
        self.modules: dict[str, tuple[Module, ...]] = {}
        self.made_by: dict[str, str] = {}  # the first result of the operation, by node
        self.values: dict[str, Value] = {}
        self.owners: dict[str, list[str]] = {}  # the nodes with a learned tensor, by its identity
        self.computed: dict[str, int] = {}  # values of Constants that are not saved by the origin
        self.standardized: dict[str, Any] = {}
        self.turned: dict[str, Symbol] = {}  # a learned matrix by its transpose
        self.noise: dict[str, Any] = {}
        self.operations = functional.operations
        self.graph_outputs = frozenset(functional.outputs)
        self.producers: dict[str, Operation] = {}
        self.readers: dict[str, list[Operation]] = {}
        for each in functional.operations:
            self.producers.update(dict.fromkeys(each.results, each))
            for name in {n for a in each.arguments.values() for n in names_in(a)}:
                self.readers.setdefault(name, []).append(each)
        self.integers: set[tuple[str, int]] = set()  # outputs of nodes that are whole numbers
        self.skipped: set[int] = set()  # operations that an earlier one stands for
        self.operation: Operation | None = None
        self.size = 1
        self._made = 0
        for name in graph.inputs:
            self._input(name, axis)

    def _input(self, name: str, axis: int) -> None:
        spec = self.specs[name]
        axis = axis if len(spec.shape) > axis + 1 else 0
        if spec.shape:
            self.size = spec.shape[axis]
        shape = (*spec.shape[:axis], *spec.shape[axis + 1 :]) or (1,)
        whole = {"dtype": "int64"} if spec.dtype.startswith(("int", "uint")) else {}
        node = self.names.new(name)
        self.nodes[node] = LayerNode("Input", {"shape": shape, **whole})
        if whole:
            self.integers.add((node, 0))
        self.modules[node] = ()
        self.values[name] = Value(node, axis if spec.shape else None, shape)

    # What a value is

    def symbol(self, name: str) -> Symbol:
        """Return a value of the graph with its shape."""
        spec = self.specs[name]
        return Symbol(name, spec.shape, spec.dtype)

    def call(self, operation: Operation) -> Call:
        """Return an operation with the values of its arguments."""
        arguments = {key: self._argument(each) for key, each in operation.arguments.items()}
        return Call(operation, arguments, tuple([self.symbol(each) for each in operation.results]))

    def plain_call(self, operation: Operation) -> Call:
        """Return an operation without computing numbers that it is given as tensors."""
        arguments = {key: self._symbols(each) for key, each in operation.arguments.items()}
        return Call(operation, arguments, tuple([self.symbol(each) for each in operation.results]))

    def _symbols(self, argument: Any) -> Any:
        if isinstance(argument, tuple) and not isinstance(argument, Ref):
            return tuple([self._symbols(each) for each in argument])
        return self.symbol(argument.name) if isinstance(argument, Ref) else argument

    def _argument(self, argument: Any) -> Any:
        if isinstance(argument, Ref):
            symbol = self.symbol(argument.name)
            if not symbol.shape and symbol.name in self.constants:
                return self.constants.array(symbol.name).reshape(-1)[0].item()
            return symbol
        if isinstance(argument, tuple):
            return tuple([self._argument(each) for each in argument])
        return argument

    def new_symbol(self, shape: Shape, dtype: str = "float32") -> Symbol:
        """Return a value that the graph does not have."""
        self._made += 1
        return Symbol(f".{self._made}", shape, dtype)

    def constant(self, array: Array) -> Symbol:
        """Return a constant that the graph does not have."""
        symbol = self.new_symbol(tuple(array.shape), str(array.dtype))
        self.constants.add(symbol.name, array)
        return symbol

    def zeros(self, shape: Shape) -> Value:
        """Return a constant of zeros as a value of the design."""
        return self.value(self.constant(np.zeros(shape, np.float32)))

    def know(self, symbol: Symbol, value: Value) -> None:
        """Remember what a value of the graph is in the design."""
        self.values[symbol.name] = value

    def is_learned(self, thing: object) -> bool:
        """Tell whether a value is a parameter of the network."""
        return isinstance(thing, Symbol) and (
            thing.name in self.tensors and self.tensors[thing.name].kind == PARAMETER
        )

    def is_constant(self, thing: object) -> bool:
        """Tell whether a value depends on no input and on nothing that is learned."""
        return isinstance(thing, Symbol) and thing.name in self.constants

    def is_read_otherwise(self, weight: Symbol) -> bool:
        """Tell whether something reads the weight of a Linear that cannot share it as one.

        Then the weight is a Parameter, of which both are made, as of the weight of an encoder whose
        transpose decodes.
        """
        identity = self.identity(weight)
        names = [
            name
            for name, each in self.tensors.items()
            if each.kind == PARAMETER and (each.storage or each.key) == identity
        ]
        return any(
            not self._reads_as_linear(each, name)
            for name in names
            for each in self.readers.get(name, ())
        )

    def _reads_as_linear(self, operation: Operation, name: str) -> bool:
        """Tell whether an operation is, or goes into, a Linear or an Embedding with a weight."""
        if operation.kind in ("linear", "embedding"):
            return _is_ref(operation.arguments.get("weight"), name)
        if operation.kind.endswith("_cell"):
            return any(_is_ref(operation.arguments.get(key), name) for key in ("w_ih", "w_hh"))
        turned = operation.results[0] if operation.kind in ("t", "transpose", "permute") else ""
        return bool(turned) and all(
            each.kind in _PRODUCTS
            and any(_is_ref(each.arguments.get(key), turned) for key in ("mat2", "other"))
            for each in self.readers.get(turned, ())
        )

    def depends_on_input(self, node: str) -> bool:
        """Tell whether what a node gives depends on an input, so that each image has its own."""
        waiting, seen = [node], {node}
        while waiting:
            name = waiting.pop()
            if self.nodes[name].layer == "Input":
                return True
            new = {edge.source for edge in self.edges if edge.target == name} - seen
            seen |= new
            waiting += new
        return False

    def is_read(self, symbol: Symbol) -> bool:
        """Tell whether an operation or the user reads a value."""
        return symbol.name in self.readers or symbol.name in self.graph_outputs

    def array(self, symbol: Symbol) -> Array:
        """Return the values of a constant."""
        return self.constants.array(symbol.name)

    def identity(self, symbol: Symbol) -> str:
        """Return a text that is the same for values that are one tensor of the file."""
        stored = self.tensors[symbol.name]
        return stored.storage or stored.key

    def value(self, thing: Any) -> Value:
        """Return what a value or a number is, as a Parameter or a Constant if it is none yet."""
        if not isinstance(thing, Symbol):
            thing = self.constant(np.array(float(thing), np.float32))
        if thing.name in self.values:
            return self.values[thing.name]
        if self.is_learned(thing):
            stored = self.tensors[thing.name]
            shape = thing.shape or (1,)
            own = Symbol(thing.name, shape, thing.dtype)  # a number has an axis in a design
            name = self.add(
                "Parameter", {"shape": shape, "batch_axis": False}, (), {"": own}, stored.key
            )
            self.know(thing, Value(name, None, shape))
        elif thing.name in self.constants:
            self._constant(thing)
        else:
            raise UnsupportedError("a value that no layer gives")
        return self.values[thing.name]

    def _constant(self, symbol: Symbol) -> None:
        array = self.array(symbol)
        if (
            len(symbol.shape) > 1
            and symbol.shape[0] == self.size > 1
            and self.constants.is_spread(symbol.name)
            and (array == array[:1]).all()
        ):
            one = self.value(self.constant(np.ascontiguousarray(array[0])))
            self.know(symbol, one._replace(batch=0))  # it was made as long as the batch
            return
        whole = array.dtype.kind in "iu"
        array = array.reshape(symbol.shape or (1,)).astype(np.int64 if whole else np.float32)
        parameters: dict[str, Any] = {"shape": tuple(array.shape), "batch_axis": False}
        if whole:
            parameters["dtype"] = "int64"
        origin = self.constants.origin(symbol.name)
        known = small(array) if origin is None else None
        if known is not None and len(known) and len(set(known)) == 1:
            if known[0]:
                parameters |= {"values": "full", "fill_value": known[0]}
        elif known is not None:
            parameters |= {"values": "list", "numbers": tuple(known)}
        if len(array.shape) == 0 or array.size == 0:
            raise UnsupportedError("a table without values")
        node = self.add(
            "Constant", parameters, (), text="constant" if origin is None else origin.key
        )
        self.weights[node] = Weight("" if origin is None else origin.key, lambda: array)
        if origin is None or origin.kind not in (PARAMETER, "buffer"):
            self.computed[node] = array.size
        self.know(symbol, Value(node, None, tuple(array.shape)))

    def axis(self, tensor: Symbol, dim: int) -> int:
        """Return the number that the design has for an axis of a value, from 1 on."""
        value = self.value(tensor)
        dim %= max(1, tensor.dim())
        if value.batch is None or len(value.shape) == tensor.dim() > 1:
            return dim + 1
        if dim == value.batch:
            raise UnsupportedError("an operation along the batch")
        return dim + 1 - (dim > value.batch)

    def shape_of(self, tensor: Symbol, batch: int | None) -> Shape:
        """Return the shape that a value with its images along an axis has in the design."""
        shape = tensor.shape
        if batch is None:
            return shape or (1,)
        if batch >= len(shape) or shape[batch] % self.size:
            raise UnsupportedError(f"an operation that mixes the images of a batch, {shape}")
        inner = shape[batch] // self.size
        return (*shape[:batch], *((inner,) if inner > 1 else ()), *shape[batch + 1 :]) or (1,)

    def has_pieces(self, tensor: Symbol) -> bool:
        """Tell whether the axis of the images holds several values of each, such as windows."""
        value = self.value(tensor)
        return value.batch is not None and len(value.shape) == tensor.dim() > 1

    # Nodes

    def add(
        self,
        layer: str,
        parameters: Mapping[str, Any],
        inputs: Sequence[Value],
        state: Mapping[str, Symbol | None] | None = None,
        text: str = "",
    ) -> str:
        """Add a node; return its name, which is near to `text` or to what is converted."""
        keeps = self._keeps_integers(layer, inputs)
        operation = self.operation
        modules = operation.modules if operation is not None else ()
        if not text and operation is not None:
            leaf = modules[-1] if modules else None
            if leaf is not None and is_leaf(leaf) and layer not in _HELPERS:
                text = leaf.path
            else:
                text = layer.lower() if layer in _HELPERS else kind_name(operation.kind)
        name = self.names.new(text or layer.lower())
        try:
            values = _given(layer, parameters)
        except UnsupportedError:
            self.names.give_back(name)
            raise
        self.nodes[name] = LayerNode(layer, values)
        if keeps or values.get("dtype") == "int64":
            self.integers.update([(name, port) for port in range(_MOST_OUTPUTS)])
        self.modules[name] = modules
        if operation is not None and operation.results:
            self.made_by[name] = operation.results[0]
        for port, each in enumerate(inputs):
            self.edges.append(Edge(each.node, each.port, name, port))
        for key, symbol in (state or {}).items():
            if symbol is not None:
                self._state(f"{name}.{key}" if key else name, name, symbol)
        return name

    def _keeps_integers(self, layer: str, inputs: Sequence[Value]) -> bool:
        """Tell whether a layer gives whole numbers; refuse them where it takes fractions only."""
        kind = layer_types()[layer]
        ports = [n for n, each in enumerate(inputs) if (each.node, each.port) in self.integers]
        for port in ports:
            keeps = kind.keeps_type and port == 0
            if not keeps and port not in kind.takes_integers and port not in kind.takes_any:
                raise UnsupportedError("whole numbers in a layer that takes fractions")
        return kind.keeps_type and 0 in ports

    def _state(self, key: str, node: str, symbol: Symbol) -> None:
        stored = self.tensors.get(symbol.name)
        if stored is None:
            if symbol.name not in self.constants:
                raise UnsupportedError("a layer with computed weights")
            array = self.array(symbol)
            self.weights[key] = Weight("", lambda: array)
            return
        self.weights[key] = Weight(stored.key, _reader(stored, symbol.shape))
        if stored.kind == PARAMETER:
            self.owners.setdefault(self.identity(symbol), []).append(node)

    def emit(
        self,
        result: Symbol,
        layer: str,
        parameters: Mapping[str, Any],
        inputs: Sequence[Any],
        state: Mapping[str, Symbol | None] | None = None,
        batch: int | None = -2,
    ) -> None:
        """Add a node for an operation; by default images lie where they lie in the first input."""
        values = [each if isinstance(each, Value) else self.value(each) for each in inputs]
        name = self.add(layer, parameters, values, state)
        if values and values[0].batch == ALONE:
            shape = result.shape
            self.know(result, self.reshaped(Value(name, None, shape[1:]), shape))
            return
        if batch == -2:
            batch = next((each.batch for each in values if each.batch is not None), None)
        self.know(result, Value(name, batch, self.shape_of(result, batch)))

    def reshaped(self, value: Value, shape: Shape) -> Value:
        """Return a value in another shape of the design."""
        if shape == value.shape:
            return value
        if len(shape) == 1 and value.batch is not None:
            return Value(self.add("Flatten", {}, (value,)), value.batch, shape)
        name = self.add("Reshape", {"shape": shape}, (value,))
        return Value(name, value.batch, shape)

    def plain(self, tensor: Symbol) -> Value:
        """Return what an image, a sequence or features are: the batch first, one value each.

        Raises
        ------
        UnsupportedError
            The images lie along another axis, or the axis holds several values of each.
        """
        value = self.value(tensor)
        if value.batch is None and tensor.dim() > 1 and tensor.shape[0] == 1:
            return self.reshaped(value, value.shape[1:])._replace(batch=ALONE)
        if value.batch not in (0, None) or (value.batch == 0 and len(value.shape) == tensor.dim()):
            raise UnsupportedError(f"a layer over several pieces of each image, {tensor.shape}")
        return value

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Forget all that was made if what is inside fails with an `UnsupportedError`."""
        counts = [len(each) for each in (self.nodes, self.weights, self.values, self.modules)]
        edges = len(self.edges)
        try:
            yield
        except UnsupportedError:
            for number, each in enumerate((self.nodes, self.weights, self.values, self.modules)):
                made: dict[str, Any] = each  # type: ignore[assignment]
                while len(made) > counts[number]:
                    name, _ = made.popitem()
                    if made is self.nodes:
                        self.names.give_back(name)
                        self.made_by.pop(name, None)
            del self.edges[edges:]
            for nodes in self.owners.values():
                nodes[:] = [each for each in nodes if each in self.nodes]
            raise


def _is_ref(argument: object, name: str) -> bool:
    return isinstance(argument, Ref) and argument.name == name


def is_leaf(module: Module) -> bool:
    """Tell whether a module is a layer, not a container of others."""
    return module.kind.startswith(_LEAVES)


_LEAVES = (
    "torch.nn.modules.",
    "torchvision.ops.stochastic_depth.StochasticDepth",
    "timm.layers.drop.DropPath",
)


def _reader(stored: StoredTensor, shape: Shape) -> Any:
    def read() -> Array:
        array = np.asarray(stored.read())
        if array.size != prod(shape):
            raise DesignerError(
                f"The tensor {stored.key} holds {array.size:,} values, and the network reads "
                f"{prod(shape):,}: save the source again."
            )
        return array.reshape(shape)

    return read


def _given(layer: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a layer that differ from the defaults, as a design has them."""
    known, found = layer_types()[layer].parameters, {}
    for key, given in parameters.items():
        parameter = known[key]
        value = tuple(given) if isinstance(given, list) else given
        try:
            checked = parameter.check(value)
        except ParameterError as error:
            raise UnsupportedError(
                f"{layer} with a value that it cannot have: {key} {error}"
            ) from None
        if not parameter.required and checked == parameter.default:
            continue
        if parameter.axes and isinstance(value, tuple) and len(set(value)) == 1:
            value = value[0]
        found[key] = value
    return found
