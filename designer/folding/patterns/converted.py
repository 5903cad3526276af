"""What a neutral graph becomes: a flat design, where its weights come from, and what it lacks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from designer.analysis.analysis import Analysis
from designer.design.values import Design
from designer.readers.graph import Module, Operation

Array: TypeAlias = Any
"""A numpy array."""

Evaluate: TypeAlias = Callable[
    [Sequence[Operation], Mapping[str, Array], Sequence[str]], Mapping[str, Array]
]
"""Runs operations, in their order, on arrays by the names of values; returns the wanted values.

The operations are without side effects: what was written in place is a value of its own.
"""


@dataclass(frozen=True)
class Weight:
    """Where a tensor of the design's state dict comes from.

    Attributes
    ----------
    key
        Its key in the state dict of the origin, ``layer1.0.conv1.weight``; "" if it was computed.
    read
        Returns its values as a numpy array of the shape that the design has.
    """

    key: str
    read: Callable[[], Array] = field(compare=False)


@dataclass(frozen=True)
class OpaqueNode:
    """A node of an operation that no layer expresses.

    Attributes
    ----------
    node
        Its name in the flat design.
    operation, line
        What the format calls it, and where the source calls it; "" if the file does not say.
    reason
        Why no layer was taken, in words: "a mean over the batch".
    """

    node: str
    operation: str
    line: str
    reason: str


@dataclass(frozen=True)
class Converted:
    """A network as a flat design, one node a layer.

    Attributes
    ----------
    design
        The design, without blocks.
    weights
        The tensors of its state dict by their names there, ``layer1_0_conv1.weight``.
    modules
        For each node the modules that run it in the origin, the outermost first.
    opaque
        The operations that no layer expresses.
    constants
        How many values the design saves that the network computes while it runs.
    unused
        Keys of the origin's tensors that the design does not have.
    output_axes
        The axis of each of the origin's outputs along which the images lie; 0 if there is none.
    axis
        The axis of the origin's inputs along which the images lie.
    notes
        Whole sentences on what differs from the origin.
    analysis
        That of the design.
    """

    design: Design
    weights: Mapping[str, Weight]
    modules: Mapping[str, tuple[Module, ...]]
    opaque: tuple[OpaqueNode, ...] = ()
    constants: int = 0
    unused: tuple[str, ...] = ()
    output_axes: tuple[int, ...] = ()
    axis: int = 0
    notes: tuple[str, ...] = ()
    analysis: Analysis | None = None
