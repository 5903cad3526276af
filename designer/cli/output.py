"""Output of the commands: colored on a terminal, plain text elsewhere."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from designer.analysis.report.line import Line


PROGRAM = "netdesigner"
_EVERY = 0.2  # seconds between two shares that are shown, so that they do not disturb
INTERRUPTED = 130  # the exit code for Ctrl+C, by the custom of shells


def write(text: str, *, error: bool = False) -> None:
    """Write text to standard output or error."""
    stream = sys.stderr if error else sys.stdout
    stream.write(text)
    stream.flush()


def say_aside(sentence: str) -> None:
    """Write a sentence to standard error, where it does not mix with the results."""
    write(f"{printable(sentence)}\n", error=True)


def show(lines: "Iterable[Line]", *, error: bool = False) -> None:
    """Write lines: colored on a terminal, elsewhere as plain text without control codes."""
    stream = sys.stderr if error else sys.stdout
    cleaned = [(printable(line.text), line.style.value) for line in lines]
    if not stream.isatty():
        write("".join(f"{text}\n" for text, _ in cleaned), error=error)
        return
    from rich.console import Console  # takes 0.1 s and serves colors only
    from rich.text import Text

    sys.stdout.flush()
    console = Console(file=stream, highlight=False)
    for text, style in cleaned:
        console.print(Text(text, style), soft_wrap=True)


def printable(text: str) -> str:
    """Replace control characters, which a name or path from elsewhere may contain."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)


def width(stream: TextIO) -> int | None:
    """Return the columns of the terminal, or COLUMNS if set; None for a pipe or a file."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    if not stream.isatty():
        return None
    from shutil import get_terminal_size

    return get_terminal_size().columns


@contextmanager
def one_line() -> Iterator[Callable[[str], None]]:
    """Give a function that shows a text in one line of a terminal, and clear it at the end."""
    shown = ""

    def show(text: str) -> None:
        nonlocal shown
        if sys.stderr.isatty():
            write(f"\r{text:<{len(shown)}}", error=True)
            shown = text

    try:
        yield show
    finally:
        if shown:
            write(f"\r{'':<{len(shown)}}\r", error=True)


@contextmanager
def share_shown(words: str) -> Iterator[Callable[[float], None]]:
    """Give a function that shows which share of a work is done, from 0 to 1, as `one_line` does."""
    said = 0.0
    with one_line() as show:

        def tell(share: float) -> None:
            nonlocal said
            if time.monotonic() - said > _EVERY:
                said = time.monotonic()
                show(f"{words}: {share:4.0%}")

        yield tell
