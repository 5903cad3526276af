"""Which problems are held back: a network that is being drawn is unfinished, not wrong.

The problems of a node that was just added are shown in gray until the user works elsewhere: selects
another node, trains or exports. A design without nodes is unfinished, too.
"""

from typing import TYPE_CHECKING

from designer.gui.documents import graph_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Set

    from designer.analysis.problems import Problem
    from designer.design.values import Design

_MISSING = ("no-input", "no-output")
CODES = (*_MISSING, "unread", "unconnected-input")
"""Codes of problems that every new node or design has until it is connected."""


def is_unfinished(problem: "Problem", design: "Design", fresh: "Set[str]") -> bool:
    """Tell whether a problem is held back, given the paths of the nodes that were just added."""
    if not problem.path:
        return problem.code in _MISSING and bool(fresh or not design.graph.nodes)
    return any(_is_within(problem, path) for path in fresh)


def still_fresh(fresh: "frozenset[str]", problems: "Sequence[Problem]") -> "frozenset[str]":
    """Return which nodes that were just added still have problems."""
    return frozenset(path for path in fresh if any(_is_within(each, path) for each in problems))


def _is_within(problem: "Problem", path: str) -> bool:
    """Tell whether a problem lies at the node at a path, or inside it."""
    return problem.path == path or problem.path.startswith(f"{path}.")


def added(before: "Design", after: "Design", paths: "Iterable[str]") -> "frozenset[str]":
    """Return which nodes at some paths were added, not renamed or put in the place of others."""
    if _size(after) <= _size(before):
        return frozenset()
    return frozenset(path for path in paths if _is_added(before, after, path))


def _size(design: "Design") -> int:
    blocks = design.blocks.values()
    return len(design.graph.nodes) + sum(len(block.graph.nodes) for block in blocks)


def _is_added(before: "Design", after: "Design", path: str) -> bool:
    scope, name = graph_paths.parent(path), graph_paths.name_of(path)
    old, new = graph_paths.graph_at(before, scope), graph_paths.graph_at(after, scope)
    if old is None or new is None or name in old[1].nodes or name not in new[1].nodes:
        return False
    return len(new[1].nodes) > len(old[1].nodes)
