"""What the analysis knows of tensors, nodes and graphs; values that never change.

What is compared or hashed is a tuple. What is read for every node is a class with slots, whose
fields are read three times as fast as a tuple's; not frozen, since that costs as much again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple

from designer.analysis.evaluation.memory_plan import MemoryPlan
from designer.analysis.evaluation.wiring import Wiring
from designer.analysis.problems import Problem
from designer.design.expressions import Scalar
from designer.layers.base import Layer
from designer.layers.facts import Counts, Facts, facts
from designer.layers.memory_signature import MemorySignature, StatementRole, unknown_signature
from designer.layers.tensors import SavedForBackward, Tensor


class Leaving(NamedTuple):
    """A tensor at a block's output, and the bytes per image of its storage in each mode."""

    tensor: Tensor
    size: int
    size_in_eval: int


_BROKEN = unknown_signature()


@dataclass(slots=True, eq=False)
class BlockEffect:
    """What a block adds to the sums around it, as `Facts` say it of a layer."""

    outputs: tuple[Leaving | None, ...]
    counts: Counts
    saved_for_backward: SavedForBackward
    saved_in_eval: SavedForBackward
    peak: int
    size: ClassVar[int] = 0  # its storages are those of its outputs


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
    form
        What it means for the memory of its graph, sizes apart; the same in place and not.
    in_place_variant
        Of a layer that could overwrite its input and does not, the result if it did.
    """

    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor | None, ...] = ()
    effect: Facts | BlockEffect | None = None
    layer: Layer | None = None
    in_place: bool = False
    frozen: bool = False
    inside: "GraphResult | None" = None
    problems: tuple[Problem, ...] = ()
    memory_signature: MemorySignature = _BROKEN
    in_place_variant: "NodeResult | None" = None

    @property
    def role(self) -> StatementRole:
        """What it is for the look of the generated statements."""
        return self.memory_signature.role

    @property
    def counts(self) -> Counts:
        """What it adds to the sums; zeros where nothing could be inferred."""
        return Counts() if self.effect is None else self.effect.counts


@lru_cache(maxsize=65536)
def layer_result(layer: Layer, inputs: tuple[Tensor, ...], frozen: bool = False) -> NodeResult:
    """Return the result of a layer that does not overwrite its input.

    Raises
    ------
    LayerError
        The layer's parameters do not go together, or the inputs do not fit it.
    """
    found = facts(layer, inputs, frozen)
    outputs = (found.output,)
    memory_signature, other, in_place_variant = found.memory_signature, found.in_place_variant, None
    if other is not None:
        in_place_variant = NodeResult(
            inputs, outputs, other, layer, True, frozen, memory_signature=memory_signature
        )
    return NodeResult(
        inputs,
        outputs,
        found,
        layer,
        False,
        frozen,
        memory_signature=memory_signature,
        in_place_variant=in_place_variant,
    )


def with_in_place(result: NodeResult, in_place: bool) -> NodeResult:
    """Return the result of a layer in place or not."""
    if result.in_place is in_place:
        return result
    if in_place:
        assert result.in_place_variant is not None
        return result.in_place_variant
    assert result.layer is not None
    return layer_result(result.layer, result.inputs, result.frozen)


@dataclass(slots=True, eq=False)
class GraphResult:
    """What is known of a graph with given arguments and inputs.

    Attributes
    ----------
    scope
        The values of all names that expressions in it may read.
    plan
        What the forms of its nodes say of its memory.
    sizes, sizes_in_eval
        Bytes per image of each storage in each mode; storages have the numbers of `Wiring.numbers`.
    effect
        What it adds to the sums around it, as a block.
    problems
        Its own and those of the blocks in it, by path from here.
    """

    wiring: Wiring
    scope: Mapping[str, Scalar]
    inputs: tuple[Tensor, ...]
    nodes: Mapping[str, NodeResult]
    plan: MemoryPlan
    sizes: Sequence[int]
    sizes_in_eval: Sequence[int]
    effect: BlockEffect
    problems: tuple[Problem, ...]

    @property
    def counts(self) -> Counts:
        """The sums over its layers."""
        return self.effect.counts

    @property
    def plain(self) -> bool:
        """Whether every drawn node is there once: none has a `when` or `repeat`."""
        return self.wiring.plain

    @property
    def ports(self) -> tuple[str, ...]:
        """The Input and Output nodes, as written."""
        return self.wiring.ports

    @property
    def training_only(self) -> frozenset[str]:
        """Nodes that only auxiliary outputs need; eval mode skips them."""
        return self.plan.training_only

    @property
    def written(self) -> frozenset[str]:
        """Nodes whose result is part of their reader's expression in the generated code."""
        return self.plan.written

    def layers(self, prefix: str = "") -> Iterator[tuple[str, NodeResult]]:
        """Yield every layer with its path, in forward order, blocks expanded."""
        for name in self.wiring.order:
            result = self.nodes[name]
            if result.inside is not None:
                yield from result.inside.layers(f"{prefix}{name}.")
            else:
                yield prefix + name, result
