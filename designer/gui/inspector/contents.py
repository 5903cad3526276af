"""What the inspector shows: for one node, for several, for a block, for the design."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from designer.analysis.problems import Problem
from designer.design import blocks
from designer.design.values import BlockNode, LayerNode
from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace
from designer.gui.forms.rows import (
    Button,
    Row,
    Section,
)
from designer.gui.inspector import design_rows, facts, port_rows
from designer.gui.inspector.facts import Fact
from designer.gui.inspector.node_rows import (
    Target,
    argument_rows,
    name_row,
    parameter_rows,
    rate_rows,
    repeat_row,
    when_rows,
)
from designer.layers.catalogue import layer_types
from designer.layers.category import Category


@dataclass(frozen=True)
class Contents:
    """All that the inspector shows.

    Attributes
    ----------
    identity
        What it is about; while that stays, the fields keep what is being typed.
    title
        The name, as a field; None where `heading` says it.
    kind, help
        What it is, and more of that.
    words
        What is explained while no field is.
    category, colored
        Whose color and sign it bears (None is a block), if any.
    note
        What an edit here means elsewhere.
    """

    identity: tuple[object, ...]
    heading: str = ""
    title: Row | None = None
    kind: str = ""
    help: str = ""
    words: str = ""
    note: str = ""
    category: Category | None = None
    colored: bool = False
    sections: Sequence[Section] = ()
    facts: Sequence[Fact] = ()
    problems: Sequence[Problem] = ()


def contents(
    workspace: Workspace,
    paths: Iterable[str],
    unfolded: frozenset[str],
    unfold: Callable[[str], None],
) -> Contents:
    """Return what is to be shown while the nodes at some paths are selected.

    Parameters
    ----------
    unfolded
        The arguments whose definition is shown.
    unfold
        Shows or hides the definition of an argument.
    """
    if workspace.document is None:
        return Contents(("nothing",), "Nothing open", help="Open a design, or begin a new one.")
    design = workspace.design
    chosen: dict[tuple[str | None, str], Target] = {}
    ends = []
    for path in sorted(paths):
        found = graph_paths.graph_at(design, graph_paths.parent(path))
        name = graph_paths.name_of(path)
        if found is None:
            continue
        if name in found[1].nodes:
            chosen.setdefault((found[0], name), Target(path, found[0], name, found[1].nodes[name]))
        elif found[0] is not None:
            ends.append((found[0], name))
    targets = list(chosen.values())
    if len(targets) > 1:
        return _several(workspace, targets)
    if targets:
        target = targets[0]
        if isinstance(target.node, BlockNode):
            return _use(workspace, target, target.node)
        return _layer(workspace, target, target.node)
    if ends:
        return _end(workspace, *ends[0])
    block = workspace.block
    if block is not None:
        return _block(workspace, block, unfolded, unfold)
    return _design(workspace, unfolded, unfold)


# One node


def _layer(workspace: Workspace, target: Target, node: LayerNode) -> Contents:
    layer = layer_types().get(node.layer)
    analysis = workspace.analysis
    rows = [] if layer is None else parameter_rows(workspace, [target])
    return Contents(
        ("node", id(workspace.document), target.path),
        title=name_row(workspace, target),
        kind=f"{node.layer} · {_summary(layer)}" if layer else f"{node.layer} · unknown layer type",
        words=layer.help if layer else "",
        note=_note(workspace, target.block),
        category=layer.category if layer else None,
        colored=layer is not None,
        sections=[
            Section(rows=[*rows, *rate_rows(workspace, [target]), *when_rows(workspace, [target])])
        ],
        facts=facts.of_layer(analysis, target.path),
        problems=facts.problems_of(analysis, target.path, target.block, target.name),
    )


def _summary(layer: type) -> str:
    return (layer.__doc__ or "").splitlines()[0].rstrip(".")


def _use(workspace: Workspace, target: Target, node: BlockNode) -> Contents:
    design, analysis = workspace.design, workspace.analysis
    used = design.blocks.get(node.block)
    rows = [repeat_row(workspace, [target])] if used is not None else []
    return Contents(
        ("node", id(workspace.document), target.path),
        title=name_row(workspace, target),
        kind=f"{node.block} · block of {len(used.graph.nodes)} nodes" if used else node.block,
        help=facts.holds(used) if used is not None else "There is no such block in this design.",
        note=_note(workspace, target.block),
        colored=True,
        sections=[
            Section(
                rows=[
                    *argument_rows(workspace, [target]),
                    *rows,
                    *rate_rows(workspace, [target]),
                    *when_rows(workspace, [target]),
                ],
                buttons=[
                    Button(
                        "look-into",
                        f"Look into {node.block}",
                        "Show the graph of the block.",
                        lambda: workspace.look_into(graph_paths.inside(analysis, target.path)),
                        icon="go-in",
                    )
                ]
                if used is not None
                else [],
            )
        ],
        facts=facts.of_use(analysis, target.path),
        problems=facts.problems_of(analysis, target.path, target.block, target.name),
    )


def _note(workspace: Workspace, block: str | None) -> str:
    """Say that an edit within a block counts wherever the block is used."""
    if block is None:
        return ""
    number = len(blocks.uses(workspace.design, block))
    if number == 0:
        return f"In {block}, which nothing uses."
    uses = "its one use" if number == 1 else f"all {number} uses"
    passes = facts.passes(workspace.analysis, block)
    more = (
        f", {'which runs' if number == 1 else 'which run'} {passes} times"
        if passes > number
        else ""
    )
    return f"In {block}: a change counts for {uses}{more}."


# Several nodes


def _several(workspace: Workspace, targets: Sequence[Target]) -> Contents:
    layers = [each for each in targets if isinstance(each.node, LayerNode)]
    known = [each for each in layers if each.node.layer in layer_types()]  # type: ignore[union-attr]
    rows: list[Row] = []
    if len(known) == len(targets):
        rows = parameter_rows(workspace, targets)
    elif not layers:
        rows = [*argument_rows(workspace, targets), repeat_row(workspace, targets)]
    types: dict[str, int] = {}
    for each in targets:
        name = each.node.layer if isinstance(each.node, LayerNode) else each.node.block
        types[name] = types.get(name, 0) + 1
    one = len(types) == 1
    words = ", ".join(f"{number} {name}" for name, number in types.items())
    return Contents(
        ("several", id(workspace.document), tuple(each.path for each in targets)),
        f"{len(targets)} nodes",
        kind=words if len(words) < 200 else f"{len(types)} types",
        help="An edit here sets them all." if rows else "They have no parameters in common.",
        category=layer_types()[next(iter(types))].category if one and known else None,
        colored=one and (bool(known) or not layers),
        sections=[
            Section(rows=[*rows, *rate_rows(workspace, targets), *when_rows(workspace, targets)])
        ],
        facts=facts.of_several(workspace.analysis, [each.path for each in targets]),
    )


# Blocks and designs


def _end(workspace: Workspace, block: str, name: str) -> Contents:
    used = workspace.design.blocks[block]
    kind = "output" if name in used.outputs else "input"
    return Contents(
        ("end", id(workspace.document), block, name),
        title=port_rows.port_row(workspace, block, name, select=True),
        kind=f"{kind} of {block}",
        help=f"What {'leaves' if kind == 'output' else 'enters'} the block by this name.",
        note=_note(workspace, block),
        category=Category.PORT,
        colored=True,
    )


def _block(
    workspace: Workspace, block: str, unfolded: frozenset[str], unfold: Callable[[str], None]
) -> Contents:
    used = workspace.design.blocks[block]
    number = len(blocks.uses(workspace.design, block))
    return Contents(
        ("block", id(workspace.document), block),
        title=design_rows.block_name_row(workspace, block),
        kind=f"block of {len(used.graph.nodes)} nodes, "
        + ("not used" if number == 0 else f"used {number}×" if number > 1 else "used once"),
        help=facts.holds(used),
        colored=True,
        sections=[
            design_rows.argument_section(workspace, block, unfolded, unfold),
            *port_rows.port_sections(workspace, block),
        ],
        facts=facts.of_use(workspace.analysis, workspace.scope),
    )


def _design(
    workspace: Workspace, unfolded: frozenset[str], unfold: Callable[[str], None]
) -> Contents:
    number = len(workspace.design.blocks)
    return Contents(
        ("design", id(workspace.document)),
        title=design_rows.design_name_row(workspace),
        kind=f"design of {len(workspace.design.graph.nodes)} nodes"
        + (f", {number} block{'s' if number != 1 else ''}" if number else ""),
        sections=[
            design_rows.about_section(workspace),
            design_rows.argument_section(workspace, None, unfolded, unfold),
        ],
        facts=facts.of_design(workspace.analysis),
        problems=[each for each in workspace.analysis.problems if not each.path],
    )
