"""Running a neutral graph with torch: its operations are torch's own functions of tensors.

A graph may come from anybody. Only functions of torch's namespace ``aten`` that compute with
tensors are called, and each only after its result was found to fit into the memory.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._pytree import tree_leaves, tree_map

from designer.errors import DesignerError
from designer.readers.graph import Argument, NeutralGraph, Operation, Ref, StoredTensor

MOST_CONSTANT_BYTES = 2 * 1024**3
"""The most that one result may take while constants are computed."""

_FORBIDDEN = frozenset(("from_file", "set_", "resize_", "resize_as_", "item", "data"))
"""Functions that read files, or change what a tensor's memory is."""

_PRIVATE = frozenset(
    (
        "_adaptive_avg_pool2d",
        "_adaptive_avg_pool3d",
        "_log_softmax",
        "_native_batch_norm_legit",
        "_native_batch_norm_legit_functional",
        "_native_batch_norm_legit_no_training",
        "_native_multi_head_attention",
        "_scaled_dot_product_attention_math",
        "_scaled_dot_product_flash_attention_for_cpu",
        "_softmax",
        "_to_copy",
        "_transformer_encoder_layer_fwd",
        "_unsafe_view",
        "_upsample_bilinear2d_aa",
        "_upsample_bicubic2d_aa",
        "_weight_norm",
        "_weight_norm_interface",
        "__and__",
        "__or__",
        "__xor__",
    )
)
"""The only functions whose name begins with an underscore that are called: others trust their
arguments, and a wrong one ends the process."""

_TRAINING: Mapping[str, Mapping[str, Argument]] = {
    "alpha_dropout": {"train": False},
    "batch_norm": {"training": False},
    "dropout": {"train": False},
    "feature_alpha_dropout": {"train": False},
    "feature_dropout": {"train": False},
    "gru": {"train": False},
    "instance_norm": {"use_input_stats": False},
    "lstm": {"train": False},
    "native_batch_norm": {"training": False},
    "_native_batch_norm_legit": {"training": False},
    "_native_batch_norm_legit_functional": {"training": False},
    "native_dropout": {"train": False},
    "rnn_relu": {"train": False},
    "rnn_tanh": {"train": False},
    "rrelu": {"training": False},
    "rrelu_with_noise": {"training": False},
    "scaled_dot_product_attention": {"dropout_p": 0.0},
    "_scaled_dot_product_attention_math": {"dropout_p": 0.0},
    "_scaled_dot_product_flash_attention_for_cpu": {"dropout_p": 0.0},
}
"""The arguments of functions that do something else in train mode, as they are in eval mode."""

DRAWN = frozenset(("randn_like",))
"""Functions that draw numbers whose mean is 0, which they are in eval mode."""

_COMPOSED: Mapping[str, Callable[..., Tensor]] = {
    "local_response_norm": lambda given: functional.local_response_norm(**given),
    "softsign": lambda given: functional.softsign(given["self"]),
}
"""Functions of torch that are several of ATen, by what they do with their arguments."""

_MEMORY_FORMATS: Mapping[str, torch.memory_format] = {
    "1": torch.contiguous_format,
    "2": torch.channels_last,
    "3": torch.channels_last_3d,
    "4": torch.preserve_format,
}
"""Memory formats by their numbers in a program of ``torch.export``."""


class NotRunnableError(DesignerError):
    """An operation that cannot be run; the sentence names it and says why."""


Values = dict[str, Any]


