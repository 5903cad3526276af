"""Running what was read from ONNX with torch, to compare it with what ONNX says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

from designer.readers.graph import NeutralGraph, Operation, Ref
from designer.readers.onnx import network

_NOT_ATEN: Mapping[str, Any] = {
    "softsign": lambda **given: F.softsign(given["self"]),
    "local_response_norm": F.local_response_norm,
}
"""Functions of torch that are no functions of ATen."""


def graph_of(model: onnx.ModelProto, folder: Path = Path()) -> NeutralGraph:
    """Return what is read from a model."""
    return network.graph(model, folder, "test", [])


def with_constants(model: onnx.ModelProto, arrays: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    """Return a model of which some inputs are constants."""
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    for name, array in arrays.items():
        copy.graph.initializer.append(numpy_helper.from_array(array, name))
    return copy


def run(graph: NeutralGraph, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the outputs of a graph, by the functions of torch that its operations are called."""
    values = {
        name: torch.from_numpy(np.array(each))
        for name, each in zip(graph.inputs, inputs, strict=True)
    }
    for name, stored in graph.tensors.items():
        values[name] = torch.from_numpy(np.array(stored.read()))
        assert tuple(values[name].shape) == stored.spec.shape
    for operation in graph.operations:
        made = _call(
            operation, {name: _value(each, values) for name, each in operation.arguments.items()}
        )
        results = made if isinstance(made, list | tuple) else (made,)
        for name, each in zip(operation.results, results, strict=True):
            assert tuple(each.shape) == graph.values[name].shape, operation
            values[name] = each
    return [values[name].numpy() for name in graph.outputs]


def _value(argument: Any, values: Mapping[str, torch.Tensor]) -> Any:
    if isinstance(argument, Ref):
        return values[argument.name]
    if isinstance(argument, tuple):
        return [_value(each, values) for each in argument]
    if isinstance(argument, str) and isinstance(getattr(torch, argument, None), torch.dtype):
        return getattr(torch, argument)
    return argument


def _call(operation: Operation, arguments: dict[str, Any]) -> Any:
    if operation.kind in _NOT_ATEN:
        return _NOT_ATEN[operation.kind](**arguments)
    packet = getattr(torch.ops.aten, operation.kind)
    reasons = []
    for name in packet.overloads():
        function = getattr(packet, name)
        known = {each.name for each in function._schema.arguments}
        if not set(arguments) <= known or any(each.is_out for each in function._schema.arguments):
            continue
        try:
            return function(**arguments)
        except (RuntimeError, TypeError) as error:
            reasons.append(str(error))
    raise AssertionError(f"{operation} fits no function of torch: {reasons}")
