"""Draws shapes10, the built-in color pictures: ten shapes that only their outline tells apart.

Every picture shows one shape, whose outline is its class, before a textured background. Color,
texture, place, size and angle are drawn alike for every class and say nothing about it; scattered
strokes, a bar across the shape, uneven light and grain are in the way. So a network has to put
edges together into outlines, which is what depth is for.

Run ``python -m designer.data.builtin.shapes PATH`` to write the file once more. Each picture has a
random generator of its own, so that any of them can be drawn alone.
"""

import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

Array = np.ndarray[Any, np.dtype[Any]]
Shape = Callable[[Array, Array, Generator], Array]

SIDE = 32  # pixels
COUNTS = {"train": 5000, "test": 1000}  # pictures, the classes equally often
SEED = 20
_FINE = 2  # samples of a pixel along each side, whose mean is its value
_TILT = np.radians(30)  # at most, to either side
_STEP = 8  # between the levels that a value may take: 32 levels keep the file small


# The shapes: functions of x and y, where a shape fills about the circle of radius 1, that return
# where its inside is. Their generator varies the proportions.


def _arrow(x: Array, y: Array, random: Generator) -> Array:
    shaft = random.uniform(0.14, 0.24)
    head = (x > 0.05) & (np.abs(y) < 0.8 * (1 - x))
    return head | ((np.abs(y) < shaft) & (x > -1) & (x <= 0.05))


def _crescent(x: Array, y: Array, random: Generator) -> Array:
    bite = random.uniform(0.4, 0.55)
    return (np.hypot(x, y) < 1) & (np.hypot(x - bite, y) > 0.85)


def _cross(x: Array, y: Array, random: Generator) -> Array:
    arm = random.uniform(0.2, 0.32)
    short = np.minimum(np.abs(x), np.abs(y))
    return (short < arm) & (np.maximum(np.abs(x), np.abs(y)) < 0.92)


def _flower(x: Array, y: Array, random: Generator) -> Array:
    petals = int(random.integers(5, 8))
    edge: Array = 0.72 + 0.27 * np.cos(petals * np.arctan2(y, x))
    return np.hypot(x, y) < edge


def _heart(x: Array, y: Array, random: Generator) -> Array:
    width = random.uniform(0.95, 1.15)
    u, v = 1.2 * width * x, 0.15 - 1.2 * y  # y points down
    return (u**2 + v**2 - 1) ** 3 - u**2 * v**3 < 0


def _ring(x: Array, y: Array, random: Generator) -> Array:
    hole = random.uniform(0.45, 0.68)
    distance = np.hypot(x, y)
    return (distance < 1) & (distance > hole)


def _spiral(x: Array, y: Array, random: Generator) -> Array:
    turns = random.uniform(1.6, 2.0)
    hand = 1 if random.random() < 0.5 else -1
    distance = np.hypot(x, y)
    phase = (distance * turns - hand * np.arctan2(y, x) / (2 * np.pi)) % 1
    return (distance < 1) & (phase < 0.5)


def _square(x: Array, y: Array, random: Generator) -> Array:
    stretch = random.uniform(0.9, 1.1)
    return (np.abs(x) < 0.75 * stretch) & (np.abs(y) < 0.75 / stretch)


def _star(x: Array, y: Array, random: Generator) -> Array:
    depth = random.uniform(0.4, 0.5)
    sector = 2 * np.pi / 5
    angle = np.abs((np.arctan2(y, x) + sector / 2) % sector - sector / 2)
    distance = np.hypot(x, y)
    u, v = distance * np.cos(angle), distance * np.sin(angle)
    # The straight edge from the tip (1, 0) to the notch between two tips.
    notch_u, notch_v = depth * np.cos(sector / 2), depth * np.sin(sector / 2)
    side: Array = (u - 1) * notch_v - v * (notch_u - 1)
    return side < 0


def _triangle(x: Array, y: Array, random: Generator) -> Array:
    width = random.uniform(0.9, 1.1)
    return (x > -0.6) & (np.abs(y) < 0.6 * width * (0.95 - x))


SHAPES: Mapping[str, Shape] = {
    "arrow": _arrow,
    "crescent": _crescent,
    "cross": _cross,
    "flower": _flower,
    "heart": _heart,
    "ring": _ring,
    "spiral": _spiral,
    "square": _square,
    "star": _star,
    "triangle": _triangle,
}
CLASSES = tuple(SHAPES)


# The textures: functions of x and y in pixels, from 0 to 1.


def _even(x: Array, y: Array, random: Generator) -> Array:
    return np.zeros_like(x)


def _stripes(x: Array, y: Array, random: Generator) -> Array:
    period, shift = random.uniform(3, 9), random.uniform(0, 1)
    return ((x / period + shift) % 1 < 0.5).astype(np.float64)


def _checks(x: Array, y: Array, random: Generator) -> Array:
    period = random.uniform(2.5, 6)
    return ((np.floor(x / period) + np.floor(y / period)) % 2).astype(np.float64)


def _dots(x: Array, y: Array, random: Generator) -> Array:
    period = random.uniform(4, 7)
    u, v = x / period % 1 - 0.5, y / period % 1 - 0.5
    return (np.hypot(u, v) < 0.32).astype(np.float64)


