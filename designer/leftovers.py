"""What killed processes of this program left: temporary files and half-made folders.

Their names say that they are this program's and which process made them, so that no file of the
user is taken for one, and those of a living process are left alone.
"""

import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from designer.processes import start_of

_NAMES = re.compile(r"\.netdesigner-(?P<machine>\w*)-(?P<process>\d{1,18})-[\w-]+")

_OLD_NAMES = re.compile(r"\..+\.\d+\.tmp")  # of version 0.1, as users may name their files, too


def temporary_name() -> str:
    """Return a new name for a file or folder of this process that is moved or removed at its end.

    It is short, whatever it stands for: a file whose name is as long as the file system allows can
    be written, too.
    """
    return f".netdesigner-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def remove(folder: Path, *, all_: bool = False) -> None:
    """Remove what ended processes of this machine left in a folder, and nothing else.

    Parameters
    ----------
    folder
        It may be missing; its subfolders are not searched.
    all_
        Whether the folder is the program's own and no process can be writing there now, as in a run
        under its lock. Then those of other machines and of version 0.1 are removed, too.
    """
    for path, machine, pid in _found(folder, old=all_):
        if all_ or (machine == _machine() and start_of(pid) is None):
            with suppress(OSError):  # what cannot be removed does no harm
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def is_one(name: str) -> bool:
    """Return whether a file or folder of this name is being made, or is left of a kill."""
    return _NAMES.fullmatch(name) is not None


def _found(folder: Path, *, old: bool) -> Iterator[tuple[Path, str, int]]:
    """Yield what has the name of a leftover, with the machine and process that made it."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        if match := _NAMES.fullmatch(name):
            yield folder / name, match["machine"], int(match["process"])
        elif old and _OLD_NAMES.fullmatch(name):
            yield folder / name, "", 0


@cache
def _machine() -> str:
    """Return the name of this machine, without signs that file systems refuse."""
    return re.sub(r"\W", "", platform.node(), flags=re.ASCII)[:20]
