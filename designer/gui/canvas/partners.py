"""What two designs side by side have to do with each other: partners of nodes, marks of both."""

from collections.abc import Mapping
from typing import NamedTuple

from designer.analysis.analysis import Analysis
from designer.design.values import BlockNode
from designer.folding.differences_in_words import Difference
from designer.folding.matching import GraphMatching, Matching
from designer.gui.documents import graph_paths

INSIDE = "inside"
"""The mark of a block in which something differs; the others are the kinds of differences."""


class _Side(NamedTuple):
    """One of the two designs.

    Attributes
    ----------
    analysis
        Its analysis.
    graphs
        For each of its blocks that the other design has, and None, the comparison.
    partners
        For each of these, the names of nodes in the other design.
    marks
        The kind of difference by block and node; by path under None if written out.
    """

    analysis: Analysis
    graphs: Mapping[str | None, GraphMatching]
    partners: Mapping[str | None, Mapping[str, str]]
    marks: Mapping[str | None, Mapping[str, str]]


class Partners:
    """Answers for one of two designs, 0 or 1, what belongs to it in the other one."""

    def __init__(self, matching: Matching, before: Analysis, after: Analysis) -> None:
        self.matching = matching
        old = {each.before: each for each in matching.graphs}
        new = {each.after: each for each in matching.graphs}
        differing = _differing_blocks(matching)
        self.sides = (
            _Side(
                before,
                old,
                {name: each.pairs for name, each in old.items()},
                {name: _marks_before(matching, each, differing) for name, each in old.items()},
            ),
            _Side(
                after,
                new,
                {name: {two: one for one, two in each.pairs.items()} for name, each in new.items()},
                {name: _marks_after(matching, each, differing) for name, each in new.items()},
            ),
        )

    def mark(self, side: int, block: str | None, path: str) -> str:
        """Return the kind of difference of a drawn node, "" for none.

        Parameters
        ----------
        side
            The design.
        block
            The block whose graph it is drawn in.
        path
            Its path.
        """
        marks = self.sides[side].marks
        if self.matching.written_out:
            return marks[None].get(path, "")
        return marks.get(block, {}).get(graph_paths.name_of(path), "")

    def path(self, side: int, path: str) -> str | None:
        """Return the path of a node's partner in the other design; None if it has none."""
        if self.matching.written_out:
            return self.sides[side].partners[None].get(path)
        scope = self.scope(side, graph_paths.parent(path))
        if scope is None:
            return None
        block = graph_paths.block_at(self.sides[side].analysis.design, graph_paths.parent(path))
        partner = self.sides[side].partners.get(block, {}).get(graph_paths.name_of(path))
        return None if partner is None else graph_paths.join(scope, partner)

    def scope(self, side: int, scope: str) -> str | None:
        """Return the path of the graph in the other design that is the same; None for none."""
        here, there = self.sides[side].analysis, self.sides[1 - side].analysis
        if self.matching.written_out:
            return scope if graph_paths.graph_at(there.design, scope) is not None else None
        found, block = "", None
        for part in scope.split(".") if scope else ():
            if part.isdecimal():
                continue  # the first repetition is shown, as the other design may have fewer
            partner = self.sides[side].partners.get(block, {}).get(part)
            node = here.design.graph_of(block).nodes.get(part)
            if partner is None or not isinstance(node, BlockNode):
                return None
            block = node.block
            if block not in self.sides[side].graphs:
                return None
            found = graph_paths.inside(there, graph_paths.join(found, partner))
        return found

    def shown_at(self, side: int, row: Difference, scope: str) -> str | None:
        """Return the path of what a difference is about; None if this design does not have it.

        Parameters
        ----------
        side
            The design.
        row
            The difference.
        scope
            The graph that is shown now, which is kept if it is one of the block.
        """
        name = (row.before, row.after)[side]
        if not name or row.what != "node":
            return None
        if self.matching.written_out:
            return name
        block = row.graph[side]
        analysis = self.sides[side].analysis
        if graph_paths.block_at(analysis.design, scope) == block:
            return graph_paths.join(scope, name)
        use = use_of(analysis, block)
        return None if use is None else graph_paths.join(use, name)

    def graph_of(self, side: int, row: Difference) -> str | None:
        """Return the path of the graph of the block that a difference is about or lies in."""
        block = row.graph[side]
        if row.what == "block":
            block = (row.before, row.after)[side]
        if row.what == "code" or block == "":
            return None
        return use_of(self.sides[side].analysis, block)


def use_of(analysis: Analysis, block: str | None) -> str | None:
    """Return the path of the graph of a block's first use; None if it is not used."""
    if block is None:
        return ""
    design = analysis.design
    waiting: list[tuple[str, str | None]] = [("", None)]
    seen: set[str | None] = {None}
    while waiting:
        scope, around = waiting.pop(0)
        for name, node in design.graph_of(around).nodes.items():
            if not isinstance(node, BlockNode) or node.block not in design.blocks:
                continue
            inside = graph_paths.inside(analysis, graph_paths.join(scope, name))
            if node.block == block:
                return inside
            if node.block not in seen:
                seen.add(node.block)
                waiting.append((inside, node.block))
    return None


def _differing_blocks(matching: Matching) -> frozenset[str]:
    """Return the blocks of the second design in which something differs, at any depth."""
    found = {each.after for each in matching.graphs if each.after and not _is_equal(each)}
    grown = True
    while grown:
        grown = False
        for each in matching.graphs:
            if each.after is None or each.after in found:
                continue
            nodes = matching.after.graph_of(each.after).nodes.values()
            if any(isinstance(node, BlockNode) and node.block in found for node in nodes):
                found.add(each.after)
                grown = True
    return frozenset(found)


def _is_equal(graph: GraphMatching) -> bool:
    return graph.equal and not graph.renamed


def _marks_after(
    matching: Matching, graph: GraphMatching, differing: frozenset[str]
) -> dict[str, str]:
    """Return the marks of a graph's nodes in the second design."""
    marks = {}
    if matching.written_out:
        marks = _around(_changed(graph) | dict.fromkeys(graph.added, "added"))
    else:
        for name, node in matching.after.graph_of(graph.after).nodes.items():
            if isinstance(node, BlockNode) and node.block in differing:
                marks[name] = INSIDE
    return {**marks, **_changed(graph), **dict.fromkeys(graph.added, "added")}


def _marks_before(
    matching: Matching, graph: GraphMatching, differing: frozenset[str]
) -> dict[str, str]:
    """Return the marks of a graph's nodes in the first design."""
    after = _marks_after(matching, graph, differing)
    removed = dict.fromkeys(graph.removed, "removed")
    shared = {name: after[partner] for name, partner in graph.pairs.items() if partner in after}
    around = _around(shared | removed) if matching.written_out else {}
    return {**around, **shared, **removed}


def _changed(graph: GraphMatching) -> dict[str, str]:
    return {
        **dict.fromkeys(graph.renamed, "renamed"),
        **{each.target: "rewired" for each in graph.rewired},
        **dict.fromkeys(graph.changed, "changed"),
    }


def _around(marks: Mapping[str, str]) -> dict[str, str]:
    """Return marks for the blocks around marked layers, by the paths of these."""
    found: dict[str, str] = {}
    for path in marks:
        around = graph_paths.parent(path)
        while around and around not in found:
            found[around] = INSIDE
            around = graph_paths.parent(around)
    return found
