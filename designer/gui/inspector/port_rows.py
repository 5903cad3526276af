"""Form rows for a block's inputs and outputs: rename, add and remove them."""

from functools import partial

from designer.design import blocks, naming
from designer.design.values import Value
from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace
from designer.gui.forms import field_types
from designer.gui.forms.rows import Button, Row, Section


def port_sections(workspace: Workspace, block: str) -> list[Section]:
    """Return one section with a block's inputs and one with its outputs."""
    used = workspace.design.blocks[block]
    sections = []
    for word, names, output in (("input", used.inputs, False), ("output", used.outputs, True)):
        buttons = [
            Button(
                f"remove-end-{name}",
                "",
                f"Remove the {word} {name} and its edges at every use of the block.",
                partial(_remove_port, workspace, block, word, name),
                after=f"end-{name}",
                icon="delete",
            )
            for name in names
            if len(names) > 1
        ]
        buttons.append(
            Button(
                f"add-{word}",
                f"Add {word}",
                f"Add an {word} to the block; every use of it gets another port.",
                partial(_add_port, workspace, block, word, output),
                icon="add",
            )
        )
        sections.append(
            Section(
                f"{word.capitalize()}s",
                [port_row(workspace, block, name) for name in names],
                buttons,
            )
        )
    return sections


def _remove_port(workspace: Workspace, block: str, word: str, name: str) -> None:
    workspace.edit(f"remove {word} {name}", lambda design: blocks.remove_end(design, block, name))


def _add_port(workspace: Workspace, block: str, word: str, output: bool) -> None:
    name = naming.free_name(workspace.design, "y" if output else "x", block)
    workspace.edit(
        f"add {word} {name}", lambda design: blocks.add_end(design, block, name, output=output)
    )


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
    ends = used.outputs if name in used.outputs else used.inputs
    word = "Output" if name in used.outputs else "Input"

    def refusal(value: Value) -> str | None:
        return None if value == name else naming.name_refusal(workspace.design, str(value), block)

    return Row(
        "name" if select else f"end-{name}",
        "Name" if select else f"{word} {ends.index(name)}",
        field_types.text(expects="a name"),
        name,
        lambda value: lambda design: blocks.rename_end(design, block, name, str(value)),
        f"rename {name}",
        help="Its name in the block's graph; the uses of the block are updated.",
        refusal=refusal,
        live=False,
        select=(lambda value: [graph_paths.join(workspace.scope, str(value))]) if select else None,
    )
