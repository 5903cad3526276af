"""The direction in which data flow on the canvas: down or to the right.

Layout, rooms for expanded blocks and wires are computed in *flow coordinates*: first across the
flow, then along it, which for the flow down are x and y. Positions that a design stores are those
of the flow down; for the flow to the right they are stretched and turned, so that switching
changes no design.
"""

from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QPointF

from designer.gui.canvas.measures import (
    END_HEIGHT,
    END_WIDTH,
    FOOTER,
    HEADER,
    LEAST_WIDTH,
    NODE_WIDTH,
    SIDE,
    STRIP,
)
from designer.gui.documents.spacing import NODE_HEIGHT, ROW_PITCH


@dataclass(frozen=True)
class Flow:
    """A direction and the sizes that belong to it, all in scene units.

    Attributes
    ----------
    right
        Whether data flow to the right.
    width, height
        The size of a node.
    stretch
        The factors of stored positions, across and along.
    start, end, low, high
        Free space between the frame of an expanded block and the nodes inside it: before and behind
        them along the flow, and on both sides.
    least_across, least_along
        The least size of an expanded block, which has room for its title.
    strip
        The height of the part of a node, below its texts, that is free for pictures.
    """

    right: bool
    width: float
    height: float
    stretch: tuple[float, float]
    start: float
    end: float
    low: float
    high: float
    least_across: float = 0.0
    least_along: float = 0.0
    strip: float = 0.0

    @property
    def node(self) -> tuple[float, float]:
        """The size of a node across and along the flow."""
        return (self.height, self.width) if self.right else (self.width, self.height)

    @property
    def end_size(self) -> tuple[float, float]:
        """The size of a block's input or output across and along the flow."""
        return (END_HEIGHT, END_WIDTH) if self.right else (END_WIDTH, END_HEIGHT)

    def stretched(self, points: np.ndarray) -> np.ndarray:
        """Return stored positions in flow coordinates, (n, 2)."""
        return points if self.stretch == (1.0, 1.0) else points * self.stretch

    def turned(self, rows: np.ndarray) -> np.ndarray:
        """Turn points (..., 2), or boxes or spans (..., 4), to the scene or back."""
        if not self.right:
            return rows
        order = [1, 0] if rows.shape[-1] == 2 else [1, 0, 3, 2]
        turned: np.ndarray = rows[..., order]
        return turned

    def across(self, x: float, y: float) -> float:
        """Return the part of a scene vector across the flow."""
        return y if self.right else x

    def along(self, x: float, y: float) -> float:
        """Return the part of a scene vector along the flow."""
        return x if self.right else y

    def point(self, across: float, along: float) -> QPointF:
        """Return the scene point, or vector, of flow coordinates."""
        return QPointF(along, across) if self.right else QPointF(across, along)

    def stored(self, vector: QPointF) -> tuple[float, float]:
        """Return a scene vector in the units of stored positions, x and y."""
        across, along = self.across(vector.x(), vector.y()), self.along(vector.x(), vector.y())
        return across / self.stretch[0], along / self.stretch[1]


DOWN = Flow(
    right=False,
    width=NODE_WIDTH,
    height=NODE_HEIGHT,
    stretch=(1.0, 1.0),
    start=HEADER,
    end=FOOTER,
    low=SIDE,
    high=SIDE,
    least_across=LEAST_WIDTH,
)
# A node is narrower here: 38 layers in a row have to be legible on a wide screen, too. The factors
# leave the layout's gaps between nodes: 20 of 36 units across and 32 of 28 along.
RIGHT = Flow(
    right=True,
    width=158.0,
    height=60.0,
    stretch=(80 / 296, 190 / 72),
    start=FOOTER,
    end=FOOTER,
    low=HEADER,
    high=SIDE,
    least_along=LEAST_WIDTH,
)
# Nodes with pictures: as much farther apart as they are higher.
DOWN_WITH_PICTURES = replace(
    DOWN, height=DOWN.height + STRIP, stretch=(1.0, 1.0 + STRIP / ROW_PITCH), strip=STRIP
)
RIGHT_WITH_PICTURES = replace(
    RIGHT,
    height=RIGHT.height + STRIP,
    stretch=((80 + STRIP) / 296, RIGHT.stretch[1]),
    strip=STRIP,
)
