"""Arrays of float32 in files of numpy's format ``.npz``, read and written without numpy.

A file has only what `packed` writes: each array as an uncompressed ``.npy`` file of version 1.
"""

import io
import zipfile
from collections.abc import Mapping
from math import prod

Shape = tuple[int, ...]
_MAGIC = b"\x93NUMPY\x01\x00"
_ALIGNMENT = 64


def packed(arrays: Mapping[str, tuple[Shape, bytes]]) -> bytes:
    """Return the content of a file of some arrays: shapes and values, float32 in little endian."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, (shape, values) in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), _header(shape) + values)
    return file.getvalue()


def unpacked(content: bytes, shapes: Mapping[str, Shape]) -> dict[str, bytes]:
    """Return the values of arrays in the content of a file.

    Parameters
    ----------
    content
        What `packed` returned.
    shapes
        The names and shapes of the arrays that it must have.

    Raises
    ------
    ValueError
        It is damaged, or has not just these arrays in these shapes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sorted(archive.namelist()) != sorted(f"{name}.npy" for name in shapes):
                raise ValueError(f"it has other arrays than {', '.join(shapes)}")
            found = {}
            for name, shape in shapes.items():
                header, size = _header(shape), 4 * prod(shape)
                if archive.getinfo(f"{name}.npy").file_size != len(header) + size:
                    raise ValueError(f"{name} has another size")
                member = archive.read(f"{name}.npy")
                if not member.startswith(header):
                    raise ValueError(f"{name} has another shape or type")
                found[name] = member[len(header) :]
            return found
    # Of a damaged archive: no zip file, a wrong CRC-32, an unknown method or a cut member.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ValueError(str(error) or "it is damaged") from error


def _header(shape: Shape) -> bytes:
    """Return what an ``.npy`` file of float32 begins with: numpy's own header."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    size = len(_MAGIC) + 2 + len(text) + 1
    text += " " * (-size % _ALIGNMENT) + "\n"
    return _MAGIC + len(text).to_bytes(2, "little") + text.encode()
