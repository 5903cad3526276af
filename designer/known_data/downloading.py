"""Downloading a known data set: its files one after the other, then unpacked, ready to be read."""

import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from designer import leftovers
from designer.errors import DesignerError
from designer.file_lock import held
from designer.known_data import fetching, unpacking
from designer.known_data.failures import CanceledError, FetchError
from designer.known_data.places import by_hand, download_folder, find
from designer.known_data.progress import Progress, Stage
from designer.known_data.table import KNOWN, KnownData, RemoteFile
from designer.storage import unwritable

_LOOK = 0.2  # seconds between two looks whether another program has finished
_UNKNOWN = 50  # looks, after which a lock without a living owner is reported
_REPORT = 0.1  # seconds between two reports
_RATE = 3.0  # seconds over which the rate is measured


def download(
    name: str,
    progress: Callable[[Progress], object] = lambda _: None,
    canceled: Callable[[], bool] = lambda: False,
) -> Path:
    """Download a known data set unless it is on this computer, and return its folder.

    An interrupted download is continued. If another program downloads the same data set, this waits
    for its end. Files that users put into the folder are used if they are the right ones.

    Parameters
    ----------
    name
        That of a row of `KNOWN`.
    progress
        Called some times a second, on the thread that calls this.
    canceled
        Asked often; True ends the download. What has arrived is kept.

    Returns
    -------
    Path
        What `find` returns.

    Raises
    ------
    CanceledError
        It was canceled.
    DesignerError
        No data set of that name is known, it cannot be downloaded, or the folder cannot be written.
    """
    row = KNOWN.get(name)
    if row is None:
        raise DesignerError(
            f"No data set called {name} can be downloaded: choose one of {', '.join(KNOWN)}."
        )
    if found := find(name):
        return found
    folder = download_folder(row)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    with _alone(row, folder, progress, canceled):
        if not find(name):  # another program may have downloaded it in the meantime
            leftovers.remove(folder)
            _fetch_all(row, folder, progress, canceled)
            for file in row.files:
                if file.unpacked:
                    _unpack(file, folder, progress, canceled)
    if found := find(name):
        return found
    raise DesignerError(
        f"{row.title} was downloaded, but {', '.join(row.contents)} are not in it: its archive is "
        "not the one that was expected."
    )


def _fetch_all(
    row: KnownData,
    folder: Path,
    progress: Callable[[Progress], object],
    canceled: Callable[[], bool],
) -> None:
    missing = [file for file in row.files if not fetching.is_present(file, folder)]
    _check_space(row, missing, folder)
    meter = _Meter(progress, row.size)
    meter.before = row.size - sum(file.size for file in missing)
    for file in missing:
        try:
            fetching.fetch(file, folder, report=meter, canceled=canceled)
        except FetchError as error:
            raise DesignerError(f"{error} {by_hand(row)}") from error
        meter.before += file.size
    progress(Progress("downloading", row.size, row.size))


def _unpack(
    file: RemoteFile,
    folder: Path,
    progress: Callable[[Progress], object],
    canceled: Callable[[], bool],
) -> None:
    """Unpack an archive beside its place, move the content there, and remove the archive."""
    aside = folder / leftovers.temporary_name()
    archive = folder / file.name
    meter = _Meter(progress, file.unpacked, "unpacking")
    try:
        aside.mkdir()
        unpacking.unpack(archive, aside, most=file.unpacked, report=meter, canceled=canceled)
        unpacking.move_into(aside, folder)
        archive.unlink()
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _check_space(row: KnownData, missing: list[RemoteFile], folder: Path) -> None:
    """Refuse before anything is downloaded what the disk cannot take."""
    needed = sum(file.size - fetching.arrived(file, folder) for file in missing)
    needed += sum(file.unpacked for file in row.files)
    try:
        free = shutil.disk_usage(folder).free
    except OSError:  # said when it is written to
        return
    if needed > free:
        raise DesignerError(
            f"{row.title} needs {needed:,} bytes in {folder}, but only {free:,} are free there: "
            "free some space."
        )


class _Meter:
    """Reports bytes some times a second, with their rate.

    Attributes
    ----------
    before
        Bytes of the files that are complete, which are added to those of the present one.
    """

    def __init__(
        self, progress: Callable[[Progress], object], total: int, stage: Stage = "downloading"
    ) -> None:
        self._progress = progress
        self.before = 0
        self._latest = Progress(stage, 0, total)
        self._seen: deque[tuple[float, int]] = deque()

    def __call__(self, arrived: int) -> None:
        done = self.before + arrived
        now = time.monotonic()
        if self._seen and now - self._seen[-1][0] < _REPORT:
            return
        self._seen.append((now, done))
        while now - self._seen[0][0] > _RATE:
            self._seen.popleft()
        begun, first = self._seen[0]
        rate = max(0.0, (done - first) / (now - begun)) if now > begun else 0.0
        self._progress(replace(self._latest, done=done, rate=rate))


class _InUseError(DesignerError):
    """Another process, or another thread of this one, downloads the data set."""

    def __init__(self, path: Path, pid: int | None) -> None:
        super().__init__(
            f"{path} stays locked, but no process on this computer is known to use it: wait for a "
            "download on another computer to end, or remove this file."
        )
        self.pid = pid


@contextmanager
def _alone(
    row: KnownData,
    folder: Path,
    progress: Callable[[Progress], object],
    canceled: Callable[[], bool],
) -> Iterator[None]:
    """Wait until nobody else downloads the data set, and keep others from doing so."""
    unknown = 0
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(held(folder / ".download", _InUseError))
                break
            except _InUseError as error:
                unknown = 0 if error.pid else unknown + 1
                if unknown == _UNKNOWN:
                    raise
            if canceled():
                raise CanceledError(
                    f"Waiting for the other program that downloads {row.title} was canceled."
                )
            progress(Progress("waiting", 0, row.size))
            time.sleep(_LOOK)
        yield
