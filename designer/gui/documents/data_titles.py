"""The names on screen of data sets that are known by a short name, such as the built-in digits."""

from collections.abc import Mapping
from dataclasses import dataclass

from designer.known_data import KNOWN


@dataclass(frozen=True)
class BuiltIn:
    """The words about a data set that comes with the program.

    Attributes
    ----------
    title
        Its name in lists.
    offer
        The words on the button that chooses it, without a capital.
    """

    title: str
    offer: str


DIGITS = "mnist10k"
COLORS = "shapes10"
BUILT_IN: Mapping[str, BuiltIn] = {
    DIGITS: BuiltIn("MNIST (built in)", "use the built-in digits"),
    COLORS: BuiltIn("Shapes (built in)", "use the built-in color pictures"),
}
BROUGHT = {"imagenet": "ImageNet"}
"""Data sets that recipes of presets name but users have to download, with their titles."""


def built_in_for(channels: int) -> str:
    """Return the built-in data set for a network whose input has so many channels."""
    return COLORS if channels == 3 else DIGITS


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
