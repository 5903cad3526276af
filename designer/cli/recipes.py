"""Recipes on the command line: values for ``--set-recipe``, and the list of all settings."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from designer.errors import DesignerError
from designer.recipe import templates
from designer.recipe.command_line import text_of
from designer.recipe.recipe import Recipe, fields, is_for, is_used, value_of
from designer.recipe.settings import Field

if TYPE_CHECKING:
    from designer.analysis.report.line import Line

TAKE_SETTINGS = {
    "train", "train-on", "data", "measure", "evaluate", "ensemble", "augment", "lr-range",
    "doctor",
}  # fmt: skip
"""The commands with the option ``--set-recipe``, whose errors say how to give it."""
_DOTTED = re.compile(r"(?<![\w./])[a-z_]+\.[a-z_]+\b(?![/.]\w)")
_TYPES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def choices(name: str) -> str:
    """Return the words that a setting takes, for a help text: ``sgd, adam or adamw``."""
    *most, last = fields()[name].setting.choices or ("",)
    return f"{', '.join(most)} or {last}"


def read_settings(settings: Iterable[str]) -> dict[str, Any]:
    """Read what ``--set-recipe`` says: values by the dotted names of their settings.

    Raises
    ------
    DesignerError
        A text is not NAME=VALUE, there is no such setting, or the value is of another type.
        Ranges are checked when the recipe is made.
    """
    return dict(_setting(each) for each in settings)


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    name = name.strip()
    if not (name and equals):
        raise DesignerError(
            f"--set-recipe takes NAME=VALUE, as in optimizer.momentum=0.5; received '{text}'."
        )
    known = fields()
    if name not in known:
        raise _unknown(name)
    return name, _value(known[name], value)


def _value(field: Field, text: str) -> Any:
    """Read a value by the type of its setting."""
    given, text = text, text.strip()
    if field.optional and text.lower() in ("", "none"):
        return None
    try:
        if field.kind is bool:
            return {"true": True, "false": False}[text.lower()]
        if field.several is not None:
            return _values(field, text)
        return text or given if field.kind is str else field.kind(text)  # a space may be meant
    except (KeyError, ValueError):
        raise DesignerError(f"{field.name} takes {_type(field)}; received '{text}'.") from None


def _values(field: Field, text: str) -> tuple[Any, ...]:
    """Read several values: a JSON list, or separated by commas, and rows by semicolons."""
    kind = field.several
    assert kind is not None
    if text.startswith("["):
        values: tuple[Any, ...] = msgspec.json.decode(text, type=tuple[kind, ...])  # type: ignore[valid-type]
    elif field.is_table:
        rows = text.split(";") if text else ()
        values = tuple(tuple(float(part) for part in row.split(",")) for row in rows)
    else:
        values = tuple([kind(part.strip()) for part in text.split(",")]) if text else ()
    if field.count is not None and len(values) != field.count:
        raise ValueError
    return values


def _type(field: Field) -> str:
    """Return the type of a setting's values in words, with the unit: "a whole number of epochs"."""
    if field.several is str:
        name = "texts separated by commas, or a JSON list of texts"
    elif field.is_table:
        name = "rows of numbers, as in 0,1;5,0, or a JSON list of lists"
    elif field.count is None:
        name = "numbers separated by commas"
    elif field.several is not None:
        name = f"{field.count} numbers separated by commas"
    else:
        name = _TYPES[field.kind]
    if field.setting.unit:
        name = f"{name} of {field.setting.unit}"
    return f"{name}, or none" if field.optional else name


def _unknown(name: str) -> DesignerError:
    from difflib import get_close_matches

    if close := get_close_matches(name, fields(), 1):
        return DesignerError(
            f"A recipe has no setting '{name}'; did you mean '{close[0]}'? All settings are listed "
            "by: netdesigner recipe"
        )
    return DesignerError(
        f"A recipe has no setting '{name}'; all settings are listed by: netdesigner recipe"
    )


def how_to_set(sentence: str, words: Sequence[str]) -> str:
    """Return the sentence of an error with the option for the setting that it names, if any.

    Parameters
    ----------
    sentence
        It may name a setting as a remedy, such as data.label_columns.
    words
        Those of the command line; commands without the option, and users who know it, need no hint.
    """
    if not TAKE_SETTINGS.intersection(words[:1]) or "--set-recipe" in sentence:
        return sentence
    if any(word.startswith("--set-recipe") for word in words):
        return sentence
    named = next((name for name in _DOTTED.findall(sentence) if name in fields()), None)
    if named is None:
        return sentence
    return f"{sentence} On the command line: --set-recipe {named}=VALUE."


