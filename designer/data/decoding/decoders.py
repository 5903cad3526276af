"""Decoder processes, and the threads that feed them with the pictures that are wanted next."""

import math
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np

from designer.data.decoding.at_work import JobAtWork
from designer.data.decoding.shared_memory import Region, SharedFile
from designer.data.decoding.tasks import Answer, Array, Job, Task, receive, rows_of, send
from designer.data.pictures import BrokenPicture
from designer.errors import DesignerError

_MODULE = "designer.data.decoding.process"
# Training comes first: its threads wait for one another, also while a decoder has the core of one.
# With equal priorities, the first epoch takes a fifth longer. POSIX processes do that themselves.
if sys.platform == "win32":
    _PRIORITY = subprocess.BELOW_NORMAL_PRIORITY_CLASS
else:
    _PRIORITY = 0
_WAITING = 2  # tasks that a process has at once, so that it never waits for this process


class Feeder(Protocol):
    """Something that wants pictures decoded. All calls are made under the lock of `Decoders`."""

    job: Job

    def next_task(self) -> Task | None:
        """Return the pictures that are wanted next, None if there are none at present."""
        ...

    def done(self, task: Task, answer: Answer) -> None:
        """Take note that the pictures of a task are decoded, or why they are not."""
        ...


class Decoders:
    """Processes that decode pictures into shared memory, as many at once as there are processes.

    They are started at once, and work when there is a feeder that wants something. A process that
    dies ends the work: `failure` says why, and everything that waits is woken.

    Parameters
    ----------
    count
        The number of processes; with 0, a thread of this process decodes.
    """

    def __init__(self, count: int) -> None:
        self.changed = threading.Condition()
        self.failure: DesignerError | None = None
        self._memory = SharedFile()
        self._feeders: list[Feeder] = []
        self._closed = False
        self._jobs = 0
        self._workers: list[_Process | _Here] = []
        for _ in range(count):
            self._workers.append(_Process(self._memory))
        if not count:
            self._workers.append(_Here(self._memory))
        self._threads = [
            threading.Thread(target=self._serve, args=(worker,), daemon=True)
            for worker in self._workers
        ]
        for thread in self._threads:
            thread.start()

    def rows(self, count: int, *, shape: tuple[int, int, int], dtype: str) -> tuple[Region, Array]:
        """Return memory for pictures that this process and the decoders share.

        Parameters
        ----------
        count
            The number of rows, one for each picture.
        shape, dtype
            The (height, width, channels) of a row, and its type.

        Returns
        -------
        Region
            The memory, as it is named to other processes.
        Array
            The same memory in this process, (count, height, width, channels).

        Raises
        ------
        DesignerError
            There is not as much.
        """
        size = count * math.prod(shape) * np.dtype(dtype).itemsize
        try:
            region = self._memory.add(size)
            return region, rows_of(region, shape, dtype)[:count]
        except OSError as error:
            raise DesignerError(
                f"{size / 2**30:.1f} GiB of memory for pictures cannot be had ({error.strerror}): "
                "set data.memory to a smaller number, or end other programs."
            ) from error

    def new_job(self) -> int:
        """Return a number for a job."""
        self._jobs += 1
        return self._jobs

    def begin(self, feeder: Feeder, *, last: bool = False) -> None:
        """Decode what a feeder wants, before what other feeders want, or after all of them."""
        with self.changed:
            self._feeders.insert(len(self._feeders) if last else 0, feeder)
            self.changed.notify_all()

    def end(self, feeder: Feeder) -> None:
        """Give a feeder no more work; tasks that were begun are still done."""
        with self.changed:
            if feeder in self._feeders:
                self._feeders.remove(feeder)

    def close(self) -> None:
        """End the processes at once."""
        with self.changed:
            if self._closed:
                return
            self._closed = True
            self._feeders.clear()
            self.changed.notify_all()
        for worker in self._workers:
            worker.end()
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.release()
        self._memory.close()

    def __enter__(self) -> "Decoders":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _serve(self, worker: "_Process | _Here") -> None:
        """Give one process its tasks and take its answers, until `close`."""
        begun: deque[tuple[Feeder, Task]] = deque()
        try:
            while not self._closed:
                if len(begun) < worker.at_once:
                    found = self._next(wait=not begun)
                    if found is not None:
                        worker.ask(found[0].job, found[1])
                        begun.append(found)
                        continue
                if not begun:
                    continue
                answer = worker.answer()
                feeder, task = begun.popleft()
                with self.changed:
                    feeder.done(task, answer)
                    self.changed.notify_all()
        except Exception as error:
            with self.changed:
                if not self._closed and self.failure is None:
                    name = _at_hand(worker, begun)
                    self.failure = worker.failure(error, name)
                self.changed.notify_all()

    def _next(self, *, wait: bool) -> tuple[Feeder, Task] | None:
        with self.changed:
            while not self._closed:
                for feeder in self._feeders:
                    if (task := feeder.next_task()) is not None:
                        return feeder, task
                if not wait:
                    break
                self.changed.wait()
        return None


