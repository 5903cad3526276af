"""Layered layout: data flows down a straight trunk, branches beside it, in linear time.

The longest path is the trunk. What is left falls into pieces. Pieces that leave the trunk at one
node and come back at another stand beside the part of the trunk between the two, symmetrically
where they are of like length; all others go to the side where there is room. Each piece is laid
out by the same rule. Edges that skip nodes need no room of their own: `wires` finds their lanes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

ROW_GAP = 28.0  # between the rows, in scene units
COLUMN_GAP = 36.0
WIDE_TURN = 0.10  # a row gap grows with the way that edges go sideways in it ...
MOST_TURN = 40.0  # ... by at most this
DEEPEST = 40  # pieces within pieces that get a trunk of their own


@dataclass(frozen=True)
class Link:
    """An edge between nodes by number, and the input port it enters."""

    source: int
    target: int
    port: int = 0


@dataclass
class _Piece:
    """Nodes that were placed together; x is relative to the piece's own trunk."""

    nodes: list[int]
    rows: dict[int, tuple[float, float]] = field(default_factory=dict)

    @property
    def left(self) -> float:
        return min(each[0] for each in self.rows.values())

    @property
    def right(self) -> float:
        return max(each[1] for each in self.rows.values())

    def cover(self, row: int, left: float, right: float) -> None:
        old = self.rows.get(row)
        self.rows[row] = (left, right) if old is None else (min(old[0], left), max(old[1], right))


def layout(
    sizes: Sequence[tuple[float, float]], links: Sequence[Link]
) -> list[tuple[float, float]]:
    """Return where each node lies, as the x of its center and the y of its top.

    Parameters
    ----------
    sizes
        Width and height of each node.
    links
        The edges; those that would close a cycle are left out of account.
    """
    if not sizes:
        return []
    return _Layout(sizes, links).points()


