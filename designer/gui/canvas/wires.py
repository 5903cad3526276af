"""The course of each edge on the canvas, its wire: a curve, or a lane past the nodes in between.

A wire is sampled at `POINTS` points and drawn as lines, which is what Qt's raster engine draws
fastest (see `edge_painting`). A wire with a lane bends into it along the first half of its points,
runs straight down between the two middle ones, and bends out along the second half.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from designer.gui.documents.spacing import NODE_HEIGHT

POINTS = 36
HALF = POINTS // 2
_FEW_OF_HALF = np.linspace(0, HALF - 1, 9).round().astype(int)
FEW = np.concatenate([_FEW_OF_HALF, HALF + _FEW_OF_HALF])
"""The points that are enough at a small scale."""

TRACK = 14.0  # between lanes side by side
CLEAR = 12.0  # between a lane and a node
LONG = NODE_HEIGHT + 24.0  # edges at least this long may have nodes in between
LOW_BEND, HIGH_BEND = 28.0, 66.0  # least and greatest height of a bend into or out of a lane
STEEP = 0.14  # growth of that height with the width of the bend
# Bounds that keep the search for lanes linear in the number of edges:
_MOST_CROSSED = 400  # nodes between the ends of an edge that are checked
_MOST_WALLS = 12  # sides of nodes next to which a lane is tried
_MOST_TRACKS = 24  # lanes side by side that are tried

Wall: TypeAlias = tuple[float, float]
"""The x of the left and right sides of nodes that lie exactly above each other."""

_T = np.linspace(0.0, 1.0, POINTS)
_HALF_T = (1 - np.cos(np.linspace(0.0, np.pi, HALF))) / 2  # denser at the ends, where it bends


def _weights(t: np.ndarray) -> np.ndarray:
    """Return the Bernstein weights of the control points of a cubic Bézier curve, (4, n)."""
    s = 1.0 - t
    return np.stack([s**3, 3 * s * s * t, 3 * s * t * t, t**3])


_FULL_WEIGHTS = _weights(_T)
_HALF_WEIGHTS = _weights(_HALF_T)


def sample(start: np.ndarray, end: np.ndarray, lane: np.ndarray) -> np.ndarray:
    """Return the sampled points of wires, (n, POINTS, 2).

    Parameters
    ----------
    start, end
        Where they start and end, (n, 2).
    lane
        The x of the lane, NaN for wires without one, (n,).
    """
    wires = np.empty((len(start), POINTS, 2))
    if not len(start):
        return wires
    reach = _handles(start, end)
    wires[:, :, 0] = _curve(_FULL_WEIGHTS, start[:, 0], start[:, 0], end[:, 0], end[:, 0])
    wires[:, :, 1] = _curve(
        _FULL_WEIGHTS, start[:, 1], start[:, 1] + reach, end[:, 1] - reach, end[:, 1]
    )
    chosen = np.flatnonzero(~np.isnan(lane))
    if len(chosen):
        a, b, x = start[chosen], end[chosen], lane[chosen]
        most = (b[:, 1] - a[:, 1]) / 2
        bend_in = np.minimum(_bend(x - a[:, 0]), most)
        bend_out = np.minimum(_bend(x - b[:, 0]), most)
        into, out = a[:, 1] + bend_in, b[:, 1] - bend_out
        first, second = wires[chosen, :HALF], wires[chosen, HALF:]
        first[:, :, 0] = _curve(_HALF_WEIGHTS, a[:, 0], a[:, 0], x, x)
        first[:, :, 1] = _curve(
            _HALF_WEIGHTS, a[:, 1], a[:, 1] + bend_in * 0.6, into - bend_in * 0.6, into
        )
        second[:, :, 0] = _curve(_HALF_WEIGHTS, x, x, b[:, 0], b[:, 0])
        second[:, :, 1] = _curve(
            _HALF_WEIGHTS, out, out + bend_out * 0.6, b[:, 1] - bend_out * 0.6, b[:, 1]
        )
        wires[chosen, :HALF], wires[chosen, HALF:] = first, second
    return wires


def _handles(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return how far the control points of wires without a lane lie from their ends, (n,)."""
    down = end[:, 1] - start[:, 1]
    reach = np.where(down > 0, np.maximum(down * 0.5, 12.0), np.clip(-down * 0.5, 60.0, 300.0))
    handles: np.ndarray = np.where((down > 0) & (start[:, 0] == end[:, 0]), down / 3, reach)
    return handles


def spans(start: np.ndarray, end: np.ndarray, lane: np.ndarray) -> np.ndarray:
    """Return rectangles that contain the wires: left, top, right, bottom, (n, 4)."""
    reach = np.where(np.isnan(lane), _handles(start, end), 0.0)
    left = np.fmin(np.minimum(start[:, 0], end[:, 0]), lane)
    right = np.fmax(np.maximum(start[:, 0], end[:, 0]), lane)
    top = np.minimum(start[:, 1], end[:, 1] - reach)
    bottom = np.maximum(start[:, 1] + reach, end[:, 1])
    return np.stack([left, top, right, bottom], axis=1)


def _bend(width: np.ndarray) -> np.ndarray:
    """Return the height of bends of a width."""
    height: np.ndarray = np.clip(LOW_BEND + STEEP * (np.abs(width) - 60.0), LOW_BEND, HIGH_BEND)
    return height


def _curve(weights: np.ndarray, *points: np.ndarray) -> np.ndarray:
    """Return points of Bézier curves in one coordinate, (n, p), from their control points (n,)."""
    # Not `@`: it rounds one curve differently from many, so that a wire that is sampled again by
    # itself would differ from one of a fresh build.
    curve: np.ndarray = np.einsum("nk,kp->np", np.stack(points, axis=1), weights)
    return curve


