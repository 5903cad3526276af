"""What the cells of a column are: numbers, 0 and 1, single labels or several."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from designer.data.tables.text import is_number

SEPARATORS = ("|", ";", ",", " ")
JSON_LIST = "[]"
"""Stands for lists in brackets in place of a separator."""
_EMPTY = frozenset({"", "nan", "null", "n/a"})
_BINARY = ({"0", "1"}, {"-1", "1"}, {"0.0", "1.0"}, {"true", "false"}, {"0"}, {"1"}, {"-1"})
_DECIMAL_COMMA = re.compile(r"[-+]?\d+(,\d+)?$")
_LISTED = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s,\[\]]+")


@dataclass(frozen=True, eq=False)
class Profile:
    """What the different values of a column say about it.

    Attributes
    ----------
    name
        Of the column.
    rows
        The number of its cells.
    values
        Its different values, without empty ones.
    """

    name: str
    rows: int
    values: frozenset[str]

    @cached_property
    def numeric(self) -> bool:
        """Whether all values are numbers, with a decimal point or a decimal comma."""
        return bool(self.values) and numbers(self.values) is not None

    @cached_property
    def whole(self) -> bool:
        """Whether all values are whole numbers, also as pandas writes them beside gaps: 3.0."""
        found = numbers(self.values) if self.values else None
        return found is not None and all(value.is_integer() for value in found)

    @cached_property
    def binary(self) -> bool:
        """Whether the values say no more than yes and no."""
        return {value.lower() for value in self.values} in _BINARY

    @property
    def numbering(self) -> bool:
        """Whether each row has another value, as ids have."""
        return (
            self.rows >= 10 and len(self.values) == self.rows and (self.whole or not self.numeric)
        )


def profile(name: str, cells: Sequence[str]) -> Profile:
    """Return what a column of cells is."""
    return Profile(name, len(cells), frozenset(cell for cell in set(cells) if not is_empty(cell)))


def is_empty(cell: str) -> bool:
    """Tell whether a cell has no value: blank, nan, null or n/a."""
    return len(cell) < 5 and cell.strip().lower() in _EMPTY


def numbers(cells: Collection[str]) -> list[float] | None:
    """Return cells as numbers; None if one is none.

    A comma is the decimal sign where every cell reads as such a number and none has a point.
    """
    if all(map(is_number, cells)):
        return [float(cell) for cell in cells]
    if all(map(_DECIMAL_COMMA.match, cells)):
        return [float(cell.replace(",", ".")) for cell in cells]
    return None


def is_true(cell: str) -> bool:
    """Tell whether a cell of a binary column says yes."""
    return cell.lower() in {"1", "1.0", "true"}


def tokens(cell: str, separator: str) -> list[str]:
    """Return the different labels in a cell, in their order."""
    if separator == JSON_LIST:
        found = _in_list(cell)
    elif separator == " ":
        found = cell.split()
    elif separator:
        found = cell.split(separator)
    else:
        found = [cell]
    plain = (token.strip() for token in found)
    return list(dict.fromkeys(token for token in plain if token))


@dataclass(frozen=True)
class Separated:
    """Whether the cells of a column hold several labels.

    Attributes
    ----------
    separator
        What stands between them; "" for one label in a cell.
    certain
        False where it may as well be part of names, such as the space in "golden retriever".
    """

    separator: str = ""
    certain: bool = True


def separated(values: Collection[str]) -> Separated:
    """Return what separates labels in the different values of a column.

    Bars and semicolons separate. Commas and spaces, which names have, too, separate if the labels
    are fewer than the values and most also stand alone, or are fewer than half of the values; if
    they are fewer than the values but seldom alone, it is uncertain.
    """
    if any(value.startswith("[") and value.endswith("]") for value in values):
        return Separated(JSON_LIST)
    for separator in SEPARATORS:
        several = [value for value in values if len(tokens(value, separator)) > 1]
        if not several:
            continue
        if separator in "|;":
            return Separated(separator)
        found = {token for value in values for token in tokens(value, separator)}
        if len(found) >= len(values) or numbers(values) is not None:
            continue
        alone = sum(token in values for token in found)
        return Separated(separator, 2 * alone >= len(found) or 2 * len(found) < len(values))
    return Separated()


def _in_list(cell: str) -> list[str]:
    """Return the labels of a JSON list, or of a list as Python prints it."""
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return [piece.strip("\"'") for piece in _LISTED.findall(cell)]
    return [str(each) for each in found] if isinstance(found, list) else [str(found)]
