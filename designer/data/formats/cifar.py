"""CIFAR-10 and CIFAR-100 in their binary version; the pickled version is refused unopened."""

import numpy as np

from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.options import ReadOptions
from designer.data.parts import Part, array_part
from designer.data.source import Source
from designer.data.targets import classes_target
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


def recognizes(source: Source) -> bool:
    """Tell whether the folder holds CIFAR files, binary or pickled."""
    return _is_cifar10(source) or _is_cifar100(source) or _is_pickled(source)


def read(source: Source, _: ReadOptions) -> DataSet:
    """Read the binary version of CIFAR-10 or of CIFAR-100, the latter with its 100 fine labels.

    The test file and the files with the class names may be missing.

    Raises
    ------
    DesignerError
        A file is missing or damaged, or this is the pickled Python version.
    """
    if _is_cifar10(source):
        classes = _names(source, "batches.meta.txt") or CIFAR10_CLASSES
        train = [f"{stem}.bin" for stem in _CIFAR10_TRAIN]
        test, label_bytes = "test_batch.bin", 1
    elif _is_cifar100(source):
        classes = _names(source, "fine_label_names.txt") or tuple(map(str, range(100)))
        train = ["train.bin"]
        test, label_bytes = "test.bin", 2
    else:
        raise DesignerError(
            f"{source.path} holds the Python version of CIFAR, whose pickle files can run code "
            "when they are opened: download the binary version from "
            "https://www.cs.toronto.edu/~kriz/cifar.html."
        )
    return DataSet(
        source.name,
        source.path,
        (classes_target(classes),),
        _part(source, train, label_bytes),
        test=_part(source, [test], label_bytes) if source.files.holds(test) else None,
    )


def _is_cifar10(source: Source) -> bool:
    return any(source.files.holds(f"{stem}.bin") for stem in (*_CIFAR10_TRAIN, "test_batch"))


def _is_cifar100(source: Source) -> bool:
    return any(source.files.holds(name) for name in ("train.bin", "test.bin"))


def _is_pickled(source: Source) -> bool:
    # CIFAR-100's files are called train, test and meta.
    holds = source.files.holds
    return any(map(holds, (*_CIFAR10_TRAIN, "batches.meta"))) or (holds("train") and holds("meta"))


def _names(source: Source, name: str) -> tuple[str, ...]:
    """Return the class names in a file, one on each line; nothing if there is no file."""
    if not source.files.holds(name):
        return ()
    lines = source.files.read(name).decode("utf-8", errors="replace").splitlines()
    return tuple(line.strip() for line in lines if line.strip())


def _part(source: Source, names: list[str], label_bytes: int) -> Part:
    """Read records: label bytes, the last of which is used, then one plane for each color."""
    record = label_bytes + int(np.prod(_PIXELS))
    records = []
    for name in names:
        where = source.files.where(name)
        if not source.files.holds(name):
            raise DesignerError(
                f"The file {where} is missing: unpack the data set's archive once more."
            )
        size = source.files.size(name)
        if not size or size % record:
            raise DesignerError(
                f"{where} has {size:,} bytes, which is no multiple of the {record:,} bytes of "
                "an image with its label: download it again."
            )
        records.append(np.frombuffer(source.files.read(name), np.uint8).reshape(-1, record))
    together = np.concatenate(records)
    images = together[:, label_bytes:].reshape(-1, *_PIXELS).transpose(0, 2, 3, 1)
    labels = together[:, label_bytes - 1].astype(np.int64)
    return array_part(np.ascontiguousarray(images), labels)


FORMAT = DataFormat(
    name="cifar",
    title="CIFAR files",
    description="a folder with the binary version of CIFAR-10 or CIFAR-100",
    order=20,
    read=read,
    recognizes_folder=recognizes,
)
