"""Opening a data set by name or by path, whatever its format."""

import difflib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from designer import resources
from designer.data.columns import PictureColumn
from designer.data.dataset import DataSet
from designer.data.files import shown
from designer.data.findings import Finding
from designer.data.formats import descriptions, formats
from designer.data.gray_levels import with_levels
from designer.data.options import ReadOptions
from designer.data.source import Source, source_of
from designer.data.target_kinds import as_kind
from designer.data.unread import with_unread
from designer.errors import DesignerError
from designer.known_data import KNOWN, NotHereError, find

_FAR = 30.0  # from which on numbers to predict make the first losses large
_DATA = resources.folder("assets") / "data"
BUILT_IN = {
    "mnist10k": _DATA / "mnist10k",
    "shapes10": _DATA / "shapes10" / "shapes10.npz",
}


def open_dataset(name_or_path: str | Path, options: ReadOptions | None = None) -> DataSet:
    """Open a built-in or known data set by its name, or the one at a path, in any of `formats`.

    All but picture files are read into memory.

    Parameters
    ----------
    name_or_path
        A built-in data set's name, or the path of a folder, an archive or a file.
    options
        How it is read, where there is more than one way.

    Raises
    ------
    NotHereError
        It is known but not on this computer.
    DesignerError
        There is no such data set, or it is damaged, incomplete or unusable.
    """
    path = existing(name_or_path)
    options = options or ReadOptions()
    try:
        source = source_of(path)
        for row in formats():
            if row.recognizes(source):
                read = with_levels(row.read(row.taken(source), options), options)
                data = replace(read, format=row.name)
                data = with_unread(data.with_findings(*_cut_off(source, data)), source)
                data = data.with_findings(*_far_numbers(data))
                if options.targets != "auto":
                    data = as_kind(data, options.targets)
                    data = replace(
                        data, settings={**data.settings, "data.targets": options.targets}
                    )
                if not options.evaluated:
                    data.check_classes()
                return replace(data, name=str(name_or_path)) if is_name(name_or_path) else data
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
    raise _unrecognized(path)


def _far_numbers(data: DataSet) -> Iterator[Finding]:
    """Yield a note where numbers to predict are so large that the first steps go wrong."""
    if data.target.kind != "numbers" or data.pictures:
        return
    values = data.train.labels
    for name, column in zip(data.target.values, values.T, strict=True):
        if float(abs(column).max()) > _FAR:
            yield Finding(
                code="large-numbers",
                sentence=(
                    f"The numbers to predict ({name}) are from {column.min():.6g} to "
                    f"{column.max():.6g}: the first losses are large. Write them in a larger unit, "
                    "so that they are about from -1 to 1, or set a low learning rate."
                ),
            )
            return


def _cut_off(source: Source, data: DataSet) -> Iterator[Finding]:
    """Yield a warning for each archive that ends too early."""
    column = next(iter(data.train.inputs.values()))
    own = column.files.cut_off if isinstance(column, PictureColumn) else ()
    for path in dict.fromkeys((*source.files.cut_off, *own)):
        yield Finding(
            code="archive-cut-off",
            sentence=(
                f"{path} stops without the mark that ends an archive, so that files at its end may "
                "be missing: download or pack it again."
            ),
            kind="warning",
        )


def format_name(name_or_path: str | Path) -> str:
    """Return the name of the format in which `open_dataset` reads a data set, "" if in none."""
    source = source_of(locate(name_or_path))
    return next((row.name for row in formats() if row.recognizes(source)), "")


def locate(name_or_path: str | Path) -> Path:
    """Return the absolute path of a named data set or of a path, whether or not it exists."""
    name = str(name_or_path)
    path = BUILT_IN.get(name) or find(name) or Path(name_or_path).expanduser()
    return Path(os.path.abspath(path))  # not resolve: a link keeps its own name


def is_name(name_or_path: str | Path) -> bool:
    """Tell whether this names a built-in data set, or a known one that is on this computer."""
    name = str(name_or_path)
    return name in BUILT_IN or find(name) is not None


def existing(name_or_path: str | Path) -> Path:
    """Return the absolute path of a named data set or of a path that exists.

    Raises
    ------
    NotHereError
        A known data set of that name is not on this computer.
    DesignerError
        Nothing is there.
    """
    path = locate(name_or_path)
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(name_or_path, path) from None
    except ValueError as error:  # a zero byte
        raise DesignerError(
            f"There can be no file or folder {shown(str(path))}: check the path."
        ) from error
    except OSError:  # reported when it is opened
        pass
    return path


def _unrecognized(path: Path) -> DesignerError:
    return DesignerError(f"{path} is no data set: give {descriptions()}.")


def _missing(name_or_path: str | Path, path: Path) -> DesignerError:
    if str(name_or_path) in KNOWN:
        return NotHereError(str(name_or_path))
    known = ", ".join(BUILT_IN)
    if Path(name_or_path).name != str(name_or_path):
        return DesignerError(
            f"There is no file or folder {path}: check the path, or take a built-in data set "
            f"({known})."
        )
    if close := difflib.get_close_matches(str(name_or_path), [*BUILT_IN, *KNOWN], n=1):
        return DesignerError(
            f'There is no data set and no file or folder called "{name_or_path}": give a path, or '
            f'take a built-in data set ({known}); did you mean "{close[0]}"?'
        )
    return DesignerError(
        f'There is no data set and no file or folder called "{name_or_path}": give a path, or take '
        f"a built-in data set ({known})."
    )
