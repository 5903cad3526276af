"""What the analysis knows of tensors, nodes and graphs; values that never change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from designer.analysis.problems import Problem
from designer.analysis.wiring import Wiring
from designer.design.expressions import Scalar
from designer.layers.base import Facts, Layer, Tensor


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


class Counts(NamedTuple):
    """The sums that grow node by node; what each means is said in `totals.Totals`."""

    layers: int = 0
    weights: int = 0
    biases: int = 0
    buffers: int = 0
    file_bytes: int = 0
    macs: int = 0
    output_values: int = 0
    buffer_values: int = 0
    widest_gradients: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Add up; of the gradients alive at once, the larger counts."""
        sums = [one + two for one, two in zip(self, other, strict=True)]
        sums[-1] = max(self.widest_gradients, other.widest_gradients)
        return Counts(*sums)


class Memory(NamedTuple):
    """What autograd keeps in one mode: bytes of unnamed tensors, and named storages."""

    per_image: int = 0
    fixed: int = 0
    storages: frozenset[Storage] = frozenset()

    @property
    def bytes_per_image(self) -> int:
        """All bytes that grow with the batch."""
        return self.per_image + sum(storage.size for storage in self.storages)


class NodeResult(NamedTuple):
    """What is known of one node.

    `outputs` is empty where nothing could be inferred. `facts` and `layer` are a layer's,
    `inside` a block's.
    """

    inputs: tuple[Flow | None, ...]
    outputs: tuple[Flow | None, ...] = ()
    counts: Counts = Counts()
    kept: Memory = Memory()
    kept_in_eval: Memory = Memory()
    reads_by_convolution: tuple[int, ...] = ()
    peak: int = 0
    layer: Layer | None = None
    facts: Facts | None = None
    in_place: bool = False
    inside: "GraphResult | None" = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class GraphResult:
    """What is known of a graph with given arguments and inputs.

    Attributes
    ----------
    scope
        The values of all names that expressions in it may read.
    outputs
        The tensors at a block's outputs; None where nothing could be inferred.
    training_only
        Nodes that only auxiliary outputs need; eval mode skips them.
    peak
        Largest sum of live bytes per image in eval mode, without the graph's own inputs.
    convolved_inputs
        The inputs that a convolution reads.
    problems
        Its own and those of the blocks in it, by path from here.
    """

    wiring: Wiring
    scope: Mapping[str, Scalar]
    inputs: tuple[Flow, ...]
    nodes: Mapping[str, NodeResult]
    outputs: tuple[Flow | None, ...]
    training_only: frozenset[str]
    counts: Counts
    kept: Memory
    kept_in_eval: Memory
    peak: int
    convolved_inputs: frozenset[int]
    problems: tuple[Problem, ...]

    def layers(self, prefix: str = "") -> Iterator[tuple[str, NodeResult]]:
        """Yield every layer with its path, in forward order, blocks expanded."""
        for name in self.wiring.order:
            result = self.nodes[name]
            if result.inside is not None:
                yield from result.inside.layers(f"{prefix}{name}.")
            else:
                yield prefix + name, result
