"""The Pareto page: two goals against each other, and the candidates that no other one beats."""

import math
from functools import partial

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base.plot import Plot
from designer.gui.base.plot_parts import Line
from designer.gui.base.theme import colors, sans, theme
from designer.gui.documents import sketches, thumbnails
from designer.gui.documents.sketches import Sketch
from designer.gui.studies import scales, wording
from designer.gui.studies.model import StudyModel
from designer.gui.studies.page import Choice, Page, head
from designer.studies.answers.pareto import front
from designer.studies.answers.table import Row
from designer.studies.candidates import candidate
from designer.studies.goals import COSTS, GOALS

_CARD = 232  # pixels across
_PICTURE = 84  # pixels of height
_NARROW, _SLIM = 560, 172  # pixels across, below which the card beside the plot is slim
_HIGH, _FLAT = 380, 170  # pixels of height, above which it is below the plot then, and so high
_ANY = 16_777_215
_LOW = 250  # pixels of height, below which the card has no picture
_MANY = 100  # candidates, beyond which points are small
_FIRST = ("macs", "parameters", "seconds")  # what costs are shown at first


class ParetoPage(Page):
    """A point for each candidate; a click shows its values and its design."""

    def __init__(self, model: StudyModel) -> None:
        super().__init__(model, "study-pareto")
        self.up = Choice("pareto-up", "Upward")
        self.along = Choice("pareto-along", "Along the bottom")
        self.plot = Plot("pareto-plot")
        self.card = CandidateCard(model)
        self._groups: list[list[Row]] = []
        self._again: tuple[str, ...] = ()
        self._across = QHBoxLayout()
        self._across.setSpacing(8)
        self._across.addWidget(self.plot, 1)
        self._across.addWidget(self.card)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head(self.up, "against", self.along))
        column.addLayout(self._across, 1)
        for box in (self.up, self.along):
            box.activated.connect(lambda _: self._draw())
        self.plot.picked.connect(self._pick)
        model.picked.connect(self._show_card)
        theme.changed.connect(self.redraw)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the card below the plot where there is no room beside it."""
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        below = narrow and self.height() > _HIGH
        direction = QBoxLayout.Direction
        self._across.setDirection(direction.TopToBottom if below else direction.LeftToRight)
        self.card.fit(below=below, width=_SLIM if narrow else _CARD)

    def refresh(self) -> None:
        table = self.table
        known = [name for name in COSTS if any(name in row.costs for row in table.rows)]
        goals = list(dict.fromkeys([*table.goals, *known]))
        rows = [(name, wording.title(name)) for name in goals]
        if tuple(goals) != self._again:
            self._again = tuple(goals)
            self.up.offer(rows)
            self.along.offer(rows)
            others = [name for name in (*table.study.goals[1:], *_FIRST) if name in goals[1:]]
            self.along.choose(next(iter(others), goals[-1]))
        same = not self.is_other()
        if self.card.row is not None:
            self.card.show_row(self.model.row(self.card.row.number) if same else None)
        self._draw()

    def redraw(self) -> None:
        """Draw again in the colors of the theme."""
        if self.model.table is not None and self.up.count():
            self._draw()

    def _draw(self) -> None:
        table, c = self.table, colors()
        up, along = self.up.chosen, self.along.chosen
        rows = [
            row
            for row in table.rows
            if math.isfinite(row.mean(up)) and math.isfinite(row.mean(along))
        ]
        best = {row.number for row in front(table, along, up)}
        ahead = sorted((r for r in rows if r.number in best), key=lambda r: r.mean(along))
        behind = [row for row in rows if row.number not in best]
        across, factor = wording.factor(along), wording.factor(up)
        horizontal = scales.of_numbers([across * row.mean(along) for row in rows])
        low, high = self._spread(rows, up, factor)
        limits = scales.of_numbers([*low, *high], log=False)
        self._groups = [behind, ahead]
        lines = []
        many = len(rows) > _MANY
        for group, color, size, strength in (
            (behind, c.faint_text, 5 if many else 7, 0.5 if many else 1.0),
            (ahead, c.train, 9, 1.0),
        ):
            low, high = self._spread(group, up, factor)
            lines.append(
                Line(
                    "",
                    np.array(
                        [horizontal.at(across * row.mean(along)) for row in group], dtype=float
                    ),
                    factor * np.array([row.mean(up) for row in group], dtype=float),
                    color,
                    partial(self._words, group),
                    points=True,
                    strength=strength,
                    size=size,
                    low=np.array(low, dtype=float),
                    high=np.array(high, dtype=float),
                )
            )
        steps = _staircase(
            [(horizontal.at(across * row.mean(along)), factor * row.mean(up)) for row in ahead],
            horizontal.ends[1],
            smaller=not GOALS[along].larger,
        )
        if ahead:
            x, y = (np.array(each, dtype=float) for each in zip(*steps, strict=True))
            lines.append(Line("", x, y, c.train, faint=True))
        self.plot.draw(
            up=wording.axis(up),
            along=wording.axis(along),
            caption=_caption(len(ahead), len(rows)),
            lines=lines,
            ranges=(*horizontal.ends, *limits.ends),
            log=(horizontal.log, False),
        )

    def _spread(self, rows: list[Row], goal: str, factor: float) -> tuple[list[float], list[float]]:
        """Return the ends of the bars at some candidates: a deviation below and above the mean."""
        ends = []
        for row in rows:
            found = row.summary(goal)
            spread = found.deviation if math.isfinite(found.deviation) else 0.0
            ends.append((factor * (found.mean - spread), factor * (found.mean + spread)))
        return [each[0] for each in ends], [each[1] for each in ends]

    def _words(self, rows: list[Row], place: int) -> str:
        row = rows[place]
        titles = self.table.titles
        values = [f"{titles[name]} {wording.value(value)}" for name, value in row.values.items()]
        figures = [
            f"{GOALS[name].title} {_figure(row, name)}"
            for name in (self.up.chosen, self.along.chosen)
        ]
        return f"Candidate {row.number}: {', '.join([*values, *figures])}"

    def _pick(self, line: int, point: int) -> None:
        if line < len(self._groups):
            self.model.picked.emit(self._groups[line][point].number)

    def _show_card(self, number: int) -> None:
        self.card.show_row(self.model.row(number))


class CandidateCard(QFrame):
    """The values, the figures and the design of a candidate."""

    def __init__(self, model: StudyModel) -> None:
        super().__init__(objectName="candidate-card")
        self.setProperty("role", "card")
        self.model = model
        self.row: Row | None = None
        self.title = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.picture = Thumbnail()
        self.text = QLabel(
            objectName="candidate-text", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.open = self._button("open", "Open", "Open its design in a tab.", compare=False)
        self.compare = self._button(
            "compare", "Compare…", "Compare its design with the current one.", compare=True
        )
        self.run = QPushButton("Training", objectName="candidate-run")
        self.run.setToolTip("Show the curves of its training.")
        self.run.clicked.connect(self._show_run)
        line = QHBoxLayout()
        line.setSpacing(4)
        for button in (self.open, self.compare, self.run):
            button.setStyleSheet("padding: 4px 6px;")
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(5)
        column.addWidget(self.title)
        column.addWidget(self.picture)
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.text)
        area.viewport().setAutoFillBackground(False)
        self.text.setAutoFillBackground(False)
        column.addWidget(area, 1)
        column.addLayout(line)
        theme.changed.connect(self._dress)
        self._dress()
        self.hide()

    def _button(self, name: str, text: str, help_: str, *, compare: bool) -> QPushButton:
        button = QPushButton(text, objectName=f"candidate-{name}")
        button.setToolTip(help_)
        button.clicked.connect(lambda: self.model.design_wanted.emit(self.row, compare))
        return button

    def _show_run(self) -> None:
        if self.row is not None and self.row.runs:
            self.model.run_wanted.emit(self.row.runs[0])

    def show_row(self, row: Row | None) -> None:
        """Show a candidate; none for None."""
        same = row is not None and self.row is not None and row.number == self.row.number
        self.row = row
        self.setVisible(row is not None)
        if row is None or self.model.table is None:
            return
        table = self.model.table
        self.title.setText(f"Candidate {row.number}")
        names = list(dict.fromkeys([*table.goals, *row.costs]))
        lines = [f"{table.titles[name]}: {wording.value(v)}" for name, v in row.values.items()]
        lines += [
            f"{GOALS[name].title}: {_figure(row, name)}"
            for name in names
            if math.isfinite(row.mean(name))
        ]
        self.text.setText("\n".join(lines))
        self.text.setToolTip("\n".join(lines))
        self.run.setEnabled(bool(row.runs))
        if not same:
            self.picture.show_sketch(None)
            self._draw_later(row)

    def _draw_later(self, row: Row) -> None:
        folder = self.model.folder
        assert folder is not None

        def sketch() -> Sketch:
            from designer.analysis.analysis import analyze

            found = candidate(folder.study(), row.values, folder.read_designs(), folder.recipe())
            return sketches.sketch(analyze(found.design)) if found.design else Sketch((), ())

        def drawn(found: Sketch) -> None:
            if self.row is not None and self.row.number == row.number:
                self.picture.show_sketch(found)

        self.model.run(sketch, drawn)

    def fit(self, *, below: bool, width: int) -> None:
        """Be low and as wide as the page, below the plot; or beside it, and as high."""
        self.setMinimumWidth(1 if below else width)
        self.setMaximumWidth(_ANY if below else width)
        self.setMaximumHeight(_FLAT if below else _ANY)
        self.run.setVisible(below or width == _CARD)  # a click in the table shows it, too

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.picture.setVisible(self.height() >= _LOW)

    def _dress(self) -> None:
        self.title.setFont(sans(1.0, bold=True))


class Thumbnail(QWidget):
    """A small picture of a network."""

    def __init__(self) -> None:
        super().__init__(objectName="candidate-picture")
        self.setFixedHeight(_PICTURE)
        self.sketch: Sketch | None = None
        theme.changed.connect(self.update)

    def show_sketch(self, sketch: Sketch | None) -> None:
        """Show another network; none for None."""
        self.sketch = sketch
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.sketch is not None:
            ratio = self.devicePixelRatioF()
            image = thumbnails.picture(self.sketch, self.size(), ratio, colors())
            QPainter(self).drawImage(0, 0, image)


def _figure(row: Row, name: str) -> str:
    found = row.summary(name)
    return wording.with_spread(name, found.mean, found.deviation)


def _staircase(
    points: list[tuple[float, float]], end: float, *, smaller: bool
) -> list[tuple[float, float]]:
    """Return the line below which every point is beaten, from the front in order of x."""
    found: list[tuple[float, float]] = []
    for x, y in points:
        if found:
            last_x, last_y = found[-1]
            found.append((x, last_y) if smaller else (last_x, y))
        found.append((x, y))
    if points and smaller:
        found.append((end, points[-1][1]))
    return found


def _caption(front: int, number: int) -> str:
    if not number:
        return "No candidate has both figures yet."
    best = "1 candidate is" if front == 1 else f"{front} candidates are"
    return (
        f"Of {number} {'candidate' if number == 1 else 'candidates'}, {best} beaten by no other in "
        "both figures: the large points. Bars are deviations. Click a point to see its design."
    )
