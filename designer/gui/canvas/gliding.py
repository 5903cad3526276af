"""Nodes on their way from where they were to where they are now."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal

if TYPE_CHECKING:
    from designer.gui.canvas.view import GraphView

DURATION = 250  # milliseconds
_MOST = 2000  # nodes; more are shown in their new places at once


class Gliding(QObject):
    """Shows nodes away from their places, ever less; `finished` when they have arrived."""

    finished = Signal()

    def __init__(self, view: "GraphView") -> None:
        super().__init__(view)
        self.view = view
        self._rows = np.zeros(0, dtype=np.int64)
        self._ways = np.zeros((0, 2))
        self._animation = QVariantAnimation(self)
        self._animation.setDuration(DURATION)
        self._animation.setStartValue(1.0)
        self._animation.setEndValue(0.0)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._show)
        self._animation.finished.connect(self.stop)

    @property
    def running(self) -> bool:
        """Whether nodes are on their way."""
        return len(self._rows) > 0

    def begin(self, before: Mapping[str, tuple[float, float]]) -> None:
        """Let nodes move from earlier corners to where they are now."""
        self.stop()
        arrays = self.view.layer.arrays
        if len(arrays.paths) > _MOST or not self.view.isVisible():
            return
        known = [path for path in before if path in arrays.row]
        rows = np.array([arrays.row[path] for path in known], dtype=np.int64)
        ways = np.array([before[path] for path in known]).reshape(-1, 2) - arrays.box[rows, :2]
        far = (np.abs(ways).sum(axis=1) > 0.5) & (arrays.box[rows, 2] > 0)
        if np.any(far):
            self._rows, self._ways = rows[far], ways[far]
            self._show(1.0)
            self._animation.start()

    def stop(self) -> None:
        """Show everything where it belongs."""
        if self.running:
            self._rows = self._rows[:0]
            self._animation.stop()
            self.view.layer.drop()
            self.view.looked.emit()
            self.finished.emit()

    def _show(self, part: float) -> None:
        if self.running:
            self.view.layer.move(self._rows, self._ways[:, 0] * part, self._ways[:, 1] * part)
