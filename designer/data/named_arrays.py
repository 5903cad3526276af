"""A data set of arrays by the usual names of images and labels, from any file of arrays."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from designer.data.dataset import DataSet
from designer.data.findings import Finding
from designer.data.labels import MAX_CLASSES, READ_AS_CLASSES, is_one_hot
from designer.data.options import ReadOptions
from designer.data.parts import Part, array_part
from designer.data.pictures import Array
from designer.data.source import Source
from designer.data.target_kinds import are_labels
from designer.data.targets import Target, classes_target, numbers_target
from designer.errors import DesignerError

# The names of the arrays of images and labels; the first pair that is there is read.
_PAIRS = {
    "train": (
        ("x_train", "y_train"),
        ("train_images", "train_labels"),
        ("images", "labels"),
        ("x", "y"),
    ),
    "validation": (("x_val", "y_val"), ("val_images", "val_labels")),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
}
_CLASSES = "classes"
_TEXTS = 5  # texts that a sentence lists


@dataclass(frozen=True)
class NamedArrays:
    """The arrays of a file.

    Attributes
    ----------
    path
        How a sentence names the file.
    has
        Tells whether there is an array of a name.
    read
        Returns the array of a name.
    """

    path: str
    has: Callable[[str], bool]
    read: Callable[[str], Array]


def data_set_of(source: Source, options: ReadOptions, arrays: NamedArrays) -> DataSet:
    """Return the data set of images, labels and, if there is one, a text array of class names.

    Images are (N, H, W), (N, H, W, C) or (N, C, H, W), as integers from 0 to 255 or as floats.
    Integer labels (N,) and one-hot rows (N, classes) are classes; other rows of 0 and 1, (N,
    labels), are several labels; other floating-point labels, (N,) or (N, targets), are for
    regression.

    Raises
    ------
    DesignerError
        Arrays are missing or unusable.
    """
    path = arrays.path
    parts = {name: _part(arrays, pairs) for name, pairs in _PAIRS.items()}
    names = arrays.read(_CLASSES) if arrays.has(_CLASSES) else None
    train = parts["train"]
    if train is None:
        expected = ", or ".join(" and ".join(pair) for pair in _PAIRS["train"])
        raise DesignerError(f"{path} holds no training data: name its arrays {expected}.")
    given = {name: part for name, part in parts.items() if part is not None}
    findings: tuple[Finding, ...] = ()
    several = (
        options.targets == "auto"
        and train.labels.any()
        and all(_are_several(part) for part in given.values())
    )
    one_hot = options.targets in ("auto", "classes")
    if one_hot and all(is_one_hot(part.labels) for part in given.values()):
        width = train.labels.shape[1]
        if all(part.labels.shape[1] == width for part in given.values()):
            given = {
                name: replace(part, targets={"class": part.labels.argmax(axis=1).astype(np.int64)})
                for name, part in given.items()
            }
            note = (
                f"The targets of {source.name} are one-hot rows, which are read as {width} classes."
            )
            findings = (Finding(code=READ_AS_CLASSES, sentence=note),)
            names = np.array([str(each) for each in range(width)]) if names is None else names
    target = _target(path, given, names)
    if several and target.kind == "numbers":
        target = Target("labels", "labels", target.values)
        note = (
            f"The targets of {source.name} are rows of 0 and 1, which are read as {target.outputs} "
            "labels of which an image may have several; set data.targets to numbers to predict "
            "them as numbers."
        )
        findings = (Finding(code="read-as-labels", sentence=note),)
    for name, part in given.items():
        given[name] = replace(part, targets={target.name: part.labels})
    return DataSet(
        source.name,
        source.path,
        (target,),
        given["train"],
        given.get("validation"),
        given.get("test"),
        findings,
    )


def _are_several(part: Part) -> bool:
    return part.labels.ndim == 2 and part.labels.shape[1] > 1 and are_labels(part.labels)


def _part(arrays: NamedArrays, pairs: tuple[tuple[str, str], ...]) -> Part | None:
    path = arrays.path
    for images, labels in pairs:
        present = [name for name in (images, labels) if arrays.has(name)]
        if len(present) == 1:
            missing = labels if present == [images] else images
            raise DesignerError(
                f"{path} holds the array {present[0]} but not {missing}: save both into it."
            )
        if present:
            return array_part(
                _images(f"The array {images} of {path}", arrays.read(images)),
                _labels(f"The array {labels} of {path}", arrays.read(labels)),
            )
    return None


def _images(where: str, images: Array) -> Array:
    """Return images as (N, H, W, C), uint8 or float32."""
    if images.ndim == 3:
        images = images[..., None]
    elif images.ndim != 4:
        raise DesignerError(
            f"{where} has the shape {images.shape}: "
            "give it (images, height, width) or (images, height, width, channels)."
        )
    elif images.shape[3] > 4 and images.shape[1] < images.shape[3]:
        images = images.transpose(0, 2, 3, 1)
    if 0 in images.shape:
        raise DesignerError(f"{where} is empty: save images in it.")
    if images.dtype.kind in "bui":
        if images.min() < 0 or images.max() > 255:
            raise DesignerError(
                f"{where} has integers from {images.min()} to {images.max()}: "
                "scale them to 0 to 255, or save them as floats."
            )
        return np.ascontiguousarray(images, np.uint8)
    images = _floats(where, images)
    if not np.isfinite(images).all():
        raise DesignerError(
            f"{where} has values that are NaN or infinite as 32-bit floats: "
            "remove or correct those images."
        )
    return np.ascontiguousarray(images)


def _labels(where: str, labels: Array) -> Array:
    """Return class numbers as int64 (N,), targets and one-hot rows as float32 (N, targets)."""
    if labels.ndim not in (1, 2) or 0 in labels.shape:
        raise DesignerError(
            f"{where} has the shape {labels.shape}: give it one label, or one row of targets, "
            "for each image."
        )
    if labels.dtype.kind in "US":
        raise DesignerError(
            f"{where} holds texts ({_listed(labels)}): number them from 0 and save them as "
            "integers."
        )
    if labels.dtype.kind not in "bui":
        return _floats(where, labels).reshape(len(labels), -1)
    if labels[0].size != 1 and are_labels(labels):
        return labels.astype(np.float32)  # what they are is decided when all parts are known
    if labels[0].size != 1:
        raise DesignerError(
            f"{where} has {labels.shape[1]} integers for each image: "
            "give one class number each, or rows of 0 and 1, or save targets for regression as "
            "floats."
        )
    if labels.min() < 0 or labels.max() >= MAX_CLASSES:
        raise DesignerError(
            f"{where} has class numbers from {labels.min()} to {labels.max()}: number the classes "
            "without gaps from 0, or save the labels as floats for regression."
        )
    return labels.reshape(-1).astype(np.int64)


def _listed(texts: Array) -> str:
    """Return the first few distinct texts, as they are in the file, for a sentence."""
    found = [
        text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        for text in np.unique(texts)
    ]
    rest = len(found) - _TEXTS
    return ", ".join(found[:_TEXTS]) + (f" and {rest:,} more" if rest > 0 else "")


def _floats(where: str, values: Array) -> Array:
    if values.dtype.kind != "f":
        raise DesignerError(f"{where} is of type {values.dtype}: save it as integers or as floats.")
    with np.errstate(over="ignore"):  # overflows become infinite, which is reported
        return values.astype(np.float32)


def _target(path: str, parts: dict[str, Part], names: Array | None) -> Target:
    """Return the target of the labels: classes or numbers, with the given names, else numbered."""
    labels = [part.labels for part in parts.values()]
    if names is not None and (names.ndim != 1 or names.dtype.kind != "U"):
        raise DesignerError(
            f"The array {_CLASSES} of {path} is no list of names: save an array of str in it."
        )
    if labels[0].dtype.kind == "f":
        count = labels[0].shape[1]
        if names is None:
            return numbers_target(count)
        if len(names) != count:
            raise DesignerError(
                f"The array {_CLASSES} of {path} has {len(names):,} names, but there are {count:,} "
                "targets for each image: give as many."
            )
        return Target("numbers", "numbers", tuple(map(str, names)))
    if names is not None:
        return classes_target(tuple(map(str, names)))
    return classes_target(tuple(map(str, range(max(array.max() for array in labels) + 1))))
