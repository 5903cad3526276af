"""Versions of the design file: what the newer one adds, and the way from the older one to it.

A file is written in the oldest version that can say what the design needs, so that earlier versions
of the program read what they can read.
"""

from typing import Any

from designer.design.reading import ReadingError
from designer.design.values import Design, LayerNode

VERSION = 2
"""The newest version of the format."""

NEW_LAYERS = frozenset(
    (
        "Parameter",
        "Constant",
        "SinusoidalPositions",
        "CausalMask",
        "RelativePositionIndex",
        "RelativeCoordinates",
        "Opaque",
    )
)
"""Layers that version 1 does not have: tensors that are stored with the network, and operations of
opened networks that no layer expresses."""
NEW_NODE_FIELDS = ("shares",)
NEW_FIELDS = ("code",)


def needed_version(design: Design) -> int:
    """Return the oldest version of the format in which a design can be written."""
    nodes = [node for block in design.blocks.values() for node in block.graph.nodes.values()]
    nodes += design.graph.nodes.values()
    for node in nodes:
        if node.shares or (isinstance(node, LayerNode) and node.layer in NEW_LAYERS):
            return 2
    return 2 if design.code else 1


def from_version_1(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of a file of version 1 as version 2 has them.

    Raises
    ------
    ReadingError
        The file has something that only version 2 knows.
    """
    for field in NEW_FIELDS:
        if field in data:
            raise _too_new(field, "the field")
    blocks = data.get("blocks")
    graphs = {"": data}
    if isinstance(blocks, dict):
        graphs |= {f"blocks.{name}.": block for name, block in blocks.items()}
    for location, graph in graphs.items():
        nodes = graph.get("nodes") if isinstance(graph, dict) else None
        for name, node in nodes.items() if isinstance(nodes, dict) else ():
            if not isinstance(node, dict):
                continue  # reading it says what is wrong
            where = f"{location}nodes.{name}"
            for field in NEW_NODE_FIELDS:
                if field in node:
                    raise _too_new(f"{where}.{field}", "the field")
            layer = node.get("layer")
            if isinstance(layer, str) and layer in NEW_LAYERS:
                raise _too_new(f"{where}.layer", f"the layer {layer}")
    return {**data, "version": 2}


def _too_new(location: str, what: str) -> ReadingError:
    return ReadingError(
        location, f"{what} belongs to version 2 of the format; the file says version 1."
    )
