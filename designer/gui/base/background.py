"""Work in threads, with the result delivered on the main thread."""

import threading
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from designer.errors import DesignerError
from designer.gui.base.speed import switching


class _Mailbox(QObject):
    """Takes calls from any thread and runs them on the main one."""

    arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.arrived.connect(self._deliver, type=Qt.ConnectionType.QueuedConnection)

    def _deliver(self, call: object) -> None:
        assert callable(call)
        call()


_posting = threading.Lock()
_ended = threading.Event()


@cache
def prepare() -> _Mailbox:
    """Create the mailbox; call this on the main thread before `post` is called on another."""
    switching.switch_often()
    return _Mailbox()


def post(owner: QObject, call: Callable[[], object]) -> None:
    """Run `call` on the main thread soon, unless `owner` is deleted by then."""
    with _posting:
        if not _ended.is_set():
            prepare().arrived.emit(lambda: call() if _lives(owner) else None)


def _lives(owner: QObject) -> bool:
    return bool(shiboken6.isValid(owner))  # type: ignore[no-untyped-call]  # not annotated


def can_be_called(call: object) -> bool:
    """Tell whether the widget whose method a call is was not deleted meanwhile."""
    while isinstance(call, partial):
        call = call.func
    owner = getattr(call, "__self__", None)
    return not isinstance(owner, QObject) or _lives(owner)


def end() -> None:
    """Ignore further calls: the event loop has ended, and Qt's objects are about to be deleted."""
    with _posting:
        _ended.set()


def run(
    owner: QObject,
    work: Callable[[], Any],
    done: Callable[[Any], object],
    failed: Callable[[str], object] | None = None,
) -> None:
    """Do `work` in a thread; give its result to `done`, or an error as a sentence to `failed`.

    Neither is called if `owner` is deleted by then. The thread does not keep the program alive.
    """
    prepare()

    def body() -> None:
        try:
            result = work()
        except DesignerError as error:
            sentence = str(error)
        except Exception as error:
            sentence = f"The program has a defect: {error!r}."
        else:
            post(owner, lambda: done(result))
            return
        if failed is not None:
            post(owner, lambda: failed(sentence))

    threading.Thread(target=body, daemon=True).start()
