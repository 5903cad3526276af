"""Animates nodes from where they were drawn before an edit to where they are drawn after it."""

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal
from PySide6.QtWidgets import QWidget

from designer.gui.canvas.layer import GraphLayer

DURATION = 250  # milliseconds
_MOST = 2000  # nodes; more are shown at their new positions at once


class Gliding(QObject):
    """Shows moved nodes away from their new positions, ever less.

    Signals
    -------
    finished()
        The nodes have arrived.
    """

    finished = Signal()

    def __init__(self, view: QWidget, layer: GraphLayer) -> None:
        super().__init__(view)
        self.view = view
        self.layer = layer
        self._rows = np.zeros(0, dtype=np.int64)
        self._distances = np.zeros((0, 2))
        self._animation = QVariantAnimation(self)
        self._animation.setDuration(DURATION)
        self._animation.setStartValue(1.0)
        self._animation.setEndValue(0.0)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._show)
        self._animation.finished.connect(self.stop)

    @property
    def running(self) -> bool:
        """Whether nodes are moving."""
        return len(self._rows) > 0

    def begin(self, before: Mapping[str, tuple[float, float]]) -> None:
        """Move nodes from earlier top left corners, by path, to where they are now."""
        self.stop()
        arrays = self.layer.arrays
        if len(arrays.paths) > _MOST or not self.view.isVisible():
            return
        known = [path for path in before if path in arrays.row]
        rows = np.array([arrays.row[path] for path in known], dtype=np.int64)
        corners = np.array([before[path] for path in known]).reshape(-1, 2)
        distances = corners - arrays.box[rows, :2]
        far = (np.abs(distances).sum(axis=1) > 0.5) & (arrays.box[rows, 2] > 0)
        if np.any(far):
            self._rows, self._distances = rows[far], distances[far]
            self._show(1.0)
            self._animation.start()

    def stop(self) -> None:
        """Show all nodes at their own positions."""
        if self.running:
            self._rows = self._rows[:0]
            self._animation.stop()
            self.layer.drop()
            self.finished.emit()

    def _show(self, part: float) -> None:
        if self.running:
            self.layer.move(self._rows, self._distances[:, 0] * part, self._distances[:, 1] * part)