def run(
    graph: NeutralGraph,
    inputs: Sequence[Tensor],
    *,
    training: bool = False,
    most_bytes: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Tensor]:
    """Return the outputs of a graph for a batch.

    Parameters
    ----------
    graph
        The network.
    inputs
        A tensor for each of its inputs, of the shapes that it says, the batch included.
    training
        Whether random layers draw and batch norms take the batch's statistics. In eval mode what
        was exported in train mode does what its module does in eval mode.
    most_bytes
        The most that one result may take; None for what is free.
    progress
        Is told the share that is done, from 0 to 1.

    Raises
    ------
    NotRunnableError
        An operation is none of torch's, torch refuses it, or its result is too large.
    """
    values: Values = dict(zip(graph.inputs, inputs, strict=True))
    limit = free_bytes() if most_bytes is None else most_bytes
    left = _uses(graph.operations, graph.outputs)
    with torch.no_grad():
        for number, operation in enumerate(graph.operations):
            names = list(_names(operation.arguments.values()))
            for name in names:
                if name not in values and name in graph.tensors:
                    values[name] = tensor_of(graph.tensors[name])
            _step(operation, values, training=training, limit=limit)
            for name in (*names, *operation.results):
                left[name] = left.get(name, 0) - (1 if name in names else 0)
                if left[name] <= 0:
                    values.pop(name, None)
            progress((number + 1) / len(graph.operations))
        for name in graph.outputs:
            if name not in values and name in graph.tensors:
                values[name] = tensor_of(graph.tensors[name])
    missing = [name for name in graph.outputs if name not in values]
    if missing:
        raise NotRunnableError(f"No operation gives the output {missing[0]}.")
    return [values[name] for name in graph.outputs]


def evaluate(
    operations: Sequence[Operation], arrays: Mapping[str, Any], wanted: Sequence[str]
) -> dict[str, Any]:
    """Return values that do not depend on what a network is given, as numpy arrays.

    Parameters
    ----------
    operations
        Those that compute them, in an order in which they can run.
    arrays
        Numpy arrays of the values that they read.
    wanted
        The names of the values to return.

    Raises
    ------
    NotRunnableError
        An operation is none of torch's, torch refuses it, or its result is too large.
    """
    limit = min(MOST_CONSTANT_BYTES, free_bytes())
    with torch.no_grad():
        values: Values = {name: _from_array(each) for name, each in arrays.items()}
        for operation in operations:
            _step(operation, values, training=False, limit=limit)
    return {name: values[name].contiguous().numpy() for name in wanted}


def tensor_of(stored: StoredTensor) -> Tensor:
    """Return a stored tensor with its values, in memory of its own."""
    return _from_array(stored.read()).to(getattr(torch, stored.spec.dtype))


def _from_array(array: Any) -> Tensor:
    return torch.from_numpy(np.array(array))  # a copy that can be written to


def _step(operation: Operation, values: Values, *, training: bool, limit: int) -> None:
    """Run an operation, and add its results to the values."""
    arguments = operation.arguments if training else in_eval(operation)
    try:
        results = _call(operation, arguments, values, limit, draws=training)
    except NotRunnableError:
        raise
    except (MemoryError, torch.OutOfMemoryError):
        raise NotRunnableError(f"{title(operation)} needs more memory than is free.") from None
    except Exception as error:  # torch raises errors of many classes
        reason = " ".join(str(error).split())[:300].rstrip(".")
        raise NotRunnableError(f"{title(operation)} cannot be run: {reason}.") from error
    if len(results) < len(operation.results):
        raise NotRunnableError(f"{title(operation)} gives {len(results)} values.")
    values.update(zip(operation.results, results, strict=False))


def title(operation: Operation) -> str:
    """Return an operation's name for people, and who calls it: ``aten.relu (net.py:3)``."""
    where = f" ({operation.line})" if operation.line else ""
    return f"{operation.original or operation.kind}{where}"


def in_eval(operation: Operation) -> Mapping[str, Argument]:
    """Return the arguments of an operation as they are in eval mode."""
    kind, arguments = operation.kind, operation.arguments
    changes = _TRAINING.get(kind, _TRAINING.get(kind.removesuffix("_"), {}))
    if "running_mean" in arguments or kind in _WITH_STATISTICS:
        # A norm without running statistics takes the batch's in eval mode, too.
        changes = changes if arguments.get("running_mean") is not None else {}
    return {**arguments, **changes} if changes else arguments


