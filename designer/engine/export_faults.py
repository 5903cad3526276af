"""Which layer of a network a format cannot take: each kind of layer is tried alone."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn

from designer.analysis.analysis import Analysis

Convert = Callable[[nn.Module, tuple[Tensor, ...]], object]


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
