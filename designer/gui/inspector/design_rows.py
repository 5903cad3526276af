"""Form rows for a design or block: its name, description, arguments and their definitions."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from designer.design import arguments, blocks, edits, naming
from designer.design.edits import Edit
from designer.design.expressions import Scalar
from designer.design.naming import argument_name_refusal
from designer.design.values import Argument, Design, Value, plain
from designer.gui.documents import labels, steps
from designer.gui.documents.workspace import Workspace
from designer.gui.forms import field_types
from designer.gui.forms.rows import Button, Row, Section

WHOLE, NUMBER, SWITCH, TEXT = "whole number", "number", "on or off", "text"


# Names


def design_name_row(workspace: Workspace) -> Row:
    """Return the row of the design's name."""
    return Row(
        "name",
        "Name",
        field_types.text(expects="a name"),
        workspace.design.name,
        lambda value: lambda design: replace(design, name=str(value).strip()),
        steps.step("rename_design"),
        help="The generated class is named after it.",
        refusal=lambda value: None if str(value).strip() else "Give the design a name.",
        live=False,
    )


def block_name_row(workspace: Workspace, block: str) -> Row:
    """Return the row of a block's name."""

    def refusal(value: Value) -> str | None:
        return None if value == block else blocks.block_name_sentence(workspace.design, str(value))

    return Row(
        "name",
        "Name",
        field_types.NAME,
        block,
        lambda value: lambda design: blocks.rename_block(design, block, str(value)),
        steps.step("rename_block", name=block),
        help="The generated class has this name.",
        refusal=refusal,
        live=False,
    )


def about_section(workspace: Workspace) -> Section:
    """Return the rows of the design's description and references."""
    design = workspace.design

    def cite(value: Value) -> Edit:
        cites = tuple(filter(None, (each.strip() for each in str(value).split(";"))))
        return lambda design: replace(design, cites=cites)

    return Section(
        rows=[
            Row(
                "about",
                "About",
                field_types.PROSE,
                design.about,
                lambda value: lambda design: replace(design, about=str(value)),
                steps.step("set_about"),
                help="A description of the network.",
                empty="A description of the network",
            ),
            Row(
                "cites",
                "Cites",
                field_types.text(),
                "; ".join(design.cites),
                cite,
                steps.step("set_cites"),
                help="The papers that describe it, separated by semicolons.",
                empty="papers",
                live=False,
            ),
        ]
    )


# Arguments


def argument_section(
    workspace: Workspace,
    block: str | None,
    unfolded: frozenset[str],
    unfold: Callable[[str], None],
) -> Section:
    """Return a section with the arguments of a design or block.

    Parameters
    ----------
    workspace
        The open design.
    block
        The block; None for the design.
    unfolded
        The arguments whose definition is shown below their value.
    unfold
        Shows or hides the definition of an argument.
    """
    rows: list[Row] = []
    buttons: list[Button] = []
    for name, argument in arguments.arguments_of(workspace.design, block).items():
        rows.append(_value_row(workspace, block, name, argument))
        is_open = name in unfolded
        buttons.append(
            Button(
                f"define-{name}",
                "",
                f"Hide the definition of {name}." if is_open else f"Show the definition of {name}.",
                partial(unfold, name),
                after=name,
                icon="fold" if is_open else "unfold",
            )
        )
        if is_open:
            rows += _definition(workspace, block, name, argument)
            buttons.append(
                Button(
                    f"remove-{name}",
                    f"Remove {name}",
                    f"Its value {labels.value(argument.default)} takes its place in expressions.",
                    partial(_remove, workspace, block, name),
                    after=f"{name}.help",
                )
            )
    buttons.append(
        Button(
            "add-argument",
            "Add argument",
            "Add an argument of the design, which expressions can read."
            if block is None
            else "Add an argument of the block, which expressions can read and every use can set.",
            lambda: _add(workspace, block, unfold),
            icon="add",
        )
    )
    return Section("Arguments", rows, buttons)


def _remove(workspace: Workspace, block: str | None, name: str) -> None:
    workspace.edit(
        steps.step("remove_argument", name=name),
        lambda design: arguments.remove_argument(design, name, block=block),
    )


def _add(workspace: Workspace, block: str | None, unfold: Callable[[str], None]) -> None:
    known = arguments.arguments_of(workspace.design, block)
    name = naming.first_free(known, "width", argument_name_refusal)
    done = workspace.edit(
        steps.step("add_argument", name=name),
        lambda design: arguments.define_argument(design, name, Argument(1, minimum=1), block=block),
    )
    if done:
        unfold(name)


def _value_row(workspace: Workspace, block: str | None, name: str, argument: Argument) -> Row:
    def change(value: Value) -> Edit:
        if block is None:
            return lambda design: edits.set_argument(design, name, field_types.scalar(value))
        return _define(block, name, default=value)

    beside = arguments.arguments_of(workspace.design, block)
    values = {key: each.default for key, each in beside.items()}
    return Row(
        name,
        name,
        field_types.with_rule(
            field_types.of_argument(argument, expressions=False), name, beside, values
        ),
        argument.default,
        change,
        (
            steps.step("set_argument", name=name)
            if block is None
            else steps.step("set_block_argument", name=name, block=block)
        ),
        help=argument.help or ("" if block is None else "The value at uses that do not set one."),
    )


