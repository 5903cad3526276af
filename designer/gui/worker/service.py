"""A worker process with torch loaded that answers requests, both as JSON lines."""

import contextlib
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from designer.gui.base import background
from designer.runs import launch

Answer = dict[str, Any]
Done = Callable[[Answer], object]
Progress = Callable[[float], object]
Told = Callable[[Answer], object]

_LOG_END = 2_000  # bytes at the end of its error output in which the last line is searched


class Service(QObject):
    """One worker process; requests may be sent while it still loads torch.

    Signals
    -------
    ready()
        torch is loaded.
    ended()
        The process ended. Requests without an answer were answered with an error before.
    """

    ready = Signal()
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        background.prepare()
        self.loaded = False
        self._number = 0
        self._waiting: dict[int, Done] = {}
        self._told: dict[int, Told] = {}
        self._quick: set[int] = set()  # the numbers of requests that no training has to wait for
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.process = launch.start_service(stderr=self._printed)
        threading.Thread(target=self._listen, daemon=True).start()
        self.ask({"do": "ping"}, self._is_ready)

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self.process.poll() is None

    @property
    def idle(self) -> bool:
        """Whether no request is being worked on, apart from quick ones and reading data."""
        own = (self._is_ready, _prepared)
        return self.alive and all(
            done in own or number in self._quick for number, done in self._waiting.items()
        )

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for an answer, to a quick request or to another."""
        return any(number in self._quick for number in self._waiting) or not self.idle

    @property
    def prepared(self) -> bool:
        """Whether all data that `expect` announced is read."""
        return _prepared not in self._waiting.values()

    def ask(
        self,
        request: Answer,
        done: Done,
        *,
        quick: bool = False,
        progress: Progress | None = None,
        told: Told | None = None,
    ) -> int:
        """Send a request.

        Parameters
        ----------
        request
            What to do, as described in `designer.engine.worker`.
        done
            Called with the answer on the main thread; its `ok` is false if the request failed.
        quick
            Whether the process may begin a training while this is still to be done.
        progress
            Called on the main thread with the share that is done, from 0 to 1.
        told
            Called instead with the whole message that has this share as its `progress`, for
            requests that say more.

        Returns
        -------
        int
            Its number, for `cancel`.
        """
        self._number += 1
        if progress is not None:
            self._told[self._number] = lambda message: progress(message["progress"])
        if told is not None:
            self._told[self._number] = told
        if quick:
            self._quick.add(self._number)
        self._waiting[self._number] = done
        self._send({**request, "id": self._number})
        return self._number

    def cancel(self, number: int) -> None:
        """Let a request end early, if it is one that can; its answer says that it was canceled."""
        if number in self._waiting:
            self._send({"do": "cancel", "id": number})

    def _send(self, request: Answer) -> None:
        line = msgspec.json.encode(request) + b"\n"
        assert self.process.stdin is not None
        # If the process is dead, the end of its output is what reports it.
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def expect(self, request: Answer) -> None:
        """Let it read the data of the next training ahead; see `designer.engine.worker`."""
        self.ask(request, _prepared)

    def release(self) -> None:
        """End the process: at once if it is idle, else after its current request."""
        assert self.process.stdin is not None
        if self.idle:
            self.process.kill()
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def _listen(self) -> None:
        """Pass each answer to the main thread; runs in its own thread."""
        answers = self.process.stdout
        assert answers is not None
        with answers:
            for line in answers:
                background.post(self, partial(self._heard, line))
        self.process.wait()
        with self._printed as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_END))
            lines = file.read().decode(errors="replace").split("\n")
        last_line = next((line.strip() for line in reversed(lines) if line.strip()), "")
        background.post(self, lambda: self._has_ended(last_line))

    def _heard(self, line: bytes) -> None:
        try:
            answer = msgspec.json.decode(line, type=Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return  # a library printed this line
        number = answer.get("id", 0)
        if "progress" in answer:
            if number in self._told:
                self._told[number](answer)
            return
        self._quick.discard(number)
        self._told.pop(number, None)
        done = self._waiting.pop(number, None)
        if done is not None:
            done(answer)

    def _is_ready(self, answer: Answer) -> None:
        if answer["ok"]:
            self.loaded = True
            self.ready.emit()

    def _has_ended(self, last_line: str) -> None:
        waiting, self._waiting = self._waiting, {}
        sentence = ending(self.process.returncode, last_line)
        for done in waiting.values():
            done({"ok": False, "message": sentence, "died": True})
        self.ended.emit()
        self.release()
        self.deleteLater()


def _prepared(_: Answer) -> None:
    """Ignore the answer to `Service.expect`: the training reports what is wrong with its data."""


def ending(code: int | None, last_line: str) -> str:
    """Return a sentence on how a worker process ended.

    Parameters
    ----------
    code
        Its exit status, negative for a signal; None if unknown.
    last_line
        The last line that it printed, "" if there is none.
    """
    if code == -signal.SIGKILL and not last_line:
        sentence = (
            f"The worker process was killed (signal {-code}), perhaps because the machine's "
            "memory ran out."
        )
    elif code is not None and code < 0:
        sentence = f"The worker process was killed (signal {-code})."
    elif code:
        sentence = f"The worker process ended with status {code}."
    else:
        sentence = "The worker process is gone."
    return with_last_line(sentence, last_line)


def with_last_line(sentence: str, last_line: str) -> str:
    """Return a sentence with the last line of the worker's output added, if there is one."""
    return f"{sentence} Its last line of output: {last_line}" if last_line else sentence
