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
from typing import TYPE_CHECKING

from designer.analysis.wiring import Source, Wiring
from designer.layers.base import Category, Layer
from designer.layers.ports import Input, Output

if TYPE_CHECKING:
    from designer.analysis.results import NodeResult

_MOST = 5  # nodes in a statement
_MOST_BEFORE_WEIGHTS = 1  # other nodes before the one with weights
_FEW_INPUTS = 2  # of a node that reads an expression; that of two is a single node then


class Role(Enum):
    """What a node is for the look of a statement."""

    WEIGHTS = "a layer that multiplies and adds"
    BLOCK = "a block"
    NORM = "a normalisation"
    ACTIVATION = "an activation"
    INPUT = "an input, which the caller holds"
    OUTPUT = "an output, which is returned"
    OTHER = "anything else"


# An enum's attribute takes ten times as long to read as a name.
WEIGHTS, BLOCK, NORM, ACTIVATION, INPUT, OUTPUT, OTHER = Role

_BEFORE_WEIGHTS = (NORM, ACTIVATION)  # may stand together before the one with weights


def role(layer: Layer) -> Role:
    """Return what a layer is for the look of a statement; it follows from its type alone.

    So one class serves the uses of a block whose shortcut projects and those where it does not.
    """
    if layer.activation:
        return ACTIVATION
    if layer.category is Category.NORMALISATION:
        return NORM
    if type(layer).macs is not Layer.macs:
        return WEIGHTS
    if isinstance(layer, Input):
        return INPUT
    return OUTPUT if isinstance(layer, Output) else OTHER


def written_into_reader(
    wiring: Wiring, results: Mapping[str, "NodeResult"], training_only: Collection[str]
) -> frozenset[str]:
    """Return the nodes whose result is part of their reader's expression, or of the return."""
    sources, readers, targets = wiring.sources, wiring.readers, wiring.targets
    ports = (INPUT, OUTPUT)
    steps = [name for name in wiring.order if results[name].role not in ports]
    left: dict[Source, int] = {}
    found: list[str] = []
    statement: list[Role] = []
    frees = False
    pending: Source | None = None
    following: str | None
    for name, following in zip(steps, [*steps, None][1:], strict=True):
        result = results[name]
        for source in sources[name]:
            if source is None or source == pending:
                continue
            number = readers[source]
            if number > 1:
                number = left[source] = left.get(source, number) - 1
                if number:
                    continue
            before = results.get(source[0])  # forward itself holds no input
            frees = frees or (before is not None and before.role is not INPUT)
        statement.append(result.role)
        pending = None
        if following is None:  # what is left is to return it, in one place or in two
            goes_on = not training_only
        else:
            goes_on = (
                targets[name] == (following,)
                and (name in training_only) == (following in training_only)
                and _goes_on(statement, results[following], len(sources[following]), frees)
            )
        if goes_on and len(result.outputs) == 1 and readers.get((name, 0)) == 1:
            found.append(name)
            pending = (name, 0)
        else:
            statement, frees = [], False
    return frozenset(found)


def _goes_on(statement: list[Role], following: "NodeResult", inputs: int, frees: bool) -> bool:
    """Tell whether a statement is to have one more node in it."""
    if len(statement) >= _MOST or inputs > _FEW_INPUTS or (inputs > 1 and len(statement) > 1):
        return False
    reader = following.role
    if reader in (WEIGHTS, BLOCK):
        if WEIGHTS in statement or BLOCK in statement:
            return False
        both = all(each in statement for each in _BEFORE_WEIGHTS)
        if reader is WEIGHTS and both and all(each in _BEFORE_WEIGHTS for each in statement):
            return True
        if len(statement) > _MOST_BEFORE_WEIGHTS:
            return False
    if reader is NORM:
        if NORM in statement:
            return False
        if statement[-1] is WEIGHTS:
            return True
    if reader is ACTIVATION and statement[-1] in (WEIGHTS, NORM):
        return True
    effect = following.effect
    return not (frees and effect is not None and effect.peak > 0)
