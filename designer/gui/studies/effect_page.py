"""The Effect page: what one field does to a figure, over all values of the others."""

import math

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from designer.gui.base.plot import Plot
from designer.gui.base.plot_parts import Line
from designer.gui.base.theme import colors, theme
from designer.gui.studies import scales, wording
from designer.gui.studies.model import StudyModel
from designer.gui.studies.page import Choice, Page, head
from designer.studies.answers.effects import effects
from designer.studies.answers.table import Row


class EffectPage(Page):
    """A figure against the values of a field: each candidate, and the mean with its interval."""

    def __init__(self, model: StudyModel) -> None:
        super().__init__(model, "study-effect")
        self.goal = Choice("effect-goal", "Figure")
        self.field = Choice("effect-field", "Field")
        self.plot = Plot("effect-plot")
        self._points: list[Row] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head(self.goal, "against", self.field))
        column.addWidget(self.plot, 1)
        for box in (self.goal, self.field):
            box.activated.connect(lambda _: self._draw())
        self.plot.picked.connect(self._pick)
        theme.changed.connect(self.redraw)

    def refresh(self) -> None:
        table = self.table
        names = [each.name for each in table.study.varied]
        self.goal.offer([(name, wording.title(name)) for name in table.goals])
        self.field.offer([(name, wording.capitalized(table.titles[name])) for name in names])
        self.field.setVisible(len(names) > 0)
        self._draw()

    def redraw(self) -> None:
        """Draw again in the colors of the theme."""
        if self.model.table is not None and self.goal.count():
            self._draw()

    def _draw(self) -> None:
        table, goal, c = self.table, self.goal.chosen, colors()
        varied = next((each for each in table.study.varied if each.name == self.field.chosen), None)
        if varied is None:
            self.plot.draw(
                up=wording.axis(goal), along="", caption="No field varies in this study."
            )
            return
        scale = scales.of_field(varied, table.rows)
        factor = wording.factor(goal)
        self._points = [row for row in table.rows if math.isfinite(row.mean(goal))]
        x = np.array([scale.at(row.values[varied.name]) for row in self._points], dtype=float)
        y = factor * np.array([row.mean(goal) for row in self._points], dtype=float)
        found = [each for each in effects(table, varied.name, goal) if each.summary.n]
        at = np.array([scale.at(each.value) for each in found], dtype=float)
        means = factor * np.array([each.summary.mean for each in found], dtype=float)
        low = factor * np.array([each.summary.low for each in found], dtype=float)
        high = factor * np.array([each.summary.high for each in found], dtype=float)
        title = table.titles[varied.name]

        def of_candidate(place: int) -> str:
            row = self._points[place]
            return f"Candidate {row.number}: {_words(row, goal)}, {_values(row)}"

        def of_value(place: int) -> str:
            each = found[place]
            known = wording.with_spread(goal, each.summary.mean, each.summary.deviation)
            number = "1 training" if each.summary.n == 1 else f"{each.summary.n} trainings"
            return f"{wording.capitalized(title)} {wording.value(each.value)}: {known} ({number})"

        limits = scales.of_numbers([*y.tolist(), *low.tolist(), *high.tolist()], log=False)
        joined = (not scale.names and varied.range is None) or len(found) <= len(self._points) / 2
        self.plot.draw(
            up=wording.axis(goal),
            along=wording.capitalized(title),
            caption=_caption(several=len(table.study.varied) > 1, repeated=len(table.labels) > 1),
            lines=(
                Line("", x, y, c.faint_text, of_candidate, points=True, size=6),
                Line(
                    "",
                    at,
                    means,
                    c.train,
                    of_value,
                    points=bool(scale.names) or not joined,
                    dots=True,
                    size=8,
                    strength=1.0,
                    low=low,
                    high=high,
                ),
            ),
            ranges=(*scale.ends, *limits.ends),
            marks_along=scale.marks,
            log=(scale.log, False),
        )

    def _pick(self, line: int, point: int) -> None:
        if line == 0 and self._points[point].runs:
            self.model.run_wanted.emit(self._points[point].runs[0])


def _words(row: Row, goal: str) -> str:
    found = row.summary(goal)
    return wording.with_spread(goal, found.mean, found.deviation)


def _values(row: Row) -> str:
    return ", ".join(map(wording.value, row.values.values()))


def _caption(*, several: bool, repeated: bool) -> str:
    words = ["Each small point is a candidate"]
    words.append(
        "; the large ones are means over all values of the other fields" if several else ""
    )
    bars = "" if not (several or repeated) else " Bars show the 95 % intervals of the means."
    return f"{''.join(words)}.{bars} Click a small point to see its training."
