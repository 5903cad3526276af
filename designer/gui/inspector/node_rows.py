"""Form rows for selected nodes: name, layer parameters, block arguments, repeat, factor, when."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Generic, NamedTuple, TypeAlias, TypedDict, TypeVar

from designer.analysis.evaluation.block_uses import MAX_REPEAT
from designer.design import edits, naming
from designer.design.edits import Edit
from designer.design.expressions import Scalar
from designer.design.values import BlockNode, Design, LayerNode, Node, Value
from designer.gui.documents import graph_paths, labels, steps
from designer.gui.documents.freezing import learns
from designer.gui.documents.workspace import Workspace
from designer.gui.forms import field_types
from designer.gui.forms.field_types import FieldType, scalar
from designer.gui.forms.rows import (
    ABSENT,
    VARIOUS,
    Row,
    Scope,
    in_turn,
    scope_at,
    scopes_of_use,
)
from designer.layers.catalogue import layer_types
from designer.layers.initialization import SPREADS
from designer.layers.parameters import ParameterError

NodeT_co = TypeVar("NodeT_co", bound=Node, covariant=True)


class Target(NamedTuple, Generic[NodeT_co]):
    """A selected node.

    Attributes
    ----------
    path
        Its graph path on the canvas.
    block
        The block that contains it; None for the design's own graph.
    name
        Its name in that graph.
    node
        The node itself.
    """

    path: str
    block: str | None
    name: str
    node: NodeT_co


AnyTarget: TypeAlias = Target[Node]


def name_row(workspace: Workspace, target: AnyTarget) -> Row:
    """Return the row of a node's name."""

    def refusal(value: Value) -> str | None:
        if value == target.name:
            return None
        return naming.name_refusal(workspace.design, str(value), target.block)

    return Row(
        "name",
        "Name",
        field_types.NAME,
        target.name,
        lambda value: (
            lambda design: edits.rename_node(design, target.name, str(value), block=target.block)
        ),
        steps.step("rename_node", name=target.name),
        help="Becomes the attribute in the generated code and the key in the state dict.",
        refusal=refusal,
        live=False,
        select=lambda value: [graph_paths.join(graph_paths.parent(target.path), str(value))],
    )


# Layer parameters


def parameter_rows(workspace: Workspace, targets: Sequence[Target[LayerNode]]) -> list[Row]:
    """Return a row for each parameter that all the layers have, in the first one's order.

    The layers' types must be known.
    """
    known = layer_types(workspace.design.code)
    types = [known[each.node.layer] for each in targets]
    scopes = [scope_at(workspace.analysis, graph_paths.parent(each.path)) for each in targets]
    rows = []
    for name, parameter in types[0].parameters.items():
        alike = [
            each.parameters[name]
            for each in types
            if type(each.parameters.get(name)) is type(parameter)
        ]
        if len(alike) < len(types):
            continue
        values = [
            each.node.parameters.get(name, ABSENT if other.required else other.default)
            for each, other in zip(targets, alike, strict=True)
        ]
        defaults = {each.default for each in alike if not each.required}
        row = Row(
            name,
            labels.label(name),
            _strictest(field_types.of_parameter(parameter), [each.check for each in alike]),
            _common(values, parameter.check),
            partial(_set_parameters, targets, name, workspace.design.code),
            **_steps(targets, _lowered(labels.label(name))),
            help=parameter.help,
            unit=parameter.unit,
            default=defaults.pop() if len(defaults) == 1 and not parameter.required else ABSENT,
            reset=in_turn([_unset(each, name) for each in targets]),
            scopes=scopes,
        )
        if _has_effect(name, row, targets):
            rows.append(row)
    return rows


def _strictest(field_type: FieldType, checks: Sequence[Callable[[Value], Any]]) -> FieldType:
    """Return a field type that accepts only what all checks accept."""

    def check(value: Value) -> Any:
        for each in checks[1:]:
            each(value)
        return checks[0](value)

    return field_type if len(checks) == 1 else replace(field_type, check=check)


