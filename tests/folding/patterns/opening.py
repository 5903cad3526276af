"""A module as a design, by way of a file, and its outputs beside those of the module."""

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from designer.analysis.analysis import Analysis, analyze
from designer.engine.module import module as compiled
from designer.engine.opening.running import evaluate
from designer.folding.patterns import Converted, convert
from designer.readers import pt2
from designer.readers.graph import NeutralGraph


def graph_of(module: nn.Module, *inputs: torch.Tensor, training: bool = True) -> NeutralGraph:
    """Return the graph of a module as it is read from a file of torch.export."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # recurrent layers assign their weights while they run
        program = torch.export.export(module.train(training), inputs, strict=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "module.pt2"
        torch.export.save(program, path)
        return _in_memory(pt2.read(path))


def _in_memory(graph: NeutralGraph) -> NeutralGraph:
    """Read all tensors while the file is there."""
    tensors = {}
    for name, each in graph.tensors.items():
        array = np.array(each.read())
        tensors[name] = replace(each, read=lambda array=array: array)
    return replace(graph, tensors=tensors)


@dataclass
class Opened:
    """A module that became a design.

    Attributes
    ----------
    converted, analysis
        The design, where its weights come from, and its analysis.
    differences
        The largest difference of each output in eval mode; none with opaque nodes.
    """

    converted: Converted
    analysis: Analysis
    differences: Sequence[float] = ()

    @property
    def difference(self) -> float:
        """The largest difference of all outputs."""
        return max(self.differences)

    @property
    def layers(self) -> list[str]:
        """The layer types of its nodes, in order, without inputs and outputs."""
        nodes = self.converted.design.graph.nodes.values()
        return [each.layer for each in nodes if each.layer not in ("Input", "Output")]


def state_of(converted: Converted, module: nn.Module) -> dict[str, torch.Tensor]:
    """Return the weights of a design as a state dict for its module."""
    shapes = module.state_dict()
    assert shapes.keys() == converted.weights.keys()
    return {
        name: torch.from_numpy(np.array(each.read())).to(shapes[name].dtype)
        for name, each in converted.weights.items()
    }


def opened(
    module: nn.Module, *inputs: torch.Tensor, training: bool = True, batch: int | None = None
) -> Opened:
    """Convert a module by way of a file, and compare the design's network with it.

    Parameters
    ----------
    batch
        The first so many samples are what it is exported with; None for all.
    """
    given = inputs if batch is None else tuple(each[:batch] for each in inputs)
    converted = convert(graph_of(module, *given, training=training), evaluate)
    analysis = analyze(converted.design)
    assert analysis.valid, analysis.problems
    if converted.opaque:
        return Opened(converted, analysis)
    ours = compiled(converted.design)
    ours.load_state_dict(state_of(converted, ours))
    moved = [each.movedim(converted.axis, 0) for each in given]
    with torch.no_grad():
        theirs = _tensors(module.eval()(*given))
        mine = _tensors(ours.eval()(*moved))
    assert len(mine) <= len(theirs)
    differences = []
    for one, other, axis in zip(theirs, mine, converted.output_axes, strict=False):
        own = other.movedim(0, axis)
        assert own.numel() == one.numel()
        differences.append(float((own.reshape(one.shape) - one).abs().max()))
    return Opened(converted, analysis, differences)


def _tensors(outputs: object) -> Sequence[torch.Tensor]:
    return [outputs] if isinstance(outputs, torch.Tensor) else [*outputs]  # type: ignore[misc]
