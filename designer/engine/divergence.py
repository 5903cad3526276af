"""Where a loss became NaN or infinite: the first layer that produced such a value."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Diverged(Exception):  # noqa: N818 - an outcome, not an error
    """The loss or a weight is no longer finite; the message says where that began."""


def origin(network: nn.Module, loss: Callable[[], Tensor]) -> str:
    """Return a clause that names the first layer with NaN or infinity, computing the loss again.

    Weights are checked first: NaN in a gradient spreads from the output to the input, so that of
    several broken layers the one nearest the output was the first.

    Parameters
    ----------
    network
        The network as it is now.
    loss
        Computes its loss on the current batch.
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
        return "the loss itself overflows, after the last layer"
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
            found.append(f"layer {name} ({type(module).__name__}) was the first to produce it")
        else:
            found.append(f"it arose between the layers before {name}, whose input it is")

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
