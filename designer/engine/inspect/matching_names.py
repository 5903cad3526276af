"""Classes, labels and numbers of one data set in the order of another, found by their names."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from designer.data.targets import Kind, numbers_target
from designer.errors import DesignerError

Array = NDArray[Any]

_NAMED = 12  # names that a sentence lists


class Matched(NamedTuple):
    """Targets in the order of a network's outputs.

    Attributes
    ----------
    rows
        The indices of the images that remain, int64.
    targets
        Their targets: class numbers, int64 (n,), or labels or numbers, float32 (n, k).
    notes
        Sentences for the user.
    """

    rows: Array
    targets: Array
    notes: tuple[str, ...] = ()


def match_classes(
    ours: Sequence[str], theirs: Sequence[str], labels: Array, data: str, *, things: str = "images"
) -> Matched:
    """Return class numbers of a data set as those of a network, by the names of the classes.

    Images of classes that the network does not know are left out. Names that differ in case or in
    spaces only are the same. Where the data set has class numbers instead of names, these are taken
    as the numbers of the network's classes.

    Parameters
    ----------
    ours, theirs
        The classes of the network and of the data set.
    labels
        The class numbers of the data set, (n,).
    data
        The name of the data set.
    things
        What sentences call its examples, in the plural.

    Raises
    ------
    DesignerError
        No class of the data set is one of the network's.
    """
    place = _places(ours, theirs)
    notes = []
    known = any(name in place for name in theirs)
    if not known and _are_numbers(theirs) and len(theirs) <= len(ours):
        place = {name: number for number, name in enumerate(theirs)}
        notes.append(
            f"The classes of {data} have no names: they are taken as those of the network in "
            f"their order, {theirs[0]} as {ours[0]}."
        )
    new = np.array([place.get(name, -1) for name in theirs], np.int64)
    targets = new[labels]
    rows = np.flatnonzero(targets >= 0)
    occurring = [theirs[number] for number in np.unique(labels)]
    unknown = [name for name in occurring if name not in place]
    if not len(rows):
        raise DesignerError(
            f"No class of {data} is one of the network's: it has {_listed(occurring)}, the network "
            f"knows {_listed(ours)}. Name the classes alike."
        )
    if unknown:
        count = len(labels) - len(rows)
        some = (
            f"1 {things.removesuffix('s')} of {data} is"
            if count == 1
            else f"{count:,} {things} of {data} are"
        )
        of = "a class" if len(unknown) == 1 else "classes"
        notes.append(
            f"{some} left out, of {of} that the network does not know: {_listed(unknown)}."
        )
    there = set(np.unique(targets[rows]).tolist())
    absent = [name for number, name in enumerate(ours) if number not in there]
    if absent:
        word = "the class" if len(absent) == 1 else "the classes"
        notes.append(
            f"No {things.removesuffix('s')} that is evaluated has {word} {_listed(absent)}, "
            f"so that some figures of "
            f"{'it' if len(absent) == 1 else 'them'} are not defined."
        )
    return Matched(rows, targets[rows], tuple(notes))


def match_columns(
    ours: Sequence[str], theirs: Sequence[str], values: Array, data: str, kind: Kind
) -> Matched:
    """Return labels or numbers of a data set in the order of a network's outputs.

    Columns that the network does not predict are left out. Numbers without names are taken in their
    order.

    Parameters
    ----------
    ours, theirs
        The labels or numbers of the network, none if they have no names, and of the data set.
    values
        Of the data set, (n, k).
    data, kind
        The name of the data set, and what its targets are.

    Raises
    ------
    DesignerError
        The data set lacks one that the network predicts.
    """
    rows = np.arange(len(values))
    place = {name: number for number, name in enumerate(theirs)}
    nameless = not ours or tuple(theirs) == numbers_target(len(theirs)).values
    if nameless and kind == "numbers" and len(theirs) == len(ours or theirs):
        return Matched(rows, values)
    missing = [name for name in ours if name not in place]
    if missing:
        word = kind[:-1] if len(missing) == 1 else kind
        raise DesignerError(
            f"{data} does not have the {word} {_listed(missing)}, which the network predicts: it "
            f"has {_listed(theirs)}. Name them alike."
        )
    notes: tuple[str, ...] = ()
    if extra := [name for name in theirs if name not in ours]:
        word = kind[:-1] if len(extra) == 1 else kind
        notes = (f"The {word} {_listed(extra)} of {data} are left out: nothing predicts them.",)
    return Matched(rows, values[:, [place[name] for name in ours]], notes)


def _places(ours: Sequence[str], theirs: Sequence[str]) -> dict[str, int]:
    """Return the number of the network's class for each name of the data set that is one."""
    exact = {name: number for number, name in enumerate(ours)}
    loose: dict[str, list[int]] = {}
    for number, name in enumerate(ours):
        loose.setdefault(_plain(name), []).append(number)
    found = {}
    for name in theirs:
        alike = loose.get(_plain(name), [])
        if name in exact:
            found[name] = exact[name]
        elif len(alike) == 1:
            found[name] = alike[0]
    return found


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _are_numbers(names: Sequence[str]) -> bool:
    return tuple(names) == tuple(map(str, range(len(names))))


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
