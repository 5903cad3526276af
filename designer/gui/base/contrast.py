"""Contrast of two colors by WCAG 2.2, and colors with enough of it for text."""

from functools import lru_cache

from PySide6.QtGui import QColor

ENOUGH = 4.5  # the ratio for text of normal size, https://www.w3.org/TR/WCAG22/#contrast-minimum
_STEP = 0.01  # of lightness, which runs from 0 to 1
_MIDDLE = 0.18  # the luminance on which black and white have the same contrast


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors, from 1 to 21.

    https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
    """
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=256)  # 0.4 ms each; a theme has about ten categories and four backgrounds
def legible(color: str, *backgrounds: str) -> str:
    """Return a color of the same hue that is light or dark enough for text on all backgrounds.

    It becomes lighter if the first background is dark, and darker otherwise.
    """
    hue, saturation, lightness, _ = QColor(color).getHslF()
    step = _STEP if _luminance(backgrounds[0]) < _MIDDLE else -_STEP
    while min(contrast(color, each) for each in backgrounds) < ENOUGH and 0 <= lightness <= 1:
        color = QColor.fromHslF(hue, saturation, lightness).name()
        lightness += step
    return color


def _luminance(name: str) -> float:
    """Return the relative luminance of an sRGB color, from 0 to 1."""
    color = QColor(name)
    parts = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (color.redF(), color.greenF(), color.blueF())
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))
