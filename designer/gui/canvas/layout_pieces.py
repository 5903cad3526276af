"""The parts of a graph that the layout works with: edges, pieces, branches and regions."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Link:
    """An edge between two nodes, given by their numbers, and the input port it enters."""

    source: int
    target: int
    port: int = 0


@dataclass
class Piece:
    """Nodes that were laid out together: left and right by row, relative to their own trunk."""

    nodes: list[int]
    rows: dict[int, tuple[float, float]] = field(default_factory=dict)

    @property
    def left(self) -> float:
        """The least x of all rows."""
        return min(each[0] for each in self.rows.values())

    @property
    def right(self) -> float:
        """The greatest x of all rows."""
        return max(each[1] for each in self.rows.values())

    def cover(self, row: int, left: float, right: float) -> None:
        """Extend the piece in a row so that it covers an interval of x."""
        old = self.rows.get(row)
        self.rows[row] = (left, right) if old is None else (min(old[0], left), max(old[1], right))


class Branch:
    """A connected part beside the trunk, and the indices of the trunk's nodes that it touches."""

    def __init__(self, nodes: list[int], forks: set[int], joins: set[int]) -> None:
        self.nodes = nodes
        self.forks = forks
        self.joins = joins
        contacts = forks | joins
        self.fork = min(contacts)
        self.join = max(contacts)


class Region:
    """The segment of the trunk between two of its nodes, and the branches between the same two."""

    def __init__(self, fork: int, join: int) -> None:
        self.fork = fork
        self.join = join
        self.branches: list[Branch] = []
