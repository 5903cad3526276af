"""The command that looks for a learning rate."""

from collections.abc import Sequence

import click

from designer.cli.inside import device_option, network, subject_of
from designer.cli.options import (
    DATA,
    DATA_SOURCE,
    TRAINING,
    as_json,
    data_help,
    design_settings,
    number,
    runs_option,
    set_recipe_option,
    trust_code,
)
from designer.cli.output import show, write
from designer.cli.parameters import Command, Whole, option


@click.command(
    "lr-range",
    cls=Command,
    examples=(
        "lr-range lenet5",
        "lr-range my.json --data pictures --low 1e-5 --high 1",
    ),
)
@network
@option("--data", type=DATA_SOURCE, group=DATA, metavar="NAME|PATH", help=data_help)
@option(
    "--low",
    metavar="X",
    help="The rate of the first step; a ten-thousandth of the optimizer's usual rate if not given.",
)
@option(
    "--high",
    metavar="X",
    help="The rate of the last step; a thousand times the usual rate if not given.",
)
@option(
    "--steps",
    type=Whole(min=1),
    metavar="N",
    help="How many steps are taken. [default: 100]",
)
@option(
    "--seed",
    type=Whole(min=0),
    group=TRAINING,
    metavar="N",
    help="Seed of the weights, of the order of the images and of every random draw.",
)
@set_recipe_option
@device_option
@as_json
@runs_option
@design_settings
@trust_code
def lr_range(
    source: str,
    data: str | None,
    low: str | None,
    high: str | None,
    steps: int | None,
    seed: int | None,
    set_recipe: Sequence[str],
    device: str | None,
    as_json: bool,
    runs: str | None,
    settings: Sequence[str],
) -> None:
    """Look for a learning rate by the range test.

    Trains a copy of the network for some steps, while the rate grows by the same factor at every
    step (Smith 2017), and stops where the loss is four times its lowest value. Suggests the rate at
    which the smoothed loss falls most steeply; a tenth of the rate at which it is lowest is the
    usual alternative. Everything but rate and schedule is as the recipe says. No run is changed and
    nothing is written. With --json, prints one object: "steps" with "learning_rate", "loss" and
    "smoothed", "suggestion", "tenth_of_lowest", "diverged" and "sentence".
    """
    from designer.cli import rates, recipes

    subject = subject_of(source, None, settings, runs)
    options = {"data.source": data, "seed": seed}
    changes = {name: value for name, value in options.items() if value is not None}
    changes |= recipes.read_settings(set_recipe)
    if "data.source" not in changes:
        subject = rates.with_data(subject, source, settings)
    found = rates.test(
        subject,
        changes,
        device=device,
        low=None if low is None else number("--low", low),
        high=None if high is None else number("--high", high),
        steps=steps,
    )
    if as_json:
        write(rates.to_json(found))
    else:
        show(rates.lines(found))
