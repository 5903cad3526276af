"""Scripts that train a run, or run a study, on another machine; a row for each kind of machine.

A script is text that needs this program on the other machine alone, which it installs if it is
missing. Paths and words of the user are quoted for the shell; the folder there has a name of plain
letters, so that no program in between quotes it again.
"""

import hashlib
import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from designer import __version__
from designer.errors import DesignerError

_JOBS = "netdesigner-jobs"  # the folder there, in the home folder of the user
_NAME_LENGTH = 24
_STOPPING = 120  # seconds before the end of a Slurm job in which a training stops with a checkpoint
_HOST = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.@+-]*")
_TIME = re.compile(r"(\d{1,4}):([0-5]\d):([0-5]\d)")
_GPUS = re.compile(r"(?:([A-Za-z0-9_.+-]+):)?([1-9]\d{0,2})")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is done on the other machine.

    Attributes
    ----------
    folder
        The absolute path of the run or study on this machine.
    kind
        What it is in sentences: "run" or "study".
    command, options
        The words of this program before and after the folder, as ``("resume",)`` and
        ``("--processes", "2")``.
    downloads
        Names of data sets that are downloaded there first.
    host
        Where it is done, as ``USER@HOST``; "" where the script names none.
    gpus, gpu_kind
        How many GPUs are requested, 0 for what there is, and which, as ``A100``.
    seconds
        After how many seconds it stops with a checkpoint; None for never.
    python
        The Python there that has this program; "" for a virtual environment that the script makes.
    install
        What pip installs there.
    script
        The file that the script is written to, as its comments name it.
    """

    folder: Path
    kind: str
    command: tuple[str, ...]
    options: tuple[str, ...] = ()
    downloads: tuple[str, ...] = ()
    host: str = ""
    gpus: int = 0
    gpu_kind: str = ""
    seconds: int | None = None
    python: str = ""
    install: str = f"netdesigner=={__version__}"
    script: str = ""

    @property
    def name(self) -> str:
        """A name of small letters, digits and hyphens, which differs for folders of one name."""
        plain = re.sub(r"[^a-z0-9]+", "-", self.folder.name.lower())[:_NAME_LENGTH].strip("-")
        stem = plain if plain[:1].isalpha() else f"{self.kind}-{plain}".rstrip("-")
        return f"{stem}-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"

    @property
    def there(self) -> str:
        """The folder there, within the home folder."""
        return f"{_JOBS}/{self.name}"

    @property
    def here(self) -> str:
        """The content of the folder here, quoted, as rsync takes it."""
        return shlex.quote(f"{self.folder}/")

    @property
    def title(self) -> str:
        """What is done, as the first words of a script's comment."""
        verb = "Trains the run" if self.kind == "run" else "Runs the study"
        return f"{verb} {self.folder.name}"


class JobKind(NamedTuple):
    """A kind of machine, and the script for it.

    Attributes
    ----------
    title
        Its name in sentences.
    suffix
        The usual ending of the script's file.
    write
        Returns the script.
    start
        The command that starts the script, before its file; "" where its comments say how.
    needs_host, needs_gpu_kind
        Whether a host must be named, and which GPUs are meant.
    """

    title: str
    suffix: str
    write: Callable[[Job], str]
    start: str = ""
    needs_host: bool = False
    needs_gpu_kind: bool = False


def _ssh(job: Job) -> str:
    there = f"{job.host}:{job.there}/"
    work = _work(job, f'"$HOME/{job.there}"')
    remote = "\n".join(["set -eu", "trap : INT", *_program(job), *work])
    return _lines(
        "#!/bin/sh",
        f"# {job.title} on {job.host}, and brings its folder back.",
        "# Start it again to continue. It needs ssh and rsync here and there, and Python there.",
        "# Ctrl+C stops the work with a checkpoint; the folder is brought back then, too.",
        "set -eu",
        f"ssh {job.host} mkdir -p {job.there}",
        "# Files that are newer there are left: an earlier start went on there and broke off.",
        f"rsync -au {job.here} {there}",
        "trap : INT",
        "status=0",
        f"ssh -t {job.host} {shlex.quote(f'exec sh -c {shlex.quote(remote)}')} || status=$?",
        f"rsync -a {there} {job.here}",
        'exit "$status"',
    )


def _slurm(job: Job) -> str:
    if job.host:
        folder = f'"$HOME/{job.there}"'
        how = [
            "# On this machine:",
            f"#   ssh {job.host} mkdir -p {job.there}",
            f"#   rsync -au {job.here} {job.host}:{job.there}/",
            f"#   ssh {job.host} sbatch < {shlex.quote(job.script or 'FILE')}",
            "# and, when the job has ended, to bring the folder back:",
            f"#   rsync -a {job.host}:{job.there}/ {job.here}",
        ]
    else:
        folder = shlex.quote(str(job.folder))
        script = shlex.quote(job.script or "FILE")
        how = [
            f"# On the cluster: sbatch {script}",
            "# The folder must be on a disk that the machines of the cluster share, at this path.",
        ]
    return _lines(
        "#!/bin/bash",
        f"#SBATCH --job-name={job.name}",
        "#SBATCH --nodes=1",
        "#SBATCH --ntasks=1",
        *([f"#SBATCH --gpus-per-node={_gpus(job)}"] if job.gpus else []),
        *([f"#SBATCH --time={_clock(job.seconds)}"] if job.seconds else []),
        "# Two minutes before the end, the work stops with a checkpoint.",
        f"#SBATCH --signal=B:INT@{_STOPPING}",
        "",
        f"# {job.title} as a job of Slurm. Submit it again to continue.",
        *how,
        "",
        "set -eu",
        *_program(job),
        f"exec {_command(job, folder)}",
    )


