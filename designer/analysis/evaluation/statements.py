"""How the generated forward is divided into statements, which decides how long its tensors live.

A result with one reader that comes next may be written into that reader's own expression; any other
gets a variable. A statement reads as a person would write it: at most one layer with weights, with
the norm and the activation that belong to it.

A variable that is read for the last time lives on to the end of its statement. So a statement that
reads one ends before anything new is made, unless that is the norm or the activation behind a layer
with weights, or such a layer behind its norm and activation.
"""

from collections.abc import Collection, Mapping

from designer.analysis.evaluation.wiring import Source, Wiring
from designer.layers.memory_signature import (
    ACTIVATION,
    BLOCK,
    INPUT,
    NORM,
    OUTPUT,
    WEIGHTS,
    MemorySignature,
    StatementRole,
)

_MOST = 5  # nodes in a statement
_MOST_BEFORE_WEIGHTS = 1  # other nodes before the one with weights
_FEW_INPUTS = 2  # of a node that reads an expression; that of two is a single node then


_BEFORE_WEIGHTS = (NORM, ACTIVATION)  # may stand together before the one with weights


def written_into_reader(
    wiring: Wiring, memory_signatures: Mapping[str, MemorySignature], training_only: Collection[str]
) -> frozenset[str]:
    """Return the nodes whose result is part of their reader's expression, or of the return."""
    sources, readers, targets = wiring.sources, wiring.readers, wiring.targets
    ports = (INPUT, OUTPUT)
    steps = [name for name in wiring.order if memory_signatures[name].role not in ports]
    left: dict[Source, int] = {}
    found: list[str] = []
    statement: list[StatementRole] = []
    frees = False
    pending: Source | None = None
    following: str | None
    for name, following in zip(steps, [*steps, None][1:], strict=True):
        memory_signature = memory_signatures[name]
        for source in sources[name]:
            if source is None or source == pending:
                continue
            number = readers[source]
            if number > 1:
                number = left[source] = left.get(source, number) - 1
                if number:
                    continue
            if not frees:  # forward itself holds no input
                before = memory_signatures.get(source[0])
                frees = before is not None and before.role is not INPUT
        statement.append(memory_signature.role)
        pending = None
        if following is None:  # what is left is to return it, in one place or in two
            goes_on = not training_only
        else:
            goes_on = (
                targets[name] == (following,)
                and (name in training_only) == (following in training_only)
                and _goes_on(
                    statement, memory_signatures[following], len(sources[following]), frees
                )
            )
        if goes_on and len(memory_signature.aliases) == 1 and readers.get((name, 0)) == 1:
            found.append(name)
            pending = (name, 0)
        else:
            statement, frees = [], False
    return frozenset(found)


def _goes_on(
    statement: list[StatementRole], following: MemorySignature, inputs: int, frees: bool
) -> bool:
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
    return not (frees and following.allocates_in_eval)
