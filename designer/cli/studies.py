"""The commands of studies: one question, many trainings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from designer.cli.options import (
    DATA,
    DATA_SOURCE,
    DESIGN,
    FILE,
    FOLDER,
    OUTPUT,
    TRAINING,
    as_json,
    data_help,
    design_name,
    design_settings,
    epochs_option,
    runs_option,
    set_recipe_option,
    trust_code,
)
from designer.cli.output import say_aside, write
from designer.cli.output import show as print_lines
from designer.cli.parameters import Subcommands, Text, Whole, argument, option

if TYPE_CHECKING:
    from designer.studies.folder import StudyFolder

QUESTION, SEARCH, REPEATS, BUDGET = "Question", "Search", "Repeats", "Budget"


def _studies() -> Iterable[str]:
    from designer.cli import study_folders

    return study_folders.names()


def _names(table: str) -> Text:
    """Return the type of an option that takes the name of a row of a table of studies."""
    return Text(lambda: _rows(table))


def _rows(table: str) -> Iterable[str]:
    from designer.studies import goals, pruning, samplers

    tables: Mapping[str, Mapping[str, Any]] = {
        "goals": goals.GOALS,
        "samplers": samplers.SAMPLERS,
        "pruners": pruning.PRUNERS,
    }
    return tables[table]


def _listed(table: str) -> str:
    *most, last = _rows(table)
    return f"{', '.join(most)} or {last}"


study_folder = argument(
    "study",
    type=Text(_studies, "dir"),
    metavar="STUDY",
    help="The folder of a study, or the name alone of one in the folder of studies (see: study "
    "list).",
)
parallel_option = option(
    "--parallel",
    type=Whole(min=0),
    metavar="N",
    help="Trainings at once; 0 for one on each GPU. [default: 1]",
)
trials_option = option(
    "--trials",
    type=Whole(min=1),
    group=SEARCH,
    metavar="N",
    help="How many candidates are trained; of a grid, all if not given.",
)
time_option = option(
    "--time",
    "limit_time",
    group=SEARCH,
    metavar="H:M:S",
    help="Begin no further training once all of them together took this long; also in seconds.",
)


@click.group(
    cls=Subcommands,
    examples=(
        "study new lenet5 --vary batch=8,32,128 --repeats 3 --run",
        "study show batch-of-lenet-5",
    ),
)
def study() -> None:
    """Answer a question by many trainings.

    A study varies settings of the recipe, arguments and parameters of the design, or whole
    networks; trains each candidate, several times if wanted; and says what was found, and how sure
    it is.
    """


@study.command(
    examples=(
        "study new lenet5 --vary batch=8,32,128 --repeats 3 --run",
        "study new my.json --vary batch=8..256 --sampler tpe --trials 30",
    ),
)
@design_name
@option(
    "--vary",
    multiple=True,
    group=QUESTION,
    metavar="NAME=VALUES",
    help="A field that varies: batch=8,32,128, a range as in "
    "optimizer.learning_rate=1e-4..1e-1:log (or with :step=2 or :points=5), or a name alone for "
    "what suits it. Fields of the design begin with design., as in "
    "design.conv1.out_channels=8,16. May be given several times.",
)
@option(
    "--network",
    type=DESIGN,
    multiple=True,
    group=QUESTION,
    metavar="DESIGN",
    help="A further design that is compared with the first. May be given several times.",
)
@option(
    "--variant",
    multiple=True,
    group=QUESTION,
    metavar="TITLE:NAME=VALUE,...",
    help="Several changes that make one candidate, under a title of its own. May be given several "
    "times; TITLE: alone changes nothing.",
)
@option(
    "--goal",
    type=_names("goals"),
    multiple=True,
    group=QUESTION,
    metavar="NAME",
    help=lambda: f"What is compared, the most important one first: {_listed('goals')}.",
)
@option("--title", group=QUESTION, metavar="TEXT", help="What the study is called.")
@option("--question", group=QUESTION, metavar="TEXT", help="The question in a sentence.")
@option(
    "--sampler",
    type=_names("samplers"),
    default="grid",
    group=SEARCH,
    metavar="NAME",
    help=lambda: (
        f"How candidates are found: {_listed('samplers')}; the last two need Optuna. [default: "
        "grid]"
    ),
)
@trials_option
@time_option
@option(
    "--prune",
    type=_names("pruners"),
    default="none",
    group=SEARCH,
    metavar="NAME",
    help=lambda: f"Stop trainings that fall behind: {_listed('pruners')}. [default: none]",
)
@option(
    "--repeats",
    type=Whole(min=1),
    group=REPEATS,
    metavar="N",
    help="Train each candidate with N seeds; with --folds, draw the folds N times.",
)
@option(
    "--folds",
    type=Whole(min=2),
    group=REPEATS,
    metavar="K",
    help="Divide the examples into K parts, and train each candidate K times, each time with "
    "another part for validation.",
)
@option(
    "--bootstrap",
    type=Whole(min=1),
    group=REPEATS,
    metavar="N",
    help="Train each candidate N times on examples drawn with replacement.",
)
@option(
    "--most-parameters",
    type=Whole(min=1),
    group=BUDGET,
    metavar="N",
    help="Refuse candidates with more parameters, before they are trained.",
)
@option(
    "--most-macs",
    type=Whole(min=1),
    group=BUDGET,
    metavar="N",
    help="Refuse candidates with more multiply-accumulates.",
)
@option(
    "--most-training-memory",
    type=Whole(min=1),
    group=BUDGET,
    metavar="BYTES",
    help="Refuse candidates that need more memory for a step of the training.",
)
@option(
    "--most-file-size",
    type=Whole(min=1),
    group=BUDGET,
    metavar="BYTES",
    help="Refuse candidates whose file of weights is larger.",
)
@option("--data", type=DATA_SOURCE, group=DATA, metavar="NAME|PATH", help=data_help)
@option(
    "--limit",
    type=Whole(min=1),
    group=DATA,
    metavar="N",
    help="Use at most this many training images.",
)
@option(
    "--recipe",
    type=FILE,
    group=TRAINING,
    metavar="FILE|NAME",
    help="A recipe file or a template; without it, the design's own.",
)
@set_recipe_option
@epochs_option
@option(
    "--seed",
    type=Whole(min=0),
    default=0,
    group=SEARCH,
    metavar="N",
    help="The first seed of the trainings, and the seed of the search. [default: 0]",
)
@option(
    "--to",
    type=FOLDER,
    group=OUTPUT,
    metavar="DIR",
    help="The new folder of the study; one in "
    "the folder of studies, named after the title, if not given.",
)
@runs_option
@option("--run", is_flag=True, help="Run the study at once.")
@parallel_option
@design_settings
@trust_code
def new(
    design: str,
    vary: Sequence[str],
    network: Sequence[str],
    variant: Sequence[str],
    goal: Sequence[str],
    title: str | None,
    question: str | None,
    sampler: str,
    trials: int | None,
    limit_time: str | None,
    prune: str,
    repeats: int | None,
    folds: int | None,
    bootstrap: int | None,
    most_parameters: int | None,
    most_macs: int | None,
    most_training_memory: int | None,
    most_file_size: int | None,
    data: str | None,
    limit: int | None,
    recipe: str | None,
    set_recipe: Sequence[str],
    epochs: int | None,
    seed: int,
    to: str | None,
    runs: str | None,
    run: bool,
    parallel: int | None,
    settings: Sequence[str],
) -> int:
    """Write a new study; with --run, run it at once.

    With several --vary, every combination is a candidate, unless --sampler says otherwise. The
    design of a candidate and its costs are examined before any training.
    """
    from designer.cli import study_folders, study_new
    from designer.studies import fields
    from designer.studies.journal import State
    from designer.studies.progress import wanted
    from designer.studies.spec import Budget, Pruning, Study

    options = {"data.source": data, "data.limit": limit, "epochs": epochs}
    changes = {name: value for name, value in options.items() if value is not None}
    base, plan = study_new.design_and_recipe(design, settings, recipe, changes, set_recipe)
    designs = {"": base}
    varied = [fields.read(each, base, plan) for each in vary]
    if network:
        designs, field = study_new.networks(base, network)
        varied.append(field)
    if variant:
        varied.append(study_new.variants(variant, base, plan))
    made = Study(
        title=title or study_new.title_of(base, varied),
        question=question or "",
        varied=tuple(varied),
        sampler=sampler,
        goals=study_new.goals(goal, plan),
        protocol=study_new.protocol(repeats=repeats, folds=folds, bootstrap=bootstrap, seed=seed),
        budget=Budget(
            parameters=most_parameters,
            macs=most_macs,
            training_bytes=most_training_memory,
            file_bytes=most_file_size,
        ),
        trials=trials,
        seconds=None if limit_time is None else study_new.seconds("--time", limit_time),
        pruning=Pruning(name=prune),
        seed=seed,
        parallel=1 if parallel is None else parallel,
    )
    folder = study_new.create(made, designs, plan, to, study_folders.root(runs))
    if run:
        return _follow(folder, parallel)
    write(f"{study_new.size(wanted(made, State()), len(folder.replicates()))}\n")
    write(f"The study is in {folder.path}\n")
    write(f"Run it with: netdesigner study run {study_folders.reference(folder.path)}\n")
    return 0


def _follow(folder: "StudyFolder", parallel: int | None) -> int:
    from designer.cli import study_run

    return study_run.follow(folder, parallel=parallel)


@study.command(
    "run",
    examples=(
        "study run batch-of-lenet-5",
        "study run /shared/my-study --parallel 2",
    ),
)
@study_folder
@trials_option
@time_option
@parallel_option
@runs_option
@trust_code
def run_(
    study: str, trials: int | None, limit_time: str | None, parallel: int | None, runs: str | None
) -> int:
    """Run a study, go on with it, or join others that run it.

    Prints a line for each training that ends. Ctrl+C stops with checkpoints, from which the same
    command goes on; a study that was killed loses nothing that has ended. Any number of processes
    may run a study at once, also on other machines with the same folder. With --trials or --time,
    the study is extended first.
    """
    from designer.cli import study_folders, study_new

    folder = study_folders.find(study, runs)
    if trials is not None or limit_time is not None:
        seconds = None if limit_time is None else study_new.seconds("--time", limit_time)
        folder.extend(trials=trials, seconds=seconds)
    return _follow(folder, parallel)


@study.command(
    examples=(
        "study resume batch-of-lenet-5",
        "study resume my-search --trials 60",
    ),
)
@study_folder
@trials_option
@time_option
@parallel_option
@runs_option
@trust_code
@click.pass_context
def resume(context: click.Context, /, **options: object) -> int:
    """Go on with a study: the same as run."""
    code: int = context.invoke(run_, **options)
    return code


@study.command(
    examples=(
        "study show batch-of-lenet-5",
        "study show my-search --sort macs --html report.html",
    ),
)
@study_folder
@option(
    "--sort",
    type=_names("goals"),
    metavar="GOAL",
    help=lambda: f"Sort the table, the best first, by one of: {_listed('goals')}.",
)
@option(
    "--csv",
    "csv_file",
    type=FILE,
    group=OUTPUT,
    metavar="FILE",
    help="Write all candidates into a CSV file.",
)
@option(
    "--html",
    "html_file",
    type=FILE,
    group=OUTPUT,
    metavar="FILE",
    help="Write a page with the answer, plots and all candidates.",
)
@as_json
@runs_option
def show(
    study: str,
    sort: str | None,
    csv_file: str | None,
    html_file: str | None,
    as_json: bool,
    runs: str | None,
) -> None:
    """Say what a study found.

    Prints a line for each candidate, with the mean and the standard deviation of each goal over its
    trainings, and the answer: which is best and by how much, which differ from it by more than
    chance, what each field does, and what cannot be told. A study that still runs is shown as far
    as it is.
    """
    from pathlib import Path

    from designer.cli import study_folders, study_show
    from designer.studies.answers.report import write_report
    from designer.studies.answers.table import read

    folder = study_folders.find(study, runs)
    table = read(folder)
    if as_json:
        write(study_show.to_json(folder, table, sort))
    elif not (csv_file or html_file):
        print_lines(study_show.lines(table, sort))
    if csv_file:
        say_aside(study_show.write_csv(table, Path(csv_file)))
    if html_file:
        write_report(folder, Path(html_file))
        say_aside(f"The report is in {html_file}.")


@study.command(
    "list",
    examples=(
        "study list",
        "study list --runs experiments --json",
    ),
)
@runs_option
@as_json
def list_(runs: str | None, as_json: bool) -> None:
    """List the studies.

    Prints for each in the folder of studies how far it is, and its best candidate so far.
    """
    from designer.cli import study_list

    if as_json:
        write(study_list.to_json(runs))
    else:
        print_lines(study_list.lines(runs))
