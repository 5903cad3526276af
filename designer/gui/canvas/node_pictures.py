"""Pictures on nodes, such as feature maps: one atlas for all, and what of it is drawn where.

All tiles lie in one pixmap, so that a frame draws them with one or two calls: 3,500 tiles of 16
pixels take 2 ms, as single pixmaps 13 to 28 ms. Half, quarter and smaller copies of the tiles lie
in it, too: a small tile that is scaled from a large one would flicker.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import shiboken6
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter, QPixmap

from designer.gui.canvas.measures import EDGE_BAR, PICTURE_INSET
from designer.gui.documents.node_values import NodePictures

_WIDE = 2048  # pixels of the atlas
_HALVED = 12  # pixels on a side from which on a tile is there in half the size, too
_PIXELATED = 3.0  # times as large as it is, from which on a tile shows its pixels as squares
_MOST_SMOOTH = 600_000  # pixels of the window that are drawn smoothly; more would take too long

_BYTES = np.uint32(0x00FF00FF)

NONE = -1
"""The number of a node that has no pictures."""


class _Tiles(NamedTuple):
    """Tiles of one size: numbers of the tiles, and 0xffRRGGBB (n, height, width)."""

    numbers: np.ndarray
    pixels: np.ndarray


class Atlas:
    """The tiles of `NodePictures` in one pixmap.

    Attributes
    ----------
    pictures
        What it holds.
    pixmap
        All tiles with their smaller copies.
    number
        The number of each path's pictures; paths that share an array share it.
    first, count
        The number of the first tile of each of them, and how many there are.
    size
        The width and height of the tiles of each, (n, 2).
    corner
        The left and top of each tile in the pixmap, at full size, at half and so on: (halvings,
        tiles, 2).
    halvings
        How many times the tiles of each are there in half the size again.
    """

    def __init__(self, pictures: NodePictures) -> None:
        self.pictures = pictures
        self.number: dict[str, int] = {}
        known: dict[int, int] = {}
        arrays: list[np.ndarray] = []
        for path, array in pictures.pictures.items():
            if not array.size:
                continue
            if id(array) not in known:
                known[id(array)] = len(arrays)
                arrays.append(array)
            self.number[path] = known[id(array)]
        self.count = np.array([len(each) for each in arrays], dtype=np.int64)
        self.first = np.cumsum(self.count) - self.count
        self.size = np.array([each.shape[2:0:-1] for each in arrays], np.int64).reshape(-1, 2)
        self.halvings = np.zeros(len(arrays), np.int64)
        levels = [_grouped(arrays, self.first, _colors(pictures.palette))]
        while larger := [each for each in levels[-1] if min(each.pixels.shape[1:]) >= _HALVED]:
            levels.append([_half(each) for each in larger])
        self.corner = np.full((max(len(levels), 1), int(self.count.sum()), 2), NONE)
        bands: list[np.ndarray] = []
        top = 0
        for level, groups in enumerate(levels):
            for tiles in groups:
                band, corners = _band(tiles.pixels)
                self.corner[level, tiles.numbers] = corners + np.array([0, top])
                bands.append(band)
                top += len(band)
        has = self.corner[:, self.first, 0] != NONE if arrays else np.zeros((1, 0), bool)
        self.halvings = has.sum(axis=0) - 1
        whole = np.concatenate(bands) if bands else np.zeros((1, _WIDE), np.uint32)
        image = QImage(whole.data, _WIDE, len(whole), 4 * _WIDE, QImage.Format.Format_RGB32)
        self.pixmap = QPixmap.fromImage(image)

    def numbers_of(self, paths: Sequence[str]) -> np.ndarray:
        """Return the number of the pictures at each path, `NONE` where there are none, (n,)."""
        number = self.number
        return np.array([number.get(path, NONE) for path in paths], np.int64)

    def image(self, number: int, tile: int) -> QPixmap:
        """Return one tile of some pictures as a pixmap of its own."""
        left, top = self.corner[0, self.first[number] + tile].tolist()
        width, height = self.size[number].tolist()
        return self.pixmap.copy(QRect(left, top, width, height))


def strip_areas(boxes: np.ndarray, top: np.ndarray, scale: float) -> np.ndarray:
    """Return the parts of nodes that pictures are drawn on, (n, 4).

    Parameters
    ----------
    boxes
        The nodes: left, top, width and height in some unit, (n, 4).
    top
        The height of the text above the pictures, in this unit, (n,).
    scale
        How many of this unit are a scene unit.
    """
    inset = PICTURE_INSET * scale
    left = EDGE_BAR * scale + inset
    areas = boxes.copy()
    areas[:, 0] += left
    areas[:, 1] += top
    areas[:, 2] -= left + inset
    areas[:, 3] -= top + inset
    return areas


class Placed(NamedTuple):
    """Where tiles are drawn.

    Attributes
    ----------
    owner
        The index of the area of each, (n,).
    tile
        Its number within the pictures of that area: 0 for the first, (n,).
    rect
        Its left, top, width and height, (n, 4).
    """

    owner: np.ndarray
    tile: np.ndarray
    rect: np.ndarray


def place(
    areas: np.ndarray, sizes: np.ndarray, counts: np.ndarray, *, gap: float, unit: float
) -> Placed:
    """Return where the tiles of some areas lie: as many as fit, in one row from the left.

    Parameters
    ----------
    areas
        Left, top, width and height, (n, 4).
    sizes
        The width and height of the tiles of each, (n, 2).
    counts
        How many tiles each has, (n,).
    gap
        Free space between two tiles.
    unit
        What places and sizes are multiples of, so that pixels stay whole.
    """
    room, high = areas[:, 2], areas[:, 3]
    proportion = sizes[:, 0] / sizes[:, 1]
    high = np.minimum(high, room / proportion)  # a wide picture is as low as it has to be
    high = np.maximum(np.floor(high / unit) * unit, unit)
    wide = np.maximum(np.floor(high * proportion / unit) * unit, unit)
    fit = np.clip(((room + gap + 1e-6) // (wide + gap)).astype(np.int64), 1, counts)
    owner = np.repeat(np.arange(len(areas)), fit)
    tile = np.arange(len(owner)) - np.repeat(np.cumsum(fit) - fit, fit)
    rect = np.empty((len(owner), 4))
    rect[:, 0] = np.round(areas[owner, 0] / unit) * unit + tile * (wide + gap)[owner]
    middle = areas[:, 1] + (areas[:, 3] - high) / 2
    rect[:, 1] = (np.round(middle / unit) * unit)[owner]
    rect[:, 2] = wide[owner]
    rect[:, 3] = high[owner]
    return Placed(owner, tile, rect)


def draw(
    painter: QPainter, atlas: Atlas, numbers: np.ndarray, placed: Placed, *, unit: float
) -> None:
    """Draw tiles.

    Parameters
    ----------
    painter
        In the coordinates of the tiles' rectangles.
    atlas
        What they are taken from.
    numbers
        The number of the pictures of each area, (n,).
    placed
        Where they lie.
    unit
        The size of a pixel of the screen.
    """
    number = numbers[placed.owner]
    size = atlas.size[number]
    factor = placed.rect[:, 2] / unit / size[:, 0]  # pixels of the screen for one of the tile
    halved = np.floor(np.log2(1.0 / np.maximum(factor, 1e-3))).astype(np.int64)
    halved = np.clip(halved, 0, atlas.halvings[number])
    fragments = np.zeros((len(number), 10))  # as QPainter.PixmapFragment lies in memory
    source = size >> halved[:, None]
    fragments[:, 0:2] = placed.rect[:, :2] + placed.rect[:, 2:] / 2
    fragments[:, 2:4] = atlas.corner[halved, atlas.first[number] + placed.tile]
    fragments[:, 4:6] = source
    fragments[:, 6:8] = placed.rect[:, 2:] / source
    fragments[:, 9] = 1.0  # opacity
    pixels = placed.rect[:, 2] * placed.rect[:, 3] / unit**2
    smooth = (factor < _PIXELATED) & (pixels.sum() < _MOST_SMOOTH)
    hint = QPainter.RenderHint.SmoothPixmapTransform
    for some, how in ((~smooth, False), (smooth, True)):
        rows = np.ascontiguousarray(fragments[some])
        if len(rows):
            painter.setRenderHint(hint, how)
            pointer: Any = shiboken6.wrapInstance(  # type: ignore[no-untyped-call]  # the stub has no types
                rows.__array_interface__["data"][0], QPainter.PixmapFragment
            )
            opaque = QPainter.PixmapFragmentHint.OpaqueHint
            painter.drawPixmapFragments(pointer, len(rows), atlas.pixmap, opaque)
    painter.setRenderHint(hint, False)


def _colors(palette: np.ndarray | None) -> np.ndarray:
    """Return the color 0xffRRGGBB of each level, (256,)."""
    if palette is None:
        palette = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    return _packed(palette)


def _packed(colors: np.ndarray) -> np.ndarray:
    """Return colors (..., 3) as 0xffRRGGBB (...)."""
    parts = colors.astype(np.uint32)
    packed: np.ndarray = 0xFF000000 | parts[..., 0] << 16 | parts[..., 1] << 8 | parts[..., 2]
    return packed.astype(np.uint32)


def _grouped(arrays: Sequence[np.ndarray], first: np.ndarray, colors: np.ndarray) -> list[_Tiles]:
    """Return all tiles in groups of the same size."""
    by_size: dict[tuple[int, int], tuple[list[np.ndarray], list[np.ndarray]]] = {}
    for array, start in zip(arrays, first.tolist(), strict=True):
        numbers, pixels = by_size.setdefault(array.shape[1:3], ([], []))
        numbers.append(np.arange(start, start + len(array)))
        pixels.append(_packed(array) if array.ndim == 4 else colors[array])
    return [
        _Tiles(np.concatenate(numbers), np.ascontiguousarray(np.concatenate(pixels)))
        for numbers, pixels in by_size.values()
    ]


def _half(tiles: _Tiles) -> _Tiles:
    """Return tiles in half their size, each pixel the mean of four."""
    high, wide = (each // 2 * 2 for each in tiles.pixels.shape[1:])
    four = [tiles.pixels[:, y:high:2, x:wide:2] for y in (0, 1) for x in (0, 1)]
    return _Tiles(tiles.numbers, _mean(four, 0) | _mean(four, 8) << 8)


def _mean(four: Sequence[np.ndarray], shift: int) -> np.ndarray:
    """Return the mean of two of the four bytes of pixels, each with room for the sum of four."""
    total = four[0] >> shift & _BYTES
    for each in four[1:]:
        total = total + (each >> shift & _BYTES)
    mean: np.ndarray = total >> 2 & _BYTES
    return mean


def _band(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return tiles side by side in rows of the atlas, and the left and top of each, (n, 2)."""
    count, height, width = pixels.shape
    across = max(1, _WIDE // width)
    down = -(-count // across)
    padded = np.zeros((down * across, height, min(width, _WIDE)), np.uint32)
    padded[:count] = pixels[:, :, :_WIDE]
    rows = padded.reshape(down, across, height, -1).transpose(0, 2, 1, 3)
    band = np.zeros((down * height, _WIDE), np.uint32)
    flat = rows.reshape(down * height, -1)
    band[:, : flat.shape[1]] = flat
    numbers = np.arange(count)
    return band, np.stack([numbers % across * width, numbers // across * height], axis=1)
