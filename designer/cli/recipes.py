"""What the command line says and reads of training recipes."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from designer.errors import DesignerError
from designer.runs.recipe import Recipe


def choices(name: str) -> str:
    """Return the words that a setting takes, for a help text: ``sgd, adam or adamw``."""
    *most, last = map(str, get_args(_kinds()[name]))
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
    kinds = _kinds()
    if name not in kinds:
        from difflib import get_close_matches

        close = get_close_matches(name, kinds, 1)
        hint = f"; did you mean '{close[0]}'? All" if close else "; all"
        raise DesignerError(
            f"A recipe has no setting '{name}'{hint} settings are listed by: netdesigner recipe"
        )
    return name, _value(kinds[name], value)


def _value(kind: Any, text: str) -> Any:
    """Read a value: a word where the setting takes words, else JSON, with lists as ``0.9,0.99``."""
    if kind is str or get_origin(kind) is Literal:
        return text
    written = {"none": "null", "true": "true", "false": "false"}.get(text.lower(), text)
    if get_origin(kind) is tuple and not written.startswith("["):
        written = f"[{written}]"
    try:
        return msgspec.json.decode(written)
    except msgspec.DecodeError:
        return text


def _kinds() -> dict[str, Any]:
    """Return the type of each setting of a recipe by its dotted name."""
    return dict(_walk(Recipe, ""))


def _walk(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, kind in get_type_hints(group).items():
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield from _walk(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", kind
