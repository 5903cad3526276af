"""A graph without side effects: what is written in place becomes a value of its own.

An operation such as ``add_`` changes its first argument for all that read it later, and with it the
tensor that this is a part of. Here each operation reads the value that it would find in memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, NamedTuple

from designer.readers.graph import Argument, NeutralGraph, Operation, Ref, Shape, TensorSpec

Inverse = Callable[["_View", Shape, Shape], tuple[str, Mapping[str, Any]]]


class _View(NamedTuple):
    """How a value lies in the memory of another one: by which operation, as which result of it."""

    of: str
    operation: Operation
    result: int


def _reshaped(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    return "reshape", {"shape": before}


def _same(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    return "", {}


def _permuted(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    dims = [each % len(before) for each in view.operation.arguments["dims"]]
    return "permute", {"dims": tuple(dims.index(each) for each in range(len(dims)))}


def _transposed(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    given = view.operation.arguments
    return "transpose", {"dim0": given["dim0"], "dim1": given["dim1"]}


def _swapped(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    given = view.operation.arguments
    return "transpose", {"dim0": given["axis0"], "dim1": given["axis1"]}


def _moved(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    given = view.operation.arguments
    return "movedim", {"source": given["destination"], "destination": given["source"]}


def _turned(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    return ("transpose", {"dim0": -2, "dim1": -1}) if len(before) > 1 else ("", {})


def _sliced(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    given = view.operation.arguments
    return "slice_scatter", {
        name: given[name] for name in ("dim", "start", "end", "step") if name in given
    }


def _narrowed(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    given = view.operation.arguments
    start = given["start"] % before[given["dim"]]
    return "slice_scatter", {"dim": given["dim"], "start": start, "end": start + given["length"]}


def _selected(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    given = view.operation.arguments
    return "select_scatter", {"dim": given.get("dim", 0), "index": given["index"]}


def _unbound(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    return "select_scatter", {"dim": view.operation.arguments.get("dim", 0), "index": view.result}


def _part(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    given = view.operation.arguments
    dim = given.get("dim", 0)
    sizes = given.get("split_sizes", given.get("split_size"))
    if isinstance(sizes, tuple):
        start = sum(sizes[: view.result])
    else:
        size = sizes or -(-before[dim] // given["chunks"])
        start = view.result * size
    return "slice_scatter", {"dim": dim, "start": start, "end": start + after[dim]}


def _split(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    given = view.operation.arguments
    dim = given.get("dim", 0)
    size = before[dim]
    if "sections" in given:
        short, longer = divmod(size, given["sections"])
        start = view.result * short + min(view.result, longer)
    else:
        index = given["indices"][view.result - 1] if view.result else 0
        start = max(min(index + size if index < 0 else index, size), 0)
    return "slice_scatter", {"dim": dim, "start": start, "end": start + after[dim]}


def _diagonal(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    given = view.operation.arguments
    names = ("offset", "dim1", "dim2")
    return "diagonal_scatter", {name: given[name] for name in names if name in given}


def _strided(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    given = view.operation.arguments
    names = ("size", "stride", "storage_offset")
    return "as_strided_scatter", {name: given[name] for name in names if name in given}


def _not_undone(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    """Return an operation that no layer expresses: nothing here writes such a part back."""
    return f"{view.operation.kind}_scatter", {}


def _windows(view: _View, before: Shape, after: Shape) -> tuple[str, Mapping[str, Any]]:
    # torch has no such operation: the node is opaque, and says what is meant.
    given = view.operation.arguments
    names = ("dimension", "size", "step")
    return "unfold_scatter", {name: given[name] for name in names if name in given}


_VIEWS: Mapping[str, Inverse] = {
    "alias": _same,
    "detach": _same,
    "view": _reshaped,
    "_unsafe_view": _reshaped,
    "unflatten": _reshaped,
    "squeeze": _reshaped,
    "unsqueeze": _reshaped,
    "squeeze_": _reshaped,
    "unsqueeze_": _reshaped,
    "permute": _permuted,
    "transpose": _transposed,
    "transpose_": _transposed,
    "swapdims": _transposed,
    "swapaxes": _swapped,
    "movedim": _moved,
    "moveaxis": _moved,
    "t": _turned,
    "numpy_T": _turned,
    "mT": _turned,
    "mH": _turned,
    "adjoint": _turned,
    "_reshape_alias": _reshaped,
    "positive": _same,
    "view_as": _reshaped,
    "diagonal": _diagonal,
    "linalg_diagonal": _not_undone,
    "hsplit": _not_undone,
    "vsplit": _not_undone,
    "dsplit": _not_undone,
    "as_strided": _strided,
    "unfold": _windows,
    "slice": _sliced,
    "narrow": _narrowed,
    "select": _selected,
    "unbind": _unbound,
    "split": _part,
    "split_with_sizes": _part,
    "chunk": _part,
    "tensor_split": _split,
}
"""Operations whose results lie in the memory of their argument, and how a change of a result is a
change of the argument."""

_PERHAPS: Mapping[str, Inverse] = {
    "reshape": _reshaped,
    "flatten": _reshaped,
    "contiguous": _same,
    "to": _same,
    "reshape_as": _reshaped,
    "ravel": _reshaped,
    "dropout": _same,
    "feature_dropout": _same,
    "expand": _reshaped,
    "expand_as": _reshaped,
    "broadcast_to": _reshaped,
}
"""Operations that are a view in some cases; see `_is_view`."""

_REORDERED = ("permute", "transpose", "transpose_", "swapdims", "swapaxes", "movedim", "t",
              "numpy_T", "mT", "slice", "narrow", "select", "unbind", "split",
              "split_with_sizes", "chunk", "tensor_split", "diagonal", "as_strided", "unfold",
              "mH", "adjoint", "moveaxis", "linalg_diagonal", "hsplit", "vsplit",
              "dsplit")  # fmt: skip
_SPREADING = ("expand", "expand_as", "broadcast_to")


@dataclass
class Functional:
    """The operations of a graph without side effects.

    Attributes
    ----------
    operations
        Those on which an output depends.
    values
        What is known of each value.
    outputs
        The values that the graph returns.
    """

    operations: Sequence[Operation]
    values: Mapping[str, TensorSpec]
    outputs: tuple[str, ...]


def functional(graph: NeutralGraph) -> Functional:
    """Return the operations of a graph without side effects, and only those that are needed."""
    made = _Rewriting(graph)
    for operation in graph.operations:
        made.take(operation)
    outputs = tuple([made.now(each) for each in graph.outputs])
    return Functional(_needed(made.operations, outputs), made.values, outputs)


class _Rewriting:
    """Operations that were taken so far, and what lies in memory after them."""

    def __init__(self, graph: NeutralGraph) -> None:
        self.operations: list[Operation] = []
        self.values: dict[str, TensorSpec] = dict(graph.values)
        self._views: dict[str, _View | None] = {}
        self._same_as: dict[str, str] = {}  # a result of an operation in place: its argument
        self._current: dict[str, tuple[str, int]] = {}  # the name that has it, and since when
        self._written: dict[str, int] = {}  # how often the memory of a value was written to

    def take(self, operation: Operation) -> None:
        """Add an operation."""
        kind = operation.kind
        if kind in _VIEWS or (kind in _PERHAPS and self._is_view(operation)):
            source = operation.arguments.get("self", operation.arguments.get("input"))
            if isinstance(source, Ref):
                for number, name in enumerate(operation.results):
                    self._views[name] = _View(source.name, operation, number)
                self._add(operation)
                return
        if kind.endswith("_") and not kind.endswith("__"):
            target = next(iter(operation.arguments.values()), None)
            if isinstance(target, Ref):
                self._write(operation, target.name)
                return
        self._add(operation)

    def now(self, name: str) -> str:
        """Return the name of what a value is by now."""
        name = self._owner(name)
        root = self._root(name)
        version = self._written.get(root, 0)
        found, since = self._current.get(name, (name, 0))
        view = self._views.get(name)
        if since == version or view is None:
            return found
        # The tensor that it is a part of was written to: take the part again.
        source = self.now(view.of)
        results = [f"{each}.{version}" for each in view.operation.results]
        arguments = dict(view.operation.arguments)
        arguments["self" if "self" in arguments else "input"] = Ref(source)
        self.operations.append(replace(view.operation, arguments=arguments, results=tuple(results)))
        for each, made in zip(view.operation.results, results, strict=True):
            self.values[made] = self.values[each]
            self._current[each] = made, version
        return self._current[name][0]

    def _owner(self, name: str) -> str:
        while name in self._same_as:
            name = self._same_as[name]
        return name

    def _root(self, name: str) -> str:
        name = self._owner(name)
        while (view := self._views.get(name)) is not None:
            name = self._owner(view.of)
        return name

    def _is_view(self, operation: Operation) -> bool:
        """Tell whether an operation that copies in some cases gives a view."""
        kind, given = operation.kind, operation.arguments
        if kind in ("dropout", "feature_dropout"):
            return given.get("train") is False or given.get("p") == 0
        source = given.get("self")
        if not isinstance(source, Ref):
            return False
        before, after = self.values[source.name], self.values[operation.results[0]]
        if kind == "to":
            return before.dtype == after.dtype and given.get("copy") is not True
        if kind in _SPREADING:  # a repeated value cannot be written to, but changes
            return True
        # Values that lie in another order are copied.
        name = self._owner(source.name)
        while (view := self._views.get(name)) is not None:
            if view.operation.kind in _REORDERED or self._is_repeated(view, name):
                return False
            name = self._owner(view.of)
        return True

    def _is_repeated(self, view: _View, name: str) -> bool:
        """Tell whether a view has values of its tensor several times."""
        sizes = [prod(self.values[each].shape) for each in (name, view.of)]
        return view.operation.kind in _SPREADING and sizes[0] != sizes[1]

    def _add(self, operation: Operation) -> None:
        names = {key: self._read(each) for key, each in operation.arguments.items()}
        if names != operation.arguments:
            operation = replace(operation, arguments=names)
        self.operations.append(operation)
        for each in operation.results:
            self._current[each] = each, self._written.get(self._root(each), 0)

    def _read(self, argument: Argument) -> Argument:
        if isinstance(argument, Ref):
            return Ref(self.now(argument.name))
        if isinstance(argument, tuple):
            return tuple([self._read(each) for each in argument])
        return argument

    def _write(self, operation: Operation, target: str) -> None:
        """Add an operation in place as one that returns the new value."""
        kind = operation.kind.removesuffix("_")
        self._add(
            replace(
                operation,
                kind=kind,
                original=operation.original.replace(f".{operation.kind}.", f".{kind}."),
            )
        )
        result = operation.results[0]
        self._same_as[result] = target
        root = self._root(target)
        version = self._written.get(root, 0) + 1
        olds: list[tuple[str, str]] = []
        name = self._owner(target)
        while True:  # what the tensors were of which it is a part
            view = self._views.get(name)
            olds.append((name, "" if view is None else self.now(view.of)))
            if view is None:
                break
            name = self._owner(view.of)
        self._written[root] = version
        made = result
        for name, whole in olds:
            self._current[name] = made, version
            view = self._views.get(name)
            if view is not None:
                made = self._within(view, whole, made, version, operation)

    def _within(self, view: _View, whole: str, part: str, version: int, by: Operation) -> str:
        """Return the name of a tensor in which a part was written to."""
        spec = self.values[view.of]
        inverse = _VIEWS.get(view.operation.kind) or _PERHAPS[view.operation.kind]
        kind, arguments = inverse(view, spec.shape, self.values[part].shape)
        if not kind:
            return part
        given: dict[str, Argument] = {"self": Ref(part), **arguments}
        if kind.endswith("_scatter"):
            given = {"self": Ref(whole), "src": Ref(part), **arguments}
        name = f"{part}.in.{self._owner(view.of)}.{version}"
        self.values[name] = spec
        overload = "int" if kind == "transpose" else "default"
        self.operations.append(
            replace(
                by,
                kind=kind,
                arguments=given,
                results=(name,),
                original=f"aten.{kind}.{overload}",
            )
        )
        return name


def _needed(operations: Sequence[Operation], outputs: Sequence[str]) -> list[Operation]:
    """Return the operations on which an output depends."""
    wanted, kept = set(outputs), []
    for operation in reversed(operations):
        if wanted.isdisjoint(operation.results):
            continue
        kept.append(operation)
        for argument in operation.arguments.values():
            wanted.update(names_in(argument))
    return kept[::-1]


def names_in(argument: Argument) -> list[str]:
    """Return the values of the graph that an argument has."""
    if isinstance(argument, Ref):
        return [argument.name]
    if isinstance(argument, tuple):
        return [name for each in argument for name in names_in(each)]
    return []
