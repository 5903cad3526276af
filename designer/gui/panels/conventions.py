"""How other tools count: the values that each would print for a design, and its rule."""

from math import prod
from typing import NamedTuple

from designer.analysis.analysis import Analysis, Row
from designer.analysis.report import formatting
from designer.gui.base import numbers
from designer.gui.panels.memory_totals import both_sizes, lecture_memory
from designer.layers.tensors import FLOAT_BYTES, Part, State, StateRole, Tensor


class Convention(NamedTuple):
    """A value that a tool prints.

    Attributes
    ----------
    tool, name
        The tool, and what it calls the value.
    value
        The value for this design, as text.
    rule
        How the tool counts.
    """

    tool: str
    name: str
    value: str
    rule: str


def conventions(analysis: Analysis) -> list[Convention]:
    """Return the values that other tools print for a design, computed by their rules."""
    totals = analysis.totals
    rows = analysis.rows()
    statistics = running_statistics(rows)
    every = totals.parameters + statistics
    giga = totals.macs / 1e9
    count, scaled = numbers.count, numbers.scaled
    mega = numbers.local(f"{torchinfo_values(rows) * 2 * FLOAT_BYTES / 1e6:,.2f}")
    kibi = numbers.local(formatting.binary_bytes(FLOAT_BYTES * every, 4))
    return [
        Convention(
            "CS231n lecture",
            "TOTAL params",
            numbers.local(formatting.lecture_count(totals.weights)),
            "Weights only, without biases; truncated, not rounded.",
        ),
        Convention(
            "CS231n lecture",
            "TOTAL memory",
            lecture_memory(totals.buffer_values),
            "Input and output of each convolution, output of every other layer with a row in the "
            "lecture's table. Forward only; twice that for backward.",
        ),
        Convention(
            "convnet-burden",
            "feature memory",
            both_sizes(totals.output_bytes),
            "The layer outputs, in MiB (written MB).",
        ),
        Convention(
            "torchinfo",
            "Total params",
            count(totals.parameters),
            "Weights and biases, without buffers.",
        ),
        Convention(
            "torchinfo",
            "Total mult-adds",
            scaled(torchinfo_mult_adds(rows)),
            "Every parameter of a convolution, biases included, once for each position of its "
            "output; those of other layers once. Joins, pooling and activations count nothing.",
        ),
        Convention(
            "torchinfo",
            "Forward/backward pass size",
            f"{mega} MB",
            "Outputs of layers that have parameters, twice, in MB of 10⁶ bytes.",
        ),
        Convention(
            "Keras summary",
            "Total params",
            f"{count(every)} ({kibi})",
            "Running means and variances of batch norm count as parameters; MiB are written as MB.",
        ),
        Convention(
            "Keras summary",
            "Trainable, non-trainable",
            f"{count(totals.parameters)}, {count(statistics)}",
            "Non-trainable are the running means and variances.",
        ),
        Convention(
            "torchvision's tables",
            "GFLOPS",
            numbers.local(f"{giga:,.2f}" if giga >= 0.1 else f"{giga:.2g}"),
            "Multiply-accumulates in billions, although called FLOPS: half of the count in the "
            "next line.",
        ),
        Convention(
            "torch FlopCounterMode",
            "Total FLOPs",
            scaled(totals.flops),
            "A multiplication and an addition count as two; convolutions and matrix products only, "
            "without biases.",
        ),
        Convention(
            "fvcore",
            "flops",
            f"at least {scaled(totals.macs)}",
            "A multiply-accumulate is one flop; depending on the version, batch norm and pooling "
            "are added.",
        ),
        Convention(
            "ptflops",
            "GMac",
            f"at least {scaled(totals.macs)}",
            "Multiply-accumulates; biases, norms, pooling and activations are added.",
        ),
    ]


def running_statistics(rows: list[Row]) -> int:
    """Return the number of values in the running means and variances of all layers."""
    return sum(
        prod(state.shape)
        for row in rows
        if not row.shares
        for state in row.layer.states(_inputs(row))
        if state.role is StateRole.BUFFER and "running_" in state.name
    )


def torchinfo_values(rows: list[Row]) -> int:
    """Return the number of output values of layers that have parameters.

    A composite layer, such as a depthwise separable convolution, counts as its parts. Source:
    https://github.com/TylerYep/torchinfo, ``ModelStatistics.total_output_bytes``.
    """
    return sum(
        part.values_out
        for row in rows
        if row.result.counts.weights or row.result.counts.biases or row.shares
        for part in _parts(row)
    )


def torchinfo_mult_adds(rows: list[Row]) -> int:
    """Return the sum of what torchinfo computes in ``LayerInfo.calculate_macs``."""
    total = 0
    for row in rows:
        groups: dict[str, list[State]] = {}
        for state in row.layer.states(_inputs(row)):
            if state.role is not StateRole.BUFFER:
                groups.setdefault(state.name.rpartition(".")[0], []).append(state)
        for states in groups.values():
            convolves = any(len(state.shape) > 2 for state in states)
            positions = prod(row.shape[1:]) if convolves else 1
            total += positions * sum(prod(state.shape) for state in states)
    return total


def _parts(row: Row) -> tuple[Part, ...]:
    return row.layer.parts(_inputs(row), row.shape) or (Part(0, prod(row.shape)),)


def _inputs(row: Row) -> tuple[Tensor, ...]:
    return tuple(each for each in row.result.inputs if each is not None)
