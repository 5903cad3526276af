"""What a user points at: a folder, an archive, or a single file."""

from dataclasses import dataclass
from pathlib import Path

from designer.data.archives import open_archive
from designer.data.files import Files, FilesBelow, FolderFiles, is_archive


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
    """

    path: Path
    files: Files
    chosen: str = ""

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

    An archive that packs a single file is that file, and one that packs a single folder, as most
    do, is that folder.

    Raises
    ------
    DesignerError
        An archive is damaged.
    OSError
        The path cannot be read.
    """
    if path.is_dir():
        return Source(path, FolderFiles(path))
    if not is_archive(path):
        return Source(path, FolderFiles(path.parent), path.name)
    files = open_archive(path)
    while (folder := _only_folder(files)) and not _is_part(folder):
        files = FilesBelow(files, folder)
    names = files.names
    return Source(path, files, names[0] if len(names) == 1 else "")


def _only_folder(files: Files) -> str:
    """Return the name of the folder that holds all files, "" if there is none."""
    names = files.names
    if not names or "/" not in names[0]:
        return ""
    folder = names[0].partition("/")[0]
    return folder if all(name.startswith(f"{folder}/") for name in names) else ""


def _is_part(folder: str) -> bool:
    from designer.data.part_names import part_of

    return bool(part_of(folder))
