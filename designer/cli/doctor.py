"""The command that says what keeps a network from learning."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from designer.cli.advice import device_facts, lines, silence_option, silenced, to_report
from designer.cli.options import (
    DATA,
    DATA_SOURCE,
    FILE,
    SOURCE,
    TRAINING,
    as_json,
    design_settings,
    runs_option,
    set_recipe_option,
    trust_code,
)
from designer.cli.output import show, write
from designer.cli.parameters import Command, argument, option
from designer.errors import DesignerError

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis
    from designer.doctor.advice import Advice
    from designer.doctor.case import Case, DataFacts, DeviceFacts
    from designer.recipe.recipe import Recipe


@click.command(
    "doctor",
    cls=Command,
    examples=(
        "doctor my.json --set-recipe batch=1",
        "doctor 2026-11-28-1904-lenet5 --json",
    ),
)
@argument(
    "source",
    type=SOURCE,
    metavar="RUN|DESIGN",
    help="A run folder, a run's name in the folder of runs, a preset, or a design file.",
)
@option(
    "--recipe",
    type=FILE,
    group=TRAINING,
    metavar="FILE",
    help="A recipe for a design; without it, the design's own.",
)
@set_recipe_option
@option(
    "--data",
    type=DATA_SOURCE,
    group=DATA,
    metavar="NAME|PATH",
    help="Read this data set, too, whose classes may be out of balance.",
)
@design_settings
@trust_code
@silence_option
@runs_option
@as_json
def doctor(
    source: str,
    recipe: str | None,
    set_recipe: Sequence[str],
    data: str | None,
    settings: Sequence[str],
    silence: Sequence[str],
    runs: str | None,
    as_json: bool,
) -> None:
    """Say what keeps a network from learning, and what helps.

    Of a design, what can be seen before it is trained, with its recipe, and, where that names a
    device, with its memory; of a run, what its curves and the statistics of its layers show, too,
    also while it goes on. What the window's settings silence stays silent.
    """
    from designer.cli.runs import names_run
    from designer.doctor.curve_rules import next_step
    from designer.doctor.rules import examine

    silent = silenced(silence)
    if names_run(source, runs):
        for name, given in (
            ("--recipe", recipe),
            ("--set-recipe", set_recipe),
            ("--data", data),
            ("--set", settings),
        ):
            if given:
                raise DesignerError(f"{name} is for designs, but {source} is a run: leave it out.")
        case = _of_run(source, runs)
    else:
        case = _of_design(source, recipe, set_recipe, data, settings)
    found = examine(case, silenced=silent)
    next_ = "" if any(each.severity == "advice" for each in found) else next_step(case)
    if as_json:
        _write_json(found, next_)
        return
    if found:
        show(lines(found))
    else:
        write("The doctor has nothing to say.\n")
    if next_:
        write(f"Next: {next_}\n")


def _write_json(found: "Sequence[Advice]", next_: str) -> None:
    import msgspec

    content = {"advice": [to_report(each) for each in found], "next": next_}
    write(f"{msgspec.json.format(msgspec.json.encode(content)).decode()}\n")


def _of_run(source: str, runs: str | None) -> "Case":
    from designer.cli.runs import find
    from designer.doctor.reading import read_case

    return read_case(find(source, runs))


def _of_design(
    source: str,
    recipe_file: str | None,
    set_recipe: Sequence[str],
    data: str | None,
    settings: Sequence[str],
) -> "Case":
    from designer.cli import jobs, recipes
    from designer.cli.settings import load
    from designer.doctor.case import Case
    from designer.runs import own_layers

    analysis = own_layers.analyzed(load(source, settings))
    if not analysis.valid:
        raise DesignerError(
            f"{source} has problems, which come first; see: netdesigner check {source}"
        )
    changes = recipes.read_settings(set_recipe)
    if data is not None:
        changes = {**changes, "data.source": data}
    recipe = jobs.recipe_for(source, recipe_file, changes)
    facts = None if data is None else _facts(recipe)
    return Case(analysis=analysis, recipe=recipe, data=facts, device=_device(analysis, recipe))


def _device(analysis: "Analysis", recipe: "Recipe") -> "DeviceFacts | None":
    """Return the device that a recipe names; None if any device may train."""
    from designer.doctor.case import DeviceFacts

    if recipe.device == "auto":
        return None
    return device_facts(analysis, recipe) or DeviceFacts(key=recipe.device)


def _facts(recipe: "Recipe") -> "DataFacts":
    """Return what is known of the data of a recipe, once they are read."""
    from designer.cli.unpacking import unpacking_shown
    from designer.data import open_dataset
    from designer.data.balance import balance_findings, class_counts
    from designer.data.options import read_options
    from designer.doctor.case import DataFacts

    with unpacking_shown():
        found = open_dataset(recipe.data.source, read_options(recipe.data))
    counts = {name: class_counts(part, found.target).tolist() for name, part in found.parts.items()}
    return DataFacts(findings=balance_findings(found.name, found.target, counts, recipe))
