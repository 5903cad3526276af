"""Commands that look into networks, and how they are told which network with which weights."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from designer.cli.options import (
    DATA,
    DATA_SOURCE,
    FILE,
    SOURCE,
    TRAINING,
    WEIGHTS,
    as_json,
    asking,
    choices_help,
    data_help,
    design_settings,
    one_of,
    runs_option,
    samples_option,
    set_recipe_option,
    test_time_option,
    trust_code,
)
from designer.cli.output import say_aside, show, width, write
from designer.cli.parameters import Command, Text, Whole, argument, option
from designer.errors import DesignerError

if TYPE_CHECKING:
    from designer.runs.inspection import Subject
    from designer.runs.layer_statistics import Kind

network = argument(
    "source",
    type=SOURCE,
    metavar="RUN|DESIGN",
    help="A run folder, a run's name in the folder of runs, a preset, or a design file.",
)
network_weights = option(
    "--weights",
    type=WEIGHTS,
    metavar="NAME|RUN|FILE",
    help="Of a run: best, last or epoch:N; best if not given. Of a design: a run, a file, "
    "torchvision:NAME, or latest for the latest finished run that fits; fresh ones if not given.",
)


def _known_device(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Refuse the name of a device that a recipe would not take, either."""
    if value is not None:
        from designer.recipe.reading import changed
        from designer.recipe.recipe import Recipe

        changed(Recipe(), {"device": value})
    return value


device_option = option(
    "--device",
    type=one_of("device"),
    callback=_known_device,
    metavar="NAME",
    help=lambda: f"Where to compute: {choices_help('device')}",
)


def subject_of(
    source: str, weights: str | None, settings: Sequence[str], runs: str | None
) -> "Subject":
    """Return the network that a command looks into.

    Parameters
    ----------
    source
        A run or a design.
    weights, settings, runs
        The options ``--weights``, ``--set`` and ``--runs``.

    Raises
    ------
    DesignerError
        There is no such network, or an option is not for it.
    """
    import msgspec

    from designer import presets
    from designer.cli import exporting
    from designer.cli import runs as folder_of_runs
    from designer.cli.settings import load
    from designer.design import files
    from designer.runs.inspection import BEST, EPOCH, LAST, Subject

    if folder_of_runs.names_run(source, runs):
        if settings:
            raise DesignerError(
                f"--set is for designs, but {source} is a run, whose design is fixed: leave --set "
                "out."
            )
        run = folder_of_runs.find(source, runs)
        return Subject(run=str(run.path.absolute()), weights=weights or BEST)
    named = source in presets.names() or Path(source).suffix or Path(source).exists()
    if folder_of_runs.is_name(source) and not named:
        raise folder_of_runs.nothing_named(source, runs)
    design = load(source, settings)
    if weights in (BEST, LAST) or (weights or "").startswith(EPOCH):
        raise DesignerError(
            f"--weights {weights} is for runs, but {source} is a design: give a run, a file, or "
            "torchvision:NAME."
        )
    recipe = presets.recipe(source)
    return Subject(
        design=files.dumps(design),
        weights=exporting.weights_of_design(design, weights, runs, say=say_aside) or "",
        recipe=msgspec.to_builtins(recipe) if recipe is not None else {},
    )


@click.command(
    cls=Command,
    examples=(
        "predict resnet18 cat.png photos --weights torchvision:resnet18",
        "predict wine-run bottles.csv --json",
    ),
)
@network
@argument(
    "files",
    type=FILE,
    nargs=-1,
    required=True,
    metavar="FILE ...",
    help="Pictures, and folders of pictures with all folders in them; for a network that takes no "
    "pictures a table (.csv, .tsv, .jsonl) with its columns, or arrays (.npz) by the names of its "
    "inputs.",
)
@network_weights
@option(
    "--top",
    type=Whole(min=1),
    default=5,
    metavar="K",
    help="How many classes are named of each picture, the most probable first. [default: 5]",
)
@test_time_option
@samples_option
@device_option
@option(
    "--csv", "table", type=FILE, metavar="FILE", help="Write a table, one row for each example."
)
@option(
    "--to",
    type=FILE,
    metavar="FOLDER",
    help="Write the pictures that a network gives which was trained to give its input again.",
)
@as_json
@runs_option
@design_settings
@trust_code
def predict(
    source: str,
    files: Sequence[str],
    weights: str | None,
    top: int,
    test_time: str | None,
    samples: int | None,
    device: str | None,
    table: str | None,
    to: str | None,
    as_json: bool,
    runs: str | None,
    settings: Sequence[str],
) -> int:
    """Say what a network predicts for pictures or rows.

    Pictures are brought to the network's size and preprocessed as in its training, rows are read by
    the names of their columns. What cannot be read does not stop the rest: a sentence on standard
    error names it, and the exit code is 1 then. With --json, prints a list with an object for each
    example: its "predictions", each with "class" and "probability", or "name" and "value" for a
    network of numbers; or its "error". A network that gives its input again is asked for the
    squared error of what it gives. One that was trained on a text goes on with a prompt by the
    command sample.
    """
    from designer.cli import predictions

    subject = subject_of(source, weights, settings, runs)
    found, notes = predictions.predict(
        subject,
        [Path(text) for text in files],
        top=top,
        device=device or "auto",
        settings=asking(test_time, samples),
        to=Path(to) if to is not None else None,
    )
    for sentence in notes:
        say_aside(sentence)
    if table is not None:
        predictions.write_table(Path(table), found)
    if as_json:
        write(predictions.to_json(found))
    elif table is None:
        show(predictions.lines(found, width(sys.stdout)))
    faults = [each["error"] for each in found if "error" in each]
    for sentence in faults:
        say_aside(sentence)
    return 1 if faults else 0


