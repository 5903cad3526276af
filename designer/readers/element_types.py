"""The types of a tensor's elements, by torch's names, and how numpy holds their bytes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

_NUMPY: Mapping[str, str] = {
    "float64": "<f8",
    "float32": "<f4",
    "float16": "<f2",
    "bfloat16": "<u2",  # the upper half of a float32
    "int64": "<i8",
    "int32": "<i4",
    "int16": "<i2",
    "int8": "|i1",
    "uint8": "|u1",
    "uint16": "<u2",
    "uint32": "<u4",
    "uint64": "<u8",
    "bool": "|b1",
    "complex64": "<c8",
    "complex128": "<c16",
}

KNOWN = frozenset(_NUMPY)
"""The types that can be read."""


def element_bytes(dtype: str) -> int:
    """Return the bytes of one element."""
    return np.dtype(_NUMPY[dtype]).itemsize


def array(content: bytes, dtype: str) -> Any:
    """Return the elements of a content as a flat array; bfloat16 becomes float32.

    Raises
    ------
    KeyError
        The type is not one of `KNOWN`.
    """
    found = np.frombuffer(content, _NUMPY[dtype])
    if dtype == "bfloat16":
        return (found.astype(np.uint32) << 16).view(np.float32)
    return found
