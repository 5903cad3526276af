"""Design files: reading, with an error that says what is wrong where, and saving."""

import codecs
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from designer.design.expressions import shortened
from designer.design.reading import ReadingError, design_from, shown, with_normal_names
from designer.design.text import FORMAT, dumps
from designer.design.values import Design
from designer.design.versions import VERSION, from_version_1
from designer.errors import DesignerError
from designer.storage import save_file, unwritable

__all__ = [
    "VERSION",
    "DesignFile",
    "DesignFileError",
    "digest",
    "dumps",
    "load",
    "loads",
    "read",
    "save",
]

MAX_FILE_BYTES = 64 * 2**20

MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: from_version_1}
"""For each older version of the format, a function from its data to the next version's."""


class DesignFileError(DesignerError):
    """A design file that cannot be read; the message says where and what was expected."""


class DesignFile(NamedTuple):
    """The content of a design file.

    Attributes
    ----------
    design
        The design.
    training
        The decoded value of the key ``training``, which `designer.recipe.stored` reads; None if the
        file lacks it.
    digest
        What `digest` gives for the file's bytes.
    """

    design: Design
    training: Any
    digest: str


def digest(data: bytes) -> str:
    """Return a text that is the same for the same bytes only."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def read(path: str | Path) -> Design:
    """Read the design of a design file; raises as `load`."""
    return load(path).design


def load(path: str | Path) -> DesignFile:
    """Read a design file with all that it holds.

    Raises
    ------
    DesignFileError
        The file is missing, unreadable, damaged, too large, of an unknown format or version, or
        breaks a rule of the format.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:  # a device, such as /dev/zero, has no end
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise DesignFileError(f"There is no file {path}; check the name and the folder.") from None
    except IsADirectoryError:
        raise DesignFileError(f"{path} is a folder; name a design file in it.") from None
    except OSError as error:
        raise DesignFileError(
            f"{path} cannot be read: {error.strerror}; check its permissions."
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise DesignFileError(
            f"{path} is larger than {MAX_FILE_BYTES // 2**20} MiB, the most that is read. Is it a "
            "design file?"
        )
    design, training = _loads(data, str(path))
    return DesignFile(design, training, digest(data))


def loads(data: bytes | str, *, origin: str = "The text") -> Design:
    """Read a design from the text of its file; errors call the text `origin`.

    Raises
    ------
    DesignFileError
        As `load`.
    """
    return _loads(data.encode(errors="surrogatepass") if isinstance(data, str) else data, origin)[0]


def _loads(data: bytes, origin: str) -> tuple[Design, Any]:
    text = data.removeprefix(codecs.BOM_UTF8)
    try:
        raw = _decode(text)
        training = raw.pop("training", None)
        if not text.isascii() or rb"\u" in text:  # most files are spared this walk
            code = raw.pop("code", None)  # names in the text of a program stay as they are written
            raw = with_normal_names(raw)
            if code is not None:
                raw["code"] = code
        return design_from(raw), training
    except ReadingError as error:
        raise DesignFileError(f"{origin} is no valid design: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DesignFileError(
            f"{origin} is damaged or no design file: {error}{_line(text, error)}. "
            "Fix it there, or restore it from a copy."
        ) from None
    except RecursionError:
        raise DesignFileError(
            f"{origin} is nested too deeply to be a design file; restore it from a copy."
        ) from None


def save(
    design: Design,
    path: str | Path,
    training: Mapping[str, Mapping[str, object]] | None = None,
) -> str:
    """Write a design file; a crash leaves either the old file or the new one.

    Parameters
    ----------
    design
        The design.
    path
        The file to write or replace.
    training
        The value of the key ``training``, as `designer.recipe.stored.dump` gives it; None to leave
        it out.

    Returns
    -------
    str
        The `digest` of what was written.

    Raises
    ------
    DesignerError
        The file or its folder is read-only or missing, or the disk is full; an old file is
        unchanged.
    """
    path = Path(path)
    try:
        data = dumps(design, training).encode()
        save_file(path, data)
    except UnicodeEncodeError as error:  # the path of data in another encoding, for example
        raise DesignerError(
            f"{path} cannot be written, as the name {shown(error.object[error.start - 9 :])} is no "
            "valid text: rename it, for example the file or folder of the data."
        ) from error
    except OSError as error:
        raise unwritable(path, error) from error
    return digest(data)


def _unique(fields: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in fields]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ReadingError(
            f"'{shortened(twice)}'", "is given twice in the same object; rename one of them."
        )


def _line(text: bytes, error: Exception) -> str:
    """Return ", in line N" for an error that names a byte, else an empty text."""
    found = re.search(r"\(byte (\d+)\)", str(error))
    return "" if found is None else f", in line {text[: int(found[1])].count(10) + 1}"


def _decode(data: bytes) -> dict[str, Any]:
    try:
        raw = msgspec.json.decode(data)
    except msgspec.ValidationError as error:  # a number that no float can hold
        raise ReadingError("a number", f"{str(error).partition(' - at ')[0]}.") from None
    # Of equal names msgspec takes the last: a line that was copied and not renamed would be lost.
    json.loads(data, object_pairs_hook=_unique, parse_int=str, parse_float=str)
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ReadingError("format", f'expected "{FORMAT}". Is this a design file?')
    version = raw.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ReadingError(
            "version", f"expected a whole number from 1 on, received {shown(version)}."
        )
    if version > VERSION:
        raise ReadingError(
            "version",
            f"{shown(version)} is newer than this program, which reads up to {VERSION}; update it.",
        )
    while version < VERSION:
        raw = MIGRATIONS[version](raw)
        version += 1
    whole: dict[str, Any] = raw
    return whole
