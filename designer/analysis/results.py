"""What the analysis knows of tensors, nodes and graphs; values that never change.

What is compared or hashed is a tuple. What is read for every node is a class with slots, whose
fields are read three times as fast as a tuple's; not frozen, since that costs as much again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from designer.analysis.problems import Problem
from designer.analysis.statements import Role, role
from designer.analysis.wiring import Wiring
from designer.design.expressions import Scalar
from designer.layers.base import Kept, Layer, Tensor
from designer.layers.facts import Counts, Facts, facts, overwriting


class Memory(NamedTuple):
    """What autograd keeps in one mode, in bytes: for each image, and for the whole batch."""

    per_image: int = 0
    fixed: int = 0


class Origin(NamedTuple):
    """Whose storage a block's output lies in: that of its input or its own output `port`.

    `size` is bytes per image.
    """

    own: bool
    port: int
    size: int


class Leaving(NamedTuple):
    """A tensor at a block's output, and its storage in train and in eval mode.

    `writable` says that its only reader may overwrite it: nobody keeps or shares it.
    """

    tensor: Tensor
    storage: Origin
    eval_storage: Origin
    writable: bool


@dataclass(slots=True, eq=False)
class BlockEffect:
    """What a block adds to the sums around it, as `Facts` say it of a layer."""

    outputs: tuple[Leaving | None, ...]
    counts: Counts
    kept: Kept
    kept_in_eval: Kept
    convolved: tuple[int, ...]
    peak: int


@dataclass(slots=True, eq=False)
class NodeResult:
    """What is known of one node.

    That of a layer without problems follows from the layer and its inputs: equal layers with equal
    inputs share one object.

    Attributes
    ----------
    inputs, outputs
        The tensors that come in and go out; no outputs where nothing could be inferred.
    effect
        What it adds to the sums; None where nothing could be inferred.
    layer, in_place, frozen
        A layer, whether it overwrites its input, and whether its weights do not learn.
    inside
        The graph of a block.
    role
        What it is for the look of the generated statements.
    """

    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor | None, ...] = ()
    effect: Facts | BlockEffect | None = None
    layer: Layer | None = None
    in_place: bool = False
    frozen: bool = False
    inside: "GraphResult | None" = None
    problems: tuple[Problem, ...] = ()
    role: Role = Role.OTHER

    @property
    def counts(self) -> Counts:
        """What it adds to the sums; zeros where nothing could be inferred."""
        return Counts() if self.effect is None else self.effect.counts


@lru_cache(maxsize=65536)
def layer_result(
    layer: Layer, inputs: tuple[Tensor, ...], frozen: bool = False, in_place: bool = False
) -> NodeResult:
    """Return the result of a layer.

    Raises
    ------
    LayerError
        The layer's parameters do not go together, or the inputs do not fit it.
    """
    if in_place:
        plain = layer_result(layer, inputs, frozen).effect
        assert isinstance(plain, Facts)
        found = overwriting(layer, plain, inputs)
    else:
        found = facts(layer, inputs, frozen)
    return NodeResult(
        inputs,
        (found.output,),
        found,
        layer,
        in_place,
        frozen,
        role=role(layer),
    )


@dataclass(frozen=True, slots=True)
class Storages:
    """Which tensors of a graph lie in one storage; both have the numbers of `Wiring.numbers`.

    Attributes
    ----------
    shared, shared_in_eval
        The storage of each tensor, which is called by the first tensor in it, in each mode.
    sizes, sizes_in_eval
        Bytes per image of each storage.
    outputs
        The tensors that leave a node with several outputs, by the first of them.
    writable
        The tensors whose only reader may overwrite them: nobody keeps or shares them.
    convolved
        The storages that a convolution reads.
    """

    shared: list[int]
    shared_in_eval: list[int]
    sizes: list[int]
    sizes_in_eval: list[int]
    outputs: dict[int, Sequence[int]]
    writable: list[bool]
    convolved: set[int]


class Lives(NamedTuple):
    """Which storages of a graph are kept, and how long they live.

    Attributes
    ----------
    kept, kept_in_eval
        The storages that autograd keeps in each mode.
    steps
        The places of the nodes that run in eval mode, in order.
    last
        For each storage the last of these steps at which it is needed.
    """

    kept: Collection[int]
    kept_in_eval: Collection[int]
    steps: Sequence[int]
    last: Sequence[int]


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
    written
        Nodes whose result is part of their reader's expression in the generated code.
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
    inputs: tuple[Tensor, ...]
    nodes: Mapping[str, NodeResult]
    ports: tuple[str, ...]
    training_only: frozenset[str]
    written: frozenset[str]
    counts: Counts
    kept: Memory
    kept_in_eval: Memory
    peak: int
    storages: Storages
    lives: Lives
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
