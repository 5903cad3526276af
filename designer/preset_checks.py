"""Whether every built-in design is what its files say: valid, counted right, trainable, clean."""

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.design import files
from designer.design.values import Argument, Design
from designer.errors import DesignerError
from designer.presets import Preset


class Checked(NamedTuple):
    """What was found out about a preset.

    Attributes
    ----------
    analysis
        None if its design cannot be read.
    faults
        A sentence for everything that is wrong.
    """

    name: str
    analysis: Analysis | None
    faults: tuple[str, ...]
    seconds: float


def check(name: str) -> Checked:
    """Look at all three files of a preset; nothing that is wrong with them raises."""
    start = time.perf_counter()
    analysis: Analysis | None = None
    faults: list[str] = []
    try:
        design = presets.load(name)
        analysis = analyze(design)
        faults += _design_faults(design, analysis)
    except DesignerError as error:
        faults.append(str(error))
    try:
        faults += _info_faults(name, presets.info(name), analysis)
    except DesignerError as error:
        faults.append(str(error))
    faults += _recipe_faults(name)
    return Checked(name, analysis, tuple(faults), time.perf_counter() - start)


def _design_faults(design: Design, analysis: Analysis) -> Iterator[str]:
    for problem in analysis.problems:
        yield f"{problem.path or design.name}: {problem.message}"
    yield from _argument_faults(design.name, design.arguments)
    for name, block in design.blocks.items():
        yield from _argument_faults(f"the block {name}", block.arguments)
    if files.loads(files.dumps(design), origin=design.name) != design:
        yield "Written and read again, the design is another one."


def _argument_faults(owner: str, arguments: Mapping[str, Argument]) -> Iterator[str]:
    for name, argument in arguments.items():
        refusal = argument.refusal(argument.default)
        if refusal:
            yield f"The argument {name} of {owner} {refusal}, its own default."


def _info_faults(name: str, info: Preset, analysis: Analysis | None) -> Iterator[str]:
    if analysis is not None:
        totals = analysis.totals
        for what, told, counted in (
            ("parameters", info.parameters, totals.parameters),
            ("MACs", info.macs, totals.macs),
        ):
            if told != counted:
                yield f"{name}.info.json tells of {told:,} {what}; the design has {counted:,}."
    for other in info.follows:
        if other not in presets.names():
            yield f"{name}.info.json follows {other}, which is no preset."
        elif other == name:
            yield f"{name}.info.json follows itself."
        elif presets.info(other).year > info.year:
            yield f"{name}.info.json follows {other}, which is of a later year."


def _recipe_faults(name: str) -> Iterator[str]:
    try:
        presets.recipe(name)
    except DesignerError as error:
        yield str(error)
