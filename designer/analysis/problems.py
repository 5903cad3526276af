"""What is wrong with a design: problems, each with where, why and how to mend it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from designer.design import edits
from designer.design.edits import Edit
from designer.design.values import BlockNode, Design, Edge, LayerNode, Value
from designer.layers.base import InsertLayer, Remedy, SetParameters


class Severity(Enum):
    """How bad a problem is: an error stops training, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fix:
    """An edit that mends a problem, and the words that offer it."""

    label: str
    edit: Edit

    def __call__(self, design: Design) -> Design:
        """Apply the edit."""
        return self.edit(design)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one node.

    Attributes
    ----------
    path
        The node, through the blocks it lies in: ``layer2.0.add``; "" for the whole design.
    block, node
        Where the node is drawn: the block's name, or None for the design's own graph.
    port, axis, received, expected
        Which input and axis is at fault and the numbers, where that says something.
    origin
        The node from which the offending shape came, "" where no shape is at fault.
    """

    code: str
    message: str
    path: str = ""
    block: str | None = None
    node: str = ""
    severity: Severity = Severity.ERROR
    port: int | None = None
    axis: str | None = None
    received: str = ""
    expected: str = ""
    origin: str = ""
    fixes: tuple[Fix, ...] = ()

    def under(self, prefix: str) -> "Problem":
        """Return the problem as seen from the graph around the block."""
        return replace(self, path=f"{prefix}.{self.path}" if self.path else prefix)


def remedy_fix(remedy: Remedy, block: str | None, node: str, source: Edge | None) -> Fix | None:
    """Turn a layer's remedy into an edit of the design; None where there is no edge to edit."""
    if isinstance(remedy, SetParameters):
        return parameters_fix(remedy.label, block, node, dict(remedy.values))
    if source is None:
        return None
    return insert_fix(remedy, block, source)


def parameters_fix(label: str, block: str | None, node: str, values: dict[str, Value]) -> Fix:
    """Return the fix that gives a layer other parameters."""

    def edit(design: Design) -> Design:
        for name, value in values.items():
            design = edits.set_parameter(design, node, name, value, block=block)
        return design

    return Fix(label, edit)


def insert_fix(remedy: InsertLayer, block: str | None, edge: Edge) -> Fix:
    """Return the fix that puts a layer into an edge."""

    def edit(design: Design) -> Design:
        name = remedy.layer.removesuffix("2d").lower()
        node = LayerNode(remedy.layer, remedy.values)
        return edits.insert_on_edge(design, edge, name, node, block=block)

    return Fix(remedy.label, edit)


def origin_fixes(
    node: LayerNode | BlockNode, block: str | None, name: str, wanted: int, axis: str | None
) -> Iterator[Fix]:
    """Offer another number of channels at the node that made them, where it is written there."""
    if axis not in ("channels", "features") or not isinstance(node, LayerNode):
        return
    for parameter in ("out_channels", "out_features"):
        if isinstance(node.parameters.get(parameter), int):
            yield parameters_fix(f"set {name} to {wanted} {axis}", block, name, {parameter: wanted})