def without_effect(recipe: Recipe, names: Iterable[str], *, pictures: bool = True) -> Iterator[str]:
    """Yield a sentence for each named setting that has no effect.

    Parameters
    ----------
    recipe, names
        The recipe, and the dotted names of the settings.
    pictures
        Whether the network takes a picture.
    """
    for name in names:
        field = fields()[name]
        if not is_for(field, pictures=pictures):
            yield f"{name} has no effect, as the network takes {'a' if pictures else 'no'} picture."
            continue
        if not is_used(recipe, field):
            own, kinds = field.setting.used_when or (field.group.chooser, used_with(field))
            choice = f"{field.group.prefix}{own}"
            yield (
                f"{name} has no effect with {choice} {value_of(recipe, choice)}; it is used with "
                f"{', '.join(kinds)}."
            )


# What `netdesigner recipe` prints


def lines(recipe: Recipe) -> "Iterator[Line]":
    """Yield the settings of a recipe, each with its value, what it takes, and its help."""
    from designer.analysis.report.line import Line, Style

    for name, field in fields().items():
        yield Line(f"{name} = {text_of(value_of(recipe, name))}", Style.HEADING)
        setting = field.setting
        sentences = [setting.help, f"Takes {allowed(field)}."]
        if setting.formula:
            sentences.insert(1, setting.formula)
        sentences += _of_choice(recipe, field)
        if setting.reason:
            default = text_of(value_of(Recipe(), name))
            sentences.append(f"By default {default}: {setting.reason}.")
        if setting.source:
            sentences.append(f"Source: {setting.source}.")
        if kinds := used_with(field):
            sentences.append(f"Used with {', '.join(kinds)}.")
        if setting.used_when is not None:
            own, kinds = setting.used_when
            sentences.append(f"Used with {field.group.prefix}{own} {', '.join(kinds)}.")
        for text in sentences:
            for line in textwrap.wrap(text, 74, break_on_hyphens=False):
                yield Line(f"    {line}")


def _of_choice(recipe: Recipe, field: Field) -> list[str]:
    """Return what the chosen row of a table is, where a setting chooses one."""
    kind = field.group.kinds.get(str(value_of(recipe, field.name)))
    if kind is None or field.own_name != field.group.chooser:
        return []
    help_, formula, source = (getattr(kind, name, "") for name in ("help", "formula", "source"))
    found = (help_ and f"{kind.name}: {help_}", formula, source and f"Source: {source}.")
    return [each for each in found if each]


def template_lines() -> "Iterator[Line]":
    """Yield the templates, each with what it is, what it changes, and its source."""
    from designer.analysis.report.line import Line, Style

    for name in templates.names():
        row = templates.TEMPLATES.get(name)
        yield Line(name, Style.HEADING)
        sentences = ["A recipe that you saved."]
        if row is not None:
            settings = ", ".join(f"{each}={text_of(value)}" for each, value in row.changes.items())
            sentences = [row.help, f"Source: {row.source}.", settings]
        for text in sentences:
            for line in textwrap.wrap(text, 74, break_on_hyphens=False):
                yield Line(f"    {line}")


def templates_json() -> str:
    """Return the templates as a JSON array of objects."""
    rows = []
    for name in templates.names():
        row = templates.TEMPLATES.get(name)
        plain = {} if row is None else msgspec.to_builtins(row)
        rows.append({"title": name, "help": "", "source": "", **plain, "name": name})
    return f"{msgspec.json.format(msgspec.json.encode(rows), indent=1).decode()}\n"


def to_json(recipe: Recipe) -> str:
    """Return the settings of a recipe as a JSON array of objects."""
    rows = []
    for name, field in fields().items():
        setting = field.setting
        rows.append(
            {
                "name": name,
                "title": setting.title,
                "help": setting.help,
                "value": value_of(recipe, name),
                "default": value_of(Recipe(), name),
                "takes": _type(field),
                "unit": setting.unit,
                "reason": setting.reason,
                "formula": setting.formula,
                "source": setting.source,
                "choices": setting.choices and dict(setting.choices),
                "low": setting.low,
                "high": setting.high,
                "open_low": setting.open_low,
                "open_high": setting.open_high,
                "used_with": used_with(field),
                "used_when": setting.used_when,
            }
        )
    return f"{msgspec.json.format(msgspec.json.encode(rows), indent=1).decode()}\n"


def allowed(field: Field) -> str:
    """Return what a setting takes: its type, range and unit, or its choices."""
    setting = field.setting
    if setting.choices and field.several is not None:
        return f"any of {', '.join(setting.choices)}, separated by commas"
    if setting.choices:
        return choices(field.name)
    bounds = []
    if setting.low is not None:
        bounds.append(f"{'above' if setting.open_low else 'at least'} {_number(setting.low)}")
    if setting.high is not None:
        bounds.append(f"{'below' if setting.open_high else 'at most'} {_number(setting.high)}")
    return f"{_type(field)}: {' and '.join(bounds)}" if bounds else _type(field)


def used_with(field: Field) -> tuple[str, ...]:
    """Return the rows of the table that a setting goes with, or nothing if it always counts."""
    used = tuple(name for name in field.group.kinds if field.used_with(name))
    return () if len(used) == len(field.group.kinds) else used


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"
