"""Archives that are read in place: ZIP, and TAR where it is not compressed.

A compressed TAR archive can only be read from its beginning, so it is uncompressed once into a
file of the program's cache, and that is read in place.
"""

import io
import re
import stat
import tarfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Generic, NamedTuple, TypeVar

from designer.data.files import Files, Found, natural_path, shown, unreadable, visible
from designer.data.findings import LeftOut
from designer.data.limits import check_promise
from designer.data.unpacking import unpacked
from designer.errors import DesignerError

_ENCRYPTED = 0x1  # flag of a ZIP entry
# What names have that are hidden, lead out of the archive or are spelled unusually.
_UNUSUAL = re.compile(r"(?:^|/)(?:[./]|__)|//|\.\.|[:\\\0]")
_IS_ENCRYPTED = "is encrypted"
_UNIX = 3, 19  # Unix and macOS, where a backslash is a letter of a name
_SMALL = 2**24  # bytes of a file that surely fit into memory


Place = TypeVar("Place")


class _Entry(NamedTuple, Generic[Place]):
    """An entry of an archive.

    Attributes
    ----------
    name
        As it is in the archive.
    place
        By which its content is read.
    folder
        Whether it is a folder.
    refused
        Why it must not or cannot be read, "" if it can.
    """

    name: str
    place: Place
    folder: bool
    refused: str


@dataclass(frozen=True)
class ZipFiles:
    """The files of a ZIP archive."""

    path: Path

    @property
    def names(self) -> tuple[str, ...]:
        return self._found.names

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return self._found.left_out

    @property
    def empty_folders(self) -> tuple[str, ...]:
        return self._found.empty_folders

    def holds(self, name: str) -> bool:
        return name in self._entries

    def size(self, name: str) -> int:
        return self._entry(name).file_size

    def read(self, name: str, most: int | None = None) -> bytes:
        entry = self._entry(name)
        promised = entry.file_size if most is None else min(most, entry.file_size)
        if promised > _SMALL:
            check_promise(self.where(name), promised)
        try:
            with self._archive.open(entry) as file:
                return file.read(promised)
        except MemoryError:
            raise
        except Exception as error:  # damaged archives raise almost anything
            raise DesignerError(
                f"{self.where(name)} cannot be read ({error}): pack or download the archive again."
            ) from error

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.read(name))

    def where(self, name: str) -> str:
        return f"{shown(name)} in {self.path}"

    def _entry(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._entries[name]
        except KeyError:
            raise _lacks(self.path, name) from None

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except OSError as error:
            raise unreadable(str(self.path), error) from error
        except Exception as error:  # damaged archives raise almost anything
            raise DesignerError(
                f"{self.path} is no readable ZIP archive ({error}): pack or download it again."
            ) from error

    @property
    def _entries(self) -> dict[str, zipfile.ZipInfo]:
        return self._index[0]

    @property
    def _found(self) -> Found:
        return self._index[1]

    @cached_property
    def _index(self) -> tuple[dict[str, zipfile.ZipInfo], Found]:
        entries = [
            _Entry(_zip_name(entry), entry, entry.filename.endswith("/"), _refused_zip(entry))
            for entry in self._archive.infolist()
        ]
        files = [entry.refused for entry in entries if not entry.folder]
        if files and all(refused == _IS_ENCRYPTED for refused in files):
            raise DesignerError(
                f"{self.path} is encrypted: unpack it with its password, and open the folder."
            )
        return _sorted_out(entries)

    def __reduce__(self) -> tuple[type["ZipFiles"], tuple[Path]]:
        return ZipFiles, (self.path,)


@dataclass(frozen=True)
class TarFiles:
    """The files of a TAR archive."""

    path: Path

    @property
    def names(self) -> tuple[str, ...]:
        return self._found.names

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return self._found.left_out

    @property
    def empty_folders(self) -> tuple[str, ...]:
        return self._found.empty_folders

    def holds(self, name: str) -> bool:
        return name in self._places

    def size(self, name: str) -> int:
        return self._place(name)[1]

    def read(self, name: str, most: int | None = None) -> bytes:
        start, size = self._place(name)
        wanted = size if most is None else min(size, most)
        if wanted > _SMALL:
            check_promise(self.where(name), wanted)
        try:
            with open(unpacked(self.path), "rb", buffering=0) as file:
                file.seek(start)
                content = file.read(wanted) or b""
        except OSError as error:
            raise unreadable(str(self.path), error) from error
        if len(content) < wanted:
            raise DesignerError(
                f"{self.where(name)} cannot be read (the archive ends before it does): pack or "
                "download the archive again."
            )
        return content

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.read(name))

    def where(self, name: str) -> str:
        return f"{shown(name)} in {self.path}"

    def _place(self, name: str) -> tuple[int, int]:
        try:
            return self._places[name]
        except KeyError:
            raise _lacks(self.path, name) from None

    @property
    def _places(self) -> dict[str, tuple[int, int]]:
        """The start and size of each file's content, in bytes."""
        return self._index[0]

    @property
    def _found(self) -> Found:
        return self._index[1]

    @cached_property
    def _index(self) -> tuple[dict[str, tuple[int, int]], Found]:
        try:
            with tarfile.open(unpacked(self.path), "r:", tarinfo=_QuickHeader) as archive:
                entries = [
                    _Entry(
                        member.name,
                        (member.offset_data, member.size),
                        member.isdir(),
                        _refused_tar(member),
                    )
                    for member in archive
                    if _is_sound(member)
                ]
        except OSError as error:
            raise unreadable(str(self.path), error) from error
        except DesignerError:
            raise
        except Exception as error:  # damaged archives raise almost anything
            raise DesignerError(
                f"{self.path} is no readable TAR archive ({error}): pack or download it again."
            ) from error
        return _sorted_out(entries)

    def __reduce__(self) -> tuple[type["TarFiles"], tuple[Path]]:
        return TarFiles, (self.path,)


