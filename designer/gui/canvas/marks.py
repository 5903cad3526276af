"""What the analysis says of nodes and edges, as bits: errors, warnings, what is not there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from designer.analysis.problems import Problem, Severity
from designer.gui.documents.graph_paths import join, parent

if TYPE_CHECKING:
    from designer.gui.canvas.arrays import Arrays

# Bits of a node, and the first three also of an edge. ORIGIN is where the shape at fault came from.
# FROZEN has parameters of which none learns.
ERROR, WARNING, FADED, ORIGIN, STACK, FROZEN = (1 << each for each in range(6))
# What becomes of a node's weights in a training that starts from others; two bits, none for not
# compared.
WEIGHT_STATUS = {"kept": 1 << 6, "new": 2 << 6, "resized": 3 << 6}
ANY_FATE = 3 << 6


def mark(
    arrays: "Arrays", problems: Sequence[Problem], weight_status: Mapping[str, str] | None = None
) -> None:
    """Set the bits that follow from the analysis; `STACK` follows from the design and stays.

    `weight_status` says by path what becomes of the weights, where that is to be shown.
    """
    arrays.bits &= np.uint8(STACK)
    arrays.wire_bits[:] = 0
    _mark_absent(arrays)
    _mark_frozen(arrays)
    for path, row in arrays.row.items() if weight_status else ():
        if path in weight_status:
            arrays.bits[row] |= WEIGHT_STATUS[weight_status[path]]
    at_fault: set[tuple[int, int]] = set()
    row_of = arrays.row
    for problem in problems:
        bit = ERROR if problem.severity is Severity.ERROR else WARNING
        row = row_of.get(problem.path)
        if row is not None and problem.port is not None:
            at_fault.add((row, problem.port))
        if row is not None and problem.origin:
            origin = row_of.get(join(parent(problem.path), problem.origin))
            if origin is not None:
                arrays.bits[origin] |= ORIGIN
        for other in _unknown_uses(arrays, problem):
            arrays.bits[other] |= bit
            if problem.port is not None:
                at_fault.add((other, problem.port))
        path = problem.path
        while path:  # the blocks around it show that something in them is wrong
            row = row_of.get(path)
            if row is not None:
                arrays.bits[row] |= bit
            path = parent(path)
    _mark_edges(arrays, at_fault)


def _unknown_uses(arrays: "Arrays", problem: Problem) -> Iterator[int]:
    """Yield a node's rows in other uses of its block, which the analysis did not come to.

    It ends at the first use that fails; whoever looks into a later one has the same fault there.
    """
    if problem.block is None:
        return
    for frame in arrays.frames.values():
        if frame.block == problem.block and frame.result is None:
            row = arrays.row.get(join(frame.scope, problem.node))
            if row is not None:
                yield row


def _mark_absent(arrays: "Arrays") -> None:
    """Fade what `when` takes out at present."""
    for frame in arrays.frames.values():
        if frame.result is None or frame.result.unconditional:
            continue
        for name, node in frame.graph.nodes.items():
            if node.when is not True and name not in frame.result.nodes:
                row = arrays.row.get(join(frame.scope, name))
                if row is not None:
                    arrays.bits[row] |= FADED


def _mark_frozen(arrays: "Arrays") -> None:
    """Mark what holds parameters and does not learn, by itself or by a block around it."""
    for frame in arrays.frames.values():
        if frame.result is None or not frame.result.counts.frozen:
            continue
        for name, result in frame.result.nodes.items():
            counts = result.counts
            if counts.frozen and counts.frozen == counts.weights + counts.biases:
                row = arrays.row.get(join(frame.scope, name))
                if row is not None:
                    arrays.bits[row] |= FROZEN


def _mark_edges(arrays: "Arrays", at_fault: Iterable[tuple[int, int]]) -> None:
    """Mark the edges along which problems came, and those of nodes that are not there."""
    if not len(arrays.keys):
        return
    faults = set(at_fault)
    if faults:
        rows = np.array([row for row, _ in faults])
        for edge in np.flatnonzero(np.isin(arrays.target, rows)).tolist():
            if (int(arrays.target[edge]), int(arrays.target_port[edge])) in faults:
                arrays.wire_bits[edge] |= ERROR
    faded = (arrays.bits[arrays.source] | arrays.bits[arrays.target]) & FADED
    arrays.wire_bits |= faded.astype(np.uint8)
