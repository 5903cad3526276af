"""Tiny data sets on disk, for the tests of the readers."""

import gzip
import struct
from pathlib import Path

import numpy as np
from PIL import Image

from designer.data import DataSet, Part, array_part
from designer.data.targets import classes_target


def idx_bytes(array: np.ndarray) -> bytes:
    header = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def digits(count: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Random 5x4 images with the labels 0, 1, ... in turn."""
    images = np.random.default_rng(seed).integers(0, 256, (count, 5, 4), np.uint8)
    return images, np.arange(count) % 10


def write_idx(folder: Path, *, gz: bool = True, dot: bool = False) -> dict[str, np.ndarray]:
    """Write the four files; return what is in them by file name without ending."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for seed, (part, count) in enumerate((("train", 12), ("t10k", 6))):
        images, labels = digits(count, seed=seed)
        for kind, array in (("images", images), ("labels", labels)):
            name = f"{part}-{kind}{'.' if dot else '-'}idx{array.ndim}-ubyte"
            data = idx_bytes(array)
            path = folder / (name + (".gz" if gz else ""))
            path.write_bytes(gzip.compress(data) if gz else data)
            written[f"{part}-{kind}"] = array
    return written


def cifar_records(count: int, *, label_bytes: int = 1, seed: int = 0) -> np.ndarray:
    records = np.random.default_rng(seed).integers(0, 256, (count, label_bytes + 3072), np.uint8)
    records[:, label_bytes - 1] = np.arange(count) % 10
    return records


def write_cifar10(folder: Path) -> dict[str, np.ndarray]:
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for seed, stem in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        written[stem] = cifar_records(4, seed=seed)
        (folder / f"{stem}.bin").write_bytes(written[stem].tobytes())
    return written


def write_pictures(folder: Path, count: int, *, size: tuple[int, int] = (8, 6)) -> list[Path]:
    """Write PNG files of random colors; ``size`` is (width, height)."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(count)
    paths = []
    for i in range(count):
        pixels = generator.integers(0, 256, (size[1], size[0], 3), np.uint8)
        paths.append(folder / f"{i}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


def classes_of_sizes(sizes: list[int], **parts: Part) -> DataSet:
    """A data set in memory with ``sizes[c]`` training images of class ``c``, all 1x1."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    labels = np.random.default_rng(1).permutation(labels)
    train = array_part(np.zeros((len(labels), 1, 1, 1), np.uint8), labels)
    names = tuple(f"class{i}" for i in range(len(sizes)))
    return DataSet("made", Path("/made"), (classes_target(names),), train, **parts)
