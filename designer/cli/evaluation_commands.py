"""The commands on what networks can do: ``evaluate``, ``ensemble``, ``report`` and ``curves``."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from designer.cli.inside import device_option
from designer.cli.options import (
    DATA,
    DATA_SOURCE,
    EXPORT_HELP,
    FILE,
    FOLDER,
    OUTPUT,
    RUN,
    RUN_HELP,
    as_json,
    asking,
    run_folder,
    runs_option,
    samples_option,
    set_recipe_option,
    test_time_option,
    trust_code,
)
from designer.cli.output import printable, say_aside, show, width, write
from designer.cli.parameters import Command, Text, Whole, argument, option
from designer.errors import DesignerError

PARTS = ("train", "validation", "test")

data_option = option(
    "--data",
    type=DATA_SOURCE,
    group=DATA,
    metavar="NAME|PATH",
    help="Evaluate on this data set, whose classes are found by their names; the run's own data if "
    "not given, also at another place.",
)
part_option = option(
    "--part",
    type=click.Choice(PARTS),
    metavar="|".join(PARTS),
    help="The part of the data; test if not given, or all images of another data set that has no "
    "parts.",
)
batch_option = option(
    "--batch",
    type=Whole(min=1),
    metavar="N",
    help="Images at once; those of the recipe if not given.",
)


@click.command(
    cls=Command,
    examples=(
        "evaluate my-run",
        "evaluate my-run --data photos --test-time flip --json",
    ),
)
@run_folder
@data_option
@part_option
@option(
    "--weights",
    type=Text(lambda: ("best", "last")),
    default="best",
    metavar="best|last|epoch:N",
    help="Those of the epoch with the lowest validation loss, of the last checkpoint, or of an "
    "epoch that was kept. [default: best]",
)
@test_time_option
@samples_option
@batch_option
@set_recipe_option
@device_option
@option(
    "--to",
    type=FOLDER,
    group=OUTPUT,
    metavar="DIR",
    help="Write predictions, figures and the worst mistakes into this folder.",
)
@as_json
@runs_option
@trust_code
def evaluate(
    run: str,
    data: str | None,
    part: str | None,
    weights: str,
    test_time: str | None,
    samples: int | None,
    batch: int | None,
    set_recipe: Sequence[str],
    device: str | None,
    to: str | None,
    as_json: bool,
    runs: str | None,
) -> None:
    """Evaluate a run on its test part or on any data.

    Prints accuracy, precision, recall and F1 of each class and their averages, areas under the
    precision-recall and ROC curves, the calibration error, and which classes are confused. With
    --json, prints one object: "accuracy", "top5", "per_class", "macro", "weighted", "confusion",
    "average_precision", "roc_auc", "calibration_error" and more, with fractions from 0 to 1, and
    null for a figure that is not defined, such as the recall of a class without images; of several
    labels "per_label"; of numbers "mae", "mse" and "r2" of each. The folder "evaluation" of the run
    is written anew where its test part is evaluated as the recipe says.
    """
    from designer.cli import evaluating, recipes
    from designer.cli.runs import find

    settings = {**recipes.read_settings(set_recipe), **asking(test_time, samples)}
    found = evaluating.evaluate(
        find(run, runs),
        weights=weights,
        chosen={"data": data or "", "part": part or "", "settings": settings, "batch": batch},
        device=device,
        folder=None if to is None else Path(to),
    )
    for sentence in found.notes:
        say_aside(sentence)
    if as_json:
        write(evaluating.to_json(found))
    else:
        show(evaluating.lines(found, width(sys.stdout)))


@click.command(
    cls=Command,
    examples=(
        "ensemble seed0 seed1 seed2",
        "ensemble my-run@20 my-run@40 my-run@60 --json",
        "ensemble seed0 seed1 seed2 --to ensemble.onnx",
    ),
)
@argument(
    "members",
    type=RUN,
    metavar="RUN RUN ...",
    nargs=-1,
    help=f"{RUN_HELP} RUN@EPOCH takes the weights of an epoch that were kept, RUN@best or RUN@last "
    "others than --weights says.",
)
@option(
    "--weights",
    type=click.Choice(("best", "last")),
    default="best",
    metavar="best|last",
    help="Those of the epoch with the lowest validation loss, or of the last checkpoint. [default: "
    "best]",
)
@data_option
@part_option
@test_time_option
@samples_option
@batch_option
@set_recipe_option
@device_option
@option(
    "--to",
    type=FILE,
    multiple=True,
    group=OUTPUT,
    metavar="FILE ...",
    help=f"{EXPORT_HELP} They hold all members as one network, which gives the mean; nothing is "
    "evaluated.",
)
@as_json
@runs_option
@trust_code
def ensemble(
    members: Sequence[str],
    weights: str,
    data: str | None,
    part: str | None,
    test_time: str | None,
    samples: int | None,
    batch: int | None,
    set_recipe: Sequence[str],
    device: str | None,
    to: Sequence[str],
    as_json: bool,
    runs: str | None,
) -> int:
    """Evaluate or export several runs as one network.

    An ensemble gives the mean of the probabilities of its members; for numbers, of their
    predictions. It is evaluated as a single run is (see: evaluate), on the data of the first run.
    With --json, prints the same object, and "members": of each the run, weights, epoch, and its own
    "loss" and "accuracy". Members may have different layers, but the same inputs and classes.

    Members are usually runs of one design with several seeds; with data.split_seed=0 for all, none
    learns from images that another is tested on. A snapshot ensemble takes them from one run: train
    with the recipe template snapshots, or with the schedule cosine_restarts and keep_checkpoints
    equal to schedule.restart_epochs, so that the weights at the end of each cycle are kept, and
    name these epochs.
    """
    from designer.cli import ensembles, evaluating, recipes

    words, files = ensembles.runs_and_files(members, to)
    chosen = ensembles.ensemble_of(words, weights=weights, runs=runs)
    if files:
        given = {
            "--data": data,
            "--part": part,
            "--test-time": test_time,
            "--samples": samples,
            "--batch": batch,
            "--set-recipe": set_recipe or None,
            "--device": device,
            "--json": as_json or None,
        }
        for name in (name for name, value in given.items() if value is not None):
            raise DesignerError(
                f"{name} is for evaluating, but with --to model files are written: leave one of "
                "them out."
            )
        return ensembles.export(chosen, files)
    settings = {**recipes.read_settings(set_recipe), **asking(test_time, samples)}
    found = ensembles.evaluate(
        chosen,
        chosen={"data": data or "", "part": part or "", "settings": settings, "batch": batch},
        device=device,
    )
    for sentence in found.notes:
        say_aside(sentence)
    if as_json:
        write(evaluating.to_json(found))
    else:
        show(evaluating.lines(found, width(sys.stdout)))
    return 0


def _formats() -> str:
    from designer.reports.writing import REPORT_FORMATS

    return " ".join(f"{row.title} ({row.suffix}): {row.help}" for row in REPORT_FORMATS.values())


@click.command(
    cls=Command,
    examples=(
        "report my-run --to my-run.html",
        "report my-run --to README.md",
    ),
)
@run_folder
@option("--to", type=FILE, required=True, metavar="FILE", help=_formats)
@runs_option
@trust_code
def report(run: str, to: str, runs: str | None) -> None:
    """Write all about a run into one HTML or Markdown file.

    It has the network with its layers and costs, the recipe, the data, the curves of the training,
    all figures of the evaluation with plots and the worst mistakes as pictures, the environment,
    and how to load the exported model. It names no folder of this computer. A run that was stopped
    is evaluated first by: evaluate.
    """
    from designer.cli.runs import find
    from designer.reports.writing import write_report

    path = Path(to)
    write_report(find(run, runs), path)
    write(f"The report is in {printable(str(path))}\n")


@click.command(
    cls=Command,
    examples=(
        "curves my-run --to curves.png",
        "curves my-run --to curves.csv",
    ),
)
@run_folder
@option(
    "--to",
    type=FILE,
    required=True,
    metavar="FILE",
    help="A picture of loss and accuracy (.png), or a table of all that was logged (.csv).",
)
@runs_option
def curves(run: str, to: str, runs: str | None) -> None:
    """Write the curves of a run as a picture or as a CSV table.

    The table has a row for each logged step, with loss, accuracy, learning rate, throughput,
    gradient norm, update ratio, the seconds of data, forward pass, backward pass and update, memory
    and utilization, and one for each epoch, with the figures of training and validation part.
    """
    from designer.cli.curves import save_curves, save_table
    from designer.cli.runs import find

    path = Path(to)
    savers = {".png": save_curves, ".csv": save_table}
    saver = savers.get(path.suffix.lower())
    if saver is None:
        raise DesignerError(f"Curves cannot be saved as {path.name}: use the suffix .png or .csv.")
    saver(find(run, runs), path)
    write(f"{printable(str(path))}\n")
