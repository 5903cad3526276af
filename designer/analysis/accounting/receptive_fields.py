"""Receptive fields: the pixels of the input that each value of a tensor depends on.

Where paths meet, the receptive field is the union over all of them. So behind a branch that reads
all positions (global pooling, a norm's statistics) it is the whole image, and `local` is the
receptive field without such branches, by the rules of Dumoulin and Visin, arXiv:1603.07285, and of
Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill 2019.
A network is taken as it predicts: BatchNorm then reads no other position.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import NamedTuple, TypeAlias

from designer.analysis.accounting.pixel_ranges import Along, PixelRanges, of_input, through
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.layers.base import Layer
from designer.layers.facts import Facts
from designer.layers.ports import Input
from designer.layers.tensors import POINT, Reads, Shape, Stacked, Window

Axes: TypeAlias = tuple[float, float]


class ReceptiveField(NamedTuple):
    """A receptive field per axis (height, width), in input pixels.

    Attributes
    ----------
    size
        Pixels of the image that the value in the middle of the output depends on, over all paths.
    jump
        Step between the local receptive fields of neighboring values.
    start
        Center of the first value's local receptive field; the center of the first pixel is 0.5.
    local
        Size without global branches, by the usual rule: pixels in the padding count, so it may
        exceed the image. Where all paths are global, the same as `size`.
    whole
        Whether `size` is the whole image.
    """

    size: Axes
    jump: Axes
    start: Axes
    local: Axes
    whole: bool


_Ranges: TypeAlias = tuple[Along, Along]  # those of rows and of columns
_Found: TypeAlias = tuple[_Ranges, ReceptiveField]


def receptive_fields(top: GraphResult) -> Mapping[str, ReceptiveField | None]:
    """Return the receptive field of each layer's output, by path; None without an image."""
    fields: dict[str, ReceptiveField | None] = {}
    _graph(top, "", [], fields)
    return fields


def _graph(
    graph: GraphResult,
    prefix: str,
    inputs: Sequence[_Found | None],
    fields: dict[str, ReceptiveField | None],
) -> list[_Found | None]:
    """Add the receptive fields of a graph's layers to `fields`; return what is at its outputs."""
    at: dict[tuple[str, int], _Found | None] = {}
    for name, found in zip(graph.wiring.ends.inputs, inputs, strict=False):
        at[name, 0] = found
    for name in graph.wiring.order:
        result = graph.nodes[name]
        given = [at.get(each) for each in graph.wiring.sources[name] if each is not None]
        if result.inside is not None:
            for port, found in enumerate(_graph(result.inside, f"{prefix}{name}.", given, fields)):
                at[name, port] = found
        else:
            found = at[name, 0] = _layer(result, given)
            fields[prefix + name] = None if found is None else found[1]
    return [
        at.get(sources[0]) if sources and sources[0] is not None else None
        for end, sources in graph.wiring.sources.items()
        if end not in graph.wiring.graph.nodes
    ]


def _layer(result: NodeResult, sources: Sequence[_Found | None]) -> _Found | None:
    """Return what is at a layer's output, None where it depends on no image."""
    layer, facts = result.layer, result.effect
    if layer is None or not isinstance(facts, Facts):
        return None
    if len(sources) == 1 and (sources[0] is None or type(layer).reads is Layer.reads):
        return sources[0]  # norms and activations, which are half of all layers
    output = facts.output.shape
    if isinstance(layer, Input):
        return _found(((of_input(output[1]), 1), (of_input(output[2]), 2))) if output[2:] else None
    tensors = tuple([each for each in result.inputs if each is not None])
    reads = layer.reads(tensors, output)
    ports = range(len(sources))
    if isinstance(reads, Window) and reads.port is not None:
        ports = range(reads.port, reads.port + 1)
    known = [(found[0], tensors[port].shape) for port in ports if (found := sources[port])]
    if not known:
        return None
    shapes = [shape for _, shape in known]
    if len(known) < len(ports) and isinstance(reads, Stacked):  # the others depend on no image
        along = any(reads.axis == axis for ranges, _ in known for _, axis in ranges)
        reads = None if along else POINT
    rows = through([ranges[0] for ranges, _ in known], reads, shapes, output)
    if _same_for_both(known, reads, output):
        columns = rows[0], 2
    else:
        columns = through([ranges[1] for ranges, _ in known], reads, shapes, output)
    if rows[0].empty() or columns[0].empty():
        return None  # its windows lie in the padding
    return _found((rows, columns))


def _same_for_both(
    known: Sequence[tuple[_Ranges, Shape]], reads: Reads | None, output: Shape
) -> bool:
    """Tell whether columns depend on the input as rows do, which saves half of the work."""
    if not isinstance(reads, Window) or len(output) != 3 or output[1] != output[2]:
        return False
    for ((rows, row_axis), (columns, column_axis)), shape in known:
        if rows is not columns or row_axis != 1 or column_axis != 2 or shape[1] != shape[2]:
            return False
    size, stride, offset, dilation = reads[:4]
    return (
        size[0] == size[1]
        and stride[0] == stride[1]
        and offset[0] == offset[1]
        and dilation[0] == dilation[1]
    )


def _found(ranges: _Ranges) -> _Found:
    (rows, _), (columns, _) = ranges
    of_rows = _along(rows)
    of_columns = of_rows if rows is columns else _along(columns)
    size, jump, start, local = zip(of_rows, of_columns, strict=True)
    whole = size == (rows.side, columns.side)
    return ranges, ReceptiveField(size, jump, start, local, whole)


def _along(ranges: PixelRanges) -> tuple[int, float, float, float]:
    """Return size, jump, start and local size along one axis."""
    size, local = ranges.size(), ranges.local
    if local is None:
        return size, size, ranges.extent()[0] + size / 2, size
    return size, local.jump, local.start, ceil(local.size - 1e-6)
