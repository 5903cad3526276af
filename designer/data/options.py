"""How a data set is to be read, where there is more than one way: the answers to questions."""

from dataclasses import dataclass, fields
from typing import Literal

from designer.recipe.recipe import Data


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How a data set is read; the recipe has a setting ``data.NAME`` for each.

    Attributes
    ----------
    table
        The table that is read where there are several, by its name in the folder or archive.
    file_column, label_columns, part_column
        The columns of a table that name the file, the labels and the part of each example; empty
        for those that their names and contents suggest.
    separator
        What stands between several labels in one column, such as ``|`` or a space.
    targets
        What the labels are: ``classes``, ``labels`` (several for each example) or ``numbers``;
        ``auto`` for what they look like.
    classes_from
        Where the classes of pictures without a table are from: ``folders`` or the beginnings of
        their file ``names``; ``auto`` for folders, with a question where names look likely.
    spellings
        Whether labels that differ only in spaces and case are one class (``merge``) or several
        (``apart``); ``ask`` for a question.
    skip
        Names of pictures that are left out.
    gray_range
        The values that become black and white in pictures of more than 8 bits; None for the
        smallest and largest value that occurs.
    first_label
        The number of the first class, where classes are numbers.
    """

    table: str = ""
    file_column: str = ""
    label_columns: tuple[str, ...] = ()
    part_column: str = ""
    separator: str = ""
    targets: Literal["auto", "classes", "labels", "numbers"] = "auto"
    classes_from: Literal["auto", "folders", "names"] = "auto"
    spellings: Literal["ask", "merge", "apart"] = "ask"
    skip: tuple[str, ...] = ()
    gray_range: tuple[float, float] | None = None
    first_label: int = 0


def read_options(settings: Data) -> ReadOptions:
    """Return how a recipe's group ``data`` says that its data set is read."""
    return ReadOptions(**{each.name: getattr(settings, each.name) for each in fields(ReadOptions)})