def _waves(x: Array, y: Array, random: Generator) -> Array:
    period, shift = random.uniform(4, 10), random.uniform(0, 2 * np.pi)
    bend = np.sin(2 * np.pi * y / random.uniform(8, 16))
    return 0.5 + 0.5 * np.sin(2 * np.pi * x / period + 1.5 * bend + shift)


_TEXTURES = (_even, _even, _stripes, _checks, _dots, _waves)


def picture(part: str, index: int) -> tuple[Array, int]:
    """Draw one picture.

    Parameters
    ----------
    part
        ``train`` or ``test``.
    index
        The number of the picture within its part.

    Returns
    -------
    tuple
        The picture, uint8 of (32, 32, 3), and the number of its class in `CLASSES`.
    """
    random = np.random.default_rng([SEED, list(COUNTS).index(part), index])
    label = int(_labels(part, COUNTS[part])[index])
    centers = (np.arange(SIDE * _FINE) + 0.5) / _FINE  # of the samples, in pixels
    x, y = np.meshgrid(centers, centers)
    behind, front, *others = _colors(random)
    image = _textured(x, y, behind, random)
    for color in others:
        image = _over(image, _scrap(x, y, random), color)
    radius = random.uniform(9, 13)
    middle = random.uniform(radius, SIDE - radius, 2)
    u, v = _turned((x - middle[0]) / radius, (y - middle[1]) / radius, random, most=_TILT)
    inside = SHAPES[CLASSES[label]](u, v, random)
    image = np.where(inside[..., None], _textured(x, y, front, random), image)
    if random.random() < 0.5:
        across, _ = _turned(x - middle[0], y - middle[1], random)
        offset = random.uniform(-0.6, 0.6) * radius
        image = _over(image, np.abs(across - offset) < random.uniform(0.6, 1.4), others[0])
    pixels = image.reshape(SIDE, _FINE, SIDE, _FINE, 3).mean(axis=(1, 3))
    return _stored(_lit(pixels, random), random), label


@cache
def _labels(part: str, count: int) -> Array:
    """Return the class numbers of a part, shuffled, so that evenly spaced pictures show all."""
    random = np.random.default_rng([SEED, list(COUNTS).index(part)])
    labels: Array = random.permutation(count) % len(CLASSES)
    return labels


def _colors(random: Generator) -> list[Array]:
    """Return the colors of the background, the shape and the scraps, from 0 to 1.

    The shape is brighter than the background by at least 0.3, so that its outline shows.
    """
    while True:
        colors = random.uniform(0, 1, (2, 3))
        if float(np.diff(colors.mean(axis=1))[0]) > 0.3:
            return [*colors, *random.uniform(0, 1, (int(random.integers(1, 4)), 3))]


def _turned(x: Array, y: Array, random: Generator, *, most: float = np.pi) -> tuple[Array, Array]:
    """Return coordinates turned around 0 by a random angle of at most `most` to either side."""
    angle = random.uniform(-most, most)
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * x + sin * y, cos * y - sin * x


def _textured(x: Array, y: Array, color: Array, random: Generator) -> Array:
    """Return a plane of a color with a texture of a similar one."""
    texture = _TEXTURES[int(random.integers(len(_TEXTURES)))]
    change = random.uniform(-0.2, 0.2, 3)
    return color + change * texture(*_turned(x, y, random), random)[..., None]


def _scrap(x: Array, y: Array, random: Generator) -> Array:
    """Return the pixels of a small stroke or dot in the background, as a distraction."""
    middle = random.uniform(0, SIDE, 2)
    u, v = _turned(x - middle[0], y - middle[1], random)
    length, width = random.uniform(1.5, 6), random.uniform(0.6, 1.5)
    return (u / length) ** 2 + (v / width) ** 2 < 1


def _over(image: Array, where: Array, color: Array) -> Array:
    return np.where(where[..., None], color, image)


def _lit(pixels: Array, random: Generator) -> Array:
    """Return a picture under light that falls off to one side, with a contrast of its own."""
    across, down = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    toward, _ = _turned(across, down, random)
    light = random.uniform(0, 0.175) * toward
    contrast, brightness = random.uniform(0.6, 1), random.uniform(0.4, 0.6)
    return (pixels - 0.5) * contrast + brightness + light[..., None]


def _stored(pixels: Array, random: Generator) -> Array:
    """Return a picture with grain as uint8, in steps of `_STEP`."""
    grain = random.normal(0, random.uniform(0, 0.02), (SIDE, SIDE, 1))
    levels = np.floor(np.clip(pixels + grain, 0, 1 - 1e-9) * (256 // _STEP))
    return (levels * _STEP + _STEP // 2).astype(np.uint8)


def arrays() -> dict[str, Array]:
    """Return what the file holds: ``x_train``, ``y_train``, ``x_test``, ``y_test``, ``classes``."""
    found: dict[str, Array] = {}
    for part, count in COUNTS.items():
        drawn = [picture(part, index) for index in range(count)]
        found[f"x_{part}"] = np.stack([image for image, _ in drawn])
        found[f"y_{part}"] = np.array([label for _, label in drawn], np.uint8)
    return {**found, "classes": np.array(CLASSES)}


def write(path: Path) -> None:
    """Write the file that ships with the program."""
    # The stubs take each of the names for allow_pickle, which none of them is.
    np.savez_compressed(path, **arrays())  # type: ignore[arg-type]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
