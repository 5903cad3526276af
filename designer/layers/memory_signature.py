"""What a node means for the memory of its graph, whatever the sizes: its memory signature.

A worked example, Conv2d -> ReLU -> Flatten in train mode, with storages called A, B, ...:

========  ==============================================  =========================================
Node      Its signature says                              So the graph
========  ==============================================  =========================================
Conv2d    output in new memory; saves input 0             gets a storage B; keeps A, the image, for
                                                          the backward pass
ReLU      output in new memory; saves output 0; in place  works in place: nobody else reads B, and
          the output lies where input 0 does              Conv2d does not need B; keeps B
Flatten   output lies where input 0 does; saves nothing   needs no storage: its output lies in B
========  ==============================================  =========================================

In the end A and B are saved for backward, each counted once. None of this depends on how large the
tensors are. So the analysis works it out once for each list of signatures and adds up the sizes
afterwards (see ``analysis/evaluation/memory.py``). Equal signatures are one object, so that such a
list is cheap to look up.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from designer.layers.base import Layer
from designer.layers.category import Category
from designer.layers.ports import Input, Output

Ports: TypeAlias = tuple[int, ...]
GraphPort: TypeAlias = tuple[type[Layer], bool]
"""The type, Input or Output, and whether it is an auxiliary output."""


class StatementRole(IntEnum):
    """What part a node takes in a statement of the generated forward method.

    For example, ``F.relu(self.bn1(self.conv1(x)))`` joins WEIGHTS, NORM and ACTIVATION.
    """

    WEIGHTS = 0  # a layer that multiplies and accumulates
    BLOCK = 1
    NORM = 2
    ACTIVATION = 3
    INPUT = 4  # the caller holds its tensor
    OUTPUT = 5  # its tensor is returned
    OTHER = 6


# Reading an attribute of an enum takes ten times as long as reading a name of the module.
WEIGHTS, BLOCK, NORM, ACTIVATION, INPUT, OUTPUT, OTHER = StatementRole


class StorageAlias(NamedTuple):
    """In which storage an output of a node lies, in train and in eval mode.

    Attributes
    ----------
    own, port
        In train mode: True for the storage of the node's own output `port` (new memory), False for
        that of its input `port`. An output of a block may share the storage of an earlier output.
    own_in_eval, port_in_eval
        The same in eval mode; Dropout, for example, passes its input on there.
    writable
        Whether the next layer may overwrite the storage, as far as this node knows: it neither
        saves the output nor shares it. An output in the storage of an input is writable only if
        that input is, too.
    """

    own: bool
    port: int
    own_in_eval: bool
    port_in_eval: int
    writable: bool


@dataclass(slots=True, eq=False)
class MemorySignature:
    """All that a node means for memory, except for sizes.

    Attributes
    ----------
    role
        What part the node takes in a statement of the generated code.
    graph_port
        For an Input or Output, even one with problems: its type and whether it is auxiliary. None
        for all other nodes.
    known
        Whether the node could be analyzed.
    aliases
        The storage of each output; None for an output that could not be inferred.
    saved_for_backward, saved_in_eval
        Ports of the inputs and of the outputs that autograd saves, in train and in eval mode.
    convolved
        Input ports that a convolution reads.
    allocates_in_eval
        Whether the node allocates memory in eval mode.
    in_place_variant
        For a layer that can overwrite its input: its signature when it does so.
    new_output
        The alias of the only output if that lies in new memory in every case, else None. Most
        nodes are of this kind, and the analysis passes over them quickly.
    """

    role: StatementRole = OTHER
    graph_port: GraphPort | None = None
    known: bool = True
    aliases: tuple[StorageAlias | None, ...] = ()
    saved_for_backward: tuple[Ports, Ports] = ((), ())
    saved_in_eval: tuple[Ports, Ports] = ((), ())
    convolved: Ports = ()
    allocates_in_eval: bool = False
    in_place_variant: "MemorySignature | None" = None
    new_output: StorageAlias | None = None


# Signatures do not depend on sizes, so there are few: all presets together have 28. After an
# eviction equal signatures may be two objects, which is slower but not wrong.
memory_signature = lru_cache(maxsize=4096)(MemorySignature)
"""Return the one signature with these contents; give all arguments by position."""


def unknown_signature(layer: Layer | None = None) -> MemorySignature:
    """Return the signature of a node that could not be analyzed."""
    return memory_signature(OTHER, graph_port(layer), False)


@lru_cache(maxsize=4096)  # as above
def layer_signature(
    role: StatementRole,
    graph_port: GraphPort | None,
    view: bool,
    view_in_eval: bool,
    writable: bool,
    saved_for_backward: tuple[Ports, Ports],
    saved_in_eval: tuple[Ports, Ports],
    convolved: Ports,
    allocates_in_eval: bool,
    in_place_variant: MemorySignature | None,
    further_outputs: int = 0,
) -> MemorySignature:
    """Return the one signature of a layer with these contents; give all arguments by position.

    Parameters
    ----------
    view, view_in_eval
        Whether the output lies in the storage of the first input, in train and in eval mode.
    further_outputs
        How many outputs it has after the first. All are views of the first input, or none is.
    role, graph_port, writable, saved_for_backward, saved_in_eval, convolved, allocates_in_eval, \
    in_place_variant
        As in `MemorySignature` and `StorageAlias`.
    """
    alias = StorageAlias(not view, 0, not view_in_eval, 0, writable)
    further = [
        StorageAlias(
            not view,
            0 if view else port,
            not view_in_eval,
            0 if view_in_eval else port,
            writable and not view,
        )
        for port in range(1, further_outputs + 1)
    ]
    return MemorySignature(
        role,
        graph_port,
        True,
        (alias, *further),
        saved_for_backward,
        saved_in_eval,
        convolved,
        allocates_in_eval,
        in_place_variant,
        None if view or view_in_eval or in_place_variant or further_outputs else alias,
    )


def graph_port(layer: Layer | None) -> GraphPort | None:
    """Return the type of an Input or Output and whether it is auxiliary; None for other layers."""
    if isinstance(layer, Input | Output):
        return type(layer), isinstance(layer, Output) and layer.auxiliary
    return None


_ROLES: dict[type[Layer], StatementRole] = {}
"""A cache with one entry for each layer type."""


def statement_role(kind: type[Layer]) -> StatementRole:
    """Return the part that layers of a type take in a statement.

    It follows from the type alone, not from the inputs, so that one generated class serves all uses
    of a block: those whose Shortcut projects and those whose Shortcut is the identity.
    """
    if kind not in _ROLES:
        _ROLES[kind] = _statement_role(kind)
    return _ROLES[kind]


def _statement_role(kind: type[Layer]) -> StatementRole:
    if kind.activation:
        return ACTIVATION
    if kind.category is Category.NORMALIZATION:
        return NORM
    if kind.macs is not Layer.macs:
        return WEIGHTS
    if issubclass(kind, Input):
        return INPUT
    return OUTPUT if issubclass(kind, Output) else OTHER
