"""An ONNX graph becomes a neutral graph.

Constants are folded, each other node goes through the operator table, and what no row expresses
stays as the operation ``onnx.NAME``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from designer.readers.graph import (
    CONSTANT,
    PARAMETER,
    Argument,
    Module,
    NeutralGraph,
    Operation,
    Ref,
    Shape,
    StoredTensor,
    TensorSpec,
)
from designer.readers.onnx import constants as folding
from designer.readers.onnx import finishing, merging, modules, names, sharing
from designer.readers.onnx.call import Call, NotExpressedError
from designer.readers.onnx.files import NUMBERS, TYPES, FormatError, reader, spec, type_name
from designer.readers.onnx.nodes import Constant, Node, node, of_array, read_names, subgraph_inputs
from designer.readers.onnx.operators import TABLE
from designer.readers.onnx.sequences import Sequences
from designer.readers.onnx.shapes import GRAPHS, BatchError, Rules, input_shape

_BATCHES = (2, 1)  # taken for a batch of any size; 1 for networks that are written for one image
_CONDITIONAL = "If"
_OF_IMAGES = frozenset(("Add", "Concat", "Div", "Max", "Min", "Mul", "Sub", "Where"))
"""Operators in which a constant may hold the same values for each image of the batch."""
MERGED_NORMS = (
    "BatchNorm layers were merged into the convolutions before them when the file was written. The "
    "design has these convolutions, and computes the same."
)

_TABLES = (
    "Relative position biases were picked from their tables when the file was written. The tables "
    "were found again, and are what the design learns."
)


def graph(model: Any, folder: Path, name: str, given: Sequence[Shape]) -> NeutralGraph:
    """Return the neutral graph of a ``ModelProto``.

    Parameters
    ----------
    model
        The model.
    folder
        Where the files of its tensors lie.
    name
        A name for people.
    given
        The shapes of its inputs without the batch, in order; none to take those of the file.

    Raises
    ------
    FormatError, DesignerError
        The model cannot be read.
    """
    for batch in _BATCHES:
        try:
            return _Network(model, folder, name, given, batch).result()
        except BatchError as error:
            first = error
            if batch == _BATCHES[-1]:
                break
    raise first


def _first(constant: Constant) -> Callable[[], Any]:
    return lambda: constant.array()[:1]


_JOINING = frozenset(("Add", "Sub", "Mul", "Div", "MatMul", "Gemm"))
"""Operators of two tensors, whose result may be far larger than one of them."""


def _is_float(found: TensorSpec) -> bool:
    return found.dtype.startswith(("float", "bfloat"))


class _Network:
    """The neutral graph while it is written."""

    def __init__(
        self,
        model: Any,
        folder: Path,
        name: str,
        given: Sequence[Shape],
        batch: int,
    ) -> None:
        self.specs: dict[str, TensorSpec] = {}
        self.constants: dict[str, Constant] = {}
        self._values: dict[str, Ref] = {}
        self._operations: list[Operation] = []
        self._tensors: dict[str, StoredTensor] = {}
        self._keys: set[str] = set()
        self._computed: dict[tuple[str, tuple[str, ...], str], tuple[str, ...]] = {}
        self._model = model
        self._folder = folder
        self._name = name
        self._batch = batch
        self._modules: tuple[Module, ...] = ()
        self._node: Node | None = None
        self._opsets = {each.domain: each.version for each in model.opset_import} or {"": 1}
        self._opsets[""] = self._opsets.get("", self._opsets.get("ai.onnx", 1))
        self._learned = names.learned_tensors(model.graph)
        known: dict[str, int] = {}
        self._read_initializers(model.graph)
        self._inputs = self._read_inputs(model.graph, batch, known, given)
        noted = {each.name: each.type for each in (*model.graph.value_info, *model.graph.output)}
        self._rules = Rules(self._opsets, noted, known)
        self._scopes = names.Scopes(model)
        self._sequences = Sequences(self.specs, self.constants, self._opsets[""])
        self._read_names = frozenset(read_names(model.graph))

    # What is there before the first node

    def _read_initializers(self, proto: Any) -> None:
        if proto.sparse_initializer:
            raise FormatError(
                f"its tensor {proto.sparse_initializer[0].values.name!r} is stored as a sparse "
                "one, which is not read. Export the network with dense tensors."
            )
        for each in proto.initializer:
            found = spec(each)
            learned = self._is_learned(each.name, found)
            self._know(Constant(each.name, found, reader(each, self._folder), learned))

    def _is_learned(self, name: str, found: TensorSpec) -> bool:
        """Tell whether a tensor of the file is one that the network learned."""
        if self._learned is not None:
            return name in self._learned
        # A single number is learned only where names say so, which are those of modules.
        single = prod(found.shape) == 1
        return names.is_own_name(name) and (not single or self._model.producer_name == "pytorch")

    def _know(self, constant: Constant) -> None:
        if constant.name in self.specs:
            raise FormatError(f"two values in it are called {constant.name!r}. Export it again.")
        self.specs[constant.name] = constant.spec
        self.constants[constant.name] = constant

    def _read_inputs(
        self,
        proto: Any,
        batch: int,
        known: dict[str, int],
        given: Sequence[Shape],
    ) -> tuple[str, ...]:
        inputs = [each for each in proto.input if each.name not in self.constants]
        if not inputs:
            raise FormatError("it takes no input, so it holds no network.")
        if len(given) > len(inputs):
            called = ", ".join(repr(each.name) for each in inputs)
            raise FormatError(
                f"it has {len(inputs)} inputs ({called}), and --input is given {len(given)} times."
            )
        shapes: list[Shape | None] = [*given, *[None] * (len(inputs) - len(given))]
        for each, shape in zip(inputs, shapes, strict=True):
            found = input_shape(each, batch, known, shape)
            number = each.type.tensor_type.elem_type
            if number not in TYPES:
                raise FormatError(
                    f"its input {each.name!r} has elements of {type_name(number)}, which no layer "
                    "takes. Cut the network after the nodes that read it."
                )
            if each.name in self.specs:
                raise FormatError(f"two inputs in it are called {each.name!r}. Export it again.")
            self.specs[each.name] = TensorSpec(found, TYPES[number])
            self._values[each.name] = Ref(each.name)
        return tuple(each.name for each in inputs)

    # What rows of the operator table use

    def value(self, name: str) -> Ref:
        """Return a value of the file as an argument."""
        if name in self._values:
            return self._values[name]
        constant = self.constants[name]
        kind = PARAMETER if constant.learned and _is_float(constant.spec) else CONSTANT
        return self.store(constant, kind, "tensor")

    def store(self, constant: Constant, kind: str, role: str) -> Ref:
        """Return a constant as an argument, which is a tensor of the graph from now on."""
        name = constant.name
        if name in self._tensors:
            if self._tensors[name].kind == CONSTANT != kind:
                self._tensors[name] = replace(self._tensors[name], kind=kind)
            return Ref(name)
        self.specs.setdefault(name, constant.spec)
        key = constant.name.partition(":")[0] if constant.learned else ""
        path = self._modules[-1].path if self._modules else ""
        if not key and kind != CONSTANT and path:
            key = f"{path}.{role}"
        key = names.key(key or name)
        if key in self._keys:
            key = names.free(names.key(name), self._keys)
        self._keys.add(key)
        self._tensors[name] = StoredTensor(key, constant.spec, kind, constant.array)
        return Ref(name)

    def write(
        self,
        kind: str,
        arguments: Mapping[str, Argument],
        specs: Sequence[TensorSpec],
        reason: str = "",
    ) -> tuple[Ref, ...]:
        """Write an operation and return its results; `reason` says why it is none of torch's."""
        results = []
        for each in specs:
            name = f"{kind}:{len(self.specs)}"
            self.specs[name] = each
            results.append(name)
        self._operations.append(
            Operation(
                kind=kind,
                arguments=dict(arguments),
                results=tuple(results),
                modules=self._modules,
                line=names.line(self._node) if self._node else "",
                original=self._node.operator if self._node else "",
                reason=reason,
            )
        )
        return tuple(Ref(each) for each in results)

    def stored(self, name: str) -> StoredTensor | None:
        """Return a tensor of the graph; None for any other value."""
        return self._tensors.get(name)

    def learned(self, constant: Constant, role: str, modules: tuple[Module, ...]) -> Ref:
        """Return a constant as a parameter of the last of these modules."""
        self._modules = modules
        return self.store(constant, PARAMETER, role)

    # The nodes

    def result(self) -> NeutralGraph:
        """Return the neutral graph.

        Raises
        ------
        BatchError
            The nodes do not fit with the batch.
        """
        for each in self._nodes(self._model.graph):
            plain = self._sequences.without(each)
            for one in (each,) if plain is None else plain:
                self._convert(one)
        outputs = []
        for each in self._model.graph.output:
            if each.name not in self._values and each.name not in self.constants:
                raise FormatError(f"no node gives its output {each.name!r}. Export it again.")
            outputs.append(self.value(each.name).name)
        return self._finished(outputs)

    def _nodes(self, proto: Any) -> Iterator[Node]:
        """Yield the nodes; of a condition that is known, those of the branch that is taken."""
        for each in proto.node:
            found = node(each, self._read_names)
            condition = self.constants.get(found.inputs[0]) if found.inputs else None
            if found.operator == _CONDITIONAL and condition is not None:
                taken = "then_branch" if condition.array().reshape(-1)[0] else "else_branch"
                branch = found.attributes[taken]
                self._read_initializers(branch)
                yield from self._nodes(branch)
                for inner, outer in zip(branch.output, found.outputs, strict=False):
                    self._bind(outer, inner.name)
            else:
                yield found

    def _bind(self, outer: str, inner: str) -> None:
        """Let two names of the file be one value."""
        if inner in self.constants:
            constant = self.constants[inner]
            self._know(constant.renamed(outer))
        else:
            self.specs[outer] = self.specs[inner]
            self._values[outer] = self._values[inner]

    def _convert(self, each: Node) -> None:
        read = (*each.inputs, *(subgraph_inputs(each) if each.operator in GRAPHS else ()))
        for name in read:
            if name and name not in self.specs:
                raise FormatError(
                    f"{each.label()} reads {name!r}, which no node before it gives. Export it "
                    "again."
                )
        for name in each.outputs:
            if name in self.specs:
                raise FormatError(f"two nodes in it give {name!r}. Export it again.")
        self._node = each
        self._modules = self._scopes.modules(each)
        if self._folded(each):
            return
        found = self._rules.outputs(each, self.specs, self.constants)
        specs = [
            self._need(each, name, spec_of) if name else TensorSpec(())
            for name, spec_of in zip(each.outputs, found, strict=True)
        ]
        if each.operator in {"Shape", "Size"}:
            self._shape(each)
            return
        if each.operator == "CastLike":  # the type of what it is like is known, though not that
            to = {"to": NUMBERS[specs[0].dtype]}
            each = replace(each, operator="Cast", inputs=each.inputs[:1], attributes=to)
        known = [name for name in each.inputs if name]
        constant = bool(known) and all(name in self.constants for name in known)
        if (
            constant
            and folding.is_folded(each)
            and not (self._spreads(each, specs) or self._grows(each, specs))
        ):
            self._fold(each, specs)
            return
        self._write(each, specs)

    def _need(self, each: Node, name: str, found: TensorSpec | None) -> TensorSpec:
        if found is None:
            raise FormatError(
                f"the shape of {name!r}, which {each.label()} gives, is not known: it depends on "
                "the values of the network's input, or the operator is not one of ONNX's own. Cut "
                "the network before that node, or export it without it."
            )
        return found

    def _folded(self, each: Node) -> bool:
        """Take a node whose value is known without its inputs; tell whether it was one."""
        if each.operator == "Constant":
            name = each.outputs[0]
            read = folding.constant_node(each, self._folder)
            value = each.attributes.get("value")
            if value is not None:
                self._know(Constant(name, spec(value), read))
            else:
                self._know(of_array(name, read()))
            return True
        return False

    def _spreads(self, each: Node, specs: Sequence[TensorSpec]) -> bool:
        """Tell whether a node gives each image of a batch its copy of a constant."""
        if each.operator not in {"Expand", "Tile"}:
            return False
        constant = self.constants[each.inputs[0]]
        before, after = constant.spec.shape, specs[0].shape
        return before != after and (
            constant.learned or (len(after) > 1 and after[0] == self._batch > 1)
        )

    def _grows(self, each: Node, specs: Sequence[TensorSpec]) -> bool:
        """Tell whether a node computes more numbers from a learned tensor than that has.

        What it gives is not learned then: a table of positions plus a bias is computed.
        """
        if each.operator not in _JOINING:
            return False
        inputs = [self.constants[name] for name in each.inputs if name in self.constants]
        sizes = [prod(one.spec.shape) for one in inputs if one.learned]
        return len(sizes) == 1 and any(
            prod(one.shape) > sizes[0] and _is_float(one) for one in specs
        )

    def _shape(self, each: Node) -> None:
        shape = self.specs[each.inputs[0]].shape
        if each.operator == "Size":
            array = np.asarray(int(np.prod(shape, dtype=np.int64)), np.int64)
        else:
            part = slice(each.attributes.get("start"), each.attributes.get("end"))
            array = np.asarray(shape[part], np.int64)
        self._know(of_array(each.outputs[0], array))

    def _fold(self, each: Node, specs: Sequence[TensorSpec]) -> None:
        inputs = [self.constants[name] if name else None for name in each.inputs]
        origins = [one for one in inputs if one is not None and one.learned]
        if origins and self._is_known(each, inputs, specs):
            return

        def arrays() -> list[Any]:
            return [None if one is None else one.array() for one in inputs]

        for number, (name, found) in enumerate(zip(each.outputs, specs, strict=True)):
            if not name:
                continue

            def read(number: int = number) -> Any:
                return folding.evaluated(each, arrays())[number]

            learned = len(origins) == 1
            self._know(Constant(name, found, read, learned=learned, computed=not origins))

    def _is_known(
        self, each: Node, inputs: Sequence[Constant | None], specs: Sequence[TensorSpec]
    ) -> bool:
        """Take what a node computes from weights for what an equal node gave before, if one did.

        Where layers share a weight, each use may turn it anew: all are one tensor.
        """
        if each.operator == "Identity":
            before: Sequence[Constant | None] = inputs[:1]
        else:
            read = tuple(one.name if one is not None else "" for one in inputs)
            key = (each.operator, read, repr(sorted(each.attributes.items())))
            before = [self.constants.get(name) for name in self._computed.get(key, ())]
        known = len(before) == len(each.outputs) and not any(
            name and constant is None for name, constant in zip(each.outputs, before, strict=True)
        )
        if not known:  # also if an output is read for the first time
            if each.operator != "Identity":
                self._computed[key] = tuple(each.outputs)
            return False
        for name, constant, found in zip(each.outputs, before, specs, strict=True):
            if name and constant is not None:
                self.specs[name] = found
                self.constants[name] = constant
        return True

    def _write(self, each: Node, specs: Sequence[TensorSpec]) -> None:
        if each.operator in _OF_IMAGES and self._batch > 1:
            each = self._with_one_row(each, specs[0].shape)
        before = len(self._operations)
        try:
            refs = self._by_table(each, specs)
        except NotExpressedError as error:
            del self._operations[before:]
            refs = self._opaque(each, specs, str(error))
        for name, ref in zip(each.outputs, refs, strict=False):
            if name:
                self.specs[name] = self.specs[ref.name]
                self._values[name] = ref

    def _with_one_row(self, each: Node, shape: Shape) -> Node:
        """Return a node that spreads constants with equal values for each image of a batch.

        Exporters compute a class token that is expanded to the batch when they write the file.
        """
        inputs = list(each.inputs)
        known = (self.specs[name].shape for name in inputs if name not in self.constants)
        if not any(len(one) == len(shape) > 1 and one[0] == self._batch for one in known):
            return each
        for number, name in enumerate(inputs):
            constant = self.constants.get(name)
            if constant is None or not self._is_spread(constant, shape):
                continue
            row = f"{name}:row"
            if row not in self.constants:
                spec_of = TensorSpec((1, *constant.spec.shape[1:]), constant.spec.dtype)
                self._know(Constant(row, spec_of, _first(constant), constant.learned))
            inputs[number] = row
            if each.operator == "Concat":
                inputs[number] = f"{row}:{len(self.specs)}"
                ref = self.value(row)
                size = constant.spec.shape
                (made,) = self.write("expand", {"self": ref, "size": size}, [constant.spec])
                self.specs[inputs[number]] = constant.spec
                self._values[inputs[number]] = made
        return replace(each, inputs=tuple(inputs))

    def _is_spread(self, constant: Constant, shape: Shape) -> bool:
        """Tell whether a constant has one row for each image of a result, and all are equal."""
        found = constant.spec.shape
        if len(found) != len(shape) or len(found) < 2 or not found[0] == shape[0] == self._batch:
            return False
        array = constant.array()
        return bool((array == array[:1]).all())

    def _by_table(self, each: Node, specs: Sequence[TensorSpec]) -> Sequence[Ref]:
        """Write what the operator table says.

        Raises
        ------
        NotExpressedError
            It does not say it of such a node; the message says why where it has a row.
        """
        row = TABLE.get(each.operator)
        if row is None:
            raise NotExpressedError
        call = Call(each, self, specs, self._opsets.get(each.proto.domain, 1))
        found = row(call)
        if ignored := call.ignored():
            raise NotExpressedError(f"the attributes {', '.join(sorted(ignored))}")
        refs = (found,) if isinstance(found, Ref) else found
        fits = all(
            not name or self.specs[ref.name].shape == known.shape
            for name, ref, known in zip(each.outputs, refs, specs, strict=False)
        )
        named = sum(1 for name in each.outputs if name)
        if not fits or len(refs) < named:
            raise NotExpressedError("results of other shapes")
        return refs

    def _opaque(self, each: Node, specs: Sequence[TensorSpec], reason: str) -> tuple[Ref, ...]:
        """Write the node as an operation of its own name, with its attributes as arguments."""
        arguments: dict[str, Argument] = {
            f"input {number}": self.value(name) for number, name in enumerate(each.inputs) if name
        }
        if each.operator in GRAPHS:
            for name in dict.fromkeys(subgraph_inputs(each)):
                if name in self._values or name in self.constants:
                    arguments[f"value {name}"] = self.value(name)
        for name, value in each.attributes.items():
            plain = value if isinstance(value, tuple) else (value,)
            if all(isinstance(one, int | float | str) for one in plain):
                arguments[name] = value
        return self.write(f"onnx.{each.operator}", arguments, specs, reason)

    # The end

    def _finished(self, outputs: Sequence[str]) -> NeutralGraph:
        merged, outputs = merging.merged(self, self._operations, outputs, merging.RULES)
        tied = sharing.with_tied_embeddings(finishing.used(merged, outputs), self._tensors)
        operations, stored = sharing.apart(tied, self._tensors)
        operations = modules.with_classes(operations, stored)
        self.specs.update({name: each.spec for name, each in stored.items()})
        by_ref: dict[str, str] = {}
        made = {name for each in operations for name in each.results}
        for name, ref in self._values.items():
            if ref.name in made and ref.name not in by_ref:
                by_ref[ref.name] = name
        operations = [
            replace(
                each,
                arguments={
                    key: finishing.replaced(value, by_ref) for key, value in each.arguments.items()
                },
                results=tuple(by_ref.get(name, name) for name in each.results),
            )
            for each in operations
        ]
        read = {name for each in operations for name in finishing.refs(each)}
        named = tuple(by_ref.get(name, name) for name in outputs)
        tensors = {name: each for name, each in stored.items() if name in read or name in named}
        values = {
            by_ref.get(name, name): self.specs[name]
            for name in (
                *self._inputs,
                *tensors,
                *made,
            )
        }
        shapes = [self.specs[name].shape for name in self._inputs]
        return NeutralGraph(
            name=self._name,
            inputs=self._inputs,
            outputs=named,
            operations=tuple(operations),
            values=values,
            tensors=tensors,
            batch=next((shape[0] for shape in shapes if shape), 1),
            training=any(each.arguments.get("training") is True for each in operations),
            notes=tuple(self._notes(tensors)),
        )

    def _notes(self, tensors: Mapping[str, StoredTensor]) -> Iterator[str]:
        if names.has_merged_norms(self._model):
            yield MERGED_NORMS
        if any(merging.is_table(name) for name in tensors):
            yield _TABLES
