"""Starts the window, or says why none can be shown."""

import gc
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from designer import __version__

if TYPE_CHECKING:
    from designer.gui.shell.main_window import MainWindow

X_PACKAGES = "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxkbcommon-x11-0"
_PATIENCE_MS = 2_000  # for threads to finish when the window closes
_UNSEEN = ("offscreen", "minimal")  # platforms of Qt without a screen


def has_screen() -> bool:
    """Tell whether there is a display on which a user sees a window."""
    return not display_missing() and not _is_unseen()


def display_missing() -> str:
    """Return why no window can be shown; "" if one can.

    Qt ends the process if it finds no display, so this checks before Qt is started.
    """
    if sys.platform != "linux" or _is_unseen():
        return ""
    instead = (
        "Use the command line instead, for example netdesigner train lenet5; netdesigner --help "
        "lists all commands."
    )
    if _wayland_answers():
        return ""
    if not _x_answers(os.environ.get("DISPLAY", "")):
        return f"There is no display to open a window on. {instead}"
    library = _missing_library()
    if library:
        return (
            f"The window cannot be opened: Qt needs {library}, which is not installed. On Debian "
            f"and Ubuntu, run apt install {X_PACKAGES}. {instead}"
        )
    return ""


def _is_unseen() -> bool:
    """Tell whether Qt is told to draw without a screen; options may follow behind a colon."""
    return os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0] in _UNSEEN


def _missing_library() -> str:
    """Return the name of a system library that Qt needs for X and does not find; "" if none."""
    import ctypes

    import PySide6

    plugin = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    try:
        if plugin.exists():
            ctypes.CDLL(str(plugin))
    except OSError as error:
        return str(error).partition(":")[0]
    return ""


def _wayland_answers() -> bool:
    name = os.environ.get("WAYLAND_DISPLAY", "")
    return bool(name) and Path(os.environ.get("XDG_RUNTIME_DIR", "/"), name).exists()


def _x_answers(display: str) -> bool:
    """Tell whether the X server of a display, such as ``:0`` or ``host:10.0``, can be reached."""
    import socket

    match = re.fullmatch(r"(?:unix|([^/:]*))?:(\d+)(?:\.\d+)?", display)
    if not match:
        return bool(display)  # another notation, which Qt may know
    host, number = match.groups()
    if host:
        address: Any = (host, 6000 + int(number))
        kind = socket.AF_INET
    else:
        address = f"/tmp/.X11-unix/X{number}"
        kind = socket.AF_UNIX
    try:
        with socket.socket(kind, socket.SOCK_STREAM) as connection:
            connection.settimeout(2.0)
            connection.connect(address)
    except OSError:
        return False
    return True


def run(designs: Sequence[str] = (), *, demo: bool = False) -> int:
    """Open the window, with designs or with a training of the demo, until it is closed.

    Returns
    -------
    int
        The exit code of the process.
    """
    gc.disable()  # until `GarbageCollector` takes over: see `designer.gui.base.speed`
    from PySide6.QtCore import QThreadPool, QTimer
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    from designer import preferences
    from designer.gui.base import background, numbers, theme
    from designer.gui.base.speed.garbage import GarbageCollector
    from designer.gui.shell.main_window import MainWindow
    from designer.resources import folder

    # As an argument: `setStyle` returns the style, for which PySide creates the class QStyle.
    arguments = [*sys.argv[:1], "-style", "Fusion"]
    application = QApplication.instance() or QApplication(arguments)
    assert isinstance(application, QApplication)
    application.setApplicationName("netdesigner")
    application.setApplicationDisplayName("Network Designer")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("netdesigner")
    application.setWindowIcon(QIcon(str(folder("assets") / "icon.svg")))
    remembered = preferences.load()
    theme.load_fonts(application)
    theme.theme.choose(application, remembered.theme)
    numbers.use(remembered.numbers)
    GarbageCollector(application)
    window = MainWindow(remembered)
    theme.theme.style(application)
    window.show()
    for design in designs:
        QTimer.singleShot(0, lambda text=design: _open(window, text))
    if demo:
        QTimer.singleShot(0, window.train_demo)
    code = application.exec()
    background.end()
    QThreadPool.globalInstance().waitForDone(_PATIENCE_MS)
    return code


def _open(window: "MainWindow", text: str) -> None:
    from designer import presets
    from designer.readers import sources

    if text in presets.names():
        window.guarded(lambda: window.workspace.open_preset(text))
    elif sources.is_name(text):
        window.foreign.open_named(text)
    else:
        window.documents.open_file(Path(text))
