"""What a recipe does to gradients before a step and to weights after it, besides the optimizer."""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvTransposeNd

from designer.recipe.recipe import Recipe

Rule = Callable[[], None]


def gradient_rules(recipe: Recipe, parameters: Sequence[nn.Parameter]) -> tuple[Rule, ...]:
    """Return what changes the gradients before a step, in order: penalty, then clipping.

    Parameters
    ----------
    recipe
        Its settings.
    parameters
        Those that learn.
    """
    found: list[Rule] = []
    penalty = recipe.regularization.l1
    by_value, by_norm = recipe.gradient_clipping_value, recipe.gradient_clipping
    if penalty:
        found.append(lambda: _add_signs(parameters, penalty))
    if by_value is not None:
        found.append(lambda: nn.utils.clip_grad_value_(parameters, by_value))
    if by_norm is not None:
        found.append(lambda: _clip_norm(parameters, by_norm))
    return tuple(found)


def weight_rules(recipe: Recipe, network: nn.Module) -> tuple[Rule, ...]:
    """Return what changes the weights after a step: the bound of their norm."""
    largest = recipe.regularization.max_norm
    if largest is None:
        return ()
    units = list(_units(network))

    def bound() -> None:
        for weight, axes in units:
            norms = torch.linalg.vector_norm(weight, dim=axes, keepdim=True)
            weight.mul_((largest / norms).clamp_(max=1.0))  # by 1 where the norm is 0

    return (bound,)


def _clip_norm(parameters: Sequence[nn.Parameter], largest: float) -> None:
    nn.utils.clip_grad_norm_(parameters, largest)


def _add_signs(parameters: Sequence[nn.Parameter], penalty: float) -> None:
    """Add the gradient of an L1 penalty to those of weights: of all but norms and biases."""
    with torch.no_grad():
        for weight in parameters:
            if weight.ndim > 1 and weight.grad is not None:
                weight.grad.add_(weight.sign(), alpha=penalty)


def _units(network: nn.Module) -> Iterator[tuple[Tensor, tuple[int, ...]]]:
    """Yield the weights that learn, with the axes along which those of one unit lie.

    They share memory with the parameters. A transposed convolution has its units in the second
    axis, by groups.
    """
    for module in network.modules():
        for weight in module.parameters(recurse=False):
            if weight.ndim < 2 or not weight.requires_grad:
                continue
            values = weight.detach()
            if isinstance(module, _ConvTransposeNd):
                values = values.view(module.groups, -1, *values.shape[1:])
                yield values, (1, *range(3, values.ndim))
            else:
                yield values, tuple(range(1, values.ndim))