_WITH_STATISTICS = frozenset(name for name in _TRAINING if "norm" in name)


def _call(
    operation: Operation,
    arguments: Mapping[str, Argument],
    values: Values,
    limit: int,
    *,
    draws: bool,
) -> list[Tensor]:
    kind = operation.kind.removesuffix("_")
    if kind in DRAWN and not draws:
        return [torch.zeros_like(values[name]) for name in _names([arguments["self"]])]
    if kind in _COMPOSED:
        return [
            _COMPOSED[kind](
                {name: _prepared_value(each, "", values) for name, each in arguments.items()}
            )
        ]
    function = overload(operation, values)
    if kind == "bernoulli" and not draws:
        # A layer that leaves a branch out divides by the chance that it stays: 1 in eval mode.
        given = values[arguments["self"].name]
        chance = arguments.get("p", None)
        if isinstance(chance, float):
            return [given.fill_(chance) if operation.kind == "bernoulli_" else given * 0 + chance]
        return [given]
    positional, named = _prepared(function, arguments, values)
    _check_size(function, positional, named, operation, limit)
    made = function(*positional, **named)
    return [made] if isinstance(made, Tensor) else [*_flat(made)]


def _flat(made: Any) -> Iterator[Any]:
    for each in made if isinstance(made, (tuple, list)) else (made,):
        if isinstance(each, (tuple, list)):
            yield from each
        else:
            yield each


# Which function of torch an operation is


def overload(operation: Operation, values: Mapping[str, Any]) -> Any:
    """Return the overload of torch's function that an operation calls.

    Parameters
    ----------
    operation
        Where its format does not name the overload, it is chosen by the arguments.
    values
        The tensors that it reads, by their names.

    Raises
    ------
    NotRunnableError
        There is none that may be called.
    """
    kind = operation.kind
    name = operation.original.removeprefix("aten.").partition(".")
    if kind in _FORBIDDEN or (kind.startswith("_") and kind not in _PRIVATE):
        raise NotRunnableError(f"{title(operation)} is not run, as it may do more than compute.")
    packet = getattr(torch.ops.aten, kind, None) if kind.isidentifier() else None
    if packet is None:
        raise NotRunnableError(f"{title(operation)} is no function of torch.")
    if operation.original.startswith("aten.") and name[0] == kind and name[2]:
        exact = name[2] if name[2] in packet.overloads() else None
        if exact is not None:
            return _harmless(getattr(packet, exact), operation)
    for each in packet.overloads():
        found = getattr(packet, each)
        if _takes(found, operation.arguments):
            return _harmless(found, operation)
    raise NotRunnableError(
        f"{title(operation)} has the arguments {', '.join(operation.arguments)}, which torch's "
        f"{kind} does not take."
    )


def _harmless(function: Any, operation: Operation) -> Any:
    """Return a function, if all that it takes and gives are tensors and plain values."""
    kinds = {str(each.type) for each in function._schema.arguments}
    if any(word in kind for kind in kinds for word in ("Storage", "Stream", "AnyType")):
        raise NotRunnableError(f"{title(operation)} is not run, as it may do more than compute.")
    return function


def _takes(function: Any, arguments: Mapping[str, Argument]) -> bool:
    schema = {each.name: each for each in function._schema.arguments}
    if not set(arguments) <= set(schema) or "out" in {
        each.name for each in schema.values() if each.is_out
    }:
        return False
    for name, each in schema.items():
        if name not in arguments:
            if not each.has_default_value() and "Optional" not in str(each.type):
                return False
        elif not _fits(arguments[name], str(each.type)):
            return False
    return True


