"""How well a colour is read on another, by WCAG 2.2, and colours that are read well enough."""

from functools import lru_cache

from PySide6.QtGui import QColor

ENOUGH = 4.5  # for text of the usual size, https://www.w3.org/TR/WCAG22/#contrast-minimum
_STEP = 0.01  # of the lightness
_MIDDLE = 0.18  # the luminance on which black and white are read equally well


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours' luminances, from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=256)
def legible(colour: str, *grounds: str) -> str:
    """Return a colour of the same hue, as much lighter or darker as text on the grounds needs.

    It becomes lighter on dark grounds, darker on light ones; the grounds are of one kind.
    """
    hue, saturation, lightness, _ = QColor(colour).getHslF()
    step = _STEP if _luminance(grounds[0]) < _MIDDLE else -_STEP
    while min(contrast(colour, ground) for ground in grounds) < ENOUGH and 0 <= lightness <= 1:
        colour = QColor.fromHslF(hue, saturation, lightness).name()
        lightness += step
    return colour


def _luminance(name: str) -> float:
    """Return the relative luminance of sRGB, from 0 to 1."""
    colour = QColor(name)
    parts = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))
