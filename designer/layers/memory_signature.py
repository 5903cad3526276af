"""What a node means for the memory of its graph, sizes apart: its form.

Nodes of one form are treated alike, so what follows from the forms of a graph's nodes is worked out
once for all sizes. Equal forms are one object.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from designer.layers.base import Category, Layer
from designer.layers.ports import Input, Output

Ports: TypeAlias = tuple[int, ...]
Kind: TypeAlias = tuple[type[Layer], bool]
"""Input or Output, and whether it is an auxiliary one."""


class Role(IntEnum):
    """What a node is for the look of a statement."""

    WEIGHTS = 0  # a layer that multiplies and adds
    BLOCK = 1
    NORM = 2
    ACTIVATION = 3
    INPUT = 4  # which the caller holds
    OUTPUT = 5  # which is returned
    OTHER = 6


# An enum's attribute takes ten times as long to read as a name.
WEIGHTS, BLOCK, NORM, ACTIVATION, INPUT, OUTPUT, OTHER = Role


class StorageAlias(NamedTuple):
    """Whose storage an output lies in: that of the node's input or own output `port`, in each mode.

    `writable` says that its only reader may overwrite it: nobody keeps or shares it. That of a
    layer which passes its input's storage on may be only if that of the input may.
    """

    own: bool
    port: int
    own_in_eval: bool
    port_in_eval: int
    writable: bool


@dataclass(slots=True, eq=False)
class MemorySignature:
    """All that a node says of memory but the sizes.

    Attributes
    ----------
    role
        What it is for the look of the generated statements.
    end
        What an Input or Output is, even one with problems; None for all others.
    known
        Whether anything could be inferred of it.
    ways
        Where its outputs lie; None for one that is not known.
    kept, kept_in_eval
        The inputs and outputs that autograd keeps in each mode.
    convolved
        The inputs that a convolution reads.
    makes
        Whether it makes anything new in eval mode.
    overwriting
        What a layer is that overwrites its input, which it does where nobody minds.
    new
        Where its only output lies, if that is in a storage of its own in any case.
    """

    role: Role = Role.OTHER
    end: Kind | None = None
    known: bool = True
    aliases: tuple[StorageAlias | None, ...] = ()
    saved_for_backward: tuple[Ports, Ports] = ((), ())
    saved_in_eval: tuple[Ports, Ports] = ((), ())
    convolved: Ports = ()
    makes: bool = False
    overwriting: "MemorySignature | None" = None
    new: StorageAlias | None = None


memory_signature = lru_cache(maxsize=65536)(MemorySignature)
"""Return the one form that is so; give everything by position."""


def broken(layer: Layer | None = None) -> MemorySignature:
    """Return the form of a node of which nothing could be inferred."""
    return memory_signature(Role.OTHER, end_of(layer), False)


@lru_cache(maxsize=65536)
def layer_form(
    role: Role,
    end: Kind | None,
    view: bool,
    view_in_eval: bool,
    writable: bool,
    saved_for_backward: tuple[Ports, Ports],
    saved_in_eval: tuple[Ports, Ports],
    convolved: Ports,
    makes: bool,
    overwriting: MemorySignature | None,
) -> MemorySignature:
    """Return the form of a layer; with `view` its output lies where its input does."""
    alias = StorageAlias(not view, 0, not view_in_eval, 0, writable)
    new = None if view or view_in_eval or overwriting else alias
    return MemorySignature(
        role,
        end,
        True,
        (alias,),
        saved_for_backward,
        saved_in_eval,
        convolved,
        makes,
        overwriting,
        new,
    )


def end_of(layer: Layer | None) -> Kind | None:
    """Return what an Input or Output is, None for other layers."""
    if isinstance(layer, Input | Output):
        return type(layer), isinstance(layer, Output) and layer.auxiliary
    return None


_ROLES: dict[type[Layer], Role] = {}


def role_of(kind: type[Layer]) -> Role:
    """Return what layers of a type are for the look of a statement.

    So one class serves the uses of a block whose shortcut projects and those where it does not.
    """
    if kind not in _ROLES:
        _ROLES[kind] = _role(kind)
    return _ROLES[kind]


def _role(kind: type[Layer]) -> Role:
    if kind.activation:
        return ACTIVATION
    if kind.category is Category.NORMALIZATION:
        return NORM
    if kind.macs is not Layer.macs:
        return WEIGHTS
    if issubclass(kind, Input):
        return INPUT
    return OUTPUT if issubclass(kind, Output) else OTHER
