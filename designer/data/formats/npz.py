"""NumPy archives (.npz) of images or any other inputs, with their targets."""

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from numpy.lib import format as npy

from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.limits import check_promise
from designer.data.named_arrays import NamedArrays, data_set_of
from designer.data.options import ReadOptions
from designer.data.pictures import Array
from designer.data.source import Source
from designer.errors import DesignerError


def read(source: Source, options: ReadOptions) -> DataSet:
    """Read the arrays of images, labels and names of classes; see `data_set_of`.

    Raises
    ------
    DesignerError
        The file is damaged, needs unpickling, or its arrays are unusable.
    """
    where = source.files.where(source.chosen)
    with source.files.open(source.chosen) as file, opened(file, where) as arrays:
        return data_set_of(source, options, arrays)


@contextmanager
def opened(file: IO[bytes], path: str) -> Iterator[NamedArrays]:
    """Give the arrays of a file, which are read as they are asked for.

    Parameters
    ----------
    file, path
        The file, and how a sentence names it.

    Raises
    ------
    DesignerError
        The file is damaged, or needs unpickling.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            yield NamedArrays(
                path,
                tuple(
                    name.removesuffix(".npy")
                    for name in archive.NameToInfo
                    if name.endswith(".npy")
                ),
                lambda key: f"{key}.npy" in archive.NameToInfo,
                lambda key: _array(path, archive, key),
            )
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        RuntimeError,  # encrypted, or compressed in a way that Python does not know
    ) as error:
        raise DesignerError(
            f"{path} is no readable .npz file ({error}): write it again with numpy.savez."
        ) from error


def _array(path: str, archive: zipfile.ZipFile, key: str) -> Array:
    """Return one array; its header is checked before numpy allocates what it promises."""
    info = archive.getinfo(f"{key}.npy")
    with archive.open(info) as file:
        version = npy.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = npy.read_array_header_1_0(file)
        else:
            shape, _, dtype = npy.read_array_header_2_0(file)
        start = file.tell()
    if dtype.hasobject:
        raise DesignerError(
            f"The array {key} of {path} holds Python objects, which could run code when they are "
            "read: save it as an array of numbers."
        )
    promised = math.prod(shape) * dtype.itemsize
    check_promise(path, promised)
    if start + promised != info.file_size:
        raise DesignerError(
            f"The array {key} of {path} promises {promised:,} bytes of data but holds "
            f"{info.file_size - start:,}: write the file again."
        )
    with archive.open(info) as file:
        array: Array = npy.read_array(file, allow_pickle=False)
    return array


FORMAT = DataFormat(
    name="npz",
    title="NumPy archives",
    description="a NumPy archive (.npz) of images or other values and labels",
    order=30,
    read=read,
    suffixes=(".npz",),
)
