"""The form of a block's inputs and outputs: their names, adding and removing them."""

from designer.design import blocks, edits
from designer.design.values import Value
from designer.gui.documents import graph_paths
from designer.gui.documents.workspace import Workspace
from designer.gui.forms import field_types
from designer.gui.forms.rows import Button, Row, Section


def port_sections(workspace: Workspace, block: str) -> list[Section]:
    """Return the names of a block's inputs and outputs."""
    used = workspace.design.blocks[block]
    sections = []
    for word, names, output in (("input", used.inputs, False), ("output", used.outputs, True)):
        buttons = [
            Button(
                f"remove-end-{name}",
                "",
                f"Remove the {word} {name}, with its edges at every use.",
                lambda name=name, word=word: workspace.edit(
                    f"remove {word} {name}",
                    lambda design: blocks.remove_end(design, block, name),
                ),
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
                f"One more {word}, a port at every use of the block.",
                lambda word=word, output=output: _add_port(workspace, block, word, output),
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


def _add_port(workspace: Workspace, block: str, word: str, output: bool) -> None:
    name = edits.free_name(workspace.design, "y" if output else "x", block)
    workspace.edit(
        f"add {word} {name}", lambda design: blocks.add_end(design, block, name, output=output)
    )


def port_row(workspace: Workspace, block: str, name: str, *, select: bool = False) -> Row:
    """Return the field of the name of a block's input or output."""
    used = workspace.design.blocks[block]
    ends = used.outputs if name in used.outputs else used.inputs
    word = "Output" if name in used.outputs else "Input"

    def refusal(value: Value) -> str | None:
        return None if value == name else edits.name_refusal(workspace.design, str(value), block)

    return Row(
        "name" if select else f"end-{name}",
        "Name" if select else f"{word} {ends.index(name)}",
        field_types.text(expects="a name"),
        name,
        lambda value: lambda design: blocks.rename_end(design, block, name, str(value)),
        f"rename {name}",
        help="How the block's graph calls it; its uses follow.",
        refusal=refusal,
        live=False,
        select=(lambda value: [graph_paths.join(workspace.scope, str(value))]) if select else None,
    )
