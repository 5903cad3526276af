"""The layers of a design as they are evaluated, each with its place in the design's graphs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, cast

from designer.analysis.analysis import Analysis, analyze
from designer.analysis.evaluation.results import GraphResult
from designer.design.values import BlockNode, Design, Edge, LayerNode
from designer.folding.written_out import written_out
from designer.layers.own import NOT_MEASURED, Measured


class Place(NamedTuple):
    """A node of a graph, in one of the evaluations of that graph.

    Attributes
    ----------
    block, name
        The block whose graph has the node, None for the design's own; its name there.
    prefix
        What the paths of the graph's layers begin with in this evaluation: ``layer1.0.``.
    """

    block: str | None
    name: str
    prefix: str

    @property
    def path(self) -> str:
        """The path of the node."""
        return self.prefix + self.name

    @property
    def spot(self) -> tuple[str | None, str]:
        """The node without its evaluation."""
        return self.block, self.name


Source = tuple[str, int]
"""A layer by its path, and one of its outputs."""


@dataclass(frozen=True)
class Leaves:
    """All layers of a design that can be evaluated.

    Attributes
    ----------
    analysis
        Of the design.
    flat
        The design without blocks; see `designer.folding.written_out`.
    """

    analysis: Analysis
    flat: Design

    @property
    def nodes(self) -> Mapping[str, LayerNode]:
        """The layers by their paths, with numbers for settings."""
        return cast(Mapping[str, LayerNode], self.flat.graph.nodes)

    @cached_property
    def sources(self) -> Mapping[str, Mapping[int, Source]]:
        """For each layer, what enters its ports."""
        found: dict[str, dict[int, Source]] = {name: {} for name in self.nodes}
        for edge in self.flat.graph.edges:
            found[edge.target][edge.target_port] = edge.source, edge.source_port
        return found

    @cached_property
    def places(self) -> Mapping[str, tuple[Place, ...]]:
        """For each layer its place, behind those of the blocks around it, outermost first."""
        return dict(_places(self.analysis.top, None, "", ()))

    @cached_property
    def prefixes(self) -> Mapping[str | None, tuple[str, ...]]:
        """For each graph the prefixes of its evaluations, in their order; for None the one ""."""
        found: dict[str | None, dict[str, None]] = {None: {"": None}}
        for chain in self.places.values():
            for place in chain:
                found.setdefault(place.block, {})[place.prefix] = None
        return {block: tuple(prefixes) for block, prefixes in found.items()}

    def below(self, path: str) -> Iterator[str]:
        """Yield the paths of a layer, or of all layers in a use of a block."""
        for name in self.nodes:
            if name == path or name.startswith(f"{path}."):
                yield name


def leaves_of(design: Design, measured: Measured = NOT_MEASURED) -> Leaves | None:
    """Return the layers of a design; None if a part of it cannot be evaluated."""
    analysis = analyze(design, measured=measured)
    flat = written_out(analysis)
    return None if flat is None or not analysis.valid else Leaves(analysis, flat)


def _places(
    result: GraphResult, block: str | None, prefix: str, chain: tuple[Place, ...]
) -> Iterator[tuple[str, tuple[Place, ...]]]:
    for name in result.wiring.order:
        found = result.nodes[name]
        here = (*chain, Place(block, name, prefix))
        if found.inside is None:
            yield prefix + name, here
            continue
        used = cast(BlockNode, result.wiring.graph.nodes[name]).block
        if not all(each.isdigit() for each in found.inside.wiring.order):
            yield from _places(found.inside, used, f"{prefix}{name}.", here)
            continue
        for number in found.inside.wiring.order:  # no node of a design has a number as its name
            repetition = found.inside.nodes[number].inside
            if repetition is not None:
                yield from _places(repetition, used, f"{prefix}{name}.{number}.", here)


def edges_into(edges: tuple[Edge, ...], target: str) -> dict[int, Edge]:
    """Return the edges that enter a node, by their ports."""
    return {edge.target_port: edge for edge in edges if edge.target == target}
