"""Opening a data set by name or by path, whatever its format."""

import difflib
import os
from pathlib import Path

from designer import resources
from designer.data import cifar, folders, idx, npz
from designer.data.dataset import DataSet
from designer.errors import DesignerError

BUILT_IN = {"mnist10k": resources.folder("assets") / "data" / "mnist10k"}


def open_dataset(name_or_path: str | Path) -> DataSet:
    """Open a built-in data set by its name, or the one in a folder or an ``.npz`` file.

    Folders may hold IDX files (MNIST, Fashion-MNIST), the binary version of CIFAR-10 or CIFAR-100,
    or picture files in one sub-folder for each class. All but picture files are read into memory.

    Raises
    ------
    DesignerError
        there is no such data set, or it is damaged, incomplete or of no use.
    """
    path = present(name_or_path)
    try:
        return _read_folder(path) if path.is_dir() else _read_file(path)
    except OSError as error:
        raise DesignerError(
            f"{error.filename or path} cannot be read ({error.strerror or error}): "
            "check that it is there and that you may read it."
        ) from error
    except MemoryError as error:
        raise DesignerError(
            f"{path} does not fit into memory: close other programs, or store the data set as a "
            "folder of picture files."
        ) from error


def locate(name_or_path: str | Path) -> Path:
    """Return the absolute path that a name or path means, whether there is anything or not."""
    path = BUILT_IN.get(str(name_or_path)) or Path(name_or_path).expanduser()
    return Path(os.path.abspath(path))  # gives "." and ".." a name, and keeps that of a link


def present(name_or_path: str | Path) -> Path:
    """Return the absolute path that a name or path means, if there is something.

    Raises
    ------
    DesignerError
        there is nothing.
    """
    path = locate(name_or_path)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(name_or_path, path) from None
    except OSError:  # told when it is opened
        pass
    return path


def _read_folder(path: Path) -> DataSet:
    if idx.recognizes(path):
        return idx.read(path)
    if cifar.recognizes(path):
        return cifar.read(path)
    return folders.read(path)


def _read_file(path: Path) -> DataSet:
    if path.suffix.lower() == ".npz":
        return npz.read(path)
    if path.suffix.lower() in (".zip", ".tar", ".tgz") or path.name.endswith(".tar.gz"):
        raise DesignerError(f"{path} is an archive: unpack it and give the folder.")
    raise DesignerError(
        f"{path} is no data set: give an .npz file, or the folder with the files of the data set."
    )


def _missing(name_or_path: str | Path, path: Path) -> DesignerError:
    known = ", ".join(BUILT_IN)
    if Path(name_or_path).name != str(name_or_path):
        return DesignerError(
            f"There is no file or folder {path}: check the path, or take a built-in data set "
            f"({known})."
        )
    close = difflib.get_close_matches(str(name_or_path), BUILT_IN, n=1)
    hint = f'; did you mean "{close[0]}"?' if close else "."
    return DesignerError(
        f'There is no data set and no file or folder called "{name_or_path}": give a path, or take '
        f"a built-in data set ({known}){hint}"
    )
