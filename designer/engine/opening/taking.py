"""Taking the weights of a source, by the names of the design: into a file, and into a module."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from designer import __version__
from designer.analysis.analysis import Analysis
from designer.analysis.report.tensors import modules
from designer.design.values import Design
from designer.engine import weights as weights_of
from designer.errors import DesignerError
from designer.folding.patterns.converted import Weight
from designer.layers.tensors import Shape, state_key
from designer.storage import save_file, unwritable


@dataclass(frozen=True)
class Taken:
    """The state dict of a design, from a source.

    Attributes
    ----------
    state
        The tensors by their names in the design.
    from_source
        How many of them the source has; the others were computed.
    missing
        Names of the design's tensors that have no values.
    """

    state: Mapping[str, Tensor]
    from_source: int
    missing: tuple[str, ...]


def shapes_of(analysis: Analysis) -> Mapping[str, Shape]:
    """Return the shape of each tensor of a design's state dict, by its name."""
    return {
        state_key(module.path, name): shape
        for module in modules(analysis)
        for name, shape in module.tensors.items()
    }


def moved_name(name: str, moved: Mapping[str, str]) -> str:
    """Return the name of a tensor after folding: ``layer1.0.conv1.weight``.

    Parameters
    ----------
    name
        Its name in the flat design, ``layer1_0_conv1.weight``.
    moved
        What the names of each layer's tensors begin with, before and after.
    """
    before, dot, rest = name.partition(".")
    return f"{moved.get(before, before)}{dot}{rest}"


def take(
    weights: Mapping[str, Weight],
    moved: Mapping[str, str],
    analysis: Analysis,
    progress: Callable[[float], None] = lambda _: None,
) -> Taken:
    """Read the weights of a source.

    Parameters
    ----------
    weights
        Where the tensors of the flat design come from.
    moved
        What the names of each layer's tensors begin with, before and after folding.
    analysis
        Of the design.
    progress
        Is told the share that is done, from 0 to 1.

    Raises
    ------
    DesignerError
        A tensor has another shape than in the design, or the memory is full.
    """
    expected = shapes_of(analysis)
    state: dict[str, Tensor] = {}
    from_source = 0
    for number, (flat_name, weight) in enumerate(weights.items()):
        name = moved_name(flat_name, moved)
        try:
            tensor = _tensor(weight)
        except MemoryError as error:
            raise DesignerError(
                "The memory is full while the weights are read: close other programs."
            ) from error
        if name in expected and tuple(tensor.shape) != expected[name]:
            raise DesignerError(
                f"The tensor {weight.key or name} has the shape {_words(tuple(tensor.shape))}, and "
                f"the design has {_words(expected[name])} for it: save the source again."
            )
        state[name] = tensor
        from_source += bool(weight.key)
        progress((number + 1) / len(weights))
    missing = tuple(name for name in expected if name not in state)
    return Taken(state, from_source, missing)


def _tensor(weight: Weight) -> Tensor:
    """Return values as the design holds them: float32, or int64 for whole numbers."""
    array = np.asarray(weight.read())
    kind = np.float32 if np.issubdtype(array.dtype, np.inexact) else np.int64
    return torch.from_numpy(np.array(array, dtype=kind, order="C"))


def _words(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "of one value"


def write(taken: Taken, design: Design, path: Path) -> None:
    """Write the weights as a safetensors file; an old file is replaced by a whole one only.

    Raises
    ------
    DesignerError
        The file cannot be written.
    """
    about = {"network": design.name, "program": f"netdesigner {__version__}"}
    try:
        save_file(path, weights_of.packed(taken.state, about))
    except OSError as error:
        raise unwritable(path, error) from error
    except MemoryError as error:
        raise DesignerError(
            f"{path} cannot be written, as the memory is full: close other programs."
        ) from error


def load(network: nn.Module, taken: Taken) -> None:
    """Put the weights into the design's module, which was built without values.

    Tensors that have none keep what `torch.nn.Module` draws for them nowhere, so there must be
    none missing.
    """
    state = network.state_dict()
    fitting = {
        name: each.to(state[name].dtype) if name in state else each
        for name, each in taken.state.items()
    }
    network.load_state_dict(fitting, assign=True)
