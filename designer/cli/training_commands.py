"""The commands that train, resume and train on; the work is in `jobs`."""

from collections.abc import Sequence

import click

from designer.cli import advice
from designer.cli.machines import (
    Start,
    folder_only_option,
    print_command_option,
    processes_option,
)
from designer.cli.options import (
    DATA,
    DATA_SOURCE,
    EXPORT_HELP,
    FILE,
    FOLDER,
    NEW_RUN_HELP,
    OUTPUT,
    TRAINING,
    WEIGHTS,
    choices_help,
    data_help,
    design_name,
    design_settings,
    epochs_option,
    files_of,
    more_files,
    moved_data,
    number,
    one_of,
    run_folder,
    runs_option,
    set_recipe_option,
    trust_code,
)
from designer.cli.output import write
from designer.cli.parameters import Command, Whole, option
from designer.cli.settings import load


@click.command(
    cls=Command,
    examples=(
        "train lenet5 --data mnist10k",
        "train my.json --data pictures --epochs 20 --export my.onnx",
    ),
)
@design_name
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
    help="A recipe file, or a template such as resnet (see: recipe --templates); without it, the "
    "design's own, which a preset and a saved design have.",
)
@set_recipe_option
@epochs_option
@option("--batch", type=Whole(min=1), group=TRAINING, metavar="N", help="Images in a step.")
@option("--lr", group=TRAINING, metavar="X", help="Learning rate.")
@option(
    "--optimizer",
    type=one_of("optimizer.name"),
    group=TRAINING,
    metavar="NAME",
    help=lambda: choices_help("optimizer.name"),
)
@option(
    "--seed",
    type=Whole(min=0),
    group=TRAINING,
    metavar="N",
    help="Seed of the weights, the split, the order and every random draw.",
)
@option(
    "--device",
    type=one_of("device"),
    group=TRAINING,
    metavar="NAME",
    help=lambda: choices_help("device"),
)
@option(
    "--weights",
    type=WEIGHTS,
    group=TRAINING,
    metavar="FILE|RUN",
    help="Start from these weights where they fit; torchvision:NAME downloads pretrained ones.",
)
@option("--run", type=FOLDER, group=OUTPUT, metavar="DIR", help=NEW_RUN_HELP)
@runs_option
@option("--export", type=FILE, multiple=True, group=OUTPUT, metavar="FILE ...", help=EXPORT_HELP)
@design_settings
@trust_code
@processes_option
@print_command_option
@folder_only_option
@advice.silence_option
@more_files
def train(
    design: str,
    data: str | None,
    limit: int | None,
    recipe: str | None,
    set_recipe: Sequence[str],
    epochs: int | None,
    batch: int | None,
    lr: str | None,
    optimizer: str | None,
    seed: int | None,
    device: str | None,
    weights: str | None,
    run: str | None,
    runs: str | None,
    export: Sequence[str],
    settings: Sequence[str],
    processes: int | None,
    print_command: bool,
    folder_only: bool,
    silence: Sequence[str],
    more: Sequence[str],
) -> int:
    """Train a design on images; Ctrl+C stops with a checkpoint.

    Everything goes into a run folder: design, recipe, source, events, checkpoints and result. What
    keeps the network from learning is said as soon as it is seen (see: doctor).
    """
    from designer.cli import exporting, jobs, recipes
    from designer.cli.runs import located
    from designer.presets import missing_data

    network = load(design, settings)
    options = {
        "data.source": data,
        "data.limit": limit,
        "epochs": epochs,
        "batch": batch,
        "optimizer.name": optimizer,
        "optimizer.learning_rate": None if lr is None else number("--lr", lr),
        "seed": seed,
        "device": device,
        "initial_weights": None if weights is None else located(weights, runs),
    }
    changes = {name: value for name, value in options.items() if value is not None}
    chosen = recipes.read_settings(set_recipe)
    plan = jobs.recipe_for(design, recipe, changes | chosen)
    if recipe is None and "data.source" not in changes | chosen and missing_data(design):
        classes_set = any(each.partition("=")[0].strip() == "classes" for each in settings)
        network = jobs.fit_to_stand_in(network, design, classes_set=classes_set)
    pictures = not chosen or jobs.takes_a_picture(network)
    for sentence in recipes.without_effect(plan, chosen, pictures=pictures):
        write(f"{sentence}\n", error=True)
    paths = files_of("--export", export, more)
    exporting.check_formats(paths)
    silenced = advice.silenced(silence)
    start = Start(processes, print_command, folder_only)
    done = jobs.train(network, design, plan, run, runs, silenced=silenced, start=start)
    if print_command or folder_only:
        return 0
    return exporting.export_run(done, paths) if paths else 0


@click.command(
    cls=Command,
    examples=(
        "resume 2026-11-28-1904-lenet5",
        "resume my-run --data /new/place/pictures",
    ),
)
@run_folder
@moved_data
@processes_option
@print_command_option
@runs_option
@trust_code
def resume(
    run: str, data: str | None, processes: int | None, print_command: bool, runs: str | None
) -> None:
    """Continue a run that was stopped or killed.

    It continues from its last checkpoint, exactly as it would have without the interruption, on the
    data that it began with: others are refused, and images that were added since are not used. It
    has as many processes as before.
    """
    from designer.cli import jobs
    from designer.cli.runs import find

    jobs.resume(find(run, runs), data, Start(processes, print_command))


@click.command(
    "train-on",
    cls=Command,
    examples=(
        "train-on my-run --epochs 5",
        "train-on my-run --epochs 5 --lr 0.001 --run longer",
    ),
)
@run_folder
@option(
    "--epochs",
    type=Whole(min=1),
    required=True,
    group=TRAINING,
    metavar="N",
    help="How many epochs to train beyond those of the run.",
)
@option("--lr", group=TRAINING, metavar="X", help="Another rate for the schedule.")
@set_recipe_option
@moved_data
@option("--run", "folder", type=FOLDER, group=OUTPUT, metavar="DIR", help=NEW_RUN_HELP)
@runs_option
@trust_code
def train_on(
    run: str,
    epochs: int,
    lr: str | None,
    set_recipe: Sequence[str],
    data: str | None,
    folder: str | None,
    runs: str | None,
) -> None:
    """Train a run that has ended for more epochs, in a new run.

    The new run begins from all of the old one's state: weights, optimizer, random numbers, best
    epoch and curves. The old one is left as it is. The schedule is evaluated as if all epochs had
    been planned from the beginning; early stopping counts anew.
    """
    from designer.cli import jobs, recipes
    from designer.cli.runs import find

    rate = {} if lr is None else {"optimizer.learning_rate": number("--lr", lr)}
    changes = rate | recipes.read_settings(set_recipe)
    jobs.train_on(
        find(run, runs), folder, epochs=epochs, changes=changes, runs_folder=runs, data=data
    )
