"""Starting workers as processes of their own, which continue when this process ends."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from designer import processes
from designer.errors import DesignerError
from designer.runs import control
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from designer.runs.lock import already_training
from designer.storage import unwritable

_MODULE = "designer.engine.worker"
_SEVERAL = "designer.engine.several_processes"
_MOST = 1024  # processes that the log of a run may say, which may be damaged

_children: list["subprocess.Popen[bytes]"] = []  # referenced, so that ended processes are reaped


def start(
    path: Path, *, resume: bool = False, data: Path | None = None, processes: int | None = None
) -> int:
    """Start to train a run folder, or resume it; return the number of the new process.

    The output of the worker goes to ``worker.log`` in the folder.

    Parameters
    ----------
    path
        The run folder.
    resume
        Whether to continue from its last checkpoint.
    data
        Where the data of a run that is resumed are now, if they were moved.
    processes
        How many processes of this machine train together; None for one, or for as many as the run
        that is resumed had.

    Raises
    ------
    DesignerError
        There is no such run, it is being trained, or it cannot be written.
    """
    run = RunFolder.open(path)
    if (holder := run.worker()) is not None:
        raise already_training(path, holder)
    if resume:  # cancels a pause or stop that no worker has read
        control.send(run.control, "resume")
    _children[:] = [child for child in _children if child.poll() is None]
    arguments = [str(path.absolute()), *(["--resume"] if resume else [])]
    if data is not None:
        arguments += ["--data", str(data.absolute())]
    count = processes or (processes_of(run) if resume else 1)
    module = _MODULE
    if count > 1:
        module, arguments = _SEVERAL, [str(count), *arguments]
    try:
        with run.log.open("ab") as log:
            child = spawn(module, *arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    except OSError as error:
        raise unwritable(run.log, error) from error
    _children.append(child)
    return child.pid


def processes_of(run: RunFolder) -> int:
    """Return by how many processes a run was trained last; 1 if it was not begun."""
    try:
        starts = [each for each in read_events(run.events) if each["event"] == "start"]
    except DesignerError:  # damaged at its end: the worker, which repairs it, refuses other numbers
        return 1
    count = int(starts[-1].get("processes", 1)) if starts else 1
    return min(max(count, 1), _MOST)


def several_machines(path: Path, *, resume: bool, processes: int, data: Path | None) -> str:
    """Return the command that trains a run on several machines, to be typed on each of them.

    Parameters
    ----------
    path
        The run folder, on a disk that all machines have at this path.
    resume, data
        As of `start`.
    processes
        How many processes each machine has.
    """
    options = ["--nnodes", "2", "--nproc-per-node", str(processes)]
    options += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "HOST:29500"]
    options += ["--rdzv-id", path.name, "-m", _MODULE, str(path.absolute())]
    options += ["--resume"] if resume else []
    options += [] if data is None else ["--data", str(data.absolute())]
    return shlex.join(["torchrun", *options])


def start_service(
    *, stderr: BinaryIO | None = None, gpu: int | None = None
) -> "subprocess.Popen[bytes]":
    """Start a worker that loads torch and answers JSON lines; see ``designer.engine.worker``.

    The caller writes to ``stdin`` and reads ``stdout`` of the process that is returned. What the
    worker prints besides goes to the file ``stderr``, by default that of this process. ``gpu`` is
    the number of the only GPU that the worker sees; None for all.
    """
    pipe = subprocess.PIPE
    child = spawn(_MODULE, "--serve", stdin=pipe, stdout=pipe, stderr=stderr, gpu=gpu)
    _children.append(child)
    return child


def is_alive(pid: int, path: Path) -> bool:
    """Return whether the worker of the run ``path``, started as ``pid`` by ``start``, still runs.

    It is True from the start on, even before the worker has locked the run.
    """
    for child in _children:
        if child.pid == pid:
            return child.poll() is None
    return RunFolder(path).worker() == pid


def end(pid: int) -> None:
    """End a worker at once, stopped and hung ones too; its run can be resumed from its checkpoint.

    Raises
    ------
    DesignerError
        It belongs to another user.
    """
    try:
        processes.end(pid)
    except PermissionError as error:
        raise DesignerError(
            f"Process {pid} belongs to another user: ask them to end it, or wait for its end."
        ) from error


def exit_code(pid: int) -> int | None:
    """Return the exit code of the worker that this process started as ``pid``; None if it runs."""
    return next((child.poll() for child in _children if child.pid == pid), None)


def spawn(
    module: str,
    *arguments: str,
    stdin: int,
    stdout: BinaryIO | int,
    stderr: BinaryIO | int | None = None,
    gpu: int | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a module of this package as a process that Ctrl+C in this one does not end."""
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if gpu is not None:
        environment["CUDA_VISIBLE_DEVICES"] = str(gpu)
    return subprocess.Popen(
        # Without -P it would import modules from the working folder, such as one with a download.
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=environment,
        start_new_session=True,
    )
