"""Aligning two graphs: which node of one is which node of the other.

Evidence is what a node is (layer type and settings), what stands around it, its name, and the order
of the nodes. Labels of neighborhoods are refined as in the Weisfeiler-Lehman test of isomorphism;
the nodes, in an order in which data flow, are then aligned as sequences are (Needleman-Wunsch),
since what is inserted into a network leaves the order of all other nodes as it was.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

Pairs = dict[int, int]
"""For nodes of the first graph, the node of the second that each is."""

_CELLS = 2**20
"""The most pairs of nodes whose scores are compared at once: 20 ms and 10 MB."""

_WEIGHTS = {
    "kind": 2,
    "name": 9,
    "settings": 4,
    "settings_near": 2,
    "settings_far": 2,
    "kinds_near": 2,
    "kinds_far": 2,
}
"""What each kind of equality of two nodes is worth. That the name outweighs the far surroundings
tells the new one of equal layers in a row; that a pair is worth more than a name lets names shift,
as those that are numbers do."""

_LEAST = 4
"""The least score of a pair: more than the kind alone."""

_CERTAIN = (
    ("settings_far", "name"),
    ("settings_far",),
    ("kinds_far", "name"),
    ("kind", "name"),
)
"""What must be equal for graphs that are too large to be compared at once to be cut there."""


_CHAIN = 20
"""The most nodes in a row of which each has another kind in the two graphs."""


class Vertex(NamedTuple):
    """A node of a graph as the alignment sees it.

    Attributes
    ----------
    name
        Its name, evidence only.
    kind
        What must be equal for two nodes to be the same: the layer type or the block.
    settings
        All that is set on it.
    sources
        For each input port the number of the node before it and its output port, or None.
    """

    name: str
    kind: Hashable
    settings: Hashable
    sources: tuple[tuple[int, int] | None, ...]


def align(before: Sequence[Vertex], after: Sequence[Vertex]) -> Pairs:
    """Return the nodes that are the same in two graphs.

    A node whose kind was changed is the same if it stands in the same place.
    """
    if before == after:
        return {number: number for number in range(len(before))}
    one, other = _Side(before), _Side(after)
    _label(one, other)
    pairs: Pairs = {}
    for row, column in _in_order(one, other):
        pairs[one.order[row]] = other.order[column]
    _find_moved(one, other, pairs)
    _extend(one, other, pairs)
    _find_replaced(one, other, pairs)
    return pairs


class _Side:
    """A graph with its order and the labels of its nodes, which are equal where the nodes are."""

    def __init__(self, vertices: Sequence[Vertex]) -> None:
        self.vertices = vertices
        self.targets: list[list[tuple[int, int]]] = [[] for _ in vertices]
        for number, vertex in enumerate(vertices):
            for port, source in enumerate(vertex.sources):
                if source is not None:
                    self.targets[source[0]].append((number, port))
        self.order = _order(vertices, self.targets)
        self.labels: dict[str, list[int]] = {}
        """By the keys of `_WEIGHTS`, for each node."""

    def ordered(self, key: str) -> list[int]:
        """Return the labels in the order of the nodes."""
        found = self.labels[key]
        return [found[number] for number in self.order]


def _order(vertices: Sequence[Vertex], targets: Sequence[Sequence[tuple[int, int]]]) -> list[int]:
    """Return the nodes so that each comes after its sources and branches stay together.

    The order of branches is that of the ports of the node which joins them, not that of the file.
    """
    found: list[int] = []
    seen: set[int] = set()
    last = [number for number in range(len(vertices)) if not targets[number]]
    for start in (*last, *range(len(vertices))):  # all others are on cycles or before them
        if start in seen:
            continue
        seen.add(start)
        trail = [(start, iter(vertices[start].sources))]
        while trail:
            number, rest = trail[-1]
            for source in rest:
                if source is not None and source[0] not in seen:
                    seen.add(source[0])
                    trail.append((source[0], iter(vertices[source[0]].sources)))
                    break
            else:
                found.append(number)
                trail.pop()
    return found


# Labels


def _label(one: _Side, other: _Side) -> None:
    """Give the nodes of both graphs their labels."""
    sides = (one, other)
    for key, of in (
        ("name", lambda vertex: vertex.name),
        ("kind", lambda vertex: vertex.kind),
        ("settings", lambda vertex: (vertex.kind, vertex.settings)),
    ):
        table: dict[Hashable, int] = {}
        for side in sides:
            side.labels[key] = [
                table.setdefault(of(vertex), len(table)) for vertex in side.vertices
            ]
    for first, stem in (("kind", "kinds"), ("settings", "settings")):
        labels = [side.labels[first] for side in sides]
        for round_ in range(3):
            labels = _refined(sides, labels)
            if round_ != 1:
                reach = "near" if round_ == 0 else "far"
                for side, found in zip(sides, labels, strict=True):
                    side.labels[f"{stem}_{reach}"] = found


def _refined(sides: Sequence[_Side], labels: Sequence[list[int]]) -> list[list[int]]:
    """Return labels that also tell apart nodes whose neighbors have different labels."""
    table: dict[Hashable, int] = {}
    refined = []
    for side, known in zip(sides, labels, strict=True):
        found = []
        for number, vertex in enumerate(side.vertices):
            sources = tuple(
                [None if each is None else (known[each[0]], each[1]) for each in vertex.sources]
            )
            targets = tuple(sorted([(known[each], port) for each, port in side.targets[number]]))
            key = known[number], sources, targets
            found.append(table.setdefault(key, len(table)))
        refined.append(found)
    return refined


# Alignment in the order of the nodes


def _in_order(one: _Side, other: _Side) -> Iterator[tuple[int, int]]:
    """Yield the positions of nodes that are the same, without any that cross."""
    columns = [{key: side.ordered(key) for key in _WEIGHTS} for side in (one, other)]
    tokens = [
        [list(zip(*(each[key] for key in keys), strict=True)) for keys in _CERTAIN]
        for each in columns
    ]
    waiting = [(0, len(one.order), 0, len(other.order))]
    while waiting:
        start, end, first, last = waiting.pop()
        rows, width = end - start, last - first
        if not rows or not width:
            continue
        for left, right in zip(*tokens, strict=True):
            head = _common(left[start:end], right[first:last])
            if head:
                yield from zip(range(start, start + head), range(first, first + head), strict=True)
                start, first = start + head, first + head
            tail = _common(left[start:end][::-1], right[first:last][::-1])
            if tail:
                yield from zip(range(end - tail, end), range(last - tail, last), strict=True)
                end, last = end - tail, last - tail
            small = (end - start) * (last - first) <= _CELLS
            if small:
                break
            anchors = _anchors(left[start:end], right[first:last])
            if anchors:
                stops = [(start + row, first + column) for row, column in anchors]
                yield from stops
                corners = [(start - 1, first - 1), *stops, (end, last)]
                waiting += [(a + 1, b, c + 1, d) for (a, c), (b, d) in pairwise(corners)]
                start, first = end, last
                break
        if (end - start) * (last - first) <= _CELLS:
            yield from _best(columns[0], columns[1], (start, end), (first, last))
        else:  # nothing is certain: the first half is compared with the first half
            middle, center = (start + end) // 2, (first + last) // 2
            waiting += [(start, middle, first, center), (middle, end, center, last)]


def _common(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Return how many tokens two sequences have in common at their beginning."""
    length = min(len(one), len(other))
    return next((n for n in range(length) if one[n] != other[n]), length)


