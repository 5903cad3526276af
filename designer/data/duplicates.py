"""Examples of equal content: within a part of a data set, and across parts, which is a leak."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.data.dataset import DataSet
from designer.data.inspection import Inspection
from designer.data.splitting import Split

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Copy:
    """One of several examples of equal content.

    Attributes
    ----------
    part
        The part that it is in after the data set was divided.
    stored, index
        The part of the data set that it is from, and where in it.
    name
        What a sentence, and of pictures `data.skip`, calls it.
    """

    part: str
    stored: str
    index: int
    name: str


@dataclass(frozen=True)
class Duplicates:
    """The examples of equal content.

    Attributes
    ----------
    within
        How many examples of each part repeat an earlier one of the same part.
    across
        The copies of each content that is in several parts.
    contradictory
        The copies of each content that has different labels.
    """

    within: Mapping[str, int]
    across: tuple[tuple[Copy, ...], ...]
    contradictory: tuple[tuple[Copy, ...], ...]

    def shared(self, first: str, second: str) -> tuple[tuple[Copy, ...], ...]:
        """Return the copies of each content that is in both of two parts."""
        return tuple(
            copies for copies in self.across if {first, second} <= {copy.part for copy in copies}
        )


def duplicates(inspection: Inspection, data: DataSet, split: Split | None = None) -> Duplicates:
    """Return the examples of equal content among those that were looked at.

    Parameters
    ----------
    inspection
        What `inspect` found of the data set.
    data
        The data set.
    split
        How it is divided for a training; None for the parts that it is stored in.
    """
    found = _examples(inspection, data, split)
    order = np.lexsort((found["index"], found["part"], found["digest"]))
    found = found[order]
    digests = found["digest"]
    begins = np.flatnonzero(np.append(True, digests[1:] != digests[:-1])[: len(digests)])
    sizes = np.diff(np.append(begins, len(digests)))
    within = dict.fromkeys(PARTS, 0)
    across: list[tuple[Copy, ...]] = []
    contradictory: list[tuple[Copy, ...]] = []
    stored = list(data.parts)
    for begin, size in zip(begins[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        group = found[begin : begin + size]
        for part, count in zip(*np.unique(group["part"], return_counts=True), strict=True):
            within[PARTS[part]] += int(count) - 1
        spread = len(np.unique(group["part"])) > 1
        values = [
            data.parts[stored[each["stored"]]].labels[each["index"]].tobytes() for each in group
        ]
        if not spread and len(set(values)) == 1:
            continue
        copies = tuple(
            Copy(
                PARTS[each["part"]],
                stored[each["stored"]],
                int(each["index"]),
                inspection.parts[stored[each["stored"]]].name(int(each["index"])),
            )
            for each in group
        )
        if spread:
            across.append(copies)
        if len(set(values)) > 1:
            contradictory.append(copies)
    return Duplicates(
        {part: count for part, count in within.items() if count},
        tuple(sorted(across, key=_first)),
        tuple(sorted(contradictory, key=_first)),
    )


def surplus(duplicates: Duplicates) -> tuple[str, ...]:
    """Return the names of pictures without which no content is in several parts.

    The copy that stays is one of the part that is stored the furthest from the training: test
    before validation before training. Of copies in the training part of a data set, which is
    divided by chance, the first stays.
    """
    names: list[str] = []
    for copies in duplicates.across:
        last = max(copies, key=lambda copy: PARTS.index(copy.stored)).stored
        staying = [copy for copy in copies if copy.stored == last]
        if last == "train":
            staying = [min(staying, key=lambda copy: copy.index)]
        names += [copy.name for copy in copies if copy not in staying]
    return tuple(names)


_EXAMPLE = np.dtype([("digest", "<u8"), ("part", "u1"), ("stored", "u1"), ("index", "<i8")])


def _examples(inspection: Inspection, data: DataSet, split: Split | None) -> NDArray[Any]:
    """Return digest, part and place of all examples that were looked at and can be read."""
    stored = list(data.parts)
    rows = []
    for number, part in enumerate(PARTS):
        given = getattr(split, part) if split is not None else data.parts.get(part)
        if given is None:
            continue
        whole = given if given.origin is None else given.origin
        name = next(name for name, each in data.parts.items() if each is whole)
        looked = inspection.parts[name]
        digests = np.zeros(len(whole), np.uint64)
        known = np.zeros(len(whole), bool)
        digests[looked.indices] = looked.facts["digest"]
        known[looked.indices] = looked.facts["readable"] > 0
        indices = np.arange(len(whole)) if given.indices is None else given.indices
        indices = np.unique(indices[known[indices]])  # a bootstrap sample has some several times
        row = np.zeros(len(indices), _EXAMPLE)
        row["digest"], row["index"] = digests[indices], indices
        row["part"], row["stored"] = number, stored.index(name)
        rows.append(row)
    return np.concatenate(rows)


def _first(copies: tuple[Copy, ...]) -> tuple[str, int]:
    return copies[0].stored, copies[0].index
