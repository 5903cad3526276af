"""The command that shows the code of a design's own layer types, and takes a class from a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from designer.cli.options import FILE, design_name, trust_code
from designer.cli.output import printable, show, write
from designer.cli.parameters import Command, option
from designer.errors import DesignerError

if TYPE_CHECKING:
    from designer.analysis.report.line import Line
    from designer.design.values import Design


@click.command(
    cls=Command,
    examples=(
        "code my.json",
        "code my.json --take gate.py --class Gate",
    ),
)
@design_name
@option(
    "--take",
    type=FILE,
    metavar="FILE",
    help="Take a class of nn.Module from this Python file into the design file. It is not run.",
)
@option("--class", "name", metavar="NAME", help="The class to take, if the file has several.")
@trust_code
def code(design: str, take: str | None, name: str | None) -> None:
    """Show the Python code of a design, or add to it.

    Prints each class, and whether you have trusted it. Nothing of it is run before you
    trust it, by --trust-code here or with another command, or in the window. Read it first: it
    could do anything that you can do.
    """
    from designer.cli.settings import load

    if name is not None and take is None:
        raise DesignerError("--class needs a file, as in --take gate.py --class Gate.")
    found = load(design)
    if take is not None:
        found = _take(design, Path(take), name or "")
    if not found.code:
        write(f"{printable(found.name)} has no code of its own.\n")
        return
    show(line for each in found.code for line in _lines(found, each))


def _take(design: str, path: Path, name: str) -> "Design":
    """Add a class to a design file, or give it another text there."""
    from designer import presets
    from designer.cli.trust import trust_if_asked
    from designer.design import files, own_code
    from designer.layers.catalogue import layer_types
    from designer.runs import code_files

    if design in presets.names():
        raise DesignerError(f"{design} is a preset: save it as a design file in the window first.")
    name, text = code_files.take(path, name)
    if name in layer_types():
        raise DesignerError(f"There is a built-in layer type {name}: give the class another name.")
    file = presets.locate(design)
    content = files.load(file)
    changed = own_code.set_code(content.design, name, text)
    files.save(changed, file, content.training)
    trust_if_asked(changed)
    write(f"{printable(str(file))} has the layer type {name} now.\n")
    return changed


def _lines(design: "Design", name: str) -> "Iterator[Line]":
    from designer.analysis.report.line import Line, Style
    from designer.layers.catalogue import layer_types
    from designer.layers.own import Own, digest
    from designer.runs import trusted_code

    text = design.code[name]
    kind = layer_types(design.code)[name]
    trusted = digest(text) in trusted_code.trusted([text])
    yield Line(f"{name}: {'trusted' if trusted else 'not trusted'}", Style.HEADING)
    if not issubclass(kind, Own):
        yield Line(f"cannot be used: there is a built-in layer type {name}", Style.ERROR)
    elif kind.fault is not None:
        yield Line(f"cannot be used: {kind.fault}", Style.ERROR)
    elif kind.packages:
        yield Line(f"imports beside torch and the standard library: {', '.join(kind.packages)}")
    for line in text.split("\n"):
        yield Line(f"  {printable(line)}" if line.strip() else "")
    yield Line()
