"""ONNX files: how a network is written as ONNX, and how such a file is run to compare it."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from designer.engine import carried_design, onnx_names, program_names, side_effects
from designer.engine.export_faults import ExportedNetwork

_POOLS = ("MaxPool", "AveragePool")
_LEAST_OPSET = 18  # torch's exporter writes this or a later one; onnx converts to earlier ones
_QUIET = 3  # onnxruntime's level of errors: its warnings are about what it optimizes


class OpsetError(Exception):
    """A network cannot be brought to a version of ONNX's operators."""


class Network(ExportedNetwork, Protocol):
    """What is needed of a model to write it."""

    @property
    def about(self) -> Mapping[str, str]: ...


def any_batch(examples: Sequence[Tensor]) -> tuple[dict[int, torch.export.Dim], ...]:
    """Return the dynamic shapes for torch.export: the first axis of each input has any size."""
    batch = torch.export.Dim("batch", min=1, max=2**16)
    return tuple({0: batch} for _ in examples)


def program(
    network: nn.Module,
    examples: tuple[Tensor, ...],
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    opset: int | None = None,
) -> Any:
    """Return the ONNX program of a module, for any batch size.

    Parts whose names torch.export does not take have those of `program_names.new_names`.

    Parameters
    ----------
    network, examples
        The module and its inputs, a batch of at least two.
    inputs, outputs
        Their names in the program, if these matter.
    opset
        The version of ONNX's operators, at least 18; None for the exporter's own.
    """
    return torch.onnx.export(
        program_names.renamed(network),
        examples,
        dynamo=True,
        verbose=False,
        input_names=inputs,
        output_names=outputs,
        opset_version=opset,
        dynamic_shapes=any_batch(examples),
    )


def write(model: Network, path: Path, opset: int | None = None) -> None:
    """Write a network and check the file by ONNX's own checker.

    Raises
    ------
    OpsetError
        The network could not be brought to the version of ONNX's operators.
    Exception
        Some class of torch or onnx, where ONNX cannot take the network.
    """
    import onnx
    from onnxscript import version_converter

    inputs = [port.name for port in model.analysis.inputs]
    outputs = [port.name for port in model.analysis.outputs if not port.auxiliary]
    named = [f"{name}_out" if name in inputs else name for name in outputs]
    exported = None if opset is None else max(opset, _LEAST_OPSET)
    written = program(model.network, model.examples, inputs, named, exported)
    onnx_names.restore(written.model, program_names.new_names(model.network))
    for node in list(written.model.graph):
        if node.op_type in _POOLS and "ceil_mode" in node.attributes:
            _floor(written.model.graph, node)
    onnx_names.rename(written.model, model.network, model.analysis)
    written.model.metadata_props.clear()
    written.model.metadata_props.update(model.about)
    if opset is not None and opset < _LEAST_OPSET:
        for node in written.model.graph:
            if node.op_type.startswith("Reduce"):  # an attribute that only later operators have
                node.attributes.pop("noop_with_empty_axes", None)
        version_converter.convert_version(written.model, opset, fallback=True)
    found = written.model.opset_imports.get("")
    if opset not in (None, found):
        raise OpsetError(f"the converter returned opset {found}")
    written.save(str(path), external_data=False)
    carried_design.add_to_onnx(path, model.analysis.design)
    onnx.checker.check_model(str(path), full_check=True)


def _floor(graph: Any, node: Any) -> None:
    """Replace the ceil mode of a pooling node by padding that gives the same windows.

    With ceil mode, torch drops a last window that would begin in the padding; ONNX keeps it, in
    the shape that its checker infers. In floor mode both have the same windows if the end is padded
    up to the end of the last one.
    """
    from onnxscript import ir

    if not node.attributes["ceil_mode"].as_int():
        return
    sizes = node.inputs[0].shape[2:]
    counts = node.outputs[0].shape[2:]
    kernel = node.attributes["kernel_shape"].as_ints()
    strides = node.attributes["strides"].as_ints()
    dilations = (
        node.attributes["dilations"].as_ints()
        if "dilations" in node.attributes
        else [1] * len(kernel)
    )
    begin = list(node.attributes["pads"].as_ints()[: len(kernel)])
    end = [
        max(0, (count - 1) * stride + dilation * (extent - 1) + 1 - size - pad)
        for count, stride, dilation, extent, size, pad in zip(
            counts, strides, dilations, kernel, sizes, begin, strict=True
        )
    ]
    node.attributes["ceil_mode"] = ir.AttrInt64("ceil_mode", 0)
    counted = node.attributes.get("count_include_pad")
    if (
        counted is not None
        and counted.as_int()
        and any(a > b for a, b in zip(end, begin, strict=True))
    ):
        # torch's mean counts the zeros of the padding, but not what lies beyond it.
        if any(begin):
            node.replace_input_with(0, _padded(graph, node, begin))
            end = [a - b for a, b in zip(end, begin, strict=True)]
            begin = [0] * len(begin)
        node.attributes["count_include_pad"] = ir.AttrInt64("count_include_pad", 0)
    node.attributes["pads"] = ir.AttrInt64s("pads", [*begin, *(max(0, each) for each in end)])


def _padded(graph: Any, node: Any, padding: Sequence[int]) -> Any:
    """Insert a node that pads the input of another by zeros on both sides; return its output."""
    from onnxscript import ir

    pads = ir.tensor([0, 0, *padding, 0, 0, *padding], dtype=ir.DataType.INT64)
    constant = ir.Node("", "Constant", [], attributes=[ir.AttrTensor("value", pads)])
    pad = ir.Node("", "Pad", [node.inputs[0], constant.outputs[0]])
    graph.insert_before(node, [constant, pad])
    return pad.outputs[0]


def has_runtime() -> bool:
    """Return whether onnxruntime is installed."""
    return importlib.util.find_spec("onnxruntime") is not None


def runner(path: Path) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """Return what runs a file: onnxruntime or, if that is not installed, onnx itself."""
    side_effects.disable_telemetry()
    try:
        import onnxruntime
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(str(path))
        return lambda arrays: list(evaluator.run(None, dict(arrays)))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda arrays: list(session.run(None, dict(arrays)))
