"""How the generated forward is divided into statements, which decides how long its tensors live.

A result whose only reader comes next may be inlined: written into the reader's expression. Any
other result is assigned to a variable. A statement is written as a person would write it: at most
one layer with weights, with the norm and the activation that belong to it, as in
``y = F.relu(self.bn1(self.conv1(x)))``.

A variable that is read for the last time lives on to the end of the statement. So a statement that
reads such a variable ends before anything new is allocated. The exceptions are the norm or the
activation after a layer with weights, and such a layer after its norm and activation.
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
# The most inputs of a node into whose arguments another is written. With two inputs, only a
# single node is, not a chain: `self.add(self.conv(x), y)`.
_FEW_INPUTS = 2
_BEFORE_WEIGHTS = (NORM, ACTIVATION)  # may stand together before the node with weights


def inlined_nodes(
    wiring: Wiring, signatures: Mapping[str, MemorySignature], training_only: Collection[str]
) -> frozenset[str]:
    """Return the nodes whose result is part of their reader's expression or of the return.

    Parameters
    ----------
    wiring
        The wiring of the graph.
    signatures
        The memory signature of each node, by name.
    training_only
        Nodes that only auxiliary outputs need, which stand in ``if self.training:``.
    """
    sources, readers, targets = wiring.sources, wiring.readers, wiring.targets
    ports = (INPUT, OUTPUT)
    steps = [name for name in wiring.order if signatures[name].role not in ports]
    unread: dict[Source, int] = {}  # readers of a tensor that are still to come
    found: list[str] = []
    statement: list[StatementRole] = []
    frees = False  # whether the statement reads a variable for the last time
    pending: Source | None = None  # the result that was just inlined
    following: str | None
    for name, following in zip(steps, [*steps, None][1:], strict=True):
        signature = signatures[name]
        for source in sources[name]:
            if source is None or source == pending:
                continue
            number = readers[source]
            if number > 1:
                number = unread[source] = unread.get(source, number) - 1
                if number:
                    continue
            if not frees:  # the caller holds the inputs, so reading them frees nothing
                before = signatures.get(source[0])
                frees = before is not None and before.role is not INPUT
        statement.append(signature.role)
        pending = None
        if following is None:  # the return reads it, once or, with auxiliary outputs, twice
            inlines = not training_only
        else:
            inlines = (
                targets[name] == (following,)
                and (name in training_only) == (following in training_only)
                and _takes_one_more(
                    statement, signatures[following], len(sources[following]), frees
                )
            )
        if inlines and len(signature.aliases) == 1 and readers.get((name, 0)) == 1:
            found.append(name)
            pending = (name, 0)
        else:
            statement, frees = [], False
    return frozenset(found)


def _takes_one_more(
    statement: list[StatementRole], following: MemorySignature, inputs: int, frees: bool
) -> bool:
    """Tell whether the node that follows belongs to the same statement.

    Parameters
    ----------
    statement
        The nodes in the statement so far.
    following, inputs
        The node that follows and the number of its inputs.
    frees
        Whether the statement reads a variable for the last time.
    """
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