def _anchors(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the positions of tokens that both have once, the most of them that do not cross."""
    count, further = Counter(one), Counter(other)
    where = {token: n for n, token in enumerate(other) if further[token] == 1}
    both = [
        (n, where[token]) for n, token in enumerate(one) if count[token] == 1 and token in where
    ]
    # The longest increasing subsequence of the positions in `other`, as patience sorting finds it.
    tops: list[int] = []
    piles: list[int] = []  # the last pair of each length
    previous: list[int] = []
    for number, (_, position) in enumerate(both):
        pile = bisect_left(tops, position)
        if pile == len(tops):
            tops.append(position)
            piles.append(number)
        else:
            tops[pile] = position
            piles[pile] = number
        previous.append(piles[pile - 1] if pile else -1)
    found = []
    number = piles[-1] if piles else -1
    while number >= 0:
        found.append(both[number])
        number = previous[number]
    return found[::-1]


def _best(
    one: dict[str, list[int]],
    other: dict[str, list[int]],
    rows: tuple[int, int],
    columns: tuple[int, int],
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of positions in two ranges whose scores have the largest sum."""
    height, width = rows[1] - rows[0], columns[1] - columns[0]
    if not height or not width:
        return
    import numpy as np  # not for designs that are equal

    score = np.zeros((height, width), dtype=np.int32)
    for key, weight in _WEIGHTS.items():
        left = np.array(one[key][slice(*rows)])[:, None]
        right = np.array(other[key][slice(*columns)])[None, :]
        same = left == right
        if key == "kind":
            alike = same
        score += weight * same
    score[~alike | (score < _LEAST)] = -(2**24)
    sums = np.zeros((height + 1, width + 1), dtype=np.int32)
    for row in range(height):
        above = sums[row]
        # A gap costs nothing, so that the best of a row is the largest sum up to each column.
        np.maximum.accumulate(np.maximum(above[1:], above[:-1] + score[row]), out=sums[row + 1, 1:])
    row, column = height, width
    while row and column:
        here = sums[row, column]
        if here == sums[row - 1, column]:
            row -= 1
        elif here == sums[row, column - 1]:
            column -= 1
        else:
            row, column = row - 1, column - 1
            yield rows[0] + row, columns[0] + column


# What the order did not tell


def _left(side: _Side, paired: "set[int] | Pairs") -> list[int]:
    return [number for number in range(len(side.vertices)) if number not in paired]


def _find_moved(one: _Side, other: _Side, pairs: Pairs) -> None:
    """Pair nodes that stand elsewhere in the order, by labels that only one in each graph has."""
    for keys in (("settings_far", "name"), ("settings_far",), ("kind", "name")):
        rest, others = _left(one, pairs), _left(other, set(pairs.values()))
        if not rest or not others:
            return
        left, right = (
            [tuple([side.labels[key][number] for key in keys]) for number in numbers]
            for side, numbers in ((one, rest), (other, others))
        )
        count, further = Counter(left), Counter(right)
        where = dict(zip(right, others, strict=True))
        for token, number in zip(left, rest, strict=True):
            if count[token] == 1 and further[token] == 1:
                pairs[number] = where[token]


def _extend(one: _Side, other: _Side, pairs: Pairs) -> None:
    """Pair nodes of one kind before the same port, or alone of their kind behind the same node."""
    taken = set(pairs.values())

    def pair(first: int, second: int) -> bool:
        fits = (
            first not in pairs
            and second not in taken
            and one.labels["kind"][first] == other.labels["kind"][second]
        )
        if fits:
            pairs[first] = second
            taken.add(second)
            waiting.append((first, second))
        return fits

    waiting = list(pairs.items())
    while waiting:
        first, second = waiting.pop()
        before, after = one.vertices[first].sources, other.vertices[second].sources
        for source, reached in zip(before, after, strict=False):
            if source is not None and reached is not None and source[1] == reached[1]:
                pair(source[0], reached[0])
        left = {each for each, _ in one.targets[first] if each not in pairs}
        right = {each for each, _ in other.targets[second] if each not in taken}
        kinds = Counter(one.labels["kind"][each] for each in left)
        further = Counter(other.labels["kind"][each] for each in right)
        for target in sorted(left):
            kind = one.labels["kind"][target]
            if kinds[kind] == further[kind] == 1:
                pair(target, next(e for e in right if other.labels["kind"][e] == kind))


def _find_replaced(one: _Side, other: _Side, pairs: Pairs) -> None:
    """Pair nodes of different kinds in the same place.

    The place is the same if the nodes before and behind are, or, for nodes of one name, those on
    one side.
    """
    for _ in range(_CHAIN):
        count = len(pairs)
        taken = set(pairs.values())
        places: dict[Hashable, list[int]] = {}
        for number in _left(other, taken):
            for place in _places(other, number, dict(zip(taken, taken, strict=True))):
                places.setdefault(place, []).append(number)
        for number in _left(one, pairs):
            for place in _places(one, number, pairs):
                there = [each for each in places.get(place, ()) if each not in taken]
                if len(there) == 1:
                    pairs[number] = there[0]
                    taken.add(there[0])
                    break
        if len(pairs) == count:
            return


def _places(side: _Side, number: int, pairs: Pairs) -> Iterator[Hashable]:
    """Yield descriptions of where a node stands, by the numbers of nodes in the second graph."""
    vertex = side.vertices[number]
    sources = [None if each is None else pairs.get(each[0], -1) for each in vertex.sources]
    targets = [(pairs.get(each, -1), port) for each, port in side.targets[number]]
    before = tuple(sources) if sources and -1 not in sources else None
    behind = tuple(sorted(targets)) if targets and all(each >= 0 for each, _ in targets) else None
    if before is not None and behind is not None:
        yield "between", before, behind
    name = side.labels["name"][number]
    if before is not None:
        yield "behind", before, name
    if behind is not None:
        yield "before", behind, name
