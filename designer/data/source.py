"""What a user points at: a folder, an archive, or a single file."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from designer.data.archives import TarFiles, open_archive
from designer.data.archives_in_folder import ArchivesInFolder, archives_in
from designer.data.files import Files, FilesBelow, FolderFiles, is_archive, visible
from designer.data.part_names import part_of
from designer.data.pictures import is_picture
from designer.data.unpacking import unpacked


@dataclass(frozen=True)
class Source:
    """A path that may hold a data set.

    Attributes
    ----------
    path
        The folder, archive or file.
    files
        The files of the folder or archive; of a single file, those of its folder.
    chosen
        The name of the single file within `files`; "" for folders and archives.
    passed_over
        The folders from the path to `files`, each of which held nothing but the next.
    """

    path: Path
    files: Files
    chosen: str = ""
    passed_over: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the data set: that of the folder, or of the file without its ending."""
        if self.path.is_dir():
            return self.path.name
        stem = self.path.stem
        return stem.removesuffix(".tar") if is_archive(self.path) else stem

    @property
    def suffix(self) -> str:
        """The ending of the single file in lower case, such as ``.npz``; "" for folders."""
        return Path(self.chosen).suffix.lower()


def source_of(path: Path) -> Source:
    """Return the source at a path that exists.

    A folder or archive that holds a single folder, as most archives do, is that folder, unless it
    is a part or, with pictures only, a class. An archive that holds a single file is that file. In
    a folder without pictures, archives of pictures such as train.zip and test.zip are as folders.

    Raises
    ------
    DesignerError
        An archive is damaged.
    OSError
        The path cannot be read.
    """
    if not path.is_dir() and not is_archive(path):
        return Source(path, FolderFiles(path.parent), path.name)
    folders: list[str] = []
    if path.is_dir():
        inner = path
        while folder := _only_folder_on_disk(inner):
            inner = inner / folder
            folders.append(folder)
        return Source(path, _in_folder(inner), passed_over=tuple(folders))
    files = open_archive(path)
    if isinstance(files, TarFiles):
        unpacked(path)  # before its index, whose lock tells threads that wait nothing
    while folder := _only_folder(files.names):
        files = FilesBelow(files, folder)
        folders.append(folder)
    names = files.names
    return Source(path, files, names[0] if len(names) == 1 else "", tuple(folders))


def _in_folder(path: Path) -> Files:
    """Return the files of a folder, with those in its archives if only these have pictures."""
    files = FolderFiles(path)
    if not archives_in(path) or any(map(is_picture, files.names)):
        return files
    packed = ArchivesInFolder(path)
    return packed if any(map(is_picture, packed.names)) else files


def _only_folder_on_disk(path: Path) -> str:
    """Return the name of the folder that a folder holds alone, to be passed over; "" if none."""
    inner = _visible(path)
    if len(inner) != 1 or not inner[0].is_dir(follow_symlinks=False):
        return ""
    name = inner[0].name
    pictures = all(is_picture(each.name) for each in _visible(path / name))
    return "" if part_of(name) or pictures else name


def _visible(path: Path) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        return [entry for entry in entries if visible(entry.name)]


def _only_folder(names: Sequence[str]) -> str:
    """Return the name of the folder that holds all files, to be passed over; "" if none."""
    if not names or "/" not in names[0]:
        return ""
    folder = names[0].partition("/")[0]
    prefix = f"{folder}/"
    if part_of(folder) or not all(name.startswith(prefix) for name in names):
        return ""
    if all("/" not in name[len(prefix) :] and is_picture(name) for name in names):
        return ""
    return folder
