"""CIFAR-10 and CIFAR-100 in their binary version; the pickled version is refused unopened."""

from pathlib import Path

import numpy as np

from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.parts import ArrayPart
from designer.errors import DesignerError

CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

_PIXELS = (3, 32, 32)  # color planes, rows, columns: the order in the files
_CIFAR10_TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))


def recognizes(folder: Path) -> bool:
    """Tell whether the folder holds CIFAR files, binary or pickled."""
    return _is_cifar10(folder) or _is_cifar100(folder) or _is_pickled(folder)


def read(folder: Path) -> DataSet:
    """Read the binary version of CIFAR-10 or of CIFAR-100, the latter with its 100 fine labels.

    The test file and the files with the class names may be missing.

    Raises
    ------
    DesignerError
        A file is missing or damaged, or this is the pickled Python version.
    """
    if _is_cifar10(folder):
        classes = _names(folder / "batches.meta.txt") or CIFAR10_CLASSES
        train = [folder / f"{stem}.bin" for stem in _CIFAR10_TRAIN]
        test, label_bytes = folder / "test_batch.bin", 1
    elif _is_cifar100(folder):
        classes = _names(folder / "fine_label_names.txt") or tuple(map(str, range(100)))
        train = [folder / "train.bin"]
        test, label_bytes = folder / "test.bin", 2
    else:
        raise DesignerError(
            f"{folder} holds the Python version of CIFAR, whose pickle files can run code when "
            "they are opened: download the binary version from "
            "https://www.cs.toronto.edu/~kriz/cifar.html."
        )
    return DataSet(
        folder.name,
        folder,
        classes,
        _part(train, label_bytes),
        test=_part([test], label_bytes) if test.exists() else None,
    )


def _is_cifar10(folder: Path) -> bool:
    return any((folder / f"{stem}.bin").is_file() for stem in (*_CIFAR10_TRAIN, "test_batch"))


def _is_cifar100(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("train.bin", "test.bin"))


def _is_pickled(folder: Path) -> bool:
    # CIFAR-100's files are called train, test and meta.
    return any((folder / stem).is_file() for stem in (*_CIFAR10_TRAIN, "batches.meta")) or (
        (folder / "train").is_file() and (folder / "meta").is_file()
    )


def _names(path: Path) -> tuple[str, ...]:
    """Return the class names in a file, one on each line; nothing if there is no file."""
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return tuple(line.strip() for line in lines if line.strip())


def _part(paths: list[Path], label_bytes: int) -> ArrayPart:
    """Read records: label bytes, the last of which is used, then one plane for each color."""
    record = label_bytes + int(np.prod(_PIXELS))
    records = []
    for path in paths:
        if not path.is_file():
            raise DesignerError(
                f"The file {path} is missing: unpack the data set's archive once more."
            )
        size = path.stat().st_size
        if not size or size % record:
            raise DesignerError(
                f"{path} has {size:,} bytes, which is no multiple of the {record:,} bytes of "
                "an image with its label: download it again."
            )
        records.append(np.fromfile(path, np.uint8).reshape(-1, record))
    together = np.concatenate(records)
    images = together[:, label_bytes:].reshape(-1, *_PIXELS).transpose(0, 2, 3, 1)
    labels = together[:, label_bytes - 1].astype(np.int64)
    return ArrayPart(np.ascontiguousarray(images), labels)


FORMAT = DataFormat(
    name="cifar",
    title="CIFAR files",
    description="a folder with the binary version of CIFAR-10 or CIFAR-100",
    order=20,
    read=read,
    recognizes_folder=recognizes,
)
