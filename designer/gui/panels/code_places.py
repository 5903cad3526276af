"""Which lines of the generated source stand for which nodes, both ways."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from designer.analysis.analysis import Analysis
from designer.codegen import Generated
from designer.design.values import BlockNode, Design
from designer.gui.documents import graph_paths

NodeKey: TypeAlias = tuple[str | None, str]
"""A node by its block (None: the design's own graph) and name."""

_CLASS = re.compile(r"class (\w+)\(")
_USED = re.compile(r"\bself\.(\w+)")


class _Class(NamedTuple):
    """A class in the source: its name, its first line, that of its forward, its last; from 1."""

    name: str
    first: int
    forward: int
    last: int


class CodePlaces:
    """What is where in a generated source."""

    def __init__(self, generated: Generated) -> None:
        self.lines = generated.source.split("\n")
        self.network = generated.class_name
        self.classes = _classes(self.lines)
        self._built: dict[NodeKey, range] = {}
        self._nodes: dict[int, NodeKey] = {}  # by line
        self._called: dict[tuple[int, str], list[int]] = {}  # lines by class and attribute
        self._attributes: dict[tuple[int, str], NodeKey] = {}
        for number, each in enumerate(self.classes):
            for line in range(each.forward, each.last + 1):
                for attribute in _USED.findall(self.lines[line - 1]):
                    self._called.setdefault((number, attribute), []).append(line)
        for node, start in generated.lines.items():
            self._built[node] = range(start, self._end(start) + 1)
            self._nodes.update(dict.fromkeys(self._built[node], node))
            self._attributes[self._class_at(start), self._attribute(start)] = node

    def of_paths(self, design: Design, paths: Iterable[str]) -> list[int]:
        """Return the lines that build the nodes at some paths, and those that call them."""
        found: set[int] = set()
        for path in paths:
            node = graph_paths.block_at(design, graph_paths.parent(path)), graph_paths.name_of(path)
            built = self._built.get(node)
            if built is not None:
                found.update(built)
                key = self._class_at(built.start), self._attribute(built.start)
                found.update(self._called.get(key, ()))
        return sorted(found)

    def of_scope(self, block: str | None) -> int:
        """Return the first line of the class of a block, or of the network for None."""
        wish = self.network if block is None else block
        # A block whose uses differ in more than arguments has several classes, with numbers.
        numbered = re.compile(rf"{re.escape(wish)}\d*")
        found = [each for each in self.classes if numbered.fullmatch(each.name)]
        return min(found, key=lambda each: len(each.name)).first if found else 1

    def node_at(self, line: int) -> NodeKey | None:
        """Return the node that a line builds or calls first; None where it does neither."""
        if line in self._nodes:
            return self._nodes[line]
        number = self._class_at(line)
        if number < 0 or not self.classes[number].forward <= line <= len(self.lines):
            return None
        # What is called first stands last: relu(bn(conv(x))).
        called = reversed(_USED.findall(self.lines[line - 1]))
        nodes = (self._attributes.get((number, attribute)) for attribute in called)
        return next((node for node in nodes if node is not None), None)

    def _class_at(self, line: int) -> int:
        """Return the number of the class in which a line lies; -1 above them all."""
        return bisect_right(self.classes, line, key=lambda each: each.first) - 1

    def _attribute(self, start: int) -> str:
        found = _USED.search(self.lines[start - 1])
        return found[1] if found else ""

    def _end(self, start: int) -> int:
        """Return the last line of a statement of a constructor."""
        line = start
        while line < len(self.lines) and self.lines[line].startswith((" " * 9, " " * 8 + ")")):
            line += 1
        return line


def _classes(lines: list[str]) -> list[_Class]:
    found: list[_Class] = []
    for number, line in enumerate(lines, 1):
        if match := _CLASS.match(line):
            if found:
                found[-1] = found[-1]._replace(last=number - 1)
            found.append(_Class(match[1], number, len(lines), len(lines)))
        elif found and line.startswith("    def forward("):
            found[-1] = found[-1]._replace(forward=number)
    return found


def path_of(node: NodeKey, design: Design, analysis: Analysis, scope: str) -> str | None:
    """Return the path at which a node is seen: in the scope that is looked into, or the first.

    None where no use of its block is in the design.
    """
    block, name = node
    if block is None:
        return name if name in design.graph.nodes else None
    if graph_paths.block_at(design, scope) == block:
        return graph_paths.join(scope, name)
    waiting: list[tuple[str, Mapping]] = [("", design.graph.nodes)]
    seen: set[str] = set()
    while waiting:
        at, nodes = waiting.pop(0)
        for key, each in nodes.items():
            if not isinstance(each, BlockNode) or each.block not in design.blocks:
                continue
            inside = graph_paths.inside(analysis, graph_paths.join(at, key))
            if each.block == block:
                return graph_paths.join(inside, name)
            if each.block not in seen:
                seen.add(each.block)
                waiting.append((inside, design.blocks[each.block].graph.nodes))
    return None
