"""Figures and histograms of tensors, reduced on their device and read from it once.

A figure is a function of `Values` in the table `FUNCTIONS`; `designer.runs.layer_statistics` says
what users read of it. Waiting for an accelerator after each of them would take most of the time, so
they stay tensors until `Rows.read`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from designer.layers.base import Layer
from designer.runs.layer_statistics import BINS, FIGURES, KINDS, Kind, LayerFigures, packed

_WIDTH = 4.0  # deviations from the mean to the ends of a histogram, at most
_NEAR = 0.01  # of the range: what is so near to an end of it is saturated
_CHUNK = {"cpu": 2**18}  # values whose copies are made at once: what a processor's cache holds
_LARGE_CHUNK = 2**23  # on accelerators; below 2**24, to which float32 counts exactly
_SMALLEST = 1e-36  # width of a range that is divided by
_DIGITS = 7  # of figures, which are of float32
_ENDS = ("low", "high")  # of histograms


class Values:
    """The values of a tensor, and what several figures need of them, computed once.

    Parameters
    ----------
    tensor
        Any tensor of floating-point numbers; of activations, the first axis is that of the images
        and the second that of channels or units.
    layer
        The layer that gives them as its output, if one does.
    """

    def __init__(self, tensor: Tensor, layer: Layer | None = None) -> None:
        self.tensor = tensor.detach()
        self.layer = layer
        size = _CHUNK.get(tensor.device.type, _LARGE_CHUNK)
        self._chunks = torch.split(_in_memory_order(self.tensor), size)

    @cached_property
    def count(self) -> int:
        """How many values there are."""
        return self.tensor.numel()

    @cached_property
    def mean(self) -> Tensor:
        """The mean; of equal values exactly that value."""
        sums = [each.sum(dtype=torch.float32) for each in self._chunks]
        return (self._sum(sums) / self.count).clamp(*self.extremes)

    @cached_property
    def deviation(self) -> Tensor:
        """The standard deviation, divided by the number of values.

        Distances from the mean are squared as shares of the whole width, since squares of gradients
        that vanish would be too small for float32.
        """
        width = (self.extremes[1] - self.extremes[0]).clamp_min(_SMALLEST)
        squares = [(each.float() - self.mean).div_(width).square_().sum() for each in self._chunks]
        return (self._sum(squares) / self.count).sqrt() * width

    @cached_property
    def norm(self) -> Tensor:
        """The Euclidean norm, which follows from mean and deviation."""
        return torch.hypot(self.mean, self.deviation) * math.sqrt(self.count)

    @cached_property
    def extremes(self) -> tuple[Tensor, Tensor]:
        """The smallest and the largest value."""
        low, high = zip(*[each.aminmax() for each in self._chunks], strict=True)
        if len(low) == 1:
            return low[0].float(), high[0].float()
        return torch.stack(low).amin().float(), torch.stack(high).amax().float()

    def equal_to(self, number: float) -> Tensor:
        """Return how many values equal a number."""
        return self._sum([_how_many(torch.eq, each, number) for each in self._chunks])

    def near(self, low: float, high: float) -> Tensor:
        """Return how many values are nearly ``low`` or ``high``, the ends of their range."""
        center, radius = (low + high) / 2, (high - low) / 2
        bound = radius * (1 - 2 * _NEAR)
        centered = (each - center if center else each for each in self._chunks)
        return self._sum([_how_many(torch.ge, each.abs(), bound) for each in centered])

    def histogram(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the range of the histogram, and how many values each of its bins has, int64."""
        reach = _WIDTH * self.deviation
        low = torch.maximum(self.extremes[0], self.mean - reach)
        high = torch.minimum(self.extremes[1], self.mean + reach)
        width = high - low
        if width.device.type == "cpu" and not math.isfinite(width.item()):
            return low, high, torch.zeros(BINS, dtype=torch.int64)
        scale = BINS / width.clamp_min(_SMALLEST)  # any will do where all values are equal
        return low, high, self._sum([_counts(each, low, scale) for each in self._chunks])

    @staticmethod
    def _sum(parts: Sequence[Tensor]) -> Tensor:
        return parts[0] if len(parts) == 1 else torch.stack(tuple(parts)).sum(0)


def _in_memory_order(tensor: Tensor) -> Tensor:
    """Return the values as one axis, without a copy if they lie densely in memory in any order."""
    order = sorted(range(tensor.ndim), key=tensor.stride, reverse=True)
    return tensor.permute(order).reshape(-1)


def _how_many(compare: Callable[..., Tensor], values: Tensor, bound: float) -> Tensor:
    """Return how many values compare so.

    This takes a fifth of the time of adding up booleans, and up to a twentieth of that of
    torch.count_nonzero, which is slow where the zeros are scattered. Up to `_LARGE_CHUNK` float32
    is exact.
    """
    flags = torch.empty_like(values, dtype=torch.float32)
    return compare(values, bound, out=flags).sum()


