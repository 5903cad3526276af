"""Pictures of the Studies dock: pages of 3, 40 and 500 candidates, and the form of a study."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest

from tests.gui.hands import LEFT, NONE, wait, wait_until
from tests.gui.studies import samples

Scene = tuple[str, Callable[[], QPixmap]]

_DRAWN_MS = 500  # for what is read in the background and drawn a moment later


def studies_scenes(window, seen: Callable[[object], QPixmap]) -> Iterator[Scene]:
    """Show the welcome page, the dock without a study, each page of three studies, and the form.

    Parameters
    ----------
    window
        The main window.
    seen
        Returns the window as it is seen, with what floats above it.
    """

    def whole() -> QPixmap:
        return seen(window)

    wait_until(lambda: bool(window.welcome.studies.buttons))
    yield "studies-welcome", whole
    window.welcome.studies.chosen.emit("batch_size")
    wait(_DRAWN_MS)
    yield "studies-template", whole
    window.findChild(object, "template-dialog").reject()
    window.documents.open_demo()
    window.canvas.fit()
    window.show_dock("studies")
    panel = window.editor.studies
    wait_until(lambda: bool(panel.templates.buttons))
    wait(_DRAWN_MS)
    yield "studies-empty", whole
    yield from ((name, whole) for name in _form_scenes(window, panel))
    root = Path(os.environ["GALLERY_RUNS"]) / "studies"
    for name, make in (("3", samples.three), ("40", samples.forty), ("500", samples.many)):
        folder = make(root) if not (root / _NAMES[name]).exists() else None
        panel.choose(root / _NAMES[name] if folder is None else folder.path)
        wait_until(lambda: panel.view is not None and panel.view.model.table is not None)
        wait(_DRAWN_MS)
        for row in range(panel.view.tabs.count()):
            panel.view.tabs.setCurrentIndex(row)
            wait(_DRAWN_MS)
            key = panel.view.page.objectName()
            yield f"{key}-{name}", whole
            if key == "study-pareto":
                plot = panel.view.page.plot
                QTest.mouseClick(plot.view.viewport(), LEFT, NONE, _point(plot))
                wait(_DRAWN_MS)
                yield f"{key}-{name}-picked", whole
        panel.view.tabs.setCurrentIndex(0)


_NAMES = {"3": "batch-size", "40": "grid", "500": "search"}


def _point(plot):
    """Return where the first point of a front is seen."""
    at: QPointF = plot.pixel(1, 0)
    return at.toPoint()


def _form_scenes(window, panel) -> Iterator[str]:
    panel.ask_for_study()
    dialog = window.findChild(object, "new-study")
    wait(_DRAWN_MS)
    yield "studies-form-empty"
    for name in ("optimizer.learning_rate", "optimizer.name", "design.conv1.out_channels"):
        dialog.tree.items[name].setCheckState(0, Qt.CheckState.Checked)
    QTest.keyClicks(dialog.how.budget["parameters"], "60k")
    dialog.how.protocol.choose("repeats")
    dialog.how.protocol.activated.emit(1)
    wait(_DRAWN_MS)
    yield "studies-form"
    QTest.keyClicks(dialog.rows["optimizer.learning_rate"].low, "x")
    QTest.keyClicks(dialog.tree.finder, "dropout")
    wait(_DRAWN_MS)
    yield "studies-form-error"
    dialog.reject()
