"""A data set of named arrays, from any file of arrays: images and labels, or inputs and targets."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from designer.data.columns import ArrayColumn, Column
from designer.data.dataset import DataSet
from designer.data.findings import Finding
from designer.data.labels import MAX_CLASSES, READ_AS_CLASSES, is_one_hot
from designer.data.options import ReadOptions
from designer.data.part_names import part_of
from designer.data.parts import PICTURES, Part
from designer.data.pictures import Array
from designer.data.source import Source
from designer.data.tables.text import TARGET_WORDS, words
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
_EXPECTED = ", or ".join(" and ".join(pair) for pair in _PAIRS["train"])
_NO_TRAINING = "{path} holds no training data: name its arrays {expected}."
_MOST_AXES = 6
_PART_LAST = re.compile(r"(?P<base>.+)_(?P<part>[a-z]+)")
_PART_FIRST = re.compile(r"(?P<part>[a-z]+)_(?P<base>.+)")
_LARGEST = 2**63 - 1  # of int64
_TEXTS = 5  # texts that a sentence lists


@dataclass(frozen=True)
class NamedArrays:
    """The arrays of a file.

    Attributes
    ----------
    path
        How a sentence names the file.
    names
        Of the arrays, in their order.
    has
        Tells whether there is an array of a name.
    read
        Returns the array of a name.
    """

    path: str
    names: tuple[str, ...]
    has: Callable[[str], bool]
    read: Callable[[str], Array]


def data_set_of(source: Source, options: ReadOptions, arrays: NamedArrays) -> DataSet:
    """Return the data set of images, labels and, if there is one, a text array of class names.

    Arrays by other names are the inputs of those names, with one array of targets; see
    `_by_own_names`. Images are (N, H, W), (N, H, W, C) or (N, C, H, W), as integers from 0 to 255
    or as floats. Integer labels (N,) and one-hot rows (N, classes) are classes; other rows of 0 and
    1, (N, labels), are several labels; other floating-point labels, (N,) or (N, targets), are for
    regression.

    Raises
    ------
    DesignerError
        Arrays are missing or unusable.
    """
    path = arrays.path
    parts, title, findings = _parts(source, options, arrays)
    names = arrays.read(_CLASSES) if arrays.has(_CLASSES) else None
    train = parts["train"]
    if train is None:
        raise DesignerError(_NO_TRAINING.format(path=path, expected=_EXPECTED))
    given = {name: part for name, part in parts.items() if part is not None}
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
            findings = (*findings, Finding(code=READ_AS_CLASSES, sentence=note))
            names = np.array([str(each) for each in range(width)]) if names is None else names
    target = replace(_target(path, given, names), title=title)
    if several and target.kind == "numbers":
        target = Target("labels", "labels", target.values, title)
        thing = "an image" if train.pictures else "an example"
        note = (
            f"The targets of {source.name} are rows of 0 and 1, which are read as {target.outputs} "
            f"labels of which {thing} may have several; set data.targets to numbers to predict "
            "them as numbers."
        )
        findings = (*findings, Finding(code="read-as-labels", sentence=note))
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


def _parts(
    source: Source, options: ReadOptions, arrays: NamedArrays
) -> tuple[dict[str, Part | None], str, tuple[Finding, ...]]:
    """Return the parts, what their targets are called, and what is said about that.

    Arrays by the usual names are one input with its targets. Arrays by other names are the inputs
    of those names, and one is their targets.
    """
    own = bool(options.input_columns or options.label_columns)
    pairs = {name: _pair(arrays, pairs) for name, pairs in _PAIRS.items()}
    if not own and (pairs["train"] is None or None in pairs["train"]):
        own = _has_others(options, arrays)
    if own:
        return _by_own_names(source, options, arrays)
    return (
        {name: None if pair is None else _part(arrays, pair) for name, pair in pairs.items()},
        "",
        (),
    )


def _pair(
    arrays: NamedArrays, pairs: tuple[tuple[str, str], ...]
) -> tuple[str | None, str | None] | None:
    """Return the first pair of names of which there are arrays; None for one that is missing."""
    for images, labels in pairs:
        if arrays.has(images) or arrays.has(labels):
            return (
                images if arrays.has(images) else None,
                labels if arrays.has(labels) else None,
            )
    return None


def _has_others(options: ReadOptions, arrays: NamedArrays) -> bool:
    """Tell whether a file without a usual pair has inputs and targets by other names."""
    bases = list(dict.fromkeys(_divided(name)[1] for name in arrays.names if name != _CLASSES))
    if options.targets == "input":
        return bool(bases)
    if len(bases) < 2:
        return False
    usual = {name for pairs in _PAIRS.values() for pair in pairs for name in pair}
    return any(_is_target(base) for base in bases) or not usual & set(arrays.names)


def _is_target(base: str) -> bool:
    return bool(words(base) & TARGET_WORDS)


def _divided(name: str) -> tuple[str, str]:
    """Return the part that the name of an array names, and the rest: of "left_test", "left"."""
    for pattern in (_PART_LAST, _PART_FIRST):
        if (found := pattern.fullmatch(name)) and (part := part_of(found["part"])):
            return part, found["base"]
    return "train", name


def _by_own_names(
    source: Source, options: ReadOptions, arrays: NamedArrays
) -> tuple[dict[str, Part | None], str, tuple[Finding, ...]]:
    """Return parts of named inputs: all arrays but one of targets, or those that are chosen."""
    places: dict[str, dict[str, str]] = {}
    for name in arrays.names:
        part, base = _divided(name)
        if name != _CLASSES:
            places.setdefault(base, {})[part] = name
    for setting in ("input_columns", "label_columns"):
        for name in getattr(options, setting):
            if name not in places:
                raise DesignerError(
                    f"{arrays.path} has no array {name}, which data.{setting} names: choose from "
                    f"{', '.join(places)}."
                )
    label, findings = _target_array(source, options, places)
    inputs = options.input_columns or tuple(base for base in places if base != label)
    if not inputs:
        raise DesignerError(
            f"{arrays.path} has no array beside the targets {label}: save the inputs in it, too."
        )
    parts: dict[str, Part | None] = dict.fromkeys(("train", "validation", "test"))
    for name in parts:
        there = [base for base in (*inputs, *([label] if label else ())) if name in places[base]]
        if not there:
            continue
        missing = [base for base in (*inputs, *([label] if label else ())) if base not in there]
        if missing:
            raise DesignerError(
                f"{arrays.path} has a {name} part of {there[0]} but none of {missing[0]}: save "
                "both into it."
            )
        read = {base: arrays.read(places[base][name]) for base in inputs}
        columns = _columns(arrays.path, read)
        count = len(next(iter(columns.values())))
        values = np.zeros((count, 0), np.float32)
        if label:
            where = f"The array {places[label][name]} of {arrays.path}"
            values = _labels(where, arrays.read(places[label][name]))
        parts[name] = Part(columns, {"class": values})
    return parts, label, findings


def _target_array(
    source: Source, options: ReadOptions, places: Mapping[str, object]
) -> tuple[str, tuple[Finding, ...]]:
    """Return the array of targets: a given one, one that is named so, or the last."""
    if len(options.label_columns) > 1:
        raise DesignerError(
            f"data.label_columns names {len(options.label_columns)} arrays of {source.name}: "
            "choose one, which may have a row of several values for each example."
        )
    if options.label_columns:
        return options.label_columns[0], ()
    free = [base for base in places if base not in options.input_columns]
    if named := [base for base in free if _is_target(base)]:
        return named[-1], ()
    if options.targets == "input":
        return "", ()
    if not free:
        raise DesignerError(
            f"{source.name} has no array left for the targets: choose fewer as inputs "
            "(data.input_columns)."
        )
    note = (
        f"The array {free[-1]} of {source.name} is what is predicted, as the last one: choose "
        "another if that is not meant (data.label_columns)."
    )
    return free[-1], (Finding(code="target-column", sentence=note),)


def _part(arrays: NamedArrays, pair: tuple[str | None, str | None]) -> Part:
    path = arrays.path
    images, labels = pair
    if images is None or labels is None:
        both = next(
            each
            for pairs in _PAIRS.values()
            for each in pairs
            if (images is None or images == each[0]) and (labels is None or labels == each[1])
        )
        missing = both[1] if labels is None else both[0]
        raise DesignerError(
            f"{path} holds the array {images or labels} but not {missing}: save both into it."
        )
    columns = _columns(path, {_divided(images)[1]: arrays.read(images)})
    return Part(columns, {"class": _labels(f"The array {labels} of {path}", arrays.read(labels))})


def _columns(path: str, read: Mapping[str, Array]) -> dict[str, Column]:
    """Return arrays as inputs: a single one of three or four axes as pictures."""
    if len(read) == 1:
        ((name, values),) = read.items()
        where = f"The array {name} of {path}"
        if values.ndim in (3, 4):
            return {PICTURES: ArrayColumn(_images(where, values))}
    return {
        name: ArrayColumn(_values(f"The array {name} of {path}", values))
        for name, values in read.items()
    }


def _values(where: str, values: Array) -> Array:
    """Return values (n, ...) as uint8, int64 or float32; one number each as (n, 1)."""
    if not 1 <= values.ndim <= _MOST_AXES + 1 or 0 in values.shape:
        raise DesignerError(
            f"{where} has the shape {values.shape}: give it one value, or values in up to "
            f"{_MOST_AXES} axes, for each example."
        )
    if values.ndim == 1:
        values = values[:, None]
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    if values.dtype.kind in "iu":
        if values.dtype.kind == "u" and values.max() > _LARGEST:
            raise DesignerError(
                f"{where} has whole numbers up to {values.max()}, which 64 bits with a sign do not "
                "hold: save smaller ones, or floats."
            )
        return np.ascontiguousarray(values, np.int64)
    if values.dtype.kind == "b":
        return np.ascontiguousarray(values, np.float32)
    floats = _floats(where, values)
    if not np.isfinite(floats).all():
        wrong = int((~np.isfinite(floats).reshape(len(floats), -1).all(axis=1)).sum())
        raise DesignerError(
            f"{where} has values that are NaN or infinite as 32-bit floats in {wrong:,} "
            f"{'example' if wrong == 1 else 'examples'}: remove or correct "
            f"{'it' if wrong == 1 else 'those'}."
        )
    return np.ascontiguousarray(floats)


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
