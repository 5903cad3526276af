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
from designer.layers.spatial import WORDS
from designer.layers.tensors import POINT, Reads, Shape, Stacked, Window

Axes: TypeAlias = tuple[float, ...]


class ReceptiveField(NamedTuple):
    """A receptive field along each spatial axis of the input, in its pixels or positions.

    An image has the axes height and width, a sequence its length, a volume three.

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


_Ranges: TypeAlias = tuple[Along, ...]  # those of rows and of columns, for an image
_Found: TypeAlias = tuple[_Ranges, ReceptiveField]


def receptive_fields(top: GraphResult) -> Mapping[str, ReceptiveField | None]:
    """Return the receptive field of each layer's output, by path.

    It is None behind inputs without spatial axes: a row of features, or tokens. Behind inputs with
    different numbers of axes it is that in the inputs with the most.
    """
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
            found = _layer(result, given)
            for port in range(len(result.outputs)):  # those of a Split see the same
                at[name, port] = found
            fields[prefix + name] = None if found is None else found[1]
    return [
        at.get(sources[0]) if sources and sources[0] is not None else None
        for end, sources in graph.wiring.sources.items()
        if end not in graph.wiring.graph.nodes
    ]


def _layer(result: NodeResult, sources: Sequence[_Found | None]) -> _Found | None:
    """Return what is at a layer's output, None where it depends on no input with spatial axes."""
    layer, facts = result.layer, result.effect
    if layer is None or not isinstance(facts, Facts):
        return None
    if len(sources) == 1 and (sources[0] is None or type(layer).reads is Layer.reads):
        return sources[0]  # norms and activations, which are half of all layers
    output = facts.output.shape
    if isinstance(layer, Input):
        if facts.output.integer or len(output) - 1 not in WORDS:
            return None
        return _found(tuple([(of_input(side), axis) for axis, side in enumerate(output[1:], 1)]))
    tensors = tuple([each for each in result.inputs if each is not None])
    reads = layer.reads(tensors, output)
    ports = range(len(sources))
    if isinstance(reads, Window) and reads.port is not None:
        ports = range(reads.port, reads.port + 1)
    known = [(found[0], tensors[port].shape) for port in ports if (found := sources[port])]
    if not known:
        return None
    count = len(known[0][0])
    if len(known) > 1 and len({len(ranges) for ranges, _ in known}) > 1:
        count = max([len(ranges) for ranges, _ in known])
        known = [each for each in known if len(each[0]) == count]
    shapes = [shape for _, shape in known]
    if len(known) < len(ports) and isinstance(reads, Stacked):  # the others depend on no image
        along = any(reads.axis == axis for ranges, _ in known for _, axis in ranges)
        reads = None if along else POINT
    first = through([ranges[0] for ranges, _ in known], reads, shapes, output)
    made = [first]
    for number in range(1, count):
        if _same_as_first(number, known, reads, output):
            made.append((first[0], number + 1))
        else:
            made.append(through([ranges[number] for ranges, _ in known], reads, shapes, output))
    for ranges, _ in made:
        if ranges.empty():
            return None  # its windows lie in the padding
    return _found(tuple(made))


def _same_as_first(
    number: int, known: Sequence[tuple[_Ranges, Shape]], reads: Reads | None, output: Shape
) -> bool:
    """Tell whether an axis depends on the input as the first does, which saves the work for it.

    For an image these are columns and rows.
    """
    axis = number + 1
    if not isinstance(reads, Window) or len(reads.size) != len(output) - 1:
        return False
    if axis >= len(output) or output[1] != output[axis]:
        return False
    for ranges, shape in known:
        (first, first_axis), (other, other_axis) = ranges[0], ranges[number]
        if first is not other or first_axis != 1 or other_axis != axis or shape[1] != shape[axis]:
            return False
    size, stride, offset, dilation = reads[:4]
    return (
        size[0] == size[number]
        and stride[0] == stride[number]
        and offset[0] == offset[number]
        and (not dilation or dilation[0] == dilation[number])
    )


def _found(ranges: _Ranges) -> _Found:
    first, _ = ranges[0]
    of_first = _along(first)
    each = [of_first] + [of_first if along is first else _along(along) for along, _ in ranges[1:]]
    size, jump, start, local = zip(*each, strict=True)
    for (along, _), pixels in zip(ranges, size, strict=True):
        if pixels != along.side:
            return ranges, ReceptiveField(size, jump, start, local, False)
    return ranges, ReceptiveField(size, jump, start, local, True)


def _along(ranges: PixelRanges) -> tuple[int, float, float, float]:
    """Return size, jump, start and local size along one axis."""
    size, local = ranges.size(), ranges.local
    if local is None:
        return size, size, ranges.extent()[0] + size / 2, size
    return size, local.jump, local.start, ceil(local.size - 1e-6)
