"""Tables of constants, such as masks and positions, whose numbers an opened design holds itself.

Without them a design gives something else than its source until its weights are loaded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from designer.design.expressions import is_expression
from designer.design.values import Design, Graph, LayerNode
from designer.engine.opening.taking import moved_name
from designer.folding.leaves import Leaves, leaves_of
from designer.folding.patterns.converted import Array, Weight

MOST_IN_ONE = 1_024
"""Numbers of a table that are written into the design; larger ones are in its weights alone."""
MOST_IN_ALL = 20_000
_LARGEST = 1e9  # of the numbers that a design can have
_Place = tuple[str | None, str]
"""The block, or None, and the node in it."""


class Numbered(NamedTuple):
    """A design with the numbers of its tables.

    Attributes
    ----------
    design
        The design.
    lacking
        The paths of tables that are in the weights alone.
    """

    design: Design
    lacking: tuple[str, ...]

    @property
    def note(self) -> str:
        """A sentence on these tables; "" if there are none."""
        if not self.lacking:
            return ""
        names = ", ".join(self.lacking[:3]) + (", ..." if len(self.lacking) > 3 else "")
        one = len(self.lacking) == 1
        return (
            f"{len(self.lacking):,} {'table' if one else 'tables'} of constants ({names}) "
            f"{'is' if one else 'are'} in the weights alone, not in the design: without its "
            f"weights {'it is' if one else 'they are'} 0, and the network gives something else."
        )


def with_numbers(
    design: Design, weights: Mapping[str, Weight], moved: Mapping[str, str]
) -> Numbered:
    """Write the numbers of tables into a design.

    Parameters
    ----------
    design
        The design, whose tables are zeros.
    weights
        Where the tensors of the flat design come from.
    moved
        What the names of each layer's tensors begin with, before and after folding.
    """
    nodes = [each for block in design.blocks.values() for each in block.graph.nodes.values()]
    nodes += design.graph.nodes.values()
    constants = any(isinstance(each, LayerNode) and each.layer == "Constant" for each in nodes)
    leaves = leaves_of(design) if constants else None
    if leaves is None:
        return Numbered(design, ())
    read = {moved_name(name, moved): each.read for name, each in weights.items()}
    changes: dict[_Place, dict[str, Any]] = {}
    lacking: list[str] = []
    left = MOST_IN_ALL
    for place, paths in _tables(leaves).items():
        arrays = [np.asarray(read[path]()) for path in paths if path in read]
        if not arrays or not any(each.any() for each in arrays):
            continue
        equal = all(np.array_equal(arrays[0], each) for each in arrays[1:])
        found = _settings(arrays[0], left) if equal and len(arrays) == len(paths) else None
        if found is None or any(is_expression(each) for each in _shape(design, place)):
            lacking.append(paths[0])
            continue
        left -= len(found.get("numbers", ()))
        changes[place] = found
    return Numbered(_changed(design, changes), tuple(lacking))


def _tables(leaves: Leaves) -> Mapping[_Place, list[str]]:
    """Return for each Constant of zeros the paths of all its uses."""
    found: dict[_Place, list[str]] = {}
    for path, node in leaves.nodes.items():
        if node.layer == "Constant" and "values" not in node.parameters:
            last = leaves.places[path][-1]
            found.setdefault((last.block, last.name), []).append(path)
    return found


def _settings(array: Array, most: int) -> dict[str, Any] | None:
    """Return the settings of a Constant with these values; None if there are too many.

    What is minus infinity in a mask becomes the smallest number of a design, whose softmax is 0,
    too.
    """
    values = np.where(np.isneginf(array), -_LARGEST, array) if array.dtype.kind == "f" else array
    if not np.isfinite(values).all() or values.min() < -_LARGEST or values.max() > _LARGEST:
        return None
    if (values == values.reshape(-1)[0]).all():
        return {"values": "full", "fill_value": float(values.reshape(-1)[0])}
    for kind, cut in (("tril", np.tril), ("triu", np.triu)):
        for diagonal in (0, 1, -1) if values.ndim > 1 else ():
            if np.array_equal(values, cut(np.ones_like(values), diagonal)):
                return {"values": kind, **({"diagonal": diagonal} if diagonal else {})}
    if prod(values.shape) > min(most, MOST_IN_ONE):
        return None
    return {"values": "list", "numbers": tuple(float(each) for each in values.reshape(-1))}


def _shape(design: Design, place: _Place) -> tuple[Any, ...]:
    node = design.graph_of(place[0]).nodes[place[1]]
    assert isinstance(node, LayerNode)
    shape = node.parameters["shape"]
    return shape if isinstance(shape, tuple) else (shape,)


def _changed(design: Design, changes: Mapping[_Place, dict[str, Any]]) -> Design:
    def of(block: str | None, graph: Graph) -> Graph:
        return replace(graph, nodes=dict(_nodes(block, graph)))

    def _nodes(block: str | None, graph: Graph) -> Iterator[tuple[str, Any]]:
        for name, node in graph.nodes.items():
            more = changes.get((block, name))
            if more is not None and isinstance(node, LayerNode):
                yield name, replace(node, parameters={**node.parameters, **more})
            else:
                yield name, node

    blocks = {
        name: replace(block, graph=of(name, block.graph)) for name, block in design.blocks.items()
    }
    return replace(design, blocks=blocks, graph=of(None, design.graph))
