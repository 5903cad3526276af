"""Work in a thread that imports modules, when the window has nothing to do.

Python's lock lets one thread run at a time. Importing for half a second would make all that the
window does meanwhile twice as slow, so such a thread waits before each module for the window to
rest.
"""

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from designer.gui.base import background

_SLICE = 0.008  # seconds on the main thread, after which it sees to events
_QUIET = 0.012  # seconds without events, after which a module is imported ...
_PATIENCE = 0.15  # ... and after which it is, however busy the window is


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
    _watch()

    def considerate() -> Any:
        _considerate.add(threading.get_ident())
        try:
            return work()
        finally:
            _considerate.discard(threading.get_ident())

    background.run(owner, considerate, done, failed)


def hurry() -> None:
    """Let what is being imported wait no more, since the window waits for it."""
    _considerate.clear()


def _make_classes() -> Iterator[None]:
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            getattr(module, name)
            yield


_classes = _make_classes()
_considerate: set[int] = set()  # threads


class _GiveWay:
    """Finds no module, but is asked before each one that is imported."""

    def __init__(self) -> None:
        self._resting_since = math.inf  # when the main thread began to wait for events

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if threading.get_ident() in _considerate:
            patience = time.perf_counter() + _PATIENCE
            while (
                self._resting_since + _QUIET > (now := time.perf_counter())
                and now < patience
                and not _main_thread_imports()
            ):
                time.sleep(_QUIET / 3)
        elif threading.current_thread() is threading.main_thread():
            hurry()  # it may come to wait for a module that is being imported

    def rests(self) -> None:
        self._resting_since = time.perf_counter()

    def wakes(self) -> None:
        self._resting_since = math.inf


def _main_thread_imports() -> bool:
    """Tell whether the window waits for a module; it may be one that another thread imports."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    return frame is not None and frame.f_code.co_filename == "<frozen importlib._bootstrap>"


@cache
def _watch() -> None:
    """Begin to look whether the main thread rests."""
    finder = _GiveWay()
    sys.meta_path.insert(0, finder)
    dispatcher = QtCore.QAbstractEventDispatcher.instance()
    dispatcher.aboutToBlock.connect(finder.rests)
    dispatcher.awake.connect(finder.wakes)
