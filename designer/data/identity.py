"""Recognizing the examples of a data set: names, hashes and the part that each belongs to.

A run stores this, so that it continues on the same examples in the same parts, or on none.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.data.dataset import DataSet
from designer.data.parts import Part
from designer.data.splitting import Split
from designer.errors import DesignerError

PARTS = ("train", "validation", "test")
_SHOWN = 3  # examples that a sentence names
_ABOUT = "about"

# Sentences for one example and for several.
_ABSENT = (
    "1 image that the run uses is no longer in {path}: {names}.",
    "{count:,} images that the run uses are no longer in {path}: {names}.",
)
_CHANGED_IMAGES = (
    "1 image of {path} has another content or label than the run was trained with: {names}.",
    "{count:,} images of {path} have another content or label than the run was trained with: "
    "{names}.",
)
_CHANGED_EXAMPLES = (
    "1 example of {path} has another content or label than the run was trained with: {names}.",
    "{count:,} examples of {path} have another content or label than the run was trained with: "
    "{names}.",
)


@dataclass(frozen=True, eq=False)
class PartExamples:
    """The examples of one part of a split, in their order.

    Attributes
    ----------
    source
        The part of the data set that they are from; ``train`` where they were split off it.
    total
        How many examples that part of the data set had, used or not.
    indices
        Their indices in it, int64 (n,).
    names
        Their names in it, where examples have names, as picture files do.
    digests
        A hash of each example with its label, uint64 (n,); see `Part.digests`.
    """

    source: str
    total: int
    indices: NDArray[np.int64]
    names: tuple[str, ...] | None
    digests: NDArray[np.uint64]


Examples = Mapping[str, PartExamples]


def examples_of(data: DataSet, parts: Split) -> dict[str, PartExamples]:
    """Return what recognizes the examples of a split.

    Raises
    ------
    DesignerError
        A file cannot be read.
    """
    found = {}
    for name in PARTS:
        part: Part | None = getattr(parts, name)
        if part is None:
            continue
        whole = part if part.origin is None else part.origin
        indices = np.arange(len(part)) if part.indices is None else part.indices
        names = whole.names
        found[name] = PartExamples(
            source=next(key for key, stored in data.parts.items() if stored is whole),
            total=len(whole),
            indices=indices,
            names=None if names is None else tuple(names[index] for index in indices),
            digests=whole.digests(indices),
        )
    return found


def split_as_before(data: DataSet, examples: Examples) -> tuple[Split, int]:
    """Divide a data set as it was divided before, by the examples that were stored then.

    Returns
    -------
    Split
        The same examples in the same order.
    int
        How many examples were added to the data set since; they are in no part.

    Raises
    ------
    DesignerError
        Examples are missing or have changed; the sentence says how many, and names some.
    """
    cut: dict[str, Part] = {}
    added: dict[str, int] = {}
    for name, before in examples.items():
        stored = data.parts.get(before.source)
        if stored is None:
            raise DesignerError(
                f"{data.path} no longer has a {before.source} part, which the run's {name} "
                "examples were from."
            )
        indices = _found(data, stored, before)
        _check_contents(data, stored, before, indices)
        untouched = np.array_equal(indices, np.arange(len(stored)))
        cut[name] = stored if untouched else stored.take(indices)
        added[before.source] = max(0, len(stored) - before.total)
    new = sum(len(part) for name, part in data.parts.items() if name not in added)
    return (
        Split(cut["train"], cut.get("validation"), cut.get("test")),
        sum(added.values()) + new,
    )


def _found(data: DataSet, stored: Part, before: PartExamples) -> NDArray[np.int64]:
    """Return where the examples are in the data set now."""
    if before.names is None or stored.names is None:
        missing = before.indices[before.indices >= len(stored)]
        if len(missing) or (before.names is None) != (stored.names is None):
            raise DesignerError(
                f"{data.path} has {len(stored):,} {before.source} examples where the run had "
                f"{before.total:,}."
            )
        return before.indices
    places = {name: index for index, name in enumerate(stored.names)}
    if absent := [name for name in before.names if name not in places]:
        raise DesignerError(
            _ABSENT[len(absent) > 1].format(count=len(absent), path=data.path, names=_some(absent))
        )
    return np.array([places[name] for name in before.names], np.int64)


def _check_contents(
    data: DataSet, stored: Part, before: PartExamples, indices: NDArray[np.int64]
) -> None:
    changed = np.flatnonzero(stored.digests(indices) != before.digests)
    if len(changed):
        names = before.names or [f"number {index + 1:,}" for index in before.indices]
        listed = [names[index] for index in changed]
        sentences = _CHANGED_EXAMPLES if before.names is None else _CHANGED_IMAGES
        raise DesignerError(
            sentences[len(listed) > 1].format(
                count=len(listed), path=data.path, names=_some(listed)
            )
        )


def _some(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


# The file


def encode(examples: Examples) -> bytes:
    """Return examples as a compressed .npz file, 12 MB for a million with names."""
    arrays: dict[str, NDArray[Any]] = {}
    about = {}
    for part, each in examples.items():
        about[part] = {"source": each.source, "total": each.total}
        arrays[f"{part}_indices"] = each.indices.astype(np.uint32)
        arrays[f"{part}_digests"] = each.digests
        if each.names is not None:
            joined = "\0".join(each.names).encode("utf-8", "surrogateescape")
            arrays[f"{part}_names"] = np.frombuffer(joined, np.uint8)
    arrays[_ABOUT] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def decode(content: bytes) -> dict[str, PartExamples]:
    """Return the examples that `encode` wrote.

    Raises
    ------
    ValueError
        The content is damaged.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            about = json.loads(arrays[_ABOUT].tobytes())
            found = {}
            for part in PARTS:
                if part not in about:
                    continue
                names = None
                if f"{part}_names" in arrays:
                    text = arrays[f"{part}_names"].tobytes().decode("utf-8", "surrogateescape")
                    names = tuple(text.split("\0"))
                found[part] = PartExamples(
                    source=str(about[part]["source"]),
                    total=int(about[part]["total"]),
                    indices=arrays[f"{part}_indices"].astype(np.int64),
                    names=names,
                    digests=arrays[f"{part}_digests"].astype(np.uint64),
                )
    except (KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        raise ValueError(str(error)) from error
    for each in found.values():
        lengths = {len(each.indices), len(each.digests), len(each.names or each.indices)}
        if len(lengths) != 1 or each.indices.ndim != 1:
            raise ValueError("its arrays are of different lengths")
    if "train" not in found:
        raise ValueError("it has no training part")
    return found


def fingerprint(content: bytes) -> str:
    """Return the hash by which damage of an encoded file is noticed."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()
