"""Receptive fields: the pixels of the input that each value of a tensor depends on.

The rules are those of Dumoulin and Visin, arXiv:1603.07285, and of Araujo, Norris and Sim,
"Computing receptive fields of convolutional neural networks", Distill 2019. Where paths meet, the
receptive field is the union over all of them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.layers.base import Layer
from designer.layers.dense import Dense
from designer.layers.facts import Facts
from designer.layers.ports import Input
from designer.layers.tensors import IMAGE_AXES, POINT, Tensor, Window

Axes: TypeAlias = tuple[float, float]


class ReceptiveField(NamedTuple):
    """A receptive field per axis (height, width), in input pixels.

    Attributes
    ----------
    size
        Pixels that one value depends on, those in the padding included.
    jump
        Step between the receptive fields of neighboring values.
    start
        Center of the first value's receptive field; the center of the first pixel is 0.5.
    """

    size: Axes
    jump: Axes
    start: Axes

    def through(self, window: Window) -> "ReceptiveField":
        """Return the receptive field after a layer with this window."""
        (height, width), (row_jump, column_jump), (top, left) = self
        kernel, stride, offset = window
        return ReceptiveField(
            (height + (kernel[0] - 1) * row_jump, width + (kernel[1] - 1) * column_jump),
            (row_jump * stride[0], column_jump * stride[1]),
            (top + offset[0] * row_jump, left + offset[1] * column_jump),
        )


PIXEL = ReceptiveField((1, 1), (1, 1), (0.5, 0.5))


def union(fields: Sequence[ReceptiveField]) -> ReceptiveField:
    """Return the smallest receptive field that contains all of them, with the largest jump."""
    if len(fields) == 1:
        return fields[0]
    sizes, starts = [], []
    for axis in (0, 1):
        low = min(field.start[axis] - field.size[axis] / 2 for field in fields)
        high = max(field.start[axis] + field.size[axis] / 2 for field in fields)
        sizes.append(high - low)
        starts.append((low + high) / 2)
    jump = max(field.jump[0] for field in fields), max(field.jump[1] for field in fields)
    return ReceptiveField((sizes[0], sizes[1]), jump, (starts[0], starts[1]))


def receptive_fields(top: GraphResult) -> Mapping[str, ReceptiveField | None]:
    """Return the receptive field of each layer's output, by path; None without an image."""
    found: dict[str, ReceptiveField | None] = {}
    _graph(top, "", [], None, found)
    return found


def _graph(
    graph: GraphResult,
    prefix: str,
    inputs: Sequence[ReceptiveField | None],
    image: ReceptiveField | None,
    found: dict[str, ReceptiveField | None],
) -> list[ReceptiveField | None]:
    """Add the receptive fields of a graph's layers to `found`; return those at its outputs."""
    at: dict[tuple[str, int], ReceptiveField | None] = {}
    ends = _end_names(graph)
    for name, field in zip(ends, inputs, strict=False):
        at[name, 0] = field
    for name in graph.wiring.order:
        result = graph.nodes[name]
        if isinstance(result.layer, Input) and result.outputs:
            image = _whole(result) or image
        sources = [at.get(source) for source in graph.wiring.sources[name] if source is not None]
        if result.inside is not None:
            fields = _graph(result.inside, f"{prefix}{name}.", sources, image, found)
            for port, field in enumerate(fields):
                at[name, port] = field
        else:
            at[name, 0] = found[prefix + name] = _layer(result, sources, image)
    return [
        at.get(sources[0]) if sources and sources[0] is not None else None
        for end, sources in graph.wiring.sources.items()
        if end not in graph.wiring.graph.nodes
    ]


def _end_names(graph: GraphResult) -> list[str]:
    """Return the names of a block's inputs, in order."""
    return [name for name in graph.wiring.targets if name not in graph.wiring.graph.nodes]


def _reads_other_axes(layer: Layer, tensor: Tensor, window: Window) -> bool:
    """Tell whether a window slides over axes that are not the image's height and width.

    Behind a Permute it may mix the channels of different pixels, whose distance is not followed.
    """
    return window != POINT and tensor.axes != IMAGE_AXES and not isinstance(layer, Dense)


def _whole(result: NodeResult) -> ReceptiveField | None:
    """Return the receptive field that covers a whole image, None for an input that is not one."""
    flow = result.outputs[0]
    if flow is None or len(flow.shape) != 3:
        return None
    height, width = flow.shape[1:]
    return ReceptiveField((height, width), (height, width), (height / 2, width / 2))


def _layer(
    result: NodeResult, sources: Sequence[ReceptiveField | None], image: ReceptiveField | None
) -> ReceptiveField | None:
    layer, facts = result.layer, result.effect
    if layer is None or not isinstance(facts, Facts):
        return None
    if isinstance(layer, Input):
        return PIXEL if len(facts.output.shape) == 3 else None
    fields = [field for field in sources if field is not None]
    if not fields:
        return None
    given = tuple(each for each in result.inputs if each is not None)
    window = layer.window(given, facts.output.shape)
    if window is None or _reads_other_axes(layer, given[0], window):
        return image
    return union(fields).through(window)
