"""The content of a small picture of a network: a box for each layer, as high as its images.

Without Qt, so that the helper process can compute it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2, sqrt
from typing import TYPE_CHECKING, NamedTuple

from designer.layers.category import Category

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis
    from designer.analysis.evaluation.results import GraphResult
    from designer.design.values import Design
    from designer.layers.tensors import Shape

MOST_BOXES = 1_500  # a network with more is drawn without its last layers
_DETAILED = 40  # up to so many layers, activations and norms are drawn, too
_LEFT_OUT = frozenset(
    (Category.ACTIVATION, Category.NORMALIZATION, Category.REGULARIZATION, Category.SHAPE)
)
_WIDTHS = {
    Category.PORT: 0.7,
    Category.STORED: 0.4,
    Category.CONVOLUTION: 1.0,
    Category.POOLING: 0.7,
    Category.DENSE: 0.9,
    Category.SEQUENCE: 0.9,
    Category.JOIN: 0.55,
    Category.ARITHMETIC: 0.55,
}
_THIN = 0.3  # width of the categories that are left out of large networks


class Box(NamedTuple):
    """A layer: its category, column, width in box widths, and height as a part of the picture."""

    category: Category
    column: int
    width: float
    height: float


@dataclass(frozen=True)
class Sketch:
    """The boxes of a picture, and the wires between them as pairs of indices."""

    boxes: tuple[Box, ...]
    wires: tuple[tuple[int, int], ...]


def sketch(analysis: "Analysis") -> Sketch:
    """Return the sketch of a network."""
    return _Sketcher(analysis).sketch()


def of_preset(name: str) -> Sketch:
    """Return the sketch of a preset; an empty one if its file is damaged."""
    from designer import presets
    from designer.analysis.analysis import analyze

    try:
        return sketch(analyze(presets.load(name)))
    except Exception:  # the preview shows what is wrong; the other pictures are drawn all the same
        return Sketch((), ())


class _Sketcher:
    """Walks through a network with its blocks expanded, and puts each layer behind its sources."""

    def __init__(self, analysis: "Analysis") -> None:
        self.analysis = analysis
        self.boxes: list[Box] = []
        self.wires: dict[tuple[int, int], None] = {}
        self.detailed = analysis.totals.layers <= _DETAILED
        shapes = [
            result.outputs[0].shape
            for _, result in analysis.top.layers()
            if result.outputs and result.outputs[0] is not None
        ]
        self.largest = max((max(each[1:]) for each in shapes if len(each) > 1), default=1)

    def sketch(self) -> Sketch:
        self._graph(self.analysis.top, {}, self.analysis.design)
        return Sketch(tuple(self.boxes), tuple(self.wires))

    def _graph(
        self, graph: "GraphResult", given: Mapping[str, frozenset[int]], design: "Design"
    ) -> dict[str, frozenset[int]]:
        """Add the boxes of a graph; return by node the boxes that its output comes from."""
        known = dict(given)
        for name in graph.wiring.order:
            result = graph.nodes.get(name)
            sources = graph.wiring.sources.get(name, ())
            feeding = [known.get(each[0], _NONE) if each else _NONE for each in sources]
            if result is None:
                continue
            if result.inside is not None:
                known[name] = self._block(graph, name, feeding, design)
            elif result.layer is not None and result.outputs and result.outputs[0] is not None:
                category = type(result.layer).category
                known[name] = self._layer(category, result.outputs[0].shape, feeding)
        return known

    def _block(
        self,
        graph: "GraphResult",
        name: str,
        feeding: list[frozenset[int]],
        design: "Design",
    ) -> frozenset[int]:
        from designer.design.values import BlockNode

        inside = graph.nodes[name].inside
        assert inside is not None
        node = graph.wiring.graph.nodes[name]
        chained = "0" in inside.nodes  # a repeated block has its passes as nodes, from x to y
        block = design.blocks.get(node.block) if isinstance(node, BlockNode) else None
        inputs = ("x",) if chained or block is None else block.inputs
        known = self._graph(inside, dict(zip(inputs, feeding, strict=False)), design)
        outputs = ("y",) if chained or block is None else block.outputs
        ends = [inside.wiring.sources.get(each, ()) for each in outputs]
        return _NONE.union(*[known.get(end[0][0], _NONE) for end in ends if end and end[0]])

    def _layer(
        self, category: Category, shape: "Shape", feeding: list[frozenset[int]]
    ) -> frozenset[int]:
        sources = _NONE.union(*feeding)
        small = category in _LEFT_OUT and not self.detailed
        shortcut = category is Category.JOIN and len(feeding) == 1  # drawn as a wire
        if small or shortcut or len(self.boxes) >= MOST_BOXES:
            return sources
        column = 1 + max((self.boxes[each].column for each in sources), default=-1)
        number = len(self.boxes)
        self.boxes.append(Box(category, column, _WIDTHS.get(category, _THIN), self._height(shape)))
        self.wires.update(dict.fromkeys((each, number) for each in sources))
        return frozenset((number,))

    def _height(self, shape: "Shape") -> float:
        if len(shape) > 1:  # the root keeps small images visible beside large ones
            return max(0.12, sqrt(max(shape[1:]) / self.largest))
        return 0.16 + 0.04 * min(12.0, log2(max(1, shape[0] if shape else 1)))


_NONE: frozenset[int] = frozenset()
