"""The Curves page: precision-recall and ROC curves of chosen classes, and their wrong pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QItemSelectionModel, QObject, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import background, numbers
from designer.gui.base.plot import Plot
from designer.gui.base.plot_parts import Line, Mark
from designer.gui.base.segments import Segment, Segments
from designer.gui.base.theme import colors, theme
from designer.gui.evaluation.contents import Array, Contents
from designer.gui.evaluation.model import EvaluationModel
from designer.gui.evaluation.page import Page, Table
from designer.gui.evaluation.picture_wall import Pictures
from designer.layers.category import Category
from designer.metrics import curves

_KINDS = (
    Segment("precision-recall", "Precision-recall", "Precision against recall at each threshold"),
    Segment("roc", "ROC", "Recall against the false positive rate at each threshold"),
)
_MICRO, _MACRO = -1, -2
_MOST = 8  # classes whose curves are drawn together
_POINTS = 2_000  # of a curve that are drawn
_LIST, _PICTURES = 0.2, 0.33  # shares of the width
_LEAST, _LEAST_PLOT = 90, 150  # pixels of the width of the list and of the plot
_HINT = "Click a point of the curve to see the pictures on the wrong side of its threshold."


@dataclass(frozen=True, eq=False)
class _Drawn:
    """The points of a curve that are drawn, in both plots.

    Attributes
    ----------
    recall, precision, false_positive_rate
        float64 (points,); one of the last two is empty where only the other is known.
    thresholds
        (points,); empty for the mean of several curves.
    average_precision, area
        The areas.
    break_even
        Where precision and recall are equal; None where that is not known.
    """

    recall: Array
    precision: Array
    roc_recall: Array
    false_positive_rate: Array
    thresholds: Array
    average_precision: float
    area: float
    break_even: curves.BreakEven | None


class CurvesPage(Page):
    """The classes on the left, their curves, and the pictures of the point that was clicked."""

    def __init__(self, model: EvaluationModel) -> None:
        super().__init__(model, "evaluation-curves")
        self._known: dict[int, _Drawn] = {}
        self._asked: set[int] = set()
        self._chosen: list[int] = []
        self.kinds = Segments("curves-kind", _KINDS)
        self.list = QListWidget(objectName="curves-classes")
        self.list.setAccessibleName("Classes")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMinimumWidth(_LEAST)
        self.list.setToolTip("Choose one or, with Ctrl or Shift, several to compare their curves.")
        self.plot = Plot("curves-plot", legend_apart=True)
        self.pictures = Pictures(model)
        middle = QWidget()
        middle.setMinimumWidth(_LEAST_PLOT)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self.kinds)
        head.addWidget(self.plot.legend, 1)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.plot, 1)
        self.split = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        for widget in (self.list, middle, self.pictures):
            self.split.addWidget(widget)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.split)
        self.pictures.hide()
        self.kinds.chosen.connect(lambda _: self._draw())
        self.list.itemSelectionChanged.connect(self._choose)
        self.list.installEventFilter(self)
        self.plot.picked.connect(self._pick)
        theme.changed.connect(self._draw)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.list.setMaximumWidth(max(_LEAST, int(_LIST * self.width())))

    def refresh(self) -> None:
        contents = self.contents
        self._known, self._asked = {}, set()
        blocked = self.list.blockSignals(True)
        self.list.clear()
        word = "classes" if contents.kind == "classes" else "labels"
        first = ((f"All {word} (micro)", _MICRO), (f"Mean of {word} (macro)", _MACRO))
        for name, output in (*first, *((name, i) for i, name in enumerate(contents.names))):
            item = QListWidgetItem(name)
            item.setData(Qt.ItemDataRole.UserRole, output)
            item.setToolTip(name)
            self.list.addItem(item)
        self.list.blockSignals(blocked)
        self.pictures.hide()
        self.show_class(self._first(contents))

    def _first(self, contents: Contents) -> int:
        """Return the class with images whose F1 is the lowest: the most interesting one."""
        worth = np.where(contents.counts.support > 0, contents.scores.f1, np.nan)
        return _MICRO if np.isnan(worth).all() else int(np.nanargmin(worth))

    def show_class(self, output: int) -> None:
        """Choose a class alone."""
        row = output + 2 if output >= 0 else -output - 1
        self.list.setCurrentRow(row, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.list.scrollToItem(self.list.item(row))
        self._choose()

    # Computing

    def _choose(self) -> None:
        rows = self.list.selectedItems()
        chosen = [row.data(Qt.ItemDataRole.UserRole) for row in rows]
        if chosen == self._chosen and self._known:
            return
        self._chosen = chosen[:_MOST]
        self.pictures.hide()
        contents = self.contents
        for output in self._chosen:
            if output not in self._known and output not in self._asked:
                self._asked.add(output)
                self._compute(contents, output)
        self._draw()

    def _compute(self, contents: Contents, output: int) -> None:
        work: dict[int, Callable[[], _Drawn]] = {
            _MICRO: lambda: _drawn(curves.micro_curve(contents.values, contents.there)),
            _MACRO: lambda: _mean(contents),
        }

        def done(found: _Drawn) -> None:
            if self.model.contents is contents:
                self._known[output] = found
                self._draw()

        background.run(self, work.get(output, lambda: _drawn(contents.curve(output))), done)

    # Drawing

    @property
    def _roc(self) -> bool:
        return self.kinds.current == "roc"

    def _name(self, output: int) -> str:
        fixed = {_MICRO: "micro average", _MACRO: "macro average"}
        return fixed.get(output) or self.contents.names[output]

    def _draw(self) -> None:
        if self.model.contents is None:
            return
        shown = [output for output in self._chosen if output in self._known]
        palette = _palette()
        lines: list[Line] = [
            self._line(output, palette[number % len(palette)])
            for number, output in enumerate(shown)
        ]
        diagonal = np.array([0.0, 1.0])
        lines.append(Line("", diagonal, diagonal, colors().faint_text, faint=True))
        self.plot.draw(
            up="Recall (true positive rate)" if self._roc else "Precision",
            along="False positive rate" if self._roc else "Recall",
            caption=self._caption(),
            lines=lines,
            marks=[] if self._roc else list(self._marks(shown, palette)),
        )

    def _marks(self, shown: Sequence[int], palette: Sequence[str]) -> Sequence[Mark]:
        found = []
        for number, output in enumerate(shown):
            even = self._known[output].break_even
            if even is not None:
                text = f"break-even {100 * even.value:.1f} %"
                color = palette[number % len(palette)]
                found.append(Mark(even.value, even.value, color, text))
        return found

    def _line(self, output: int, color: str) -> Line:
        known, name = self._known[output], self._name(output)
        if self._roc:
            title = f"{name}: area {_figure(known.area)}"
            x, y = known.false_positive_rate, known.roc_recall
            named = ("false positive rate", "recall")
        else:
            title = f"{name}: average precision {_figure(known.average_precision)}"
            x, y = known.recall, known.precision
            named = ("recall", "precision")

        def words(point: int) -> str:
            where = f"{named[1]} {_percent(y[point])}, {named[0]} {_percent(x[point])}"
            first = f"{name}: " if len(self._chosen) > 1 else ""
            if not len(known.thresholds):
                return f"{first}{where}"
            return f"{first}threshold {known.thresholds[point]:.4g}, {where}"

        return Line(title, x, y, color, words)

    def _caption(self) -> str:
        single = [output for output in self._chosen if output >= 0]
        unknown = [
            self._name(output)
            for output in single
            if output in self._known and not self._known[output].recall.size
        ]
        waiting = [self._name(each) for each in self._chosen if each not in self._known]
        if waiting:
            return f"Computing the curve of {', '.join(waiting)} …"
        if unknown:
            return f"No image of {', '.join(unknown)} was evaluated, so it has no curve."
        if self._roc:
            words = (
                "How many of the class are found against how many others are taken for it, at "
                "every threshold; on the dashed line a guess would be."
            )
        else:
            words = (
                "How many of those taken for the class are of it against how many of the class are "
                "found, at every threshold; the dashed line is where both are equal."
            )
        return f"{words} {_HINT}" if single else words

    # Pictures

    def _pick(self, line: int, point: int) -> None:
        """Show the images on the wrong side of the threshold of a point."""
        shown = [output for output in self._chosen if output in self._known]
        if line >= len(shown) or shown[line] < 0:
            return
        output = shown[line]
        threshold = float(self._known[output].thresholds[point])
        missed, alarms = self.contents.wrong_at(output, threshold)
        name = self._name(output)
        at = "At threshold 1" if np.isinf(threshold) else f"At threshold {threshold:.4g}"
        caption = (
            f"{at}, {numbers.count(len(missed))} of {name} are missed and "
            f"{numbers.count(len(alarms))} others taken for it"
        )
        key = f"with the probability of {name}; first the missed, then the others"
        self.pictures.show_images(caption, np.concatenate([missed, alarms]), output=output, key=key)
        if self.pictures.isHidden():
            self.pictures.show()
            width, first = self.split.width(), self.list.width()
            last = int(_PICTURES * width)
            self.split.setSizes([first, width - first - last, last])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Go from the list to the plot with Right."""
        if (
            watched is self.list
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Right
        ):
            self.plot.view.setFocus()
            return True
        return super().eventFilter(watched, event)

    def table(self) -> Table:
        rows: list[Sequence[Any]] = []
        for output in self._chosen:
            known = self._known.get(output)
            if known is None:
                continue
            x, y = (
                (known.false_positive_rate, known.roc_recall)
                if self._roc
                else (known.recall, known.precision)
            )
            at = known.thresholds.tolist() if len(known.thresholds) else [""] * len(x)
            rows += [
                (self._name(output), *row) for row in zip(at, x.tolist(), y.tolist(), strict=True)
            ]
        titles = ("false positive rate", "recall") if self._roc else ("recall", "precision")
        return Table(self.kinds.current, (self.contents.word, "threshold", *titles), rows)


