"""The weights of one node, as pictures of its filters, with figures and a histogram."""

from collections.abc import Iterator
from math import isfinite, nan, prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from designer.data.pictures import Array
from designer.engine.inspect.steps import Step, Steps
from designer.engine.inspect.subject import Loaded
from designer.errors import DesignerError
from designer.layers.shape import Flatten

BINS = 60  # of the histogram
_LARGEST = 1024  # values along a side of the picture of a matrix; of more, means are shown
_COLORS = 3
_PIECE = 1 << 22  # values summed at once


def filters(
    loaded: Loaded, node: str, *, tensor: str = "", channel: int | None = None
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the weights of a node, or what stands for them, such as the kernels of a fixed filter.

    Parameters
    ----------
    loaded
        The network.
    node
        The path of a node.
    tensor
        The name of its tensor, such as ``weight`` or ``bias``; "" for the first.
    channel
        The input channel whose part of each kernel is shown; None for the mean over all, or for
        colors where there are three.

    Returns
    -------
    dict
        ``node``, ``layer``; ``tensors``, a list of all with ``name``, ``shape``, and ``learned``;
        of the chosen one ``tensor``, ``shape``, ``kind`` (``colors``, ``tiles``, ``matrix`` or
        ``vector``), ``inputs`` (the number of input channels of a kernel), ``reduced`` (whether the
        picture of a matrix shows means over neighbors), and ``figures`` (``minimum``, ``maximum``,
        ``mean``, ``deviation``, ``zeros``, ``norm``), the first two of which are also the ends of
        the histogram.
    dict of Array
        ``values``, float32: colors (n, 3, height, width), tiles (n, height, width), a matrix
        (outputs, inputs), or a vector (n,); and ``counts`` of the histogram, int64 (BINS,).

    Raises
    ------
    DesignerError
        The node has no weights, no such tensor, or no such input channel.
    """
    if node in loaded.steps.inputs:
        raise DesignerError(f"{node} is an input, which has no weights: choose another node.")
    step = loaded.steps.step(node)
    listed = dict(_tensors(step.module)) if step.path == node else {}
    if not listed:
        raise DesignerError(
            f"{node} has no weights: choose a layer that has some, such as a convolution."
        )
    name = tensor or next(iter(listed))
    if name not in listed:
        raise DesignerError(f"{node} has no tensor {name}: choose one of {', '.join(listed)}.")
    chosen = listed[name].detach().float()
    values, kind, inputs = _picture(chosen, step, loaded.steps, channel)
    small = _reduced(values) if kind == "matrix" else values
    figures = _figures(chosen)
    fields = {
        "node": node,
        "layer": type(step.result.layer).__name__,
        "tensors": [
            {
                "name": each,
                "shape": list(value.shape),
                "learned": isinstance(value, nn.Parameter),
            }
            for each, value in listed.items()
        ],
        "tensor": name,
        "shape": list(chosen.shape),
        "kind": kind,
        "inputs": inputs,
        "reduced": small is not values,
        "figures": figures,
    }
    return fields, {
        "values": small.contiguous().cpu().numpy(),
        "counts": _counts(chosen.cpu(), figures["minimum"], figures["maximum"]).numpy(),
    }


def _tensors(module: nn.Module | Tensor | None) -> Iterator[tuple[str, Tensor]]:
    """Yield the weights of a module, then its buffers of numbers, such as running means."""
    if module is None:
        return
    if isinstance(module, Tensor):
        yield "", module
        return
    yield from module.named_parameters()
    for name, value in module.named_buffers():
        if value.is_floating_point() and value.ndim:
            yield name, value


def _picture(
    weight: Tensor, step: Step, steps: Steps, channel: int | None
) -> tuple[Tensor, str, int]:
    """Return a tensor as it is drawn, what it is, and how many input channels a kernel has."""
    if weight.ndim == 2:
        seen = _image_read(step, steps)
        if seen is None or seen[0] * prod(seen[1:]) != weight.shape[1]:
            _only_with_kernels(step, channel)
            return weight, "matrix", weight.shape[1]
        weight = weight.reshape(weight.shape[0], *seen)  # each row is a template of the picture
    if weight.ndim == 4:
        kernels = _by_output(weight, step.module)
        inputs = kernels.shape[1]
        if channel is not None:
            if not 0 <= channel < inputs:
                raise DesignerError(
                    f"The kernels of {step.path} have {inputs} input channels: choose one from 0 "
                    f"to {inputs - 1}."
                )
            return kernels[:, channel], "tiles", inputs
        if prod(kernels.shape[2:]) == 1:
            return kernels.flatten(1), "matrix", inputs
        if inputs == _COLORS:
            return kernels, "colors", inputs
        return kernels.mean(1), "tiles", inputs
    _only_with_kernels(step, channel)
    flat = weight.squeeze()
    if flat.ndim < 2:
        return flat.reshape(-1), "vector", 1
    return (flat, "matrix", 1) if flat.ndim == 2 else (flat.flatten(0, -3), "tiles", 1)


def _only_with_kernels(step: Step, channel: int | None) -> None:
    if channel is not None:
        raise DesignerError(
            f"{step.path} has no kernels with input channels: leave out the input channel."
        )


def _image_read(step: Step, steps: Steps) -> tuple[int, ...] | None:
    """Return the shape of a gray or color image that a Linear reads through a Flatten, else None.

    Its rows can then be looked at as pictures, as in softmax regression on digits.
    """
    before = steps.before(step.path)
    if not isinstance(before, Flatten):
        return None
    flatten = steps.step(step.sources[0][0])
    given = flatten.result.inputs[0]
    usual = given is not None and len(given.shape) == 3 and given.shape[0] in (1, _COLORS)
    return given.shape if usual and given is not None else None


def _by_output(weight: Tensor, module: nn.Module | Tensor | None) -> Tensor:
    """Return kernels as (outputs, inputs of a group, height, width).

    torch stores those of a transposed convolution as (inputs, outputs of a group, height, width).
    """
    if not isinstance(module, nn.ConvTranspose2d):
        return weight
    grouped = weight.reshape(module.groups, -1, *weight.shape[1:])
    return grouped.transpose(1, 2).flatten(0, 1)


def _reduced(matrix: Tensor) -> Tensor:
    """Return a matrix of at most `_LARGEST` values a side, means over neighbors where it is larger.

    A matrix that is small enough is returned as it is.
    """
    rows, columns = (min(side, _LARGEST) for side in matrix.shape)
    if matrix.shape == (rows, columns):
        return matrix
    return functional.adaptive_avg_pool2d(matrix[None], (rows, columns))[0]


def _counts(tensor: Tensor, low: float, high: float) -> Tensor:
    """Return the histogram, int64 (BINS,); all are 0 where values are NaN or infinite."""
    if not (isfinite(low) and isfinite(high)):
        return torch.zeros(BINS, dtype=torch.int64)
    return torch.histc(tensor, bins=BINS, min=low, max=high).to(torch.int64)


def _figures(tensor: Tensor) -> dict[str, float]:
    """Return the figures of a tensor, summed in float64, piece by piece for the sake of memory."""
    total = squares = 0.0
    for piece in torch.split(tensor.flatten(), _PIECE):
        wide = piece.double()
        total += float(wide.sum())
        squares += float(wide.square().sum())
    count = tensor.numel()
    mean = total / count
    return {
        "minimum": float(tensor.min()),
        "maximum": float(tensor.max()),
        "mean": mean,
        "deviation": max(squares / count - mean**2, 0.0) ** 0.5 if isfinite(squares) else nan,
        "zeros": 1 - int(tensor.count_nonzero()) / count,
        "norm": squares**0.5,
    }
