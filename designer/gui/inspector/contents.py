"""What the inspector shows for one node, several nodes, a block, a block's port or the design."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from designer.analysis.problems import Problem
from designer.design import blocks, sharing
from designer.design.values import BlockNode, LayerNode
from designer.gui.documents import graph_paths
from designer.gui.documents.sharing import stop
from designer.gui.documents.workspace import Workspace
from designer.gui.forms.rows import (
    Button,
    Row,
    Section,
)
from designer.gui.inspector import design_rows, facts, port_rows
from designer.gui.inspector.facts import Fact
from designer.gui.inspector.node_rows import (
    AnyTarget,
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
    """Everything that the inspector shows.

    Attributes
    ----------
    identity
        Identifies the thing shown; while it stays equal, text being typed is kept.
    heading
        The title if it cannot be edited.
    title
        The row of the name; None if there is only a heading.
    kind, help
        The line below the title that says what it is, and a longer text.
    words
        The explanation shown while the pointer is on no row.
    note
        Where else an edit takes effect.
    category, colored
        Whether the icon of a category is shown, and which one (None means a block).
    sections
        The form.
    facts
        The lines of the explanation card.
    problems
        What is wrong with it.
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
    """Return what to show for a selection.

    Parameters
    ----------
    workspace
        The open design and the graph shown.
    paths
        The graph paths of the selected nodes.
    unfolded
        The arguments whose definition is shown.
    unfold
        Shows or hides the definition of an argument.
    """
    if workspace.document is None:
        return Contents(("nothing",), "Nothing open", help="Open a design or create a new one.")
    design = workspace.design
    targets: dict[tuple[str | None, str], AnyTarget] = {}  # one for all uses of a block's node
    ports = []
    for path in sorted(paths):
        found = graph_paths.graph_at(design, graph_paths.parent(path))
        name = graph_paths.name_of(path)
        if found is None:
            continue
        block, graph = found
        node = graph.nodes.get(name)
        if node is not None:
            targets.setdefault((block, name), Target(path, block, name, node))
        elif block is not None:
            ports.append((block, name))
    layers = [each for each in targets.values() if _is_layer(each)]
    uses = [each for each in targets.values() if _is_use(each)]
    if len(targets) > 1:
        return _several(workspace, list(targets.values()), layers, uses)
    if layers:
        return _layer(workspace, layers[0])
    if uses:
        return _use(workspace, uses[0])
    if ports:
        return _port(workspace, *ports[0])
    block = workspace.block
    if block is not None:
        return _block(workspace, block, unfolded, unfold)
    return _design(workspace, unfolded, unfold)


# One node


def _is_layer(target: AnyTarget) -> TypeGuard[Target[LayerNode]]:
    return isinstance(target.node, LayerNode)


def _is_use(target: AnyTarget) -> TypeGuard[Target[BlockNode]]:
    return isinstance(target.node, BlockNode)


def _layer(workspace: Workspace, target: Target[LayerNode]) -> Contents:
    node = target.node
    analysis = workspace.analysis
    layer = layer_types(workspace.design.code).get(node.layer)
    rows = [] if layer is None else parameter_rows(workspace, [target])
    return Contents(
        ("node", workspace.document, target.path),
        title=name_row(workspace, target),
        kind=f"{node.layer} · {_summary(layer)}" if layer else f"{node.layer} · unknown layer type",
        words=layer.help if layer else "",
        note=_notes(workspace, target),
        category=layer.category if layer else None,
        colored=layer is not None,
        sections=[
            Section(
                rows=[*rows, *rate_rows(workspace, [target]), *when_rows(workspace, [target])],
                buttons=[
                    *_sharing_buttons(workspace, target),
                    *(
                        [_code_button(workspace, node.layer)]
                        if node.layer in workspace.design.code
                        else []
                    ),
                ],
            )
        ],
        facts=facts.of_layer(analysis, target.path, workspace.recipe.initialization),
        problems=facts.problems_of(analysis, target.path, target.block, target.name),
    )


def _code_button(workspace: Workspace, name: str) -> Button:
    """Return the button that shows the code of one of the design's own layer types."""
    return Button(
        "own-code",
        f"Code of {name}…",
        "Read and edit the class, and trust it or not.",
        lambda: workspace.code_requested.emit(name),
        icon="code",
    )


def _summary(layer: type) -> str:
    """Return the first line of a layer type's docstring without its period; -OO leaves none."""
    return (layer.__doc__ or "").partition("\n")[0].rstrip(".")


def _use(workspace: Workspace, target: Target[BlockNode]) -> Contents:
    design, analysis, node = workspace.design, workspace.analysis, target.node
    used = design.blocks.get(node.block)
    rows = [repeat_row(workspace, [target])] if used is not None else []
    return Contents(
        ("node", workspace.document, target.path),
        title=name_row(workspace, target),
        kind=f"{node.block} · block of {len(used.graph.nodes)} nodes" if used else node.block,
        help=facts.composition(used)
        if used is not None
        else "There is no such block in this design.",
        note=_notes(workspace, target),
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
                    *_sharing_buttons(workspace, target),
                    *(
                        [
                            Button(
                                "look-into",
                                f"Look into {node.block}",
                                "Show the graph of the block.",
                                lambda: workspace.look_into(
                                    graph_paths.inside(analysis, target.path)
                                ),
                                icon="go-in",
                            )
                        ]
                        if used is not None
                        else []
                    ),
                ],
            )
        ],
        facts=facts.of_use(analysis, target.path),
        problems=facts.problems_of(analysis, target.path, target.block, target.name),
    )


