"""The gallery: built-in designs, each with its paper and its published figures.

What reads and analyses them is imported with the first: the window shows the gallery before that.
"""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from designer.errors import DesignerError
from designer.resources import folder

if TYPE_CHECKING:
    from designer.design.expressions import Scalar
    from designer.design.values import Design
    from designer.runs.recipe import Recipe


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an architecture was published."""

    title: str
    reference: str


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure that the paper gives."""

    measure: str
    value: float
    conditions: str
    unit: str = "%"


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the gallery tells of a preset beside its design.

    Attributes
    ----------
    family
        The name that its relatives share, such as "ResNet".
    follows
        The presets whose ideas it builds on directly; empty for the first of a line.
    parameters, macs
        What it costs with its default arguments, the MACs for one image, so that the gallery can
        tell it before it has read the design.
    idea
        What the architecture brought, in two sentences.
    recipe_note
        How the paper trained it, and what the bundled recipe does instead.
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
    """What a preset costs with its default arguments, for one image."""

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
    """Return the names of all presets in the order of the alphabet."""
    return tuple(sorted(path.stem for path in folder("presets").glob("*.json") if _is_name(path)))


def path(name: str, kind: str = "") -> Path:
    """Return where a preset's design lies, or its ``info`` or ``recipe``."""
    return folder("presets") / ".".join(filter(None, (name, kind, "json")))


def info(name: str) -> Preset:
    """Return what the gallery tells of a preset.

    Raises
    ------
    DesignerError
        There is no such preset, or its file is damaged.
    """
    if name not in names():
        raise _unknown(name)
    place = path(name, "info")
    try:
        return msgspec.json.decode(place.read_bytes(), type=Preset)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DesignerError(
            f"{place}, a file of the program itself, cannot be used ({error}); install the "
            "program again."
        ) from error


def recipe(name: str) -> "Recipe | None":
    """Return the recipe that lies beside a preset; None for a name that is no preset's.

    Raises
    ------
    DesignerError
        Its file is damaged.
    """
    from designer.runs.recipe import read_recipe

    return read_recipe(path(name, "recipe")) if name in names() else None


def load(name_or_path: str | os.PathLike[str]) -> "Design":
    """Read a preset by its name, or a design file by its path.

    A file beside you that is called like a preset is read as ``./vgg16``.

    Raises
    ------
    DesignerError
        There is neither, or the file cannot be read.
    """
    from designer.design import files

    text = os.fspath(name_or_path)
    if text in names():
        return files.read(path(text))
    place = Path(text)
    if place.suffix or place.name != text or os.path.lexists(place):
        return files.read(place)
    raise _unknown(text)


def entry(name: str) -> Entry:
    """Return a preset's row of the gallery; analyses its design.

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
    """Return rows of the gallery as an array of flat objects, in ASCII."""
    import json

    rows = []
    for each in entries:
        row = msgspec.to_builtins(each)
        preset = row.pop("preset")
        rows.append({"name": row.pop("name"), **preset, **row})
    return json.dumps(rows, indent=1) + "\n"


def _is_name(place: Path) -> bool:
    return "." not in place.stem


def _unknown(name: str) -> DesignerError:
    from difflib import get_close_matches

    close = get_close_matches(name.lower(), names(), 1)
    hint = f"did you mean {close[0]}? All" if close else "all"
    return DesignerError(
        f"There is no preset or file '{name}'; {hint} {len(names())} presets are listed by: "
        "netdesigner presets"
    )
