"""What the data of a run are: enough to recognize them, and to divide them as they were."""

import msgspec


class DataRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``data.json`` of a run, written before its first step and never again.

    It is small, so that lists of runs can show it. The examples themselves (names, content hashes
    and the part that each belongs to) are in ``examples.npz``, which may take megabytes.

    Attributes
    ----------
    source
        The path, or the name of a built-in data set, as in the recipe.
    name
        The name of the data set, such as that of its folder.
    format
        The name of the data format, such as ``npz`` or ``picture_folders``.
    classes
        The names of the classes in the order of the outputs; none for regression.
    counts
        How many examples each part has that the run uses: ``train``, ``validation``, ``test``.
    examples
        The BLAKE2b hash of ``examples.npz`` in hexadecimal digits, by which damage is noticed.
    """

    source: str
    name: str
    format: str
    classes: tuple[str, ...]
    counts: dict[str, int]
    examples: str


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """``location.json`` of a run whose data were moved: their path now, absolute."""

    source: str