class _Layout:
    def __init__(self, sizes: Sequence[tuple[float, float]], links: Sequence[Link]) -> None:
        count = len(sizes)
        self.sizes = sizes
        self.half = [width / 2 for width, _ in sizes]
        self.order = order = _order(count, links)
        place = [0] * count
        for number, node in enumerate(order):
            place[node] = number
        self.after: list[list[int]] = [[] for _ in range(count)]
        self.before: list[list[int]] = [[] for _ in range(count)]
        self.ports: dict[tuple[int, int], int] = {}
        for link in links:
            if place[link.source] < place[link.target]:
                self.after[link.source].append(link.target)
                self.before[link.target].append(link.source)
                self.ports.setdefault((link.source, link.target), link.port)
        self.place = place
        self.row = self._rows()
        self.x = [0.0] * count
        self.owner = [0] * count  # which piece a node belongs to while pieces are split
        self.pieces = 0

    def points(self) -> list[tuple[float, float]]:
        right = 0.0
        for number, part in enumerate(self._parts(self.order)):
            piece = self._put(part, 0)
            if number:  # graphs without an edge between them stand side by side
                self._shift(piece, right + COLUMN_GAP * 2 - piece.left)
            right = max(right, piece.right)
        tops = self._tops()
        return [(x, tops[row]) for x, row in zip(self.x, self.row, strict=True)]

    # Rows

    def _rows(self) -> list[int]:
        """Return each node's row: below its sources, and what only helps close to its reader."""
        row = [0] * len(self.order)
        for node in self.order:
            if self.before[node]:
                row[node] = 1 + max([row[each] for each in self.before[node]])
        height = [0] * len(self.order)
        for node in reversed(self.order):
            if self.after[node]:
                height[node] = 1 + max([height[each] for each in self.after[node]])
        sources = [node for node in self.order if not self.before[node] and self.after[node]]
        if len(sources) > 1:
            main = max(sources, key=lambda node: (height[node], -node))
            reached = [False] * len(row)
            reached[main] = True
            for node in self.order:
                if not reached[node]:
                    reached[node] = any(reached[each] for each in self.before[node])
            for node in reversed(self.order):
                if not reached[node] and self.after[node]:
                    row[node] = min(row[each] for each in self.after[node]) - 1
        return row

    def _tops(self) -> list[float]:
        """Return the y of each row's top."""
        rows = max(self.row) + 1
        height = [0.0] * rows
        turn = [0.0] * rows
        for node, row in enumerate(self.row):
            height[row] = max(height[row], self.sizes[node][1])
            for target in self.after[node]:
                way = abs(self.x[node] - self.x[target])
                if way:
                    last = self.row[target] - 1  # edges go sideways just above their target
                    turn[last] = max(turn[last], way)
        tops = []
        y = 0.0
        for each, way in zip(height, turn, strict=True):
            tops.append(y)
            y += each + ROW_GAP + min(WIDE_TURN * way, MOST_TURN)
        return tops

    # Columns

    def _put(self, nodes: list[int], depth: int) -> _Piece:
        """Place connected nodes, given in topological order, around x = 0."""
        piece = _Piece(nodes)
        if depth > DEEPEST:
            for node in nodes:
                self._beside(piece, self._single(node), self.row[node], self.row[node])
            return piece
        self.pieces += 1
        mark = self.pieces
        for node in nodes:
            self.owner[node] = mark
        trunk = self._longest(nodes, mark)
        stop = {node: number for number, node in enumerate(trunk)}
        rest = [node for node in nodes if node not in stop]
        if not rest:
            for node in trunk:
                self.x[node] = 0.0
                piece.cover(self.row[node], -self.half[node], self.half[node])
            return piece
        parts = [_Branch(part, *self._contacts(part, stop)) for part in self._parts(rest)]
        regions = self._symmetric(parts, trunk)
        inside = self._sort_into(regions, parts)
        for region in regions:
            for node in trunk[region.fork + 1 : region.join]:
                stop.pop(node)
        for node in stop:
            self.x[node] = 0.0
            piece.cover(self.row[node], -self.half[node], self.half[node])
        for region, nested in zip(regions, inside, strict=True):
            segment = trunk[region.fork + 1 : region.join]
            for branch in nested:
                segment = segment + branch.nodes
            if nested:
                segment.sort(key=self.place.__getitem__)
            self._abreast(piece, region, segment, trunk, depth)
        taken = {id(branch) for region in regions for branch in region.branches}
        taken.update(id(branch) for nested in inside for branch in nested)
        others = [branch for branch in parts if id(branch) not in taken]
        for branch in sorted(others, key=lambda each: (each.join - each.fork, each.fork)):
            side = self._put(branch.nodes, depth + 1)
            first = min(side.rows)
            last = max(side.rows)
            if branch.joins:  # the way down to the join stays free
                last = max(last, self.row[trunk[branch.join]] - 1)
            self._beside(piece, side, first, last)
        return piece

    def _single(self, node: int) -> _Piece:
        self.x[node] = 0.0
        return _Piece([node], {self.row[node]: (-self.half[node], self.half[node])})

    def _longest(self, nodes: list[int], mark: int) -> list[int]:
        """Return the longest path among nodes; of equal ones, that through the first ports."""
        length: dict[int, int] = {}
        came: dict[int, int] = {}
        for node in nodes:
            best, source = 0, -1
            for each in self.before[node]:
                if self.owner[each] == mark and length[each] > best:
                    best, source = length[each], each
            length[node] = best + 1
            came[node] = source
        node = max(nodes, key=length.__getitem__)
        path = [node]
        while came[node] >= 0:
            node = came[node]
            path.append(node)
        return path[::-1]

    def _parts(self, nodes: Sequence[int]) -> list[list[int]]:
        """Split nodes into connected parts, each in topological order."""
        self.pieces += 1
        mark = self.pieces
        for node in nodes:
            self.owner[node] = mark
        part_of: dict[int, int] = {}
        count = 0
        for start in nodes:
            if start in part_of:
                continue
            part_of[start] = count
            waiting = [start]
            while waiting:
                node = waiting.pop()
                for near in (self.after[node], self.before[node]):
                    for each in near:
                        if self.owner[each] == mark and each not in part_of:
                            part_of[each] = count
                            waiting.append(each)
            count += 1
        parts: list[list[int]] = [[] for _ in range(count)]
        for node in nodes:
            parts[part_of[node]].append(node)
        return parts

    def _contacts(self, part: list[int], stop: dict[int, int]) -> tuple[set[int], set[int]]:
        """Return where a part leaves the trunk and where it comes back, as places on it."""
        forks = {stop[each] for node in part for each in self.before[node] if each in stop}
        joins = {stop[each] for node in part for each in self.after[node] if each in stop}
        return forks, joins

    def _symmetric(self, parts: list["_Branch"], trunk: list[int]) -> list["_Region"]:
        """Return the outermost parts of the trunk that stand abreast with branches."""

        def fits(branch: _Branch, region: _Region) -> bool:
            rows = [self.row[node] for node in branch.nodes]
            first, last = self.row[trunk[region.fork]], self.row[trunk[region.join]]
            return (
                region.fork <= branch.fork
                and branch.join <= region.join
                and first < min(rows)
                and max(rows) < last
            )

        regions: dict[tuple[int, int], _Region] = {}
        for branch in parts:
            if len(branch.forks) == 1 and len(branch.joins) == 1 and branch.fork < branch.join - 1:
                key = (branch.fork, branch.join)
                regions.setdefault(key, _Region(*key)).branches.append(branch)
        chosen = []
        for region in regions.values():
            length = region.join - region.fork - 1
            longest = max(self._length(branch.nodes) for branch in region.branches)
            alike = len(region.branches) > 1 or 2 * longest > length
            if alike and all(fits(branch, region) for branch in region.branches):
                chosen.append(region)
        chosen.sort(key=lambda region: (region.fork, -region.join))
        forks = [region.fork for region in chosen]
        reach = list(accumulate((region.join for region in chosen), max))
        crossed: set[int] = set()
        for branch in parts:
            for contact in branch.forks | branch.joins:
                number = bisect_left(forks, contact) - 1
                while number >= 0 and reach[number] > contact:
                    region = chosen[number]
                    if region.join > contact and not fits(branch, region):
                        crossed.add(id(region))
                    number -= 1
        outermost: list[_Region] = []
        for each in chosen:
            if id(each) in crossed or (outermost and each.fork < outermost[-1].join):
                continue
            outermost.append(each)
        return outermost

    def _length(self, nodes: list[int]) -> int:
        rows = [self.row[node] for node in nodes]
        return max(rows) - min(rows) + 1

    def _sort_into(self, regions: list["_Region"], parts: list["_Branch"]) -> list[list["_Branch"]]:
        """Return for each region the branches that touch nothing but the trunk inside it."""
        inside: list[list[_Branch]] = [[] for _ in regions]
        forks = [region.fork for region in regions]
        for branch in parts:
            number = bisect_right(forks, branch.fork) - 1
            if number < 0:
                continue
            region = regions[number]
            if branch in region.branches or branch.join > region.join:
                continue
            contacts = branch.forks | branch.joins
            if any(region.fork < each < region.join for each in contacts):
                inside[number].append(branch)
        return inside

    def _abreast(
        self, piece: _Piece, region: "_Region", segment: list[int], trunk: list[int], depth: int
    ) -> None:
        """Place a part of the trunk and the branches beside it symmetrically."""
        join = trunk[region.join]

        def port(nodes: list[int]) -> tuple[int, int]:
            ports = [self.ports[node, join] for node in nodes if (node, join) in self.ports]
            return min(ports, default=0), self.place[nodes[0]]

        columns = sorted([segment, *(branch.nodes for branch in region.branches)], key=port)
        placed = [self._put(nodes, depth + 1) for nodes in columns]
        width = sum(each.right - each.left for each in placed) + COLUMN_GAP * (len(placed) - 1)
        x = -width / 2
        for each in placed:
            left, right = each.left, each.right
            self._shift(each, x - left)
            for row in range(self.row[trunk[region.fork]] + 1, self.row[join]):
                piece.cover(row, x, x + right - left)
            x += right - left + COLUMN_GAP

    def _beside(self, piece: _Piece, side: _Piece, first: int, last: int) -> None:
        """Put a placed part to the left or right of all that lies in these rows."""
        rows = [piece.rows[row] for row in range(first, last + 1) if row in piece.rows]
        left = min((each[0] for each in rows), default=0.0)
        right = max((each[1] for each in rows), default=0.0)
        gap = COLUMN_GAP if rows else 0.0
        to_left = left - gap - side.right
        to_right = right + gap - side.left
        move = to_left if -to_left < to_right else to_right
        low, high = side.left + move, side.right + move
        self._shift(side, move)
        for row in range(first, last + 1):
            piece.cover(row, low, high)

    def _shift(self, piece: _Piece, move: float) -> None:
        for node in piece.nodes:
            self.x[node] += move
        piece.rows = {row: (low + move, high + move) for row, (low, high) in piece.rows.items()}


