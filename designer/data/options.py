"""How a data set is to be read, where there is more than one way: the answers to questions."""

from dataclasses import dataclass, fields
from typing import Literal

from designer.recipe.columns import ValueColumn
from designer.recipe.data import Data
from designer.recipe.vocabulary import Vocabulary

_RECORDED = ("columns", "vocabulary", "evaluated")


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How a data set is read; the recipe has a setting ``data.NAME`` for most.

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
        What the labels are: ``classes``, ``labels`` (several for each example), ``numbers``, or
        ``input`` where the network is to give its input again, so that labels are not used;
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
    input_columns
        The columns of a table of values, or the arrays of a file, that the network reads; empty for
        all but labels and parts.
    columns
        The columns of a table with their categories, as a network was trained with them; empty for
        what the table itself suggests. No setting: a run records it.
    tokens
        What the tokens of a text are: ``characters`` or ``bytes``.
    vocabulary
        The tokens of a text, as a network was trained with them; None for those of the text itself.
        No setting: a run records it.
    evaluated
        Whether a trained network is evaluated on it, so that it may have a single class. No
        setting.
    first_label
        The number of the first class, where classes are numbers.
    """

    table: str = ""
    file_column: str = ""
    label_columns: tuple[str, ...] = ()
    part_column: str = ""
    separator: str = ""
    targets: Literal["auto", "classes", "labels", "numbers", "input"] = "auto"
    classes_from: Literal["auto", "folders", "names"] = "auto"
    spellings: Literal["ask", "merge", "apart"] = "ask"
    skip: tuple[str, ...] = ()
    gray_range: tuple[float, float] | None = None
    input_columns: tuple[str, ...] = ()
    columns: tuple[ValueColumn, ...] = ()
    tokens: str = "characters"
    vocabulary: Vocabulary | None = None
    evaluated: bool = False
    first_label: int = 0


def read_options(settings: Data) -> ReadOptions:
    """Return how a recipe's group ``data`` says that its data set is read."""
    names = [each.name for each in fields(ReadOptions) if each.name not in _RECORDED]
    return ReadOptions(**{name: getattr(settings, name) for name in names})
