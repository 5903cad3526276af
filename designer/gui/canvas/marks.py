"""Bits that mark nodes and edges: problems, what is absent or frozen, what becomes of weights."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from designer.analysis.problems import Problem, Severity
from designer.gui.canvas.frames import Frame
from designer.gui.documents.graph_paths import join, parent

# Bits of a node; the first three are used for edges, too.
# FADED: its `when` takes the node out at present. ORIGIN: a shape at fault elsewhere comes from
# here. STACK: a block that is repeated. FROZEN: it has parameters, none of which learns.
ERROR, WARNING, FADED, ORIGIN, STACK, FROZEN = (1 << each for each in range(6))
# What becomes of a node's weights in a training that starts from others: one of three values in
# two bits, zero where nothing is compared.
WEIGHT_STATUS = {"kept": 1 << 6, "new": 2 << 6, "resized": 3 << 6}
ANY_WEIGHT_STATUS = 3 << 6
# A node that stands for an operation that no layer expresses.
OPAQUE = 1 << 8
OF_DESIGN = STACK | OPAQUE
"""The bits that follow from a node alone, and not from the analysis."""


class MarkedArrays(Protocol):
    """What marking reads and writes of `Arrays`, which explains them."""

    row: dict[str, int]
    frames: dict[str, Frame]
    bits: np.ndarray
    source: np.ndarray
    target: np.ndarray
    target_port: np.ndarray
    wire_bits: np.ndarray


def mark(
    arrays: MarkedArrays,
    problems: Sequence[Problem],
    weight_status: Mapping[str, str] | None = None,
) -> None:
    """Set the bits that follow from the analysis; those of `OF_DESIGN` stay.

    Parameters
    ----------
    arrays
        The arrays whose `bits` and `wire_bits` are set.
    problems
        The problems of the whole design.
    weight_status
        What becomes of the weights of the layer at each path, where that is to be shown.
    """
    arrays.bits &= np.uint16(OF_DESIGN)
    arrays.wire_bits[:] = 0
    _mark_absent(arrays)
    _mark_frozen(arrays)
    if weight_status:
        for path, row in arrays.row.items():
            if path in weight_status:
                arrays.bits[row] |= WEIGHT_STATUS[weight_status[path]]
    ports_at_fault: set[tuple[int, int]] = set()
    for problem in problems:
        _mark_problem(arrays, problem, ports_at_fault)
    _mark_edges(arrays, ports_at_fault)


def _mark_problem(
    arrays: MarkedArrays, problem: Problem, ports_at_fault: set[tuple[int, int]]
) -> None:
    """Mark a problem's node, its other uses, the origin of its shape and the blocks around it.

    A warning marks neither origin nor edge, which are drawn in the color of errors.
    """
    is_error = problem.severity is Severity.ERROR
    bit = ERROR if is_error else WARNING
    row_of = arrays.row
    row = row_of.get(problem.path)
    if row is not None and problem.port is not None and is_error:
        ports_at_fault.add((row, problem.port))
    if row is not None and problem.origin and is_error:
        origin = row_of.get(join(parent(problem.path), problem.origin))
        if origin is not None:
            arrays.bits[origin] |= ORIGIN
    for other in _unanalyzed_uses(arrays, problem):
        arrays.bits[other] |= bit
        if problem.port is not None and is_error:
            ports_at_fault.add((other, problem.port))
    path = problem.path
    while path:
        around = row_of.get(path)
        if around is not None:
            arrays.bits[around] |= bit
        path = parent(path)


def _unanalyzed_uses(arrays: MarkedArrays, problem: Problem) -> Iterator[int]:
    """Yield the rows of the problem's node in uses of its block that were not analyzed.

    The analysis ends at the first use that fails; a later use has the same fault.
    """
    if problem.block is None:
        return
    for frame in arrays.frames.values():
        if frame.block == problem.block and frame.result is None:
            row = arrays.row.get(join(frame.scope, problem.node))
            if row is not None:
                yield row


def _mark_absent(arrays: MarkedArrays) -> None:
    """Fade the nodes that are absent with the present arguments, where such nodes are drawn."""
    for frame in arrays.frames.values():
        if frame.result is None or frame.result.unconditional:
            continue
        there = frame.result.wiring.graph.nodes
        for name in frame.graph.nodes:
            if name not in there:
                row = arrays.row.get(join(frame.scope, name))
                if row is not None:
                    arrays.bits[row] |= FADED


def _mark_frozen(arrays: MarkedArrays) -> None:
    """Mark nodes all of whose parameters are frozen, by the node itself or a block around it."""
    for frame in arrays.frames.values():
        if frame.result is None or not frame.result.counts.frozen:
            continue
        shared, nodes = frame.result.wiring.shared, frame.result.nodes
        for name, result in nodes.items():
            counts = nodes.get(shared.get(name, name), result).counts
            if counts.frozen and counts.frozen == counts.weights + counts.biases:
                row = arrays.row.get(join(frame.scope, name))
                if row is not None:
                    arrays.bits[row] |= FROZEN


def _mark_edges(arrays: MarkedArrays, ports_at_fault: Iterable[tuple[int, int]]) -> None:
    """Mark the edges into ports at fault, and fade those from and to absent nodes."""
    if not len(arrays.wire_bits):
        return
    faults = set(ports_at_fault)
    if faults:
        rows = np.array([row for row, _ in faults])
        for edge in np.flatnonzero(np.isin(arrays.target, rows)).tolist():
            if (int(arrays.target[edge]), int(arrays.target_port[edge])) in faults:
                arrays.wire_bits[edge] |= ERROR
    faded = (arrays.bits[arrays.source] | arrays.bits[arrays.target]) & FADED
    arrays.wire_bits |= faded.astype(np.uint8)
