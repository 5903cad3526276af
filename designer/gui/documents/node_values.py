"""What was found out about the nodes of a design, for the canvas to draw: pictures, or a figure.

The panel measures, and puts one of these values into the document by `Workspace.show_pictures` or
`Workspace.show_overlay`; the canvas draws it, and knows nothing of where it comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from designer.design.values import Design


@dataclass(frozen=True, eq=False)
class NodePictures:
    """Pictures of what nodes compute, such as feature maps.

    Attributes
    ----------
    design
        The design that was measured; nodes that were edited since have none.
    pictures
        By the path of the node or block: uint8 (n, height, width) of gray or (n, height, width, 3)
        of color, the most telling first.
    words
        What they are, for tooltips: "Feature maps of cat.png".
    """

    design: "Design"
    pictures: "Mapping[str, NDArray[Any]]"
    words: str


@dataclass(frozen=True, eq=False)
class Overlay:
    """A figure of each node, which is drawn as its color, with a legend.

    Attributes
    ----------
    title, unit
        What it is: "Share of zeros", and its unit, "" for none.
    values
        By the path of the node or block; others keep their color.
    logarithmic
        Whether colors are spread over the logarithm, as for figures of several orders of magnitude.
    bad
        Values from which on a node is marked as suspicious, as (low, high); None for an open side.
    words
        How the value of a node is written, by path; the number itself for others.
    """

    title: str
    values: Mapping[str, float]
    unit: str = ""
    logarithmic: bool = False
    bad: tuple[float | None, float | None] = (None, None)
    words: Mapping[str, str] = field(default_factory=dict)
