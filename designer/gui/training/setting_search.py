"""Settings of the recipe by words that somebody types to find them."""

from collections.abc import Iterable

from designer.recipe.recipe import fields
from designer.recipe.settings import Field

NOTHING = "No setting has this in its name or its help."


def matching(text: str) -> list[Field]:
    """Return the settings of the form that have all words of a text, in the recipe's order.

    Those that have them in their names, titles or choices come alone; where there is none, those
    that have them in their help.
    """
    words = [_plain(word) for word in text.split()]
    shown = [field for field in fields().values() if field.setting.form != "elsewhere"]
    for names in (_names, _help):
        found = [field for field in shown if all(word in names(field) for word in words)]
        if found:
            return found
    return []


def when_used(unused: Iterable[Field]) -> str:
    """Return sentences on when settings have an effect that have none now, a line each."""
    return "\n".join(map(_when_used, unused))


def _when_used(field: Field) -> str:
    if field.setting.used_when is not None:
        own, choices = field.setting.used_when
        other = fields()[f"{field.group.prefix}{own}"].setting
        shown = " or ".join(map(other.chosen, choices))
        return f"{field.setting.title} has an effect only where {other.title} is {shown}."
    kinds = [row.title for row in field.group.kinds.values() if field.own_name in row.settings]
    if not kinds:
        return f"{field.setting.title} has no effect with the other settings."
    several = ", ".join(kinds[:-1]) + " or " if kinds[1:] else ""
    return f"{field.setting.title} has an effect only with {several}{kinds[-1]}."


def _names(field: Field) -> str:
    choices = field.setting.choices or {}
    return _plain(" ".join((field.name, field.setting.title, *choices, *choices.values())))


def _help(field: Field) -> str:
    return f"{_names(field)} {_plain(field.setting.help)}"


def _plain(text: str) -> str:
    """Return a text without case and signs, so that warmup finds Warm-up."""
    return "".join(each for each in text.casefold() if each.isalnum() or each == " ")
