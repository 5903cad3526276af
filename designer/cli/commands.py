"""The commands and their options.

Each imports what it needs when it runs, so that every command starts fast.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from designer import __version__
from designer.cli import (
    advice,
    code,
    diff,
    doctor,
    evaluation_commands,
    folding,
    importing,
    inside,
    job,
    learning_rate,
    lessons,
    map_commands,
    model_commands,
    rate_command,
    sampling,
    studies,
    system,
    training_commands,
    window,
)
from designer.cli.options import (
    DATA,
    DATA_SOURCE,
    DESIGN,
    FILE,
    FOLDER,
    OUTPUT,
    RUN,
    RUN_HELP,
    as_json,
    design_name,
    design_settings,
    epochs_option,
    runs_option,
    set_recipe_option,
    trust_code,
)
from designer.cli.output import INTERRUPTED, PROGRAM, printable, show, width, write
from designer.cli.parameters import Group, Whole, argument, option
from designer.cli.settings import load
from designer.errors import DesignerError

LARGEST_BATCH = 10**6


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns
    -------
    int
        The exit code: 0, 1 for an invalid design, 2 for wrong use, for which click writes a
        sentence to standard error.
    """
    try:
        code = program.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except SystemExit as end:  # click's own, for a closed pipe and for the shell's completion
        return end.code if isinstance(end.code, int) else 1
    return code if isinstance(code, int) else 0


# Commands


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples=("my.json", "train lenet5 --data mnist10k"),
)
@click.version_option(
    __version__,
    prog_name=PROGRAM,
    message="%(prog)s %(version)s",
    help="Print the version and exit.",
)
@click.pass_context
def program(context: click.Context) -> int | None:
    """Design neural networks, see what every layer costs, train them, take the code away.

    Without a command, opens the window; with a preset or a design file, opens the window on it.
    """
    return window.show() if context.invoked_subcommand is None else None


@program.command(
    "open",
    examples=(
        "open my.json",
        "open vgg16 resnet50",
    ),
)
@argument(
    "designs",
    type=DESIGN,
    nargs=-1,
    metavar="[DESIGN ...]",
    help="Presets' names, design files, or networks as import takes them.",
)
def open_(designs: Sequence[str]) -> int:
    """Open the window, with designs in it."""
    return window.show(designs)


@program.command(
    examples=(
        "check vgg16",
        "check my.json --set classes=100 --batch 32",
    ),
)
@design_name
@design_settings
@trust_code
@option(
    "--batch",
    type=Whole(min=1, max=LARGEST_BATCH),
    metavar="N",
    help="Images in a batch, for the memory needed and for layers that cannot be trained with so "
    "few. [default: 1]",
)
@advice.silence_option
@as_json
def check(
    design: str,
    settings: Sequence[str],
    batch: int | None,
    silence: Sequence[str],
    as_json: bool,
) -> int:
    """Check a design: outputs, weights, MACs, memory.

    Prints a table of every layer and the totals. Exits with 1 and names every problem if the
    design is invalid. What would only spoil its training, with the batch or with the recipe that is
    saved with it, is a warning, or advice of the doctor (see: doctor).
    """
    silenced = advice.silenced(silence)
    return _check(design, settings, batch=batch, silenced=silenced, as_json=as_json)


def _check(
    name: str,
    settings: Sequence[str] = (),
    *,
    batch: int | None = None,
    silenced: frozenset[str] = frozenset(),
    as_json: bool = False,
) -> int:
    from designer import presets as built_in
    from designer.analysis.assist.training import warnings
    from designer.recipe.recipe import Recipe
    from designer.runs import own_layers

    analysis = own_layers.analyzed(load(name, settings))
    problems, said = analysis.problems, advice.NOTHING
    if analysis.valid:
        recipe = None
        with suppress(DesignerError):  # a part of it cannot be used, which training reports
            recipe = built_in.recipe(name)
        trained = batch or (recipe.batch if recipe is not None else None)
        found = warnings(analysis, trained, recipe.loss.name if recipe is not None else None)
        problems += advice.unsilenced(found, silenced)
        said = advice.before(analysis, recipe or Recipe(), batch=trained, silenced=silenced)
    batch = batch or 1
    if as_json:
        from designer.analysis.report.check import report

        reports = [advice.to_report(each) for each in said]
        write(report(analysis, batch, problems, reports).to_json())
    else:
        from designer.analysis.report import sheet
        from designer.analysis.report.line import Line, Style

        show(sheet.check(analysis, batch=batch, width=width(sys.stdout)))
        if problems:
            show([Line()])
            show(sheet.problems(problems), error=True)
        if any(each.code == "not-trusted" for each in problems):
            sentence = (
                "Read this code in the design file; to trust it from now on, add --trust-code."
            )
            show([Line(sentence)], error=True)
        unsaid = advice.unsaid(said, problems)
        if unsaid:
            show([Line(), Line("Advice", Style.HEADING), *advice.lines(unsaid)])
    return 0 if analysis.valid else 1


