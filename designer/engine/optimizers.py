"""From the settings of a recipe to torch's optimizer."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from designer.engine.lars import LARS
from designer.engine.torch_internals import eager
from designer.errors import DesignerError
from designer.recipe import optimizers

OWN: Mapping[str, type[Optimizer]] = {"LARS": LARS}
"""Optimizers that torch does not have."""


def optimizer(
    settings: optimizers.Optimizer,
    parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
    *,
    device: torch.device,
) -> Optimizer:
    """Return the optimizer, in its fused form where torch has one, which is the fastest.

    Parameters
    ----------
    settings
        Name and settings; the row of the table says what torch calls them.
    parameters
        What is trained: parameters, or groups of them as `freezing.groups` returns them.
    device
        Where the parameters are.

    Raises
    ------
    DesignerError
        The optimizer takes one learning rate, but the groups have several.
    """
    row = optimizers.OPTIMIZERS[settings.name]
    kind: type[Optimizer] = OWN.get(row.torch) or getattr(torch.optim, row.torch)
    arguments = row.arguments(settings)
    if device.type in row.fused:
        arguments["fused"] = True
    trained: list[Any] = list(parameters)  # either kind, which torch tells apart by its first item
    if row.full_batch and len(trained) > 1 and isinstance(trained[0], dict):
        raise DesignerError(
            f"{row.title} takes one learning rate for all layers, but the design has several "
            "factors for it: set them to 1, or to 0 to freeze, or choose another optimizer."
        )
    if "decay_norms" in row.settings and not settings.decay_norms:
        trained = list(_decay_apart(trained))
    return eager(kind)(trained, **arguments)


def _decay_apart(trained: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield the groups, each divided into one with weight decay and one without.

    As usual, these are parameters with fewer than two dimensions: norms and biases.
    """
    whole = list(trained)
    for group in whole if isinstance(whole[0], dict) else [{"params": whole}]:
        yield {**group, "params": [each for each in group["params"] if each.ndim > 1]}
        flat = [each for each in group["params"] if each.ndim <= 1]
        yield {**group, "params": flat, "weight_decay": 0.0}
