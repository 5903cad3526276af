"""Archives that are read in place: ZIP, and TAR where it is not compressed.

A compressed TAR archive can only be read from its beginning, so it is uncompressed once into a
file of the program's cache, and that is read in place.
"""

import io
import re
import stat
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO, Generic, NamedTuple, TypeVar

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
_PIECE = 2**20  # bytes that are read at once


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
class _Archive(ABC, Generic[Place]):
    """The files of an archive by their names, each with a place by which its content is read.

    Two of the same kind and path are equal. Other processes get a copy by its path alone, and read
    the index once more.
    """

    path: Path

    @property
    def names(self) -> tuple[str, ...]:
        return self._index[1].names

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return self._index[1].left_out

    @property
    def empty_folders(self) -> tuple[str, ...]:
        return self._index[1].empty_folders

    @property
    def cut_off(self) -> tuple[Path, ...]:
        return ()

    def holds(self, name: str) -> bool:
        return name in self._index[0]

    def size(self, name: str) -> int:
        return self._size(self._place(name))

    def read(self, name: str, most: int | None = None) -> bytes:
        place = self._place(name)
        wanted = self._size(place) if most is None else min(self._size(place), most)
        if wanted > _SMALL:
            check_promise(self.where(name), wanted)
        return self._content(name, place, wanted)

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.read(name))

    def where(self, name: str) -> str:
        return f"{shown(name)} in {self.path}"

    def __reduce__(self) -> tuple[type["_Archive[Place]"], tuple[Path]]:
        return type(self), (self.path,)

    @cached_property
    def _index(self) -> tuple[dict[str, Place], Found]:
        return _sorted_out(self._entries())

    def _place(self, name: str) -> Place:
        try:
            return self._index[0][name]
        except KeyError:
            raise _lacks(self.path, name) from None

    @abstractmethod
    def _entries(self) -> list[_Entry[Place]]:
        """Return all entries of the archive.

        Raises
        ------
        DesignerError
            It is damaged or encrypted.
        """

    @abstractmethod
    def _size(self, place: Place) -> int:
        """Return the size of a file in bytes."""

    @abstractmethod
    def _content(self, name: str, place: Place, wanted: int) -> bytes:
        """Return so many bytes from the beginning of a file.

        Raises
        ------
        DesignerError
            It cannot be read.
        """


class ZipFiles(_Archive[zipfile.ZipInfo]):
    """The files of a ZIP archive."""

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

    def _entries(self) -> list[_Entry[zipfile.ZipInfo]]:
        entries = [
            _Entry(_zip_name(entry), entry, entry.filename.endswith("/"), _refused_zip(entry))
            for entry in self._archive.infolist()
        ]
        files = [entry.refused for entry in entries if not entry.folder]
        if files and all(refused == _IS_ENCRYPTED for refused in files):
            raise DesignerError(
                f"{self.path} is encrypted: unpack it with its password, and open the folder."
            )
        return entries

    def _size(self, place: zipfile.ZipInfo) -> int:
        return place.file_size

    def _content(self, name: str, place: zipfile.ZipInfo, wanted: int) -> bytes:
        try:
            with self._archive.open(place) as file:
                return b"".join(_pieces(file, wanted))
        except MemoryError:
            raise
        except Exception as error:  # damaged archives raise almost anything
            raise DesignerError(
                f"{self.where(name)} cannot be read ({error}): pack or download the archive again."
            ) from error


def first_names(path: Path, count: int) -> list[str]:
    """Return the first names in a TAR archive without compression; none if it is damaged."""
    try:
        with tarfile.open(path, "r:", tarinfo=_CheckedHeader) as archive:
            return [member.name for member in islice(archive, count)]
    except Exception:  # damaged archives raise almost anything
        return []


class TarFiles(_Archive[tuple[int, int]]):
    """The files of a TAR archive; a place is the start and the size of a content, in bytes."""

    @property
    def cut_off(self) -> tuple[Path, ...]:
        return () if self._contents[1] else (self.path,)

    def _entries(self) -> list[_Entry[tuple[int, int]]]:
        return self._contents[0]

    @cached_property
    def _contents(self) -> tuple[list[_Entry[tuple[int, int]]], bool]:
        """The entries, and whether the mark of the archive's end follows: a block of zeros."""
        try:
            with tarfile.open(unpacked(self.path), "r:", tarinfo=_CheckedHeader) as archive:
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
                # tarfile takes a missing, cut or damaged header for the end, too.
                archive.fileobj.seek(archive.offset)
                return entries, archive.fileobj.read(tarfile.BLOCKSIZE) == tarfile.NUL * 512
        except OSError as error:
            raise unreadable(str(self.path), error) from error
        except DesignerError:
            raise
        except Exception as error:  # damaged archives raise almost anything
            raise DesignerError(
                f"{self.path} is no readable TAR archive ({error}): pack or download it again."
            ) from error

    def _size(self, place: tuple[int, int]) -> int:
        return place[1]

    def _content(self, name: str, place: tuple[int, int], wanted: int) -> bytes:
        try:
            with open(unpacked(self.path), "rb", buffering=0) as file:
                file.seek(place[0])
                content = file.read(wanted) or b""
        except OSError as error:
            raise unreadable(str(self.path), error) from error
        if len(content) < wanted:
            raise DesignerError(
                f"{self.where(name)} cannot be read (the archive ends before it does): pack or "
                "download the archive again."
            )
        return content


def open_archive(path: Path) -> Files:
    """Return the files of an archive, whose index is read when they are asked for."""
    return ZipFiles(path) if path.name.lower().endswith(".zip") else TarFiles(path)


def _pieces(file: IO[bytes], wanted: int) -> Iterator[bytes]:
    """Yield so many bytes of a file of a ZIP archive.

    Its own ``read`` adds up the pieces, which takes half a minute for a gigabyte of zeros.
    """
    while wanted > 0 and (piece := file.read(min(wanted, _PIECE))):
        wanted -= len(piece)
        yield piece


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


class _CheckedHeader(tarfile.TarInfo):
    """A header whose size is not negative, with which an archive would be read in circles."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_CheckedHeader":
        """Return what a header of 512 bytes says.

        Raises
        ------
        tarfile.HeaderError
            It is damaged.
        """
        found = super().frombuf(buf, encoding, errors)
        _is_sound(found)
        return found


def _is_sound(member: tarfile.TarInfo) -> bool:
    """Return True; a negative size, which extended headers can give, too, is refused."""
    if member.size < 0:
        raise tarfile.HeaderError("a size is negative")
    return True


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
