"""The control file of a run: commands to its worker, which obeys each of them once."""

import os
import time
from pathlib import Path
from typing import Literal

import msgspec

from designer.errors import DesignerError
from designer.runs.lines import BINARY, NO_LINK
from designer.storage import unwritable

CommandName = Literal[
    "pause", "resume", "stop", "checkpoint", "set_lr", "hold_lr", "scale_lr", "schedule_lr"
]

_NUMBERS = {
    "set_lr": "learning rate",
    "hold_lr": "learning rate",
    "scale_lr": "factor of the learning rate",
}
"""The commands that need a positive number, and what it is."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file.

    Attributes
    ----------
    command
        ``set_lr`` uses a learning rate for the next step and the schedule scaled to it after,
        ``hold_lr`` uses one in place of the schedule's, ``schedule_lr`` follows the schedule again,
        ``scale_lr`` multiplies all later rates by a factor.
    value
        The learning rate or the factor; None for the other commands.
    time
        When it was sent, in seconds since 1970.
    """

    command: CommandName
    value: float | None = None
    time: float = msgspec.field(default_factory=time.time)


def send(path: Path, command: CommandName, *, value: float | None = None) -> None:
    """Append a command to the control file.

    Raises
    ------
    DesignerError
        A command lacks the positive finite value that it needs, or the file cannot be written.
    """
    check(command, value)
    line = msgspec.json.encode(Command(command=command, value=value)) + b"\n"
    flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | BINARY | NO_LINK
    try:
        file = os.open(path, flags, 0o644)
        try:
            os.write(file, line)
        finally:
            os.close(file)
    except OSError as error:
        raise unwritable(path, error) from error


def check(command: CommandName, value: float | None) -> None:
    """Refuse a command that lacks its number.

    Raises
    ------
    DesignerError
        It lacks the positive finite value that it needs.
    """
    if not _is_complete(command, value):
        raise DesignerError(f"The {_NUMBERS[command]} cannot be {value}: give a number above 0.")


class ControlReader:
    """Reads new commands; the first ``taken`` lines, which a checkpoint counts, are skipped."""

    def __init__(self, path: Path, *, taken: int = 0) -> None:
        self.path = path
        self.taken = 0
        self._size = 0  # of the file when it was last read
        self._offset = 0
        self._skip(taken)

    def poll(self) -> list[Command]:
        """Return the new commands in order; lines that are not commands are skipped.

        It takes one ``stat`` when there is nothing new.
        """
        try:
            size = self.path.stat().st_size
        except OSError:
            return []
        if size == self._size:
            return []
        self._size = size
        return [command for line in self._lines() if (command := _decoded(line))]

    def _lines(self) -> list[bytes]:
        """Return the complete lines after the offset, and count them as taken."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                *lines, _ = file.read().split(b"\n")
        except OSError:
            return []
        self._offset += sum(len(line) + 1 for line in lines)
        self.taken += len(lines)
        return lines

    def _skip(self, count: int) -> None:
        lines = self._lines()
        self.taken = min(count, len(lines))
        self._offset = sum(len(line) + 1 for line in lines[:count])


def _decoded(line: bytes) -> Command | None:
    try:
        command = msgspec.json.decode(line, type=Command)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return command if _is_complete(command.command, command.value) else None


def _is_complete(command: CommandName, value: float | None) -> bool:
    """Return whether a command has the number that it needs, and no other one."""
    if command in _NUMBERS:
        return value is not None and 0 < value < float("inf")
    return value is None
