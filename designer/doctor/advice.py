"""A piece of advice: what was seen, the evidence, and the changes that would help."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from designer.analysis.problems import Fix
from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, consequences, fields

When = Literal["before", "while", "after"]
"""Whether something is seen before a training, while it goes on, or once it has ended."""


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """A change that helps: an edit of the design, or new values of settings of the recipe.

    Attributes
    ----------
    label
        What a button says, in small letters: "remove softmax".
    fix
        The edit of the design; None if the recipe is changed.
    settings
        New values of the recipe by dotted names; none if the design is edited.
    """

    label: str
    fix: Fix | None = None
    settings: Mapping[str, Any] = {}

    def recipe(self, recipe: Recipe) -> Recipe:
        """Return a recipe with the new values, and with what follows from them."""
        return changed(recipe, {**self.settings, **consequences(recipe, self.settings)})

    @property
    def command(self) -> str:
        """The options of the command line that make the change; "" for an edit of the design."""
        return " ".join(
            f"--set-recipe {name}={_text(value)}" for name, value in self.settings.items()
        )


class Location(NamedTuple):
    """A node by its graph path, and by the block in whose graph it stands; as in a `Problem`."""

    path: str = ""
    block: str | None = None
    node: str = ""


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What the doctor says of one condition.

    Attributes
    ----------
    key
        The condition's name in the table of rules, by which it is silenced.
    when
        When it was seen.
    sentence
        What was seen, and why it matters.
    evidence
        The figures that show it, in words.
    remedies
        What helps, the likeliest first.
    severity
        An explanation says why something is as it should be; advice asks for a change.
    location
        The node to look at; an empty path for the whole training.
    """

    key: str = ""
    when: When = "before"
    sentence: str
    evidence: str
    remedies: tuple[Remedy, ...] = ()
    severity: Literal["advice", "explanation"] = "advice"
    location: Location = Location()

    @property
    def text(self) -> str:
        """The sentence with its evidence."""
        return f"{self.sentence} {self.evidence}"


def setting(recipe: Recipe, label: str, **values: Any) -> tuple[Remedy, ...]:
    """Return the remedy that sets values of the recipe, or none if that changes nothing.

    Parameters
    ----------
    recipe
        The recipe as it is.
    label
        What its button says.
    values
        New values by dotted names, with two underscores in place of the dot; numbers are rounded
        to four digits.
    """
    settings = {
        name.replace("__", "."): float(f"{value:.4g}") if isinstance(value, float) else value
        for name, value in values.items()
    }
    if any(name not in fields() for name in settings):
        return ()
    remedy = Remedy(label=label, settings=settings)
    try:
        return (remedy,) if remedy.recipe(recipe) != recipe else ()
    except DesignerError:  # a value that this recipe cannot have
        return ()


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
