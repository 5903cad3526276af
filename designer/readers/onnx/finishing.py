"""The last steps of reading ONNX: names of values, and nothing that is unused."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from designer.readers.graph import Argument, Operation, Ref


def replaced(argument: Argument, by: Mapping[str, str]) -> Argument:
    """Return an argument with other names of values."""
    if isinstance(argument, Ref):
        return Ref(by.get(argument.name, argument.name))
    if isinstance(argument, tuple):
        return tuple(replaced(each, by) for each in argument)
    return argument


def refs(operation: Operation) -> list[str]:
    """Return the values that an operation reads."""
    found: list[str] = []

    def look(argument: Any) -> None:
        if isinstance(argument, Ref):
            found.append(argument.name)
        elif isinstance(argument, tuple):
            for each in argument:
                look(each)

    for each in operation.arguments.values():
        look(each)
    return found


def used(operations: Sequence[Operation], outputs: Iterable[str]) -> list[Operation]:
    """Return the operations that the outputs depend on."""
    wanted, found = set(outputs), []
    for each in reversed(operations):
        if not wanted.isdisjoint(each.results):
            found.append(each)
            wanted.update(refs(each))
    return found[::-1]
