"""Computing in a process of its own, where it does not keep the window's thread waiting.

Threads of one process take turns with Python's lock, so that a second of work in a thread makes
all that the window does twice as slow. The other process knows neither Qt nor torch. It ends with
this one, however that ends, since nothing comes from its standard input any more.
"""

import atexit
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from designer.runs import launch

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def call(
    function: Callable[_Arguments, _Result],
    /,
    *arguments: _Arguments.args,
    **named: _Arguments.kwargs,
) -> _Result:
    """Return, or raise, what a function of a module does in the other process.

    Waits, so call it in a thread, as by `background.run`; calls of several threads come one after
    the other. The module of the function is imported there, and should not import Qt.
    """
    return _other.call(function, *arguments, **named)


class _Other:
    """The other process, started at the first call, and again if it is gone."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def call(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        request = pickle.dumps((function, arguments, named))
        with self._turn:
            try:
                fine, outcome = self._ask(request)
            except (OSError, EOFError, pickle.UnpicklingError):  # somebody ended it
                self.end()
                fine = None
        if fine is None:
            return function(*arguments, **named)
        if not fine:
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
        return pickle.load(self._process.stdout)


_other = _Other()
atexit.register(_other.end)


def _serve() -> None:
    """Do what is asked for until nobody can ask any more."""
    if hasattr(os, "nice"):
        os.nice(5)  # the window comes first
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a function prints is no answer
    while True:
        try:
            function, arguments, named = pickle.load(requests)
        except EOFError:
            return
        try:
            outcome = True, function(*arguments, **named)
        except Exception as error:
            outcome = False, error
        try:
            pickle.dump(outcome, answers)
            answers.flush()
        except BrokenPipeError:
            return


if __name__ == "__main__":
    _serve()
