"""Work in a thread that imports modules of the window."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from designer.gui import background

_SLICE = 0.008  # seconds on the main thread, after which it sees to events


def run(
    owner: QtCore.QObject,
    work: Callable[[], Any],
    done: Callable[[Any], object],
    failed: Callable[[str], object] | None = None,
) -> None:
    """Do as `background.run`, with work that may import what uses Qt.

    PySide makes a class when its name is first looked up, and does not bear that two threads are
    at it at once: the program falls. So all classes are made first, on the main thread.
    """
    until = time.perf_counter() + _SLICE
    for _ in _classes:
        if time.perf_counter() > until:
            QtCore.QTimer.singleShot(0, owner, lambda: run(owner, work, done, failed))
            return
    background.run(owner, work, done, failed)


def _make_classes() -> Iterator[None]:
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            getattr(module, name)
            yield


_classes = _make_classes()
