"""The operations of a graph while known groups of them become one.

A rule looks at one operation and at those that made what it reads. Where it finds a group that is
another function of torch, it returns the operation that does the same; the others stay until it is
clear that nobody reads them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, Protocol, TypeAlias

from designer.readers.graph import (
    CONSTANT,
    PARAMETER,
    Argument,
    Module,
    Operation,
    Ref,
    Shape,
    StoredTensor,
    TensorSpec,
)
from designer.readers.onnx.finishing import refs, replaced
from designer.readers.onnx.nodes import Constant, of_array, shortest

Rule: TypeAlias = Callable[["Program", Operation], "Operation | Ref | None"]


class Tensors(Protocol):
    """The tensors of the graph."""

    specs: dict[str, TensorSpec]

    def stored(self, name: str) -> StoredTensor | None: ...

    def store(self, constant: Constant, kind: str, role: str) -> Ref: ...

    def learned(self, constant: Constant, role: str, modules: tuple[Module, ...]) -> Ref: ...


class Program:
    """The operations up to the one that a rule looks at.

    Parameters
    ----------
    tensors
        The tensors of the graph.
    operations
        All operations.
    outputs
        The values that the network returns.
    """

    def __init__(
        self, tensors: Tensors, operations: Sequence[Operation], outputs: Sequence[str]
    ) -> None:
        self._tensors = tensors
        self._made: dict[str, Operation] = {}
        self._extra: list[Operation] = []
        self._once: dict[str, Ref] = {}
        self._uses: dict[str, int] = dict.fromkeys(outputs, 2)  # an output is read once more
        for each in operations:
            for name in refs(each):
                self._uses[name] = self._uses.get(name, 0) + 1

    def spec(self, value: Ref) -> TensorSpec:
        """Return shape and type of a value."""
        return self._tensors.specs[value.name]

    def shape(self, value: Ref) -> Shape:
        """Return the shape of a value."""
        return self._tensors.specs[value.name].shape

    def made(self, value: Argument, *kinds: str) -> Operation | None:
        """Return the operation that made a value, if it is one of these functions."""
        if not isinstance(value, Ref):
            return None
        found = self._made.get(value.name)
        return found if found is not None and (not kinds or found.kind in kinds) else None

    def alone(self, value: Ref) -> bool:
        """Tell whether one operation only reads a value."""
        return self._uses.get(value.name, 0) <= 1

    def number(self, value: Argument) -> float | None:
        """Return an argument that is a number, or a stored tensor of one element; else None."""
        if isinstance(value, bool | int | float):
            return float(value)
        if isinstance(value, Ref) and prod(self.shape(value)) == 1:
            stored = self.stored(value)
            if stored is not None:
                return shortest(float(stored.read().reshape(-1)[0]))
        return None

    def stored(self, value: Argument) -> StoredTensor | None:
        """Return the stored tensor that a value is; None for any other."""
        return self._tensors.stored(value.name) if isinstance(value, Ref) else None

    def parameter(
        self, stored: StoredTensor, value: Ref, shape: Shape, role: str, of: Operation
    ) -> Ref:
        """Return a stored tensor in this shape as a parameter.

        Parameters
        ----------
        stored, value
            The tensor, and what it is called in the graph.
        shape
            Its shape as torch's module has it, of the same number of elements.
        role
            What torch's module calls it: weight, bias.
        of
            The operation that will read it.
        """
        same = shape == stored.spec.shape
        constant = Constant(
            value.name if same else f"{value.name}:flat",
            TensorSpec(shape, stored.spec.dtype),
            lambda: stored.read().reshape(shape),
            stored.kind == PARAMETER,
        )
        return self._tensors.learned(constant, role, of.modules)

    def learned(self, constant: Constant, role: str, modules: tuple[Module, ...]) -> Ref:
        """Return a constant as a parameter of the last of these modules."""
        return self._tensors.learned(constant, role, modules)

    def fixed(self, array: Any, name: str) -> Ref:
        """Return an array as an argument, whose name is made of this one."""
        constant = of_array(f"{name}:{len(self._tensors.specs)}", array)
        return self._tensors.store(constant, CONSTANT, name)

    def before(
        self, like: Operation, kind: str, shape: Shape, arguments: Mapping[str, Argument]
    ) -> Ref:
        """Write an operation before the one that a rule looks at, and return its result."""
        name = f"{kind}:{len(self._tensors.specs)}"
        dtype = self._tensors.specs[like.results[0]].dtype
        self._tensors.specs[name] = TensorSpec(shape, dtype)
        new = replace(like, kind=kind, arguments=dict(arguments), results=(name,))
        self._extra.append(new)
        self._made[name] = new
        return Ref(name)

    def once(self, key: str, write: Callable[[], Ref]) -> Ref:
        """Return what was written under a key; write it if it was not yet."""
        if key not in self._once:
            self._once[key] = write()
        return self._once[key]

    def after(
        self, each: Operation, rules: Mapping[str, Sequence[Rule]]
    ) -> tuple[list[Operation], Ref | None]:
        """Return what stands in place of an operation, and the value that its result is.

        The value is None if the operation, or the one in its place, gives the result itself.
        """
        changed = True
        while changed:
            changed = False
            for rule in rules.get(each.kind, ()):
                kept = len(self._extra)
                found = rule(self, each)
                if found is None:
                    del self._extra[kept:]
                    continue
                if isinstance(found, Ref):
                    extra, self._extra = self._extra, []
                    return extra, found
                each, changed = found, True
                break
        for name in each.results:
            self._made[name] = each
        extra, self._extra = self._extra, []
        return [*extra, each], None


def pair(operation: Operation) -> Iterator[tuple[Argument, Argument]]:
    """Yield both inputs of a sum or product, in both orders."""
    a, b = operation.arguments["self"], operation.arguments["other"]
    if not operation.arguments.get("alpha"):
        yield a, b
        yield b, a


def like(operation: Operation, kind: str, **arguments: Argument) -> Operation:
    """Return another function with the same result; arguments of None are left out."""
    given = {name: each for name, each in arguments.items() if each is not None}
    return replace(operation, kind=kind, arguments=given)


def merged(
    tensors: Tensors,
    operations: Sequence[Operation],
    outputs: Sequence[str],
    rules: Mapping[str, Sequence[Rule]],
) -> tuple[list[Operation], list[str]]:
    """Return the operations after all rules, and the outputs by the names that they have then."""
    program = Program(tensors, operations, outputs)
    found: list[Operation] = []
    other: dict[str, str] = {}
    for each in operations:
        arguments = {key: replaced(value, other) for key, value in each.arguments.items()}
        new, same = program.after(replace(each, arguments=arguments), rules)
        found += new
        if same is not None:
            other[each.results[0]] = same.name
    return found, [other.get(name, name) for name in outputs]
