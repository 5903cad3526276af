"""Downloading one file over HTTP: continued after an interruption, checked, put in place at once.

What has arrived is in ``NAME.part``. ``NAME.part.json`` says where it came from, and the server's
mark of that version of the file, without which a changed file would be continued.
"""

import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from designer.errors import UNREADABLE, DesignerError
from designer.known_data import failures
from designer.known_data.failures import CanceledError, FetchError
from designer.known_data.table import RemoteFile
from designer.storage import unwritable, write_atomically

PATIENCE = 20.0  # seconds without an answer, after which a connection counts as broken off
_CHUNK = 2**16
_ATTEMPTS = 4  # at one address, as long as each brings more of the file

Report = Callable[[int], object]
"""Called with the bytes of a file that are on the disk."""


class _Origin(msgspec.Struct, frozen=True):
    """Where a partial file came from.

    Attributes
    ----------
    url
        The address.
    version
        The server's ETag or Last-Modified; "" if it sent neither.
    """

    url: str = ""
    version: str = ""


def is_present(file: RemoteFile, folder: Path) -> bool:
    """Tell whether the folder holds the file, with the right size and checksum."""
    path = folder / file.name
    try:
        return path.stat().st_size == file.size and _md5(path) == file.md5
    except OSError:
        return False


def arrived(file: RemoteFile, folder: Path) -> int:
    """Return how many bytes of a file that is not complete are on the disk."""
    try:
        return min(_part(file, folder).stat().st_size, file.size)
    except OSError:
        return 0


def fetch(file: RemoteFile, folder: Path, *, report: Report, canceled: Callable[[], bool]) -> None:
    """Download a file into a folder, from the first address that gives the right one.

    Parameters
    ----------
    file
        What to download. It replaces a file of the same name that has other content.
    folder
        An existing folder.
    report
        Called with the bytes that have arrived, often.
    canceled
        Asked often; True ends the download.

    Raises
    ------
    FetchError
        No address gives the file; the error is that of the first one. What has arrived is kept.
    CanceledError
        It was canceled. What has arrived is kept.
    DesignerError
        The folder cannot be written.
    """
    errors: list[FetchError] = []
    for url in file.urls:
        try:
            _fetch_from(url, file, folder, report=report, canceled=canceled)
            return
        except FetchError as error:
            errors.append(error)
    raise errors[0]


def _fetch_from(
    url: str, file: RemoteFile, folder: Path, *, report: Report, canceled: Callable[[], bool]
) -> None:
    """Download a file from one address, in several attempts while each brings more of it."""
    part = _part(file, folder)
    attempts = 0
    while True:
        before = arrived(file, folder)
        if before < file.size:
            try:
                _receive(url, file, part, report=report, canceled=canceled)
            except failures.BrokenOffError:
                attempts += 1
                if attempts == _ATTEMPTS or arrived(file, folder) <= before:
                    raise
                continue
        found = _md5(part)
        if found == file.md5:
            _put_in_place(part, folder / file.name)
            return
        _remove(part)
        if not before:  # nothing of it came from an earlier attempt or another address
            raise failures.other_file(url, file, f"its MD5 checksum is {found}")


def _receive(
    url: str, file: RemoteFile, part: Path, *, report: Report, canceled: Callable[[], bool]
) -> None:
    """Add to a partial file what an address sends, until the file is complete."""
    start = part.stat().st_size if part.exists() else 0
    origin = _origin(part)
    headers = {"User-Agent": "netdesigner", "Accept-Encoding": "identity"}
    if 0 < start < file.size:
        headers["Range"] = f"bytes={start}-"
        if origin.url == url and origin.version:
            headers["If-Range"] = origin.version
    else:
        start = 0
    try:
        # An opener of its own, since the shared one never notices that the proxy was changed.
        response = urllib.request.build_opener().open(
            urllib.request.Request(url, headers=headers), timeout=PATIENCE
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # the server's file is shorter: begin anew
            _remove(part)
            raise failures.other_file(url, file, f"it has at most {start:,} bytes") from error
        raise failures.refused(url, error) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise failures.unreachable(url, error) from error
    with response:
        if response.status != 206 or _first_byte(response) != start:
            start = 0  # the whole file comes
        _check_answer(response, url, file, start)
        try:
            _write_origin(part, _Origin(url, _version(response)))
            with part.open("r+b" if start else "wb") as target:
                target.seek(start)
                target.truncate()
                _copy(response, target, start, url=url, file=file, report=report, canceled=canceled)
        except OSError as error:
            raise unwritable(part, error) from error


def _copy(
    response: http.client.HTTPResponse,
    target: BinaryIO,
    position: int,
    *,
    url: str,
    file: RemoteFile,
    report: Report,
    canceled: Callable[[], bool],
) -> None:
    report(position)
    while position < file.size:
        if canceled():
            raise CanceledError("The download was canceled; what has arrived is kept.")
        try:
            chunk = response.read1(min(_CHUNK, file.size - position))
        except (OSError, http.client.HTTPException):
            chunk = b""
        if not chunk:
            target.flush()
            raise failures.broken_off(url, arrived=position, size=file.size)
        target.write(chunk)
        position += len(chunk)
        report(position)
    target.flush()
    os.fsync(target.fileno())


def _check_answer(
    response: http.client.HTTPResponse, url: str, file: RemoteFile, start: int
) -> None:
    """Refuse an answer whose headers show that it is another file, before anything is replaced."""
    if response.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        raise failures.web_page(url, file)
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and start + int(length) != file.size:
        raise failures.other_file(
            url, file, f"it has {start + int(length):,} bytes instead of {file.size:,}"
        )


def _first_byte(response: http.client.HTTPResponse) -> int:
    """Return where the part of a file begins that is sent, -1 if it is not said."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _version(response: http.client.HTTPResponse) -> str:
    """Return the server's mark of a version, as If-Range takes it: weak ETags do not count."""
    tag = response.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return tag
    return response.headers.get("Last-Modified", "")


def _part(file: RemoteFile, folder: Path) -> Path:
    return folder / f"{file.name}.part"


def _origin_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _origin(part: Path) -> _Origin:
    try:
        return msgspec.json.decode(_origin_file(part).read_bytes(), type=_Origin)
    except (OSError, *UNREADABLE):
        return _Origin()


def _write_origin(part: Path, origin: _Origin) -> None:
    write_atomically(_origin_file(part), msgspec.json.encode(origin))


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
        _origin_file(part).unlink(missing_ok=True)
    except OSError as error:
        raise DesignerError(
            f"{part} cannot be removed ({error.strerror}): make its folder writable."
        ) from error


def _put_in_place(part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except OSError as error:
        raise unwritable(target, error) from error
    with suppress(OSError):  # it does no harm
        _origin_file(part).unlink()


def _md5(path: Path) -> str:
    """Return the checksum of a file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, _new_md5).hexdigest()
    except OSError as error:
        raise DesignerError(
            f"{path} cannot be read ({error.strerror}): make it readable, or remove it."
        ) from error


def _new_md5() -> "hashlib._Hash":
    return hashlib.md5(usedforsecurity=False)
