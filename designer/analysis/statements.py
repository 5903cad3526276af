"""How the generated forward is divided into statements, which decides how long its tensors live.

A result with one reader that comes next may be written into that reader's own expression; any other
gets a variable. A statement reads as a person would write it: at most one layer with weights, with
the norm and the activation that belong to it.

A variable that is read for the last time lives on to the end of its statement. So a statement that
reads one ends before anything new is made, unless that is the norm or the activation behind a layer
with weights, or such a layer behind its norm and activation.
"""

from collections.abc import Collection, Mapping
from enum import Enum

from designer.analysis.results import NodeResult
from designer.analysis.wiring import Source, Wiring
from designer.layers.base import Category
from designer.layers.ports import Input, Output

_MOST = 5  # nodes in a statement
_MOST_BEFORE_WEIGHTS = 1  # other nodes before the one with weights
_FEW_INPUTS = 2  # of a node that reads an expression; that of two is a single node then


class Role(Enum):
    """What a node is for the look of a statement."""

    WEIGHTS = "a layer that multiplies and adds"
    BLOCK = "a block"
    NORM = "a normalisation"
    ACTIVATION = "an activation"
    OTHER = "anything else"


def role(result: NodeResult) -> Role:
    """Return what a node is for the look of a statement."""
    layer = result.layer
    if layer is None:
        return Role.BLOCK
    if layer.activation:
        return Role.ACTIVATION
    if layer.category is Category.NORMALISATION:
        return Role.NORM
    return Role.WEIGHTS if result.counts.macs else Role.OTHER


def written_into_reader(
    wiring: Wiring, results: Mapping[str, NodeResult], training_only: Collection[str]
) -> frozenset[str]:
    """Return the nodes whose result is part of their reader's expression, or of the return."""
    steps = [
        name
        for name in wiring.order
        if name in results and not isinstance(results[name].layer, Input | Output)
    ]
    left = dict(wiring.readers)
    found: set[str] = set()
    statement: list[Role] = []
    frees = False
    pending: Source | None = None
    following: str | None
    for name, following in zip(steps, [*steps, None][1:], strict=True):
        for source in wiring.sources[name]:
            if source is None:
                continue
            left[source] -= 1
            if source != pending and not left[source] and _has_variable(results, source[0]):
                frees = True
        statement.append(role(results[name]))
        pending = None
        if (
            wiring.readers.get((name, 0)) == 1
            and len(results[name].outputs) == 1
            and _goes_on(wiring, results, training_only, name, following, statement, frees)
        ):
            found.add(name)
            pending = (name, 0)
        else:
            statement, frees = [], False
    return frozenset(found)


def _has_variable(results: Mapping[str, NodeResult], source: str) -> bool:
    """Tell whether forward itself holds a tensor; inputs are held by the caller."""
    return source in results and not isinstance(results[source].layer, Input)


def _goes_on(
    wiring: Wiring,
    results: Mapping[str, NodeResult],
    training_only: Collection[str],
    name: str,
    following: str | None,
    statement: list[Role],
    frees: bool,
) -> bool:
    if following is None:  # what is left is to return it, in one place or in two
        return not training_only
    if wiring.targets[name] != (following,):
        return False
    if (name in training_only) != (following in training_only):
        return False
    inputs = len(wiring.sources[following])
    if len(statement) >= _MOST or inputs > _FEW_INPUTS or (inputs > 1 and len(statement) > 1):
        return False
    reader = role(results[following])
    if reader in (Role.WEIGHTS, Role.BLOCK):
        if Role.WEIGHTS in statement or Role.BLOCK in statement:
            return False
        if reader is Role.WEIGHTS and {*statement} == {Role.NORM, Role.ACTIVATION}:
            return True
        if len(statement) > _MOST_BEFORE_WEIGHTS:
            return False
    if reader is Role.NORM:
        if Role.NORM in statement:
            return False
        if statement[-1] is Role.WEIGHTS:
            return True
    if reader is Role.ACTIVATION and statement[-1] in (Role.WEIGHTS, Role.NORM):
        return True
    effect = results[following].effect
    return not (frees and effect is not None and effect.peak > 0)
