"""Which parameters learn and how fast, from the learning rate factors of a design's nodes."""

import operator
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.learning_rates import learning_rate_factors
from designer.errors import DesignerError


def freeze(network: nn.Module, analysis: Analysis) -> None:
    """Switch off gradients in the layers whose factor is 0, and put their norms into eval mode.

    It must be called again whenever the network was put into train mode.
    """
    for path, factor in learning_rate_factors(analysis.top).items():
        if factor == 0:
            layer = operator.attrgetter(path)(network)
            layer.requires_grad_(False)
            # A Parameter is itself a tensor and has no modules.
            for each in layer.modules() if isinstance(layer, nn.Module) else ():
                if getattr(each, "running_mean", None) is not None:
                    each.eval()


def groups(network: nn.Module, analysis: Analysis) -> list[dict[str, Any]]:
    """Return the parameters that learn as groups for an optimizer, each with its ``lr_scale``.

    A design without learning-rate factors gives one group of all parameters in their order.

    Raises
    ------
    DesignerError
        Nothing learns.
    """
    rates = learning_rate_factors(analysis.top)
    found: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if factor := _factor(name, rates):
            found.setdefault(factor, []).append(parameter)
    if not found:
        raise DesignerError(
            f"Nothing in {analysis.design.name} learns: every layer with weights is frozen. "
            "Unfreeze one."
        )
    return [{"params": group, "lr_scale": factor} for factor, group in found.items()]


def _factor(name: str, rates: Mapping[str, float]) -> float:
    """Return the factor of a parameter: that of the layer which holds it."""
    path = name
    while path not in rates:
        path = path.rpartition(".")[0]
    return rates[path]


@contextmanager
def mode_kept(network: nn.Module) -> Iterator[None]:
    """Restore every module's mode afterwards; frozen norms stay in eval mode in train mode, too."""
    modes = {module: module.training for module in network.modules()}
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
