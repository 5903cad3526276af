"""The module file of a design: helper classes, a class per block, the network's own class."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from designer import __version__
from designer.analysis.analysis import Analysis, analyse
from designer.codegen.classes import ClassWriter, Library
from designer.codegen.text import printable
from designer.design import rules
from designer.design.expressions import Scalar
from designer.design.values import Argument, Design
from designer.errors import DesignerError

_MAKE_DIVISIBLE = '''
def make_divisible(value, divisor=8):
    """Round to a multiple of the divisor, never more than 10 % down (MobileNetV2)."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded
'''


@dataclass(frozen=True)
class Generated:
    """A generated file: its text and the name of the network's class in it.

    `lines` gives the line that builds a node, counted from 1, by the name of its block (None for
    the design's own graph) and its own.
    """

    source: str
    class_name: str
    lines: Mapping[tuple[str | None, str], int]


def source(design: Design) -> str:
    """Return the text of the design's module file.

    Raises
    ------
    DesignerError
        The design has errors; the sentence names the first.
    """
    return generate(design).source


def generate(design: Design, analysis: Analysis | None = None) -> Generated:
    """Write the module file of a design.

    Arguments of the design become constructor arguments where nothing else in the text depends on
    their value; that is found out by writing the text for other values, too.

    Raises
    ------
    DesignerError
        The design has errors; the sentence names the first.
    """
    if analysis is None or analysis.design is not design:
        analysis = analyse(design)
    if not analysis.valid:
        first, *others = [problem.message for problem in analysis.problems]
        more = f" and {len(others)} more problems" if others else ""
        raise DesignerError(f"{design.name} cannot be built: {first}{more}. Mend it first.")
    free = dict(design.arguments)
    while True:
        text, used = _body(analysis, frozenset(free))
        bound = [name for name in free if name not in used or _matters(analysis, name, free, text)]
        if not bound:
            break
        for name in bound:
            del free[name]
    library = Library(analysis)
    ClassWriter.of_design(library, analysis, frozenset(free), signature=True).write()
    text = _file(design, library)
    return Generated(text, library.network, _lines(text, library))


def _body(analysis: Analysis, free: frozenset[str]) -> tuple[str, frozenset[str]]:
    """Return the text of all classes without defaults, and the free arguments that it names."""
    library = Library(analysis)
    writer = ClassWriter.of_design(library, analysis, free, signature=False)
    writer.write()
    return "\n".join(library.classes.values()), frozenset(writer.used)


def _matters(analysis: Analysis, name: str, free: Mapping[str, Argument], text: str) -> bool:
    """Tell whether another value of an argument would change more than the argument itself."""
    design = analysis.design
    argument = design.arguments[name]
    for value in _other_values(design, name):
        changed = {**design.arguments, name: replace(argument, default=value)}
        other = analyse(replace(design, arguments=changed), analysis)
        if other.valid and _body(other, frozenset(free))[0] != text:
            return True
    return False


def _other_values(design: Design, name: str) -> list[Scalar]:
    """Return some other values of an argument, all that it has or a few numbers."""
    argument = design.arguments[name]
    default = argument.default
    values: list[Scalar] = []
    if argument.choices:
        values = [choice for choice in argument.choices if choice != default]
    elif isinstance(default, bool):
        values = [not default]
    elif isinstance(default, int | float):
        values = [default + 1, default * 2, default * 2 + 3, default // 2]
        if argument.minimum is not None:  # where small widths meet, say
            values.append(type(default)(argument.minimum))
    if argument.where:
        beside = {key: each.default for key, each in design.arguments.items()}
        values = [rules.reached(design.arguments, name, each, beside, 1) for each in values]
    return [each for each in values if each != default and argument.refusal(each) is None]


def _file(design: Design, library: Library) -> str:
    body = "".join(
        f"\n\n{text.strip()}\n" for text in (*library.helpers.values(), *library.classes.values())
    )
    if "make_divisible(" in body:
        body = f"\n\n{_MAKE_DIVISIBLE.strip()}\n" + body
    imports = ["import math"] if re.search(r"\bmath\.", body) else []
    imports += ["import torch", "from torch import nn"]
    if re.search(r"\bF\.", body):
        imports.append("from torch.nn import functional as F")
    if imports[0] == "import math":
        imports.insert(1, "")
    if not re.search(r"\btorch\.", body):
        imports.remove("import torch")
    header = [f"{printable(design.name)}, written by netdesigner {__version__}."]
    header += [printable(cite) for cite in design.cites]
    return "\n".join([*(f"# {line}".rstrip() for line in header), *imports]) + "\n" + body


def _lines(text: str, library: Library) -> dict[tuple[str | None, str], int]:
    """Find the line that builds each node, by the class that it lies in."""
    starts: dict[tuple[str, str], int] = {}
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r"class (\w+)\(", line):
            current = found[1]
        elif found := re.match(r"        self\.(\w+) = ", line):
            starts.setdefault((current, found[1]), number)
    return {node: starts[place] for node, place in library.places.items() if place in starts}
