"""Starting workers as processes of their own, which continue when this process ends."""

import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from designer import processes
from designer.errors import DesignerError
from designer.runs import control
from designer.runs.folder import RunFolder
from designer.runs.lock import already_training
from designer.storage import unwritable

_MODULE = "designer.engine.worker"

_children: list["subprocess.Popen[bytes]"] = []  # referenced, so that ended processes are reaped


def start(path: Path, *, resume: bool = False, data: Path | None = None) -> int:
    """Start to train a run folder, or resume it; return the number of the new process.

    The output of the worker goes to ``worker.log`` in the folder. ``data`` is where the data of a
    run that is resumed are now, if they were moved.

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
    try:
        with run.log.open("ab") as log:
            child = spawn(_MODULE, *arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    except OSError as error:
        raise unwritable(run.log, error) from error
    _children.append(child)
    return child.pid


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