def _skypilot(job: Job) -> str:
    home = f"~/{job.there}"
    indented = [f"  {line}" for line in ("set -eu", *_program(job))]
    work = [f"  {line}" for line in ("set -eu", _python(job), *_work(job, f'"$HOME/{job.there}"'))]
    script = shlex.quote(job.script or "FILE")
    return _lines(
        f"# {job.title} on a machine that SkyPilot rents:",
        f"#   sky launch -c {job.name} {script}",
        "# To bring the folder back, and to give the machine back:",
        f"#   rsync -a {job.name}:{job.there}/ {job.here}",
        f"#   sky down {job.name}",
        f"# To continue on the same machine before that: sky exec {job.name} {script}",
        f"name: {job.name}",
        *(["resources:", f"  accelerators: {json.dumps(_gpus(job))}"] if job.gpus else []),
        "file_mounts:",
        f"  {json.dumps(home)}: {json.dumps(str(job.folder), ensure_ascii=False)}",
        "setup: |",
        *indented,
        "run: |",
        *work,
    )


JOB_KINDS: Mapping[str, JobKind] = {
    "slurm": JobKind("Slurm", ".sbatch", _slurm),
    "skypilot": JobKind("SkyPilot", ".yaml", _skypilot, needs_gpu_kind=True),
    "ssh": JobKind("ssh", ".sh", _ssh, start="sh", needs_host=True),
}
"""All kinds by their names."""


def script(kind: str, job: Job) -> str:
    """Return the script of a job for a kind of machine, a row of `JOB_KINDS`.

    Raises
    ------
    DesignerError
        The kind needs something that the job does not say, or a word of it cannot be written.
    """
    row = JOB_KINDS[kind]
    for text in (str(job.folder), *job.options, job.python, job.install, job.script):
        if not text.isprintable():
            raise DesignerError(
                f"{text!r} has a line break or another character that a script cannot hold: rename "
                "it, or choose another."
            )
    if job.host and not _HOST.fullmatch(job.host):
        raise DesignerError(
            f"--host takes USER@HOST or a name from ssh's settings, as in me@example.org; received "
            f"'{job.host}'."
        )
    if row.needs_host and not job.host:
        raise DesignerError(f"--for {kind} needs --host USER@HOST, as in --host me@example.org.")
    if row.needs_gpu_kind and job.gpus and not job.gpu_kind:
        raise DesignerError(
            f"{row.title} asks which GPU is meant: write --gpus NAME:{job.gpus}, as in --gpus "
            f"A100:{job.gpus} (sky show-gpus lists the names)."
        )
    return row.write(job)


def read_time(text: str) -> int:
    """Return the seconds of a time as ``H:M:S``.

    Raises
    ------
    DesignerError
        It is none, or no time at all.
    """
    found = _TIME.fullmatch(text)
    hours, minutes, seconds = map(int, found.groups()) if found else (0, 0, 0)
    whole = 3600 * hours + 60 * minutes + seconds
    if not whole:
        raise DesignerError(f"--time takes H:M:S, as in 12:00:00; received '{text}'.")
    return whole


def read_gpus(text: str) -> tuple[int, str]:
    """Return the number of GPUs, and their name, of a text such as ``2`` or ``A100:2``.

    Raises
    ------
    DesignerError
        It is neither.
    """
    found = _GPUS.fullmatch(text)
    if found is None:
        raise DesignerError(f"--gpus takes N or NAME:N, as in 2 or A100:2; received '{text}'.")
    return int(found[2]), found[1] or ""


# Parts of scripts


def _program(job: Job) -> list[str]:
    """Return lines that define ``python``, install the program, and download data."""
    lines = [_python(job)]
    if not job.python:
        lines += [
            """if ! "$python" -c 'import designer' 2> /dev/null; then""",
            f'    python3 -m venv "$HOME/{_JOBS}/venv"',
            f'    "$python" -m pip install {shlex.quote(job.install)}',
            "fi",
        ]
    lines += [f'"$python" -P -m designer data {name} --download' for name in job.downloads]
    return lines


def _python(job: Job) -> str:
    own = f'"$HOME/{_JOBS}/venv/bin/python"'
    return f"python={shlex.quote(job.python) if job.python else own}"


def _work(job: Job, folder: str) -> list[str]:
    """Return lines that do the work; after the time it is stopped as by Ctrl+C, without error."""
    command = _command(job, folder)
    if job.seconds is None:
        return [command]
    return [
        "status=0",
        f"timeout --foreground --signal=INT {job.seconds} {command} || status=$?",
        '[ "$status" -eq 124 ] || exit "$status"',
    ]


def _command(job: Job, folder: str) -> str:
    """Return the command line; ``folder`` is quoted already."""
    words = ['"$python" -P -m designer', *job.command, folder, *map(shlex.quote, job.options)]
    return " ".join(words)


def _gpus(job: Job) -> str:
    return f"{job.gpu_kind}:{job.gpus}" if job.gpu_kind else str(job.gpus)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"
