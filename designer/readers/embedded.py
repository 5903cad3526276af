"""The design that a model file of this program carries, read without torch and without running it.

Each ending has a row in `_PLACES`. A file of another program carries none, which is no error. Nor
is a damaged design one, since the network can be read from the rest of the file.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from designer.design import carried
from designer.design.carried import KEY, LARGEST, CarriedError, CarriedText
from designer.design.values import Design
from designer.errors import DesignerError


@dataclass(frozen=True)
class Embedded:
    """What a file says of its design.

    Attributes
    ----------
    design
        The design; None if the file carries none, or a damaged one.
    edited
        Whether the network in the file was changed since: the code of a Python file, the operations
        of an ONNX file or of a program. The design is then what it was made from.
    note
        A whole sentence on a design that could not be read; "" otherwise.
    """

    design: Design | None = None
    edited: bool = False
    note: str = ""


def embedded(path: Path) -> Embedded:
    """Return the design that a file carries, by the place where files of its ending have it.

    Raises
    ------
    DesignerError
        The file cannot be read at all.
    """
    place = _PLACES.get(path.suffix.lower())
    if place is None:
        return Embedded()
    try:
        found = place(path)
    except CarriedError as error:
        return Embedded(
            note=f"The design that {path.name} carries {error}, so the network is read from the "
            "rest of the file."
        )
    except OSError as error:
        raise DesignerError(
            f"{path} cannot be read ({error.strerror or error}): check its name and permissions."
        ) from error
    if found is None:
        return Embedded()
    expected, design = found.text.network, found.text.design
    return Embedded(design, edited=bool(expected) and expected != found.network)


def embedded_design(path: Path) -> Design | None:
    """Return the design of a file whose network is still that of the design; None otherwise.

    Raises
    ------
    DesignerError
        As `embedded`.
    """
    found = embedded(path)
    return None if found.edited else found.design


class _Found(NamedTuple):
    """A design in a file, and the checksum of the file's network as it is now."""

    text: CarriedText
    network: str = ""


# Python source


def _in_source(path: Path) -> _Found | None:
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        return None
    try:
        code, text = carried.uncommented(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None
    return None if text is None else _Found(text, carried.source_digest(code))


# safetensors: the length of a JSON text, which has the metadata, and the text


_LARGEST_HEADER = 100_000_000  # bytes, as the format has it


def _in_safetensors(path: Path) -> _Found | None:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= _LARGEST_HEADER:
            return None
        header = file.read(length)
    try:
        metadata = json.loads(header).get("__metadata__")
        text = metadata.get(KEY) if isinstance(metadata, dict) else None
    except (ValueError, AttributeError, RecursionError):
        return None  # damaged, which is said where its tensors are read
    return _Found(carried.unwrapped(text)) if isinstance(text, str) else None


# Archives: state dicts and programs of torch


RECORD = f"extra/{KEY}"
"""The name of the design's text below the only folder of an archive of torch."""

_PROGRAM = "models/model.json"


def _in_archive(path: Path) -> _Found | None:
    try:
        with zipfile.ZipFile(path) as archive:
            name = next((name for name in archive.namelist() if name.endswith("/" + RECORD)), None)
            if name is None:
                return None
            text = carried.unwrapped(_member(archive, name))
            return _Found(text, archive_digest(archive, name.removesuffix(RECORD)))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RecursionError):
        return None  # damaged, or of a torch before 1.6


def _member(archive: zipfile.ZipFile, name: str) -> str:
    try:
        with archive.open(name) as file:
            data = file.read(LARGEST + 1)
        return data.decode()
    except (OSError, zipfile.BadZipFile, EOFError, RuntimeError, ValueError, zlib.error):
        raise CarriedError("is damaged") from None


def archive_digest(archive: zipfile.ZipFile, folder: str) -> str:
    """Return the checksum of the program in an archive of torch; "" for a state dict.

    Parameters
    ----------
    archive
        The file.
    folder
        The folder that everything in it stands in, with the slash.
    """
    if folder + _PROGRAM not in archive.namelist():
        return ""
    found = hashlib.blake2b(digest_size=16)
    try:
        with archive.open(folder + _PROGRAM) as file:
            while block := file.read(_BLOCK):
                found.update(block)
    except (OSError, zipfile.BadZipFile, EOFError, RuntimeError, ValueError, zlib.error):
        return "damaged"
    return found.hexdigest()


