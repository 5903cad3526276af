"""The files of a folder and of its archives, as competitions have them: train.zip and test.zip."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from designer.data.archives import first_names, open_archive
from designer.data.examples_in_archives import LOOKED_AT, are_examples
from designer.data.files import (
    ARCHIVES,
    Files,
    FilesBelow,
    FolderFiles,
    is_archive_name,
    natural_path,
    visible,
)
from designer.data.findings import LeftOut
from designer.data.part_names import parts_of
from designer.errors import DesignerError

_MOST = 20  # archives that are looked into


@dataclass(frozen=True)
class ArchivesInFolder:
    """The files of a folder, with those of the archives in it as if each were a folder.

    The folder of an archive has its name without the ending. An archive that holds nothing but a
    file of its own name, such as ``labels.csv.zip``, is that file.

    Attributes
    ----------
    path
        The folder.
    """

    path: Path

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._places, key=natural_path))

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        inner = (left for files in self._archives.values() for left in files.left_out)
        return (*self._folder.left_out, *inner, *self._opened[1])

    @property
    def empty_folders(self) -> tuple[str, ...]:
        return self._folder.empty_folders

    @property
    def cut_off(self) -> tuple[Path, ...]:
        return tuple(path for files in self._archives.values() for path in files.cut_off)

    def holds(self, name: str) -> bool:
        return name in self._places

    def size(self, name: str) -> int:
        files, inner = self._place(name)
        return files.size(inner)

    def read(self, name: str, most: int | None = None) -> bytes:
        files, inner = self._place(name)
        return files.read(inner, most)

    def open(self, name: str) -> BinaryIO:
        files, inner = self._place(name)
        return files.open(inner)

    def where(self, name: str) -> str:
        files, inner = self._places.get(name, (self._folder, name))
        return files.where(inner)

    def _place(self, name: str) -> tuple[Files, str]:
        """Return the files that one is among, and its name there."""
        try:
            return self._places[name]
        except KeyError:
            raise DesignerError(f"There is no file {self.path / name}: put it back.") from None

    @cached_property
    def _folder(self) -> FolderFiles:
        return FolderFiles(self.path)

    @property
    def _archives(self) -> dict[str, Files]:
        return self._opened[0]

    @cached_property
    def _opened(self) -> tuple[dict[str, Files], tuple[LeftOut, ...]]:
        """The files of each archive that can be read, by its name, and the other archives."""
        found: dict[str, Files] = {}
        left_out: list[LeftOut] = []
        for name in archives_in(self.path):
            files = open_archive(self.path / name)
            folder = f"{_stem(name)}/"
            try:
                if files.names and all(each.startswith(folder) for each in files.names):
                    files = FilesBelow(files, _stem(name))
            except DesignerError as error:
                left_out.append(LeftOut(name, f"cannot be read: {error}"))
                continue
            found[name] = files
        return found, tuple(left_out)

    @cached_property
    def _places(self) -> dict[str, tuple[Files, str]]:
        """The files that each name is among, and its name there."""
        used = archives_in(self.path)
        places: dict[str, tuple[Files, str]] = {
            name: (self._folder, name) for name in self._folder.names if name not in used
        }
        for archive, files in self._archives.items():
            folder = _stem(archive)
            packed = len(files.names) == 1 and files.names[0] == folder
            for inner in files.names:
                places.setdefault(inner if packed else f"{folder}/{inner}", (files, inner))
        return places

    def __reduce__(self) -> tuple[type["ArchivesInFolder"], tuple[Path]]:
        return ArchivesInFolder, (self.path,)


def archives_in(folder: Path) -> frozenset[str]:
    """Return the archives of a folder that hold its data: one alone, or one named for training.

    TAR archives of pictures and labels with equal names are not among them: these are the shards of
    WebDataset.
    """
    with os.scandir(folder) as entries:
        names = [
            entry.name
            for entry in entries
            if visible(entry.name) and is_archive_name(entry.name) and entry.is_file()
        ]
    plain = sorted(name for name in names if name.lower().endswith(".tar"))
    if plain and _is_shard(folder / plain[0]):
        names = [name for name in names if name not in plain]
    divided = "train" in parts_of(map(_stem, names)).values()
    return frozenset(names if len(names) == 1 or (divided and len(names) <= _MOST) else ())


def _is_shard(path: Path) -> bool:
    """Tell whether a TAR archive holds examples as WebDataset does, or cannot be read."""
    names = first_names(path, LOOKED_AT)
    return not names or are_examples(names)


def _stem(name: str) -> str:
    """Return the name of an archive without its ending."""
    ending = max((each for each in ARCHIVES if name.lower().endswith(each)), key=len)
    return name[: -len(ending)]