def _drawn(curve: curves.Curve) -> _Drawn:
    """Return as many points of a curve as are drawn."""
    count = len(curve.thresholds)
    kept = np.arange(count)
    if count > _POINTS:
        kept = np.unique(np.linspace(0, count - 1, _POINTS).round().astype(np.int64))
    none = np.zeros(0)
    some = curve.positives > 0
    both = some and curve.negatives > 0
    return _Drawn(
        recall=curve.recall[kept] if some else none,
        precision=curve.precision[kept] if some else none,
        roc_recall=curve.recall[kept] if both else none,
        false_positive_rate=curve.false_positive_rate[kept] if both else none,
        thresholds=curve.thresholds[kept],
        average_precision=curve.average_precision,
        area=curve.area,
        break_even=curve.break_even,
    )


def _mean(contents: Contents) -> _Drawn:
    each = [contents.curve(number) for number in range(len(contents.names))]
    precision, roc = curves.mean_precision_recall(each), curves.mean_roc(each)
    return _Drawn(
        recall=precision.across,
        precision=precision.along,
        roc_recall=roc.along,
        false_positive_rate=roc.across,
        thresholds=np.zeros(0),
        average_precision=precision.area,
        area=roc.area,
        break_even=None,
    )


def _palette() -> Sequence[str]:
    """Return colors of curves, each legible as text."""
    c = colors()
    others = (Category.POOLING, Category.NORMALIZATION, Category.DENSE, Category.JOIN)
    more = (Category.SHAPE, Category.REGULARIZATION)
    return (c.train, c.validation, *(c.text_of(each) for each in (*others, *more)))


def _figure(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.4f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
