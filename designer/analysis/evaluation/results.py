"""The results of nodes and graphs: tensors, counts, memory, problems. They never change once made.

Values that are compared or hashed are named tuples. Values whose fields are read for every node are
classes with slots: reading a slot takes 8 ns, a named tuple's field 15 ns. They are not frozen,
since making a frozen one takes 300 ns instead of 115 ns.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, NamedTuple

from designer.analysis.evaluation.memory_plan import MemoryPlan, Peak
from designer.analysis.evaluation.wiring import Wiring
from designer.analysis.problems import Problem
from designer.design.expressions import Scalar
from designer.layers.base import Layer
from designer.layers.facts import Counts, Facts, facts
from designer.layers.memory_signature import MemorySignature, StatementRole, unknown_signature
from designer.layers.own import Request
from designer.layers.tensors import SavedForBackward, Tensor


class BlockOutput(NamedTuple):
    """A tensor at a block's output, with the size of its whole storage.

    Attributes
    ----------
    tensor
        Its shape, layout and whether it needs a gradient.
    size, size_in_eval
        Bytes of the storage in train and eval mode: per image, or of the whole tensor if it is not
        `Tensor.batched`.
    """

    tensor: Tensor
    size: int
    size_in_eval: int


_BROKEN = unknown_signature()


@dataclass(slots=True, eq=False)
class BlockEffect:
    """What a block adds to the sums of the graph around it; `Facts` is the same for a layer.

    Attributes
    ----------
    outputs
        The tensors at its outputs, None for an output of which nothing is known.
    counts
        The sums over its layers.
    saved_for_backward, saved_in_eval
        What autograd saves in train and eval mode.
    peak
        The largest sum of live bytes per image in eval mode, without the block's inputs.
    peaks
        What `memory.peak` returns, where bytes do not grow with the batch; else empty.
    size
        Always 0: the block's storages are those of its outputs.
    """

    outputs: tuple[BlockOutput | None, ...]
    counts: Counts
    saved_for_backward: SavedForBackward
    saved_in_eval: SavedForBackward
    peak: int
    peaks: tuple[Peak, ...] = ()
    size: ClassVar[int] = 0

    def size_of(self, port: int) -> int:
        """Return the bytes of the storage of an output that is known, in train mode."""
        output = self.outputs[port]
        assert output is not None
        return output.size


@dataclass(slots=True, eq=False)
class NodeResult:
    """The result of one node.

    Equal layers with equal inputs and without problems share one object.

    Attributes
    ----------
    inputs, outputs
        The tensors at its input and output ports; no outputs where nothing could be inferred.
    effect
        What it adds to the sums of its graph; None where nothing could be inferred.
    layer, in_place, frozen
        Of a layer: its value, whether it overwrites its input, whether its weights are frozen.
    inside
        Of a block: the result of its graph.
    problems
        Its own problems and those inside of it.
    memory_signature
        What it means for the memory plan of its graph; the same in place and not.
    in_place_variant
        The result of the in-place variant, where this is a layer that has one and is not it.
    fixed_outputs
        The ports of the outputs that are not `Tensor.batched`.
    shares
        Of a layer as `GraphResult.layers` gives it: the path of the layer whose module it uses;
        empty if it has a module of its own.
    pending
        For code of the design whose facts are not there yet: what must be measured.
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
    fixed_outputs: tuple[int, ...] = ()
    shares: str = ""
    pending: Request | None = None

    @property
    def role(self) -> StatementRole:
        """How the node is treated when the generated forward is divided into statements."""
        return self.memory_signature.role

    @property
    def counts(self) -> Counts:
        """The node's counts; zeros where nothing could be inferred."""
        return Counts() if self.effect is None else self.effect.counts