def _at_hand(worker: "_Process | _Here", begun: deque[tuple[Feeder, Task]]) -> str | None:
    """Return the name of the picture that a worker was decoding when it ended."""
    index = worker.at_hand()
    if not begun or index not in begun[0][1].indices:
        return None
    return begun[0][0].job.pictures.name(index)


class _Process:
    """One decoder process and the pipes to it."""

    at_once = _WAITING

    def __init__(self, memory: SharedFile) -> None:
        region = memory.add(8)
        self._now = rows_of(region, (1, 1, 1), "int64").reshape(-1)
        self._now[0] = -1
        self._known: set[int] = set()
        package = str(Path(__file__).parents[3])
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "OPENBLAS_NUM_THREADS": "1",  # numpy starts its threads when it is imported
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _MODULE],  # -P: no modules of the working folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            pass_fds=memory.descriptors,
            creationflags=_PRIORITY,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        send(self._requests, region)

    def ask(self, job: Job, task: Task) -> None:
        if job.number not in self._known:
            send(self._requests, job)
            self._known.add(job.number)
        send(self._requests, task)

    def answer(self) -> Answer:
        answer = receive(self._answers)
        if answer is None:
            raise EOFError
        assert isinstance(answer, Answer)
        return answer

    def at_hand(self) -> int:
        return int(self._now[0])

    def failure(self, error: Exception, name: str | None) -> DesignerError:
        """Return a sentence on why the process ended."""
        if not isinstance(error, EOFError | OSError):
            return DesignerError(f"Pictures cannot be decoded ({error!r}).")
        self._process.kill()
        code = self._process.wait()
        if name is None:
            return DesignerError(
                f"A process that decodes pictures ended ({_reason(code)}): resume the run, and "
                "set data.workers to a smaller number if that happens again."
            )
        if os.name == "posix" and code == -signal.SIGKILL:
            return DesignerError(
                f"A process that decodes pictures was killed while it decoded {name}, probably "
                "because memory ran out: set data.workers to a smaller number, or 0, and resume "
                "the run."
            )
        return BrokenPicture(name, f"it ended the process that decoded it, {_reason(code)}")

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def release(self) -> None:
        for pipe in (self._requests, self._answers):
            try:
                pipe.close()
            except OSError:  # what was not sent yet
                continue


class _Here:
    """Decodes in a thread of this process."""

    at_once = 1

    def __init__(self, memory: SharedFile) -> None:
        self._now = rows_of(memory.add(8), (1, 1, 1), "int64").reshape(-1)
        self._jobs: dict[int, JobAtWork] = {}
        self._task: Task | None = None

    def ask(self, job: Job, task: Task) -> None:
        if job.number not in self._jobs:
            self._jobs[job.number] = JobAtWork(job)
        self._task = task

    def answer(self) -> Answer:
        assert self._task is not None
        return self._jobs[self._task.job].do(self._task, self._now)

    def at_hand(self) -> int:
        return int(self._now[0])

    def failure(self, error: Exception, name: str | None) -> DesignerError:
        return DesignerError(f"Pictures cannot be decoded ({error!r}).")

    def end(self) -> None:
        """Do nothing: the thread ends after its task."""

    def release(self) -> None:
        for job in self._jobs.values():
            job.close()


def _reason(code: int) -> str:
    if code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit status {code}"
