"""Values that depend on no input and on nothing that is learned: tables, masks, positions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from designer.folding.patterns.converted import Array, Evaluate
from designer.folding.patterns.in_place import names_in
from designer.folding.patterns.values import UnsupportedError
from designer.readers.graph import PARAMETER, Operation, StoredTensor, TensorSpec

_LARGEST = 1 << 28
"""Values of the largest table that is computed."""

_FILLED: Mapping[str, float | None] = {
    "zeros": 0,
    "ones": 1,
    "full": None,
    "empty": 0,
    "new_zeros": 0,
    "new_ones": 1,
    "new_full": None,
    "new_empty": 0,
    "zeros_like": 0,
    "ones_like": 1,
    "full_like": None,
    "empty_like": 0,
    "zero": 0,
    "fill": None,
}
"""Operations that give one number everywhere, whatever they are given; None for an argument."""

RANDOM = frozenset(
    ("rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "bernoulli",
     "normal", "uniform", "multinomial", "exponential", "native_dropout", "random")
)  # fmt: skip
"""Operations that draw at random."""

_SPREADING = frozenset(
    ("expand", "expand_as", "broadcast_to", "repeat", "zeros", "ones", "full", "new_zeros",
     "new_ones", "new_full", "zeros_like", "ones_like", "full_like")
)  # fmt: skip
_VIEWS = frozenset(
    ("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "alias", "detach", "clone",
     "contiguous", "to", "_to_copy", "slice", "select", "_unsafe_view", "lift_fresh_copy")
)  # fmt: skip
_SAME_VALUES = frozenset(
    ("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "alias", "detach", "clone",
     "contiguous", "_unsafe_view", "lift_fresh_copy", "to", "_to_copy")
)  # fmt: skip


class Constants:
    """The constants of a graph, which are computed when they are needed.

    Parameters
    ----------
    tensors
        The tensors that the file holds, by the values that they are.
    values
        What is known of each value.
    evaluate
        Runs operations on arrays.
    """

    def __init__(
        self,
        tensors: Mapping[str, StoredTensor],
        values: Mapping[str, TensorSpec],
        evaluate: Evaluate,
    ) -> None:
        self._tensors = tensors
        self._values = values
        self._evaluate = evaluate
        self._by: dict[str, Operation | None] = {
            name: None for name, each in tensors.items() if each.kind != PARAMETER
        }
        self._arrays: dict[str, Array] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._by or name in self._arrays

    def takes(self, operation: Operation) -> bool:
        """Tell whether an operation gives constants, and note them."""
        kind = operation.kind
        if kind in RANDOM:
            return False
        given = [name for each in operation.arguments.values() for name in names_in(each)]
        if kind not in _FILLED or kind in ("full", "fill", "full_like", "new_full"):
            others = given[1:] if kind in ("fill", "full_like", "new_full") else given
            if not all(each in self for each in others):
                return False
        self._by.update(dict.fromkeys(operation.results, operation))
        return True

    def add(self, name: str, array: Array) -> None:
        """Note a constant that a handler made."""
        self._arrays[name] = array

    def origin(self, name: str) -> StoredTensor | None:
        """Return the stored tensor whose values a constant has, perhaps in another shape."""
        while name not in self._tensors:
            operation = self._by.get(name)
            if operation is None or operation.kind not in _SAME_VALUES:
                return None
            (name, *_) = names_in(tuple(operation.arguments.values()))
        return self._tensors[name]

    def is_spread(self, name: str) -> bool:
        """Tell whether a constant may have been made as long as the batch, with equal rows."""
        while (operation := self._by.get(name)) is not None:
            if operation.kind in _SPREADING:
                return True
            if operation.kind not in _VIEWS:
                return False
            (name, *_) = names_in(tuple(operation.arguments.values()))
        return False

    def array(self, name: str) -> Array:
        """Return the values of a constant.

        Raises
        ------
        UnsupportedError
            They cannot be computed.
        """
        if name not in self._arrays:
            self._compute(name)
        return self._arrays[name]

    def _compute(self, wanted: str) -> None:
        operations, waiting = [], [wanted]
        leaves: dict[str, Array] = {}
        size, seen = 0, set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            size += int(np.prod(self._values[name].shape)) if name in self._values else 0
            if size > _LARGEST:
                raise UnsupportedError("a table that is too large to be computed")
            operation = self._by.get(name)
            if name in self._arrays:
                leaves[name] = self._arrays[name]
            elif operation is None:
                leaves[name] = self._tensors[name].read()
            elif operation.kind in _FILLED:
                leaves[name] = self._filled(name, operation)
            else:
                operations.append(self._without_device(operation))
                waiting += names_in(tuple(operation.arguments.values()))
        if wanted in leaves:
            self._arrays[wanted] = leaves[wanted]
            return
        order = {name: number for number, name in enumerate(self._by)}
        unique = {each.results[0]: each for each in operations}
        ordered = [unique[name] for name in sorted(unique, key=lambda name: order[name])]
        try:
            self._arrays.update(self._evaluate(ordered, leaves, [wanted]))
        except UnsupportedError:
            raise
        except Exception as error:  # whatever running a foreign operation raises
            raise UnsupportedError(f"a table that cannot be computed ({error})") from None

    def _without_device(self, operation: Operation) -> Operation:
        """Return a change of the type alone, in place of one that may name a device."""
        if operation.kind not in ("to", "_to_copy"):
            return operation
        dtype = self._values[operation.results[0]].dtype
        arguments = {"self": operation.arguments["self"], "dtype": dtype}
        return replace(operation, arguments=arguments, original="aten._to_copy.default")

    def _filled(self, name: str, operation: Operation) -> Array:
        number: Any = _FILLED[operation.kind]
        if number is None:
            given = operation.arguments
            number = given.get("fill_value", given.get("value", 0))
            names = names_in(number)
            if names:
                number = self.array(names[0]).reshape(-1)[0]
        spec = self._values[name]
        dtype = spec.dtype if spec.dtype != "bfloat16" else "float32"
        return np.full(spec.shape, number, dtype)


def small(array: Array) -> Sequence[float] | None:
    """Return the numbers of a small table, as a design can have them; None for others."""
    if array.size > 64 or not np.isfinite(array).all() or np.abs(array).max(initial=0) > 1e9:
        return None
    return [float(each) for each in array.reshape(-1)]
