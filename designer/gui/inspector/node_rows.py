"""The fields of selected nodes: names, layers' parameters, blocks' arguments, repeat and when."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from designer.analysis.evaluation.block_uses import MAX_REPEAT
from designer.design import edits
from designer.design.edits import Edit
from designer.design.expressions import Scalar
from designer.design.values import BlockNode, Design, LayerNode, Node, Value
from designer.gui.documents import graph_paths, labels
from designer.gui.documents.freezing import learns
from designer.gui.documents.workspace import Workspace
from designer.gui.forms import field_types
from designer.gui.forms.rows import (
    ABSENT,
    VARIOUS,
    Row,
    Scope,
    in_turn,
    scope_at,
    scopes_of_use,
)
from designer.gui.inspector import design_rows
from designer.layers.catalogue import layer_types
from designer.layers.initialization import SPREADS
from designer.layers.parameters import ParameterError


class Target(NamedTuple):
    """A selected node: where it is drawn and what it is."""

    path: str
    block: str | None
    name: str
    node: Node


def name_row(workspace: Workspace, target: Target) -> Row:
    """Return the field of a node's name."""

    def refusal(value: Value) -> str | None:
        if value == target.name:
            return None
        return edits.name_refusal(workspace.design, str(value), target.block)

    return Row(
        "name",
        "Name",
        field_types.text(expects="a name"),
        target.name,
        lambda value: (
            lambda design: edits.rename_node(design, target.name, str(value), block=target.block)
        ),
        f"rename {target.name}",
        help="Becomes the attribute in the generated code and the key in the state dict.",
        refusal=refusal,
        live=False,
        select=lambda value: [graph_paths.join(graph_paths.parent(target.path), str(value))],
    )


# Parameters


def parameter_rows(workspace: Workspace, targets: Sequence[Target]) -> list[Row]:
    """Return the parameters that all the layers have, as those of the first one stand."""
    classes = [layer_types()[each.node.layer] for each in targets]  # type: ignore[union-attr]
    scopes = [scope_at(workspace.analysis, graph_paths.parent(each.path)) for each in targets]
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
            _strictest(field_types.of_parameter(parameter), [each.check for each in others]),
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


def _strictest(
    kind: field_types.FieldType, checks: Sequence[Callable[[Value], Any]]
) -> field_types.FieldType:
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
    plain = not parameter.required and not field_types.has_expression(value)
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


def argument_rows(workspace: Workspace, targets: Sequence[Target]) -> list[Row]:
    """Return the arguments that all the uses' blocks have."""
    used = [workspace.design.blocks.get(each.node.block) for each in targets]  # type: ignore[union-attr]
    if None in used:
        return []
    scopes: list[Scope] = []
    for each in targets:
        scopes += scopes_of_use(workspace.analysis, each.path, each.node)  # type: ignore[arg-type]
    rows = []
    for name, argument in used[0].arguments.items():  # type: ignore[union-attr]
        kind = field_types.of_argument(argument)
        if any(
            name not in each.arguments
            or field_types.of_argument(each.arguments[name]).signature != kind.signature
            for each in used  # type: ignore[union-attr]
        ):
            continue
        if len(targets) == 1:
            given = _given(workspace, targets[0])
            kind = field_types.with_rule(kind, name, used[0].arguments, given)  # type: ignore[union-attr]
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


def _given(workspace: Workspace, target: Target) -> dict[str, Scalar]:
    """Return the values of a use's arguments, as far as they are known."""
    node = target.node
    assert isinstance(node, BlockNode)
    arguments = workspace.design.blocks[node.block].arguments
    values = {key: each.default for key, each in arguments.items()}
    plain = {
        key: each for key, each in node.arguments.items() if not field_types.has_expression(each)
    }
    result = workspace.analysis.node(target.path)
    known = result.inside.scope if result is not None and result.inside is not None else {}
    return {**values, **known, **plain}


_REPEAT = field_types.FieldType(
    f"a whole number from 0 to {MAX_REPEAT}",
    lambda value: design_rows.whole(value, 0, MAX_REPEAT),
    minimum=0,
    maximum=MAX_REPEAT,
)


def repeat_row(workspace: Workspace, targets: Sequence[Target]) -> Row:
    """Return the field that says how often blocks run in a row."""
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
        scopes=[scope_at(workspace.analysis, graph_paths.parent(each.path)) for each in targets],
    )


def rate_rows(workspace: Workspace, targets: Sequence[Target]) -> list[Row]:
    """Return the field of the learning rate's factor, where anything can learn."""
    if not all(learns(each.node) for each in targets):
        return []

    def set_all(value: Value) -> Edit:
        return in_turn(
            [
                lambda design, each=each: edits.set_learning_rate(
                    design, each.name, value, block=each.block
                )
                for each in targets
            ]
        )

    scopes: list[Scope] = []
    for each in targets:
        if isinstance(each.node, BlockNode):
            scopes += scopes_of_use(workspace.analysis, each.path, each.node)
        else:
            scopes.append(scope_at(workspace.analysis, graph_paths.parent(each.path)))
    return [
        Row(
            "learning_rate",
            labels.label("learning_rate"),
            _RATE,
            _common([each.node.learning_rate for each in targets], lambda value: value),
            set_all,
            _step(targets, "learning rate"),
            help="The training's learning rate is multiplied by it, a block's counts for all that "
            "is in it. 0 freezes: the weights stay, and norms go by their running figures and "
            "leave them as they are.",
            default=1,
            reset=set_all(1),
            scopes=scopes,
        )
    ]


def _factor(value: Value) -> Value:
    """Accept what multiplies a learning rate."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ParameterError("takes a number from 0 on")
    return value


_RATE = field_types.FieldType("a number from 0 on", _factor, whole=False, minimum=0)


def when_rows(workspace: Workspace, targets: Sequence[Target]) -> list[Row]:
    """Return the field that says when nodes are there."""

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
            field_types.WHEN,
            _common([each.node.when for each in targets], lambda value: value),
            set_all,
            _step(targets, "when"),
            help="Off takes it out with its edges, or leaves a wire; an expression may decide.",
            default=True,
            reset=set_all(True),
            scopes=[
                scope_at(workspace.analysis, graph_paths.parent(each.path)) for each in targets
            ],
        )
    ]
