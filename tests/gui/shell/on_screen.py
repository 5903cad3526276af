"""``python -m tests.gui.shell.on_screen``: measure the window as a first start shows it.

The screen is the platform's, which `tests.gui.screenshots.on_screen` describes. Prints JSON.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, QPoint, QRect
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QLabel,
    QScrollBar,
    QSplitter,
    QToolButton,
    QWidget,
)

from designer.gui.base.elided_label import ElidedLabel
from tests.gui.hands import wait, wait_until

_LOOKS, _PAUSE = 3, 30  # looks at a panel in which nothing moves, and milliseconds between two
_SECONDS = 15  # that a machine under load may take to lay a panel out


def main() -> None:
    """Open a design, show every dock and dialog, and print what was measured."""
    home = tempfile.mkdtemp()
    for name in ("CONFIG", "STATE", "DATA", "CACHE"):
        os.environ[f"XDG_{name}_HOME"] = home
    from designer import preferences
    from designer.gui.base import background, theme
    from designer.gui.export.dialog import ExportDialog
    from designer.gui.shell.main_window import MainWindow
    from designer.gui.shell.settings import SettingsDialog

    application = QApplication([])
    application.setStyle("Fusion")
    theme.load_fonts(application)
    theme.theme.follow(application, "dark")
    remembered = preferences.Preferences(runs_folder=f"{home}/runs", standby=False)
    window = MainWindow(remembered)
    window.show()
    wait_until(window.isVisible)
    free = window.screen().availableGeometry()
    welcome = free.contains(window.frameGeometry())
    window.workspace.open_preset("vgg16")
    laid_out(window)
    cut, shortened = {}, {}
    for key, dock in window.docks.items():
        window.show_dock(key)
        cut[key] = once_laid_out(dock.widget(), cut_off)
        shortened[key] = once_laid_out(dock.widget(), short_of_room)
    window.trainer.show(a_run(Path(home) / "runs" / "2026-01-01-1200-lenet5"))
    wait_until(lambda: window.training.curves is not None)
    for key in ("training", "runs"):
        window.show_dock(key)
        shortened[f"{key} of a run"] = once_laid_out(window.docks[key].widget(), short_of_room)
    dialogs = {}
    for make in (
        lambda: SettingsDialog(window.preferences, window.apply_preferences, window),
        lambda: ExportDialog(window.workspace, window.trainer, window),
    ):
        dialog = make()
        dialog.show()
        found = once_laid_out(dialog, cut_off)
        fits = dialog.frameGeometry().height() <= free.height()
        dialogs[dialog.objectName()] = fits and not found
        dialog.close()
    editor, center = window.editor, window.editor.centralWidget()
    print(
        json.dumps(
            {
                "welcome": welcome,
                "inside": free.contains(window.frameGeometry()),
                "across": center.width() / editor.width(),
                "down": center.height() / editor.height(),
                "tabbing": editor.sizes().tabbing,
                "cut": cut,
                "shortened": shortened,
                "dialogs": dialogs,
                "search": window.findChild(QWidget, "search").isVisible(),
            }
        )
    )
    for document in window.workspace.documents:
        document.saved = document.design
    window.close()
    background.end()


def a_run(path: Path) -> Path:
    """Write a run whose loss falls, as a worker that was stopped leaves it."""
    from designer import presets
    from designer.runs.begin import begin
    from tests.gui.training.conftest import write_events

    write_events(begin(path, presets.load("lenet5"), presets.recipe("lenet5")), epochs=7)
    return path


def laid_out(panel: QWidget) -> None:
    """Wait until a panel is seen, and nothing in it gets another place any more."""
    wait_until(panel.isVisible, _SECONDS)
    places: list[QRect] = []
    same = 0
    while same < _LOOKS:
        wait(_PAUSE)
        before, places = places, [each.geometry() for each in panel.findChildren(QWidget)]
        same = same + 1 if places == before else 0


def once_laid_out(panel: QWidget, faults: Callable[[QWidget], Iterable[str]]) -> list[str]:
    """Return the faults that a panel has once it is laid out, or those that remain for long."""
    laid_out(panel)
    deadline = QDeadlineTimer(1000 * _SECONDS)
    while (found := sorted(faults(panel))) and not deadline.hasExpired():
        wait(_PAUSE)
    return found


def short_of_room(panel: QWidget) -> Iterator[str]:
    """Yield the buttons, tabs and labels of one line that show only a part of their words.

    An `ElidedLabel` is meant to; its tooltip has the whole text.
    """
    for button in panel.findChildren(QAbstractButton):
        if not button.isVisible() or not button.text():
            continue
        lines = button.text().split("\n")
        needed = max(button.fontMetrics().horizontalAdvance(line) for line in lines)
        if isinstance(button, QToolButton):  # it leaves out the middle of its text
            needed = button.sizeHint().width()
        if needed > button.width():
            yield f"{type(button).__name__} {button.text()}"
    for label in panel.findChildren(QLabel):
        if label.wordWrap() or isinstance(label, ElidedLabel) or not label.isVisible():
            continue
        if label.sizeHint().width() > label.width() + 1:
            yield f"QLabel {label.objectName()}: {label.text()}"


def cut_off(panel: QWidget) -> Iterator[str]:
    """Yield the widgets that are partly outside of a panel and in nothing that scrolls there."""
    area = QRect(QPoint(0, 0), panel.size())
    for widget in panel.findChildren(QWidget):
        if not widget.isVisible() or widget.window() is not panel.window() or scrolls(widget):
            continue
        if isinstance(widget, QScrollBar | QSplitter) or widget.size().isEmpty():
            continue
        at = QRect(widget.mapTo(panel, QPoint(0, 0)), widget.size())
        if not area.adjusted(-1, -1, 1, 1).contains(at):
            yield f"{type(widget).__name__} {widget.objectName()}"


def scrolls(widget: QWidget) -> bool:
    """Tell whether a widget is in an area that scrolls."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QAbstractScrollArea):
            return True
        parent = parent.parentWidget()
    return False


if __name__ == "__main__":
    sys.exit(main())