def _define(block: str | None, name: str, **changed: Any) -> Edit:
    """Return the edit that changes fields of an argument's definition."""

    def edit(design: Design) -> Design:
        known = arguments.arguments_of(design, block)[name]
        if isinstance(known.default, float) and type(changed.get("default")) is int:
            changed["default"] = float(changed["default"])  # a number stays one
        return arguments.define_argument(design, name, replace(known, **changed), block=block)

    return edit


def _definition(
    workspace: Workspace, block: str | None, name: str, argument: Argument
) -> list[Row]:
    """Return the rows of an argument's definition."""

    def row(key: str, label: str, kind: field_types.FieldType, value: Value, **more: Any) -> Row:
        change = more.pop("change", None) or (lambda value: _define(block, name, **{key: value}))
        return Row(
            f"{name}.{key}",
            label,
            kind,
            value,
            change,
            more.pop("step", None)
            or steps.step("set_argument_definition", setting=label.lower(), name=name),
            inner=True,
            **more,
        )

    def name_refusal(value: Value) -> str | None:
        if value == name:
            return None
        refusal = argument_name_refusal(str(value))
        if refusal:
            return f"'{value}' {refusal}."
        if value in arguments.arguments_of(workspace.design, block):
            return f"There is an argument '{value}' already; choose another name."
        return None

    def range_refusal(key: str) -> Callable[[Value], str | None]:
        def refusal(value: Value) -> str | None:
            bounds: dict[str, Any] = {key: value}
            refused = replace(argument, **bounds).refusal(argument.default)
            return f"The current value does not fit: {name} {refused}." if refused else None

        return refusal

    now = _kind(argument)
    rows = [
        row(
            "name",
            "Name",
            field_types.NAME,
            name,
            change=lambda value: (
                lambda design: arguments.rename_argument(design, name, str(value), block=block)
            ),
            step=steps.step("rename_argument", name=name),
            help="Expressions and uses are updated when it is renamed.",
            refusal=name_refusal,
            live=False,
        ),
        row(
            "kind",
            "FieldType",
            field_types.options((WHOLE, NUMBER, SWITCH, TEXT)),
            now,
            change=lambda value: _define(block, name, **_as_kind(argument, str(value))),
            help="The type of its values.",
        ),
    ]
    if now in (WHOLE, NUMBER) and not argument.choices:
        bound = field_types.optional_number(whole=now == WHOLE)
        for key, label, explanation in (
            ("minimum", "Minimum", "The least value that it accepts; leave it empty for any."),
            ("maximum", "Maximum", "The greatest value that it accepts; leave it empty for any."),
        ):
            value = getattr(argument, key)
            rows.append(
                row(
                    key,
                    label,
                    bound,
                    None if value is None else plain(value),
                    help=explanation,
                    empty="any",
                    refusal=range_refusal(key),
                )
            )
    if now != SWITCH:
        rows.append(
            row(
                "choices",
                "Choices",
                _choices_kind(argument),
                ", ".join(map(labels.value, argument.choices)),
                change=lambda value: _define(block, name, choices=_choices(argument, value)),
                help="The values that it accepts, separated by commas; leave it empty for any.",
                empty="any",
                refusal=lambda value: _choice_refusal(name, argument, value),
                live=False,
            )
        )
    rows.append(
        row(
            "help",
            "Help",
            field_types.text(),
            argument.help,
            help="A line that explains the argument.",
        )
    )
    return rows


def _kind(argument: Argument) -> str:
    if isinstance(argument.default, bool):
        return SWITCH
    if isinstance(argument.default, str):
        return TEXT
    return WHOLE if isinstance(argument.default, int) else NUMBER


def _as_kind(argument: Argument, kind: str) -> dict[str, Any]:
    """Return the fields of a definition that turn an argument into one of another kind."""
    value = argument.default
    if kind in (WHOLE, NUMBER) and isinstance(value, int | float) and not isinstance(value, bool):
        number = int(value) if kind == WHOLE else float(value)
        bounds = {
            key: int(bound) if kind == WHOLE and bound is not None else bound
            for key, bound in (("minimum", argument.minimum), ("maximum", argument.maximum))
        }
        return {"default": number, "choices": (), **bounds}
    defaults: dict[str, Scalar] = {
        WHOLE: int(value) if isinstance(value, bool) else 1,
        NUMBER: 1.0,
        SWITCH: bool(value),
        TEXT: labels.value(value),
    }
    return {"default": defaults[kind], "choices": (), "minimum": None, "maximum": None}


def _choices(argument: Argument, value: Value) -> tuple[Scalar, ...]:
    kind = field_types.of_argument(replace(argument, choices=(), minimum=None, maximum=None))
    parts = [part.strip() for part in str(value).split(",") if part.strip()]
    return tuple([kind.check(kind.read(part)) for part in parts])


def _choices_kind(argument: Argument) -> field_types.FieldType:
    return field_types.text(lambda value: _choices(argument, value), "values separated by commas")


def _choice_refusal(name: str, argument: Argument, value: Value) -> str | None:
    choices = _choices(argument, value)
    if choices and argument.default not in choices:
        return f"The current value of {name}, {labels.value(argument.default)}, must be a choice."
    return None
