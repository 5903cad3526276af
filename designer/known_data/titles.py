"""The names of data sets that are known by a short name, and which stands in for a missing one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from designer.known_data.places import find
from designer.known_data.table import KNOWN


@dataclass(frozen=True)
class BuiltIn:
    """A data set that comes with the program, in words.

    Attributes
    ----------
    title
        Its name in lists.
    words
        What it is, within a sentence.
    offer
        The words on the button that chooses it, without a capital.
    classes
        The number of its classes.
    """

    title: str
    words: str
    offer: str
    classes: int


DIGITS = "mnist10k"
COLORS = "shapes10"
BUILT_IN: Mapping[str, BuiltIn] = {
    DIGITS: BuiltIn("MNIST (built in)", "the built-in digits", "use the built-in digits", 10),
    COLORS: BuiltIn(
        "Shapes (built in)",
        "the built-in color pictures",
        "use the built-in color pictures",
        10,
    ),
}
BROUGHT = {"imagenet": "ImageNet"}
"""Data sets that recipes of presets name but users have to download, with their titles."""


def built_in_for(channels: int) -> str:
    """Return the built-in data set for a network whose input has so many channels."""
    return COLORS if channels == 3 else DIGITS


def is_missing(source: str) -> bool:
    """Tell whether a name in a recipe stands for data that are not on this computer."""
    here = source in BUILT_IN or Path(source).exists() or find(source) is not None
    return Path(source).name == source and not here


def stand_in_for(source: str) -> str:
    """Return the built-in data set whose pictures have as many channels as those of this name."""
    return built_in_for(KNOWN[source].channels if source in KNOWN else 3)


def data_title(source: str, name: str) -> str:
    """Return the name of a data set on screen.

    Parameters
    ----------
    source
        The source in the recipe: a short name or a path.
    name
        The name of the data set at a path.
    """
    if source in BUILT_IN:
        return BUILT_IN[source].title
    return KNOWN[source].title if source in KNOWN else BROUGHT.get(source, name)
