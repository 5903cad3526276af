"""Tensors that several operations read: layers that share their weights, or equal values.

Exporters store equal tensors once, so that fresh biases of zeros look as if layers shared them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from designer.readers.graph import CONSTANT, Argument, Operation, Ref, StoredTensor
from designer.readers.onnx import names
from designer.readers.onnx.finishing import refs, replaced


def apart(
    operations: Sequence[Operation], tensors: Mapping[str, StoredTensor]
) -> tuple[list[Operation], dict[str, StoredTensor]]:
    """Return operations that share tensors only where layers do, and the tensors.

    A module that runs twice shares all its tensors. Of operations of different modules those share
    a tensor whose weights are the same matrix, unless the exporter says that they are modules of
    their own and of the same kind. Other operations get a copy.
    """
    first: dict[str, Operation] = {}
    found: list[Operation] = []
    stored = dict(tensors)
    for each in operations:
        others = [
            name
            for name in dict.fromkeys(refs(each))
            if name in tensors and tensors[name].kind != CONSTANT
        ]
        again = [name for name in others if name in first]
        tied = {
            id(first[name])
            for name in again
            if len(tensors[name].spec.shape) > 1 and not _of_its_own(each, first[name])
        }
        copies = {}
        for name in again:
            if id(first[name]) in tied or _path(each) == _path(first[name]) != "":
                continue
            copies[name] = _free(name, stored)
            stored[copies[name]] = replace(
                tensors[name], key=_key(each, name, copies[name], stored)
            )
        for name in others:
            first.setdefault(name, each)
        arguments = {key: replaced(value, copies) for key, value in each.arguments.items()}
        found.append(replace(each, arguments=arguments) if copies else each)
    return found, stored


def with_tied_embeddings(
    operations: Sequence[Operation], tensors: Mapping[str, StoredTensor]
) -> list[Operation]:
    """Let a linear layer read the vectors of an embedding if its weight is the same matrix.

    Exporters write the matrix a second time, turned, for the product.
    """
    vectors = [
        each.arguments["weight"]
        for each in operations
        if each.kind == "embedding" and isinstance(each.arguments.get("weight"), Ref)
    ]
    found = []
    for each in operations:
        own = each.arguments.get("weight")
        if each.kind == "linear" and isinstance(own, Ref) and own.name in tensors:
            same = next((one for one in vectors if _are_equal(tensors, one, own)), own)
            found.append(replace(each, arguments={**each.arguments, "weight": same}))
        else:
            found.append(each)
    return found


def _are_equal(tensors: Mapping[str, StoredTensor], vectors: Argument, weight: Ref) -> bool:
    """Tell whether two learned matrices have the same numbers, which are not all one number."""
    if not isinstance(vectors, Ref) or vectors.name not in tensors or vectors == weight:
        return False
    one, other = tensors[vectors.name], tensors[weight.name]
    if one.spec != other.spec or CONSTANT in (one.kind, other.kind):
        return False
    first, second = one.read(), other.read()
    return first.size > 0 and bool(
        (first == second).all() and (first != first.reshape(-1)[0]).any()
    )


def _path(operation: Operation) -> str:
    return operation.modules[-1].path if operation.modules else ""


def _of_its_own(one: Operation, other: Operation) -> bool:
    """Tell whether two operations are of two modules of one kind."""
    known = _path(one) and _path(other) and _path(one) != _path(other)
    return bool(known) and one.kind == other.kind


def _free(name: str, tensors: Mapping[str, StoredTensor]) -> str:
    number = 2
    while f"{name}:{number}" in tensors:
        number += 1
    return f"{name}:{number}"


def _key(operation: Operation, name: str, copy: str, tensors: Mapping[str, StoredTensor]) -> str:
    """Return the key of a copy: what torch's module would call it, if that is free."""
    role = next((key for key, value in operation.arguments.items() if value == Ref(name)), "")
    key = f"{_path(operation)}.{role}"
    taken = {each.key for each in tensors.values()}
    return (
        key
        if role and _path(operation) and key not in taken
        else names.free(names.key(copy), taken)
    )
