"""Computing in a helper process, so that the window need not wait for Python's lock.

Only one thread of a process runs Python at a time. While a thread generated code, selecting six
nodes took 270 ms; while the helper process did, 165 ms; while nothing did, 110 ms. The helper
loads neither Qt nor torch. It ends with this process, even a killed one and even in the middle of
a call, because its standard input is closed then.
"""

import atexit
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from designer.runs import launch

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def call(
    function: Callable[_Arguments, _Result],
    /,
    *arguments: _Arguments.args,
    **named: _Arguments.kwargs,
) -> _Result:
    """Call a function in the helper process; return what it returns, or raise what it raises.

    Waits for the result, so call it in a thread, as with `background.run`. Calls from several
    threads run one after another. The helper imports the module of the function, which should not
    import Qt.
    """
    return cast("_Result", _helper.call(function, *arguments, **named))


class _Helper:
    """The helper process, started at the first call, and again after it was ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def call(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        request = pickle.dumps((function, arguments, named))
        with self._turn:
            try:
                succeeded, outcome = self._ask(request)
            except (OSError, EOFError, pickle.UnpicklingError):  # the helper was ended
                self.end()
                succeeded = None
        if succeeded is None:
            return function(*arguments, **named)
        if not succeeded:
            raise outcome
        return outcome

    def end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()  # reaps it, and closes the pipes

    def _ask(self, request: bytes) -> tuple[bool, Any]:
        if self._process is None:
            pipe = subprocess.PIPE
            self._process = launch.spawn(
                "designer.gui.base.speed.helper_process", stdin=pipe, stdout=pipe
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(request)
        self._process.stdin.flush()
        succeeded, outcome = pickle.load(self._process.stdout)
        return succeeded, outcome


_helper = _Helper()
atexit.register(_helper.end)


def _serve() -> None:
    """Answer requests until standard input is closed."""
    if hasattr(os, "nice"):
        os.nice(5)  # the window comes first
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # a function may print, which is not part of the answer
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        function, arguments, named = requests.get()
        try:
            outcome = True, function(*arguments, **named)
        except Exception as error:
            outcome = False, error
        try:
            pickle.dump(outcome, answers)
            answers.flush()
        except BrokenPipeError:
            return


def _listen(requests: "queue.SimpleQueue[Any]") -> None:
    """Pass requests on; end the process, whatever it computes, when standard input is closed."""
    status = 1  # a request that cannot be read raises, and the caller then does the work itself
    try:
        while True:
            requests.put(pickle.load(sys.stdin.buffer))
    except EOFError:
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    _serve()
