"""Settings of a recipe as they are typed on the command line."""

from collections.abc import Mapping
from typing import Any

import msgspec

from designer import system

LONGEST = 1_500
"""Characters of options that a sentence gives in full: `data.skip` may hold thousands of names."""


def text_of(value: Any) -> str:
    """Return a value as ``--set-recipe`` takes it."""
    if isinstance(value, tuple):
        if not value or isinstance(value[0], str):
            return msgspec.json.encode(value).decode()
        if isinstance(value[0], tuple):  # rows of numbers
            return ";".join(map(text_of, value))
        return ",".join(map(str, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def options(settings: Mapping[str, Any]) -> str:
    """Return the options that give settings their values, quoted where a shell needs it."""
    return " ".join(
        system.quoted("--set-recipe", f"{name}={text_of(value)}")
        for name, value in settings.items()
    )
