"""MATLAB files (.mat, version 5): images with labels, SVHN, and Oxford's 102 flowers."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from designer.data.columns import ArrayColumn
from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.extras import extra
from designer.data.findings import Finding
from designer.data.flower_names import FLOWERS
from designer.data.limits import check_promise
from designer.data.named_arrays import NamedArrays, data_set_of
from designer.data.options import ReadOptions
from designer.data.parts import Part, picture_part
from designer.data.pictures import Array
from designer.data.source import Source
from designer.data.targets import classes_target
from designer.errors import DesignerError

_HDF = b"MATLAB 7.3"
_SVHN = "{}_32x32.mat"
_LABELS, _SETS = "imagelabels.mat", "setid.mat"
_FLOWER_PARTS = {"train": "trnid", "validation": "valid", "test": "tstid"}


def read(source: Source, options: ReadOptions) -> DataSet:
    """Read arrays with the names that .npz files have, in any case, or one of two known layouts.

    MATLAB counts examples along the last axis: (H, W, N) and (H, W, C, N). An axis with as many
    values as there are labels is taken for that.

    Raises
    ------
    DesignerError
        A file is damaged, of version 7.3, or its arrays are unusable; or scipy is not installed.
    """
    if source.chosen:
        if source.chosen.rpartition("/")[2] in (_SVHN.format("train"), _SVHN.format("test")):
            return _svhn(source, {"train": source.chosen})
        return _arrays(source, options)
    if _is_flowers(source):
        return _flowers(source, options)
    tables = {part: _SVHN.format(part) for part in ("train", "test")}
    return _svhn(source, {part: name for part, name in tables.items() if source.files.holds(name)})


def load(source: Source, name: str) -> dict[str, Array]:
    """Return the numeric and text arrays of a MATLAB file by their names in lower case.

    Raises
    ------
    DesignerError
        It is damaged or of version 7.3, is too large, or scipy is not installed.
    """
    where = source.files.where(name)
    scipy_io: Any = extra("scipy.io", where)
    if source.files.read(name, len(_HDF)) == _HDF:
        raise DesignerError(
            f"{where} is a MATLAB file of version 7.3, which is not read: save it again with "
            "save(..., '-v7')."
        )
    try:
        with source.files.open(name) as file:
            headers = scipy_io.whosmat(file)
            promised = sum(8 * math.prod(shape) for _, shape, kind in headers if kind != "uint8")
            promised += sum(math.prod(shape) for _, shape, kind in headers if kind == "uint8")
            check_promise(where, promised)
            file.seek(0)
            found = scipy_io.loadmat(file)
    except DesignerError:
        raise
    except Exception as error:  # damaged files raise almost anything
        raise DesignerError(
            f"{where} is no readable MATLAB file ({error}): download it or save it again."
        ) from error
    return {
        key.lower(): value
        for key, value in found.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "buifUS"
    }


def _arrays(source: Source, options: ReadOptions) -> DataSet:
    found = load(source, source.chosen)
    pairs = [("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels"),
             ("x", "y"), ("x_val", "y_val"), ("val_images", "val_labels"), ("x_test", "y_test"),
             ("test_images", "test_labels")]  # fmt: skip
    for images, labels in pairs:
        if images in found and labels in found:
            found[labels] = _column(found[labels])
            found[images] = _examples_first(found[images], len(found[labels]))
    if "classes" in found:
        found["classes"] = np.char.strip(found["classes"].reshape(-1))
    where = source.files.where(source.chosen)
    return data_set_of(
        source, options, NamedArrays(where, tuple(found), found.__contains__, found.__getitem__)
    )


def _column(labels: Array) -> Array:
    """Return labels as (n,) where MATLAB made a row or a column of them."""
    return labels.reshape(-1) if 1 in labels.shape else labels


def _examples_first(images: Array, count: int) -> Array:
    if images.ndim > 2 and images.shape[0] != count == images.shape[-1]:
        images = np.moveaxis(images, -1, 0)
    return images


def _svhn(source: Source, names: dict[str, str]) -> DataSet:
    """Read Street View House Numbers, whose label 10 is the digit 0."""
    parts: dict[str, Part] = {}
    for part, name in names.items():
        found = load(source, name)
        where = source.files.where(name)
        _need(where, found, "x", "y")
        labels = found["y"].reshape(-1).astype(np.int64) % 10
        images = _examples_first(found["x"], len(labels))
        if images.dtype != np.uint8 or images.shape[1:] != (32, 32, 3):
            raise DesignerError(f"{where} holds no color images of 32×32: download it again.")
        column = ArrayColumn(np.ascontiguousarray(images))
        parts[part] = Part({"image": column}, {"class": labels})
    if "train" not in parts:
        raise DesignerError(
            f"{source.path} holds no {_SVHN.format('train')}: download it into this folder."
        )
    note = "The label 10 of SVHN is read as the digit 0, which it stands for."
    return DataSet(
        source.name,
        source.path,
        (classes_target(tuple(map(str, range(10)))),),
        parts["train"],
        None,
        parts.get("test"),
        (Finding(code="label-10", sentence=note),),
    )


def _flowers(source: Source, options: ReadOptions) -> DataSet:
    """Read a folder of image_00001.jpg and so on with the numbers of their classes and parts."""
    found, sets = load(source, _LABELS), load(source, _SETS)
    _need(source.files.where(_LABELS), found, "labels")
    _need(source.files.where(_SETS), sets, *_FLOWER_PARTS.values())
    labels = found["labels"].reshape(-1).astype(np.int64)
    pictures = {name.rpartition("/")[2]: name for name in source.files.names}
    parts: dict[str, Part] = {}
    for part, key in _FLOWER_PARTS.items():
        numbers = np.sort(sets[key].reshape(-1).astype(np.int64))
        if not len(numbers) or numbers[0] < 1 or numbers[-1] > len(labels):
            raise DesignerError(
                f"{source.files.where(_SETS)} numbers pictures that {_LABELS} does not have: "
                "download both again."
            )
        names = []
        for number in numbers:
            file = f"image_{number:05}.jpg"
            if file not in pictures:
                raise DesignerError(
                    f"{source.path} holds no {file}: unpack 102flowers.tgz into this folder again."
                )
            names.append(pictures[file])
        made = picture_part(source.files, tuple(names), labels[numbers - 1] - 1)
        kept = np.array([i for i, name in enumerate(names) if name not in options.skip], np.int64)
        parts[part] = made if len(kept) == len(names) else replace(made.take(kept), origin=None)
    return DataSet(
        source.name,
        source.path,
        (classes_target(FLOWERS),),
        parts["train"],
        parts["validation"],
        parts["test"],
    )


def _need(where: str, arrays: dict[str, Array], *names: str) -> None:
    for name in names:
        if name not in arrays:
            raise DesignerError(f"{where} holds no array {name}: download it again.")


def _is_flowers(source: Source) -> bool:
    return source.files.holds(_LABELS) and source.files.holds(_SETS)


def _recognizes_folder(source: Source) -> bool:
    held: Callable[[str], bool] = source.files.holds
    return _is_flowers(source) or held(_SVHN.format("train"))


FORMAT = DataFormat(
    name="mat",
    title="MATLAB files",
    description="a MATLAB file (.mat) of images and labels",
    order=35,
    read=read,
    suffixes=(".mat",),
    recognizes_folder=_recognizes_folder,
)
