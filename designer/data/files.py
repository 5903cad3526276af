"""Where the bytes of a data set are: in a folder, or in an archive that is read in place."""

import io
import os
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from designer.data.findings import LeftOut
from designer.errors import DesignerError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_NUMBERS = re.compile(r"(\d+)")


class Files(Protocol):
    """The files of a data set by their names; other processes get a copy by pickling."""

    @property
    def path(self) -> Path:
        """The folder or the archive."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The paths of all visible files within it, with ``/``, in natural order."""
        ...

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What cannot or must not be read, such as entries that lead out of an archive."""
        ...

    def holds(self, name: str) -> bool:
        """Tell whether there is a file of this name."""
        ...

    def size(self, name: str) -> int:
        """Return the size of a file in bytes."""
        ...

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return the content of a file, or at most so many bytes of its beginning.

        Raises
        ------
        DesignerError
            It cannot be read.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Return a file to read from, at any position.

        Raises
        ------
        DesignerError
            It cannot be opened.
        """
        ...

    def where(self, name: str) -> str:
        """Return how a sentence names a file: its path, or its name in the archive."""
        ...


@dataclass(frozen=True)
class FolderFiles:
    """The files of a folder and of the folders in it; links to folders are followed once."""

    path: Path

    @property
    def names(self) -> tuple[str, ...]:
        return self._found[0]

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return self._found[1]

    def holds(self, name: str) -> bool:
        return os.path.isfile(self.path / name)

    def size(self, name: str) -> int:
        try:
            return os.stat(self.path / name).st_size
        except OSError as error:
            raise _unreadable(self.where(name), error) from error

    def read(self, name: str, most: int | None = None) -> bytes:
        try:
            with open(self.path / name, "rb", buffering=0) as file:
                if most is None:
                    return file.readall()
                return file.read(most) or b""
        except OSError as error:
            raise _unreadable(self.where(name), error) from error

    def open(self, name: str) -> BinaryIO:
        try:
            return open(self.path / name, "rb")
        except OSError as error:
            raise _unreadable(self.where(name), error) from error

    def where(self, name: str) -> str:
        return str(self.path / name)

    @cached_property
    def _found(self) -> tuple[tuple[str, ...], tuple[LeftOut, ...]]:
        names: list[str] = []
        left_out: list[LeftOut] = []

        def look(folder: str, prefix: str, above: frozenset[tuple[int, int]]) -> None:
            try:
                with os.scandir(folder) as scan:
                    entries = sorted(scan, key=lambda entry: natural(entry.name))
            except OSError as error:
                if not prefix:
                    raise
                left_out.append(LeftOut(prefix.rstrip("/"), _reason(error)))
                return
            for entry in entries:
                if not visible(entry.name):
                    continue
                name = prefix + entry.name
                try:
                    if not entry.is_dir():
                        if entry.is_file():
                            names.append(name)
                        continue
                    here = above
                    if entry.is_symlink() or above:
                        stat = os.stat(entry.path)
                        identity = (stat.st_dev, stat.st_ino)
                        if identity in above:
                            left_out.append(LeftOut(name, "is a link to a folder that it is in"))
                            continue
                        here = above | {identity}
                except OSError as error:
                    left_out.append(LeftOut(name, _reason(error)))
                    continue
                look(entry.path, f"{name}/", here)

        stat = os.stat(self.path)
        look(str(self.path), "", frozenset({(stat.st_dev, stat.st_ino)}))
        return tuple(names), tuple(left_out)

    def __reduce__(self) -> tuple[type["FolderFiles"], tuple[Path]]:
        return FolderFiles, (self.path,)


