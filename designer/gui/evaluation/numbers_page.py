"""The Predictions page of numbers: true against predicted values, and how the errors spread."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout

from designer.gui.base.boxes import ComboBox
from designer.gui.base.plot import Plot
from designer.gui.base.plot_parts import Bars, Line
from designer.gui.base.segments import Segment, Segments
from designer.gui.base.theme import colors, theme
from designer.gui.evaluation.contents import Array
from designer.gui.evaluation.model import EvaluationModel
from designer.gui.evaluation.page import Page, Table
from designer.gui.evaluation.picture_wall import Pictures
from designer.metrics import regression

_KINDS = (
    Segment("scatter", "Predicted", "Predicted against true values, a point for each example"),
    Segment("residuals", "Residuals", "How often the prediction is off by how much"),
)
_BINS = 41  # of the histogram: an odd number, so that one is around 0


class NumbersPage(Page):
    """A scatter plot or a histogram; a click on a point shows the example."""

    def __init__(self, model: EvaluationModel) -> None:
        super().__init__(model, "evaluation-numbers")
        self.kinds = Segments("numbers-kind", _KINDS)
        self.number = ComboBox(objectName="numbers-target")
        self.number.setAccessibleName("Number")
        self.number.setToolTip("Which of the predicted numbers is shown.")
        self.plot = Plot("numbers-plot")
        self.pictures = Pictures(model)
        self.pictures.hide()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.kinds)
        head.addWidget(self.number)
        head.addStretch(1)
        split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        split.addWidget(self.plot)
        split.addWidget(self.pictures)
        split.setSizes([3000, 1000])  # of which Qt takes the shares
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(split, 1)
        self.kinds.chosen.connect(lambda _: self._draw())
        self.number.activated.connect(lambda _: self._draw())
        self.plot.picked.connect(self._pick)
        theme.changed.connect(self._dress)

    def _dress(self) -> None:
        if self.model.contents is not None:
            self._draw()

    def refresh(self) -> None:
        self.number.clear()
        self.number.addItems(list(self.contents.names))
        self.number.setVisible(len(self.contents.names) > 1)
        self.pictures.hide()
        self._draw()

    def _columns(self) -> tuple[Array, Array]:
        """Return true and predicted values of the chosen number."""
        number = max(self.number.currentIndex(), 0)
        return self.contents.targets[:, number], self.contents.values[:, number]

    def _draw(self) -> None:
        if self.kinds.current == "scatter":
            self._draw_scatter()
        else:
            self._draw_residuals()

    def _draw_scatter(self) -> None:
        true, said = self._columns()
        name, c = self.number.currentText(), colors()
        finite = [each[np.isfinite(each)] for each in (true, said)]
        low = min((float(each.min()) for each in finite if len(each)), default=0.0)
        high = max((float(each.max()) for each in finite if len(each)), default=1.0)
        if not high > low:
            low, high = low - 0.5, high + 0.5
        ends = np.array([low, high])
        self.plot.draw(
            up=f"Predicted {name}",
            along=f"True {name}",
            caption="Each point is an example; on the dashed line the prediction is right. Click "
            "a point to see its picture.",
            lines=(
                Line(
                    "",
                    true,
                    said,
                    c.train,
                    lambda i: f"Example {i}: {name} {true[i]:.4g}, predicted {said[i]:.4g}",
                    points=True,
                ),
                Line("", ends, ends, c.faint_text, faint=True),
            ),
            ranges=(low, high, low, high),
        )

    def _draw_residuals(self) -> None:
        true, said = self._columns()
        left = regression.residuals(said, true)
        counts, edges = regression.histogram(left, _BINS)
        widest = float(edges[-1])
        c, name = colors(), self.number.currentText()
        middle = (edges[:-1] + edges[1:]) / 2
        top = float(max(counts.max(), 1))

        def words(place: int) -> str:
            return (
                f"Residuals from {edges[place]:.3g} to {edges[place + 1]:.3g}: "
                f"{counts[place]:,} examples"
            )

        self.plot.draw(
            up="Examples",
            along=f"Residual of {name} (true minus predicted)",
            caption="How often the prediction is off by how much: around 0 it is right, right of "
            "it too little is predicted, left of it too much.",
            bars=(Bars(edges[:-1], edges[1:], np.zeros(len(counts)), counts, c.train, 0.7),),
            lines=(
                Line("", middle, counts.astype(float), c.train, words, points=True),
                Line("", np.zeros(2), np.array([0.0, top]), c.faint_text, faint=True),
            ),
            ranges=(-widest, widest, 0.0, top),
        )

    def _pick(self, line: int, point: int) -> None:
        if self.kinds.current != "scatter" or line:
            return
        number = max(self.number.currentIndex(), 0)
        self.pictures.show_images(
            f"Example {point}", [point], output=number, key="true → predicted value"
        )
        self.pictures.show()

    def table(self) -> Table:
        true, said = self._columns()
        left = regression.residuals(said, true)
        rows = list(zip(range(len(true)), true.tolist(), said.tolist(), left.tolist(), strict=True))
        return Table("predictions", ("index", "true", "predicted", "residual"), rows)
