"""What a network takes: one batch of pictures, or a batch for each of its named inputs."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from designer.analysis.analysis import Analysis, Port
from designer.analysis.evaluation.flat import Flat, Slot
from designer.data import DataSet
from designer.data.columns import ArrayColumn
from designer.data.texts import TextColumn
from designer.engine import device as devices
from designer.errors import DesignerError
from designer.layers.ports import Input
from designer.layers.tokens import Embedding

Inputs = Tensor | Mapping[str, Tensor]
"""Pictures (n, channels, height, width), or the values (n, ...) of each Input by its name."""

_FEW = 10  # values of whole numbers that no Embedding reads, such as those of an export's example


def call(network: Callable[..., Any], inputs: Inputs) -> Any:
    """Return what a network gives for its inputs, which come in the order of the design."""
    return network(inputs) if isinstance(inputs, Tensor) else network(*inputs.values())


def count(inputs: Inputs) -> int:
    """Return the number of examples of a batch."""
    return len(inputs) if isinstance(inputs, Tensor) else len(next(iter(inputs.values())))


def example_inputs(
    analysis: Analysis,
    batch: int,
    *,
    generator: torch.Generator | None = None,
    device: torch.device | None = None,
) -> dict[str, Tensor]:
    """Return random inputs of a network by their names, in the order of the design.

    Floats are normally distributed. Whole numbers are drawn from those that every Embedding which
    reads the input knows.

    Parameters
    ----------
    analysis
        Of a design without errors.
    batch
        The number of examples.
    generator
        From which they are drawn; None for torch's own.
    device
        Where they are; None for the CPU. Images are in the layout that is fast there.
    """
    known = known_numbers(analysis) if any(port.integer for port in analysis.inputs) else {}
    where = device or torch.device("cpu")
    found = {}
    for port in analysis.inputs:
        values = _example(port, batch, known.get(port.name, _FEW), generator).to(where)
        if values.dim() == 4 and device is not None:
            values = values.to(memory_format=devices.memory_format(where))
        found[port.name] = values
    return found


def _example(port: Port, batch: int, below: int, generator: torch.Generator | None) -> Tensor:
    shape = (batch, *port.shape)
    if port.integer:
        return torch.randint(below, shape, generator=generator)
    return torch.randn(shape, generator=generator)


def known_numbers(analysis: Analysis) -> dict[str, int]:
    """Return the fewest tokens of the Embeddings that read each Input, also through views."""
    readers: dict[Slot, str] = {}  # the Input that a tensor has its whole numbers from
    fewest: dict[str, int] = {}
    for node in Flat(analysis.top).nodes:
        layer = node.result.layer
        if isinstance(layer, Input):
            readers[node.path, 0] = node.path
        sources = [readers[each] for each in node.sources if each in readers]
        for name in sources:
            if isinstance(layer, Embedding):
                fewest[name] = min(fewest.get(name, layer.num_embeddings), layer.num_embeddings)
        for port, output in enumerate(node.result.outputs):
            if sources and output is not None and output.integer:
                readers[node.path, port] = sources[0]
    return fewest


def check_numbers(data: DataSet, analysis: Analysis) -> None:
    """Refuse whole numbers for which an Embedding has no row.

    Parameters
    ----------
    data
        With the inputs of the network, by their names.
    analysis
        Of the network's design.

    Raises
    ------
    DesignerError
        A number is below 0, or not below the number of rows.
    """
    for name, rows in known_numbers(analysis).items():
        for part in data.parts.values():
            column = part.inputs.get(name)
            if isinstance(column, TextColumn):
                lowest, highest = 0, column.vocabulary.size - 1
            elif isinstance(column, ArrayColumn):
                lowest, highest = int(column.values.min()), int(column.values.max())
            else:
                continue
            if lowest < 0 or highest >= rows:
                remedy = (
                    "number them from 0 on"
                    if lowest < 0
                    else f"set num_embeddings of the Embedding to {highest + 1}"
                )
                raise DesignerError(
                    f"{data.name} has whole numbers from {lowest:,} to {highest:,} for the Input "
                    f"{name} of {analysis.design.name}, but an Embedding that reads them knows "
                    f"those from 0 to {rows - 1:,} only: {remedy}."
                )
