"""The curves of the shown run and of earlier runs to compare it with, and their tool bar."""

import math
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QPoint, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QResizeEvent
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from designer.gui.base import background, icons
from designer.gui.base.boxes import Slider
from designer.gui.base.plain_text import tip
from designer.gui.base.theme import colors, theme
from designer.gui.training import overlays
from designer.gui.training.compared_runs import ComparedRuns
from designer.gui.training.lines import MIDDLE, Line
from designer.gui.training.plot_pages import (
    METRICS_PAGE,
    PAGES,
    help_of,
    is_empty,
    lines_of,
    set_log,
)
from designer.gui.training.plots import Plot
from designer.gui.training.run_title import FLAT
from designer.gui.worker.history import History, smoothed
from designer.gui.worker.trainer import Trainer
from designer.runs.curves_table import curves_table
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from designer.storage import save_file, unwritable

SMOOTHING = 60  # smoothing at first: the weight of the previous mean, in per cent
SHARE = 0.2  # the largest share of the time that is spent on drawing
EXPLANATION = (
    "training: the mean over the steps of each epoch, drawn at the middle of the epoch. Dropout "
    "and augmentation are on, and the weights still change.\n"
    "validation: all validation images at the end of each epoch, without dropout and "
    "augmentation.\n"
    "The faint curve shows single steps; smoothing applies to it alone. Dashed curves are the "
    "training of other runs."
)
MIXED = "Training accuracy is measured on mixed images."
MIXED_EXPLANATION = (
    "Mixup and cutmix make each training image of two, so that no answer is right for all of it. "
    "The answer counts as right if it is the label of the larger share. Validation images are not "
    "mixed, so that their accuracy may well be higher, which is no fault."
)
LONGEST = 1_000  # the longest time between two drawings, in milliseconds
_SLIDER = 84  # pixels
_FORMATS = "PNG picture (*.png);;SVG drawing (*.svg);;CSV table (*.csv)"


