"""An edited file of code and the design that the code was made from: the design with the edit.

`reconcile` looks for the edits of the design that the edits of the code mean, so that all that the
code does not say stays: positions, expressions, arguments, factors for the learning rate, texts.
"""

from dataclasses import dataclass, replace

from designer.analysis.analysis import Analysis
from designer.design import edits
from designer.design.naming import node_name_refusal
from designer.design.values import Block, Design, Graph, Node
from designer.errors import DesignerError
from designer.folding.code_changes import CodeChanges
from designer.folding.differences_in_words import Difference, differences
from designer.folding.leaves import Leaves, leaves_of
from designer.folding.matching import match
from designer.folding.settings_edits import with_settings
from designer.folding.structure_edits import UnclearError, with_repeats, with_structure
from designer.layers.own import NOT_MEASURED, Measured


@dataclass(frozen=True)
class Reconciled:
    """A design that an edited file of code stands for.

    Attributes
    ----------
    design
        The design.
    kept
        Whether it is the known design with edits; False for the network as it was read, with
        positions and texts of the known one where nodes have the same names.
    differences
        What differs from the known design.
    """

    design: Design
    kept: bool
    differences: tuple[Difference, ...]


def reconcile(
    read: Design,
    known: Design,
    base: Design | None = None,
    measured: Measured = NOT_MEASURED,
) -> Reconciled:
    """Return the known design with the edits that were made in its code.

    Parameters
    ----------
    read
        The edited code as it was read.
    known
        The design that the code was made from.
    base
        The code before the edit, read in the same way; None where that gives the known design.
    measured
        What is known of the known design's own layer types.
    """
    found = None
    try:
        found = _edited(read, known, base, measured)
    except (UnclearError, DesignerError):
        found = None  # an edit that the design refuses is none that can be told from the code
    kept = found is not None
    design = _with_places(read, known) if found is None else found
    return Reconciled(design, kept, tuple(differences(match(known, design))))


def _edited(read: Design, known: Design, base: Design | None, measured: Measured) -> Design | None:
    """Return the known design with the edits of the code; None if they cannot be told."""
    ours, theirs = leaves_of(known, measured), leaves_of(read, measured)
    before = ours if base is None else leaves_of(base, measured)
    if ours is None or theirs is None or before is None:
        return None
    changes = CodeChanges(ours, before, theirs)
    design = with_structure(known, changes)
    design = with_repeats(design, changes)
    wanted = {path: node for path, node in changes.wanted().items() if path not in changes.removed}
    now = leaves_of(design, measured)
    if now is None:
        return None
    settled = with_settings(
        design, {path: node for path, node in wanted.items() if path in now.nodes}, measured
    )
    if settled is None:
        return None
    design = _renamed(settled, changes)
    after = leaves_of(design, measured)
    return design if after is not None and _is_same_edit(ours, before, after, theirs) else None


def _renamed(design: Design, changes: CodeChanges) -> Design:
    """Return a design whose nodes have the names that they have in the edited code."""
    names: dict[tuple[str | None, str], set[str]] = {}
    for theirs, ours in changes.renamed_parts.items():
        new = theirs.rpartition(".")[2]
        chain = next(changes.known.places[each] for each in changes.known.below(ours))
        place = next((each for each in chain if each.path == ours), None)
        if place is not None and new != place.name:
            names.setdefault(place.spot, set()).add(new)
    for (block, name), found in names.items():
        if len(found) == 1:
            (new,) = found
            if node_name_refusal(new) is None and name in design.graph_of(block).nodes:
                design = edits.rename_node(design, name, new, block=block)
    return design


def _is_same_edit(known: Leaves, base: Leaves, after: Leaves, read: Leaves) -> bool:
    """Tell whether a design differs from the known one as the edited code does from the code."""
    one, other = _sums(known.analysis), _sums(after.analysis)
    code, edited = _sums(base.analysis), _sums(read.analysis)
    if any(b - a != d - c for a, b, c, d in zip(one, other, code, edited, strict=True)):
        return False
    shapes = [each.shape for each in after.analysis.outputs]
    if shapes != [each.shape for each in read.analysis.outputs]:
        return False
    expected = match(known.flat, base.flat).top
    found = match(after.flat, read.flat).top
    return len(found.rewired) == len(expected.rewired)


def _sums(analysis: Analysis) -> tuple[int, ...]:
    totals = analysis.totals
    return totals.weights, totals.biases, totals.buffers, totals.macs, len(analysis.outputs)


# Where the edits cannot be told


def _with_places(read: Design, known: Design) -> Design:
    """Return the network as it was read, with what the known design says of nodes of its names."""
    blocks: dict[str, Block] = {}
    for name, block in read.blocks.items():
        same = known.blocks.get(name)
        blocks[name] = (
            block if same is None else replace(block, graph=_placed(block.graph, same.graph))
        )
    return replace(
        read,
        name=known.name,
        about=known.about,
        cites=known.cites,
        blocks=blocks,
        graph=_placed(read.graph, known.graph),
    )


def _placed(graph: Graph, known: Graph) -> Graph:
    nodes: dict[str, Node] = {}
    for name, node in graph.nodes.items():
        same = known.nodes.get(name)
        if same is not None:
            node = replace(node, at=same.at)  # noqa: PLW2901
        nodes[name] = node
    return replace(graph, nodes=nodes)
