"""Arrays that one process hands to another: in memory that both see, never as text.

The sender writes them into a file, on Linux one that lies in memory; the receiver maps it and
removes its name at once, so that the memory is free again when the last array is.
"""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer import leftovers
from designer.errors import DesignerError
from designer.storage import unwritable

Arrays = Mapping[str, NDArray[Any]]

_ALIGNMENT = 64  # bytes; numpy's vector instructions are faster on aligned arrays
_IN_MEMORY = Path("/dev/shm")


def folder() -> Path:
    """Return where the files lie: in memory on Linux, else where temporary files do."""
    if _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK):
        return _IN_MEMORY
    return Path(tempfile.gettempdir())


def send(arrays: Arrays) -> dict[str, Any]:
    """Write arrays and return a description for JSON, from which `receive` gets them.

    Raises
    ------
    DesignerError
        There is no room for them.
    """
    path = folder() / leftovers.temporary_name()
    listed: list[list[Any]] = []
    try:
        with path.open("wb", buffering=0) as file:
            for name, each in arrays.items():
                whole = np.ascontiguousarray(each)
                start = -(-file.tell() // _ALIGNMENT) * _ALIGNMENT
                file.seek(start)
                _write(file, whole)
                listed.append([name, whole.dtype.str, list(each.shape), start])
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise unwritable(path, error) from error
    return {"file": str(path), "arrays": listed}


def receive(sent: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the arrays of `send`, read-only; they can be received once.

    Raises
    ------
    DesignerError
        The file is gone.
    """
    path = Path(sent["file"])
    try:
        size = path.stat().st_size
        memory = np.memmap(path, np.uint8, "r") if size else np.zeros(0, np.uint8)
        if os.name == "nt":  # a file that is mapped cannot be removed there
            memory = np.array(memory)
        path.unlink()
    except OSError as error:
        raise DesignerError(f"What the worker sent cannot be read ({error}): try again.") from error
    found: dict[str, NDArray[Any]] = {}
    for name, kind, shape, start in sent["arrays"]:
        dtype = np.dtype(kind)
        count = int(np.prod(shape, dtype=np.int64))
        piece = memory[start : start + count * dtype.itemsize]
        found[name] = piece.view(np.ndarray).view(dtype).reshape(shape)
    return found


def discard(sent: Mapping[str, Any]) -> None:
    """Free arrays that nobody wants any more."""
    with suppress(OSError, KeyError):
        Path(sent["file"]).unlink()


def _write(file: Any, whole: NDArray[Any]) -> None:
    left = whole.reshape(-1).view(np.uint8).data
    while left:  # one call writes at most 2 GiB
        left = left[file.write(left) :]
