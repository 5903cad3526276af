"""IDX files: MNIST, Fashion-MNIST and other data sets of the same four files."""

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.limits import check_promise
from designer.data.parts import ArrayPart
from designer.data.pictures import Array
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


def recognizes(folder: Path) -> bool:
    """Tell whether the folder holds at least one of the four files."""
    return any(
        _find(folder, part, kind) for part in ("train", "t10k") for kind in ("images", "labels")
    )


def read(folder: Path) -> DataSet:
    """Read a folder of IDX files, compressed or not; the test files may be missing.

    The classes are Fashion-MNIST's if the folder's name, or its parent's, contains "fashion".

    Raises
    ------
    DesignerError
        A file is missing, damaged or not IDX.
    """
    fashion = any("fashion" in name.lower() for name in folder.parts[-2:])
    has_test = _find(folder, "t10k", "images") or _find(folder, "t10k", "labels")
    return DataSet(
        folder.name,
        folder,
        FASHION if fashion else DIGITS,
        _part(folder, "train"),
        test=_part(folder, "t10k") if has_test else None,
    )


def _part(folder: Path, part: str) -> ArrayPart:
    arrays = []
    for kind, dimensions in (("images", 3), ("labels", 1)):
        path = _find(folder, part, kind)
        if path is None:
            raise DesignerError(
                f"{folder} lacks the file {_stems(part, kind)[0]}[.gz]: "
                "download all files of the data set into it."
            )
        arrays.append(_array(path, dimensions))
    images, labels = arrays
    return ArrayPart(images[..., None], labels.astype(np.int64))


def _find(folder: Path, part: str, kind: str) -> Path | None:
    for stem in _stems(part, kind):
        for suffix in ("", ".gz"):
            path = folder / (stem + suffix)
            if path.is_file():
                return path
    return None


def _stems(part: str, kind: str) -> tuple[str, str]:
    """Return the two spellings of a file name that are in use, the original one first."""
    ending = f"idx{3 if kind == 'images' else 1}-ubyte"
    return f"{part}-{kind}-{ending}", f"{part}-{kind}.{ending}"


def _array(path: Path, dimensions: int) -> Array:
    """Return the content of one file, compressed or not, as a uint8 array."""
    with path.open("rb") as file:
        compressed = file.read(2) == _GZIP_MAGIC  # by content: browsers unpack and keep the name
        file.seek(0)
        try:
            if not compressed:
                return _parse(file, path, dimensions)
            with gzip.open(file) as unpacked:
                return _parse(unpacked, path, dimensions)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DesignerError(
                f"{path} is a damaged or truncated gzip file: download it again."
            ) from error


def _parse(file: BinaryIO | gzip.GzipFile, path: Path, dimensions: int) -> Array:
    magic = int.from_bytes(file.read(4), "big")
    expected = 0x0800 + dimensions  # 0x08 stands for unsigned bytes
    if magic != expected:
        raise DesignerError(
            f"{path} is no IDX file of bytes with {dimensions} dimensions (magic number {magic} "
            f"instead of {expected}): download it again."
        )
    shape = tuple(int.from_bytes(file.read(4), "big") for _ in range(dimensions))
    promised = math.prod(shape)
    check_promise(path, promised)
    # Memory grows with what the file holds, not with what its header promises. One byte more than
    # promised is read, to notice a file that is too long.
    data = bytearray()
    while chunk := file.read(min(_CHUNK, promised + 1 - len(data))):
        data += chunk
    if len(data) != promised:
        if len(data) < promised:
            raise DesignerError(
                f"{path} promises {promised:,} bytes of data but holds only {len(data):,}: "
                "download it again."
            )
        raise DesignerError(
            f"{path} promises {promised:,} bytes of data but holds more: download it again."
        )
    if not promised:
        raise DesignerError(f"{path} is empty: download it again.")
    return np.frombuffer(data, np.uint8).reshape(shape)


FORMAT = DataFormat(
    name="idx",
    title="IDX files",
    description="a folder of IDX files, as of MNIST and Fashion-MNIST",
    order=10,
    read=read,
    recognizes_folder=recognizes,
)
