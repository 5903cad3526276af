"""Recipes from files and from changes by dotted names, refused in a sentence where wrong."""

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from designer.errors import DesignerError
from designer.recipe.recipe import Recipe

_MAX_FILE_BYTES = 2**20
_OLD_KEY = "optimiser"  # in the files of version 0.1


def recipe_from_json(data: bytes | str, *, origin: str = "The recipe") -> Recipe:
    """Read a recipe; fields that are left out have their defaults.

    Parameters
    ----------
    data
        JSON. ``optimiser``, the key of earlier versions, is read as ``optimizer``.
    origin
        What an error's sentence begins with, such as the file's name.

    Raises
    ------
    DesignerError
        It is no JSON, or has an unknown field, a wrong type, or a value out of its range.
    """
    try:
        text = data.encode() if isinstance(data, str) else data
        text = text.removeprefix(codecs.BOM_UTF8)
        if f'"{_OLD_KEY}"'.encode() in text:
            text = _with_new_key(text)
        return msgspec.json.decode(text, type=Recipe)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DesignerError(f"{origin} cannot be used: {_explained(error)}") from error
    except DesignerError as error:
        raise DesignerError(f"{origin} cannot be used: {error}") from error
    except RecursionError as error:
        raise DesignerError(
            f"{origin} cannot be used: it is nested too deeply; correct or renew it."
        ) from error


def _with_new_key(text: bytes) -> bytes:
    """Return the JSON with ``optimizer`` in place of its old spelling, the values untouched."""
    fields = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    if _OLD_KEY not in fields:
        return text
    if "optimizer" in fields:
        raise DesignerError(
            f"it has both optimizer and {_OLD_KEY}, the spelling of earlier versions: remove "
            f"{_OLD_KEY}."
        )
    return msgspec.json.encode(
        {"optimizer" if name == _OLD_KEY else name: value for name, value in fields.items()}
    )


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a file, which is left as it is.

    Raises
    ------
    DesignerError
        The file cannot be read, or as `recipe_from_json`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DesignerError(
            f"The recipe {path} cannot be read ({error.strerror}): give the path of a recipe file."
        ) from error
    if len(data) > _MAX_FILE_BYTES:
        raise DesignerError(
            f"The recipe {path} has more than 1 MiB: give the path of a recipe file."
        )
    return recipe_from_json(data, origin=f"The recipe {path}")


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """Return the recipe with fields set by dotted name, as in ``{"optimizer.momentum": 0.5}``.

    Raises
    ------
    DesignerError
        There is no such field, or the value does not fit it.
    """
    fields = msgspec.to_builtins(recipe)
    for name, value in changes.items():
        *groups, last = name.split(".")
        target = fields
        for group in groups:
            target = target.get(group)
            if not isinstance(target, dict):
                raise DesignerError(f"A recipe has no field {name}; {_known(())}.")
        target[last] = value
    try:
        return msgspec.convert(fields, Recipe)
    except msgspec.ValidationError as error:
        raise DesignerError(_explained(error)) from error


def _explained(error: Exception) -> str:
    """Return msgspec's message as a sentence in the recipe's own terms."""
    message, _, path = str(error).partition(" - at `$")
    names = path.strip("`.").split(".") if path.strip("`.") else []
    if message.startswith("Object contains unknown field"):
        unknown = ".".join((*names, message.split("`")[1]))
        return f"it has an unknown field {unknown}; {_known(names)}."
    if not isinstance(error, msgspec.ValidationError):
        return f"it is no valid JSON ({message.removeprefix('JSON is ')}); correct or renew it."
    where = ".".join(names) or "the recipe"
    return f"{where}: {message[:1].lower()}{message[1:].replace('`', '')}."


def _known(groups: list[str] | tuple[()]) -> str:
    """Return the clause that lists the fields of the recipe, or of a group of it."""
    defaults: Any = Recipe()
    for group in groups:
        defaults = getattr(defaults, group)
    return "the fields are " + ", ".join(defaults.__struct_fields__)