def _common(values: Sequence[Any], check: Callable[[Value], Any]) -> Any:
    """Return the value if all are equal, else `VARIOUS`; 3 and (3, 3) count as equal."""

    def checked(value: Any) -> Any:
        try:
            return check(value)
        except ValueError:
            return value

    first, *others = map(checked, values)
    same = all(each == first and type(each) is type(first) for each in others)
    return values[0] if same else VARIOUS


def _has_effect(name: str, row: Row, targets: Sequence[Target[LayerNode]]) -> bool:
    """Tell whether to show a parameter: the others leave it an effect, or it was set."""
    if row.differs or row.value is VARIOUS or name not in (
        "weight_init_value", "weight_init_mode", "bias_init"
    ):  # fmt: skip
        return True
    for each in targets:
        given = each.node.parameters
        method = str(given.get("weight_init", "default"))
        if name == "weight_init_mode" and method.startswith("kaiming"):
            return True
        if name == "weight_init_value" and method in (*SPREADS, "constant", "orthogonal"):
            return True
        if name == "bias_init" and given.get("bias", True) is not False:
            return True
    return False


def _set_parameters(
    targets: Sequence[Target[LayerNode]], name: str, code: Mapping[str, str], value: Value
) -> Edit:
    return in_turn([_set_parameter(each, name, code, value) for each in targets])


def _set_parameter(
    target: Target[LayerNode], name: str, code: Mapping[str, str], value: Value
) -> Edit:
    """Return the edit that sets a parameter, or removes it if the value is the default."""
    parameter = layer_types(code)[target.node.layer].parameters[name]
    plain = not parameter.required and not field_types.has_expression(value)
    if plain and parameter.check(value) == parameter.default:
        return _unset(target, name)
    return lambda design: edits.set_parameter(design, target.name, name, value, block=target.block)


def _unset(target: Target[LayerNode], name: str) -> Edit:
    def edit(design: Design) -> Design:
        node = design.graph_of(target.block).nodes.get(target.name)
        if isinstance(node, LayerNode) and name not in node.parameters:
            return design
        return edits.remove_parameter(design, target.name, name, block=target.block)

    return edit


class _StepNames(TypedDict):
    step: str
    reset_step: str


def _steps(targets: Sequence[AnyTarget], setting: str) -> _StepNames:
    """Return the names of the steps that set and reset a setting of nodes."""
    names = [each.name for each in targets]
    return {
        "step": steps.step_of("set", names, setting=setting),
        "reset_step": steps.step_of("reset", names, setting=setting),
    }


def _lowered(label: str) -> str:
    return label[0].lower() + label[1:]


def _on_each(
    targets: Iterable[AnyTarget], edit: Callable[[Design, str, str | None], Design]
) -> Edit:
    """Return the edit that edits each node, given as its name and block."""

    def edit_all(design: Design) -> Design:
        for each in targets:
            design = edit(design, each.name, each.block)
        return design

    return edit_all


# Block arguments


def argument_rows(workspace: Workspace, targets: Sequence[Target[BlockNode]]) -> list[Row]:
    """Return a row for each argument that the blocks of all the nodes have."""
    found = [workspace.design.blocks.get(each.node.block) for each in targets]
    blocks = [each for each in found if each is not None]
    if len(blocks) < len(targets):
        return []
    scopes = [
        scope
        for each in targets
        for scope in scopes_of_use(workspace.analysis, each.path, each.node)
    ]
    rows = []
    for name, argument in blocks[0].arguments.items():
        field_type = field_types.of_argument(argument)
        if any(
            name not in each.arguments
            or field_types.of_argument(each.arguments[name]).signature != field_type.signature
            for each in blocks
        ):
            continue
        if len(targets) == 1:
            given = _argument_values(workspace, targets[0])
            field_type = field_types.with_rule(field_type, name, blocks[0].arguments, given)
        values = [each.node.arguments.get(name, argument.default) for each in targets]
        rows.append(
            Row(
                name,
                name,
                field_type,
                _common(values, field_type.check),
                partial(_set_argument, targets, name),
                **_steps(targets, name),
                help=argument.help,
                default=argument.default,
                reset=_unset_argument(targets, name),
                scopes=scopes,
            )
        )
    return rows


