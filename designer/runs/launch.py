"""Starting workers as processes of their own, which go on when this one ends."""

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from designer.runs import control
from designer.runs.folder import RunFolder
from designer.runs.lock import already_training
from designer.storage import unwritable

_MODULE = "designer.engine.worker"

_children: list["subprocess.Popen[bytes]"] = []  # kept, so that ended ones are reaped


def start(path: Path, *, resume: bool = False) -> int:
    """Begin to train a run folder, or go on with it; returns the number of the new process.

    What the worker prints goes to ``worker.log`` in the folder.

    Raises
    ------
    DesignerError
        there is no such run, it is being trained, or it cannot be written.
    """
    run = RunFolder.open(path)
    if (holder := run.worker()) is not None:
        raise already_training(path, holder)
    if resume:  # takes back a pause or stop that nobody has read
        control.send(run.control, "resume")
    _children[:] = [child for child in _children if child.poll() is None]
    arguments = [str(path.absolute()), *(["--resume"] if resume else [])]
    try:
        with run.log.open("ab") as log:
            child = spawn(_MODULE, *arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    except OSError as error:
        raise unwritable(run.log, error) from error
    _children.append(child)
    return child.pid


def start_service(*, stderr: BinaryIO | None = None) -> "subprocess.Popen[bytes]":
    """Start a worker that has torch loaded and takes JSON lines; see ``designer.engine.worker``.

    The caller talks through ``stdin`` and ``stdout`` of what is returned. What it prints besides
    goes to the file ``stderr``, or to where this process prints.
    """
    child = spawn(_MODULE, "--serve", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
    _children.append(child)
    return child


def is_alive(pid: int, path: Path) -> bool:
    """Whether the worker of the run ``path``, started as ``pid`` by ``start``, still lives.

    True from the start on, before the worker has come so far as to lock the run.
    """
    for child in _children:
        if child.pid == pid:
            return child.poll() is None
    return RunFolder(path).worker() == pid


def exit_code(pid: int) -> int | None:
    """Return how the worker started as ``pid`` by this process ended; None if it has not."""
    return next((child.poll() for child in _children if child.pid == pid), None)


def spawn(
    module: str,
    *arguments: str,
    stdin: int,
    stdout: BinaryIO | int,
    stderr: BinaryIO | int | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a module of this package as a process of its own, which no Ctrl+C of ours ends."""
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=environment,
        start_new_session=True,
    )
