"""Starting the window."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from designer import __version__


def display_missing() -> str:
    """Return why no window can be shown, as one sentence; "" if one can."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return ""
    return (
        "There is no display to open a window on; use the command line instead, as in "
        "netdesigner train lenet5 (netdesigner --help lists all commands)."
    )


def run(designs: Sequence[str] = (), *, demo: bool = False) -> int:
    """Open the window with some designs, or with the finished one being trained; return when closed."""
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    from designer.gui import numbers, preferences, theme
    from designer.gui.main_window import MainWindow
    from designer.resources import folder

    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("netdesigner")
    application.setApplicationDisplayName("Network Designer")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("netdesigner")
    application.setWindowIcon(QIcon(str(folder("assets") / "icon.svg")))
    application.setStyle("Fusion")
    remembered = preferences.load()
    theme.load_fonts(application)
    theme.theme.follow(application, remembered.theme)
    numbers.use(remembered.numbers)
    window = MainWindow(remembered)
    window.show()
    for design in designs:
        QTimer.singleShot(0, lambda text=design: _open(window, text))
    if demo:
        QTimer.singleShot(0, lambda: window.guarded(window.open_demo))
        QTimer.singleShot(0, lambda: window.actions_["train.start"].trigger())
    return application.exec()


def _open(window: "object", text: str) -> None:
    from designer import presets

    if text in presets.names():
        window.guarded(lambda: window.workspace.open_preset(text))
    else:
        window.open_file(Path(text))
