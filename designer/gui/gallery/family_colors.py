"""The colors of the families of networks, which all views share."""

from collections.abc import Iterable

from PySide6.QtGui import QColor

from designer.gui.base.contrast import legible
from designer.gui.base.theme import colors
from designer.gui.gallery.catalogue import Card, families

_STEP = 0.381966  # of the hue circle: the golden angle, so that successive hues differ much
_FIRST = 0.60


class FamilyColors:
    """A color for each family; families that follow each other have very different hues."""

    def __init__(self, cards: Iterable[Card] = ()) -> None:
        self.names = families(cards)
        self._index = {family: index for index, family in enumerate(self.names)}

    def __getitem__(self, family: str) -> QColor:
        """Return a family's color for areas and lines in the current theme."""
        index = self._index.get(family)
        if index is None:
            return QColor(colors().faint_text)
        hue = (_FIRST + index * _STEP) % 1.0
        yellow = max(
            0.0, 1 - abs(hue - 0.17) / 0.12
        )  # yellow looks lighter than other hues of the same lightness
        if colors().dark:
            return QColor.fromHslF(hue, 0.62, 0.66 - 0.06 * yellow)
        return QColor.fromHslF(hue, 0.62, 0.45 - 0.10 * yellow)

    def text_of(self, family: str) -> str:
        """Return a family's color for text on panels."""
        return legible(self[family].name(), colors().panel)
