"""The initialization of a whole network, as the recipe says it, before the first step."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

from designer.analysis.accounting.residual_branches import residual_branches
from designer.analysis.analysis import Analysis
from designer.engine.freezing import mode_kept
from designer.engine.inputs import Inputs
from designer.engine.lsuv import scale_to_unit_variance
from designer.layers.initialization import InitializedWeights, filled
from designer.layers.tensors import StateRole
from designer.recipe.initialization import DESIGN, INITIALIZATIONS, LSUV, Initialization

_SEEDS = 2**63
_STREAM = 0x9E3779B97F4A7C15  # so that no weight equals one that torch drew from the recipe's seed

_NAMED = 5  # layers that a sentence names

Fill = Callable[[Tensor, Initialization, torch.Generator], object]


def _mode(how: Initialization) -> Literal["fan_in", "fan_out"]:
    return "fan_in" if how.mode == "fan_in" else "fan_out"


FILLS: Mapping[str, Fill] = {
    "zeros": lambda weight, _, __: nn.init.zeros_(weight),
    "constant": lambda weight, how, _: nn.init.constant_(weight, how.argument),
    "normal": lambda weight, how, g: nn.init.normal_(weight, std=how.argument, generator=g),
    "xavier_uniform": lambda weight, how, g: nn.init.xavier_uniform_(weight, how.argument, g),
    "xavier_normal": lambda weight, how, g: nn.init.xavier_normal_(weight, how.argument, g),
    "kaiming_uniform": lambda weight, how, g: nn.init.kaiming_uniform_(
        weight, mode=_mode(how), nonlinearity="relu", generator=g
    ),
    "kaiming_normal": lambda weight, how, g: nn.init.kaiming_normal_(
        weight, mode=_mode(how), nonlinearity="relu", generator=g
    ),
    "orthogonal": lambda weight, how, g: nn.init.orthogonal_(weight, how.argument, g),
    LSUV: lambda weight, _, g: nn.init.orthogonal_(weight, generator=g),
}
"""What fills a weight, for each row of `INITIALIZATIONS` but the one that leaves the design's."""


def generator(seed: int) -> torch.Generator:
    """Return the generator from which all weights are drawn, one after another in forward order.

    It is one of its own, so that all other draws of a training are the same with any
    initialization.
    """
    return torch.Generator().manual_seed((seed * 1_000_003 + _STREAM) % _SEEDS)


def initialize(
    network: nn.Module,
    analysis: Analysis,
    how: Initialization,
    *,
    seed: int,
    batch: Callable[[], Inputs],
) -> list[str]:
    """Draw the weights of a network anew; weights are drawn on the CPU, so on every device alike.

    Layers with a ``weight_init`` of their own keep what they have. Of the others biases become 0,
    unless they have a ``bias_init``.

    Parameters
    ----------
    network
        The network, on its device.
    analysis
        Of its design.
    how
        The recipe's.
    seed
        The recipe's.
    batch
        Returns the inputs of a batch, on the device of the network; called for LSUV only.

    Returns
    -------
    list of str
        Sentences for the user; none where the design's own initialization is left.
    """
    if not how.active:
        return []
    keep = [
        path
        for path, result in analysis.top.layers()
        if isinstance(result.layer, InitializedWeights) and result.layer.weight_init != "default"
    ]
    notes = []
    with torch.no_grad():
        if how.name != DESIGN:
            weights = _fill(network, analysis, how, seed=seed)
            notes.append(_filled_words(how, keep, any_filled=bool(weights)))
        if how.zero_last:
            notes.append(_zeroed_words(_zero_last(network, analysis, keep)))
        if how.name == LSUV:
            with _restored(network):
                left = scale_to_unit_variance(network, weights, batch())
            if left:
                notes.append(
                    f"LSUV did not scale {some(left)}: the output for the first batch does not "
                    "vary."
                )
    return notes


def _fill(network: nn.Module, analysis: Analysis, how: Initialization, *, seed: int) -> list[str]:
    """Fill the weights, zero the biases; return the names of the weights in forward order."""
    source = generator(seed)
    names = []
    for path, result in analysis.top.layers():
        layer = result.layer
        if not isinstance(layer, InitializedWeights) or layer.weight_init != "default":
            continue
        if result.shares:  # the layer that has the weights fills them
            continue
        given = tuple([each for each in result.inputs if each is not None])
        for state in filled(layer, given):
            name = f"{path}.{state.name}"
            drawn = torch.empty(state.shape)
            FILLS[how.name](drawn, how, source)
            network.get_parameter(name).copy_(drawn)
            if not layer.unpacks:  # LSUV scales by what the module gives
                names.append(name)
        for state in layer.states(given):
            if state.role is StateRole.BIAS and getattr(layer, "bias_init", None) is None:
                network.get_parameter(f"{path}.{state.name}").zero_()
    return names


def _zero_last(network: nn.Module, analysis: Analysis, keep: Collection[str]) -> int:
    """Zero what residual branches end with; return how many branches then give 0."""
    found = [each for each in residual_branches(analysis.top) if each.last not in keep]
    for branch in found:
        for name in branch.tensors:
            network.get_parameter(f"{branch.last}.{name}").zero_()
    return len(found)


@contextmanager
def _restored(network: nn.Module) -> Iterator[None]:
    """Let a network see a batch as in training but without noise; restore all but its weights.

    Norms use the statistics of the batch, since their running ones say nothing yet. Dropout is off.
    """
    buffers = {name: each.clone() for name, each in network.named_buffers()}
    device = next(network.parameters()).device
    with mode_kept(network), torch.random.fork_rng([device] if device.type == "cuda" else []):
        network.train()
        for each in network.modules():
            if not [*each.children()] and not hasattr(each, "running_mean"):
                each.eval()
        try:
            yield
        finally:
            for name, buffer in network.named_buffers():
                buffer.copy_(buffers[name])


def some(names: list[str]) -> str:
    """Return names for a sentence: the first few, and how many there are more."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _filled_words(how: Initialization, keep: list[str], *, any_filled: bool) -> str:
    if not any_filled:
        return (
            "The initialization of the recipe has no effect: no layer with weights is without one "
            "of its own in the design."
        )
    words = f"The weights were initialized by the recipe: {INITIALIZATIONS[how.name].title}."
    if not keep:
        return words
    return f"{words} With an initialization of their own in the design: {some(keep)}."


def _zeroed_words(count: int) -> str:
    if not count:
        return (
            "The setting initialization.zero_last has no effect: the design has no residual branch "
            "whose last layer could begin at 0."
        )
    branches = "1 residual branch begins" if count == 1 else f"{count:,} residual branches begin"
    return f"{branches} at 0."