@lru_cache(maxsize=65536)
def layer_result(layer: Layer, inputs: tuple[Tensor, ...], frozen: bool = False) -> NodeResult:
    """Return the result of a layer that does not overwrite its input.

    The cache makes a second analysis of the same layers nearly free. 65,536 results of 1 kB
    each are more than the different layers of any real design.

    Parameters
    ----------
    layer
        The layer with its parameters.
    inputs
        The tensors at its input ports.
    frozen
        Whether its weights take no gradient.

    Raises
    ------
    LayerError
        The layer's parameters do not go together, or the inputs do not fit it.
    """
    found = facts(layer, inputs, frozen)
    outputs = (found.output, *[tensor for tensor, _ in found.further])
    memory_signature, other, in_place_variant = found.memory_signature, found.in_place_variant, None
    if other is not None:
        in_place_variant = NodeResult(
            inputs,
            outputs,
            other,
            layer,
            True,
            frozen,
            memory_signature=memory_signature,
            fixed_outputs=fixed_ports(outputs),
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
        fixed_outputs=fixed_ports(outputs),
    )


def fixed_ports(outputs: Sequence[Tensor | None]) -> tuple[int, ...]:
    """Return the ports of the outputs that are not `Tensor.batched`."""
    return tuple([n for n, each in enumerate(outputs) if each is not None and not each.batched])


def with_in_place(result: NodeResult, in_place: bool) -> NodeResult:
    """Return the result of a layer's in-place variant, or of the layer itself."""
    if result.in_place is in_place:
        return result
    if in_place:
        assert result.in_place_variant is not None
        other = result.in_place_variant
    else:
        assert result.layer is not None
        other = layer_result(result.layer, result.inputs, result.frozen)
    return replace(other, problems=result.problems) if result.problems else other


def without_weights(result: NodeResult, shares: str = "") -> NodeResult:
    """Return the result of a node whose weights are counted elsewhere, since it shares them.

    Parameters
    ----------
    shares
        The path of the layer that has them; empty for a block.
    """
    if result.effect is None:
        return replace(result, shares=shares)
    counts = result.effect.counts._replace(weights=0, biases=0, buffers=0, file_bytes=0, frozen=0)
    return replace(result, effect=replace(result.effect, counts=counts), shares=shares)


@dataclass(slots=True, eq=False)
class GraphResult:
    """The result of a graph with given arguments and inputs.

    Attributes
    ----------
    wiring
        Its edges, without nodes that `when` or `repeat` removes.
    scope
        The values of all names that expressions in it may read.
    inputs
        The tensors at the block's inputs; none for a design's own graph.
    nodes
        The results of its nodes by name.
    plan
        The memory plan.
    sizes, sizes_in_eval
        Bytes per image of each storage in train and eval mode, by the numbers of `Wiring.numbers`.
    fixed
        The storages whose bytes are those of the whole batch, since they are not `Tensor.batched`.
    effect
        What it adds, as a block, to the sums of the graph around it.
    problems
        Its own problems and those of the blocks in it, with paths from here.
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
    fixed: frozenset[int] = frozenset()

    @property
    def counts(self) -> Counts:
        """The sums over its layers."""
        return self.effect.counts

    @property
    def unconditional(self) -> bool:
        """Whether every node is there exactly once: none has a `when` or `repeat`."""
        return self.wiring.unconditional

    @property
    def ports(self) -> tuple[str, ...]:
        """The Input and Output nodes of a design, in the order of the file."""
        return self.wiring.ports

    @property
    def training_only(self) -> frozenset[str]:
        """Nodes that only auxiliary outputs need; eval mode skips them."""
        return self.plan.training_only

    @property
    def inlined(self) -> frozenset[str]:
        """Nodes whose result is part of their reader's expression in the generated code."""
        return self.plan.inlined

    def layers(self, prefix: str = "", owner: str = "") -> Iterator[tuple[str, NodeResult]]:
        """Yield every layer with its path, in forward order, blocks written out.

        Parameters
        ----------
        prefix
            What precedes the names of the nodes in their paths.
        owner
            The prefix of the block whose module this one uses, if it shares the weights of another.
        """
        for name in self.wiring.order:
            result, path = self.nodes[name], prefix + name
            module = (owner or prefix) + self.wiring.shared.get(name, name)
            if result.inside is not None:
                shared = "" if module == path else f"{module}."
                yield from result.inside.layers(f"{path}.", shared)
            elif module == path:
                yield path, result
            else:
                yield path, without_weights(result, module)
