"""Files of a run that grow line by line: written in whole lines, and followed by readers.

A line is one JSON object. When a run is resumed, such a file is cut back to its checkpoint.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

import msgspec

from designer.errors import UNREADABLE, DesignerError
from designer.storage import unwritable

T = TypeVar("T")

_BLOCK = 1 << 20  # bytes read at once
BINARY = getattr(os, "O_BINARY", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""Flags of files that are opened to be written: without changed line ends, and never by a link."""


class LineWriter:
    """Appends lines, each written to the file at once and in one piece.

    Parameters
    ----------
    path
        The file.
    keep
        Returns whether a line of a file that is continued stays; the first one that does not, and
        all behind it, are cut off. None begins the file anew.

    Raises
    ------
    DesignerError
        The file cannot be written; `append` raises it, too.
    """

    def __init__(self, path: Path, keep: Callable[[bytes], bool] | None = None) -> None:
        self.path = path
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | BINARY | NO_LINK
        try:
            end = 0 if keep is None else _end_of_kept(path, keep)
            self._file = os.open(path, flags, 0o644)
            os.ftruncate(self._file, end)
        except OSError as error:
            raise unwritable(path, error) from error

    def append(self, record: object) -> None:
        """Append a line of JSON."""
        self.check()
        line = _ENCODER.encode(record) + b"\n"
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            raise unwritable(self.path, error) from error

    def sync(self) -> None:
        """Force what was written to the disk; raise DesignerError as `check` does."""
        self.check()
        os.fsync(self._file)

    def check(self) -> None:
        """Check that the file is still the one of its name, as a worker must before it writes.

        Raises
        ------
        DesignerError
            The run folder was moved or removed; one of its name may be another run by now.
        """
        own = os.fstat(self._file)
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise _replaced(self.path) from error
        # Some file systems of networks give a file a new number at each look; two logs that are
        # written differ in size soon.
        if not os.path.samestat(own, found) and own.st_size != found.st_size:
            raise _replaced(self.path)

    def close(self) -> None:
        """Close the file; nothing can be written any more."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


_ENCODER = msgspec.json.Encoder()


def _replaced(log: Path) -> DesignerError:
    return DesignerError(
        f"The run folder {log.parent} was moved, removed or replaced while it was trained, so the "
        "training ends; a run that was moved can be resumed where it is now."
    )


def _end_of_kept(path: Path, keep: Callable[[bytes], bool]) -> int:
    """Return the offset after the last line that is kept; a damaged line ends them."""
    end = 0
    if not path.exists():
        return end
    with path.open("rb") as file:
        for line in file:
            try:
                kept = line.endswith(b"\n") and keep(line)
            except UNREADABLE:
                break
            if not kept:
                break
            end += len(line)
    return end


@dataclass(frozen=True)
class NewLines(Generic[T]):
    """The result of a poll.

    Attributes
    ----------
    values
        The new lines, decoded.
    restarted
        Whether what was read before is void: at the first poll, and after the file was cut back to
        a checkpoint.
    more
        Whether the poll was limited, so that there may be further lines already.
    """

    values: list[T] = field(default_factory=list)
    restarted: bool = False
    more: bool = False


class LineReader(Generic[T]):
    """Follows a file that grows, or is cut back and grows again, from any time on.

    Parameters
    ----------
    path
        The file.
    decode
        Returns the value of a line; it raises what msgspec does for a damaged one.
    remedy
        What helps against a damaged line, as the end of a sentence.
    """

    def __init__(self, path: Path, decode: Callable[[bytes], T], *, remedy: str) -> None:
        self.path = path
        self._decode = decode
        self._remedy = remedy
        self._offset = 0  # right after the last complete line read
        self._last_line = b""  # by which a file that was cut back is recognized
        self._started = False

    def poll(self, *, at_most: int | None = None) -> NewLines[T]:
        """Return the lines since the last poll; half-written ones wait for the next one.

        Parameters
        ----------
        at_most
            Stop after about so many bytes, so that a long file comes in pieces.

        Raises
        ------
        DesignerError
            The file exists but cannot be read, or a complete line is damaged.
        """
        try:
            with self.path.open("rb") as file:
                restarted = not self._started or self._was_cut(file.fileno())
                if restarted:
                    self._offset, self._last_line = 0, b""
                self._started = True
                values, more = self._read_on(file.fileno(), at_most)
                return NewLines(values, restarted, more)
        except FileNotFoundError:
            return NewLines()
        except OSError as error:
            raise DesignerError(
                f"{self.path} cannot be read ({error.strerror}): make the run folder readable."
            ) from error

    def _was_cut(self, file: int) -> bool:
        """Tell whether the file was cut back to before the last line read, and perhaps written on.

        No two lines of a file are equal.
        """
        os.lseek(file, self._offset - len(self._last_line), os.SEEK_SET)
        return _read_exactly(file, len(self._last_line)) != self._last_line

    def _read_on(self, file: int, at_most: int | None) -> tuple[list[T], bool]:
        os.lseek(file, self._offset, os.SEEK_SET)
        values: list[T] = []
        pending = b""
        count = 0
        while block := os.read(file, _BLOCK):
            count += len(block)
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                values.append(self._decoded(line))
                self._offset += len(line) + 1
                self._last_line = line + b"\n"
            if at_most is not None and count >= at_most and values:
                return values, True
        return values, False

    def _decoded(self, line: bytes) -> T:
        reason: object
        try:
            return self._decode(line)
        except RecursionError:
            reason = "it is nested too deeply"
        except UNREADABLE as error:
            reason = error
        raise DesignerError(
            f"{self.path} is damaged at byte {self._offset:,} ({reason}): {self._remedy}."
        )


def _read_exactly(file: int, size: int) -> bytes:
    data = b""
    while len(data) < size and (block := os.read(file, size - len(data))):
        data += block
    return data
