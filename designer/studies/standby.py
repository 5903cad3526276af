"""A worker with torch loaded, which trains one run after another."""

import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from designer.errors import DesignerError
from designer.runs import launch

_POLL_SECONDS = 0.2


class WorkerDiedError(DesignerError):
    """The worker ended in the middle of a training."""


class Standby:
    """A worker process that is started when it is first needed, and again where it died.

    Parameters
    ----------
    log
        The file that gets what the worker prints outside of trainings.
    gpu
        The number of the only GPU that it sees; None for all.
    """

    def __init__(self, log: Path, *, gpu: int | None = None) -> None:
        self._log = log
        self._gpu = gpu
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Load torch in advance, so that the first training begins at once."""
        self._running()

    def train(
        self, run: Path, *, resume: bool, while_waiting: Callable[[], None]
    ) -> dict[str, Any]:
        """Train a run to its end; return its result as plain data.

        Parameters
        ----------
        run
            The run folder.
        resume
            Whether it continues from its checkpoint.
        while_waiting
            Is called some times a second.

        Raises
        ------
        WorkerDiedError
            The worker ended before the training did.
        DesignerError
            The training failed, with its own sentence.
        """
        process = self._running()
        assert process.stdin is not None and process.stdout is not None
        request = {"do": "train", "run": str(run.absolute()), "resume": resume, "keep_data": True}
        answer: list[bytes] = []
        try:
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
        except OSError as error:
            raise self._died() from error
        stdout = process.stdout
        reader = threading.Thread(target=lambda: answer.append(stdout.readline()), daemon=True)
        reader.start()
        while reader.is_alive():
            reader.join(_POLL_SECONDS)
            while_waiting()
        if not answer or not answer[0]:
            raise self._died()
        found = msgspec.json.decode(answer[0], type=dict[str, Any])
        if not found.get("ok"):
            raise DesignerError(str(found.get("message")))
        result: dict[str, Any] = found["result"]
        return result

    def close(self) -> None:
        """Let the worker end after its present training; does not wait for it."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                with suppress(OSError):
                    pipe.close()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self.close()
            try:
                with self._log.open("ab") as log:
                    self._process = launch.start_service(stderr=log, gpu=self._gpu)
            except OSError as error:
                raise DesignerError(
                    f"No worker can be started ({error.strerror}): end other programs if memory "
                    "is short, and see whether the study's folder can be written."
                ) from error
        return self._process

    def _died(self) -> WorkerDiedError:
        code = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                code = self._process.wait(5)
        self.close()
        reason = "it may have run out of memory" if code == -9 else f"exit code {code}"
        return WorkerDiedError(f"The worker ended in the middle of the training ({reason}).")
