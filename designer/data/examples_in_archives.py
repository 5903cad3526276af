"""How WebDataset archives hold examples: files of one share their name, as 12.jpg and 12.cls do."""

import posixpath
from collections.abc import Iterable

from designer.data.pictures import is_picture

LABELS = (".cls", ".cls2", ".txt", ".json")
"""The endings of files that hold the labels of an example."""

LOOKED_AT = 200
"""How many files tell whether an archive is of this kind."""


def divided(name: str) -> tuple[str, str]:
    """Return the name that the files of an example share, and the ending behind its first dot."""
    folder, file = posixpath.split(name)
    stem, _, ending = file.partition(".")
    return f"{folder}/{stem}", f".{ending.lower()}"


def are_examples(names: Iterable[str]) -> bool:
    """Tell whether a picture and a file of labels share their name among some files."""
    kinds: dict[str, set[bool]] = {}
    for name in names:
        key, ending = divided(name)
        if is_picture(name) or ending in LABELS:
            kinds.setdefault(key, set()).add(is_picture(name))
    return any(len(found) == 2 for found in kinds.values())
