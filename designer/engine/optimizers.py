"""From a recipe to torch's optimizer."""

import inspect
from collections.abc import Iterable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.optim import Optimizer

from designer.runs import recipe as recipes

_Kind = TypeVar("_Kind", bound=Optimizer)


def optimizer(
    recipe: recipes.Optimizer,
    parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
    *,
    device: torch.device,
) -> Optimizer:
    """Return the optimizer, in its fused form where torch has one: the fastest everywhere.

    ``parameters`` may be groups, as ``freezing.groups`` returns them.
    """
    held: Any = list(parameters)
    rate, decay, epsilon = recipe.learning_rate, recipe.weight_decay, recipe.epsilon
    fused = device.type in ("cuda", "cpu", "mps")
    match recipe.name:
        case "sgd":
            return _eager(torch.optim.SGD)(
                held,
                lr=rate,
                momentum=recipe.momentum,
                nesterov=recipe.nesterov and recipe.momentum > 0,
                weight_decay=decay,
                fused=fused,
            )
        case "rmsprop":  # has no fused form
            return _eager(torch.optim.RMSprop)(
                held,
                lr=rate,
                alpha=recipe.decay,
                eps=epsilon,
                momentum=recipe.momentum,
                weight_decay=decay,
            )
        case "adagrad":  # fused on the CPU only
            return _eager(torch.optim.Adagrad)(
                held, lr=rate, eps=epsilon, weight_decay=decay, fused=device.type == "cpu"
            )
        case "adam" | "adamw":
            kind = torch.optim.Adam if recipe.name == "adam" else torch.optim.AdamW
            return _eager(kind)(
                held, lr=rate, betas=recipe.betas, eps=epsilon, weight_decay=decay, fused=fused
            )


def _eager(kind: type[_Kind]) -> type[_Kind]:
    """Return an optimizer of torch without what only torch's compiler needs, which is not used.

    Some methods are wrapped to keep the compiler out of them; the wrapper imports the compiler,
    900 modules, at the first call: more than a second before the first step. Nor is ``step``
    wrapped for torch's profiler and for hooks, which takes up to 0.1 ms a step.
    """
    shielded = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
    plain = {name: inspect.unwrap(getattr(kind, name)) for name in shielded}
    step = torch.no_grad()(inspect.unwrap(kind.step))
    step.hooked = True  # what torch marks a step with that it has wrapped
    return type(kind.__name__, (kind,), {**plain, "step": step})
