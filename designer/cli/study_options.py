"""Arguments and options that several commands of studies take."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from designer.cli.parameters import Text, Whole, argument, option

if TYPE_CHECKING:
    from designer.studies.folder import StudyFolder

QUESTION, SEARCH, REPEATS, BUDGET = "Question", "Search", "Repeats", "Budget"


def _studies() -> Iterable[str]:
    from designer.cli import study_folders

    return study_folders.names()


def names(table: str) -> Text:
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


def listed(table: str) -> str:
    """Return the names of the rows of a table of studies as a list in a sentence."""
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
retry_option = option(
    "--retry-failed",
    is_flag=True,
    help="Train again what failed, once the reason is mended.",
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


def follow(folder: "StudyFolder", parallel: int | None) -> int:
    """Run a study in the terminal; return the exit code."""
    from designer.cli import study_run

    return study_run.follow(folder, parallel=parallel)
