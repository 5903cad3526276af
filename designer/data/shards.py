"""The files of several TAR archives in one folder, as those of one data set."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from designer.data.archives import open_archive
from designer.data.files import Files
from designer.data.findings import LeftOut


@dataclass(frozen=True)
class ShardFiles:
    """The files of archives; their names begin with that of the archive.

    Attributes
    ----------
    path
        The folder.
    shards
        The names of the archives in it.
    """

    path: Path
    shards: tuple[str, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(
            f"{shard}/{name}" for shard, files in self._archives.items() for name in files.names
        )

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return tuple(left for files in self._archives.values() for left in files.left_out)

    @property
    def empty_folders(self) -> tuple[str, ...]:
        return ()

    @property
    def cut_off(self) -> tuple[Path, ...]:
        return tuple(path for files in self._archives.values() for path in files.cut_off)

    def holds(self, name: str) -> bool:
        return any(
            name.startswith(f"{shard}/") and files.holds(name.removeprefix(f"{shard}/"))
            for shard, files in self._archives.items()
        )

    def size(self, name: str) -> int:
        shard, inner = self._divided(name)
        return self._archives[shard].size(inner)

    def read(self, name: str, most: int | None = None) -> bytes:
        shard, inner = self._divided(name)
        return self._archives[shard].read(inner, most)

    def open(self, name: str) -> BinaryIO:
        shard, inner = self._divided(name)
        return self._archives[shard].open(inner)

    def where(self, name: str) -> str:
        shard, inner = self._divided(name)
        return self._archives[shard].where(inner)

    def _divided(self, name: str) -> tuple[str, str]:
        """Return the archive that a file is in, and its name there."""
        shard = next(each for each in self.shards if name.startswith(f"{each}/"))
        return shard, name.removeprefix(f"{shard}/")

    @cached_property
    def _archives(self) -> dict[str, Files]:
        return {shard: open_archive(self.path / shard) for shard in self.shards}

    def __reduce__(self) -> tuple[type["ShardFiles"], tuple[Path, tuple[str, ...]]]:
        return ShardFiles, (self.path, self.shards)
