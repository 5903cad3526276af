"""What the command line says and reads of training recipes."""

from collections.abc import Iterable
from typing import Any, get_origin

import msgspec

from designer.errors import DesignerError
from designer.recipe.recipe import fields


def choices(name: str) -> str:
    """Return the words that a setting takes, for a help text: ``sgd, adam or adamw``."""
    *most, last = fields()[name].setting.choices or ("",)
    return f"{', '.join(most)} or {last}"


def read_settings(settings: Iterable[str]) -> dict[str, Any]:
    """Read what ``--set-recipe`` says: values by the dotted names of their settings.

    Raises
    ------
    DesignerError
        A text is not NAME=VALUE, or there is no such setting. Whether a value fits is checked
        when the recipe is made.
    """
    return dict(_setting(each) for each in settings)


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals):
        raise DesignerError(
            f"--set-recipe takes NAME=VALUE, as in optimizer.momentum=0.5; received '{text}'."
        )
    known = fields()
    if name not in known:
        from difflib import get_close_matches

        close = get_close_matches(name, known, 1)
        hint = f"; did you mean '{close[0]}'? All" if close else "; all"
        raise DesignerError(
            f"A recipe has no setting '{name}'{hint} settings are listed by: netdesigner recipe"
        )
    return name, _value(known[name].kind, value)


def _value(kind: Any, text: str) -> Any:
    """Read a value: a word where the setting takes words, else JSON, with lists as ``0.9,0.99``."""
    if kind is str:
        return text
    written = {"none": "null", "true": "true", "false": "false"}.get(text.lower(), text)
    if get_origin(kind) is tuple and not written.startswith("["):
        written = f"[{written}]"
    try:
        return msgspec.json.decode(written)
    except msgspec.DecodeError:
        return text
