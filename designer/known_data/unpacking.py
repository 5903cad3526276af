"""Unpacking a tar archive into a folder, whatever the archive holds."""

import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from designer.errors import DesignerError
from designer.known_data.failures import CanceledError
from designer.storage import unwritable

_CHUNK = 2**20


def unpack(
    archive: Path,
    folder: Path,
    *,
    most: int,
    report: Callable[[int], object],
    canceled: Callable[[], bool],
) -> None:
    """Unpack the files and folders of an archive.

    Parameters
    ----------
    archive
        A tar file, compressed or not.
    folder
        An existing, empty folder. After an error it holds what was unpacked until then.
    most
        The most bytes that its files may have together.
    report
        Called with the bytes that are unpacked, often.
    canceled
        Asked often; True ends it.

    Raises
    ------
    CanceledError
        It was canceled.
    DesignerError
        The archive is damaged, unpacks to more than ``most`` bytes, or has an entry that is no file
        or folder or would lie outside; or the folder cannot be written.
    """
    done = 0
    try:
        with tarfile.open(archive) as found:
            for entry in found:
                if canceled():
                    raise CanceledError("Unpacking was canceled; the archive is kept.")
                target = folder / _safe_name(archive, entry)
                if entry.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                done += entry.size
                if done > most:
                    raise DesignerError(
                        f"{archive} unpacks to more than {most:,} bytes, which it should not: it "
                        "is not the archive that was expected; remove it."
                    )
                content = found.extractfile(entry)
                assert content is not None  # as it is a regular file
                _write(content, target)
                report(done)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        raise DesignerError(
            f"{archive} is damaged or no archive: remove it and download it again."
        ) from error
    except OSError as error:
        raise unwritable(Path(error.filename or folder), error) from error


def move_into(source: Path, target: Path) -> None:
    """Move what a folder holds into another on the same file system, replacing files there.

    Raises
    ------
    OSError
        The file system refuses.
    """
    for entry in sorted(os.listdir(source)):
        old, new = source / entry, target / entry
        if old.is_dir() and new.is_dir():
            move_into(old, new)
        else:
            old.replace(new)


def _safe_name(archive: Path, entry: tarfile.TarInfo) -> Path:
    """Return the path of an entry below the folder, on any operating system."""
    parts = PurePosixPath(entry.name).parts
    outside = ".." in parts or entry.name.startswith("/") or set(entry.name) & {"\\", ":"}
    if outside or not (entry.isreg() or entry.isdir()):
        raise DesignerError(
            f"{archive} has the entry {entry.name!r}, which is a link, a device or outside of its "
            "folder: it is not the archive that was expected; remove it."
        )
    return Path(*parts)


def _write(content: IO[bytes], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        while chunk := content.read(_CHUNK):
            file.write(chunk)
