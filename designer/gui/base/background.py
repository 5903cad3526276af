"""Work off the main thread, and its outcome back on it."""

import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from designer.errors import DesignerError

# Seconds after which a computing thread lets the main one have the interpreter. Qt's calls give it
# away, and with Python's 5 ms a form of a hundred widgets would wait half a second for it.
_TURN = 0.00005


class _Mailbox(QObject):
    """Takes calls from any thread and makes them on the main one."""

    arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def _deliver(self, call: Callable[[], object]) -> None:
        call()


_posting = threading.Lock()
_ended = threading.Event()


@cache
def prepare() -> _Mailbox:
    """Make the mailbox; called on the main thread, before `post` is called on another."""
    sys.setswitchinterval(_TURN)
    return _Mailbox()


def post(owner: QObject, call: Callable[[], object]) -> None:
    """Have `call` made on the main thread soon, unless `owner` is gone by then."""
    with _posting:
        if not _ended.is_set():
            prepare().arrived.emit(lambda: call() if shiboken6.isValid(owner) else None)


def end() -> None:
    """Take no more calls: the event loop has ended, and what Qt made goes with the program."""
    with _posting:
        _ended.set()


def run(
    owner: QObject,
    work: Callable[[], Any],
    done: Callable[[Any], object],
    failed: Callable[[str], object] | None = None,
) -> None:
    """Do `work` in a thread and hand what it returns to `done`, or a sentence to `failed`.

    Neither is called when `owner` is gone by then. The thread does not keep the program alive.
    """
    prepare()

    def body() -> None:
        try:
            result = work()
        except DesignerError as error:
            sentence = str(error)
        except Exception as error:
            sentence = f"A defect of the program: {error!r}."
        else:
            post(owner, lambda: done(result))
            return
        if failed is not None:
            post(owner, lambda: failed(sentence))

    threading.Thread(target=body, daemon=True).start()
