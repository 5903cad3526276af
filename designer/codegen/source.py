"""The module file of a design: helper classes, a class per block, the network's own class."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from designer import __version__
from designer.analysis.analysis import Analysis, analyze
from designer.codegen.classes import ClassWriter, Library, Memory
from designer.codegen.text import printable
from designer.design import rules
from designer.design.expressions import Scalar
from designer.design.values import Design
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
        analysis = analyze(design)
    if not analysis.valid:
        first, *rest = [problem.message for problem in analysis.problems]
        more = f" and {len(rest)} more problems" if rest else ""
        raise DesignerError(f"{design.name} cannot be built: {first}{more}. Mend it first.")
    others = _Others(analysis)
    free = dict.fromkeys(design.arguments)
    while True:
        text, used = others.text(analysis, free)
        bound = [name for name in free if name not in used]
        bound = bound or [name for name in free if others.differ(name, free, text)]
        if not bound:
            break
        for name in bound:
            del free[name]
    library = Library(design, others.memory)
    network = library.add_network(analysis, frozenset(free))
    text = _file(design, library)
    return Generated(text, network, _lines(text, library))


class _Others:
    """A design with other values of its arguments, and the text of its network's own class."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.memory = Memory()
        self._library = Library(analysis.design, self.memory)
        self._known: dict[tuple[str, Scalar], Analysis] = {}

    def text(self, analysis: Analysis, free: Collection[str]) -> tuple[str, Collection[str]]:
        """Return the text without defaults, and the free arguments that it names.

        Where two are equal the whole files are: blocks whose classes differ have other names.
        """
        writer = ClassWriter.of_design(self._library, analysis, frozenset(free), signature=False)
        return writer.draft().text, writer.given.used

    def differ(self, name: str, free: Collection[str], text: str) -> bool:
        """Tell whether another value of an argument changes more than the argument itself."""
        others = (self._with(name, value) for value in _other_values(self.analysis.design, name))
        return any(each.valid and self.text(each, free)[0] != text for each in others)

    def _with(self, name: str, value: Scalar) -> Analysis:
        """Analyze the design with this value, once."""
        if (name, value) not in self._known:
            design = self.analysis.design
            changed = replace(design.arguments[name], default=value)
            other = replace(design, arguments={**design.arguments, name: changed})
            self._known[name, value] = analyze(other, self.analysis)
        return self._known[name, value]


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
    found = dict.fromkeys(values)
    return [each for each in found if each != default and argument.refusal(each) is None]


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
