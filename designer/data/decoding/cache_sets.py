"""The sets of the cache of decoded pictures: their names, and the room that they may take."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import PIL

from designer.data import cache_folder
from designer.data.cache_folder import bytes_in, make_room, mark_used
from designer.data.decoding.cache import ENTRY, KEY, CacheSet

_VERSION = 1  # to be raised when decoding gives other pixels, or the files change


def cache_set(source: Path, *, form: str, rows: int, row: int, writers: int) -> CacheSet:
    """Return the set of a data set, and make room for it by removing the sets used longest ago.

    Parameters
    ----------
    source
        Where the data set is.
    form
        Everything that the pixels depend on besides the picture files: size, channels, levels.
    rows, row
        The number of its pictures, and the bytes of each.
    writers
        How many processes will write.
    """
    about = hashlib.blake2b(
        repr((_VERSION, PIL.__version__, form, row)).encode(), digest_size=KEY
    ).digest()
    name = hashlib.blake2b(about + os.fsencode(source.absolute()), digest_size=KEY).hexdigest()
    own = cache_folder.folder() / name
    room = make_room(own, wanted=rows * (row + ENTRY))
    with suppress(OSError):
        mark_used(own)
    return CacheSet(own, about, max(0, room - bytes_in(own)) // max(1, writers))
