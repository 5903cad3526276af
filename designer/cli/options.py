"""Arguments and options that several commands take, and help texts that derive from tables."""

from collections.abc import Iterable

from designer.cli.parameters import Text, Whole, argument, option
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
as_json = option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
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
