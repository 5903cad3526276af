"""A worker process with torch loaded, that is asked and answers by JSON lines."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from designer.gui.base import background
from designer.runs import launch

Answer = dict[str, Any]
Done = Callable[[Answer], object]

_LAST_WORDS = 2_000  # bytes of what it printed that are kept


class Service(QObject):
    """One such process; it is asked at once, also while it still loads.

    Signals
    -------
    ready()
        torch is loaded.
    ended()
        The process is gone; whoever waited for an answer got one that says so.
    """

    ready = Signal()
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        background.prepare()
        self.loaded = False
        self._number = 0
        self._waiting: dict[int, Done] = {}
        self._printed = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.process = launch.start_service(stderr=self._printed)
        threading.Thread(target=self._listen, daemon=True).start()
        self.ask({"do": "ping"}, self._is_ready)

    @property
    def alive(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    @property
    def idle(self) -> bool:
        """Whether nothing is being done for anybody; loading and preparing are nothing."""
        own = (self._is_ready, _prepared)
        return self.alive and all(done in own for done in self._waiting.values())

    @property
    def prepared(self) -> bool:
        """Whether it has read ahead what was last expected, if anything was."""
        return _prepared not in self._waiting.values()

    def ask(self, request: Answer, done: Done) -> None:
        """Send a request; `done` gets the answer, which has `ok` false if it was refused."""
        self._number += 1
        self._waiting[self._number] = done
        line = msgspec.json.encode({**request, "id": self._number}) + b"\n"
        assert self.process.stdin is not None
        # A dead process is told by the end of its answers.
        with contextlib.suppress(OSError, ValueError):
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def expect(self, request: Answer) -> None:
        """Have it read ahead what a training would begin with; see `designer.engine.worker`."""
        self.ask(request, _prepared)

    def release(self) -> None:
        """Let the process end after what it is doing; at once if that is nothing."""
        assert self.process.stdin is not None
        if self.idle:
            self.process.kill()
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def _listen(self) -> None:
        """Hand every answer to the main thread; runs in a thread of its own."""
        answers = self.process.stdout
        assert answers is not None
        with answers:
            for line in answers:
                background.post(self, lambda line=line: self._heard(line))
        self.process.wait()
        with self._printed as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_WORDS))
            lines = file.read().decode(errors="replace").split("\n")
        words = next((line.strip() for line in reversed(lines) if line.strip()), "")
        background.post(self, lambda: self._has_ended(words))

    def _heard(self, line: bytes) -> None:
        try:
            answer = msgspec.json.decode(line, type=Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return  # something that a library printed
        done = self._waiting.pop(answer.get("id", 0), None)
        if done is not None:
            done(answer)

    def _is_ready(self, answer: Answer) -> None:
        if answer["ok"]:
            self.loaded = True
            self.ready.emit()

    def _has_ended(self, words: str) -> None:
        waiting, self._waiting = self._waiting, {}
        sentence = ending(self.process.returncode, words)
        for done in waiting.values():
            done({"ok": False, "message": sentence, "died": True})
        self.ended.emit()
        self.release()
        self.deleteLater()


def _prepared(_: Answer) -> None:
    """Pass over that something was read ahead, or why it was not: the training will say that."""


def ending(code: int | None, words: str) -> str:
    """Say how a worker process ended, with its last words if it left any."""
    how = "The training process is gone"
    if code is not None and code < 0:
        how = f"The training process was killed (signal {-code})"
        if code == -9 and not words:
            how += ", perhaps because the machine's memory ran out"
    elif code:
        how = f"The training process ended with status {code}"
    return f"{how}. Its last words: {words}" if words else f"{how}."
