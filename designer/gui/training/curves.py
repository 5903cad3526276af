"""The curves of the shown run and of earlier runs to compare it with, and their tool bar."""

import csv
import io
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
from designer.gui.base.theme import colors, theme
from designer.gui.training import overlays
from designer.gui.training.compared_runs import ComparedRuns
from designer.gui.training.lines import MIDDLE, Line
from designer.gui.training.plots import Plot
from designer.gui.training.run_title import FLAT
from designer.gui.worker.history import History, smoothed
from designer.gui.worker.trainer import Trainer
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
LONGEST = 1_000  # the longest time between two drawings, in milliseconds
_PAGES = (("Loss, accuracy", "Loss"), ("Rate, throughput", "Rate"))  # names, long and short
_NARROW = 38  # line heights of a panel with room for the long names only from here on
_FORMATS = "PNG picture (*.png);;SVG drawing (*.svg);;CSV table (*.csv)"


class Curves(QWidget):
    """Loss and accuracy side by side, or learning rate and throughput."""

    def __init__(self, trainer: Trainer | ComparedRuns) -> None:
        super().__init__()
        self.trainer = trainer
        self.loss = Plot("Loss")
        self.accuracy = Plot("Accuracy", percent=True)
        for plot in (self.loss, self.accuracy):
            plot.header.setToolTip(EXPLANATION)
        self.rate: Plot | None = None  # these two are created at the first use of their page
        self.throughput: Plot | None = None
        self.plots: list[Plot] = []
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
        column.addLayout(self._tools())
        self.legend = QLabel(objectName="curves-legend")
        self.legend.setMinimumWidth(1)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setContentsMargins(8, 0, 8, 0)
        column.addWidget(self.legend)
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
        for number, (name, help_) in enumerate(
            (
                (_PAGES[0][0], "Show the loss and the accuracy."),
                (
                    _PAGES[1][0],
                    "Show the learning rate and the throughput in images per second.",
                ),
            )
        ):
            button = QToolButton(objectName=f"curves-page-{number}", text=name, toolTip=help_)
            button.setCheckable(True)
            button.setStyleSheet(FLAT)
            self.pages.addButton(button, number)
            row.addWidget(button)
        self.pages.button(0).setChecked(True)
        self.pages.idClicked.connect(self._choose)
        row.addStretch(1)
        row.addWidget(_soft("Smoothing"))
        self.smoothing = Slider(Qt.Orientation.Horizontal, objectName="curves-smoothing")
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip(
            "Smooth the faint curve of single steps: the weight of the previous steps in their "
            "exponential moving average, in per cent. The points of the epochs are never smoothed."
        )
        self.smoothing.setRange(0, 99)
        self.smoothing.setValue(SMOOTHING)
        self.smoothing.setFixedWidth(84)
        self.smoothing.valueChanged.connect(self.refresh_soon)
        row.addWidget(self.smoothing)
        self.log = self._button("Log", "Draw the loss on a logarithmic axis.", "curves-log")
        self.log.setCheckable(True)
        self.log.toggled.connect(self._set_log)
        self.fit = self._button("Fit", "Show the whole curves (double-click, Home).", "curves-fit")
        self.fit.clicked.connect(self._fit)
        self.export = self._button("Save ▾", "Save the curves.", "curves-save")
        self.export.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
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
        """Use short names of the pages where the long ones have no room."""
        super().resizeEvent(event)
        narrow = event.size().width() < _NARROW * self.fontMetrics().height()
        for button, names in zip(self.pages.buttons(), _PAGES, strict=True):
            button.setText(names[narrow])
        self._write_legend()

    def _add(self, plot: Plot) -> None:
        plot.pointed.connect(self._point)
        self._row.addWidget(plot, 1)
        self.plots.append(plot)

    def _choose(self, page: int) -> None:
        self._page = page
        if page == 1 and self.rate is None:
            self.rate, self.throughput = Plot("Learning rate"), Plot("Images per second")
            self._add(self.rate)
            self._add(self.throughput)
            self.rate.set_log(self.log.isChecked())
        self.refresh_soon()
        self._show_page()

    def _show_page(self) -> None:
        follower = self.trainer.shown
        classes = follower is None or not np.isfinite(follower.history.epochs["epoch"]).any()
        if follower is not None and not classes:
            history = follower.history
            classes = bool(
                np.isfinite(history.epochs["validation_accuracy"]).any()
                or np.isfinite(history.steps["accuracy"]).any()
            )
        self.loss.setVisible(self._page == 0)
        self.accuracy.setVisible(self._page == 0 and classes)
        if self.rate is not None and self.throughput is not None:
            self.rate.setVisible(self._page == 1)
            self.throughput.setVisible(self._page == 1)

    def _set_log(self, log: bool) -> None:
        self.loss.set_log(log)
        if self.rate is not None:
            self.rate.set_log(log)

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
        c = colors()
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
        elif self.rate is not None and self.throughput is not None:
            self.rate.set_lines([Line("now", c.train, x, history.steps["lr"])], marks)
            throughput = smoothed(history.steps["images_per_second"], share)
            self.throughput.set_lines([Line("now", c.train, x, throughput)], marks)
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
        follower = self.trainer.shown
        history = follower.history if follower is not None else History()
        match path.suffix.lower():
            case ".png":
                content = self._png()
            case ".svg":
                content = self._svg()
            case ".csv":
                content = table(history).encode()
            case _:
                self.trainer.refused.emit(
                    f"Curves cannot be saved as {path.name}: use the suffix .png, .svg or .csv."
                )
                return
        background.run(
            self, lambda: _write(path, content), lambda _: None, self.trainer.refused.emit
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


def table(history: History) -> str:
    """Return the steps and epochs of a run as CSV text, one per line, ordered by step.

    The loss of a step is that of its batch; ``train_loss`` is the mean of an epoch.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        (
            "step", "epoch", "step_loss", "step_accuracy", "learning_rate", "images_per_second",
            "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
        )
    )  # fmt: skip
    steps, epochs, per_epoch = history.steps, history.epochs, history.steps_per_epoch
    columns = [steps[name] for name in ("step", "loss", "accuracy", "lr", "images_per_second")]
    rows = [
        (int(step), f"{step / per_epoch:.6g}", loss, accuracy, rate, throughput, "", "", "", "")
        for step, loss, accuracy, rate, throughput in zip(
            *(c.tolist() for c in columns), strict=True
        )
    ]
    names = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    for epoch, *metrics in zip(*(epochs[n].tolist() for n in names), strict=True):
        rows.append((round(epoch * per_epoch), f"{epoch:g}", "", "", "", "", *metrics))
    rows.sort(key=lambda row: row[0])
    writer.writerows([_blank(value) for value in row] for row in rows)
    return file.getvalue()


def _blank(value: object) -> object:
    """Return a value for a CSV cell: an empty text for NaN."""
    return "" if isinstance(value, float) and math.isnan(value) else value


def _size(plots: list[Plot]) -> QSize:
    """Return the size of plots side by side."""
    return QSize(sum(plot.width() for plot in plots), max(plot.height() for plot in plots))


def _write(path: Path, content: bytes) -> None:
    try:
        save_file(path, content)
    except OSError as error:
        raise unwritable(path, error) from error


def _soft(text: str) -> QLabel:
    label = QLabel(text, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "soft")
    return label
