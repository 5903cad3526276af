"""The parts of the drawn graph that the pointer can hit besides nodes: ports and edges."""

from typing import Literal, NamedTuple, TypeAlias

from designer.design.values import Edge

Light: TypeAlias = Literal["fits", "problem", "refused"]
"""How a port is lit while an edge is dragged: it may connect, with a problem, or not at all."""


class PortHit(NamedTuple):
    """An input or output port of the drawn node at `path`, by its number."""

    path: str
    port: int
    output: bool


class EdgeHit(NamedTuple):
    """A drawn edge of the graph at `scope`."""

    scope: str
    edge: Edge