# ONNX: a message of protobuf, whose fields are read without the package onnx


_BLOCK = 1 << 20  # bytes read at once
_GRAPH, METADATA, _NODE, NAME, VALUE = 7, 14, 1, 1, 2
"""Numbers of fields: of a model its graph and an entry of its metadata, of the graph a node, and
of the entry its name and value."""


def _in_onnx(path: Path) -> _Found | None:
    with path.open("rb") as file:
        try:
            text = None
            for field in _fields(file, 0, path.stat().st_size):
                if field.number == METADATA and field.size <= LARGEST + 1024:
                    entry = {each.number: each for each in _fields(file, *field.range)}
                    if NAME in entry and _bytes(file, entry[NAME], 1024) == KEY.encode():
                        value = entry.get(VALUE)
                        text = b"" if value is None else _bytes(file, value, value.size)
            if text is None:
                return None
            return _Found(carried.unwrapped(text.decode()), onnx_digest(file))
        except CarriedError:
            raise
        except ValueError:
            return None  # no message of protobuf: said where its operations are read


def onnx_digest(file: BinaryIO) -> str:
    """Return the checksum of the operations of an ONNX file, without its weights.

    Raises
    ------
    ValueError
        It is no message of protobuf.
    """
    found = hashlib.blake2b(digest_size=16)
    for field in _fields(file, 0, file.seek(0, 2)):
        if field.number == _GRAPH:
            for node in _fields(file, *field.range):
                if node.number == _NODE:
                    _hash(file, node, found.update)
    return found.hexdigest()


class _Field(NamedTuple):
    """A field of a message: its number, and where its bytes are; none for plain numbers."""

    number: int
    start: int
    size: int

    @property
    def range(self) -> tuple[int, int]:
        return self.start, self.start + self.size


_MOST_FIELDS = 1_000_000  # of a message; a network has a node for each of some thousand operations
_FIXED_SIZES = {1: 8, 5: 4}  # bytes of the values of these wire types


def _fields(file: BinaryIO, start: int, end: int) -> Iterator[_Field]:
    """Yield the fields of a message between two positions of a file; `ValueError` if it is none."""
    for _ in range(_MOST_FIELDS):
        if start >= end:
            return
        file.seek(start)
        buffer = file.read(20)
        key, used = _varint(buffer, 0)
        wire = key & 7
        if not key >> 3:
            raise ValueError("a field without a number")
        if wire == 0:
            _, used = _varint(buffer, used)
            size = 0
        elif wire == 2:
            size, used = _varint(buffer, used)
        elif wire in _FIXED_SIZES:
            size = _FIXED_SIZES[wire]
        else:
            raise ValueError("an unknown wire type")
        start += used
        if start + size > end:
            raise ValueError("a field that is longer than its message")
        yield _Field(key >> 3, start, size)
        start += size
    if start < end:
        raise ValueError("more fields than any network has")


def _varint(buffer: bytes, start: int) -> tuple[int, int]:
    """Return a number of variable length in a buffer, and where it ends."""
    value = 0
    for position, byte in enumerate(buffer[start : start + 10]):
        value |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return value, start + position + 1
    raise ValueError("a number without an end")


def _bytes(file: BinaryIO, field: _Field, most: int) -> bytes:
    file.seek(field.start)
    return file.read(min(field.size, most))


def _hash(file: BinaryIO, field: _Field, update: Callable[[bytes], None]) -> None:
    """Hash the number of a field's bytes and the bytes."""
    update(f"{field.size}:".encode())
    file.seek(field.start)
    left = field.size
    while left > 0:
        block = file.read(min(left, _BLOCK))
        if not block:
            raise ValueError("the file became shorter")
        update(block)
        left -= len(block)


_PLACES: Mapping[str, Callable[[Path], _Found | None]] = {
    ".py": _in_source,
    ".pt": _in_archive,
    ".pth": _in_archive,
    ".safetensors": _in_safetensors,
    ".pt2": _in_archive,
    ".onnx": _in_onnx,
}
"""Where files of each ending have their design."""
