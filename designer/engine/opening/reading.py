"""Reading a source: its operations, or the design that a file of this program carries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from designer.analysis.report.tensors import modules
from designer.design.values import Design
from designer.engine import weights as weights_of
from designer.engine.device import free_bytes
from designer.engine.opening import carried_weights, state_dict
from designer.errors import DesignerError
from designer.folding.patterns.converted import Weight
from designer.readers import element_types
from designer.readers.graph import NeutralGraph, TensorSpec
from designer.readers.sources import Source, Way
from designer.runs import own_layers
from designer.runs.layouts import stored
from designer.runs.weights import match

COPIES = 3
"""How often the weights lie in the memory at once, at most: as read, in the module, in the file."""


@dataclass(frozen=True)
class Network:
    """A design that was opened, before its weights are taken.

    Attributes
    ----------
    design
        The design.
    weights
        Where the tensors of the state dict come from, by their names before folding.
    moved
        What the names of each layer's tensors begin with, before and after folding.
    graph
        The operations of the source, for the comparison; None if it has none.
    example
        Inputs, and what a live module gives for them in eval mode.
    notes
        Whole sentences for the report.
    axis, output_axes
        The axes of the source's inputs, and of each of its outputs, along which the images lie.
    """

    design: Design
    weights: Mapping[str, Weight] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    graph: NeutralGraph | None = None
    example: tuple[list[Tensor], list[Tensor]] | None = None
    notes: tuple[str, ...] = ()
    axis: int = 0
    output_axes: tuple[int, ...] = ()


def graph_of(source: Source, inputs: Sequence[TensorSpec]) -> NeutralGraph:
    """Return the operations of a file.

    Raises
    ------
    DesignerError
        It cannot be read, or does not fit into the memory.
    """
    assert source.path is not None
    assert source.kind.read is not None
    _check_bytes(_size_of(source.path), source.text)
    graph = source.kind.read(source.path, inputs)
    tensors = [each.spec for each in graph.tensors.values()]
    size = sum(prod(each.shape) * element_types.element_bytes(each.dtype) for each in tensors)
    _check_bytes(size, source.text)
    return graph


def of_carried(source: Source, design: Design, inputs: Sequence[TensorSpec]) -> Network:
    """Return the design that a file of this program carries, with the weights beside it.

    Raises
    ------
    DesignerError
        The weights cannot be read.
    """
    assert source.path is not None
    read = _CARRIED[source.kind.way]
    return read(source, design, inputs)


def of_tensors(source: Source) -> Network:
    """Return the preset that a file of tensors fits wholly.

    Raises
    ------
    DesignerError
        The file cannot be read, or no preset fits.
    """
    assert source.path is not None
    _check_bytes(_size_of(source.path), source.text)
    found = weights_of.read(str(source.path))
    design, weights, note = state_dict.network_of(found)
    return Network(design, weights, notes=(note,))


def _from_graph(source: Source, design: Design, inputs: Sequence[TensorSpec]) -> Network:
    graph = graph_of(source, inputs)
    weights = carried_weights.weights_of(graph, own_layers.analyzed(design))
    return Network(design, weights, graph=graph)


def _from_state_dict(source: Source, design: Design, inputs: Sequence[TensorSpec]) -> Network:
    assert source.path is not None
    _check_bytes(_size_of(source.path), source.text)
    found = weights_of.read(str(source.path))
    # The names may be those of a library, as --names of export writes them.
    ours = modules(own_layers.analyzed(design))
    theirs = stored({name: tuple(tensor.shape) for name, tensor in found.tensors.items()})
    report = match(ours, theirs, ordered=found.ordered)
    weights = {
        each.name: Weight(each.origin, _values(found.tensors[each.origin])) for each in report.taken
    }
    return Network(design, weights)


def _without_weights(source: Source, design: Design, inputs: Sequence[TensorSpec]) -> Network:
    return Network(design)


_CARRIED: Mapping[Way, Callable[[Source, Design, Sequence[TensorSpec]], Network]] = {
    Way.GRAPH: _from_graph,
    Way.WEIGHTS: _from_state_dict,
    Way.LIVE: _without_weights,
}
"""How the weights are read that lie beside a carried design."""


def _values(tensor: Tensor) -> Callable[[], Any]:
    def read() -> Any:
        return (tensor.float() if tensor.is_floating_point() else tensor).numpy()

    return read


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DesignerError(f"{path} cannot be read ({error.strerror}).") from error


def _check_bytes(size: int, text: str) -> None:
    """Refuse what does not fit into the memory, before it is read.

    Raises
    ------
    DesignerError
        The sentence says how large it is.
    """
    free = free_bytes(torch.device("cpu"))
    if size * COPIES > free:
        raise DesignerError(
            f"{text} has {size / 1e9:.1f} GB of weights, for which {size * COPIES / 1e9:.1f} GB of "
            f"memory are needed, and {free / 1e9:.1f} GB are free: close other programs, or open "
            "it on a machine with more memory."
        )
