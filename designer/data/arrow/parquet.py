"""Parquet files, copied once as Arrow files into the program's cache, where rows are read singly.

Parquet packs some hundred rows together, so that each picture would cost unpacking all of them.
"""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from designer.data import cache_folder
from designer.data.extras import extra
from designer.errors import DesignerError

_KEY = 16  # bytes
_ROWS = 256  # that are copied at once
_USUAL_GROWTH = 2  # by unpacking; pictures are compressed already
_NAME = "rows.arrow"


def as_arrow(path: Path) -> Path:
    """Return the Arrow file with the rows of a Parquet file; it is made if need be.

    Raises
    ------
    DesignerError
        The file is damaged, the disk has no room for the copy, or pyarrow is not installed.
    OSError
        The file cannot be read.
    """
    state = os.stat(path)
    arrow: Any = extra("pyarrow", str(path))
    parquet: Any = extra("pyarrow.parquet", str(path))
    about = os.fsencode(path.absolute()) + f"\0{state.st_size}\0{state.st_mtime_ns}".encode()
    own = cache_folder.folder() / hashlib.blake2b(about, digest_size=_KEY).hexdigest()
    whole = own / _NAME
    cache_folder.make_room(own, wanted=_USUAL_GROWTH * state.st_size)
    room = cache_folder.free_bytes(own)
    try:
        cache_folder.mark_used(own)
    except OSError as error:
        raise _unwritable(own, error) from error
    if whole.exists():
        return whole
    part = own / f"{secrets.token_hex(8)}.part"
    try:
        with path.open("rb") as file:
            source = parquet.ParquetFile(file)
            with (
                part.open("xb") as target,
                arrow.ipc.new_stream(target, source.schema_arrow) as stream,
            ):
                for batch in source.iter_batches(batch_size=_ROWS):
                    room -= batch.nbytes
                    if room < 0:
                        raise DesignerError(
                            f"{path} is larger unpacked than the room for it on the disk of "
                            f"{own.parent}: free some."
                        )
                    stream.write_batch(batch)
        os.replace(part, whole)
    except arrow.ArrowException as error:
        raise DesignerError(
            f"{path} is no readable Parquet file ({str(error).splitlines()[0]}): write or download "
            "it again."
        ) from error
    except OSError as error:
        raise _unwritable(own, error) from error
    finally:
        part.unlink(missing_ok=True)
    return whole


def _unwritable(own: Path, error: OSError) -> DesignerError:
    return DesignerError(
        f"The cache folder {own.parent} cannot be written ({error.strerror or error}): free some "
        "space there, or see that you may write into it."
    )