def _set_argument(targets: Sequence[Target[BlockNode]], name: str, value: Value) -> Edit:
    return _on_each(
        targets,
        lambda design, node, block: edits.set_block_argument(
            design, node, name, scalar(value), block=block
        ),
    )


def _unset_argument(targets: Sequence[Target[BlockNode]], name: str) -> Edit:
    return _on_each(
        [each for each in targets if name in each.node.arguments],
        lambda design, node, block: edits.remove_parameter(design, node, name, block=block),
    )


def _argument_values(workspace: Workspace, target: Target[BlockNode]) -> dict[str, Scalar]:
    """Return the values of a block node's arguments: defaults, as analyzed, then as given."""
    node = target.node
    arguments = workspace.design.blocks[node.block].arguments
    defaults = {key: each.default for key, each in arguments.items()}
    given = {
        key: each for key, each in node.arguments.items() if not field_types.has_expression(each)
    }
    result = workspace.analysis.node(target.path)
    analyzed = result.inside.scope if result is not None and result.inside is not None else {}
    return {**defaults, **analyzed, **given}


# Repeat, learning rate and when


def _repeat_count(value: Value) -> int:
    if type(value) is int and 0 <= value <= MAX_REPEAT:
        return value
    raise ParameterError(f"takes a whole number from 0 to {MAX_REPEAT}; received {value}")


_REPEAT = FieldType(
    f"a whole number from 0 to {MAX_REPEAT}", _repeat_count, minimum=0, maximum=MAX_REPEAT
)


def repeat_row(workspace: Workspace, targets: Sequence[Target[BlockNode]]) -> Row:
    """Return the row that says how many times blocks are repeated."""

    def set_all(value: Value) -> Edit:
        return _on_each(
            targets,
            lambda design, node, block: edits.set_repeat(design, node, scalar(value), block=block),
        )

    return Row(
        "repeat",
        "Repeat",
        _REPEAT,
        _common([each.node.repeat for each in targets], lambda value: value),
        set_all,
        **_steps(targets, "repeat"),
        help="How many times it runs in a row; 0 passes its input through. Its arguments may "
        "read i, the number of the repetition.",
        unit="times",
        default=1,
        reset=set_all(1),
        scopes=[scope_at(workspace.analysis, graph_paths.parent(each.path)) for each in targets],
    )


def rate_rows(workspace: Workspace, targets: Sequence[AnyTarget]) -> list[Row]:
    """Return the row of the learning rate's factor, or none if a node has nothing to learn."""
    if not all(learns(each.node) for each in targets):
        return []

    def set_all(value: Value) -> Edit:
        return _on_each(
            targets,
            lambda design, node, block: edits.set_learning_rate(
                design, node, scalar(value), block=block
            ),
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
            **_steps(targets, "learning rate"),
            help="Multiplies the training's learning rate; the factor of a block applies to all "
            "layers in it. 0 freezes: weights are not updated, and normalization layers use "
            "their running statistics without updating them.",
            default=1,
            reset=set_all(1),
            scopes=scopes,
        )
    ]


def _factor(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ParameterError("takes a number from 0 on")
    return value


_RATE = FieldType("a number from 0 on", _factor, whole=False, minimum=0)


def when_rows(workspace: Workspace, targets: Sequence[AnyTarget]) -> list[Row]:
    """Return the row that says whether the nodes are part of the network."""

    def set_all(value: Value) -> Edit:
        return _on_each(
            targets,
            lambda design, node, block: edits.set_when(design, node, scalar(value), block=block),
        )

    return [
        Row(
            "when",
            labels.label("when"),
            field_types.WHEN,
            _common([each.node.when for each in targets], lambda value: value),
            set_all,
            **_steps(targets, "when"),
            help="Off removes the node with its edges; one with one input and one output becomes "
            "a wire. An expression can decide.",
            default=True,
            reset=set_all(True),
            scopes=[
                scope_at(workspace.analysis, graph_paths.parent(each.path)) for each in targets
            ],
        )
    ]
