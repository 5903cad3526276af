"""What painting reads of the layer, so that painting need not import the layer itself."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from PySide6.QtCore import QPointF

from designer.gui.canvas.arrays import Arrays
from designer.gui.canvas.captions import Captions
from designer.gui.canvas.look import Look
from designer.gui.canvas.node_colors import NodeColors
from designer.gui.canvas.node_pictures import Atlas
from designer.gui.canvas.sprites import Sprites
from designer.gui.canvas.targets import Light, PortHit


class PaintedLayer(Protocol):
    """The drawn state of the graph; `GraphLayer` explains its attributes."""

    arrays: Arrays
    captions: Captions
    look: Look
    sprites: Sprites
    box: np.ndarray
    anchor: np.ndarray
    wire: np.ndarray
    wire_box: np.ndarray
    lane: np.ndarray
    line: np.ndarray
    lifted: np.ndarray | None
    selected: np.ndarray
    selected_few: bool
    hovered: int
    lit_edge: int
    lit_ports: Mapping[PortHit, Light]
    node_colors: NodeColors | None
    step: np.ndarray
    suspicious: np.ndarray
    atlas: Atlas | None
    picture: np.ndarray

    def port_position(self, hit: PortHit) -> QPointF | None:
        """Return the center of a port, None if it is not drawn."""
