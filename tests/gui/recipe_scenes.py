"""Pictures of the recipe's form, its search, templates and advice, and the pages of the curves."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu, QScrollArea, QToolButton, QWidget

from designer.gui.training.plot_pages import PAGES
from tests.gui.hands import LEFT, NONE, wait, wait_until

Scene = tuple[str, Callable[[], QPixmap]]

_DRAWN_MS = 400  # for layouts and plots that are drawn a moment later
_SECONDS = 120  # until a scene gives up waiting for the worker


def recipe_scenes(window, seen: Callable[[object], QPixmap]) -> Iterator[Scene]:
    """Show the form with each group open, and a finished run's curves with advice.

    Parameters
    ----------
    window
        The main window.
    seen
        Returns the window as it is seen, with what floats above it.
    """

    def whole() -> QPixmap:
        return seen(window)

    window.documents.open_demo()
    window.canvas.fit()
    window.show_dock("training")
    set_up = window.training.set_up
    wait_until(lambda: set_up.data.reading is not None, _SECONDS)
    for part in (_form_scenes, _search_scenes, _template_scenes, _rate_scenes, _curve_scenes):
        for name in part(window):
            wait(_DRAWN_MS)
            yield name, whole
    for name in _advice_scenes(window):
        wait(_DRAWN_MS)
        yield name, whole


def _scroll_to(set_up, widget: QWidget) -> None:
    """Bring a widget to the top of the set-up."""
    wait(_DRAWN_MS)
    area = set_up.findChild(QScrollArea)
    area.verticalScrollBar().setValue(widget.mapTo(area.widget(), QPoint(0, 0)).y())


def _form_scenes(window) -> Iterator[str]:
    set_up = window.training.set_up
    form = set_up.form
    for name in ("optimizer.name", "schedule.name", "augmentation.rotation"):
        _scroll_to(set_up, form.rows[name])
        yield f"recipe-{name}"
    QTest.mouseClick(form.more, LEFT, NONE)
    _scroll_to(set_up, form.more)
    yield "recipe-more"
    for group, heading in form.headings.items():
        QTest.mouseClick(heading, LEFT, NONE)
        _scroll_to(set_up, heading)
        yield f"recipe-group-{group or 'training'}"
        QTest.mouseClick(heading, LEFT, NONE)
    QTest.mouseClick(form.more, LEFT, NONE)


def _search_scenes(window) -> Iterator[str]:
    set_up = window.training.set_up
    finder = set_up.findChild(QLineEdit, "recipe-finder")
    _scroll_to(set_up, finder)
    for text in ("decay", "betas", "qqqq"):
        finder.clear()
        QTest.keyClicks(finder, text)
        yield f"recipe-find-{text}"
    finder.clear()
    QTest.keyClick(form_editor(set_up, "batch"), Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(form_editor(set_up, "batch"), "128")
    _scroll_to(set_up, set_up.form.rows["batch"])
    yield "recipe-scale-rate"
    set_up.take(set_up.form.recipe)


def form_editor(set_up, name: str) -> QWidget:
    """Return the editor of a setting by its dotted name."""
    return set_up.form.rows[name].editor


def _template_scenes(window) -> Iterator[str]:
    set_up = window.training.set_up
    menu = set_up.findChild(QMenu, "recipe-templates")
    menu.popup(set_up.mapToGlobal(QPoint(40, 40)))
    yield "recipe-templates"
    menu.close()


def _rate_scenes(window) -> Iterator[str]:
    window.training.set_up.rate_wanted.emit()
    from designer.gui.training.rate_dialog import RateDialog

    dialog = window.findChild(RateDialog)
    yield "rate-test-begun"
    wait_until(lambda: dialog.found is not None, _SECONDS)
    yield "rate-test-done"
    dialog.close()


def _curve_scenes(window) -> Iterator[str]:
    window.trainer.show(min(Path(os.environ["GALLERY_RUNS"]).iterdir()))
    wait_until(lambda: window.training.curves is not None, _SECONDS)
    curves = window.training.curves
    for number, page in enumerate(PAGES):
        button = curves.pages.button(number)
        if button.isVisible():
            QTest.mouseClick(button, LEFT, NONE)
            yield f"curves-{page.short.lower()}"
    QTest.mouseClick(curves.pages.button(0), LEFT, NONE)
    more = window.training.findChild(QToolButton, "advice-more")
    if more.isVisible():
        QTest.mouseClick(more, LEFT, NONE)
        yield "curves-advice-open"


def _advice_scenes(window) -> Iterator[str]:
    """Show advice on a design without an activation between two linear layers, and silence it."""
    from designer.gui.shell.settings import SettingsDialog

    workspace = window.workspace
    workspace.select(["tanh3"], reveal=True)
    window.canvas.delete()
    window.show_dock("problems")
    wait(1000)
    yield "advice-problems"
    workspace.advice_silenced.emit("no-activation")
    dialog = SettingsDialog(window.preferences, window.apply_preferences, window)
    dialog.show()
    yield "advice-settings"
    dialog.close()
    workspace.undo()
