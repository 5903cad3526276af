"""What the inspector shows: for one node, for several, for a block, for the design."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from designer.analysis.problems import Problem
from designer.analysis.uses import MAX_REPEAT
from designer.design import blocks, edits
from designer.design.edits import Edit
from designer.design.values import BlockNode, Design, LayerNode, Node, Value
from designer.gui import labels, places
from designer.gui.inspector import arguments, facts, kinds
from designer.gui.inspector.facts import Fact
from designer.gui.inspector.rows import (
    ABSENT,
    VARIOUS,
    Button,
    Row,
    Scope,
    Section,
    in_turn,
    scope_at,
    scopes_of_use,
)
from designer.gui.workspace import Workspace
from designer.layers.base import Category, layer_types
from designer.layers.initialisation import SPREADS


@dataclass(frozen=True)
class Subject:
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
    category, coloured
        Whose colour and sign it bears (None is a block), if any.
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
    coloured: bool = False
    sections: Sequence[Section] = ()
    facts: Sequence[Fact] = ()
    problems: Sequence[Problem] = ()


class Target(NamedTuple):
    """A selected node: where it is drawn and what it is."""

    path: str
    block: str | None
    name: str
    node: Node


def subject(
    workspace: Workspace,
    paths: Iterable[str],
    unfolded: frozenset[str],
    unfold: Callable[[str], None],
) -> Subject:
    """Return what is to be shown while the nodes at some paths are selected.

    Parameters
    ----------
    unfolded
        The arguments whose definition is shown.
    unfold
        Shows or hides the definition of an argument.
    """
    if workspace.document is None:
        return Subject(("nothing",), "Nothing open", help="Open a design, or begin a new one.")
    design = workspace.design
    chosen: dict[tuple[str | None, str], Target] = {}
    ends = []
    for path in sorted(paths):
        found = places.graph_at(design, places.parent(path))
        name = places.name_of(path)
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


def _layer(workspace: Workspace, target: Target, node: LayerNode) -> Subject:
    layer = layer_types().get(node.layer)
    analysis = workspace.analysis
    rows = [] if layer is None else _parameter_rows(workspace, [target])
    return Subject(
        ("node", id(workspace.document), target.path),
        title=_name_row(workspace, target),
        kind=f"{node.layer} · {_summary(layer)}" if layer else f"{node.layer} · unknown layer type",
        words=layer.help if layer else "",
        note=_note(workspace, target.block),
        category=layer.category if layer else None,
        coloured=layer is not None,
        sections=[Section(rows=[*rows, *_when_rows(workspace, [target])])],
        facts=facts.of_layer(analysis, target.path),
        problems=facts.problems_of(analysis, target.path, target.block, target.name),
    )


def _summary(layer: type) -> str:
    return (layer.__doc__ or "").splitlines()[0].rstrip(".")


def _use(workspace: Workspace, target: Target, node: BlockNode) -> Subject:
    design, analysis = workspace.design, workspace.analysis
    used = design.blocks.get(node.block)
    rows = [_repeat_row(workspace, [target])] if used is not None else []
    return Subject(
        ("node", id(workspace.document), target.path),
        title=_name_row(workspace, target),
        kind=f"{node.block} · block of {len(used.graph.nodes)} nodes" if used else node.block,
        help=facts.holds(used) if used is not None else "There is no such block in this design.",
        note=_note(workspace, target.block),
        coloured=True,
        sections=[
            Section(
                rows=[
                    *_argument_rows(workspace, [target]),
                    *rows,
                    *_when_rows(workspace, [target]),
                ],
                buttons=[
                    Button(
                        "look-into",
                        f"Look into {node.block}",
                        "Show the graph of the block.",
                        lambda: workspace.look_into(places.inside(analysis, target.path)),
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


def _name_row(workspace: Workspace, target: Target) -> Row:
    def refusal(value: Value) -> str | None:
        if value == target.name:
            return None
        return edits.name_refusal(workspace.design, str(value), target.block)

    return Row(
        "name",
        "Name",
        kinds.text(expects="a name"),
        target.name,
        lambda value: (
            lambda design: edits.rename_node(design, target.name, str(value), block=target.block)
        ),
        f"rename {target.name}",
        help="Becomes the attribute in the generated code and the key in the state dict.",
        refusal=refusal,
        live=False,
        select=lambda value: [places.join(places.parent(target.path), str(value))],
    )


# Parameters


def _parameter_rows(workspace: Workspace, targets: Sequence[Target]) -> list[Row]:
    """Return the parameters that all the layers have, as those of the first one stand."""
    classes = [layer_types()[each.node.layer] for each in targets]  # type: ignore[union-attr]
    scopes = [scope_at(workspace.analysis, places.parent(each.path)) for each in targets]
    rows = []
    for name, parameter in classes[0].parameters.items():
        others = [each.parameters.get(name) for each in classes]
        if any(type(each) is not type(parameter) for each in others):
            continue
        values = [
            each.node.parameters.get(name, ABSENT if other.required else other.default)  # type: ignore[union-attr]
            for each, other in zip(targets, others, strict=True)
        ]
        known = {each.default for each in others if not each.required}
        default = known.pop() if len(known) == 1 and not parameter.required else ABSENT
        row = Row(
            name,
            labels.label(name),
            _strictest(kinds.of_parameter(parameter), [each.check for each in others]),
            _common(values, parameter.check),
            lambda value, name=name: in_turn(
                [_set_parameter(each, name, value) for each in targets]
            ),
            _step(targets, labels.label(name)),
            help=parameter.help,
            unit=parameter.unit,
            default=default,
            reset=in_turn([_unset(each, name) for each in targets]),
            scopes=scopes,
        )
        if _matters(name, row, targets):
            rows.append(row)
    return rows


def _strictest(kind: kinds.Kind, checks: Sequence[Callable[[Value], Any]]) -> kinds.Kind:
    """Return a kind that takes only what all checks take."""

    def check(value: Value) -> Any:
        for each in checks[1:]:
            each(value)
        return checks[0](value)

    return kind if len(checks) == 1 else replace(kind, check=check)


def _common(values: Sequence[Any], check: Callable[[Value], Any]) -> Any:
    """Return the value that all have, `VARIOUS` if they differ; 3 and (3, 3) are one."""

    def plain(value: Any) -> Any:
        try:
            return check(value)
        except ValueError:
            return value

    first = plain(values[0])
    same = all(plain(each) == first and type(plain(each)) is type(first) for each in values[1:])
    return values[0] if same else VARIOUS


def _matters(name: str, row: Row, targets: Sequence[Target]) -> bool:
    """Leave out what has no effect with the other values, unless it was set."""
    if row.differs or row.value is VARIOUS or name not in (
        "weight_init_value", "weight_init_mode", "bias_init"
    ):  # fmt: skip
        return True
    for each in targets:
        given = each.node.parameters  # type: ignore[union-attr]
        method = str(given.get("weight_init", "default"))
        if name == "weight_init_mode" and method.startswith("kaiming"):
            return True
        if name == "weight_init_value" and method in (*SPREADS, "constant", "orthogonal"):
            return True
        if name == "bias_init" and given.get("bias", True) is not False:
            return True
    return False


def _set_parameter(target: Target, name: str, value: Value) -> Edit:
    layer = layer_types()[target.node.layer]  # type: ignore[union-attr]
    parameter = layer.parameters[name]
    plain = not parameter.required and not kinds.has_expression(value)
    if plain and parameter.check(value) == parameter.default:
        return _unset(target, name)
    return lambda design: edits.set_parameter(design, target.name, name, value, block=target.block)


def _unset(target: Target, name: str) -> Edit:
    def edit(design: Design) -> Design:
        node = design.graph_of(target.block).nodes.get(target.name)
        if isinstance(node, LayerNode) and name not in node.parameters:
            return design
        return edits.remove_parameter(design, target.name, name, block=target.block)

    return edit


def _step(targets: Sequence[Target], label: str) -> str:
    """Name the step of the history: set conv1 stride."""
    word = label[0].lower() + label[1:]
    if len(targets) == 1:
        return f"set {targets[0].name} {word}"
    return f"set {word} of {len(targets)} nodes"


# Blocks' arguments, repeat and when


def _argument_rows(workspace: Workspace, targets: Sequence[Target]) -> list[Row]:
    """Return the arguments that all the uses' blocks have."""
    used = [workspace.design.blocks.get(each.node.block) for each in targets]  # type: ignore[union-attr]
    if None in used:
        return []
    scopes: list[Scope] = []
    for each in targets:
        scopes += scopes_of_use(workspace.analysis, each.path, each.node)  # type: ignore[arg-type]
    rows = []
    for name, argument in used[0].arguments.items():  # type: ignore[union-attr]
        kind = kinds.of_argument(argument)
        if any(
            name not in each.arguments
            or kinds.of_argument(each.arguments[name]).signature != kind.signature
            for each in used  # type: ignore[union-attr]
        ):
            continue
        values = [each.node.arguments.get(name, argument.default) for each in targets]  # type: ignore[union-attr]
        rows.append(
            Row(
                name,
                name,
                kind,
                _common(values, kind.check),
                lambda value, name=name: in_turn(
                    [
                        lambda design, each=each: edits.set_block_argument(
                            design, each.name, name, value, block=each.block
                        )
                        for each in targets
                    ]
                ),
                _step(targets, name),
                help=argument.help,
                default=argument.default,
                reset=in_turn(
                    [
                        lambda design, each=each, name=name: edits.remove_parameter(
                            design, each.name, name, block=each.block
                        )
                        for each in targets
                        if name in each.node.arguments  # type: ignore[union-attr]
                    ]
                ),
                scopes=scopes,
            )
        )
    return rows


