"""LSUV: weights scaled layer by layer until every output has a variance of 1.

Mishkin and Matas 2016, All you need is a good init (arXiv:1511.06422), algorithm 1. All layers are
scaled in one pass: a hook scales a layer as soon as its input is there, and computes it again.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from designer.engine.inputs import Inputs, call

_TOLERANCE = 1e-3  # of the variance; without biases that vary one scaling is exact
_MOST = 10  # scalings of a layer


def scale_to_unit_variance(network: nn.Module, weights: Sequence[str], inputs: Inputs) -> list[str]:
    """Scale weights until the output of the module that holds each has a variance of 1.

    The variance is that over all values for the batch. Weights that are all 0 stay so.

    Parameters
    ----------
    network
        The network; its gradients are off.
    weights
        The names of the weights.
    inputs
        A batch, on the device of the network.

    Returns
    -------
    list of str
        The modules whose output does not vary, or not finitely, so that they stay as they were.
    """
    left: list[str] = []
    handles = []
    for name in weights:
        owner, _, own = name.rpartition(".")
        module = network.get_submodule(owner)
        handles.append(module.register_forward_hook(_scaling(owner, own, left)))
    try:
        call(network, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return left


def _scaling(owner: str, own: str, left: list[str]) -> Callable[..., Tensor]:
    """Return the hook that scales a module's weight and returns its output after that.

    A module that several nodes share is scaled by its first output.
    """
    seen = False

    def scale(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        nonlocal seen
        weight = module.get_parameter(own)
        for _ in range(0 if seen else _MOST):
            seen = True
            if not weight.count_nonzero():
                return output
            variance = output.double().var(correction=0).item()
            if not 0 < variance < float("inf"):
                left.append(owner)
                return output
            if abs(variance - 1) < _TOLERANCE:
                return output
            weight.div_(variance**0.5)
            output = module.forward(*inputs)
            assert isinstance(output, torch.Tensor)
        return output

    return scale
