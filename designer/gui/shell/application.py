"""Starting the window."""

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
_PATIENCE_MS = 2_000  # for what threads have in hand when the window closes
_UNSEEN = ("offscreen", "minimal")  # platforms of Qt on which a window can open and not be seen


def has_screen() -> bool:
    """Tell whether somebody could see a window: there is a display, and it is no pretended one."""
    return not display_missing() and os.environ.get("QT_QPA_PLATFORM") not in _UNSEEN


def display_missing() -> str:
    """Return why no window can be shown, as one sentence; "" if one can.

    Qt ends the whole process where it finds no display, so this looks before it does.
    """
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM") in _UNSEEN:
        return ""
    instead = (
        "Use the command line instead, as in netdesigner train lenet5; netdesigner --help lists "
        "all commands."
    )
    if _wayland_answers():
        return ""
    if not _x_answers(os.environ.get("DISPLAY", "")):
        return f"There is no display to open a window on. {instead}"
    library = _missing_library()
    if library:
        return (
            f"The window cannot be opened: Qt needs {library}, which is not installed. On Debian "
            f"and Ubuntu: apt install {X_PACKAGES}. {instead}"
        )
    return ""


def _missing_library() -> str:
    """Return the name of a system library that Qt's part for X lacks, "" if it can be loaded."""
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
    """Try to reach the X server that a display's name, such as ``:0`` or ``host:10.0``, means."""
    import socket

    match = re.fullmatch(r"(?:unix|([^/:]*))?:(\d+)(?:\.\d+)?", display)
    if not match:
        return bool(display)  # a form of name that Qt may know better
    host, number = match.groups()
    if host:
        place: Any = (host, 6000 + int(number))
        kind = socket.AF_INET
    else:
        place = f"/tmp/.X11-unix/X{number}"
        kind = socket.AF_UNIX
    try:
        with socket.socket(kind, socket.SOCK_STREAM) as connection:
            connection.settimeout(2.0)
            connection.connect(place)
    except OSError:
        return False
    return True


def run(designs: Sequence[str] = (), *, demo: bool = False) -> int:
    """Open the window, with designs or with the demo being trained; return when it is closed."""
    gc.disable()  # what is imported now stays; later `GarbageCollector` looks for what does not
    from PySide6.QtCore import QThreadPool, QTimer
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    from designer.gui.base import background, numbers, preferences, theme
    from designer.gui.base.speed.garbage import GarbageCollector
    from designer.gui.shell.main_window import MainWindow
    from designer.resources import folder

    # Not by `setStyle`, for whose answer PySide would make the whole of QStyle.
    words = [*sys.argv[:1], "-style", "Fusion"]
    application = QApplication.instance() or QApplication(words)
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
        QTimer.singleShot(0, lambda: window.guarded(window.documents.open_demo))
        QTimer.singleShot(0, lambda: _train_when_ready(window))
    code = application.exec()
    background.end()
    QThreadPool.globalInstance().waitForDone(_PATIENCE_MS)
    return code


def _train_when_ready(window: "MainWindow") -> None:
    """Press Train as soon as the data are read; not if somebody opened another design by then."""
    training, document = window.training, window.workspace.document

    def look() -> None:
        if window.workspace.document is not document:
            training.changed.disconnect(look)
        elif not training.refusal():
            training.changed.disconnect(look)
            window.train()

    training.changed.connect(look)
    look()


def _open(window: "MainWindow", text: str) -> None:
    from designer import presets

    if text in presets.names():
        window.guarded(lambda: window.workspace.open_preset(text))
    else:
        window.documents.open_file(Path(text))
