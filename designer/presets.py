"""The presets: built-in designs, each with its paper and its published results.

Functions import what reads and analyzes designs only when called: the window shows the gallery
before it has loaded those modules.
"""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from designer.errors import UNREADABLE, DesignerError
from designer.resources import folder

if TYPE_CHECKING:
    from designer.design.expressions import Scalar
    from designer.design.values import Design
    from designer.recipe.recipe import Recipe


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The paper in which an architecture was published."""

    title: str
    reference: str


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A result that the paper reports, such as a top-1 error of 24.7 % with single crops."""

    measure: str
    value: float
    conditions: str
    unit: str = "%"


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A preset's file ``NAME.info.json``: what the gallery shows besides the design itself.

    Attributes
    ----------
    title
        The name as the paper writes it.
    family
        The name that its relatives share, such as "ResNet".
    follows
        The presets whose ideas it builds on directly; empty for the first of a line.
    year
        When it was published.
    paper
        Where it was published.
    idea
        What was new about the architecture, in two sentences.
    recipe_note
        How the paper trained it, and what the bundled recipe does instead.
    published
        Results that the paper reports.
    parameters, macs
        Its number of parameters and its multiply-accumulates for one image, with default arguments,
        so that the gallery can show them before it has read the design.
    """

    title: str
    family: str
    follows: list[str]
    year: int
    paper: Paper
    idea: str
    recipe_note: str
    published: list[Published]
    parameters: int
    macs: int


class ArgumentEntry(msgspec.Struct, frozen=True):
    """An argument of a preset's design."""

    default: "Scalar"
    min: float | None
    max: float | None
    choices: "tuple[Scalar, ...]"
    help: str


class TotalsEntry(msgspec.Struct, frozen=True):
    """What a preset with its default arguments costs for one image."""

    parameters: int
    weights: int
    biases: int
    buffers: int
    macs: int
    output_values: int
    buffer_values: int
    saved_bytes: int
    inference_peak_bytes: int
    file_bytes: int


class Entry(msgspec.Struct, frozen=True):
    """A row of the gallery."""

    name: str
    arguments: dict[str, ArgumentEntry]
    totals: TotalsEntry
    preset: Preset


@cache
def names() -> tuple[str, ...]:
    """Return the names of all presets in alphabetical order."""
    return tuple(sorted(path.stem for path in folder("presets").glob("*.json") if _is_name(path)))


def path(name: str, kind: str = "") -> Path:
    """Return the path of a preset's design, or of the file of the kind ``info`` or ``recipe``."""
    return folder("presets") / ".".join(filter(None, (name, kind, "json")))


def info(name: str) -> Preset:
    """Read a preset's info file.

    Raises
    ------
    DesignerError
        There is no such preset, or its file is damaged.
    """
    if name not in names():
        raise _unknown(name)
    file = path(name, "info")
    try:
        return msgspec.json.decode(file.read_bytes(), type=Preset)
    except (OSError, *UNREADABLE) as error:
        raise DesignerError(
            f"{file}, a file of the program itself, cannot be used ({error}); install the "
            "program again."
        ) from error


def recipe(name_or_path: str | os.PathLike[str]) -> "Recipe | None":
    """Return the recipe of a preset, or the one that is saved in a design file.

    The file ``NAME.recipe.json`` of a preset holds only what differs from the defaults of a recipe;
    a preset without one is trained with the defaults.

    Returns
    -------
    Recipe or None
        None if a design file has no recipe, or there is no such preset or file.

    Raises
    ------
    DesignerError
        The file is damaged, or a part of its recipe cannot be used.
    """
    from designer.recipe.reading import read_recipe
    from designer.recipe.recipe import Recipe

    text = os.fspath(name_or_path)
    if text in names():
        file = path(text, "recipe")
        return read_recipe(file) if file.exists() else Recipe()
    file = Path(text)
    if not file.is_file():
        return None
    from designer.design import files
    from designer.recipe import stored

    found = stored.load(files.load(file).training, file)
    if found.faults:
        raise DesignerError(
            f"The recipe in {file} cannot be used: {stored.sentence(found.faults)}. Correct it "
            'under the key "training", or give another recipe with --recipe.'
        )
    return found.recipe