class Curves(QWidget):
    """The plots of a page side by side: loss and accuracy, or one of `PAGES` besides."""

    def __init__(self, trainer: Trainer | ComparedRuns) -> None:
        super().__init__()
        self.trainer = trainer
        self.loss = Plot("Loss")
        self.accuracy = Plot("Accuracy", percent=True)
        for plot in (self.loss, self.accuracy):
            plot.header.setToolTip(EXPLANATION)
        self.plots: list[Plot] = []
        self.further: dict[int, list[Plot]] = {}  # of the other pages, from their first use on
        self._spent = 0.0
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._draw)
        self._row = QHBoxLayout()
        self._row.setContentsMargins(8, 0, 8, 0)
        self._row.setSpacing(14)
        for plot in (self.loss, self.accuracy):
            self._add(plot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self._tool_row = self._tools()
        column.addLayout(self._tool_row)
        self.legend = QLabel(objectName="curves-legend")
        self.legend.setMinimumWidth(1)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setContentsMargins(8, 0, 8, 0)
        column.addWidget(self.legend)
        self.mixed = QLabel(
            MIXED, objectName="curves-mixed", textFormat=Qt.TextFormat.PlainText, wordWrap=True
        )
        self.mixed.setProperty("role", "soft")
        self.mixed.setToolTip(tip(MIXED_EXPLANATION))
        self.mixed.setMinimumWidth(1)
        self.mixed.setContentsMargins(8, 0, 8, 0)
        self.mixed.hide()
        column.addWidget(self.mixed)
        column.addLayout(self._row, 1)
        trainer.run_changed.connect(self.refresh_soon)
        trainer.events_arrived.connect(self.refresh_soon)
        trainer.restarted.connect(self.refresh_soon)
        trainer.overlays_changed.connect(self.refresh_soon)
        theme.changed.connect(self._dress)
        self._dress()
        self._choose(0)

    # Tools

    def _tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(4, 1, 8, 0)
        row.setSpacing(2)
        self.pages = QButtonGroup(self)
        for number, page in enumerate(PAGES):
            button = QToolButton(
                objectName=f"curves-page-{number}", text=page.name, toolTip=page.help
            )
            button.setCheckable(True)
            button.setStyleSheet(FLAT)
            self.pages.addButton(button, number)
            row.addWidget(button)
        self.pages.button(0).setChecked(True)
        self.pages.idClicked.connect(self._choose)
        row.addStretch(1)
        self._smoothing_label = _soft("Smoothing")
        row.addWidget(self._smoothing_label)
        self.smoothing = Slider(Qt.Orientation.Horizontal, objectName="curves-smoothing")
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip(
            "Smooth the faint curve of single steps: the weight of the previous steps in their "
            "exponential moving average, in per cent. The points of the epochs are never smoothed."
        )
        self.smoothing.setRange(0, 99)
        self.smoothing.setValue(SMOOTHING)
        self.smoothing.valueChanged.connect(self.refresh_soon)
        row.addWidget(self.smoothing)
        self.log = self._button("Log", "Draw the loss on a logarithmic axis.", "curves-log")
        self.log.setCheckable(True)
        self.log.toggled.connect(self._set_log)
        self.fit = self._button("Fit", "Show the whole curves (double-click, Home).", "curves-fit")
        self.fit.clicked.connect(self._fit)
        self.export = self._button("Save ▾", "Save the curves.", "curves-save")
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.export)
        for text, ending in (("As PNG…", "png"), ("As SVG…", "svg"), ("As CSV…", "csv")):
            menu.addAction(text).triggered.connect(lambda _=False, e=ending: self._ask(e))
        self.export.setMenu(menu)
        for button in (self.log, self.fit, self.export):
            button.setStyleSheet(FLAT)
            row.addWidget(button)
        return row

    def _button(self, text: str, help_: str, name: str) -> QToolButton:
        return QToolButton(objectName=name, text=text, toolTip=help_)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_tools()
        self._write_legend()

    def _fit_tools(self) -> None:
        """Where there is no room, use short names of the pages, then leave out the rest."""
        style = Qt.ToolButtonStyle
        for short, small in ((False, False), (True, False), (True, True)):
            for number, page in enumerate(PAGES):
                self.pages.button(number).setText(page.short if short else page.name)
            self._smoothing_label.setHidden(small)
            self.smoothing.setFixedWidth(_SLIDER // 2 if small else _SLIDER)
            self.fit.setHidden(small)  # a double-click and Home do the same
            self.export.setToolButtonStyle(
                style.ToolButtonIconOnly if small else style.ToolButtonTextBesideIcon
            )
            self._tool_row.invalidate()
            if self._tool_row.sizeHint().width() <= self.width():
                return

    def _add(self, plot: Plot) -> None:
        plot.pointed.connect(self._point)
        self._row.addWidget(plot, 1)
        self.plots.append(plot)

    def _choose(self, page: int) -> None:
        self._page = page
        if PAGES[page].rows and page not in self.further:
            self.further[page] = []
            for row in PAGES[page].rows:
                plot = Plot(row.title, percent=row.percent)
                plot.header.setToolTip(help_of(row))
                set_log(plot, row, log=self.log.isChecked())
                self.further[page].append(plot)
                self._add(plot)
        self.refresh_soon()
        self._show_page()

    def _show_page(self) -> None:
        follower = self.trainer.shown
        history = follower.history if follower is not None else History()
        classes = not np.isfinite(history.epochs["epoch"]).any() or bool(
            np.isfinite(history.epochs["validation_accuracy"]).any()
            or np.isfinite(history.steps["accuracy"]).any()
        )
        metrics = len(history.metrics.names) > 1 or self._page == METRICS_PAGE
        if self.pages.button(METRICS_PAGE).isHidden() == metrics:
            self.pages.button(METRICS_PAGE).setVisible(metrics)
            self._fit_tools()
        self.loss.setVisible(self._page == 0)
        self.accuracy.setVisible(self._page == 0 and classes)
        mixed = follower is not None and bool(history.start.get("mixed"))
        self.mixed.setVisible(self._page == 0 and classes and mixed)
        for page, plots in self.further.items():
            for plot, row in zip(plots, PAGES[page].rows, strict=True):
                plot.setVisible(page == self._page and not is_empty(row, history))

    def _set_log(self, log: bool) -> None:
        self.loss.set_log(log)
        for page, plots in self.further.items():
            for plot, row in zip(plots, PAGES[page].rows, strict=True):
                set_log(plot, row, log=log)

    def _fit(self) -> None:
        for plot in self.plots:
            plot.fit_whole()

    def _point(self, x: float) -> None:
        for plot in self.plots:
            if plot.isVisible():
                plot.point_at(x)

    def _dress(self) -> None:
        self.export.setIcon(icons.icon("export"))
        self.refresh_soon()

    # Drawing

    def refresh_soon(self) -> None:
        """Draw once the pending events are handled, and for at most `SHARE` of the time."""
        if not self._soon.isActive():
            self._soon.start(min(round(1000 * self._spent / SHARE), LONGEST))

    def _draw(self) -> None:
        begun = time.perf_counter()
        self._show_page()
        follower = self.trainer.shown
        history = follower.history if follower is not None else History()
        share = self.smoothing.value() / 100
        x = history.at_epochs(history.steps)
        loss: list[Line] = []
        accuracy: list[Line] = []
        others = self.trainer.overlays
        for lines, name in ((loss, "loss"), (accuracy, "accuracy")):
            lines.extend(overlays.lines(others, follower, name, share))
            lines.extend(_own_lines(history, name, share))
        epochs_of_rates = history.at_epochs(history.rates)
        marks = [
            (float(at), f"lr {rate:.3g}")
            for at, rate in zip(epochs_of_rates, history.rates["lr"], strict=True)
            if math.isfinite(at)
        ]
        if self._page == 0:
            self.loss.set_lines(loss, marks)
            self.accuracy.set_lines(accuracy, [(at, "") for at, _ in marks])
        for plot, row in zip(self.further.get(self._page, ()), PAGES[self._page].rows, strict=True):
            plot.set_lines(lines_of(row, history, share), marks)
        self._write_legend()
        # Empty plots do not delay the first points, however long they took to draw.
        self._spent = time.perf_counter() - begun if len(x) else 0.0

    def _write_legend(self) -> None:
        others, follower = self.trainer.overlays, self.trainer.shown
        margins = self.legend.contentsMargins()
        room = self.width() - margins.left() - margins.right()
        self.legend.setText(overlays.legend(others, follower, self.legend.fontMetrics(), room))
        self.legend.setToolTip(overlays.explanation(others, follower))
        self.legend.setVisible(bool(self.legend.text()))

    # Saving

    def _ask(self, ending: str) -> None:
        name = self.trainer.shown.run.path.name if self.trainer.shown else "curves"
        chosen = next(each for each in _FORMATS.split(";;") if f"*.{ending}" in each)
        text, _ = QFileDialog.getSaveFileName(
            self, "Save curves", str(Path.home() / f"{name}.{ending}"), chosen
        )
        if text:
            path = Path(text)
            self.save(path if path.suffix else path.with_suffix(f".{ending}"))

    def save(self, path: Path) -> None:
        """Write the curves as a PNG, SVG or CSV file, by the suffix of the path.

        Errors are reported by the trainer's signal `refused`.
        """
        run = self.trainer.shown.run if self.trainer.shown is not None else None
        content: bytes | None
        match path.suffix.lower():
            case ".png":
                content = self._png()
            case ".svg":
                content = self._svg()
            case ".csv":
                content = None
            case _:
                self.trainer.refused.emit(
                    f"Curves cannot be saved as {path.name}: use the suffix .png, .svg or .csv."
                )
                return
        background.run(
            self, lambda: _write(path, content, run), lambda _: None, self.trainer.refused.emit
        )

    def _shown_plots(self) -> list[Plot]:
        return [plot for plot in self.plots if not plot.isHidden()]

    def _png(self) -> bytes:
        plots = self._shown_plots()
        picture = QImage(_size(plots) * 2, QImage.Format.Format_RGB32)
        picture.setDevicePixelRatio(2)
        picture.fill(colors().window)
        painter = QPainter(picture)
        self._paint(painter, plots)
        painter.end()
        buffer = QBuffer()
        # The stub asks for bytes, which PySide refuses at run time.
        picture.save(buffer, "PNG")  # type: ignore[call-overload]
        return bytes(buffer.data().data())

    def _svg(self) -> bytes:
        plots = self._shown_plots()
        whole = QRectF(QPointF(0, 0), _size(plots))
        buffer = QBuffer()
        drawing = QSvgGenerator()
        drawing.setOutputDevice(buffer)
        drawing.setTitle("Curves")
        drawing.setSize(_size(plots))
        drawing.setViewBox(whole)
        painter = QPainter(drawing)
        painter.fillRect(whole, QColor(colors().window))
        self._paint(painter, plots)
        painter.end()
        return bytes(buffer.data().data())

    def _paint(self, painter: QPainter, plots: list[Plot]) -> None:
        """Paint plots side by side; as vectors if the painter writes a vector format."""
        left = 0
        for plot in plots:
            top = plot.header.height()
            plot.header.render(painter, QPoint(left, 0))
            plot.view.render(
                painter,
                QRectF(left, top, plot.view.width(), plot.view.height()),
                plot.view.viewport().rect(),
            )
            left += plot.width()


def _own_lines(history: History, name: str, share: float) -> list[Line]:
    """Return the curves of the shown run: single steps, and a point an epoch of both parts.

    Parameters
    ----------
    history
        The run's.
    name
        ``loss`` or ``accuracy``.
    share
        How much the curve of single steps is smoothed, see `smoothed`. The points of the epochs
        never are, so that training and validation can be compared.
    """
    c, epochs = colors(), history.epochs
    number, begun = epochs["epoch"], epochs.rows > 0
    steps = smoothed(history.steps[name], share)
    return [
        Line(
            "" if begun else "training",
            c.train,
            history.at_epochs(history.steps),
            steps,
            faint=begun,
            detail="smoothed steps" if share else "single steps",
        ),
        Line(
            "training" if begun else "",
            c.train,
            number - MIDDLE,
            epochs[f"train_{name}"],
            marked=True,
            detail="mean of each epoch",
            epochs=number,
        ),
        Line(
            "validation",
            c.validation,
            number,
            epochs[f"validation_{name}"],
            marked=True,
            detail="end of each epoch",
            epochs=number,
        ),
    ]


def _size(plots: list[Plot]) -> QSize:
    """Return the size of plots side by side."""
    return QSize(sum(plot.width() for plot in plots), max(plot.height() for plot in plots))


def _write(path: Path, content: bytes | None, run: RunFolder | None) -> None:
    """Write the content of a picture, or the table of a run's curves if there is none."""
    if content is None:
        content = curves_table(read_events(run.events) if run is not None else ()).encode()
    try:
        save_file(path, content)
    except OSError as error:
        raise unwritable(path, error) from error


def _soft(text: str) -> QLabel:
    label = QLabel(text, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "soft")
    return label
