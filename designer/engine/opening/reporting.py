"""The report of an import, from the design and what was found on the way."""

from collections import Counter
from collections.abc import Mapping, Sequence

from designer.analysis.analysis import Analysis
from designer.design.values import Argument, Design, Graph, LayerNode
from designer.folding.patterns.fallback import OPAQUE
from designer.folding.uses import counted_uses
from designer.runs.import_report import BlockUses, ImportReport, OpaquePiece, Tensors


def report(
    source: str,
    kind: str,
    analysis: Analysis,
    *,
    opaque: Sequence[OpaquePiece] = (),
    notes: Sequence[str] = (),
    seconds: Mapping[str, float] | None = None,
) -> ImportReport:
    """Return the report of a design before its weights are taken.

    Parameters
    ----------
    source
        As the user named it.
    kind
        The key of its row in `designer.readers.sources`.
    analysis
        Of the design.
    opaque, notes, seconds
        As in the report.
    """
    design, totals = analysis.design, analysis.totals
    types = Counter(type(row.layer).__name__ for row in analysis.rows())
    return ImportReport(
        source=source,
        kind=kind,
        title=design.name,
        parameters=totals.parameters,
        buffers=totals.buffers,
        layers=types.total(),
        layer_types=dict(types.most_common()),
        blocks=block_uses(analysis),
        top_level=len(design.graph.nodes),
        opaque=tuple(opaque),
        tensors=Tensors(taken=0),
        not_compared="the comparison is not finished.",
        notes=tuple(dict.fromkeys(notes)),
        seconds=dict(seconds or {}),
    )


def block_uses(analysis: Analysis) -> tuple[BlockUses, ...]:
    """Return how often each block is used in the whole network, repeats counted."""
    counts = counted_uses(analysis)
    return tuple(BlockUses(name, counts.get(name, 0)) for name in analysis.design.blocks)


def opaque_pieces(design: Design) -> list[OpaquePiece]:
    """Return the nodes of a design that stand for operations, with their paths."""
    graphs: list[tuple[str, Graph, Mapping[str, Argument]]] = [("", design.graph, {})]
    graphs += [(f"{name}.", block.graph, block.arguments) for name, block in design.blocks.items()]

    def text(node: LayerNode, key: str, arguments: Mapping[str, Argument]) -> str:
        """Return a text, for one that differs between the uses of a block that of one of them."""
        found = str(node.parameters.get(key, ""))
        argument = arguments.get(found[1:]) if found.startswith("=") else None
        return found if argument is None else str(argument.default)

    return [
        OpaquePiece(
            f"{prefix}{name}",
            *[text(node, each, arguments) for each in ("operation", "line", "reason")],
        )
        for prefix, graph, arguments in graphs
        for name, node in graph.nodes.items()
        if isinstance(node, LayerNode) and node.layer == OPAQUE
    ]
