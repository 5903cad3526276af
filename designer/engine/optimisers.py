"""From a recipe to torch's optimiser."""

from collections.abc import Iterable

import torch
from torch import nn

from designer.runs.recipe import Optimiser


def optimiser(
    recipe: Optimiser, parameters: Iterable[nn.Parameter], *, device: torch.device
) -> torch.optim.Optimizer:
    """Return the optimiser, in its fused form where torch has one: the fastest everywhere."""
    held = list(parameters)
    rate, decay, epsilon = recipe.learning_rate, recipe.weight_decay, recipe.epsilon
    fused = device.type in ("cuda", "cpu", "mps")
    match recipe.name:
        case "sgd":
            return torch.optim.SGD(
                held,
                lr=rate,
                momentum=recipe.momentum,
                nesterov=recipe.nesterov and recipe.momentum > 0,
                weight_decay=decay,
                fused=fused,
            )
        case "rmsprop":  # has no fused form
            return torch.optim.RMSprop(
                held,
                lr=rate,
                alpha=recipe.decay,
                eps=epsilon,
                momentum=recipe.momentum,
                weight_decay=decay,
            )
        case "adagrad":  # fused on the CPU only
            return torch.optim.Adagrad(
                held, lr=rate, eps=epsilon, weight_decay=decay, fused=device.type == "cpu"
            )
        case "adam" | "adamw":
            kind = torch.optim.Adam if recipe.name == "adam" else torch.optim.AdamW
            return kind(
                held, lr=rate, betas=recipe.betas, eps=epsilon, weight_decay=decay, fused=fused
            )