def _notes(workspace: Workspace, target: AnyTarget) -> str:
    """Say where else an edit of a node applies: in other uses of its block, and where it shares."""
    return " ".join(
        filter(None, (_sharing_note(workspace, target), _note(workspace, target.block)))
    )


def _sharing_note(workspace: Workspace, target: AnyTarget) -> str:
    """Say with which nodes a node shares weights, "" if with none."""
    group = sharing.group_of(workspace.design.graph_of(target.block).nodes, target.name)
    if len(group) < 2:
        return ""
    if target.node.shares:
        return (
            f"Shares the weights of {target.node.shares}, where they are counted once: a change "
            "applies to all nodes that share them."
        )
    others = [name for name in group if name != target.name]
    if len(others) == 1:
        return f"{others[0]} shares these weights, which are counted once, here."
    return f"{len(others)} other nodes share these weights, which are counted once, here."


def _sharing_buttons(workspace: Workspace, target: AnyTarget) -> list[Button]:
    """Return the buttons of a node that shares weights: to the node that has them, and apart."""
    owner = target.node.shares
    if not owner or owner not in workspace.design.graph_of(target.block).nodes:
        return []
    path = graph_paths.join(graph_paths.parent(target.path), owner)
    return [
        Button(
            "go-to-owner",
            f"Go to {owner}",
            "Select the node that has the weights.",
            lambda: workspace.select({path}, reveal=True),
            icon="share",
        ),
        Button(
            "stop-sharing",
            "Stop sharing",
            "Give this node weights of its own.",
            lambda: stop(workspace),
            icon="unshare",
        ),
    ]


def _note(workspace: Workspace, block: str | None) -> str:
    """Say that an edit within a block applies wherever the block is used."""
    if block is None:
        return ""
    uses = len(blocks.uses(workspace.design, block))
    if uses == 0:
        return f"Part of the block {block}, which is not used."
    passes = facts.passes(workspace.analysis, block)
    if uses == 1:
        if passes > 1:
            return f"Part of {block}: a change applies to its one use, which runs {passes} times."
        return f"Part of {block}: a change applies to its one use."
    if passes > uses:
        return f"Part of {block}: a change applies to all {uses} uses, which run {passes} times."
    return f"Part of {block}: a change applies to all {uses} uses."


# Several nodes


def _several(
    workspace: Workspace,
    targets: Sequence[AnyTarget],
    layers: Sequence[Target[LayerNode]],
    uses: Sequence[Target[BlockNode]],
) -> Contents:
    layer_kinds = layer_types(workspace.design.code)
    known = [each for each in layers if each.node.layer in layer_kinds]
    rows: list[Row] = []
    if len(known) == len(targets):
        rows = parameter_rows(workspace, known)
    elif not layers:
        rows = [*argument_rows(workspace, uses), repeat_row(workspace, uses)]
    types: dict[str, int] = {}
    for each in targets:
        name = each.node.layer if isinstance(each.node, LayerNode) else each.node.block
        types[name] = types.get(name, 0) + 1
    one = len(types) == 1
    words = ", ".join(f"{number} {name}" for name, number in types.items())
    return Contents(
        ("several", workspace.document, tuple(each.path for each in targets)),
        f"{len(targets)} nodes",
        kind=words if len(words) < 200 else f"{len(types)} types",
        help="An edit here applies to all of them."
        if rows
        else "They have no parameters in common.",
        category=layer_kinds[next(iter(types))].category if one and known else None,
        colored=one and (bool(known) or not layers),
        sections=[
            Section(rows=[*rows, *rate_rows(workspace, targets), *when_rows(workspace, targets)])
        ],
        facts=facts.of_several(workspace.analysis, [each.path for each in targets]),
    )


# Blocks and designs


def _port(workspace: Workspace, block: str, name: str) -> Contents:
    used = workspace.design.blocks[block]
    kind = "output" if name in used.outputs else "input"
    return Contents(
        ("port", workspace.document, block, name),
        title=port_rows.port_row(workspace, block, name, select=True),
        kind=f"{kind} of {block}",
        help=(
            "A value that the block returns."
            if kind == "output"
            else "A value that the block receives."
        ),
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
        ("block", workspace.document, block),
        title=design_rows.block_name_row(workspace, block),
        kind=f"block of {len(used.graph.nodes)} nodes, "
        + ("not used" if number == 0 else f"used {number}×" if number > 1 else "used once"),
        help=facts.composition(used),
        colored=True,
        sections=[
            design_rows.argument_section(workspace, block, unfolded, unfold),
            *port_rows.port_sections(workspace, block),
        ],
        facts=facts.of_use(workspace.analysis, workspace.scope),
    )


def _size_of(nodes: int, blocks: int) -> str:
    """Return the line below a design's name."""
    if blocks == 0:
        return "design of 1 node" if nodes == 1 else f"design of {nodes} nodes"
    if nodes == 1:
        return "design of 1 node, 1 block" if blocks == 1 else f"design of 1 node, {blocks} blocks"
    if blocks == 1:
        return f"design of {nodes} nodes, 1 block"
    return f"design of {nodes} nodes, {blocks} blocks"


def _design(
    workspace: Workspace, unfolded: frozenset[str], unfold: Callable[[str], None]
) -> Contents:
    return Contents(
        ("design", workspace.document),
        title=design_rows.design_name_row(workspace),
        kind=_size_of(len(workspace.design.graph.nodes), len(workspace.design.blocks)),
        sections=[
            design_rows.about_section(workspace),
            design_rows.argument_section(workspace, None, unfolded, unfold),
        ],
        facts=facts.of_design(workspace.analysis, workspace.recipe.optimizer),
        problems=[each for each in workspace.analysis.problems if not each.path],
    )
