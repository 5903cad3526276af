"""The recipe in a design file, under its key ``training``: as data with paths to the file's folder.

A path of data or weights is written relative to the design file where both are near each other, so
that a project can be moved. It then begins with ``./`` or ``../``. A text without a slash is a
name, such as ``mnist10k``.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, fields, value_of

RECIPE = "recipe"  # the only key of `training` so far
_PATHS = ("data.source", "initial_weights")  # settings that may name a file or a folder
_HIGHEST = 2  # folders above the design file that a relative path may begin in


class StoredRecipe(NamedTuple):
    """What a design file says of its training.

    Attributes
    ----------
    recipe
        The recipe with absolute paths; None if the file has none.
    faults
        A clause for each part that cannot be used and has its default instead.
    """

    recipe: Recipe | None
    faults: tuple[str, ...] = ()


def dump(recipe: Recipe, file: Path) -> dict[str, Any]:
    """Return the value of the key ``training`` for a recipe in a design file.

    Parameters
    ----------
    recipe
        The recipe; a relative path in it is one of the current folder.
    file
        The design file that it is written to.
    """
    folder = _folder(file)
    found = {name: _written(value_of(recipe, name), folder) for name in _PATHS}
    return {RECIPE: msgspec.to_builtins(changed(recipe, found))}


def load(training: object, file: Path) -> StoredRecipe:
    """Read the value of the key ``training`` of a design file, as far as it can be used.

    Parameters
    ----------
    training
        The decoded JSON; None if the file lacks the key.
    file
        The design file, to which relative paths relate.
    """
    if training is None:
        return StoredRecipe(None)
    if not isinstance(training, dict):
        return StoredRecipe(None, ("training is no object",))
    faults = [f"training has the unknown key {key}" for key in training if key != RECIPE]
    data = training.get(RECIPE)
    if data is None:
        return StoredRecipe(None, tuple(faults))
    if not isinstance(data, dict):
        return StoredRecipe(None, (*faults, "training.recipe is no object"))
    recipe, more = _recipe(data)
    folder = _folder(file)
    found = {name: _read(value_of(recipe, name), folder) for name in _PATHS}
    return StoredRecipe(changed(recipe, found), (*faults, *more))


def sentence(faults: tuple[str, ...]) -> str:
    """Return the faults of a stored recipe as the end of a sentence."""
    shown = [fault.rstrip(".") for fault in faults[:3]]
    if len(faults) > len(shown):
        shown.append(f"and {len(faults) - len(shown)} more")
    return "; ".join(shown)


def _recipe(data: dict[str, Any]) -> tuple[Recipe, list[str]]:
    """Return the recipe that the data describe, and what of it cannot be used."""
    try:
        return msgspec.convert(data, Recipe), []
    except (msgspec.ValidationError, DesignerError):
        pass
    recipe, known = Recipe(), fields()
    waiting, faults = {}, []
    for name, value in _leaves(data):
        if name in known:
            waiting[name] = value
        else:
            faults.append(f"the recipe has the unknown setting {name[:80]}")
    refused: dict[str, str] = {}
    for _ in range(2):  # a value may fit only together with one that comes later
        refused = {}
        for name, value in waiting.items():
            try:
                recipe = changed(recipe, {name: value})
            except DesignerError as error:
                refused[name] = str(error)
        waiting = {name: waiting[name] for name in refused}
    return recipe, faults + list(refused.values())


def _leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings of nested data by their dotted names, unknown ones, too."""
    groups = {name.rpartition(".")[0] for name in fields()}
    for key, value in data.items():
        name = f"{prefix}{key}"
        if name in groups and isinstance(value, dict):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


# Paths


def _folder(file: Path) -> Path:
    """Return the folder to which the paths in a design file relate: of a link, its target's."""
    return Path(os.path.realpath(file) if file.is_symlink() else os.path.abspath(file)).parent


def _is_path(text: str) -> bool:
    """Tell a path from a name, such as that of a built-in data set or ``torchvision:resnet18``."""
    return "/" in text or os.sep in text


def _written(text: str, folder: Path) -> str:
    if not _is_path(text) or text.startswith("~"):
        return text
    path = Path(os.path.abspath(text))
    try:
        common = Path(os.path.commonpath((path, folder)))
    except ValueError:  # another drive of Windows
        return str(path)
    above = len(folder.relative_to(common).parts)
    if above > _HIGHEST or common in (Path(common.anchor), *Path.home().parents):
        return str(path)
    relative = path.relative_to(common).as_posix()
    return "../" * above + relative if above else f"./{relative}"


def _read(text: str, folder: Path) -> str:
    if not _is_path(text) or text.startswith("~") or os.path.isabs(text):
        return text
    return os.path.normpath(folder / text)
