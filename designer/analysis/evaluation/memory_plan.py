"""The memory plan of a graph: which tensors share storage, what is saved, how long storages live.

A plan holds no sizes. It depends only on the wiring and on the memory signatures of the nodes, so
one plan serves every use of a block and every edit that changes nothing but sizes. `memory` makes
plans, and shows one for a small graph.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from designer.layers.memory_signature import MemorySignature, Ports
from designer.layers.tensors import SavedForBackward

Step: TypeAlias = tuple[int, Sequence[int], Sequence[int]]
"""One node that runs in eval mode: its position in forward order, the storages that it allocates,
and the storages that are freed after it."""


Peak: TypeAlias = tuple[int, int]
"""A sum of bytes that are alive at once: those for one image, and those whatever the batch."""


class SavedStorages(NamedTuple):
    """The storages that autograd saves for the backward pass of a graph, in train or eval mode.

    Attributes
    ----------
    inputs, outputs
        Input and output ports of the block whose storages are saved. The graph around the block
        counts these storages, since its other nodes may save them too.
    hidden
        The numbers of all other saved storages.
    """

    inputs: Ports
    outputs: Ports
    hidden: Sequence[int]

    def total(
        self,
        saved_for_backward: Sequence[SavedForBackward],
        sizes: Sequence[int],
        fixed: Collection[int],
    ) -> SavedForBackward:
        """Return what the whole graph saves, each storage counted once.

        Parameters
        ----------
        saved_for_backward
            What each node saves, of which the bytes that belong to no shared storage are added up.
        sizes, fixed
            Bytes of each storage, and the storages whose bytes do not grow with the batch.
        """
        per_image = sum([each.per_image for each in saved_for_backward]) + sum(
            [sizes[each] for each in self.hidden]
        )
        whole = sum([each.fixed for each in saved_for_backward])
        if fixed:
            lasting = sum([sizes[each] for each in self.hidden if each in fixed])
            per_image, whole = per_image - lasting, whole + lasting
        return SavedForBackward(self.inputs, self.outputs, per_image, whole)


class OutputTensor(NamedTuple):
    """The tensor that leaves a block at one output.

    Attributes
    ----------
    number, source
        The tensor's number, and its node (or the block's input) with the output port.
    storage, storage_in_eval
        Its storage in train and in eval mode.
    writable
        Whether the reader outside may overwrite it: nothing in the block reads, saves or shares it.
    """

    number: int
    source: tuple[str, int]
    storage: int
    storage_in_eval: int
    writable: bool


@dataclass(slots=True, eq=False)
class Storages:
    """Which tensors of a graph share a storage.

    Tensors have the numbers of `Wiring.numbers`; a storage has the number of its first tensor.

    Attributes
    ----------
    storage_of, storage_of_in_eval
        The storage of each tensor, by the tensor's number, in train and in eval mode.
    writable
        For each tensor, whether its only reader may overwrite it: nothing saves or shares it.
    outputs
        The output tensors of each node that has several, by the number of the first.
    convolved
        The storages that a convolution reads.
    from_nodes, from_nodes_in_eval
        The storages that nested blocks, and layers with several outputs, allocate and return, each
        as (storage, position of the node in forward order, output port).
    """

    storage_of: list[int]
    storage_of_in_eval: list[int]
    writable: list[bool]
    outputs: dict[int, Sequence[int]]
    convolved: set[int]
    from_nodes: list[tuple[int, int, int]]
    from_nodes_in_eval: list[tuple[int, int, int]]


@dataclass(slots=True, eq=False)
class MemoryPlan:
    """Everything about a graph's memory that does not depend on sizes.

    Attributes
    ----------
    storages
        Which tensors share a storage.
    in_place
        For each node in forward order, whether it overwrites its input.
    training_only
        Nodes that only auxiliary outputs need; eval mode skips them.
    inlined
        Nodes whose result is part of their reader's expression in the generated code.
    saved, saved_in_eval
        The storages saved for backward in each mode.
    steps
        The nodes that run in eval mode, in order, with the storages they allocate and free.
    outputs
        The tensors at the block's outputs, None for an output of which nothing is known.
    memory_signature
        The memory signature of the whole graph as a block.
    """

    storages: Storages
    in_place: list[bool]
    training_only: frozenset[str]
    inlined: frozenset[str]
    saved: SavedStorages
    saved_in_eval: SavedStorages
    steps: Sequence[Step]
    outputs: Sequence[OutputTensor | None]
    memory_signature: MemorySignature
