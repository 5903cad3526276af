"""Classes at the beginnings of file names, as in ``cat.12.jpg`` or ``cat (3).png``."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

_MOST_CLASSES = 1_000
_SHARE = 0.9  # of the pictures, whose names have to begin with a class that several names share

# A beginning, and numbers behind it with what usually stands between; or only the last number, for
# classes whose names end in a number themselves, as in class1_12.png.
_NUMBERS = re.compile(
    r"(.*?(?:[^\d\s._\-()\[\]#]|\d(?!\d)))[\s._\-(\[#]*\d[\d\s._\-()\[\]#]*", re.DOTALL
)
_LAST_NUMBER = re.compile(r"(.*?[^\s._\-()\[\]#])[\s._\-(\[#]+\d+[)\]]*", re.DOTALL)

Beginning = Callable[[str], str]
"""A function that returns the class at the beginning of a picture's name, "" for none."""


def likely_beginning(names: Sequence[str]) -> Beginning | None:
    """Return how the classes of pictures are read from their names; None if they seem to have none.

    There have to be 2 to 1,000 classes that several names begin with, for 90% of the pictures.

    Parameters
    ----------
    names
        The names of pictures, which may have folders.
    """
    for beginning in (_before_numbers, _before_last_number):
        counts = Counter(map(beginning, names))
        counts.pop("", None)
        shared = [count for count in counts.values() if count > 1]
        if 2 <= len(shared) <= _MOST_CLASSES and sum(shared) >= _SHARE * len(names):
            return beginning
    return None


def beginning_of(names: Sequence[str]) -> Beginning:
    """Return how classes are read from names that are known to have them."""
    if found := likely_beginning(names):
        return found
    several = len(set(map(_before_numbers, names)) - {""}) > 1
    return _before_numbers if several else _before_last_number


def _before_numbers(name: str) -> str:
    return _matched(_NUMBERS, name)


def _before_last_number(name: str) -> str:
    return _matched(_LAST_NUMBER, name)


def _matched(pattern: re.Pattern[str], name: str) -> str:
    stem = name.rpartition("/")[2].rpartition(".")[0]
    found = pattern.fullmatch(stem)
    return found[1] if found else ""
