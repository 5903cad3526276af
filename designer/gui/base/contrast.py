"""How well a color is read on another, by WCAG 2.2, and colors that are read well enough."""

from functools import lru_cache

from PySide6.QtGui import QColor

ENOUGH = 4.5  # for text of the usual size, https://www.w3.org/TR/WCAG22/#contrast-minimum
_STEP = 0.01  # of the lightness
_MIDDLE = 0.18  # the luminance on which black and white are read equally well


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colors' luminances, from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=256)
def legible(color: str, *grounds: str) -> str:
    """Return a color of the same hue, as much lighter or darker as text on the grounds needs.

    It becomes lighter on dark grounds, darker on light ones; the grounds are of one kind.
    """
    hue, saturation, lightness, _ = QColor(color).getHslF()
    step = _STEP if _luminance(grounds[0]) < _MIDDLE else -_STEP
    while min(contrast(color, ground) for ground in grounds) < ENOUGH and 0 <= lightness <= 1:
        color = QColor.fromHslF(hue, saturation, lightness).name()
        lightness += step
    return color


def _luminance(name: str) -> float:
    """Return the relative luminance of sRGB, from 0 to 1."""
    color = QColor(name)
    parts = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (color.redF(), color.greenF(), color.blueF())
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))
