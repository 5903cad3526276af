"""Where the pictures are that a table names: with or without ending, path or folder."""

import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PureWindowsPath
from typing import Any

from designer.data.files import Files, FolderFiles, natural_path
from designer.data.part_names import parts_of
from designer.data.pictures import SUFFIXES, is_picture, is_unread
from designer.data.source import Source
from designer.data.tables.rows import Table


class Places:
    """Finds the picture files that the cells of a table name.

    Parameters
    ----------
    files
        Among which they are.
    base
        The folder within `files` that the folders of tables are relative to, with a slash; "" for
        `files` itself.
    listed
        Whether all files are listed, so that a picture is found by the end of its path, without its
        ending or in another case. If not, only the path that a cell gives is tried, also with the
        endings of pictures: for folders that may hold much else.
    """

    def __init__(self, files: Files, *, base: str = "", listed: bool = True) -> None:
        self.files = files
        self.base = base
        self.listed = listed

    def find(self, cell: str, table: Table, part: str = "") -> str:
        """Return the name of the picture that a cell of a table means; "" if there is none.

        Of several with this name, the one with the longest common end of path is meant, then one in
        a folder of the table's part or name. What is still ambiguous is not found.
        """
        value = _plain(cell)
        if not value:
            return ""
        folder = self.base + table.folder
        if self.listed and folder + value in self._pictures.places:
            return folder + value
        for above in dict.fromkeys((folder, self.base, "")):
            name = posixpath.normpath(above + value)
            if not name.startswith("..") and (found := self._at(name)):
                return found
        if not self.listed:
            return ""
        last = posixpath.basename(value).lower()
        candidates = self._pictures.by_stem.get(_stem(last), [])
        same = [name for name in candidates if posixpath.basename(name).lower() == last]
        return _nearest(same or candidates, value, (folder, part, table.stem))

    def share(self, cells: Sequence[str], table: Table) -> float:
        """Return the share of cells that name a picture."""
        return sum(bool(self.find(cell, table)) for cell in cells) / max(len(cells), 1)

    @property
    def pictures(self) -> tuple[str, ...]:
        """The names of all pictures in natural order; none if files are not listed."""
        return tuple(self._pictures.places) if self.listed else ()

    def order(self, name: str) -> Any:
        """Return the key that sorts the names of pictures in natural order."""
        return self._pictures.places[name] if self.listed else natural_path(name)

    def _at(self, name: str) -> str:
        """Return the picture at a path, with or without its ending; "" if there is none."""
        if self.listed:
            if name in self._pictures.places:
                return name
            candidates = self._pictures.by_stem.get(posixpath.basename(name).lower(), [])
            found = [each for each in candidates if _stem(each) == name]
            return found[0] if len(found) == 1 else ""
        if is_picture(name):
            return name if self.files.holds(name) else ""
        return next((name + end for end in SUFFIXES if self.files.holds(name + end)), "")

    @cached_property
    def _pictures(self) -> "_Pictures":
        return _pictures(self.files.names)


@dataclass(frozen=True)
class _Pictures:
    """The places of pictures in the natural order of all, and their names by what they end in.

    `by_stem` has the names of all pictures by their last part, without ending, in lower case.
    """

    places: dict[str, int]
    by_stem: dict[str, list[str]]


@lru_cache(maxsize=2)  # a data set is recognized, and then read
def _pictures(names: tuple[str, ...]) -> _Pictures:
    places: dict[str, int] = {}
    by_stem: dict[str, list[str]] = {}
    for name in names:
        if is_picture(name):
            places[name] = len(places)
            last = name[name.rfind("/") + 1 : name.rfind(".")].lower()
            by_stem.setdefault(last, []).append(name)
    return _Pictures(places, by_stem)


def places(source: Source) -> Iterator[Places]:
    """Yield where the pictures of a source's tables may be, the likeliest and quickest first.

    The folder of a table that a user chose may hold much else, so that it is listed only if the
    paths of its cells lead nowhere: from it, from the folder above it, or from the root.
    """
    on_disk = isinstance(source.files, FolderFiles)
    root = FolderFiles(Path(Path(source.path).anchor or os.sep))
    if source.chosen and on_disk:
        above = source.path.parent.parent
        yield Places(source.files, listed=False)
        yield Places(FolderFiles(above), base=f"{source.path.parent.name}/", listed=False)
        yield Places(root, base=f"{_below(root.path, source.path.parent)}/", listed=False)
    yield Places(source.files)
    if on_disk and not source.chosen:
        yield Places(root, base=f"{_below(root.path, source.path)}/", listed=False)


def has_class_folders(pictures: Sequence[str]) -> bool:
    """Tell whether pictures lie in two folders or more that are not named as parts."""
    folders = {posixpath.basename(posixpath.dirname(name)) for name in pictures}
    return len(folders - parts_of(folders).keys() - {""}) > 1


def _below(root: Path, folder: Path) -> str:
    return folder.relative_to(root).as_posix()


def _plain(cell: str) -> str:
    """Return a cell as a path with slashes, without a drive or the root."""
    value = cell.strip().replace("\\", "/")
    if value[1:2] == ":":
        value = PureWindowsPath(value).relative_to(PureWindowsPath(value).anchor).as_posix()
    return value.lstrip("/").removeprefix("./")


def _stem(name: str) -> str:
    return name[: name.rfind(".")] if is_picture(name) or is_unread(name) else name


def _nearest(candidates: Sequence[str], value: str, hints: Sequence[str]) -> str:
    if len(candidates) < 2:
        return candidates[0] if candidates else ""
    wanted = posixpath.dirname(value).lower().split("/")[::-1]

    def rank(name: str) -> tuple[int, int]:
        folders = posixpath.dirname(name).lower().split("/")
        common = 0
        for mine, theirs in zip(wanted, folders[::-1], strict=False):
            if mine != theirs:
                break
            common += 1
        return common, sum(hint.strip("/").lower() in folders for hint in hints if hint)

    ranked = sorted(candidates, key=rank, reverse=True)
    return ranked[0] if rank(ranked[0]) > rank(ranked[1]) else ""
