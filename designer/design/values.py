"""The document as immutable values: designs, blocks, nodes and edges.

An edit makes a new value that shares all unchanged parts with the old one, so that two versions of
a design can be compared with ``is``. The mappings are plain dicts, for speed; never change one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from designer.design.expressions import MAX_MAGNITUDE, Scalar

Value: TypeAlias = Scalar | tuple[Scalar, ...]
"""A parameter's value: a literal, an expression (a string that begins with =), or a tuple."""


MAX_PORT = 1_000
"""Port numbers are below this."""


class Edge(NamedTuple):
    """A connection from an output port to an input port.

    In a block's graph the names of the block's inputs are sources and those of its outputs are
    targets.
    """

    source: str
    source_port: int
    target: str
    target_port: int


class Point(NamedTuple):
    """The position of a node on the canvas, in scene units."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Argument:
    """A setting of a block or of the whole design; its current value is `default`.

    Attributes
    ----------
    default
        The value; its type (int, float, bool or str) is that of all allowed values.
    minimum, maximum
        The range of a number, both ends included.
    choices
        The allowed values, if there are only a few.
    help
        One sentence for the form.
    where, rule
        A condition that a range cannot express: an expression over the arguments of the same block
        or design, and words for it that follow "must be". See `designer.design.rules`.
    """

    default: Scalar
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Scalar, ...] = ()
    help: str = ""
    where: str = ""
    rule: str = ""

    def refusal(self, value: Scalar) -> str | None:
        """Return what is wrong with a value, in words that follow the argument's name; or None."""
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
        if not abs(value) <= MAX_MAGNITUDE:  # NaN is refused, too
            return f"must be a number up to {MAX_MAGNITUDE:.0e}; received {value}"
        if self.minimum is not None and value < self.minimum:
            return f"must be at least {plain(self.minimum)}; received {value}"
        if self.maximum is not None and value > self.maximum:
            return f"must be at most {plain(self.maximum)}; received {value}"
        return None


def plain(number: float) -> float:
    """Return a whole number as an int, any other number unchanged."""
    return int(number) if float(number).is_integer() else number


def _kind(value: Scalar) -> type:
    """Return the type for comparing values: 1 and 1.0 are equal, 1 and True are not."""
    return float if type(value) is int else type(value)


@dataclass(frozen=True, slots=True)
class LayerNode:
    """A use of a layer type.

    Attributes
    ----------
    layer
        Name of the layer type.
    parameters
        Those that differ from the defaults.
    when
        Whether the node exists: a boolean or an expression.
    at
        Position on the canvas, None if the layout chooses it.
    learning_rate
        A factor for the training's learning rate, also multiplied by those of the blocks around
        the node. 0 freezes the layer.
    shares
        The name of another node of the same graph whose module, with its weights, this node uses;
        empty for a module of its own.
    """

    layer: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    when: Scalar = True
    at: Point | None = None
    learning_rate: Scalar = 1
    shares: str = ""


@dataclass(frozen=True, slots=True)
class BlockNode:
    """A use of a block.

    Attributes
    ----------
    block
        Name of the block.
    arguments
        Those that differ from the block's defaults.
    repeat
        How many times the block runs in a row.
    when, at, shares
        As for a `LayerNode`.
    learning_rate
        A factor for the learning rate of everything in the block; 0 freezes it.
    """

    block: str
    arguments: Mapping[str, Scalar] = field(default_factory=dict)
    repeat: Scalar = 1
    when: Scalar = True
    at: Point | None = None
    learning_rate: Scalar = 1
    shares: str = ""


Node: TypeAlias = LayerNode | BlockNode


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by name, in the order of the file, and the edges between them."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A named sub-graph with arguments; used like a function."""

    arguments: Mapping[str, Argument]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    graph: Graph


@dataclass(frozen=True, slots=True)
class Design:
    """A whole network: its own graph, and the blocks and layer types that it brings along.

    Attributes
    ----------
    code
        The Python text of each layer type of the design's own, by the name of its class. It is
        data: nothing runs it unless the user trusts it.
    """

    name: str
    about: str = ""
    cites: tuple[str, ...] = ()
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    blocks: Mapping[str, Block] = field(default_factory=dict)
    graph: Graph = field(default_factory=Graph)
    code: Mapping[str, str] = field(default_factory=dict)

    def graph_of(self, block: str | None) -> Graph:
        """Return the graph of a block, or the design's own graph for None."""
        return self.graph if block is None else self.blocks[block].graph
