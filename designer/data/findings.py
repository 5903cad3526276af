"""What reading a data set found: notes, warnings, questions with their answers, files left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An answer to a question, or a remedy: a change of the recipe.

    Attributes
    ----------
    label
        What a button says, such as "take the classes from the file names".
    settings
        The new values of settings of the recipe by their dotted names.
    """

    label: str
    settings: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that users are told about their data.

    Attributes
    ----------
    code
        A fixed name, for tests and programs.
    sentence
        A whole sentence that names the thing and, where something is to be done, the remedy.
    facts
        The part of the sentence that says what was counted; "" where none does.
    kind
        A note is for information; a warning says what trains badly; a question has to be answered
        by one of the choices before a training.
    choices
        The answers or remedies.
    """

    code: str
    sentence: str
    kind: Literal["note", "warning", "question"] = "note"
    choices: tuple[Choice, ...] = field(default=())
    facts: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A file that is not used, by its name in the data set, and a clause that says why."""

    file: str
    reason: str
