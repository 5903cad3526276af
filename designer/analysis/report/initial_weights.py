"""The standard deviation with which the weights of a layer begin, for a recipe's initialization."""

from typing import NamedTuple

from designer.analysis.accounting.residual_branches import residual_branches
from designer.analysis.analysis import Analysis
from designer.layers.category import Category
from designer.layers.facts import Facts
from designer.layers.initialization import SPREADS_OF, InitializedWeights, fans, filled
from designer.layers.tensors import StateRole
from designer.recipe.initialization import DESIGN, INITIALIZATIONS, LSUV, Initialization

ZERO_LAST, NORM = "zero_last", "norm"
UNDRAWN = (ZERO_LAST, NORM)
"""The sources of weights that are the same for every layer of their kind."""


class InitialWeight(NamedTuple):
    """How a weight of a layer begins.

    Attributes
    ----------
    name
        The tensor: "" for a layer's only one, else such as ``depthwise.weight``.
    deviation
        Its standard deviation; None where a batch decides it.
    formula
        How it is computed, with the numbers; "" where there is nothing to compute.
    words
        A clause for people: "standard deviation 0.0589 (fan in 576)".
    source
        What it is initialized by: "Kaiming, normal", "PyTorch's default"; or one of `UNDRAWN`.
    """

    name: str
    deviation: float | None
    formula: str
    words: str
    source: str


def initial_weights(analysis: Analysis, path: str, how: Initialization) -> list[InitialWeight]:
    """Return how the weights of a layer begin; nothing for a layer without weights.

    Parameters
    ----------
    analysis
        The analysis of the design.
    path
        The path of the layer.
    how
        The initialization of the recipe; a ``weight_init`` of the layer takes precedence.
    """
    result = analysis.node(path)
    layer = result.layer if result is not None else None
    if result is None or layer is None or not isinstance(result.effect, Facts):
        return []
    given = tuple([each for each in result.inputs if each is not None])
    own = isinstance(layer, InitializedWeights) and layer.weight_init != "default"
    if how.zero_last and not own and analysis.valid:
        for branch in residual_branches(analysis.top):
            if branch.last == path:
                words = "all 0, as the last weights of a residual branch"
                return [InitialWeight("", 0.0, "", words, ZERO_LAST)]
    weights = filled(layer, given)
    if not weights:
        norm = layer.category is Category.NORMALIZATION
        learned = any(each.role is StateRole.WEIGHT for each in layer.states(given))
        return [InitialWeight("", 0.0, "", "weights 1, biases 0", NORM)] if norm and learned else []
    found: dict[InitialWeight, None] = {}
    for state in weights:
        name = state.name if len(weights) > 1 else ""
        found[_of(layer, name, state.shape, how, own=own)] = None
    return [*found]


def _of(
    layer: object, name: str, shape: tuple[int, ...], how: Initialization, *, own: bool
) -> InitialWeight:
    assert isinstance(layer, InitializedWeights)
    if own:
        method, value, mode = layer.weight_init, layer.weight_init_value, layer.weight_init_mode
        source = f"its own, {method}"
    elif how.name == DESIGN:
        method, value, mode, source = "default", 1.0, "fan_in", "PyTorch's default"
    else:
        method, value, mode = how.name, how.argument, how.mode
        source = INITIALIZATIONS[how.name].title
    if method == LSUV:
        words = "scaled until the output for the first batch has a variance of 1"
        return InitialWeight(name, None, "", words, source)
    spread, of = SPREADS_OF[method], fans(shape)
    if method == "default":
        spread = layer.default_spread()
    deviation = spread.deviation(of, value, mode)
    if method in ("zeros", "constant"):
        words = f"all {0 if method == 'zeros' else value:g}"
    else:
        about = ", ".join(filter(None, (spread.about(of, mode), source if own else "")))
        words = f"standard deviation {deviation:.3g}{f' ({about})' if about else ''}"
    return InitialWeight(name, deviation, spread.formula(of, value, mode), words, source)


def sentence(analysis: Analysis, path: str, how: Initialization) -> str:
    """Return one line on a layer: "conv1: standard deviation 0.0589 (fan in 576)"."""
    found = initial_weights(analysis, path, how)
    if not found:
        return f"{path} has no weights."
    parts = [f"{each.name} {each.words}" if each.name else each.words for each in found[:2]]
    more = "; …" if len(found) > len(parts) else ""
    return f"{path}: {'; '.join(parts)}{more}"
