"""The mapping between the lines of the generated source and the nodes of the design."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from designer.analysis.analysis import Analysis
from designer.codegen import Generated
from designer.design.identifiers import PATTERN
from designer.design.values import BlockNode, Design, Node
from designer.gui.documents import graph_paths

NodeKey: TypeAlias = tuple[str | None, str]
"""A node by its block (None: the design's own graph) and name."""

_CLASS = re.compile(rf"class ({PATTERN})\(")
_USED = re.compile(rf"\bself\.({PATTERN})")


class _Class(NamedTuple):
    """A class in the source, and its lines, counted from 1.

    Attributes
    ----------
    forward
        The line of its ``forward``.
    """

    name: str
    first: int
    forward: int
    last: int


class SourceLines:
    """A generated source, with the nodes that its lines build and call.

    Attributes
    ----------
    text
        The lines of the source.
    network
        The name of the network's class.
    """

    def __init__(self, generated: Generated) -> None:
        self.text = generated.source.split("\n")
        self.network = generated.class_name
        self._classes = _classes(self.text)
        self._built: dict[NodeKey, range] = {}
        self._nodes: dict[int, NodeKey] = {}  # by line
        self._called: dict[tuple[int, str], list[int]] = {}  # by number of class and attribute
        self._attributes: dict[tuple[int, str], NodeKey] = {}
        for number, each in enumerate(self._classes):
            for line in range(each.forward, each.last + 1):
                for attribute in _USED.findall(self.text[line - 1]):
                    self._called.setdefault((number, attribute), []).append(line)
        for node, start in generated.lines.items():
            self._built[node] = range(start, self._end(start) + 1)
            self._nodes.update(dict.fromkeys(self._built[node], node))
            self._attributes[self._class_at(start), self._attribute(start)] = node

    def of_paths(self, design: Design, paths: Iterable[str]) -> list[int]:
        """Return the lines, ascending from 1, that build or call the nodes at some paths."""
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
        """Return the first line of a block's class, or of the network's class for None."""
        name = self.network if block is None else block
        # A block whose uses differ in more than arguments has several classes: Name, Name2, ...
        numbered = re.compile(rf"{re.escape(name)}\d*")
        found = [each for each in self._classes if numbered.fullmatch(each.name)]
        return min(found, key=lambda each: len(each.name)).first if found else 1

    def node_at(self, line: int) -> NodeKey | None:
        """Return the node that a line builds or calls first, or None if it does neither."""
        if line in self._nodes:
            return self._nodes[line]
        number = self._class_at(line)
        if number < 0 or not self._classes[number].forward <= line <= len(self.text):
            return None
        # The node called first is written last: relu(bn(conv(x))).
        called = reversed(_USED.findall(self.text[line - 1]))
        nodes = (self._attributes.get((number, attribute)) for attribute in called)
        return next((node for node in nodes if node is not None), None)

    def _class_at(self, line: int) -> int:
        """Return the number of the class that contains a line; -1 above all classes."""
        return bisect_right(self._classes, line, key=lambda each: each.first) - 1

    def _attribute(self, start: int) -> str:
        found = _USED.search(self.text[start - 1])
        return found[1] if found else ""

    def _end(self, start: int) -> int:
        """Return the last line of a statement in a constructor, given its first line."""
        line = start
        while line < len(self.text) and self.text[line].startswith((" " * 9, " " * 8 + ")")):
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
    """Return a graph path of a node that is given by its block.

    Parameters
    ----------
    scope
        The path of the block that the canvas shows; a use in it comes first.

    Returns
    -------
    str or None
        The path in the scope, else in the first use of the block; None if the block is not used.
    """
    block, name = node
    if block is None:
        return name if name in design.graph.nodes else None
    if graph_paths.block_at(design, scope) == block:
        return graph_paths.join(scope, name)
    waiting: list[tuple[str, Mapping[str, Node]]] = [("", design.graph.nodes)]
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