@program.command(
    examples=(
        "presets",
        "presets --json",
    ),
)
@as_json
@option("--check", "checked", is_flag=True, help="Check every preset instead of listing them.")
def presets(as_json: bool, checked: bool) -> int:
    """List the built-in designs.

    Prints their arguments with defaults, their totals and their papers. With --check, compares
    each design with the other files of its preset, prints a line for each, and exits with 1 if
    something is wrong.
    """
    from designer import presets as built_in
    from designer.cli import listing

    if checked:
        return 0 if listing.check(built_in.names()) else 1
    entries = [built_in.entry(name) for name in built_in.names()]
    entries.sort(key=lambda entry: (entry.preset.year, entry.name))
    if as_json:
        write(built_in.to_json(entries))
    else:
        show(line for entry in entries for line in listing.lines(entry))
    return 0


# Data, recipes and runs


program.add_command(training_commands.train)


@program.command(
    examples=(
        "data pictures --json",
        "data fashion_mnist --download",
    ),
)
@argument(
    "source",
    type=DATA_SOURCE,
    required=False,
    metavar="[NAME|PATH]",
    help="The name of a data set, or a file, archive or folder; without one, the data sets that "
    "are known by name are listed.",
)
@option("--all", "every", is_flag=True, help="Look at all pictures, however many there are.")
@option("--download", is_flag=True, help="Download the data set of this name first.")
@option(
    "--recipe",
    type=FILE,
    group=DATA,
    metavar="FILE",
    help="A recipe, which says how the data are read and divided.",
)
@set_recipe_option
@as_json
def data(
    source: str | None,
    every: bool,
    download: bool,
    recipe: str | None,
    set_recipe: Sequence[str],
    as_json: bool,
) -> None:
    """Say what a data set holds and what is wrong with it.

    Prints its classes with their images in each part, sizes, questions with the options that answer
    them, pictures that cannot be read, and equal ones in several parts. Of more than 2,000 pictures
    only some are looked at, unless --all is given.
    """
    from designer.cli import data as work
    from designer.cli import data_text

    if source is None:
        for option_, given in (("--download", download), ("--recipe", recipe)):
            if given:
                raise DesignerError(f"{option_} needs a data set, as in: {PROGRAM} data mnist")
        if as_json:
            write(work.listing_json())
        else:
            show(data_text.listing())
        return
    plan = work.recipe_for(source, recipe, set_recipe)
    if download:
        work.fetch(source)
    found = work.report(plan, every=every)
    if as_json:
        write(work.to_json(found))
    else:
        show(data_text.lines(found, width(sys.stdout)))


@program.command(
    examples=(
        "recipe lenet5",
        "recipe --templates",
    ),
)
@argument(
    "design",
    type=DESIGN,
    required=False,
    metavar="[DESIGN]",
    help="Show the values with which this design would be trained, instead of the defaults.",
)
@option("--templates", is_flag=True, help="List the recipe templates instead.")
@as_json
def recipe(design: str | None, templates: bool, as_json: bool) -> None:
    """List the settings of a training recipe.

    Prints the name, value, help and range of each, for --set-recipe and for recipe files. With
    --templates, lists the recipes of published networks and those saved in the window, which
    --recipe takes by name.
    """
    from designer.cli import jobs, recipes

    if templates:
        if design is not None:
            raise DesignerError("--templates lists templates: leave the design out.")
        if as_json:
            write(recipes.templates_json())
        else:
            show(recipes.template_lines())
        return
    if design is not None:
        load(design)  # refuses what is no design
    plan = jobs.recipe_for(design or "", None, {})
    if as_json:
        write(recipes.to_json(plan))
    else:
        show(recipes.lines(plan))


