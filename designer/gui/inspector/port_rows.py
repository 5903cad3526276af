"""Form rows for a block's inputs and outputs: rename, add and remove them."""

from functools import partial
from typing import NamedTuple

from designer.design import blocks, naming
from designer.design.values import Value
from designer.gui.documents import graph_paths, steps
from designer.gui.documents.workspace import Workspace
from designer.gui.forms import field_types
from designer.gui.forms.rows import Button, Row, Section


class _Texts(NamedTuple):
    """Texts of one section; ``{name}`` and ``{number}`` are those of a port.

    ``added`` and ``removed`` are keys of `steps.STEPS`.
    """

    title: str
    row: str
    add: str
    add_help: str
    remove_help: str
    added: str
    removed: str


_INPUTS = _Texts(
    title="Inputs",
    row="Input {number}",
    add="Add input",
    add_help="Add an input to the block; every use of it gets another port.",
    remove_help="Remove the input {name} and its edges at every use of the block.",
    added="add_input",
    removed="remove_input",
)
_OUTPUTS = _Texts(
    title="Outputs",
    row="Output {number}",
    add="Add output",
    add_help="Add an output to the block; every use of it gets another port.",
    remove_help="Remove the output {name} and its edges at every use of the block.",
    added="add_output",
    removed="remove_output",
)


def port_sections(workspace: Workspace, block: str) -> list[Section]:
    """Return one section with a block's inputs and one with its outputs."""
    used = workspace.design.blocks[block]
    sections = []
    for texts, names, output in ((_INPUTS, used.inputs, False), (_OUTPUTS, used.outputs, True)):
        buttons = [
            Button(
                f"remove-end-{name}",
                "",
                texts.remove_help.format(name=name),
                partial(_remove_port, workspace, block, texts, name),
                after=f"end-{name}",
                icon="delete",
            )
            for name in names
            if len(names) > 1
        ]
        buttons.append(
            Button(
                "add-output" if output else "add-input",
                texts.add,
                texts.add_help,
                partial(_add_port, workspace, block, output),
                icon="add",
            )
        )
        rows = [port_row(workspace, block, name) for name in names]
        sections.append(Section(texts.title, rows, buttons))
    return sections


def _remove_port(workspace: Workspace, block: str, texts: _Texts, name: str) -> None:
    label = steps.step(texts.removed, name=name)
    workspace.edit(label, lambda design: blocks.remove_end(design, block, name))


def _add_port(workspace: Workspace, block: str, output: bool) -> None:
    name = naming.free_name(workspace.design, "y" if output else "x", block)
    label = steps.step((_OUTPUTS if output else _INPUTS).added, name=name)
    workspace.edit(label, lambda design: blocks.add_end(design, block, name, output=output))


def port_row(workspace: Workspace, block: str, name: str, *, select: bool = False) -> Row:
    """Return the row of the name of a block's input or output.

    Parameters
    ----------
    workspace
        The open design.
    block
        The block.
    name
        The name of the input or output.
    select
        Whether the port is selected on the canvas, and stays so when it is renamed.
    """
    used = workspace.design.blocks[block]
    ends, texts = (used.outputs, _OUTPUTS) if name in used.outputs else (used.inputs, _INPUTS)

    def refusal(value: Value) -> str | None:
        return None if value == name else naming.name_refusal(workspace.design, str(value), block)

    return Row(
        "name" if select else f"end-{name}",
        "Name" if select else texts.row.format(number=ends.index(name)),
        field_types.NAME,
        name,
        lambda value: lambda design: blocks.rename_end(design, block, name, str(value)),
        steps.step("rename_port", name=name),
        help="Its name in the block's graph; the uses of the block are updated.",
        refusal=refusal,
        live=False,
        select=(lambda value: [graph_paths.join(workspace.scope, str(value))]) if select else None,
    )
