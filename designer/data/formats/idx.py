"""IDX files: MNIST, Fashion-MNIST and other data sets of the same four files."""

import gzip
import math
import zlib
from typing import BinaryIO

import numpy as np

from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.limits import check_promise
from designer.data.options import ReadOptions
from designer.data.parts import Part, array_part
from designer.data.pictures import Array
from designer.data.source import Source
from designer.data.targets import classes_target
from designer.errors import DesignerError

DIGITS = tuple("0123456789")
FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_CHUNK = 2**20
_GZIP_MAGIC = b"\x1f\x8b"


def recognizes(source: Source) -> bool:
    """Tell whether the folder holds at least one of the four files."""
    return any(
        _find(source, part, kind) for part in ("train", "t10k") for kind in ("images", "labels")
    )


def read(source: Source, _: ReadOptions) -> DataSet:
    """Read a folder of IDX files, compressed or not; the test files may be missing.

    The classes are Fashion-MNIST's if the folder's name, or its parent's, contains "fashion".

    Raises
    ------
    DesignerError
        A file is missing, damaged or not IDX.
    """
    folders = (*source.path.parts[-2:], *source.passed_over)
    fashion = any("fashion" in name.lower() for name in folders)
    has_test = _find(source, "t10k", "images") or _find(source, "t10k", "labels")
    return DataSet(
        source.name,
        source.path,
        (classes_target(FASHION if fashion else DIGITS),),
        _part(source, "train"),
        test=_part(source, "t10k") if has_test else None,
    )


def _part(source: Source, part: str) -> Part:
    arrays = []
    for kind, dimensions in (("images", 3), ("labels", 1)):
        name = _find(source, part, kind)
        if not name:
            raise DesignerError(
                f"{source.path} lacks the file {_stems(part, kind)[0]}[.gz]: "
                "download all files of the data set into it."
            )
        arrays.append(_array(source, name, dimensions))
    images, labels = arrays
    return array_part(images[..., None], labels.astype(np.int64))


def _find(source: Source, part: str, kind: str) -> str:
    """Return the name of one of the files, "" if it is missing."""
    spellings = (stem + suffix for stem in _stems(part, kind) for suffix in ("", ".gz"))
    return next((name for name in spellings if source.files.holds(name)), "")


def _stems(part: str, kind: str) -> tuple[str, str]:
    """Return the two spellings of a file name that are in use, the original one first."""
    ending = f"idx{3 if kind == 'images' else 1}-ubyte"
    return f"{part}-{kind}-{ending}", f"{part}-{kind}.{ending}"


def _array(source: Source, name: str, dimensions: int) -> Array:
    """Return the content of one file, compressed or not, as a uint8 array."""
    where = source.files.where(name)
    with source.files.open(name) as file:
        compressed = file.read(2) == _GZIP_MAGIC  # by content: browsers unpack and keep the name
        file.seek(0)
        try:
            if not compressed:
                return _parse(file, where, dimensions)
            with gzip.open(file) as unpacked:
                return _parse(unpacked, where, dimensions)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DesignerError(
                f"{where} is a damaged or truncated gzip file: download it again."
            ) from error


def _parse(file: BinaryIO | gzip.GzipFile, where: str, dimensions: int) -> Array:
    magic = int.from_bytes(file.read(4), "big")
    expected = 0x0800 + dimensions  # 0x08 stands for unsigned bytes
    if magic != expected:
        raise DesignerError(
            f"{where} is no IDX file of bytes with {dimensions} dimensions (magic number {magic} "
            f"instead of {expected}): download it again."
        )
    shape = tuple(int.from_bytes(file.read(4), "big") for _ in range(dimensions))
    promised = math.prod(shape)
    check_promise(where, promised)
    # Memory grows with what the file holds, not with what its header promises. One byte more than
    # promised is read, to notice a file that is too long.
    data = bytearray()
    while chunk := file.read(min(_CHUNK, promised + 1 - len(data))):
        data += chunk
    if len(data) != promised:
        if len(data) < promised:
            raise DesignerError(
                f"{where} promises {promised:,} bytes of data but holds only {len(data):,}: "
                "download it again."
            )
        raise DesignerError(
            f"{where} promises {promised:,} bytes of data but holds more: download it again."
        )
    if not promised:
        raise DesignerError(f"{where} is empty: download it again.")
    return np.frombuffer(data, np.uint8).reshape(shape)


FORMAT = DataFormat(
    name="idx",
    title="IDX files",
    description="a folder of IDX files, as of MNIST and Fashion-MNIST",
    order=10,
    read=read,
    recognizes_folder=recognizes,
)
