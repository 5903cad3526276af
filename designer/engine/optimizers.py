"""From the settings of a recipe to torch's optimizer."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from designer.engine.torch_internals import eager
from designer.recipe import optimizers


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
    """
    row = optimizers.OPTIMIZERS[settings.name]
    kind: type[Optimizer] = getattr(torch.optim, row.torch)
    arguments = row.arguments(settings)
    if device.type in row.fused:
        arguments["fused"] = True
    trained: Any = list(parameters)  # either kind, which torch tells apart by its first item
    return eager(kind)(trained, **arguments)
