"""Statistics of the layers of a training: measured on some steps, without changing any of them.

Hooks on the modules reduce what they give at once, since the next layer may overwrite it, and hooks
on those tensors reduce their gradients. A step that is not measured has no hooks.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from designer.analysis.analysis import Analysis
from designer.engine.figures import Rows, number
from designer.layers.base import Layer
from designer.runs.layer_statistics import Measurement, MeasurementWriter, is_measured


@dataclass(frozen=True)
class Watched:
    """A layer with a module.

    Attributes
    ----------
    path
        Its node, such as ``layer1.0.conv1``.
    layer
        The layer of the design.
    module
        Its module, which the design's path names.
    shares
        Whether that is the module of another layer, whose weights it uses.
    """

    path: str
    layer: Layer
    module: nn.Module
    shares: bool = False

    def parameters(self) -> dict[str, nn.Parameter]:
        """Return its parameters by name, the main one first; none that another layer has."""
        return {} if self.shares else dict(self.module.named_parameters())


def watched(network: nn.Module, analysis: Analysis) -> list[Watched]:
    """Return the layers of a network that have a module, in forward order."""
    modules = dict(network.named_modules())
    results = dict(analysis.top.layers())
    found = []
    for path, result in results.items():
        owner = result.shares or path
        if result.layer is None or owner not in modules:
            continue
        if type(result.layer) is type(results[owner].layer):  # else it uses only a weight of it
            found.append(Watched(path, result.layer, modules[owner], owner != path))
    return found


def count_rows(layers: list[Watched]) -> int:
    """Return how many rows a measurement has at most: two for each output and each parameter."""
    return sum(2 + 2 * len(each.parameters()) for each in layers)


class Statistics:
    """Measures the layers on some steps of a training.

    Parameters
    ----------
    layers
        The layers that are measured.
    every
        How many steps lie between two measurements, see `interval`; 0 for none.
    """

    def __init__(self, layers: list[Watched], *, every: int) -> None:
        self._layers = layers
        self._every = every
        self._rows: Rows | None = None  # of the step at hand, if it is measured
        self._before: dict[tuple[str, str], Tensor] = {}  # weights, by path and name
        self._file: MeasurementWriter | None = None

    @contextmanager
    def writing(self, path: Path, *, after: int) -> Iterator[None]:
        """Append measurements to a file while a training goes on.

        Parameters
        ----------
        path
            The file; it is made only if something is measured.
        after
            The steps done before; what it has of later ones is cut off.

        Raises
        ------
        DesignerError
            The file cannot be written; `after_update` raises it, too.
        """
        if not self._every and not path.exists():
            yield
            return
        with MeasurementWriter(path, after=after) as self._file:
            yield

    def forward(self, step: int) -> AbstractContextManager[None]:
        """Begin a step (from 1): measure what the layers give, and later their gradients."""
        self._rows = None
        return self._hooked() if is_measured(step, self._every) else nullcontext()

    @contextmanager
    def _hooked(self) -> Iterator[None]:
        rows = self._rows = Rows()
        uses: dict[nn.Module, list[Watched]] = {}
        for each in self._layers:
            uses.setdefault(each.module, []).append(each)
        handles = [
            module.register_forward_hook(_hook(layers, rows)) for module, layers in uses.items()
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def before_update(self, *, scale: Callable[[], float], processes: int = 1) -> None:
        """Measure weights and their gradients, once these are computed and not yet changed.

        Parameters
        ----------
        scale
            Returns by how much the loss was multiplied; gradients are divided by it.
        processes
            How many train together: each has the mean loss of its own images, which counts for so
            much less in the mean of the whole batch.
        """
        rows = self._rows
        if rows is None:
            return
        for each in self._layers:
            add_weights(rows, each)
            for name, weight in each.parameters().items():
                if weight.grad is not None:
                    self._before[each.path, name] = weight.detach().clone()
        factor = scale()
        rows.divide("gradient", factor * processes)
        rows.divide("weight_gradient", factor)

    def after_update(self, *, step: int, epoch: int, batch: int, loss: Tensor) -> None:
        """Write what the step showed, once the weights are changed.

        Parameters
        ----------
        step, epoch
            The numbers of the step and its epoch, from 1.
        batch, loss
            The number of examples in the batch, and its loss.
        """
        rows, self._rows = self._rows, None
        if rows is None or self._file is None:
            return
        for each in self._layers:
            for name, weight in each.parameters().items():
                before = self._before.pop((each.path, name), None)
                if before is not None:
                    change = torch.linalg.vector_norm(weight.detach() - before)
                    ratio = change / torch.linalg.vector_norm(before)
                    rows.put(each.path, name, "update_ratio", ratio)
        self._file.append(
            Measurement(
                step=step,
                epoch=epoch,
                batch=batch,
                loss=number(loss.item()),
                layers=rows.read([each.path for each in self._layers]),
            )
        )


def add_output(rows: Rows, path: str, layer: Layer, output: Tensor) -> None:
    """Measure what a layer gives, now, and its gradient in the backward pass."""
    rows.add(path, "activation", output, layer=layer)
    if output.requires_grad:
        output.register_hook(  # type: ignore[no-untyped-call]
            lambda gradient: rows.add(path, "gradient", gradient)
        )


def add_weights(rows: Rows, of: Watched) -> None:
    """Measure the parameters of a layer, and their gradients if they have some."""
    for name, weight in of.parameters().items():
        rows.add(of.path, "weight", weight, name=name)
        if weight.grad is not None:
            rows.add(of.path, "weight_gradient", weight.grad, name=name)


def _hook(layers: Sequence[Watched], rows: Rows) -> Callable[..., None]:
    """Return the hook of a module that serves these layers, one call after the other."""
    following = cycle(layers)

    def look(module: nn.Module, inputs: Any, output: Any) -> None:
        of = next(following)
        if of.layer.unpacks:
            output = output[0]
        if isinstance(output, Tensor):
            add_output(rows, of.path, of.layer, output)

    return look
