"""Work in a thread that imports modules while the window has nothing else to do.

Only one thread runs Python at a time, so an import in a thread slows the window down: selecting six
nodes took 300 ms while pyqtgraph and networkx were imported, and 110 ms otherwise. Such a thread
therefore waits before each module until the window is idle.
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

_SLICE = 0.008  # seconds on the main thread, after which it handles events
_QUIET = 0.012  # seconds without events, after which a module is imported ...
_PATIENCE = 0.15  # ... and after which it is, however busy the window is


def run(
    owner: QtCore.QObject,
    work: Callable[[], Any],
    done: Callable[[Any], object],
    failed: Callable[[str], object] | None = None,
) -> None:
    """Do as `background.run`, with work that may import modules that use Qt.

    PySide creates a class when its name is first looked up, and crashes when two threads do so at
    once. So all classes are created first, on the main thread.
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
    """Let imports that are under way wait no longer, because the window needs the modules."""
    _considerate.clear()


def _make_classes() -> Iterator[None]:
    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            getattr(module, name)
            yield


_classes = _make_classes()
_considerate: set[int] = set()  # identifiers of the threads that wait for an idle window


class _GiveWay:
    """A finder that finds no module, but is asked before each import and waits there."""

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
            hurry()  # it may have to wait for a module that a thread is importing

    def rests(self) -> None:
        self._resting_since = time.perf_counter()

    def wakes(self) -> None:
        self._resting_since = math.inf


def _main_thread_imports() -> bool:
    """Tell whether the main thread is importing; it may wait for a module of another thread."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    return frame is not None and frame.f_code.co_filename == "<frozen importlib._bootstrap>"


@cache
def _watch() -> None:
    """Install the finder, and tell it when the main thread is idle."""
    finder = _GiveWay()
    sys.meta_path.insert(0, finder)
    dispatcher = QtCore.QAbstractEventDispatcher.instance()
    dispatcher.aboutToBlock.connect(finder.rests)
    dispatcher.awake.connect(finder.wakes)
