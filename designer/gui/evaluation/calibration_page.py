"""The Calibration page: whether the network is right as often as its probabilities say."""

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from designer.gui.base.plot import Plot
from designer.gui.base.plot_parts import Bars, Line
from designer.gui.base.theme import colors, theme
from designer.gui.evaluation.model import EvaluationModel
from designer.gui.evaluation.page import Page, Table
from designer.metrics.calibration import Calibration

_CLOSE = 0.005  # a mean gap below which the network is neither over- nor underconfident


class CalibrationPage(Page):
    """The reliability plot: in each bin of probability, how many predictions are right."""

    def __init__(self, model: EvaluationModel) -> None:
        super().__init__(model, "evaluation-calibration")
        self.plot = Plot("calibration-plot")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        theme.changed.connect(self._dress)

    def _dress(self) -> None:
        if self.model.contents is not None:
            self.refresh()

    def refresh(self) -> None:
        found, c = self.contents.calibration, colors()
        filled = found.counts > 0
        left, right = found.edges[:-1][filled], found.edges[1:][filled]
        share, probability = found.right[filled], found.probability[filled]
        middle = (left + right) / 2
        counts = found.counts[filled]

        def words(place: int) -> str:
            return (
                f"Probabilities from {left[place]:.2f} to {right[place]:.2f}: {counts[place]:,} "
                f"predictions, {100 * share[place]:.1f} % of them right, "
                f"{100 * probability[place]:.1f} % on average"
            )

        diagonal = np.array([0.0, 1.0])
        low, high = np.minimum(share, probability), np.maximum(share, probability)
        classes = self.contents.kind == "classes"
        self.plot.draw(
            up="Share that is right" if classes else "Share that has the label",
            along="Probability of the prediction" if classes else "Probability of a label",
            caption=self.sentence(found),
            bars=(
                Bars(left, right, np.zeros(len(share)), share, c.train, 0.55),
                Bars(left, right, low, high, c.error, 0.75),
            ),
            lines=(
                Line("share that is right", middle, share, c.train, words, points=True),
                Line("gap to the probability", np.zeros(0), np.zeros(0), c.error),
                Line("", diagonal, diagonal, c.faint_text, faint=True),
            ),
        )

    def sentence(self, found: Calibration) -> str:
        """Return what the plot says, in words."""
        weights = found.counts / max(int(found.counts.sum()), 1)
        right = float(np.nansum(weights * found.right))
        sure = float(np.nansum(weights * found.probability))
        gap = sure - right
        what = "is right in" if self.contents.kind == "classes" else "finds a label there in"
        if abs(gap) < _CLOSE:
            verdict = "on average it is as sure as it should be"
        else:
            verdict = f"it is {'over' if gap > 0 else 'under'}confident"
        return (
            f"The network {what} {100 * right:.1f} % and says {100 * sure:.1f} % on average: "
            f"{verdict}. Bars that end on the dashed line are well calibrated; the mean length of "
            f"the red gaps, weighted by predictions, is the calibration error, "
            f"{100 * found.error:.2f} %."
        )

    def table(self) -> Table:
        found = self.contents.calibration
        columns = (
            found.edges[:-1].tolist(),
            found.edges[1:].tolist(),
            found.counts.tolist(),
            found.probability.tolist(),
            found.right.tolist(),
        )
        titles = ("above", "up to", "predictions", "mean probability", "share right")
        return Table("calibration", titles, list(zip(*columns, strict=True)))
