"""The module file of a design: helper classes, a class for each block, the network's class."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from designer import __version__
from designer.analysis.analysis import Analysis, analyze
from designer.analysis.problems import Severity
from designer.codegen.classes import ClassWriter, Library, WriterCache
from designer.codegen.text import printable
from designer.design import rules
from designer.design.expressions import Scalar
from designer.design.identifiers import PATTERN
from designer.design.values import Design
from designer.errors import DesignerError
from designer.layers.own import Measured

_MAKE_DIVISIBLE = '''
def make_divisible(value, divisor=8):
    """Round to a multiple of the divisor, never more than 10 % down (MobileNetV2)."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded
'''


@dataclass(frozen=True)
class Generated:
    """A generated file.

    Attributes
    ----------
    source
        The text of the file.
    class_name
        The name of the network's class.
    lines
        The line that builds a node, counted from 1, by the name of the node's block (None for the
        design's own graph) and the node's name.
    """

    source: str
    class_name: str
    lines: Mapping[tuple[str | None, str], int]


def source(design: Design) -> str:
    """Return the text of a design's module file.

    Raises
    ------
    DesignerError
        The design has errors; the sentence names the first.
    """
    return generate(design).source


def generate(
    design: Design, analysis: Analysis | None = None, measured: Measured | None = None
) -> Generated:
    """Write the module file of a design.

    An argument of the design becomes a constructor argument where nothing else in the text depends
    on its value. To find out, the text is written for other values of the argument, too.

    Parameters
    ----------
    design
        A design without errors.
    analysis
        Its analysis, if there is one already.
    measured
        What is known of its own layer types, if there is no analysis.

    Raises
    ------
    DesignerError
        The design has errors, or code that is not trusted; the sentence names the first.
    """
    if analysis is None or analysis.design is not design:
        analysis = analyze(design, measured=measured)
    if not analysis.valid:
        raise DesignerError(_cannot_be_built(analysis))
    _refuse_opaque(analysis)
    others = _ArgumentTrials(analysis)
    free = dict.fromkeys(design.arguments)
    bound = list(free)
    while free and bound:
        text, used = others.text(analysis, free)
        bound = [name for name in free if name not in used]
        bound = bound or [name for name in free if others.differ(name, free, text)]
        for name in bound:
            del free[name]
    library = Library(design, others.cache)
    network = library.add_network(analysis, frozenset(free))
    text = _file(design, library)
    return Generated(text, network, _lines(text, library))


def _cannot_be_built(analysis: Analysis) -> str:
    """Return the sentence that refuses a design with errors; it names the first problem."""
    name = analysis.design.name
    pending = [each.message for each in analysis.problems if each.severity is Severity.PENDING]
    wrong = [each.message for each in analysis.problems if each.severity is Severity.ERROR]
    if pending and not wrong:
        return f"{name} cannot be built yet: {pending[0]}."
    first, *rest = [problem.message for problem in analysis.problems]
    if not rest:
        return f"{name} cannot be built: {first}. Fix this problem first."
    return f"{name} cannot be built: {first}. Fix this and the {len(rest)} other problems first."


def _refuse_opaque(analysis: Analysis) -> None:
    """Refuse a design with an operation that no layer expresses."""
    for path, layer in analysis.opaque[:1]:
        raise DesignerError(
            f"netdesigner cannot train or write code for {analysis.design.name}, because {path} is "
            f"the operation {layer.words}, which no layer expresses; replace it on the canvas."
        )


class _ArgumentTrials:
    """The text of a network's class for other values of the design's arguments."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.cache = WriterCache()
        self._library = Library(analysis.design, self.cache)
        self._known: dict[tuple[str, Scalar], Analysis] = {}

    def text(self, analysis: Analysis, free: Collection[str]) -> tuple[str, Collection[str]]:
        """Return the text of the network's class without defaults, and the free arguments in it.

        Where two such texts are equal, the whole files are: block classes that differ have
        different names.
        """
        writer = ClassWriter.of_design(self._library, analysis, frozenset(free), signature=False)
        return writer.draft().text, writer.given.used

    def differ(self, name: str, free: Collection[str], text: str) -> bool:
        """Tell whether another value of an argument changes the text beyond its default."""
        others = (self._with(name, value) for value in _other_values(self.analysis.design, name))
        # Where an own layer was not measured for another value, nothing is known of the text.
        return any(
            each.pending or (each.valid and self.text(each, free)[0] != text) for each in others
        )

    def _with(self, name: str, value: Scalar) -> Analysis:
        """Return the analysis of the design with this value; each is made once."""
        if (name, value) not in self._known:
            design = self.analysis.design
            changed = replace(design.arguments[name], default=value)
            other = replace(design, arguments={**design.arguments, name: changed})
            self._known[name, value] = analyze(other, self.analysis)
        return self._known[name, value]


def _other_values(design: Design, name: str) -> list[Scalar]:
    """Return other values of an argument: all of its choices, or a few numbers."""
    argument = design.arguments[name]
    default = argument.default
    values: list[Scalar] = []
    if argument.choices:
        values = [choice for choice in argument.choices if choice != default]
    elif isinstance(default, bool):
        values = [not default]
    elif isinstance(default, int | float):
        values = [default + 1, default * 2, default * 2 + 3, default // 2]
        if argument.minimum is not None:  # at which widths may coincide
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
    own = [each for each in library.imports if each not in imports]
    first = [each for each in own if each.startswith("from __future__ ")]
    imports = [*first, *imports, *(each for each in own if each not in first)]
    if not re.search(r"\btorch\.", body):
        imports.remove("import torch")
    header = [f"{printable(design.name)}, written by netdesigner {__version__}."]
    header += [printable(cite) for cite in design.cites]
    return "\n".join([*(f"# {line}".rstrip() for line in header), *imports]) + "\n" + body


def _lines(text: str, library: Library) -> dict[tuple[str | None, str], int]:
    """Return the line that builds each node."""
    starts: dict[tuple[str, str], int] = {}
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(rf"class ({PATTERN})\(", line):
            current = found[1]
        elif found := re.match(rf"        self\.({PATTERN}) = ", line):
            starts.setdefault((current, found[1]), number)
    return {
        node: starts[attribute]
        for node, attribute in library.attributes.items()
        if attribute in starts
    }