@click.command(
    "time",
    cls=Command,
    examples=("time resnet18 --batch 8", "time my-run --eval --json"),
)
@network
@option(
    "--batch",
    type=Whole(min=1),
    metavar="N",
    help="Images at once; those of the recipe if not given.",
)
@device_option
@option("--eval", "in_eval", is_flag=True, help="Measure eval mode, which has no backward pass.")
@as_json
@runs_option
@design_settings
@trust_code
def time_(
    source: str,
    batch: int | None,
    device: str | None,
    in_eval: bool,
    as_json: bool,
    runs: str | None,
    settings: Sequence[str],
) -> None:
    """Measure how long each layer takes, forward and backward.

    The batch size, precision, optimizer and device are those of the recipe unless options say
    otherwise; weights are fresh ones, on which the time does not depend. The times are medians over
    passes in 20 seconds or less. With --json, prints one object: "nodes" with "path", "forward" and
    "backward" in seconds, "step" with the times of the whole network, and how they were measured.
    """
    from designer.cli import times

    subject = subject_of(source, None, settings, runs)
    found, rows = times.measure(subject, batch=batch, training=not in_eval, device=device)
    for sentence in found.notes:
        say_aside(sentence)
    if as_json:
        write(times.to_json(found))
    else:
        show(times.lines(found, rows))


def _kinds() -> "Iterable[Kind]":
    from designer.runs.layer_statistics import KINDS

    return KINDS


@click.command(
    cls=Command,
    examples=(
        "measure lenet5 --set-recipe batch=256",
        "measure my-run --at last --kind gradient",
    ),
)
@network
@network_weights
@option(
    "--at",
    type=Text(),
    metavar="STEP",
    help="Show what the training of a run measured at this step or last before it, or at its last "
    "one: last.",
)
@option(
    "--kind",
    type=Text(_kinds),
    metavar="NAME",
    help=lambda: f"Show all figures of one kind of values: {', '.join(_kinds())}.",
)
@option("--data", type=DATA_SOURCE, group=DATA, metavar="NAME|PATH", help=data_help)
@option(
    "--seed",
    type=Whole(min=0),
    group=TRAINING,
    metavar="N",
    help="Seed of fresh weights, of the batch and of every random draw.",
)
@set_recipe_option
@device_option
@as_json
@runs_option
@design_settings
@trust_code
def measure(
    source: str,
    weights: str | None,
    at: str | None,
    kind: str | None,
    data: str | None,
    seed: int | None,
    set_recipe: Sequence[str],
    device: str | None,
    as_json: bool,
    runs: str | None,
    settings: Sequence[str],
) -> None:
    """Measure activations, gradients and weights of layers.

    Takes the first batch of the recipe's data forward and back, and prints for each layer the mean
    and deviation of its activations, the shares of zeros, saturated values and dead units, and the
    norms of gradients; then what is suspicious, and what helps. Nothing is learned and nothing is
    written. With --at, prints what the training of a run has measured instead. With --json, prints
    one object: "layers" with all figures and a histogram of each kind of values, and "warnings".
    """
    from designer.cli import measuring, recipes
    from designer.runs.folder import RunFolder

    subject = subject_of(source, weights, settings, runs)
    chosen = next((each for each in _kinds() if each == kind), None)
    if kind is not None and chosen is None:
        raise DesignerError(f"--kind takes one of {', '.join(_kinds())}; received '{kind}'.")
    if at is not None:
        if not subject.run:
            raise DesignerError(
                f"--at is for runs, but {source} is a design: leave it out to measure it now."
            )
        for name, given in (
            ("--weights", weights),
            ("--data", data),
            ("--seed", seed),
            ("--set-recipe", set_recipe or None),
            ("--device", device),
        ):
            if given is not None:
                raise DesignerError(
                    f"--at prints what the training measured, so that {name} has no effect: leave "
                    "one of them out."
                )
        found = measuring.recorded(RunFolder.open(Path(subject.run)), at)
    else:
        options = {"data.source": data, "seed": seed}
        changes = {name: value for name, value in options.items() if value is not None}
        changes |= recipes.read_settings(set_recipe)
        found, notes = measuring.measure(subject, changes, device=device)
        for sentence in notes:
            say_aside(sentence)
    if as_json:
        write(measuring.to_json(found))
    else:
        show(measuring.lines(found, measuring.types_of(subject), chosen))
