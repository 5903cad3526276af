"""The commands of studies: one question, many trainings."""

import click

from designer.cli import study_new_command
from designer.cli.options import (
    FILE,
    OUTPUT,
    as_json,
    runs_option,
    trust_code,
)
from designer.cli.output import say_aside, write
from designer.cli.output import show as print_lines
from designer.cli.parameters import Subcommands, option
from designer.cli.study_options import (
    follow,
    listed,
    names,
    parallel_option,
    retry_option,
    study_folder,
    time_option,
    trials_option,
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


study.add_command(study_new_command.new)
study.add_command(study_new_command.templates)


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
@retry_option
@runs_option
@trust_code
def run_(
    study: str,
    trials: int | None,
    limit_time: str | None,
    parallel: int | None,
    retry_failed: bool,
    runs: str | None,
) -> int:
    """Run a study, go on with it, or join others that run it.

    Prints a line for each training that ends. Ctrl+C stops with checkpoints, from which the same
    command goes on; a study that was killed loses nothing that has ended. Any number of processes
    may run a study at once, also on other machines with the same folder. With --trials or --time,
    the study is extended first. What failed, as where the data were away, is trained again with
    --retry-failed.
    """
    from designer.cli import study_folders, study_new

    folder = study_folders.find(study, runs)
    if trials is not None or limit_time is not None:
        seconds = None if limit_time is None else study_new.seconds("--time", limit_time)
        folder.extend(trials=trials, seconds=seconds)
    if retry_failed:
        folder.retry()
    return follow(folder, parallel)


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
@retry_option
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
    type=names("goals"),
    metavar="GOAL",
    help=lambda: f"Sort the table, the best first, by one of: {listed('goals')}.",
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