class _Branch:
    """A connected part beside the trunk, and the places on the trunk that it touches."""

    def __init__(self, nodes: list[int], forks: set[int], joins: set[int]) -> None:
        self.nodes = nodes
        self.forks = forks
        self.joins = joins
        contacts = forks | joins
        self.fork = min(contacts)
        self.join = max(contacts)


class _Region:
    """A part of the trunk between two of its nodes, and the branches between the same two."""

    def __init__(self, fork: int, join: int) -> None:
        self.fork = fork
        self.join = join
        self.branches: list[_Branch] = []


def _order(count: int, links: Sequence[Link]) -> list[int]:
    """Return a topological order, close to the given one; cycles are cut where they are met."""
    after: list[list[int]] = [[] for _ in range(count)]
    waits = [0] * count
    for link in links:
        after[link.source].append(link.target)
        waits[link.target] += 1
    ready = [node for node in range(count - 1, -1, -1) if not waits[node]]
    done = [False] * count
    order: list[int] = []
    rest = iter(range(count))
    while len(order) < count:
        if not ready:  # only cycles are left: begin one anywhere
            ready.append(next(node for node in rest if not done[node]))
        node = ready.pop()
        if done[node]:
            continue
        done[node] = True
        order.append(node)
        for each in after[node]:
            waits[each] -= 1
            if not waits[each] and not done[each]:
                ready.append(each)
    return order