def usable_recipe(name_or_path: str | os.PathLike[str]) -> "Recipe | None":
    """Return the recipe of `recipe`, for a preset with data that are on this computer.

    Where the data set of a preset is missing, as ImageNet is at first, a built-in one takes its
    place, so that every preset can be trained at once. The recipe in a design file is the user's
    own and stays as it is.

    Raises
    ------
    DesignerError
        As `recipe`.
    """
    own = recipe(name_or_path)
    missing = missing_data(name_or_path)
    if own is None or not missing:
        return own
    from designer.known_data.titles import stand_in_for
    from designer.recipe.reading import changed

    return changed(own, {"data.source": stand_in_for(missing)})


def missing_data(name_or_path: str | os.PathLike[str]) -> str:
    """Return the name of the data set of a preset's recipe if it is not on this computer, else "".

    Raises
    ------
    DesignerError
        As `recipe`.
    """
    from designer.known_data.titles import is_missing

    if os.fspath(name_or_path) not in names():
        return ""
    own = recipe(name_or_path)
    return own.data.source if own is not None and is_missing(own.data.source) else ""


def load(name_or_path: str | os.PathLike[str]) -> "Design":
    """Read a preset by its name, or a design file by its path.

    A preset takes precedence over a file of the same name; that one is read as ``./vgg16``.

    Raises
    ------
    DesignerError
        There is no such preset or file, or the file cannot be read.
    """
    from designer.design import files

    return files.read(locate(name_or_path))


def locate(name_or_path: str | os.PathLike[str]) -> Path:
    """Return the file of a preset by its name, or the path of a design file; see `load`.

    Raises
    ------
    DesignerError
        There is no such preset or file.
    """
    text = os.fspath(name_or_path)
    if text in names():
        return path(text)
    file = Path(text)
    if os.path.lexists(file):
        return file
    if file.suffix or file.name != text:
        raise DesignerError(f"There is no file {text}; check the name and the folder.")
    raise _unknown(text)


def entry(name: str) -> Entry:
    """Return a preset's row of the gallery, for which its design is analyzed.

    Raises
    ------
    DesignerError
        As `info` and `load`.
    """
    from designer.analysis.analysis import analyze

    preset = info(name)
    design = load(name)
    totals = analyze(design).totals
    return Entry(
        name,
        {
            key: ArgumentEntry(each.default, each.minimum, each.maximum, each.choices, each.help)
            for key, each in design.arguments.items()
        },
        TotalsEntry(
            parameters=totals.parameters,
            weights=totals.weights,
            biases=totals.biases,
            buffers=totals.buffers,
            macs=totals.macs,
            output_values=totals.output_values,
            buffer_values=totals.buffer_values,
            saved_bytes=totals.saved_bytes(),
            inference_peak_bytes=totals.inference_peak_bytes,
            file_bytes=totals.file_bytes,
        ),
        preset,
    )


def to_json(entries: Iterable[Entry]) -> str:
    """Return rows of the gallery as a JSON array of flat objects, in ASCII."""
    import json

    rows = []
    for each in entries:
        row = msgspec.to_builtins(each)
        preset = row.pop("preset")
        rows.append({"name": row.pop("name"), **preset, **row})
    return json.dumps(rows, indent=1) + "\n"


def _is_name(file: Path) -> bool:
    return "." not in file.stem  # lenet5.info.json is no preset of its own


def _unknown(name: str) -> DesignerError:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), names(), 1)
    count = len(names())
    if close:
        return DesignerError(
            f"There is no preset or file '{name}'; did you mean {close[0]}? All {count} presets "
            "are listed by: netdesigner presets"
        )
    return DesignerError(
        f"There is no preset or file '{name}'; all {count} presets are listed by: "
        "netdesigner presets"
    )
