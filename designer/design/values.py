"""The document as a value: designs, blocks, nodes and edges, none of which ever changes.

An edit makes a new value that shares everything it did not touch, so two versions of a design are
compared with ``is``. The mappings inside are plain dicts that nobody may change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from designer.design.expressions import MAX_MAGNITUDE, Scalar

Value: TypeAlias = Scalar | tuple[Scalar, ...]
"""A parameter's value: a literal, an expression (a string that begins with =), or several."""


MAX_PORT = 1_000
"""Ports are numbered from 0 to below this."""


class Edge(NamedTuple):
    """A connection from an output port to an input port.

    Inside a block, the block's input names stand as sources and its output names as targets.
    """

    source: str
    source_port: int
    target: str
    target_port: int


class Point(NamedTuple):
    """Where a node lies on the canvas, in scene units."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Argument:
    """A setting of a block or of the whole design; its current value is `default`.

    `where` is a test that must hold beyond the range, an expression over the arguments beside it,
    and `rule` says it in words that follow "must be"; see `designer.design.rules`.
    """

    default: Scalar
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Scalar, ...] = ()
    help: str = ""
    where: str = ""
    rule: str = ""

    def refusal(self, value: Scalar) -> str | None:
        """Say what is wrong with a value, in words that follow the argument's name, or None."""
        if self.choices:
            if any(value == each and _kind(value) is _kind(each) for each in self.choices):
                return None
            allowed = ", ".join(str(each) for each in self.choices)
            return f"takes one of {allowed}; received {value!r}"
        if isinstance(self.default, bool | str):
            kind = "true or false" if isinstance(self.default, bool) else "text"
            return (
                None if type(value) is type(self.default) else f"takes {kind}; received {value!r}"
            )
        whole = isinstance(self.default, int)
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            return f"takes a {'whole ' if whole else ''}number; received {value!r}"
        assert isinstance(value, int | float)
        if not abs(value) <= MAX_MAGNITUDE:  # nor NaN
            return f"must be a number up to {MAX_MAGNITUDE:.0e}; received {value}"
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {plain(self.minimum)}; received {value}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {plain(self.maximum)}; received {value}"
        return None


def plain(number: float) -> float:
    """Return a whole number as an int."""
    return int(number) if float(number).is_integer() else number


def _kind(value: Scalar) -> type:
    """Return the type by which values are told apart: 1 and 1.0 are one number, True is none."""
    return float if type(value) is int else type(value)


@dataclass(frozen=True, slots=True)
class LayerNode:
    """A use of a layer type with the parameters that differ from its defaults.

    `learning_rate` is a factor that multiplies those of the blocks around it and the training's
    own rate; 0 freezes.
    """

    layer: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    when: Scalar = True
    at: Point | None = None
    learning_rate: Scalar = 1


@dataclass(frozen=True, slots=True)
class BlockNode:
    """A use of a block, run `repeat` times in a row, with values for its arguments.

    `learning_rate` is a factor for all that is in it; 0 freezes.
    """

    block: str
    arguments: Mapping[str, Scalar] = field(default_factory=dict)
    repeat: Scalar = 1
    when: Scalar = True
    at: Point | None = None
    learning_rate: Scalar = 1


Node: TypeAlias = LayerNode | BlockNode


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by name, in the order they were written, and the edges between them."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A named sub-graph with arguments, used like a function."""

    arguments: Mapping[str, Argument]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    graph: Graph


@dataclass(frozen=True, slots=True)
class Design:
    """A whole network: its own graph and the blocks it is made of."""

    name: str
    about: str = ""
    cites: tuple[str, ...] = ()
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    blocks: Mapping[str, Block] = field(default_factory=dict)
    graph: Graph = field(default_factory=Graph)

    def graph_of(self, block: str | None) -> Graph:
        """Return the graph of a block, or the design's own for None."""
        return self.graph if block is None else self.blocks[block].graph
