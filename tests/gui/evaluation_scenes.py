"""Pictures of the Evaluation dock: every page, with a trained LeNet-5 and with other outputs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest

from designer.gui.base.plot import Plot
from designer.gui.evaluation.contents import Contents
from tests.gui.hands import LEFT, NONE, wait, wait_until

Scene = tuple[str, Callable[[], QPixmap]]

_DRAWN_MS = 500  # for curves that are computed in the background
_SECONDS = 120  # until a scene gives up waiting for the worker


def evaluation_scenes(window, seen: Callable[[object], QPixmap]) -> Iterator[Scene]:
    """Show the pages with the digits of LeNet-5, of 1,000 classes, of labels and of numbers.

    Parameters
    ----------
    window
        The main window.
    seen
        Returns the window as it is seen, with what floats above it.
    """

    def whole() -> QPixmap:
        return seen(window)

    run = min(Path(os.environ["GALLERY_RUNS"]).iterdir())
    window.documents.open_demo()
    window.trainer.show(run)
    wait_until(lambda: window.trainer.shown.looked, _SECONDS)
    window.canvas.fit()
    window.show_dock("evaluation")
    panel = window.docks["evaluation"].widget()
    wait_until(lambda: panel.view is not None and panel.view.isVisible(), _SECONDS)
    for name in _digits(window, panel):
        yield name, whole
    for kind, contents in (
        ("thousand", thousand(run)),
        ("labels", labels(run)),
        ("numbers", values(run)),
    ):
        panel.show_contents(contents)
        for row in panel.view._rows:
            panel.view.show_page(row.key)
            wait(_DRAWN_MS)
            yield f"{kind}-{row.key}", whole


def _fetched(window) -> None:
    wait(_DRAWN_MS)
    wait_until(lambda: not window.trainer.inspection.busy, _SECONDS)
    wait(_DRAWN_MS)


def _digits(window, panel) -> Iterator[str]:
    view = panel.view
    for key in ("overview", "classes", "confusion", "curves", "calibration", "mistakes"):
        page = view.show_page(key)
        _fetched(window)
        yield f"evaluation-{key}"
        if key == "classes":
            page.scores.selectRow(0)
            _fetched(window)
            yield "evaluation-class-chosen"
        if key == "confusion":
            page.pairs.activated.emit(0)
            _fetched(window)
            yield "evaluation-cell-chosen"
            page.by.buttons["share"].click()
            yield "evaluation-by-share"
        if key == "curves":
            _click_curve(page.plot)
            _fetched(window)
            yield "evaluation-point-chosen"
            page.kinds.buttons["roc"].click()
            for row in range(6):
                page.list.item(row).setSelected(True)
            _fetched(window)
            yield "evaluation-roc"


def _click_curve(plot: Plot) -> None:
    line = plot.lines[0]
    point = int(np.abs(line.x - 0.9).argmin())
    QTest.mouseClick(plot.view.viewport(), LEFT, NONE, plot.pixel(0, point).toPoint())


def thousand(run: Path) -> Contents:
    """Return an evaluation of 1,000 classes, a quarter of them wrong."""
    draw = np.random.default_rng(0)
    targets = np.arange(5_000) % 1_000
    values = draw.gamma(0.05, size=(5_000, 1_000)) + 1e-9
    values[np.arange(5_000), targets] += draw.random(5_000) * 8
    values /= values.sum(1, keepdims=True)
    return Contents(
        run=run,
        part="test",
        kind="classes",
        names=tuple(f"class {number} of a long name" for number in range(1_000)),
        values=values,
        targets=targets,
        predicted=values.argmax(1),
        losses=-np.log(values[np.arange(5_000), targets]),
    )


def labels(run: Path) -> Contents:
    """Return an evaluation of six labels, one of which no image has."""
    draw = np.random.default_rng(1)
    targets = (draw.random((400, 6)) < (0.5, 0.2, 0.05, 0.7, 0.0, 0.4)).astype(np.float32)
    values = 1 / (1 + np.exp(-(4 * targets - 2 + 1.6 * draw.normal(size=(400, 6)))))
    return Contents(
        run=run,
        part="test",
        kind="labels",
        names=("cat", "dog", "night", "indoors", "unicorn", "several animals"),
        values=values,
        targets=targets,
        predicted=values >= 0.5,
        losses=np.abs(values - targets).mean(1),
        thresholds=(0.5,) * 6,
    )


def values(run: Path) -> Contents:
    """Return an evaluation of two predicted numbers."""
    draw = np.random.default_rng(2)
    targets = draw.normal(size=(600, 2)) * (3, 40) + (10, 100)
    said = targets + draw.normal(size=(600, 2)) * (0.6, 25)
    return Contents(
        run=run,
        part="test",
        kind="numbers",
        names=("width", "height"),
        values=said,
        targets=targets,
        predicted=said,
        losses=((said - targets) ** 2).mean(1),
    )
