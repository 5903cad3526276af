"""Live modules: their code runs in a process of its own, which writes a program of torch.export."""

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from designer import processes
from designer.engine.device import free_bytes
from designer.engine.opening.live_messages import EXAMPLE, PROGRAM, LiveAnswer, LiveRequest
from designer.errors import UNREADABLE, DesignerError
from designer.readers.graph import TensorSpec
from designer.readers.sources import Source
from designer.runs import launch

SECONDS = 300.0
"""How long the code may take; then its process is ended."""
MEMORY_SHARE = 0.8
"""The share of the free memory that the process may take."""
_LOOK_SECONDS = 0.05
_MODULE = "designer.engine.opening.live_process"


class Exported(NamedTuple):
    """What the process made of a live module.

    Attributes
    ----------
    program
        The program of torch.export, as exported in train mode where that is possible.
    example
        An input, and what the module itself gives for it in eval mode.
    name
        The class or function that was taken.
    notes
        Whole sentences on what was chosen.
    outputs
        What the module calls its outputs; "" for each that has no name.
    """

    program: Path
    example: Path
    name: str
    notes: tuple[str, ...]
    outputs: tuple[str, ...]


def export(
    source: Source,
    folder: Path,
    inputs: Sequence[TensorSpec] = (),
    *,
    digest: str = "",
    stage: Callable[[str], None] = lambda _: None,
    seconds: float = SECONDS,
    most_bytes: int | None = None,
) -> Exported:
    """Run the code of a source, which the user has allowed, and export the module that it builds.

    Parameters
    ----------
    source
        A source of the way `Way.LIVE`.
    folder
        An empty folder, where the files are written.
    inputs
        Shapes without the batch; none to look for some that the module takes.
    digest
        The SHA-256 of the file that the user allowed to run; "" for whatever it holds.
    stage
        Is told what is done now, and called often; what it raises ends the process.
    seconds, most_bytes
        What the process may take.

    Raises
    ------
    DesignerError
        The code fails, takes too long or too much memory, or cannot be exported.
    """
    import torch

    request = LiveRequest(
        kind=source.kind.key,
        name=source.name,
        module=source.module,
        path="" if source.path is None else str(source.path.absolute()),
        digest=digest,
        working_folder=str(Path.cwd()),
        inputs=tuple((each.shape, each.dtype) for each in inputs),
        folder=str(folder),
        threads=torch.get_num_threads(),
    )
    if most_bytes is None:
        most_bytes = int(MEMORY_SHARE * free_bytes(torch.device("cpu")))
    answer = _answer(request, source.text, stage, seconds, most_bytes)
    if answer.message:
        raise DesignerError(answer.message)
    found = Exported(folder / PROGRAM, folder / EXAMPLE, answer.name, answer.notes, answer.outputs)
    if not found.program.is_file() or not found.example.is_file():
        raise DesignerError(f"{source.text} cannot be opened: its code removed the exported file.")
    return found


def _answer(
    request: LiveRequest,
    text: str,
    stage: Callable[[str], None],
    seconds: float,
    most_bytes: int,
) -> LiveAnswer:
    try:
        process = launch.spawn(
            _MODULE,
            str(most_bytes),
            str(seconds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise DesignerError(
            f"{text} cannot be opened, since no process can be started ({error.strerror}): end "
            "other programs and try again."
        ) from error
    assert process.stdin is not None
    assert process.stdout is not None
    lines: queue.Queue[bytes] = queue.Queue()
    output = process.stdout

    def listen() -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in output:
                lines.put(line)
        lines.put(b"")

    threading.Thread(target=listen, daemon=True).start()
    try:
        with contextlib.suppress(OSError):
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.close()
        return _last(process.pid, lines, text, stage, seconds, most_bytes)
    finally:
        _end(process)


def _last(
    pid: int,
    lines: "queue.Queue[bytes]",
    text: str,
    stage: Callable[[str], None],
    seconds: float,
    most_bytes: int,
) -> LiveAnswer:
    """Return the answer at the end."""
    until, doing = time.monotonic() + seconds, "Loading torch"
    while time.monotonic() < until:
        stage(doing)
        if _memory_of(pid) > most_bytes:
            raise DesignerError(
                f"{text} cannot be opened: its code took more than {most_bytes / 1e9:.1f} GB of "
                "memory. Make the network or its input smaller, or close other programs."
            )
        try:
            line = lines.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if not line:
            raise DesignerError(
                f"{text} cannot be opened: its code ended the process that ran it while it was at "
                f"the step '{doing}'. Look for exit() in it, or for more memory than there is."
            )
        try:
            answer = msgspec.json.decode(line, type=LiveAnswer)
        except UNREADABLE as error:
            raise DesignerError(f"{text} cannot be opened: its answer is damaged.") from error
        if not answer.stage:
            return answer
        doing = answer.stage
    raise DesignerError(
        f"{text} cannot be opened: its code did not end within {seconds:g} s, and was at the step "
        f"'{doing}'. Look for a loop without end, or for code that trains when it is imported."
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and all that it started."""
    with contextlib.suppress(PermissionError):
        processes.end(process.pid)
    if hasattr(os, "killpg"):  # what it left in its session
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with contextlib.suppress(OSError):
            pipe.close()


def _memory_of(pid: int) -> int:
    """Return the bytes that a process and its children hold in memory; 0 if it has ended."""
    import psutil

    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(int(each.memory_info().rss) for each in family)
    except psutil.Error:
        return 0