def _fits(argument: Argument, kind: str) -> bool:
    """Return whether an argument is of a type of torch's schemas."""
    optional = kind.startswith("Optional[")
    kind = kind.removeprefix("Optional[").removesuffix("]") if optional else kind
    if argument is None:
        return optional or kind == "Tensor"
    if isinstance(argument, Ref):
        return kind == "Tensor"
    if kind.startswith("List["):
        inner = kind.removeprefix("List[").removesuffix("]")
        items = argument if isinstance(argument, tuple) else (argument,)
        return all(_fits(each, inner) for each in items)
    if isinstance(argument, tuple):
        return False
    if isinstance(argument, bool):
        return kind in ("bool", "number", "Scalar")
    if isinstance(argument, int):
        return kind in ("int", "SymInt", "number", "Scalar", "float")
    if isinstance(argument, float):
        return kind in ("float", "number", "Scalar")
    return kind not in ("Tensor", "bool", "number", "Scalar", "float")  # a text


# Arguments


def _prepared(
    function: Any, arguments: Mapping[str, Argument], values: Values
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a call: by position as far as they go, others by name."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    in_order = True
    for each in function._schema.arguments:
        if each.name not in arguments:
            in_order = False
            continue
        value = _prepared_value(arguments[each.name], each.name, values)
        if each.name in _NAMED and isinstance(value, int | float):
            raise NotRunnableError(f"A number is given as its {each.name}.")  # which torch trusts
        if value is _LEFT_OUT:
            in_order = False
        elif in_order and not each.kwarg_only:
            positional.append(value)
        else:
            named[each.name] = value
    return positional, named


_LEFT_OUT = object()
_NAMED = ("dtype", "layout", "memory_format", "device", "out_dtype")


def _prepared_value(argument: Argument, name: str, values: Values) -> Any:
    if isinstance(argument, Ref):
        if argument.name not in values:
            raise NotRunnableError(f"No operation gives the value {argument.name} in time.")
        return values[argument.name]
    if isinstance(argument, tuple):
        return [_prepared_value(each, name, values) for each in argument]
    if isinstance(argument, str):
        if isinstance(found := getattr(torch, argument, None), torch.dtype):
            return found
        if name == "memory_format":
            return _MEMORY_FORMATS.get(argument, _LEFT_OUT)
        return _LEFT_OUT if name in ("device", "layout") else argument
    return argument


def _check_size(
    function: Any,
    positional: Sequence[Any],
    named: Mapping[str, Any],
    operation: Operation,
    limit: int,
) -> None:
    """Refuse a call whose results do not fit into the memory, found on tensors without values."""
    try:
        given = tree_map(_without_values, (list(positional), dict(named)))
        made = function(*given[0], **given[1])
    except Exception:  # its size depends on values, or it has no rule for such tensors
        return
    needed = 0
    for each in tree_leaves(made):
        if isinstance(each, Tensor):
            needed += each.untyped_storage().nbytes()
    held = sum(
        each.untyped_storage().nbytes()
        for each in tree_leaves((list(positional), dict(named)))
        if isinstance(each, Tensor)
    )
    if needed - held > limit:
        raise NotRunnableError(
            f"{title(operation)} needs {(needed - held) / 1e9:.1f} GB of memory, and "
            f"{limit / 1e9:.1f} GB are free."
        )


def _without_values(thing: Any) -> Any:
    return thing.to("meta") if isinstance(thing, Tensor) else thing


def free_bytes() -> int:
    """Return how much memory is free."""
    import psutil

    return int(psutil.virtual_memory().available)


# Which values are read


def _names(arguments: Iterable[Argument]) -> Iterator[str]:
    for each in arguments:
        if isinstance(each, Ref):
            yield each.name
        elif isinstance(each, tuple):
            yield from _names(each)


def _uses(operations: Sequence[Operation], outputs: Sequence[str]) -> dict[str, float]:
    """Return how often each value is read; outputs are kept."""
    found: dict[str, float] = {}
    for operation in operations:
        for name in _names(operation.arguments.values()):
            found[name] = found.get(name, 0) + 1
    return {**found, **dict.fromkeys(outputs, math.inf)}
