"""Checks that the files of each preset are valid and agree with one another."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.design import files
from designer.design.values import Argument, Design
from designer.errors import DesignerError
from designer.presets import Preset
from designer.recipe.recipe import Recipe


class Checked(NamedTuple):
    """The result of checking a preset.

    Attributes
    ----------
    name
        The preset's name.
    analysis
        The analysis of its design, or None if that cannot be read.
    faults
        A sentence for everything that is wrong.
    seconds
        How long the check took.
    """

    name: str
    analysis: Analysis | None
    faults: tuple[str, ...]
    seconds: float


def check(name: str) -> Checked:
    """Check a preset's design, info and recipe; faults are returned, never raised."""
    start = time.perf_counter()
    analysis: Analysis | None = None
    faults: list[str] = []
    try:
        design = presets.load(name)
        analysis = analyze(design)
        faults += _design_faults(presets.path(name), design, analysis)
    except DesignerError as error:
        faults.append(str(error))
    try:
        faults += _info_faults(name, presets.info(name), analysis)
    except DesignerError as error:
        faults.append(str(error))
    faults += _recipe_faults(name)
    return Checked(name, analysis, tuple(faults), time.perf_counter() - start)


def _design_faults(file: Path, design: Design, analysis: Analysis) -> Iterator[str]:
    for problem in analysis.problems:
        yield f"{problem.path or design.name}: {problem.message}"
    yield from _argument_faults(design.name, design.arguments)
    for name, block in design.blocks.items():
        yield from _argument_faults(f"the block {name}", block.arguments)
    if file.read_text(encoding="utf-8") != files.dumps(design):
        yield f"{file.name} is not formatted as the program writes it: open it and save it once."


def _argument_faults(owner: str, arguments: Mapping[str, Argument]) -> Iterator[str]:
    for name, argument in arguments.items():
        refusal = argument.refusal(argument.default)
        if refusal:
            yield f"The default of the argument {name} of {owner} is refused: it {refusal}."


def _info_faults(name: str, info: Preset, analysis: Analysis | None) -> Iterator[str]:
    if analysis is not None:
        totals = analysis.totals
        for what, stated, counted in (
            ("parameters", info.parameters, totals.parameters),
            ("MACs", info.macs, totals.macs),
        ):
            if stated != counted:
                yield f"{name}.info.json says {stated:,} {what}; the design has {counted:,}."
    for other in info.follows:
        if other not in presets.names():
            yield f"{name}.info.json follows {other}, which is no preset."
        elif other == name:
            yield f"{name}.info.json follows itself."
        elif presets.info(other).year > info.year:
            yield f"{name}.info.json follows {other}, which is from a later year."


def _recipe_faults(name: str) -> Iterator[str]:
    file = presets.path(name, "recipe")
    try:
        presets.recipe(name)
    except DesignerError as error:
        yield str(error)
        return
    if file.exists():
        given = msgspec.json.decode(file.read_bytes())
        if not given:
            yield f"{file.name} changes nothing: delete the file."
        for setting in _repeated(given, msgspec.to_builtins(Recipe())):
            yield f"{file.name} repeats the default of {setting}: delete it there."


def _repeated(given: dict[str, Any], defaults: dict[str, Any], group: str = "") -> Iterator[str]:
    """Yield the dotted names of settings that are given their defaults, and of empty groups."""
    for name, value in given.items():
        if isinstance(value, dict) and value:
            yield from _repeated(value, defaults[name], f"{group}{name}.")
        elif value in ({}, defaults[name]):
            yield f"{group}{name}"
