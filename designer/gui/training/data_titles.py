"""The names on screen of data sets that are known by a short name, such as the built-in digits."""

from designer.known_data import KNOWN

BUILT_IN = "mnist10k"
BUILT_IN_TITLE = "MNIST (built in)"
BROUGHT = {"imagenet": "ImageNet"}
"""Data sets that recipes of presets name but users have to download, with their titles."""


def data_title(source: str, name: str) -> str:
    """Return the name of a data set on screen.

    Parameters
    ----------
    source
        The source in the recipe: a short name or a path.
    name
        The name of the data set at a path.
    """
    if source == BUILT_IN:
        return BUILT_IN_TITLE
    return KNOWN[source].title if source in KNOWN else BROUGHT.get(source, name)
