"""The command line: all that the program can do, without the window."""

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
from designer.cli.output import INTERRUPTED, PROGRAM, printable, write
from designer.errors import DesignerError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; without arguments, open the window.

    Any error becomes a sentence on standard error, never a traceback.

    Parameters
    ----------
    arguments
        The words after the program's name; those of the process if None.

    Returns
    -------
    int
        The exit code: 0, 1 for bad input, 2 for wrong use, 130 for Ctrl+C.
    """
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # so that no character is an error in any encoding
            stream.reconfigure(errors="replace")
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = _run(given)
        sys.stdout.flush()
    except DesignerError as error:
        from designer.cli.recipes import how_to_set  # takes time, and serves errors only

        return _report(how_to_set(str(error), given))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _abandon_output()
        return 1
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _abandon_output()
            return _report(f"The output cannot be written ({error.strerror}); free some space.")
        if (
            isinstance(error, OSError) and error.filename
        ):  # a problem of that file, not a defect of the program
            return _report(
                f"{error.filename} cannot be used ({error.strerror}): check the path and whether "
                "you may read and write there."
            )
        return _report(_defect(error))
    return code


def _nowhere() -> TextIO:
    """Return a stream in place of a standard stream that the parent process closed."""
    return open(os.devnull, "w", encoding="utf-8")


def _run(given: list[str]) -> int:
    completing = f"_{PROGRAM.upper()}_COMPLETE" in os.environ  # the shell asks click, at each Tab
    if not given and not completing:
        return window.show()  # without importing click, which takes 0.03 s
    from designer.cli import commands

    return commands.run(given)


def _report(sentence: str) -> int:
    with suppress(OSError):
        write(f"{printable(sentence)}\n", error=True)
    return 1


def _defect(error: Exception) -> str:
    """Write the traceback of a defect to a log file and return the sentence that names the file."""
    import traceback

    from platformdirs import user_log_dir

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
            f"{PROGRAM} has a defect ({type(error).__name__}: {error}); please report it with what "
            f"you did. The details could not be written to {log} ({refusal.strerror})."
        )
    return (
        f"{PROGRAM} has a defect ({type(error).__name__}); please report it with what you did and "
        f"the file {log}."
    )


def _abandon_output() -> None:
    """Discard buffered output, which the interpreter would fail to write when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
