"""What every node gives for one picture, small enough to be drawn on all nodes at once.

Each value is reduced as soon as it is there and freed again: the strongest channels, averaged down
to tiles, and figures. Reading all values several times would take longer than computing them, so
figures of large maps are those of some of their pixels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, prod, sqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from designer.engine.inspect import examples
from designer.engine.inspect.channels import as_maps
from designer.engine.inspect.steps import Steps
from designer.engine.inspect.subject import Loaded
from designer.runs.inspection import ZERO_LEVEL, Picture

_STEPS = 255 - ZERO_LEVEL  # levels on each side of that of 0
_LARGER = 4  # times the size of a tile: a picture that a node has only one of
_SAMPLE = 16_384  # values of a node that count for figures and strength; of more, some are taken
_CLOSE = 0.1  # share of the mean square below which a variance is computed once more, exactly


@dataclass(frozen=True)
class NodeMaps:
    """The tiles of a node and the figures of its value.

    Attributes
    ----------
    channels
        The numbers of the channels shown, the strongest first; empty for a picture of a vector.
    count
        The number of all channels, or features of a vector.
    minimum, maximum, mean, deviation
        Of the values; the deviation is that of the population. Where a node gives more than
        `_SAMPLE` of them, those of evenly spaced pixels count.
    zeros
        The share of these values that are exactly 0.
    sampled
        Whether only such a part of the values counts.
    scale
        The absolute value at which a tile is brightest: the largest in the tiles of this node.
    tiles
        uint8 (n, height, width) of levels, or (n, height, width, 3) of color for the input of a
        network of color pictures.
    """

    channels: tuple[int, ...]
    count: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    zeros: float
    sampled: bool
    scale: float
    tiles: NDArray[np.uint8]


def maps(
    loaded: Loaded,
    picture: Picture,
    *,
    size: int = 32,
    most: int = 12,
    progress: Callable[[float], None] = lambda _: None,
) -> dict[str, NodeMaps]:
    """Return the maps of every node and block that gives a value, in forward order.

    Channels are ordered by the mean absolute value of the pixels that `NodeMaps` names. Larger maps
    are averaged down (torch's ``area`` interpolation), smaller ones keep their size. The levels of
    a node's tiles share one scale, so that its channels can be compared, and 0 is always the level
    `ZERO_LEVEL`.

    Parameters
    ----------
    loaded
        The network.
    picture
        What it looks at.
    size
        The most pixels on a side of a tile. What a node has only one of, the network's input or
        the bars of a vector, may be `_LARGER` times as large.
    most
        The most channels of a node that are shown.
    progress
        Called with the share that is done.

    Raises
    ------
    DesignerError
        The picture cannot be read.
    """
    inputs, seen = examples.shown(loaded, picture)
    reduction = _Reduction(loaded.steps, size, most, progress)
    with torch.inference_mode():
        loaded.steps.run(inputs, reduction.visit)
    found = reduction.found
    if not loaded.preprocessing.inputs:
        name = loaded.steps.inputs[0]
        found[name] = _with_picture(found[name], seen, size * _LARGER)
    return found


def packed(found: Mapping[str, NodeMaps]) -> tuple[list[dict[str, Any]], NDArray[np.uint8]]:
    """Return maps as one array, and an index for JSON of what lies where in it.

    Returns
    -------
    list of dict
        Of each node its ``path``, the fields of `NodeMaps`, and of its tiles the ``shape`` and the
        ``start`` in the array. A node and a block that give the same value share their tiles.
    ndarray
        All tiles one after another, uint8 (n,).
    """
    index: list[dict[str, Any]] = []
    pieces: list[NDArray[np.uint8]] = []
    starts: dict[int, int] = {}
    end = 0
    for path, each in found.items():
        tiles = each.tiles
        if id(tiles) not in starts:
            starts[id(tiles)] = end
            pieces.append(tiles.reshape(-1))
            end += tiles.size
        fields = {name: value for name, value in vars(each).items() if name != "tiles"}
        start = starts[id(tiles)]
        index.append({"path": path, **fields, "shape": list(tiles.shape), "start": start})
    return index, np.concatenate(pieces) if pieces else np.zeros(0, np.uint8)


@dataclass
class _Reduction:
    """Reduces the values of the nodes as they come.

    Attributes
    ----------
    found
        The maps of the nodes so far.
    """

    steps: Steps
    size: int
    most: int
    progress: Callable[[float], None]
    found: dict[str, NodeMaps] = field(default_factory=dict)
    _last: tuple[Tensor, NodeMaps] | None = None

    def visit(self, path: str, port: int, value: Tensor) -> None:
        """Take the value at an output port of a node; only the first port is shown."""
        if port:
            return
        self.progress(min(len(self.found) / len(self.steps.paths), 1.0))
        # A block and an Output node give the very tensor of the node before them.
        if self._last is None or self._last[0] is not value:
            self._last = value, self._reduced(path, value[0].float())
        self.found[path] = self._last[1]

    def _reduced(self, path: str, value: Tensor) -> NodeMaps:
        if value.ndim < 2:
            flat = value.reshape(-1).cpu()
            levels, scale = _levels(flat)
            bars = _bars(levels, self.size, self.size * _LARGER)
            figures = _figures(flat)
            return NodeMaps((), len(flat), **figures, sampled=False, scale=scale, tiles=bars)
        channels, _ = as_maps(value, self.steps.step_or_input(path))
        sample = _sampled(channels).cpu()
        figures = _figures(sample.reshape(-1))
        strength = (sample if figures["minimum"] >= 0 else sample.abs()).sum(0)
        chosen = strength.topk(min(self.most, len(strength))).indices
        # Chosen along the last axis, which lies together in memory where channels do.
        picked = channels.permute(1, 2, 0).index_select(2, chosen.to(value.device))
        size = self.size * _LARGER if len(channels) == 1 else self.size
        levels, scale = _levels(_averaged(picked.permute(2, 0, 1), size).cpu())
        return NodeMaps(
            tuple(chosen.tolist()),
            len(channels),
            **figures,
            sampled=sample.numel() < channels.numel(),
            scale=scale,
            tiles=levels,
        )


def _levels(numbers: Tensor) -> tuple[NDArray[np.uint8], float]:
    """Return levels of numbers on the CPU, and the absolute value of the highest."""
    array: NDArray[np.float32] = numbers.numpy()
    scale = float(np.abs(array).max(initial=0.0))
    if not np.isfinite(scale):
        array = np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)
        scale = float(np.abs(array).max(initial=0.0))
    levels = array * np.float32(_STEPS / scale if scale else 0.0)
    levels += ZERO_LEVEL
    return np.rint(levels, out=levels).astype(np.uint8), scale


def _sampled(channels: Tensor) -> Tensor:
    """Return evenly spaced pixels of maps (n, height, width): all if these are `_SAMPLE` values.

    Of larger values as many are left out, but never so many that fewer than four pixels are on a
    side.

    The result is (pixels, n): on the CPU the channels of a pixel lie together (torch's channels
    last), where such rows are no copy and sums over them are several times as fast.
    """
    step = min(ceil(sqrt(channels.numel() / _SAMPLE)), min(channels.shape[1:]) // 4)
    if step > 1:
        channels = channels[:, step // 2 :: step, step // 2 :: step]
    return channels.permute(1, 2, 0).reshape(-1, channels.shape[0])


def _figures(flat: Tensor) -> dict[str, float]:
    """Return the figures of some values (n,) on the CPU."""
    count = max(flat.numel(), 1)
    array = flat.numpy()  # which finds these three in half of torch's time
    low, high = float(array.min(initial=np.inf)), float(array.max(initial=-np.inf))
    zeros = int(np.count_nonzero(array == 0)) if low <= 0 <= high else 0
    mean = flat.sum().item() / count
    square = torch.dot(flat, flat).item() / count
    variance = square - mean * mean
    if not variance > _CLOSE * square:  # the difference of two large numbers is not exact
        variance = flat.var(correction=0).item()
    return {
        "minimum": low,
        "maximum": high,
        "mean": mean,
        "deviation": sqrt(variance) if variance >= 0 else variance,
        "zeros": zeros / count,
    }


def _averaged(channels: Tensor, size: int) -> Tensor:
    """Return maps (n, height, width) with at most ``size`` pixels on a side."""
    height, width = channels.shape[-2:]
    longest = max(height, width)
    if longest <= size:
        return channels
    over_rows = _averaging(height, max(1, round(height * size / longest))).to(channels.device)
    over_columns = _averaging(width, max(1, round(width * size / longest))).to(channels.device)
    return over_rows @ channels.contiguous() @ over_columns.T


@lru_cache(maxsize=64)
def _averaging(count: int, to: int) -> Tensor:
    """Return the matrix (to, count) that averages so many pixels as ``area`` interpolation does.

    Two products with such matrices take a third of the time of torch's `interpolate`.
    """
    return functional.interpolate(torch.eye(count)[None], size=to, mode="area")[0].T.contiguous()


def _bars(levels: NDArray[np.uint8], height: int, most: int) -> NDArray[np.uint8]:
    """Return the features of a vector as bars from a line at 0, (1, height, width).

    Where there are more features than pixels, a pixel shows the strongest of its features.
    """
    values = levels.astype(np.int16) - ZERO_LEVEL
    if len(values) > most:
        parts = np.array_split(values, most)
        values = np.array([part[np.abs(part).argmax()] for part in parts], np.int16)
    wide = max(1, most // len(values))
    low, high = min(0, int(values.min())), max(0, int(values.max()))
    line = round((height - 1) * high / max(high - low, 1))  # the row of 0, from the top
    rows = np.arange(height)[:, None]
    # The far end of each bar; a value that is not 0 has at least the line's own row.
    ends = np.round(line - values * ((height - 1) / max(high - low, 1)))
    inside = (rows >= np.minimum(ends, line)) & (rows <= np.maximum(ends, line)) & (values != 0)
    picture = np.where(inside, values + ZERO_LEVEL, ZERO_LEVEL).astype(np.uint8)
    gap = 1 if wide > 3 else 0
    picture = np.repeat(picture, wide, axis=1)
    if gap:
        picture[:, wide - 1 :: wide] = ZERO_LEVEL
    return np.ascontiguousarray(picture[None])


def _with_picture(maps: NodeMaps, seen: NDArray[np.uint8], most: int) -> NodeMaps:
    """Return the maps of the network's input with the picture itself, as it was seen."""
    pixels = torch.from_numpy(seen).permute(2, 0, 1).float()
    small = _averaged(pixels, most).round().to(torch.uint8).permute(1, 2, 0).numpy()
    if small.shape[-1] == 1:  # gray is shown as the shades of a color picture are
        small = np.repeat(small, 3, axis=2)
    elif small.shape[-1] != 3:
        return maps
    channels = tuple(range(prod(seen.shape[2:])))
    fields = {**vars(maps), "channels": channels, "tiles": np.ascontiguousarray(small[None])}
    return NodeMaps(**fields)
