"""LARS, layer-wise adaptive rate scaling, which torch does not have."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class LARS(Optimizer):
    """SGD with momentum whose step for each weight tensor is a share of the tensor's norm.

    ``r = trust * |w| / (|g| + weight_decay * |w|)``, ``v <- momentum * v + lr * r * (g +
    weight_decay * w)``, ``w <- w - v`` (You, Gitman and Ginsburg, 2017: Large batch training of
    convolutional networks, algorithm 1). Where a norm is 0, ``r`` is 1. As is usual, parameters
    with fewer than two dimensions, norms and biases, have ``r = 1`` and no weight decay.

    Parameters
    ----------
    params
        Parameters, or groups of them.
    lr, momentum, weight_decay, trust
        As in the formula.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust: float = 0.001,
    ) -> None:
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust}
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                change = _scaled(weight, group) if weight.ndim > 1 else weight.grad
                self._change(weight, change, group)
        return loss

    def _change(self, weight: Tensor, change: Tensor, group: dict[str, Any]) -> None:
        """Add a change, which the learning rate scales, to the velocity, and step along it."""
        if not group["momentum"]:
            weight.add_(change, alpha=-group["lr"])
            return
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        velocity = state["momentum_buffer"]
        velocity.mul_(group["momentum"]).add_(change, alpha=group["lr"])
        weight.sub_(velocity)


def _scaled(weight: Tensor, group: dict[str, Any]) -> Tensor:
    """Return the gradient with weight decay, scaled to a share of the norm of the weights."""
    decay, gradient = group["weight_decay"], weight.grad
    assert gradient is not None
    of_weight, of_gradient = torch.linalg.vector_norm(weight), torch.linalg.vector_norm(gradient)
    ratio = group["trust"] * of_weight / (of_gradient + decay * of_weight)
    # On the device, without waiting for the norms.
    ratio = torch.where((of_weight > 0) & (of_gradient > 0), ratio, 1.0)
    return gradient.add(weight, alpha=decay).mul_(ratio)