def _counts(values: Tensor, low: Tensor, scale: Tensor) -> Tensor:
    """Return how many values each bin has; those beyond the range are in the outermost ones."""
    places = (values.float() - low).mul_(scale).clamp_(0, BINS)
    return _by_bincount(places) if places.device.type == "cpu" else _by_histc(places)


def _by_bincount(places: Tensor) -> Tensor:
    """Count values from 0 to `BINS`: in a third of the time of torch.histc on a processor."""
    return torch.bincount(places.clamp_(max=BINS - 1).to(torch.int32), minlength=BINS)


def _by_histc(places: Tensor) -> Tensor:
    """Count values from 0 to `BINS` without waiting for the device, as bincount would."""
    return torch.histc(places, BINS, 0, BINS).to(torch.int64)


Function = Callable[[Values], Tensor | None]
"""Returns a figure as a scalar tensor, None where the values do not have it."""


def _zeros(values: Values) -> Tensor:
    return values.equal_to(0) / values.count


def _saturated(values: Values) -> Tensor | None:
    limits = None if values.layer is None else values.layer.saturation()
    return None if limits is None else values.near(*limits) / values.count


def _dead(values: Values) -> Tensor | None:
    axes = [axis for axis in range(values.tensor.ndim) if axis != 1]
    if values.layer is None or not values.layer.can_die or len(axes) == values.tensor.ndim:
        return None
    norms = torch.linalg.vector_norm(values.tensor, dim=axes, dtype=torch.float32)
    dead: Tensor = (norms == 0).float().mean()
    return dead


FUNCTIONS: Mapping[str, Function] = {
    "mean": lambda values: values.mean,
    "deviation": lambda values: values.deviation,
    "minimum": lambda values: values.extremes[0],
    "maximum": lambda values: values.extremes[1],
    "norm": lambda values: values.norm,
    "zeros": _zeros,
    "saturated": _saturated,
    "dead": _dead,
}
"""The function of each row of `FIGURES`, but of the update ratio, which is known after the step."""


@dataclass
class _Row:
    """The figures of one tensor, still on its device."""

    path: str
    kind: Kind
    name: str
    count: int
    figures: dict[str, Tensor]
    counts: Tensor


class Rows:
    """Figures of many tensors, which are read from their device together."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []

    def add(
        self, path: str, kind: Kind, tensor: Tensor, *, name: str = "", layer: Layer | None = None
    ) -> None:
        """Reduce a tensor at once, so that it may be overwritten afterwards.

        Parameters
        ----------
        path, kind, name
            As in `LayerFigures`.
        tensor
            The values; an empty tensor has no figures.
        layer
            The layer whose output they are.
        """
        if not tensor.numel():
            return
        with torch.no_grad():
            values = Values(tensor, layer)
            found = {key: function(values) for key, function in FUNCTIONS.items()}
            found["low"], found["high"], counts = values.histogram()
        figures = {key: value for key, value in found.items() if value is not None}
        self._rows.append(_Row(path, kind, name, values.count, figures, counts))

    def put(self, path: str, name: str, figure: str, value: Tensor) -> None:
        """Add a figure to that of a layer's parameter, which was added before."""
        for row in self._rows:
            if (row.path, row.kind, row.name) == (path, "weight", name):
                row.figures[figure] = value

    def divide(self, kind: Kind, divisor: float) -> None:
        """Divide what was added of a kind, as if the tensors had been divided before."""
        if divisor == 1:
            return
        for row in self._rows:
            if row.kind == kind:
                for key, value in row.figures.items():
                    if key in _ENDS or not FIGURES[key].share:
                        row.figures[key] = value / divisor

    def read(self, order: Sequence[str]) -> tuple[LayerFigures, ...]:
        """Return all figures.

        Parameters
        ----------
        order
            Paths in the order in which their figures come; those of one path come in the order of
            `KINDS`.
        """
        if not self._rows:
            return ()
        place = {path: position for position, path in enumerate(order)}
        kinds = tuple(KINDS)
        rows = sorted(self._rows, key=lambda row: (place[row.path], kinds.index(row.kind)))
        every = [value for row in rows for value in row.figures.values()]
        numbers = iter(torch.stack(every).tolist())
        counts = torch.stack([row.counts for row in rows]).tolist()
        found = []
        for row, bins in zip(rows, counts, strict=True):
            figures = {key: number(next(numbers)) for key in row.figures}
            found.append(
                LayerFigures(
                    row.path,
                    row.kind,
                    row.name,
                    row.count,
                    **{key: figures.get(key) for key in (*FIGURES, *_ENDS)},
                    histogram=packed(bins if figures["low"] is not None else [0] * BINS),
                )
            )
        return tuple(found)


def number(value: float) -> float | None:
    """Return a figure with the digits that float32 has; None for NaN and infinity."""
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
