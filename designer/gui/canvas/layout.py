"""Layered layout in linear time: data flows down a straight trunk with branches beside it.

The longest path is the trunk. The other nodes form connected pieces, the branches, each laid out by
the same rule. A branch that leaves the trunk at one node (its fork) and comes back at another (its
join) stands side by side with the trunk between the two, symmetrically if both have about the same
length. All other branches go to whichever side has room. Edges that skip nodes need no room of
their own: `wires` finds lanes for them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from designer.gui.canvas.layout_pieces import Branch, Link, Piece, Region
from designer.gui.documents.spacing import ROW_GAP

COLUMN_GAP = 36.0
"""Free space between nodes side by side, in scene units."""
WIDE_TURN = 0.10
"""Growth of a row gap with the distance that edges run sideways in it."""
MOST_TURN = 40.0
"""The most by which a row gap grows."""
DEEPEST = 40
"""Branches within branches that get a trunk of their own, a bound of the recursion."""


def layout(
    sizes: Sequence[tuple[float, float]], links: Sequence[Link]
) -> list[tuple[float, float]]:
    """Return the position of each node: the x of its center and the y of its top.

    Parameters
    ----------
    sizes
        Width and height of each node.
    links
        The edges; those that would close a cycle are ignored.
    """
    if not sizes:
        return []
    return _Layout(sizes, links).points()


class _Layout:
    """The layout of one graph; nodes are numbers."""

    def __init__(self, sizes: Sequence[tuple[float, float]], links: Sequence[Link]) -> None:
        count = len(sizes)
        self.sizes = sizes
        self.half = [width / 2 for width, _ in sizes]
        self.order = order = _order(count, links)
        rank = [0] * count  # in topological order
        for number, node in enumerate(order):
            rank[node] = number
        self.after: list[list[int]] = [[] for _ in range(count)]
        self.before: list[list[int]] = [[] for _ in range(count)]
        self.ports: dict[tuple[int, int], int] = {}
        for link in links:
            if rank[link.source] < rank[link.target]:
                self.after[link.source].append(link.target)
                self.before[link.target].append(link.source)
                self.ports.setdefault((link.source, link.target), link.port)
        self.rank = rank
        self.row = self._rows()
        self.x = [0.0] * count
        self.owner = [0] * count  # the number of the piece to which a node belongs at present
        self.pieces = 0

    def points(self) -> list[tuple[float, float]]:
        """Return the position of each node."""
        right = 0.0
        for number, part in enumerate(self._parts(self.order)):
            piece = self._lay_out(part, 0)
            if number:  # parts without an edge between them stand side by side
                self._shift(piece, right + COLUMN_GAP * 2 - piece.left)
            right = max(right, piece.right)
        tops = self._tops()
        return [(x, tops[row]) for x, row in zip(self.x, self.row, strict=True)]

    # Rows

    def _rows(self) -> list[int]:
        """Return each node's row: below its sources.

        With several inputs, nodes that the main one does not reach stand just above their readers.
        """
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
                sideways = abs(self.x[node] - self.x[target])
                if sideways:
                    last = self.row[target] - 1  # edges run sideways just above their target
                    turn[last] = max(turn[last], sideways)
        tops = []
        y = 0.0
        for each, sideways in zip(height, turn, strict=True):
            tops.append(y)
            y += each + ROW_GAP + min(WIDE_TURN * sideways, MOST_TURN)
        return tops

    # Columns

    def _lay_out(self, nodes: list[int], depth: int) -> Piece:
        """Lay out connected nodes, given in topological order, around x = 0."""
        piece = Piece(nodes)
        if depth > DEEPEST:
            for node in nodes:
                self._put_beside(piece, self._single(node), self.row[node], self.row[node])
            return piece
        self.pieces += 1
        mark = self.pieces
        for node in nodes:
            self.owner[node] = mark
        trunk = self._longest(nodes, mark)
        on_trunk = {node: number for number, node in enumerate(trunk)}
        rest = [node for node in nodes if node not in on_trunk]
        if not rest:
            for node in trunk:
                self.x[node] = 0.0
                piece.cover(self.row[node], -self.half[node], self.half[node])
            return piece
        parts = [Branch(part, *self._contacts(part, on_trunk)) for part in self._parts(rest)]
        regions = self._symmetric(parts, trunk)
        inside = self._sort_into(regions, parts)
        for region in regions:
            for node in trunk[region.fork + 1 : region.join]:
                on_trunk.pop(node)
        for node in on_trunk:
            self.x[node] = 0.0
            piece.cover(self.row[node], -self.half[node], self.half[node])
        for region, nested in zip(regions, inside, strict=True):
            segment = trunk[region.fork + 1 : region.join]
            for branch in nested:
                segment = segment + branch.nodes
            if nested:
                segment.sort(key=self.rank.__getitem__)
            self._put_abreast(piece, region, segment, trunk, depth)
        done = {branch for region in regions for branch in region.branches}
        done.update(branch for nested in inside for branch in nested)
        others = [branch for branch in parts if branch not in done]
        for branch in sorted(others, key=lambda each: (each.join - each.fork, each.fork)):
            side = self._lay_out(branch.nodes, depth + 1)
            first = min(side.rows)
            last = max(side.rows)
            if branch.joins:  # the column below it, down to the join, stays free
                last = max(last, self.row[trunk[branch.join]] - 1)
            self._put_beside(piece, side, first, last)
        return piece

    def _single(self, node: int) -> Piece:
        """Lay out one node by itself."""
        self.x[node] = 0.0
        return Piece([node], {self.row[node]: (-self.half[node], self.half[node])})

    def _longest(self, nodes: list[int], mark: int) -> list[int]:
        """Return the longest path among nodes; of several, the one through the first ports."""
        length: dict[int, int] = {}
        source_of: dict[int, int] = {}
        for node in nodes:
            best, source = 0, -1
            for each in self.before[node]:
                if self.owner[each] == mark and length[each] > best:
                    best, source = length[each], each
            length[node] = best + 1
            source_of[node] = source
        node = max(nodes, key=length.__getitem__)
        path = [node]
        while source_of[node] >= 0:
            node = source_of[node]
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

    def _contacts(self, part: list[int], on_trunk: dict[int, int]) -> tuple[set[int], set[int]]:
        """Return where a part leaves the trunk and where it comes back, as indices of the trunk."""
        forks = {on_trunk[each] for node in part for each in self.before[node] if each in on_trunk}
        joins = {on_trunk[each] for node in part for each in self.after[node] if each in on_trunk}
        return forks, joins

    def _symmetric(self, parts: list[Branch], trunk: list[int]) -> list[Region]:
        """Return the outermost segments of the trunk that stand side by side with branches."""

        def fits(branch: Branch, region: Region) -> bool:
            rows = [self.row[node] for node in branch.nodes]
            first, last = self.row[trunk[region.fork]], self.row[trunk[region.join]]
            return (
                region.fork <= branch.fork
                and branch.join <= region.join
                and first < min(rows)
                and max(rows) < last
            )

        regions: dict[tuple[int, int], Region] = {}
        for branch in parts:
            if len(branch.forks) == 1 and len(branch.joins) == 1 and branch.fork < branch.join - 1:
                key = (branch.fork, branch.join)
                regions.setdefault(key, Region(*key)).branches.append(branch)
        chosen = []
        for region in regions.values():
            length = region.join - region.fork - 1
            longest = max(self._length(branch.nodes) for branch in region.branches)
            similar = len(region.branches) > 1 or 2 * longest > length
            if similar and all(fits(branch, region) for branch in region.branches):
                chosen.append(region)
        chosen.sort(key=lambda region: (region.fork, -region.join))
        forks = [region.fork for region in chosen]
        reach = list(accumulate((region.join for region in chosen), max))
        crossed: set[Region] = set()
        for branch in parts:
            for contact in branch.forks | branch.joins:
                number = bisect_left(forks, contact) - 1
                while number >= 0 and reach[number] > contact:
                    region = chosen[number]
                    if region.join > contact and not fits(branch, region):
                        crossed.add(region)
                    number -= 1
        outermost: list[Region] = []
        for each in chosen:
            if each in crossed or (outermost and each.fork < outermost[-1].join):
                continue
            outermost.append(each)
        return outermost

    def _length(self, nodes: list[int]) -> int:
        rows = [self.row[node] for node in nodes]
        return max(rows) - min(rows) + 1

    def _sort_into(self, regions: list[Region], parts: list[Branch]) -> list[list[Branch]]:
        """Return for each region the branches that touch the trunk only inside it."""
        inside: list[list[Branch]] = [[] for _ in regions]
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

    def _put_abreast(
        self, piece: Piece, region: Region, segment: list[int], trunk: list[int], depth: int
    ) -> None:
        """Put a segment of the trunk and the branches of its region symmetrically side by side."""
        join = trunk[region.join]

        def port(nodes: list[int]) -> tuple[int, int]:
            ports = [self.ports[node, join] for node in nodes if (node, join) in self.ports]
            return min(ports, default=0), self.rank[nodes[0]]

        columns = sorted([segment, *(branch.nodes for branch in region.branches)], key=port)
        pieces = [self._lay_out(nodes, depth + 1) for nodes in columns]
        width = sum(each.right - each.left for each in pieces) + COLUMN_GAP * (len(pieces) - 1)
        x = -width / 2
        for each in pieces:
            left, right = each.left, each.right
            self._shift(each, x - left)
            for row in range(self.row[trunk[region.fork]] + 1, self.row[join]):
                piece.cover(row, x, x + right - left)
            x += right - left + COLUMN_GAP

    def _put_beside(self, piece: Piece, side: Piece, first: int, last: int) -> None:
        """Put a piece to the left or right of all that lies in these rows, whichever is nearer."""
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

    def _shift(self, piece: Piece, move: float) -> None:
        for node in piece.nodes:
            self.x[node] += move
        piece.rows = {row: (low + move, high + move) for row, (low, high) in piece.rows.items()}


def _order(count: int, links: Sequence[Link]) -> list[int]:
    """Return a topological order close to the given one; a cycle is cut where it is met."""
    after: list[list[int]] = [[] for _ in range(count)]
    unmet = [0] * count  # edges from nodes that are not in the order yet
    for link in links:
        after[link.source].append(link.target)
        unmet[link.target] += 1
    ready = [node for node in range(count - 1, -1, -1) if not unmet[node]]
    done = [False] * count
    order: list[int] = []
    rest = iter(range(count))
    while len(order) < count:
        if not ready:  # only cycles are left: cut one anywhere
            ready.append(next(node for node in rest if not done[node]))
        node = ready.pop()
        if done[node]:
            continue
        done[node] = True
        order.append(node)
        for each in after[node]:
            unmet[each] -= 1
            if not unmet[each] and not done[each]:
                ready.append(each)
    return order
