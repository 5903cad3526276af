"""Why a format cannot take a network: each kind of layer is tried alone."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from designer.analysis.analysis import Analysis
from designer.errors import DesignerError
from designer.runs.export_formats import (
    NEWEST_OPSET,
    OLDEST_OPSET,
    ExportFormat,
    ExportOptions,
)

Convert = Callable[[nn.Module, tuple[Tensor, ...]], object]


class ExportedNetwork(Protocol):
    """A network with its analysis, and inputs with which it is traced."""

    @property
    def network(self) -> nn.Module: ...
    @property
    def analysis(self) -> Analysis: ...
    @property
    def examples(self) -> tuple[Tensor, ...]: ...


class Model(ExportedNetwork, Protocol):
    """What is needed of a model to say why it cannot be written."""

    @property
    def options(self) -> ExportOptions: ...


def refusal(
    model: Model, kind: ExportFormat, error: Exception, convert: Convert | None, others: str
) -> DesignerError:
    """Return the sentence for a format that cannot take the network; it names the layer.

    Parameters
    ----------
    model, kind
        The network and the format.
    error
        What torch or onnx raised.
    convert
        Converts a module alone to the format; None for a format that takes every network.
    others
        The formats that take every network, as in ".py or .pt".
    """
    if isinstance(error, ImportError):
        package = error.name or kind.package
        return DesignerError(
            f"{kind.title} files need the package {package}: install it with pip install {package}."
        )
    name = model.analysis.design.name
    layer = culprit(model.network, model.analysis, model.examples, convert) if convert else ""
    if layer:
        return DesignerError(
            f"{name} cannot be written as {kind.title}, which has no counterpart of {layer}: "
            f"choose another layer there, or use {others}, which take every network."
        )
    reason = _reason(error)
    if kind.suffix == ".onnx" and model.options.opset is not None:
        return DesignerError(
            f"{name} cannot be written as ONNX of opset {model.options.opset} ({reason}): opsets "
            f"from {OLDEST_OPSET} to {NEWEST_OPSET} are tried, and those from 18 on fail rarely; "
            "choose one of these, or leave the opset to the exporter."
        )
    return DesignerError(
        f"{name} cannot be written as {kind.title} ({reason}): use {others}, which take every "
        "network."
    )


def _reason(error: BaseException) -> str:
    """Return the first line of the innermost error; the outer ones only name the step."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()  # torch colors its sentences
    return (text or repr(error)).splitlines()[0][:200].rstrip(".")


def culprit(
    network: nn.Module, analysis: Analysis, examples: tuple[Tensor, ...], convert: Convert
) -> str:
    """Return the first layer that cannot be converted alone, as "n0 (AdaptiveMaxPool2d)".

    Layers of equal settings and input shapes are tried once. It costs a second or less for each
    kind, and only when a conversion has failed.

    Parameters
    ----------
    network, analysis
        The module, and the analysis of its design.
    examples
        Inputs of the module.
    convert
        Raises an error for a module that the format cannot take.

    Returns
    -------
    str
        The layer's path and type in the design; "" if each layer alone can be converted.
    """
    types = {row.path: row.type for row in analysis.rows()}
    tried = set()
    for path, layer, inputs in _calls(network, examples):
        settings = {name: value for name, value in vars(layer).items() if name[0] != "_"}
        kind = (type(layer), repr(settings), tuple(each.shape for each in inputs))
        if kind in tried:
            continue
        tried.add(kind)
        try:
            convert(layer, inputs)
        except Exception:
            owner = path if path in types else path.rpartition(".")[0]  # one of two modules
            return f"{owner} ({types[owner]})" if owner in types else path
    return ""


def _calls(
    network: nn.Module, examples: tuple[Tensor, ...]
) -> Iterator[tuple[str, nn.Module, tuple[Tensor, ...]]]:
    """Yield the path, the module and the inputs of each layer, in the order of the calls."""
    found: dict[str, tuple[nn.Module, tuple[Tensor, ...]]] = {}

    def hook(path: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def keep(module: nn.Module, inputs: tuple[Any, ...]) -> None:
            if all(isinstance(each, Tensor) for each in inputs):
                found.setdefault(path, (module, tuple(each.clone() for each in inputs)))

        return keep

    leaves: Mapping[str, nn.Module] = {
        path: module
        for path, module in network.named_modules()
        if path and not any(True for _ in module.children())
    }
    handles = [module.register_forward_pre_hook(hook(path)) for path, module in leaves.items()]
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), suppress(RuntimeError):
            network(*examples)
    finally:
        for handle in handles:
            handle.remove()
    for path, (module, inputs) in found.items():
        yield path, module, inputs
