"""Work in a thread that imports modules while the window has nothing else to do.

Only one thread runs Python at a time, so an import in a thread slows the window down: selecting six
nodes took 300 ms while pyqtgraph and networkx were imported, and 110 ms otherwise. Such a thread
therefore waits before each module until the window is idle.
"""

import importlib
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
_TICK = 0.004  # seconds between two looks at whether the main thread handles events at once
_LATE = 0.012  # seconds after which a look that is missing says that it does not
_QUIET = 0.012  # seconds in which it did, after which a module is imported
_PATIENCE = 2.0  # seconds that the imports of one piece of work wait in all


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
    _idleness().timer.start()

    def considerate() -> Any:
        _considerate[threading.get_ident()] = _PATIENCE
        try:
            return work()
        finally:
            _considerate.pop(threading.get_ident(), None)
            _under_way.discard(considerate)

    _under_way.add(considerate)
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
_under_way: set[Callable[[], Any]] = set()  # work that is not done yet
_considerate: dict[int, float] = {}  # seconds that a thread may still wait for an idle window


class _Idleness:
    """Knows from a timer of the main thread how long that thread has handled its events at once."""

    def __init__(self) -> None:
        self._last_tick = -math.inf
        self._at_once_since = math.inf
        self.timer = QtCore.QTimer(QtCore.QCoreApplication.instance())
        self.timer.setInterval(round(1000 * _TICK))
        self.timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        now = time.perf_counter()
        if now > self._last_tick + _LATE:
            self._at_once_since = now
        self._last_tick = now
        if not _under_way:
            self.timer.stop()

    @property
    def idle(self) -> bool:
        """Whether the main thread has nothing to do."""
        now = time.perf_counter()
        return self._last_tick + _LATE > now > self._at_once_since + _QUIET


@cache
def _idleness() -> _Idleness:
    """Return what knows whether the window is idle; the first call installs the wait in threads."""
    sys.addaudithook(_give_way)
    return _Idleness()


def _give_way(event: str, arguments: object) -> None:
    """Before each import in a thread of `run`, wait until the window is idle.

    Python calls this before it takes the lock of the module; a finder would be called with a lock
    for which the main thread waits at any import.
    """
    thread = threading.get_ident()
    while event == "import" and (left := _considerate.get(thread, 0.0)) > 0:
        if _idleness().idle or _main_thread_waits():
            return
        began = time.perf_counter()
        time.sleep(_TICK)
        if thread in _considerate:  # else the window has been in a hurry since
            _considerate[thread] = left - (time.perf_counter() - began)


def _main_thread_waits() -> bool:
    """Tell whether the main thread waits for a module that another thread is importing.

    To look at its frames would be another way, but `sys._current_frames` crashes Python 3.11 now
    and then, when the thread that it looks at is running.
    """
    blocked: dict[int, Any] = getattr(importlib._bootstrap, "_blocking_on", {})
    return bool(blocked.get(threading.main_thread().ident or 0))
