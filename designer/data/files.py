"""Where the bytes of a data set are: in a folder, or in an archive that is read in place."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol

from designer.data.findings import LeftOut
from designer.errors import DesignerError

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_NUMBERS = re.compile(r"[0-9]+")


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

    @property
    def empty_folders(self) -> tuple[str, ...]:
        """The paths of folders that hold no visible files or folders."""
        ...

    @property
    def cut_off(self) -> tuple[Path, ...]:
        """The archives that end too early, so that files may be missing."""
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
    """The files of a folder and of the folders in it.

    Links to folders are followed, but not into a folder that they are in. Below a link, further
    links are followed only to folders not yet visited, so that a web of links has an end.
    """

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

    @property
    def cut_off(self) -> tuple[Path, ...]:
        return ()

    def holds(self, name: str) -> bool:
        return os.path.isfile(self.path / name)

    def size(self, name: str) -> int:
        try:
            return os.stat(os.path.join(self.path, name)).st_size
        except OSError as error:
            raise unreadable(self.where(name), error) from error

    def read(self, name: str, most: int | None = None) -> bytes:
        try:
            with open(os.path.join(self.path, name), "rb", buffering=0) as file:
                if most is None:
                    return file.readall()
                return file.read(most) or b""
        except OSError as error:
            raise unreadable(self.where(name), error) from error

    def open(self, name: str) -> BinaryIO:
        try:
            return open(self.path / name, "rb")
        except OSError as error:
            raise unreadable(self.where(name), error) from error

    def where(self, name: str) -> str:
        return os.path.join(self.path, name)  # joining with / takes ten times as long

    @cached_property
    def _found(self) -> "Found":
        return _Walk().through(self.path)

    def __reduce__(self) -> tuple[type["FolderFiles"], tuple[Path]]:
        return FolderFiles, (self.path,)


@dataclass(frozen=True)
class Found:
    """What a folder or archive holds; see `Files`."""

    names: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    empty_folders: tuple[str, ...]


@dataclass(frozen=True)
class _Visited:
    """A folder that a walk is in: the entries to come, and the folders above it."""

    prefix: str
    entries: Iterator[os.DirEntry[str]]
    above: frozenset[tuple[int, int]]
    linked: bool  # whether a link led here


class _Walk:
    """Finds the files below a folder."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._left_out: list[LeftOut] = []
        self._empty: list[str] = []
        self._visited: set[tuple[int, int]] = set()

    def through(self, root: Path) -> Found:
        stat = os.stat(root)
        identity = (stat.st_dev, stat.st_ino)
        with os.scandir(root):  # if it cannot be listed, nothing can be read
            pass
        # Not recursive: folders can lie deeper in one another than Python calls functions.
        stack = [self._enter(str(root), "", frozenset(), identity, linked=False)]
        while stack:
            here = stack[-1]
            entry = next(here.entries, None)
            if entry is None:
                stack.pop()
                continue
            name = here.prefix + entry.name
            try:
                if not entry.is_dir():
                    if entry.is_file():
                        self._names.append(name)
                    elif entry.is_symlink():
                        self._left_out.append(LeftOut(name, "is a link to nothing"))
                    continue
                stat = os.stat(entry.path)
            except OSError as error:
                self._left_out.append(LeftOut(name, _reason(error)))
                continue
            identity = (stat.st_dev, stat.st_ino)
            link = entry.is_symlink()
            if identity in here.above:
                self._left_out.append(LeftOut(name, "is a link to a folder that it is in"))
            elif link and here.linked and identity in self._visited:
                self._left_out.append(LeftOut(name, "is a link to a folder that is read already"))
            else:
                linked = link or here.linked
                stack.append(
                    self._enter(entry.path, f"{name}/", here.above, identity, linked=linked)
                )
        return Found(tuple(self._names), tuple(self._left_out), tuple(self._empty))

    def _enter(
        self,
        folder: str,
        prefix: str,
        above: frozenset[tuple[int, int]],
        identity: tuple[int, int],
        *,
        linked: bool,
    ) -> _Visited:
        self._visited.add(identity)
        entries: list[os.DirEntry[str]] = []
        try:
            with os.scandir(folder) as scan:
                entries = [entry for entry in scan if visible(entry.name)]
        except OSError as error:
            self._left_out.append(LeftOut(prefix.rstrip("/"), _reason(error)))
        else:
            if not entries and prefix:
                self._empty.append(prefix.rstrip("/"))
        entries.sort(key=lambda entry: natural(entry.name))
        return _Visited(prefix, iter(entries), above | {identity}, linked)


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

    @cached_property
    def empty_folders(self) -> tuple[str, ...]:
        prefix = f"{self.folder}/"
        return tuple(
            name.removeprefix(prefix)
            for name in self.files.empty_folders
            if name.startswith(prefix)
        )

    @property
    def cut_off(self) -> tuple[Path, ...]:
        return self.files.cut_off

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


def is_archive(path: Path) -> bool:
    """Tell whether a path is that of an archive, by its ending."""
    return is_archive_name(path.name)


def is_archive_name(name: str) -> bool:
    """Tell whether a file is an archive, by its ending."""
    return name.lower().endswith(ARCHIVES)


def shown(name: str) -> str:
    """Return a name as a sentence shows it: line breaks and unreadable bytes become escapes."""
    return name if name.isprintable() else ascii(name)[1:-1]


def natural(name: str) -> str:
    """Return the key by which names are sorted with numbers in their order: 2 before 10.

    Names with equal numbers, such as 1 and 01, are in the order of their letters.
    """
    key = _NUMBERS.sub(_number_key, name)
    return name if key is name else f"{key}\0{name}"


def _number_key(found: re.Match[str]) -> str:
    """Return a text that sorts as the number does, and before other texts: its length is first."""
    digits = found[0].lstrip("0")
    return f"\1{chr(2 + len(digits))}{digits}"


def visible(name: str) -> bool:
    """Exclude files that systems add by themselves: .DS_Store, ._copy.png, __MACOSX."""
    return not name.startswith((".", "__"))


def natural_path(name: str) -> str:
    """Return the key that sorts paths as a walk through the folders in natural order does."""
    folder, slash, file = name.rpartition("/")
    return f"{_folder_key(folder)}\0{natural(file)}" if slash else natural(file)


@lru_cache(2**14)
def _folder_key(folder: str) -> str:
    return "\0".join(map(natural, folder.split("/")))


def unreadable(where: str, error: OSError) -> DesignerError:
    """Return the error of a file or folder that the system does not let us read."""
    return DesignerError(
        f"{shown(where)} cannot be read ({error.strerror or error}): check that it is there and "
        "that you may read it."
    )


def _reason(error: OSError) -> str:
    return f"cannot be read ({error.strerror or error})"
