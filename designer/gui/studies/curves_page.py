"""The Curves page: the trainings of a study over their epochs, colored by a field."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout

from designer.gui.base import numbers
from designer.gui.base.axes import ticks
from designer.gui.base.plot import Plot
from designer.gui.base.plot_parts import Line
from designer.gui.base.theme import colors, theme
from designer.gui.studies import scales, wording
from designer.gui.studies.curves import QUANTITIES, Curve, CurveReader
from designer.gui.studies.model import StudyModel
from designer.gui.studies.page import Choice, Page, head
from designer.gui.studies.scales import Scale
from designer.studies.answers.table import Row
from designer.studies.spec import Choice as Value

_IN_LEGEND = 8  # values that the legend names
_STRONG, _WEAKEST = 120.0, 0.3  # so many curves are opaque; of more, each is fainter
_MARKS = 10  # about as many epochs are marked
_NUMBER = "number"  # stands for the number of the candidate, where no field varies


class CurvesPage(Page):
    """A curve for each training; those of the same value of a field have the same color."""

    def __init__(self, model: StudyModel) -> None:
        super().__init__(model, "study-curves")
        self.quantity = Choice("curves-quantity", "Figure")
        self.quantity.offer([(each.name, each.title) for each in QUANTITIES.values()])
        self.field = Choice("curves-field", "Color by")
        self.plot = Plot("study-curves-plot")  # its lines have no names, as the key has them
        self.legend = QLabel(objectName="study-curves-key", wordWrap=True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setMinimumWidth(1)
        self._reader = CurveReader()
        self._curves: Mapping[Path, Curve] = {}
        self._busy = False
        self._groups: list[list[tuple[Row, Path, int]]] = []  # runs of each line, and their starts
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head(self.quantity, "colored by", self.field))
        column.addWidget(self.legend)
        column.addWidget(self.plot, 1)
        for box in (self.quantity, self.field):
            box.activated.connect(lambda _: self._draw())
        self.plot.picked.connect(self._pick)
        model.went_on.connect(lambda: self.refresh() if self.isVisible() else None)
        theme.changed.connect(self.redraw)

    def refresh(self) -> None:
        table = self.table
        fields = [
            (each.name, wording.capitalized(table.titles[each.name])) for each in table.study.varied
        ]
        self.field.offer(fields or [(_NUMBER, "Candidate")])
        if self.is_other():
            self._reader, self._curves, self._busy = CurveReader(), {}, False
            self._draw()
        if not self._busy:
            self._busy = True
            paths = [path for row in table.rows for path in row.runs]
            self.model.run(partial(self._reader.read, paths), self._has_read)

    def _has_read(self, curves: Mapping[Path, Curve]) -> None:
        self._busy = False
        if curves != self._curves or not self.plot.lines:
            self._curves = curves
            self._draw()

    def redraw(self) -> None:
        """Draw again in the colors of the theme."""
        if self.model.table is not None and self.field.count():
            self._draw()

    def _draw(self) -> None:
        table, quantity = self.table, QUANTITIES[self.quantity.chosen]
        scale, values = self._scale()
        groups: dict[Value, list[tuple[Row, Path, Curve]]] = {}
        for row, value in zip(table.rows, values, strict=True):
            for path in row.runs:
                curve = self._curves.get(path)
                if curve is not None and len(curve.epochs) and quantity.name in curve.values:
                    groups.setdefault(wording.value(value), []).append((row, path, curve))
        of_text = {wording.value(value): value for value in values}
        factor = 100.0 if quantity.share else 1.0
        self._groups = []
        lines: list[Line] = []
        named: list[tuple[str, str]] = []
        ends: list[tuple[float, ...]] = []
        strength = min(max(_STRONG / max(sum(map(len, groups.values())), 1), _WEAKEST), 1.0)
        for text, members in sorted(groups.items(), key=lambda each: scale.at(of_text[each[0]])):
            x, y, starts = _joined(members, quantity.name, factor)
            group = [
                (row, path, start) for (row, path, _), start in zip(members, starts, strict=True)
            ]
            self._groups.append(group)
            ends.append((float(np.nanmax(x)), *_span(y)))
            words = partial(self._words, len(lines), text, x, y)
            color = scale.color(of_text[text])
            named.append((text, color))
            lines.append(Line("", x, y, color, words, strength=strength))
        self._show_legend(scale, named)
        right = max((end[0] for end in ends), default=1.0)
        limits = scales.of_numbers([value for end in ends for value in end[1:]], log=False)
        if not lines:
            limits = scales.of_numbers([0.0, 100.0 if quantity.share else 1.0])
        number = sum(map(len, self._groups))
        left = min(1.0, right - 0.5) if number else 0.0
        self.plot.draw(
            up=f"{quantity.title}{', %' if quantity.share else ''}",
            along="Epoch",
            caption=(
                "No training has such a curve yet."
                if not number
                else f"{number} {'training' if number == 1 else 'trainings'}. Click a curve to see "
                "its training."
            ),
            lines=lines,
            ranges=(left, right, *limits.ends),
            marks_along=_epochs(left, right),
        )

    def _scale(self) -> tuple[Scale, Sequence[Value]]:
        """Return the scale of the chosen field, and its value for each candidate."""
        rows = self.table.rows
        if self.field.chosen == _NUMBER:
            counted = [row.number for row in rows]
            return scales.of_numbers(counted, log=False), counted
        varied = next(each for each in self.table.study.varied if each.name == self.field.chosen)
        return scales.of_field(varied, rows), [row.values[varied.name] for row in rows]

    def _words(self, line: int, text: str, x: scales.Array, y: scales.Array, place: int) -> str:
        row, path, _ = self._run_at(line, place)
        name = self.field.currentText()
        value = f"{y[place]:.2f} %" if QUANTITIES[self.quantity.chosen].share else f"{y[place]:.4g}"
        return f"Epoch {x[place]:.0f}: {value}. {name} {text}, candidate {row.number}, {path.name}"

    def _run_at(self, line: int, place: int) -> tuple[Row, Path, int]:
        """Return the run to which a point of a line belongs."""
        return next(each for each in reversed(self._groups[line]) if each[2] <= place)

    def _pick(self, line: int, point: int) -> None:
        self.model.run_wanted.emit(self._run_at(line, point)[1])

    def _show_legend(self, scale: Scale, named: Sequence[tuple[str, str]]) -> None:
        """Name the values with their colors; of many numbers, some along the scale."""
        if len(named) > _IN_LEGEND and not scale.names:
            low, high = scale.ends
            found = [at for at, _ in ticks(low, high, 6)]
            values = [10**at if scale.log else at for at in found]
            named = [(wording.value(each), scale.color(each)) for each in values]
        shown = named[:_IN_LEGEND]
        words = [
            f'<span style="color:{color}">━━ {escape(text)}</span>'.replace(" ", "&nbsp;", 0)
            for text, color in shown
        ]
        if len(named) > len(shown):
            words.append(f"and {len(named) - len(shown)} more")
        soft = colors().soft_text
        title = f'<span style="color:{soft}">{escape(self.field.currentText())}:</span>'
        self.legend.setText(" &nbsp; ".join([title, *words]))
        self.legend.setVisible(bool(named))


def _epochs(low: float, high: float) -> list[tuple[float, str]]:
    """Return round numbers of epochs, all of them whole, with their texts."""
    found = ticks(low, high, min(high - low, _MARKS))
    return [(at, numbers.count(round(at))) for at, _ in found if at == round(at)]


def _joined(
    members: Sequence[tuple[Row, Path, Curve]], name: str, factor: float
) -> tuple[scales.Array, scales.Array, list[int]]:
    """Return curves as one line that is interrupted between them, and where each begins."""
    x: list[float] = []
    y: list[float] = []
    starts = []
    for _, _, curve in members:
        starts.append(len(x))
        x += [*curve.epochs, math.nan]
        y += [*(factor * value for value in curve.values[name]), math.nan]
    return np.array(x, dtype=float), np.array(y, dtype=float), starts


def _span(y: scales.Array) -> tuple[float, float]:
    """Return the lowest and the highest value to show; a few far above all others are left out."""
    finite = y[np.isfinite(y)]
    if not len(finite):
        return math.nan, math.nan
    usual = float(np.percentile(finite, 98))
    low, high = float(finite.min()), float(finite.max())
    return low, high if high <= low + 3 * (usual - low) else usual
