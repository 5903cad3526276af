"""Fields that vary, read as they are typed: ``batch=8,32`` or ``optimizer.momentum=0..0.9``."""

from typing import Any

import msgspec

from designer.design.values import Design
from designer.errors import DesignerError
from designer.recipe.recipe import Recipe
from designer.studies.fields import VariedField, check_range, find
from designer.studies.spec import Choice, Range, Varied


def read(text: str, design: Design, recipe: Recipe) -> Varied:
    """Read a field that varies as it is typed.

    Parameters
    ----------
    text
        ``NAME=VALUE,VALUE,...``, ``NAME=LOW..HIGH``, or a range followed by ``:log``, ``:step=N``
        or ``:points=N``; the name alone takes what suits the field.
    design, recipe
        Those of the study.

    Raises
    ------
    DesignerError
        The field does not exist, or a text is no value of it.
    """
    name, equals, values = (part.strip() for part in text.partition("="))
    field = find(name, design, recipe)
    if not equals:
        return field.suggestion()
    if ".." in values:
        found = _read_range(field, values)
        check_range(field, found)
        return Varied(name=name, range=found)
    return Varied(name=name, values=tuple(_read_value(field, each) for each in split(values)))


def split(text: str) -> list[str]:
    """Return the parts of a text between its commas, but not those within brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [each.strip() for each in parts if each.strip()]


def _read_range(field: VariedField, text: str) -> Range:
    ends, *options = text.split(":")
    low, _, high = ends.partition("..")
    found: dict[str, Any] = {"whole": field.kind is int}
    try:
        found.update(low=float(low), high=float(high))
        for option in options:
            key, _, value = option.strip().partition("=")
            if key == "log" and not value:
                found["log"] = True
            elif key == "step":
                found["step"] = float(value)
            elif key == "points":
                found["points"] = int(value)
            else:
                raise ValueError
    except ValueError:
        raise DesignerError(
            f"{field.name}={text} is no range: give one as in {field.name}=1..10, followed by "
            ":log for equal ratios, :step=2 or :points=5."
        ) from None
    return Range(**found)


def _read_value(field: VariedField, text: str) -> Choice:
    """Read a value by the type of its field."""
    for choice in field.choices:
        if str(choice) == text:
            return choice
    word = text.lower()
    if word == "none":
        return None
    if field.kind is bool or (field.kind is None and word in ("true", "false")):
        if word in ("true", "false"):
            return word == "true"
        raise DesignerError(f"{field.name} takes true or false; received '{text}'.")
    if field.kind is str:
        return text
    if text.startswith("["):  # a number for each axis
        return _read_list(field, text)
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise DesignerError(f"{field.name} takes numbers; received '{text}'.") from None


def _read_list(field: VariedField, text: str) -> Choice:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise DesignerError(f"{field.name} takes lists as in [3, 1]; received '{text}'.") from None
