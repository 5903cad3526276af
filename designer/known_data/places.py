"""Where a known data set lies on this computer, and a sentence on how to get one that does not."""

import os
from pathlib import Path

from designer import preferences
from designer.errors import DesignerError
from designer.known_data.table import KNOWN, KnownData


class NotHereError(DesignerError):
    """A known data set is not on this computer; it can be downloaded.

    Attributes
    ----------
    name
        That of its row in `KNOWN`.
    """

    def __init__(self, name: str) -> None:
        super().__init__(how_to_get(KNOWN[name]))
        self.name = name


def download_folder(row: KnownData) -> Path:
    """Return the folder that a data set is downloaded into, whether or not it exists."""
    return preferences.downloads_folder() / row.name


def find(name: str) -> Path | None:
    """Return the folder of a known data set that is complete on this computer.

    Returns
    -------
    Path or None
        What its format reads; None if no data set of that name is known, or a file of it is
        missing.
    """
    row = KNOWN.get(name)
    if row is None:
        return None
    downloaded = download_folder(row) / row.subfolder
    folders = [Path(folder) for folder in row.installed] + [downloaded, download_folder(row)]
    return next((folder for folder in folders if _is_complete(row, folder)), None)


def how_to_get(row: KnownData) -> str:
    """Return what a user has to do to get a data set that is not on this computer."""
    return (
        f"{row.title} is not on this computer: download it, in the window or with netdesigner data "
        f"{row.name} --download. {by_hand(row)}"
    )


def by_hand(row: KnownData) -> str:
    """Return how to bring a data set to a computer without network."""
    names = ", ".join(file.name for file in row.files)
    folder = f"{download_folder(row)}{os.sep}"
    sentence = f"Without a network, put {names}, which {row.page} offers, into the folder {folder}"
    if any(file.unpacked for file in row.files):
        sentence += " and start the download, which then only unpacks it"
    if row.package:
        sentence += f"; on Debian and Ubuntu, apt install {row.package} is enough"
    return f"{sentence}."


def _is_complete(row: KnownData, folder: Path) -> bool:
    return all(
        os.path.isfile(folder / name) or os.path.isfile(folder / name.removesuffix(".gz"))
        for name in row.contents
    )
