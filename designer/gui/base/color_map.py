"""The color map viridis, in steps: numbers from low to high as colors that all can tell apart.

It is perceptually uniform, is read by people who are color-blind, and gets lighter from end to end,
so that it is the same scale in the light and the dark theme and in print.

By Nathaniel Smith, Stéfan van der Walt and Eric Firing, in the public domain (CC0):
https://bids.github.io/colormap/
"""

from functools import lru_cache

from PySide6.QtGui import QColor

from designer.gui.base.contrast import contrast

STEPS = 64
"""The number of colors: neighbors can hardly be told apart."""

_ANCHORS = (
    "#440154", "#48186a", "#472d7b", "#424086", "#3b528b", "#33638d", "#2c728e", "#26818e",
    "#21908c", "#1f9f88", "#28ae80", "#3ebc74", "#5dc963", "#82d34c", "#abdc32", "#d5e21a",
    "#fde725",
)  # fmt: skip


@lru_cache(maxsize=1)
def palette() -> tuple[QColor, ...]:
    """Return the colors, that of the lowest values first."""
    anchors = [QColor(each) for each in _ANCHORS]
    last = len(anchors) - 1
    found = []
    for step in range(STEPS):
        at = step / (STEPS - 1) * last
        index = min(int(at), last - 1)
        one, two, part = anchors[index], anchors[index + 1], at - index
        found.append(
            QColor.fromRgbF(
                one.redF() + (two.redF() - one.redF()) * part,
                one.greenF() + (two.greenF() - one.greenF()) * part,
                one.blueF() + (two.blueF() - one.blueF()) * part,
            )
        )
    return tuple(found)


@lru_cache(maxsize=1)
def dark_text() -> tuple[bool, ...]:
    """Return for each color whether black text on it is read better than white."""
    return tuple(
        contrast("#000000", each.name()) > contrast("#ffffff", each.name()) for each in palette()
    )