@dataclass(frozen=True)
class ZipFiles:
    """The files of a ZIP archive."""

    path: Path

    @property
    def names(self) -> tuple[str, ...]:
        return self._index[0]

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return self._index[1]

    def holds(self, name: str) -> bool:
        return name in self._entries

    def size(self, name: str) -> int:
        return self._entry(name).file_size

    def read(self, name: str, most: int | None = None) -> bytes:
        entry = self._entry(name)
        try:
            with self._archive.open(entry) as file:
                return file.read(-1 if most is None else most)
        except (OSError, zipfile.BadZipFile, RuntimeError, EOFError, ValueError) as error:
            raise DesignerError(
                f"{self.where(name)} cannot be read ({error}): pack or download the archive again."
            ) from error
        except Exception as error:  # zlib, bz2 and lzma have errors of their own
            raise DesignerError(
                f"{self.where(name)} is damaged ({error}): pack or download the archive again."
            ) from error

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.read(name))

    def where(self, name: str) -> str:
        return f"{name} in {self.path}"

    def _entry(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._entries[name]
        except KeyError:
            raise DesignerError(
                f"{self.path} holds no file {name}: pack or download the archive again."
            ) from None

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except OSError as error:
            raise _unreadable(str(self.path), error) from error
        except Exception as error:  # damaged archives raise almost anything
            raise DesignerError(
                f"{self.path} is no readable ZIP archive ({error}): pack or download it again."
            ) from error

    @cached_property
    def _entries(self) -> dict[str, zipfile.ZipInfo]:
        return {
            entry.filename: entry
            for entry in self._archive.infolist()
            if not entry.is_dir() and inside(entry.filename)
        }

    @cached_property
    def _index(self) -> tuple[tuple[str, ...], tuple[LeftOut, ...]]:
        return _sorted_names(
            entry.filename for entry in self._archive.infolist() if not entry.is_dir()
        )

    def __reduce__(self) -> tuple[type["ZipFiles"], tuple[Path]]:
        return ZipFiles, (self.path,)


@dataclass(frozen=True)
class TarFiles:
    """The files of a TAR archive that is not compressed."""

    path: Path

    @property
    def names(self) -> tuple[str, ...]:
        return self._index[0]

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return self._index[1]

    def holds(self, name: str) -> bool:
        return name in self._entries

    def size(self, name: str) -> int:
        return self._entry(name)[1]

    def read(self, name: str, most: int | None = None) -> bytes:
        start, size = self._entry(name)
        try:
            with open(self.path, "rb", buffering=0) as file:
                file.seek(start)
                content = file.read(size if most is None else min(size, most)) or b""
        except OSError as error:
            raise _unreadable(str(self.path), error) from error
        return content

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.read(name))

    def where(self, name: str) -> str:
        return f"{name} in {self.path}"

    def _entry(self, name: str) -> tuple[int, int]:
        try:
            return self._entries[name]
        except KeyError:
            raise DesignerError(
                f"{self.path} holds no file {name}: pack or download the archive again."
            ) from None

    @cached_property
    def _entries(self) -> dict[str, tuple[int, int]]:
        """The start and size of each file's content, in bytes."""
        try:
            with tarfile.open(self.path, "r:") as archive:
                return {
                    _plain(member.name): (member.offset_data, member.size)
                    for member in archive
                    if member.isreg()
                }
        except OSError as error:
            raise _unreadable(str(self.path), error) from error
        except Exception as error:  # damaged archives raise almost anything
            raise DesignerError(
                f"{self.path} is no readable TAR archive ({error}): pack or download it again."
            ) from error

    @cached_property
    def _index(self) -> tuple[tuple[str, ...], tuple[LeftOut, ...]]:
        return _sorted_names(self._entries)


@dataclass(frozen=True)
class FilesBelow:
    """The files of one folder of others, by their names within it."""

    files: Files
    folder: str

    @property
    def path(self) -> Path:
        return self.files.path

    @cached_property
    def names(self) -> tuple[str, ...]:
        prefix = f"{self.folder}/"
        return tuple(
            name.removeprefix(prefix) for name in self.files.names if name.startswith(prefix)
        )

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return self.files.left_out

    def holds(self, name: str) -> bool:
        return self.files.holds(f"{self.folder}/{name}")

    def size(self, name: str) -> int:
        return self.files.size(f"{self.folder}/{name}")

    def read(self, name: str, most: int | None = None) -> bytes:
        return self.files.read(f"{self.folder}/{name}", most)

    def open(self, name: str) -> BinaryIO:
        return self.files.open(f"{self.folder}/{name}")

    def where(self, name: str) -> str:
        return self.files.where(f"{self.folder}/{name}")


def open_archive(path: Path) -> Files:
    """Return the files of an archive.

    Raises
    ------
    DesignerError
        It is damaged, or of a kind that is not read.
    """
    if path.name.lower().endswith(".zip"):
        return ZipFiles(path)
    return TarFiles(path)


def is_archive(path: Path) -> bool:
    """Tell whether a path is that of an archive, by its ending."""
    return path.name.lower().endswith(ARCHIVES)


def natural(name: str) -> list[tuple[int, int | str]]:
    """Return the key by which names are sorted with numbers in their order: 2 before 10."""
    return [
        (0, int(piece)) if piece.isdigit() and piece.isascii() else (1, piece)
        for piece in _NUMBERS.split(name)
        if piece
    ]


def visible(name: str) -> bool:
    """Exclude files that systems add by themselves: .DS_Store, ._copy.png, __MACOSX."""
    return not name.startswith((".", "__"))


def inside(name: str) -> bool:
    """Tell whether an archive's entry stays within the archive's folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and ":" not in path.parts[0]


def _plain(name: str) -> str:
    """Return the name of an entry without a leading ``./``."""
    return name.removeprefix("./")


def _sorted_names(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[LeftOut, ...]]:
    taken: list[str] = []
    left_out: list[LeftOut] = []
    for name in names:
        if not inside(name):
            left_out.append(LeftOut(name, "leads out of the archive"))
        elif all(map(visible, _folders_and_name(name))):
            taken.append(name)
    return tuple(sorted(taken, key=natural_path)), tuple(left_out)


def natural_path(name: str) -> list[list[tuple[int, int | str]]]:
    """Return the key that sorts paths as a walk through the folders in natural order does."""
    return [natural(each) for each in name.split("/")]


def _folders_and_name(name: str) -> Iterator[str]:
    yield from name.split("/")


def _unreadable(where: str, error: OSError) -> DesignerError:
    return DesignerError(
        f"{where} cannot be read ({error.strerror or error}): check that it is there and that you "
        "may read it."
    )


def _reason(error: OSError) -> str:
    return f"cannot be read ({error.strerror or error})"