program.add_command(training_commands.resume)
program.add_command(training_commands.train_on)
program.add_command(job.job)


@program.command(
    "runs",
    examples=(
        "runs",
        "runs --runs experiments --json",
    ),
)
@runs_option
@as_json
def runs_(runs: str | None, as_json: bool) -> None:
    """List the runs, with their results and sizes.

    The folder of runs is the one of the window's settings, unless --runs names another.
    """
    from designer.cli import runs as listing

    root = listing.folder(runs)
    found = listing.summaries(root)
    if as_json:
        write(listing.to_json(root, found) + "\n")
    else:
        show(listing.lines(root, found))


@program.command(
    examples=(
        "prune --older-than 30 --dry-run",
        "prune my-run",
    ),
)
@argument("names", type=RUN, metavar="[RUN ...]", nargs=-1, help=RUN_HELP)
@runs_option
@option(
    "--older-than",
    type=Whole(min=0),
    default=0,
    metavar="DAYS",
    help="Leave runs alone that were trained in the last so many days.",
)
@option("--dry-run", is_flag=True, help="Only say what would be deleted, and how much that frees.")
def prune(names: Sequence[str], runs: str | None, older_than: int, dry_run: bool) -> None:
    """Delete old checkpoints to free disk space.

    Deletes checkpoints/last.pt, from which a run is resumed or trained on, and the weights that
    were kept of other epochs (the setting keep_checkpoints). The weights of the best epoch remain,
    so that the run can still be exported. Without a RUN, prunes all that ended by themselves; a
    stopped, killed or failed run, which may be resumed, only if it is named. A run that is being
    trained is never pruned.
    """
    from designer.cli import runs as listing

    for line in listing.prune(names, runs, older_than_days=older_than, dry_run=dry_run):
        write(f"{printable(line)}\n")


# Help lists the commands in the order in which they are declared.
program.add_command(diff.diff)
program.add_command(folding.fold)
program.add_command(folding.unfold)
program.add_command(model_commands.export)
program.add_command(model_commands.weights)
program.add_command(importing.import_)


@program.command(
    examples=(
        "demo",
        "demo --terminal --epochs 1",
    ),
)
@option(
    "--run",
    type=FOLDER,
    group=OUTPUT,
    metavar="DIR",
    help="The new run folder; DATE-lenet5 in the folder of runs if not given.",
)
@runs_option
@epochs_option
@option("--terminal", is_flag=True, help="Train in the terminal even if there is a display.")
def demo(run: str | None, runs: str | None, epochs: int | None, terminal: bool) -> int:
    """Open LeNet-5 and train it on the built-in digits.

    With a display, the window opens on the finished design and its training begins. Without a
    display, or with an option, the design is checked, trained and exported in the terminal: model
    files and a picture of the curves, all in one run folder, in less than a minute on two cores.
    """
    from designer.gui.shell import application as gui

    if not (terminal or run or runs or epochs):
        if gui.has_screen():
            return window.show(demo=True)
        missing = gui.display_missing()
        if missing:
            write(f"{missing}\n\n")
    _check("lenet5")
    write("\n")
    from designer.cli import jobs

    return jobs.demo(run, runs, epochs)


program.add_command(learning_rate.learning_rate)
program.add_command(lessons.lessons)
program.add_command(evaluation_commands.evaluate)
program.add_command(evaluation_commands.ensemble)
program.add_command(doctor.doctor)
program.add_command(evaluation_commands.report)
program.add_command(evaluation_commands.curves)
program.add_command(inside.predict)
program.add_command(sampling.sample)
program.add_command(map_commands.maps)
program.add_command(map_commands.explain)
program.add_command(map_commands.augment)
program.add_command(inside.time_)
program.add_command(inside.measure)
program.add_command(rate_command.lr_range)
program.add_command(studies.study)
program.add_command(code.code)
program.add_command(system.completion)
program.add_command(system.install_desktop)
