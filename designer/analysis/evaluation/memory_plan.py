"""The memory plan of a graph: shared storages, storages saved for backward, lifetimes; no sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from designer.layers.memory_signature import MemorySignature, Ports
from designer.layers.tensors import SavedForBackward

Step: TypeAlias = tuple[int, Sequence[int], Sequence[int]]
"""The place of a node that runs in eval mode, the storages it makes, and those that go after it."""


class SavedStorages(NamedTuple):
    """The storages that autograd saves for the backward pass of a graph, in train or eval mode.

    Attributes
    ----------
    inputs, outputs
        Saved storages that are also visible outside of the block, by its input or output port.
    hidden
        The numbers of all other saved storages.
    """

    inputs: Ports
    outputs: Ports
    hidden: Sequence[int]

    def sums(
        self, saved_for_backward: Sequence[SavedForBackward], sizes: Sequence[int]
    ) -> SavedForBackward:
        """Return what is kept of the nodes as that of a block, each storage counted once."""
        per_image = sum([each.per_image for each in saved_for_backward]) + sum(
            [sizes[each] for each in self.hidden]
        )
        return SavedForBackward(
            self.inputs, self.outputs, per_image, sum([each.fixed for each in saved_for_backward])
        )


class End(NamedTuple):
    """The tensor at a block's output: where it comes from, and its storage in each mode.

    `writable` says that nobody else reads, keeps or shares it.
    """

    number: int
    source: tuple[str, int]
    storage: int
    storage_in_eval: int
    writable: bool


@dataclass(slots=True, eq=False)
class Storages:
    """Which tensors of a graph lie in one storage; both have the numbers of `Wiring.numbers`.

    Attributes
    ----------
    shared, shared_in_eval
        The storage of each tensor, which is called by the first tensor in it, in each mode.
    writable
        The tensors whose only reader may overwrite them: nobody keeps or shares them.
    outputs
        The tensors that leave a block, by the first of them.
    convolved
        The storages that a convolution reads.
    leaving, leaving_in_eval
        The storages that are a block's own: with the place of the block and the output's port.
    """

    shared: list[int]
    shared_in_eval: list[int]
    writable: list[bool]
    outputs: dict[int, Sequence[int]]
    convolved: set[int]
    leaving: list[tuple[int, int, int]]
    leaving_in_eval: list[tuple[int, int, int]]


@dataclass(slots=True, eq=False)
class MemoryPlan:
    """What follows from the forms of a graph's nodes.

    Attributes
    ----------
    in_place
        For each node in order, whether it overwrites its input.
    training_only
        Nodes that only auxiliary outputs need; eval mode skips them.
    written
        Nodes whose result is part of their reader's expression in the generated code.
    held, held_in_eval
        What autograd keeps in each mode.
    steps, last
        The nodes that run in eval mode, in order, and for each storage the last of these at which
        it is needed.
    ends
        The tensors at the outputs of a block, None where one is not known.
    form
        That of the whole graph as a block.
    """

    storages: Storages
    in_place: list[bool]
    training_only: frozenset[str]
    written: frozenset[str]
    held: SavedStorages
    held_in_eval: SavedStorages
    steps: Sequence[Step]
    last: Sequence[int]
    ends: Sequence[End | None]
    memory_signature: MemorySignature
