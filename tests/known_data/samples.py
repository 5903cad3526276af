"""Small data sets in the place of the known ones, offered by the test's own server."""

import gzip
import hashlib
import io
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from designer.known_data.table import KNOWN, KnownData, RemoteFile
from tests.known_data.server import Answers


def offer(
    answers: Answers, monkeypatch: pytest.MonkeyPatch, name: str, *, images: int = 40
) -> KnownData:
    """Let the server send a small data set of the same files, and the table point to it.

    Parameters
    ----------
    answers
        The running server.
    monkeypatch
        Puts the table back at the end of the test.
    name
        That of a row.
    images
        In each file of images.

    Returns
    -------
    KnownData
        The row that replaces the real one.
    """
    row = KNOWN[name]
    content = {file.name: _content(row, file, images) for file in row.files}
    answers.files |= {f"/{name}/{key}": value for key, value in content.items()}
    files = tuple(
        replace(
            file,
            urls=(f"{answers.url}/{name}/{file.name}",),
            size=len(content[file.name]),
            md5=hashlib.md5(content[file.name]).hexdigest(),
            unpacked=1_000_000 if file.unpacked else 0,
        )
        for file in row.files
    )
    small = replace(row, files=files, installed=())
    monkeypatch.setitem(KNOWN, name, small)
    return small


def _content(row: KnownData, file: RemoteFile, images: int) -> bytes:
    if file.name.endswith(".tar.gz"):
        return _archive(row, images)
    if file.name.endswith(".tgz"):
        return _photographs(images)
    if file.name.endswith(".mat"):
        return _matlab(file.name, images)
    return _idx(file.name, images)


def _idx(name: str, images: int) -> bytes:
    labels = np.arange(images) % 10
    if "labels" in name:
        header, body = (0x801, images), labels.astype(np.uint8)
    else:
        header, body = (0x803, images, 28, 28), np.zeros((images, 28, 28), np.uint8)
        body[:] = (labels * 25)[:, None, None]
    whole = b"".join(value.to_bytes(4, "big") for value in header) + body.tobytes()
    return gzip.compress(whole, mtime=0)


def _photographs(images: int) -> bytes:
    """Return an archive of the pictures of flowers, and of the last of all of them."""
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 100, 0)).save(picture, "JPEG")
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for number in (*range(1, 2 * images + 1), 8189):
            entry = tarfile.TarInfo(f"jpg/image_{number:05}.jpg")
            entry.size = len(picture.getvalue())
            tar.addfile(entry, io.BytesIO(picture.getvalue()))
    return made.getvalue()


def _matlab(name: str, images: int) -> bytes:
    """Return a MATLAB file of house numbers or of flowers; without scipy, one that is damaged."""
    try:
        from scipy.io import savemat
    except ImportError:
        return b"MATLAB 5.0 MAT-file"
    classes = np.arange(2 * images) % 102 + 1
    values = {
        "setid.mat": {
            "trnid": np.arange(1, images + 1),
            "valid": np.array([images + 1]),
            "tstid": np.arange(images + 1, 2 * images + 1),
        },
        "imagelabels.mat": {"labels": classes},
    }.get(name, {"X": np.zeros((32, 32, 3, images), np.uint8), "y": classes[:images] % 10 + 1})
    made = io.BytesIO()
    savemat(made, values)
    return made.getvalue()


def _archive(row: KnownData, images: int) -> bytes:
    """Return an archive of CIFAR's files: a label, or two, before each image."""
    label_bytes = 2 if row.name == "cifar100" else 1
    record = np.zeros((images, label_bytes + 3072), np.uint8)
    record[:, label_bytes - 1] = np.arange(images) % 10
    record[:, label_bytes:] = (np.arange(images) % 10 * 25)[:, None]
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name in row.contents:
            text = "\n".join(f"class {number}" for number in range(100)).encode()
            content = text if name.endswith(".txt") else record.tobytes()
            entry = tarfile.TarInfo(f"{row.subfolder}/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return made.getvalue()
