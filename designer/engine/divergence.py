"""Where a loss became NaN or infinite: the first layer that made it so."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


def origin(network: nn.Module, loss: Callable[[], Tensor]) -> str:
    """Say which layer first gives what is not finite, by computing the loss once more.

    ``loss`` runs ``network`` on the batch at hand. Weights are looked at first: NaN in a gradient
    spreads from the output to the input, so of several the layer nearest the output began it.
    """
    if broken := broken_weights(network):
        return f"the last update broke the weights of layer {_layer(broken[-1])}"
    found: list[str] = []
    handles = [
        module.register_forward_hook(_hook(name, found))
        for name, module in network.named_modules()
        if name and not any(module.children())
    ]
    try:
        total = loss()
    finally:
        for handle in handles:
            handle.remove()
    if found:
        return found[0]
    if not torch.isfinite(total):
        return "the loss itself overflows, behind the last layer"
    total.backward()  # type: ignore[no-untyped-call]
    broken = [
        name
        for name, weight in network.named_parameters()
        if weight.grad is not None and not torch.isfinite(weight.grad).all()
    ]
    if broken:
        return f"the gradient of layer {_layer(broken[-1])} is not finite"
    return "the same batch gives a finite loss when computed again"


def broken_weights(network: nn.Module) -> list[str]:
    """Return the names of the parameters and buffers that hold NaN or infinity."""
    state = {**dict(network.named_buffers()), **dict(network.named_parameters())}
    return [
        name
        for name, value in state.items()
        if value.is_floating_point() and not torch.isfinite(value).all()
    ]


def _hook(name: str, found: list[str]) -> Callable[..., None]:
    def look(module: nn.Module, inputs: Any, output: Any) -> None:
        if found or _finite(output):
            return
        if _finite(inputs):
            found.append(f"layer {name} ({type(module).__name__}) was the first to give it")
        else:
            found.append(f"it arose between the layers before {name}, and {name} was given it")

    return look


def _finite(value: Any) -> bool:
    if isinstance(value, Tensor):
        return not value.is_floating_point() or bool(torch.isfinite(value).all())
    if isinstance(value, tuple | list):
        return all(map(_finite, value))
    return True


def _layer(name: str) -> str:
    """Return the layer that a parameter belongs to."""
    return name.rpartition(".")[0] or name
