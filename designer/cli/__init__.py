"""The command line: every capability without a window; without a command, the window."""

import errno
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from designer import __version__
from designer.cli import window
from designer.cli.output import PROGRAM, printable, write
from designer.errors import DesignerError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, 1 for bad input, 2 for wrong use.

    Whatever goes wrong, a sentence goes to standard error and never a traceback.
    """
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # no encoding may make a sentence fail
            stream.reconfigure(errors="replace")
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = _run(given)
        sys.stdout.flush()
    except DesignerError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return 130  # as a shell says it
    except BrokenPipeError:
        _abandon_output()
        return 1
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _abandon_output()
            return _refuse(f"The output cannot be written ({error.strerror}); free some space.")
        if isinstance(error, OSError) and error.filename:  # a file's fault, not the program's
            return _refuse(
                f"{error.filename} cannot be used ({error.strerror}): check the path and whether "
                "you may read and write there."
            )
        return _refuse(_defect(error))
    return code


def _nowhere() -> TextIO:
    """Take the place of a standard stream that was closed before the program began."""
    return open(os.devnull, "w", encoding="utf-8")


def _run(given: list[str]) -> int:
    if not given:
        return window.show()  # at once, without importing click
    from designer.cli import commands

    return commands.run(given)


def _refuse(sentence: str) -> int:
    with suppress(OSError):
        write(f"{printable(sentence)}\n", error=True)
    return 1


def _defect(error: Exception) -> str:
    """Put the traceback of a defect into a log file and return the sentence that names it."""
    import traceback

    from platformdirs import user_log_dir

    what = f"{PROGRAM} met an error of its own ({type(error).__name__})"
    log = Path(user_log_dir(PROGRAM, appauthor=False)) / f"error-{time.time_ns()}.log"
    text = "".join(traceback.format_exception(error))
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(
            f"{PROGRAM} {__version__}, Python {sys.version}\n{sys.argv}\n{text}",
            encoding="utf-8",
            errors="replace",
        )
    except OSError as refusal:
        return (
            f"{what}: {error}; please report it with what you did. "
            f"The details could not be kept in {log} ({refusal.strerror})."
        )
    return f"{what}; please report it with what you did and the file {log}."


def _abandon_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter can end in peace."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
