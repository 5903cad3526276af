"""What the analysis knows of tensors, nodes and graphs; values that never change.

What is compared or hashed is a tuple. What is made and read for every node is a class with slots,
not frozen, since its fields are read three times as fast as a tuple's and freezing costs as much.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from designer.analysis.problems import Problem
from designer.analysis.wiring import Wiring
from designer.design.expressions import Scalar
from designer.layers.base import Kept, Layer, Tensor
from designer.layers.facts import Counts, Facts


class Storage(NamedTuple):
    """Memory that one or more tensors share, named by who made it; `size` is bytes per image.

    Inside a block, the storages of its inputs are owned by "".
    """

    owner: str
    port: int
    size: int


class Flow(NamedTuple):
    """A tensor on its way: its facts, its storage in train and in eval mode.

    `writable` says that its only reader may overwrite it: nobody keeps or shares it.
    """

    tensor: Tensor
    storage: Storage
    eval_storage: Storage
    writable: bool


class Memory(NamedTuple):
    """What autograd keeps in one mode: bytes of unnamed tensors, and named storages."""

    per_image: int = 0
    fixed: int = 0
    storages: frozenset[Storage] = frozenset()

    @property
    def bytes_per_image(self) -> int:
        """All bytes that grow with the batch."""
        return self.per_image + sum([storage.size for storage in self.storages])


@dataclass(slots=True, eq=False)
class BlockEffect:
    """What a block adds to the sums around it, as `Facts` say it of a layer.

    `outputs` are its tensors as seen from outside: a storage owned by "" is that of the input port
    it names, any other is the block's own, which gets the name of the node.
    """

    outputs: tuple[Flow | None, ...]
    counts: Counts
    kept: Kept
    kept_in_eval: Kept
    convolved: tuple[int, ...]
    peak: int


@dataclass(slots=True, eq=False)
class NodeResult:
    """What is known of one node.

    Attributes
    ----------
    inputs, outputs
        The tensors that come in and go out; no outputs where nothing could be inferred.
    effect
        What it adds to the sums; None where nothing could be inferred.
    layer, in_place
        A layer, and whether it overwrites its input.
    inside
        The graph of a block.
    """

    inputs: tuple[Flow | None, ...]
    outputs: tuple[Flow | None, ...] = ()
    effect: Facts | BlockEffect | None = None
    layer: Layer | None = None
    in_place: bool = False
    inside: "GraphResult | None" = None
    problems: tuple[Problem, ...] = ()

    @property
    def counts(self) -> Counts:
        """What it adds to the sums; zeros where nothing could be inferred."""
        return Counts() if self.effect is None else self.effect.counts


@dataclass(frozen=True, slots=True, eq=False)
class GraphResult:
    """What is known of a graph with given arguments and inputs.

    Attributes
    ----------
    plain
        Whether every drawn node is there once: none has a `when` or `repeat`.
    ports
        The Input and Output nodes, as written.
    training_only
        Nodes that only auxiliary outputs need; eval mode skips them.
    scope
        The values of all names that expressions in it may read.
    peak
        Largest sum of live bytes per image in eval mode, without the graph's own inputs.
    effect
        What it adds to the sums around it, as a block.
    problems
        Its own and those of the blocks in it, by path from here.
    """

    wiring: Wiring
    plain: bool
    scope: Mapping[str, Scalar]
    inputs: tuple[Flow, ...]
    nodes: Mapping[str, NodeResult]
    ports: tuple[str, ...]
    training_only: frozenset[str]
    counts: Counts
    kept: Memory
    kept_in_eval: Memory
    peak: int
    effect: BlockEffect
    problems: tuple[Problem, ...]

    def layers(self, prefix: str = "") -> Iterator[tuple[str, NodeResult]]:
        """Yield every layer with its path, in forward order, blocks expanded."""
        for name in self.wiring.order:
            result = self.nodes[name]
            if result.inside is not None:
                yield from result.inside.layers(f"{prefix}{name}.")
            else:
                yield prefix + name, result
