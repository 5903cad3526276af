"""The commands ``evaluate`` and ``report``: what a network can do, and all of it in one file."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from designer.cli.inside import device_option
from designer.cli.options import (
    DATA,
    DATA_SOURCE,
    FILE,
    FOLDER,
    OUTPUT,
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
from designer.cli.parameters import Command, Text, Whole, option
from designer.errors import DesignerError

PARTS = ("train", "validation", "test")


@click.command(
    cls=Command,
    examples=(
        "evaluate my-run",
        "evaluate my-run --data photos --test-time flip --json",
    ),
)
@run_folder
@option(
    "--data",
    type=DATA_SOURCE,
    group=DATA,
    metavar="NAME|PATH",
    help="Evaluate on this data set, whose classes are found by their names; the run's own data if "
    "not given, also at another place.",
)
@option(
    "--part",
    type=click.Choice(PARTS),
    metavar="|".join(PARTS),
    help="The part of the data; test if not given, or all images of another data set that has no "
    "parts.",
)
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
@option(
    "--batch",
    type=Whole(min=1),
    metavar="N",
    help="Images at once; those of the recipe if not given.",
)
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
