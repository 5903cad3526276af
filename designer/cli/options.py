"""Arguments and options that several commands take, and help texts that derive from tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from designer.cli.parameters import Text, Whole, argument, option
from designer.cli.trust import TRUST
from designer.errors import DesignerError
from designer.runs.export_formats import EXPORT_FORMATS

TRAINING, DATA, OUTPUT = "Training options", "Data options", "Output options"

EXPORT_SUFFIXES = tuple(EXPORT_FORMATS)
EXPORT_HELP = f"Write model files: {', '.join(EXPORT_SUFFIXES[:-1])} or {EXPORT_SUFFIXES[-1]}."


# What the shell completes


def _presets() -> Iterable[str]:
    from designer import presets

    return presets.names()


def _lessons() -> Iterable[str]:
    from designer import lessons

    return lessons.names()


def _runs() -> Iterable[str]:
    from designer.cli import runs
    from designer.runs.folder import list_runs

    return [run.path.name for run in list_runs(runs.folder(None))]


def _data() -> Iterable[str]:
    from designer.data import opening
    from designer.known_data import KNOWN

    return (*opening.BUILT_IN, *KNOWN)


def _settings() -> Iterable[str]:
    from designer.recipe.recipe import fields

    return [f"{name}=" for name in fields()]


def number(option: str, text: str) -> float:
    """Return the number that an option takes.

    Raises
    ------
    DesignerError
        The text is no number.
    """
    try:
        return float(text)
    except ValueError:
        raise DesignerError(f"{option} takes a number, as in 0.01; received '{text}'.") from None


def one_of(setting: str) -> Text:
    """Return the type of an option that takes one of a recipe setting's choices."""

    def words() -> Iterable[str]:
        from designer.recipe.recipe import fields

        return fields()[setting].setting.choices or ()

    return Text(words)


DESIGN = Text(_presets, "file")
LESSON = Text(_lessons)
RUN = Text(_runs, "dir")
SOURCE = Text(lambda: (*_presets(), *_runs()), "file")  # a design or a run
DATA_SOURCE = Text(_data, "file")
WEIGHTS = Text(_runs, "file")
SETTING = Text(_settings)
FILE = Text(path="file")
FOLDER = Text(path="dir")


# Arguments and options


def data_help() -> str:
    """Return the help of ``--data``, which names every data format."""
    from designer.data import formats, opening  # with numpy, only to show this help
    from designer.known_data import KNOWN

    return (
        f"{', '.join(opening.BUILT_IN)} (built in), {', '.join(KNOWN)} (once downloaded), or "
        f"{formats.descriptions()}."
    )


def choices_help(setting: str) -> str:
    """Return the help of an option that takes one of a recipe setting's choices."""
    from designer.cli import recipes

    return f"{recipes.choices(setting)}."


design_name = argument(
    "design",
    type=DESIGN,
    metavar="DESIGN",
    help="A preset's name (see: presets) or a design file.",
)
design_settings = option(
    "--set",
    "settings",
    multiple=True,
    metavar="ARG=VALUE",
    help="Set an argument of the design: a number, true or false, or one of its choices. "
    "May be given several times.",
)


def design_target(to: str | None, source: str) -> Path:
    """Return where a design is written, before the work on it begins.

    Raises
    ------
    DesignerError
        No file is given, it has the ending of another kind, or its folder is missing.
    """
    if to is None:
        raise DesignerError(
            f"Say where the design goes, as in --to {Path(source).stem or 'net'}.json."
        )
    path = Path(to)
    if path.suffix.lower() != ".json":
        raise DesignerError(
            f"{to} must end in .json, as a design does: write --to {path.stem or 'net'}.json."
        )
    if not path.absolute().parent.is_dir():
        raise DesignerError(f"There is no folder {path.parent}: make it, or choose another.")
    return path


def _remember_trust(context: click.Context, _: click.Parameter, value: bool) -> bool:
    context.meta[TRUST] = value
    return value


trust_code = option(
    "--trust-code",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_remember_trust,
    help="Trust the Python code that the design brings along, from now on: it is run. Read it "
    "before; nothing is run of code that you have not trusted.",
)
as_json = option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
RUN_HELP = "A run folder, or the name alone of a run in the folder of runs (see: runs)."
run_folder = argument("run", type=RUN, metavar="RUN", help=RUN_HELP)
moved_data = option(
    "--data",
    type=DATA_SOURCE,
    metavar="PATH",
    group=DATA,
    help="Where the data of the run are now, if they were moved.",
)
set_recipe_option = option(
    "--set-recipe",
    type=SETTING,
    multiple=True,
    group=TRAINING,
    metavar="NAME=VALUE",
    help="Change a setting of the recipe (see: recipe), as in optimizer.momentum=0.5. May be given "
    "several times.",
)
NEW_RUN_HELP = "The new run folder; DATE-NAME in the folder of runs if not given."
runs_option = option(
    "--runs",
    type=FOLDER,
    metavar="DIR",
    group=OUTPUT,
    help="The folder of runs; that of the window's settings if not given.",
)
test_time_option = option(
    "--test-time",
    type=one_of("evaluation.test_time"),
    metavar="NAME",
    help=lambda: (
        "Average the probabilities of several views of each picture: "
        f"{choices_help('evaluation.test_time')[:-1]}; as the recipe says if not given."
    ),
)
samples_option = option(
    "--samples",
    type=Whole(min=1),
    metavar="K",
    help="Average the probabilities of K passes, for a network with a layer that draws at random "
    "in the test, too; as the recipe says if not given.",
)


def asking(test_time: str | None, samples: int | None) -> dict[str, object]:
    """Return the options above as settings of the recipe; those that are not given are left out."""
    given = {"evaluation.test_time": test_time, "evaluation.samples": samples}
    return {name: value for name, value in given.items() if value is not None}


epochs_option = option(
    "--epochs",
    type=Whole(min=1),
    metavar="N",
    group=TRAINING,
    help="How often to go through the images.",
)
more_files = argument(
    "more", type=FILE, metavar="FILE", nargs=-1
)  # all but the first FILE of an option


def files_of(option: str, first: Sequence[str], more: Sequence[str]) -> list[Path]:
    """Return the files of an option; all but its first arrive as positional arguments."""
    if more and not first:
        raise DesignerError(f"'{more[0]}' is one word too many; model files follow {option}.")
    return [Path(text) for text in (*first, *more)]
