"""The Parallel coordinates page: each candidate as a line through its values to its figure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from designer.gui.base.axes import log_ticks, ticks
from designer.gui.base.theme import colors, sans, theme
from designer.gui.studies import scales, wording
from designer.gui.studies.model import StudyModel
from designer.gui.studies.page import Choice, Page, head
from designer.gui.studies.scales import Scale
from designer.studies.answers.table import Row
from designer.studies.goals import GOALS
from designer.studies.spec import Choice as Value

_SIDE, _TOP, _BOTTOM = 62, 30, 14  # pixels around the axes
_REACH = 8  # pixels from the pointer to the nearest line
_DRAG = 4  # pixels that the pointer moves until a range is chosen


@dataclass(frozen=True)
class Axis:
    """An axis: its title, its scale, and the value of each candidate on it."""

    title: str
    scale: Scale
    values: Sequence[Value]
    percent: bool = False


class ParallelPage(Page):
    """The plot, and what it says of the line under the pointer."""

    def __init__(self, model: StudyModel) -> None:
        super().__init__(model, "study-parallel")
        self.goal = Choice("parallel-goal", "Figure")
        self.plot = ParallelPlot()
        self.readout = QLabel(
            objectName="parallel-readout", wordWrap=True, textFormat=Qt.TextFormat.PlainText
        )
        self.readout.setProperty("role", "soft")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head("Colored by", self.goal))
        column.addWidget(self.plot, 1)
        column.addWidget(self.readout)
        self.goal.activated.connect(lambda _: self._draw())
        self.plot.pointed.connect(self._say)
        self.plot.picked.connect(self._pick)
        self.plot.chosen.connect(self._say_chosen)
        theme.changed.connect(self.plot.update)

    def refresh(self) -> None:
        self.goal.offer([(name, wording.title(name)) for name in self.table.goals])
        self._draw()

    def _draw(self) -> None:
        table, goal = self.table, self.goal.chosen
        rows = [row for row in table.rows if math.isfinite(row.mean(goal))]
        axes = [
            Axis(
                wording.capitalized(table.titles[each.name]),
                scales.of_field(each, rows or table.rows),
                [row.values[each.name] for row in rows],
            )
            for each in table.study.varied
        ]
        percent = GOALS[goal].unit == "share"
        figures = [wording.factor(goal) * row.mean(goal) for row in rows]
        axes.append(
            Axis(wording.title(goal), scales.of_numbers(figures, log=None), figures, percent)
        )
        self.plot.show_rows(rows, axes)
        self._say(-1)

    def _say(self, place: int) -> None:
        if place < 0:
            self.readout.setText(
                "Each line is a candidate. Drag along an axis to keep only the lines that pass "
                "there; click a line to see its training."
                if self.plot.rows
                else "No candidate has this figure yet."
            )
            return
        row, goal = self.plot.rows[place], self.goal.chosen
        titles = self.table.titles
        values = [f"{titles[name]} {wording.value(value)}" for name, value in row.values.items()]
        found = row.summary(goal)
        figure = wording.with_spread(goal, found.mean, found.deviation)
        words = ", ".join([*values, f"{GOALS[goal].title} {figure}"])
        self.readout.setText(f"Candidate {row.number}: {words}")

    def _say_chosen(self) -> None:
        number = int(self.plot.kept().sum())
        self.readout.setText(
            f"{number} of {len(self.plot.rows)} candidates pass through all chosen ranges. Click "
            "an axis to drop its range."
        )

    def _pick(self, place: int) -> None:
        row = self.plot.rows[place]
        if row.runs:
            self.model.run_wanted.emit(row.runs[0])


class ParallelPlot(QWidget):
    """The axes side by side, and a line for each candidate, colored by the last axis.

    Signals
    -------
    pointed(place)
        The candidate under the pointer, by its place; -1 for none.
    picked(place)
        The user clicked a line.
    chosen()
        The user chose a range of an axis, or dropped one.
    """

    pointed = Signal(int)
    picked = Signal(int)
    chosen = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="parallel-plot")
        self.setAccessibleName("Parallel coordinates")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(200, 110)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.rows: Sequence[Row] = ()
        self.axes: Sequence[Axis] = ()
        self.ranges: dict[int, tuple[float, float]] = {}  # shares of an axis, by its number
        self._shares = np.zeros((0, 0))  # of the axes' lengths, by candidate and axis
        self._at = -1
        self._press: tuple[int, QPointF] | None = None

    def show_rows(self, rows: Sequence[Row], axes: Sequence[Axis]) -> None:
        """Show candidates on axes, the last of which gives them their colors."""
        if [each.title for each in axes] != [each.title for each in self.axes]:
            self.ranges = {}
        self.rows, self.axes = rows, axes
        self._shares = np.array(
            [[axis.scale.share(axis.values[i]) for axis in axes] for i in range(len(rows))],
            dtype=float,
        ).reshape(len(rows), len(axes))
        self._at = -1
        self.update()

    def kept(self) -> NDArray[np.bool_]:
        """Tell which candidates pass through all chosen ranges, shape (candidates,)."""
        kept = np.ones(len(self.rows), dtype=bool)
        for number, (low, high) in self.ranges.items():
            shares = self._shares[:, number]
            kept &= (shares >= low) & (shares <= high)
        return kept

    def x_of(self, number: int) -> float:
        """Return where an axis is, in pixels."""
        last = max(len(self.axes) - 1, 1)
        return _SIDE + (self.width() - 2 * _SIDE) * number / last

    def point(self, place: int, number: int) -> QPointF:
        """Return where the line of a candidate crosses an axis."""
        share = self._shares[place, number]
        return QPointF(self.x_of(number), self._y_of(share if math.isfinite(share) else 0.0))

    def _y_of(self, share: float) -> float:
        return self.height() - _BOTTOM - share * (self.height() - _TOP - _BOTTOM)

    def _share_at(self, y: float) -> float:
        return (self.height() - _BOTTOM - y) / max(self.height() - _TOP - _BOTTOM, 1)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c = colors()
        if self.axes:
            kept = self.kept()
            figure = self.axes[-1]
            faint = QColor(c.line)
            for place in map(int, np.flatnonzero(~kept)):
                self._paint_line(painter, place, QPen(faint, 1.0))
            strong = max(0.25, min(1.0, 40 / max(len(self.rows), 1)))
            order = sorted(map(int, np.flatnonzero(kept)), key=lambda i: self._shares[i, -1])
            for place in order:
                color = QColor(figure.scale.color(figure.values[place]))
                color.setAlphaF(strong if place != self._at else 1.0)
                self._paint_line(painter, place, QPen(color, 1.3))
            if 0 <= self._at < len(self.rows):
                self._paint_line(painter, self._at, QPen(QColor(c.text), 2.2))
            for number, axis in enumerate(self.axes):
                self._paint_axis(painter, number, axis)
        painter.end()

    def _paint_line(self, painter: QPainter, place: int, pen: QPen) -> None:
        painter.setPen(pen)
        points = [self.point(place, number) for number in range(len(self.axes))]
        painter.drawPolyline(QPolygonF(points))

    def _paint_axis(self, painter: QPainter, number: int, axis: Axis) -> None:
        c, x = colors(), self.x_of(number)
        painter.setPen(QPen(QColor(c.strong_line), 1.4))
        painter.drawLine(QPointF(x, self._y_of(0)), QPointF(x, self._y_of(1)))
        if number in self.ranges:
            low, high = self.ranges[number]
            tint = QColor(c.accent)
            tint.setAlphaF(0.35)
            painter.fillRect(
                QRectF(x - 5, self._y_of(high), 10, self._y_of(low) - self._y_of(high)), tint
            )
        painter.setFont(sans(0.85, bold=True))
        metrics = painter.fontMetrics()
        room = (self.width() - 2 * _SIDE) / max(len(self.axes) - 1, 1) - 8
        room = max(min(room, 2.0 * _SIDE), 1.0)
        text = metrics.elidedText(axis.title, Qt.TextElideMode.ElideRight, int(room))
        painter.setPen(QColor(c.text))
        painter.drawText(QRectF(x - room / 2, 2, room, 20), Qt.AlignmentFlag.AlignCenter, text)
        painter.setFont(sans(0.78))
        metrics = painter.fontMetrics()
        halo, height = QColor(c.window), metrics.height()
        halo.setAlphaF(0.8)
        for share, words in self._ticks(axis):
            shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, _SIDE - 8)
            width = metrics.horizontalAdvance(shown)
            box = QRectF(x + 6, self._y_of(share) - height / 2, width + 2, height)
            painter.fillRect(box, halo)
            painter.setPen(QColor(c.soft_text))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, shown)

    def _ticks(self, axis: Axis) -> list[tuple[float, str]]:
        """Return the shares of an axis at which its values stand, with their words."""
        low, high = axis.scale.ends
        length = self.height() - _TOP - _BOTTOM
        if axis.scale.marks:
            most = max(int(length / 16), 1)
            found = list(axis.scale.marks)[:: math.ceil(len(axis.scale.marks) / most)]
        else:
            make = log_ticks if axis.scale.log else ticks
            found = make(low, high, max(length / 30, 1))
            if len(found) < 2:  # one tells no scale
                found = make(low, high, max(length / 15, 2))
        unit = " %" if axis.percent else ""
        return [((at - low) / (high - low), f"{text}{unit}") for at, text in found]

    # Mouse and keys

    def _nearest(self, at: QPointF) -> int:
        """Return the candidate whose line is nearest to a point, -1 if none is near."""
        if not self.rows or len(self.axes) < 2:
            return -1
        step = self.x_of(1) - self.x_of(0)
        left = min(max(int((at.x() - _SIDE) // step), 0), len(self.axes) - 2)
        part = (at.x() - self.x_of(left)) / step
        shares = self._shares[:, left] * (1 - part) + self._shares[:, left + 1] * part
        y = self.height() - _BOTTOM - shares * (self.height() - _TOP - _BOTTOM)
        away = np.where(self.kept(), np.abs(np.nan_to_num(y, nan=1e9) - at.y()), 1e9)
        nearest = int(away.argmin())
        return nearest if away[nearest] <= _REACH else -1

    def _axis_at(self, at: QPointF) -> int:
        """Return the axis at a point, -1 if there is none."""
        near = [i for i in range(len(self.axes)) if abs(self.x_of(i) - at.x()) <= _REACH]
        return near[0] if near else -1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = (self._axis_at(event.position()), event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._press is not None and event.buttons() & Qt.MouseButton.LeftButton:
            axis, start = self._press
            if axis >= 0 and abs(at.y() - start.y()) > _DRAG:
                ends = sorted((self._share_at(start.y()), self._share_at(at.y())))
                self.ranges[axis] = (max(ends[0], 0.0), min(ends[1], 1.0))
                self.chosen.emit()
                self.update()
            return
        self.setCursor(
            Qt.CursorShape.SizeVerCursor if self._axis_at(at) >= 0 else Qt.CursorShape.ArrowCursor
        )
        self._point_at(self._nearest(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        if press is None or event.button() != Qt.MouseButton.LeftButton:
            return
        axis, start = press
        moved = abs(event.position().y() - start.y()) > _DRAG
        if moved and axis >= 0:
            return
        if axis >= 0 and axis in self.ranges:
            del self.ranges[axis]
            self.chosen.emit()
            self.update()
            return
        place = self._nearest(event.position())
        if place >= 0:
            self.picked.emit(place)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._point_at(-1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go through the candidates with Up and Down; Enter shows the training of one."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Left: -1}
        key = Qt.Key(event.key())
        if key in steps and self.rows:
            self._point_at((self._at + steps[key]) % len(self.rows))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at >= 0:
            self.picked.emit(self._at)
        elif key == Qt.Key.Key_Escape and self.ranges:
            self.ranges = {}
            self.chosen.emit()
            self.update()
        else:
            super().keyPressEvent(event)

    def _point_at(self, place: int) -> None:
        if place != self._at:
            self._at = place
            self.pointed.emit(place)
            self.update()