_REPEAT = kinds.Kind(
    f"a whole number from 0 to {MAX_REPEAT}",
    lambda value: arguments.whole(value, 0, MAX_REPEAT),
    minimum=0,
    maximum=MAX_REPEAT,
)


def _repeat_row(workspace: Workspace, targets: Sequence[Target]) -> Row:
    return Row(
        "repeat",
        "Repeat",
        _REPEAT,
        _common([each.node.repeat for each in targets], lambda value: value),  # type: ignore[union-attr]
        lambda value: in_turn(
            [
                lambda design, each=each: edits.set_repeat(
                    design, each.name, value, block=each.block
                )
                for each in targets
            ]
        ),
        _step(targets, "repeat"),
        help="How many times it runs in a row; 0 passes its input through. Its arguments may "
        "read i, the number of the repetition.",
        unit="times",
        default=1,
        reset=in_turn(
            [
                lambda design, each=each: edits.set_repeat(design, each.name, 1, block=each.block)
                for each in targets
            ]
        ),
        scopes=[scope_at(workspace.analysis, places.parent(each.path)) for each in targets],
    )


def _when_rows(workspace: Workspace, targets: Sequence[Target]) -> list[Row]:
    def set_all(value: Value) -> Edit:
        return in_turn(
            [
                lambda design, each=each: edits.set_when(design, each.name, value, block=each.block)
                for each in targets
            ]
        )

    return [
        Row(
            "when",
            labels.label("when"),
            kinds.WHEN,
            _common([each.node.when for each in targets], lambda value: value),
            set_all,
            _step(targets, "when"),
            help="Off takes it out with its edges, or leaves a wire; an expression may decide.",
            default=True,
            reset=set_all(True),
            scopes=[scope_at(workspace.analysis, places.parent(each.path)) for each in targets],
        )
    ]


