"""The columns of a table of numbers and texts, and how they become the values of an input."""

from collections.abc import Sequence

import msgspec


class ValueColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of a table that a network reads.

    Attributes
    ----------
    name
        Of the column.
    categories
        Its different texts, each of which is one value: 1 where the row has it, else 0. Empty for a
        column of numbers, which is one value.
    """

    name: str
    categories: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many values it gives."""
        return len(self.categories) or 1


def value_names(columns: Sequence[ValueColumn]) -> tuple[str, ...]:
    """Return a name for each value that columns give, such as ``age`` or ``city = Bern``."""
    return tuple(
        name
        for column in columns
        for name in ([f"{column.name} = {each}" for each in column.categories] or [column.name])
    )


def are_numbers(columns: Sequence[ValueColumn]) -> tuple[bool, ...]:
    """Return of each value whether it is of a column of numbers, rather than a category."""
    return tuple(not column.categories for column in columns for _ in range(column.width))