def lanes(start: np.ndarray, end: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return the x of each wire's lane, NaN for those that need none.

    Parameters
    ----------
    start, end
        Where the wires start and end, (n, 2).
    boxes
        The nodes of the same graph as x, y, width, height, (m, 4).
    """
    result = np.full(len(start), np.nan)
    long = np.flatnonzero(end[:, 1] - start[:, 1] > LONG)
    if not len(long) or not len(boxes):
        return result
    boxes = boxes[boxes[:, 2] > 0]
    boxes = boxes[np.argsort(boxes[:, 1], kind="stable")]
    tops, bottoms = boxes[:, 1], boxes[:, 1] + boxes[:, 3]
    lefts, rights = boxes[:, 0], boxes[:, 0] + boxes[:, 2]
    tallest = float(boxes[:, 3].max()) if len(boxes) else 0.0
    long = long[np.argsort(end[long, 1] - start[long, 1], kind="stable")]
    first = np.searchsorted(tops, start[long, 1] - tallest + 1, side="left")
    last = np.searchsorted(tops, end[long, 1] - 1, side="left")
    last = np.minimum(last, first + _MOST_CROSSED)
    tracks = _Tracks()
    # Plain lists and numbers from here on: an edge passes few nodes, for which numpy is slower.
    below, sides = bottoms.tolist(), list(zip(lefts.tolist(), rights.tolist(), strict=True))
    wires = (long, start[long], end[long], first, last, _alone(start[long, 1], end[long, 1]))
    # Short ones first: they get the inner lanes.
    for edge, (x0, y0), (x1, y1), low, high, alone in zip(
        *[each.tolist() for each in wires], strict=True
    ):
        walls = {sides[box] for box in range(low, high) if below[box] > y0 + 1}
        if walls and (x0 != x1 or _hits(x0, walls)):
            if alone:
                result[edge] = _lane_alone(x0, x1, tuple(sorted(walls)))
            else:
                result[edge] = _lane(x0, x1, y0, y1, sorted(walls), tracks)
    return result


def _alone(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return which wires have no other wire at the same height, (n,) bool.

    Their lanes do not depend on those of other wires.
    """
    order = np.argsort(top, kind="stable")
    reach = np.maximum.accumulate(bottom[order])  # of a wire and all above it
    separate = np.append(True, top[order][1:] >= reach[:-1])  # from all wires above it
    result = np.empty(len(top), bool)
    result[order] = separate & np.append(separate[1:], True)
    return result


# The stages of a network repeat the same few surroundings: of 1,429 wires with a lane among
# 10,000 nodes of residual blocks all but one are found here. The bound is for graphs that repeat
# nothing.
@lru_cache(maxsize=4096)
def _lane_alone(x0: float, x1: float, walls: tuple[Wall, ...]) -> float:
    """Return the lane of a wire that needs to leave no other lane free."""
    return _lane(x0, x1, 0.0, 1.0, walls, _Tracks())


def _hits(x: float, walls: Iterable[Wall]) -> bool:
    """Tell whether a lane at x would run into a node or too close to it."""
    for left, right in walls:  # noqa: SIM110 - `any` takes three times as long
        if left - CLEAR < x < right + CLEAR:
            return True
    return False


def _lane(
    x0: float, x1: float, y0: float, y1: float, walls: Sequence[Wall], tracks: "_Tracks"
) -> float:
    """Return the x of the free lane with the shortest detour, and take it."""
    for x in (x0, x1):
        if not _hits(x, walls) and tracks.is_free(x, y0, y1):
            tracks.take(x, y0, y1)
            return x
    edges = [wall[1] + CLEAR + 6.0 for wall in walls] + [wall[0] - CLEAR - 6.0 for wall in walls]

    def detour(x: float) -> tuple[float, float]:
        return abs(x - x0) + abs(x - x1), -x

    best: tuple[tuple[float, float], float] | None = None
    for number, x in enumerate(sorted(edges, key=detour)):
        if best is not None and (detour(x) >= best[0] or number > _MOST_WALLS):
            break
        track = x
        step = TRACK if x >= (x0 + x1) / 2 else -TRACK
        for _ in range(_MOST_TRACKS):
            if _hits(track, walls):
                break
            if tracks.is_free(track, y0, y1):
                if best is None or detour(track) < best[0]:
                    best = detour(track), track
                break
            track += step
    x = best[1] if best is not None else max(wall[1] for wall in walls) + CLEAR + 6.0
    tracks.take(x, y0, y1)
    return x


class _Tracks:
    """The intervals of y in which lanes are in use, so that wires do not cover each other."""

    def __init__(self) -> None:
        self._taken: dict[int, list[tuple[float, float, float]]] = {}

    def is_free(self, x: float, y0: float, y1: float) -> bool:
        column = round(x / TRACK)
        for near in (column - 1, column, column + 1):
            spans = self._taken.get(near)
            if spans and self._overlaps(spans, x, y0, y1):
                return False
        return True

    @staticmethod
    def _overlaps(spans: list[tuple[float, float, float]], x: float, y0: float, y1: float) -> bool:
        end = bisect_left(spans, (y1,))
        # The spans of a lane hardly overlap, so that checking the last four before y1 is enough.
        for low, high, at in reversed(spans[max(0, end - 4) : end]):
            if high > y0 and low < y1 and abs(at - x) < TRACK - 2:
                return True
        return False

    def take(self, x: float, y0: float, y1: float) -> None:
        insort(self._taken.setdefault(round(x / TRACK), []), (y0, y1, x))
