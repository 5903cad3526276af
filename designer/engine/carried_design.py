"""Putting the design into a model file, where `designer.readers.embedded` finds it again."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from designer.design.carried import KEY, wrapped
from designer.design.values import Design
from designer.readers import embedded


def metadata(design: Design) -> Mapping[str, str]:
    """Return the entry for a format whose metadata are texts by names; none if it is too large."""
    text = wrapped(design)
    return {KEY: text} if text else {}


def add_to_archive(file: BinaryIO, design: Design) -> None:
    """Add the design to an archive that ``torch.save`` or ``torch.export.save`` wrote.

    torch reads archives by the names of what is in them, and passes over others.
    """
    with zipfile.ZipFile(file, "a") as archive:
        folder = archive.namelist()[0].partition("/")[0] + "/"
        if text := wrapped(design, embedded.archive_digest(archive, folder)):
            # Without a time of writing, so that equal designs give equal files.
            archive.writestr(zipfile.ZipInfo(folder + embedded.RECORD), text)


def add_to_onnx(path: Path, design: Design) -> None:
    """Add the design to the metadata of an ONNX file.

    A field of protobuf that may be there several times can be added at the end of a file.
    """
    with path.open("r+b") as file:
        text = wrapped(design, embedded.onnx_digest(file))
        if text:
            entry = _field(embedded.NAME, KEY.encode()) + _field(embedded.VALUE, text.encode())
            file.seek(0, 2)
            file.write(_field(embedded.METADATA, entry))


def _field(number: int, content: bytes) -> bytes:
    """Return a field of bytes as protobuf has it."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
