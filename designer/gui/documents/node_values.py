"""What was found out about the nodes of a design, for the canvas to draw: pictures, or a figure.

The panel measures, and puts one of these values into the document by `Workspace.show_pictures` or
`Workspace.show_overlay`; the canvas draws it, and knows nothing of where it comes from.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from designer.gui.base import numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from designer.design.values import Design
    from designer.runs.layer_times import LayerTimes


@dataclass(frozen=True, eq=False)
class NodePictures:
    """Pictures of what nodes compute, such as feature maps.

    Attributes
    ----------
    design
        The design that was measured; nodes that were edited since have none.
    pictures
        By the path of the node or block: uint8 (n, height, width) of gray or (n, height, width, 3)
        of color, the most telling first. Paths may share an array.
    words
        What they are, for tooltips: "Feature maps of cat.png".
    palette
        The color of each level of the pictures that are not in color, uint8 (256, 3); None if they
        are gray.
    figures
        A sentence on what each node gives, by path, for tooltips.
    """

    design: "Design"
    pictures: "Mapping[str, NDArray[Any]]"
    words: str
    palette: "NDArray[Any] | None" = None
    figures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class NodeTimes:
    """How long the nodes of a design take.

    Attributes
    ----------
    design
        The design that was measured.
    times
        The times, by node.
    """

    design: "Design"
    times: "LayerTimes"


@dataclass(frozen=True, eq=False)
class Overlay:
    """A figure of each node, which is drawn as its color, with a legend.

    Attributes
    ----------
    title, unit
        What it is: "Share of zeros", and its unit, "" for none.
    values
        By the path of the node or block; nodes without a value are gray.
    logarithmic
        Whether colors are spread over the logarithm, as for figures of several orders of magnitude.
    bad
        Values beyond which a node is marked as suspicious, as (low, high); None for an open side.
        A value that is not a number is suspicious, too.
    words
        How the value of a node is written, by path; the number itself for others.
    design
        The design that was measured, if values may be out of date after an edit.
    """

    title: str
    values: Mapping[str, float]
    unit: str = ""
    logarithmic: bool = False
    bad: tuple[float | None, float | None] = (None, None)
    words: Mapping[str, str] = field(default_factory=dict)
    design: "Design | None" = None

    def is_bad(self, value: float) -> bool:
        """Tell whether a value is marked as suspicious."""
        low, high = self.bad
        inside = (low is None or value >= low) and (high is None or value <= high)
        return not inside or math.isnan(value)

    def written(self, path: str) -> str:
        """Return the value of a node as text, "" if it has none."""
        if path in self.words:
            return self.words[path]
        return self.text(self.values[path]) if path in self.values else ""

    def text(self, value: float) -> str:
        """Return a value with its unit."""
        if self.unit == "bytes":
            return numbers.size(value)
        if self.unit == "ms" and value >= 1000:
            return f"{numbers.figure(value / 1000)} s"
        return f"{numbers.figure(value)} {self.unit}".rstrip()


def with_sums(values: Mapping[str, float]) -> dict[str, float]:
    """Return the values of layers, and for each block the sum of those inside it."""
    found: dict[str, float] = {}
    for path, value in values.items():
        found[path] = found.get(path, 0.0) + value
        around = path.rpartition(".")[0]
        while around:
            found[around] = found.get(around, 0.0) + value
            around = around.rpartition(".")[0]
    return found