# Several nodes


def _several(workspace: Workspace, targets: Sequence[Target]) -> Subject:
    layers = [each for each in targets if isinstance(each.node, LayerNode)]
    known = [each for each in layers if each.node.layer in layer_types()]  # type: ignore[union-attr]
    rows: list[Row] = []
    if len(known) == len(targets):
        rows = _parameter_rows(workspace, targets)
    elif not layers:
        rows = [*_argument_rows(workspace, targets), _repeat_row(workspace, targets)]
    types: dict[str, int] = {}
    for each in targets:
        name = each.node.layer if isinstance(each.node, LayerNode) else each.node.block
        types[name] = types.get(name, 0) + 1
    one = len(types) == 1
    words = ", ".join(f"{number} {name}" for name, number in types.items())
    return Subject(
        ("several", id(workspace.document), tuple(each.path for each in targets)),
        f"{len(targets)} nodes",
        kind=words if len(words) < 200 else f"{len(types)} types",
        help="An edit here sets them all." if rows else "They have no parameters in common.",
        category=layer_types()[next(iter(types))].category if one and known else None,
        coloured=one and (bool(known) or not layers),
        sections=[Section(rows=[*rows, *_when_rows(workspace, targets)])],
        facts=facts.of_several(workspace.analysis, [each.path for each in targets]),
    )


# Blocks and designs


def _end(workspace: Workspace, block: str, name: str) -> Subject:
    used = workspace.design.blocks[block]
    kind = "output" if name in used.outputs else "input"
    return Subject(
        ("end", id(workspace.document), block, name),
        title=arguments.end_row(workspace, block, name, select=True),
        kind=f"{kind} of {block}",
        help=f"What {'leaves' if kind == 'output' else 'enters'} the block by this name.",
        note=_note(workspace, block),
        category=Category.PORT,
        coloured=True,
    )


def _block(
    workspace: Workspace, block: str, unfolded: frozenset[str], unfold: Callable[[str], None]
) -> Subject:
    used = workspace.design.blocks[block]
    number = len(blocks.uses(workspace.design, block))
    return Subject(
        ("block", id(workspace.document), block),
        title=arguments.block_name_row(workspace, block),
        kind=f"block of {len(used.graph.nodes)} nodes, "
        + ("not used" if number == 0 else f"used {number}×" if number > 1 else "used once"),
        help=facts.holds(used),
        coloured=True,
        sections=[
            arguments.argument_section(workspace, block, unfolded, unfold),
            *arguments.end_sections(workspace, block),
        ],
        facts=facts.of_use(workspace.analysis, workspace.scope),
    )


def _design(
    workspace: Workspace, unfolded: frozenset[str], unfold: Callable[[str], None]
) -> Subject:
    number = len(workspace.design.blocks)
    return Subject(
        ("design", id(workspace.document)),
        title=arguments.design_name_row(workspace),
        kind=f"design of {len(workspace.design.graph.nodes)} nodes"
        + (f", {number} block{'s' if number != 1 else ''}" if number else ""),
        sections=[
            arguments.about_section(workspace),
            arguments.argument_section(workspace, None, unfolded, unfold),
        ],
        facts=facts.of_design(workspace.analysis),
        problems=[each for each in workspace.analysis.problems if not each.path],
    )
