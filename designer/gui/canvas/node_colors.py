"""The color of each node by an overlay: its value as a step of the color map."""

import math
from collections.abc import Sequence

import numpy as np

from designer.gui.base import numbers
from designer.gui.base.color_map import STEPS
from designer.gui.documents.node_values import Overlay

NO_VALUE = STEPS
"""The step of a node without a value, which is gray."""
_MOST_NAMED = 3  # suspicious nodes inside a block that are named


class NodeColors:
    """The scale of an overlay, and the nodes that are suspicious by it.

    Attributes
    ----------
    low, high
        The ends of the scale: the least and the largest value, of those above 0 if it is
        logarithmic; NaN if no node has such a value.
    bad
        The paths of nodes with a suspicious value.
    """

    def __init__(self, overlay: Overlay) -> None:
        self.overlay = overlay
        values = [each for each in overlay.values.values() if math.isfinite(each)]
        scaled = [each for each in values if each > 0] if overlay.logarithmic else values
        self.low = min(scaled, default=math.nan)
        self.high = max(scaled, default=math.nan)
        self.bad = frozenset(
            path for path, value in overlay.values.items() if overlay.is_bad(value)
        )
        self._around_bad = {around for path in self.bad for around in _around(path)}
        self._around_bad -= overlay.values.keys()  # which have a value of their own to judge

    @property
    def empty(self) -> bool:
        """Whether no node has a value on the scale."""
        return math.isnan(self.low)

    def step(self, value: float) -> int:
        """Return the step of a value; one that is not a number has none."""
        if math.isnan(value):
            return NO_VALUE
        low, high = self.low, self.high
        if not value > low:  # also zeros on a logarithmic scale, and where the scale is empty
            return STEPS // 2 if low == high == value else 0
        if value >= high:
            return STEPS - 1
        if self.overlay.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return min(int((value - low) / (high - low) * STEPS), STEPS - 1)

    def of(self, paths: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps of nodes, (n,) uint8, and which of them are to be marked, (n,) bool."""
        values = self.overlay.values
        steps = [self.step(values[path]) if path in values else NO_VALUE for path in paths]
        bad = [path in self.bad or path in self._around_bad for path in paths]
        return np.array(steps, dtype=np.uint8), np.array(bad, dtype=bool)

    def lines(self, path: str) -> list[str]:
        """Return what the card of a node says of its value, and of suspicious ones inside it."""
        overlay = self.overlay
        found = []
        if text := overlay.written(path):
            found.append(f"{overlay.title}: {text}")
        if path in self.bad:
            found.append(f"This is suspicious: {self.range_sentence()}")
        if path in self._around_bad:
            inside = [each for each in overlay.values if each in self.bad]
            inside = [each for each in inside if each.startswith(f"{path}.")]
            found.append(f"{overlay.title}, suspicious inside:")
            found += [f"{each}: {overlay.written(each)}" for each in inside[:_MOST_NAMED]]
            if len(inside) > _MOST_NAMED:
                found.append("…")
        return found

    def marked_sentence(self) -> str:
        """Say how many nodes are marked as suspicious, and why; "" for none."""
        number = len(self.bad)
        if not number:
            return ""
        if number == 1:
            return f"1 value is marked: {self.range_sentence()}"
        return f"{numbers.count(number)} values are marked: {self.range_sentence()}"

    def range_sentence(self) -> str:
        """Say which values are usual."""
        low, high = self.overlay.bad
        if low is not None and high is not None:
            return f"usual values lie from {self.overlay.text(low)} to {self.overlay.text(high)}."
        if high is not None:
            return f"usual values are at most {self.overlay.text(high)}."
        if low is not None:
            return f"usual values are at least {self.overlay.text(low)}."
        return "usual values are numbers."


def _around(path: str) -> list[str]:
    """Return the paths of the blocks around a node."""
    found = []
    while path := path.rpartition(".")[0]:
        found.append(path)
    return found