def open_archive(path: Path) -> Files:
    """Return the files of an archive, whose index is read when they are asked for."""
    return ZipFiles(path) if path.name.lower().endswith(".zip") else TarFiles(path)


def _refused_zip(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & _ENCRYPTED:
        return _IS_ENCRYPTED
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    return ""


def _refused_tar(member: tarfile.TarInfo) -> str:
    if member.isreg() or member.isdir():
        return "is stored with gaps, which is not read" if member.issparse() else ""
    return "is a link" if member.issym() or member.islnk() else "is a device or the like"


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """Return the name of an entry with ``/``, for which programs on Windows write a backslash."""
    name = entry.filename
    return name.replace("\\", "/") if entry.create_system not in _UNIX and "\\" in name else name


def _is_sound(member: tarfile.TarInfo) -> bool:
    """Return True; extended headers can give an entry a negative size, which is refused."""
    if member.size < 0:
        raise tarfile.HeaderError("a size is negative")
    return True


class _QuickHeader(tarfile.TarInfo):
    """A header that is read faster where it is that of a plain file or folder.

    Negative sizes, with which an archive would be read in circles, are refused.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_QuickHeader":
        """Return what a header of 512 bytes says, as `tarfile.TarInfo.frombuf` does."""

        def whole() -> "_QuickHeader":
            found = super(_QuickHeader, cls).frombuf(buf, encoding, errors)
            if found.size < 0:
                raise tarfile.HeaderError("a size is negative")
            return found

        kind = bytes(buf[156:157])
        if len(buf) != tarfile.BLOCKSIZE or kind not in (tarfile.REGTYPE, tarfile.DIRTYPE):
            return whole()
        try:
            size = int(buf[124:136].strip(b" \0") or b"0", 8)
            promised = int(buf[148:156].strip(b" \0"), 8)
        except ValueError:  # a very large file, or damage
            return whole()
        if size < 0 or sum(buf) - sum(buf[148:156]) + 8 * ord(" ") != promised:
            return whole()
        header = cls(buf[:100].partition(b"\0")[0].decode(encoding, errors).rstrip("/"))
        if prefix := buf[345:500].partition(b"\0")[0].decode(encoding, errors):
            header.name = f"{prefix}/{header.name}"
        header.size, header.type, header.chksum = size, kind, promised
        return header


def _plain(name: str) -> str:
    """Return a name without ``./`` and double slashes; empty for the archive's own folder."""
    absolute = "/" if name.startswith("/") else ""
    return absolute + "/".join(each for each in name.split("/") if each not in ("", "."))


def _stays_inside(name: str) -> bool:
    """Tell whether an entry stays within the archive's folder, on Windows, too."""
    parts = name.replace("\\", "/").split("/")
    leads_out = name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]
    return not leads_out and "\0" not in name


def _sorted_out(entries: Iterable[_Entry[Place]]) -> tuple[dict[str, Place], Found]:
    """Return the places of the files of an archive by their names, and what else it holds."""
    places: dict[str, Place] = {}
    left_out: list[LeftOut] = []
    folders: set[str] = set()
    for written, place, folder, refused in entries:
        name = written
        if not name or _UNUSUAL.search(name):
            name = _plain(name)
            if not _stays_inside(name):
                left_out.append(LeftOut(written, "leads out of the archive"))
                continue
            if not all(map(visible, name.split("/"))):
                continue
        if folder:
            folders.add(name.rstrip("/"))
        elif refused:
            left_out.append(LeftOut(name, refused))
        elif name:
            if name in places:
                reason = "is in the archive twice, of which the last is read"
                left_out.append(LeftOut(name, reason))
            places[name] = place
    filled: set[str] = set()
    for inner in (*places, *folders):
        while (end := inner.rfind("/")) > 0 and (inner := inner[:end]) not in filled:
            filled.add(inner)
    empty = folders - filled - {""}
    return places, Found(
        tuple(sorted(places, key=natural_path)),
        tuple(left_out),
        tuple(sorted(empty, key=natural_path)),
    )


def _lacks(path: Path, name: str) -> DesignerError:
    return DesignerError(f"{path} holds no file {shown(name)}: pack or download the archive again.")
