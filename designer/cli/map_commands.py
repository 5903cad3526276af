"""The commands that draw pictures: ``maps``, ``explain``, and ``augment`` before a training."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from designer.cli.inside import device_option, network, network_weights, subject_of
from designer.cli.options import (
    DATA,
    DATA_SOURCE,
    FILE,
    OUTPUT,
    TRAINING,
    as_json,
    data_help,
    design_settings,
    runs_option,
    set_recipe_option,
    trust_code,
)
from designer.cli.output import printable, say_aside, write
from designer.cli.parameters import Command, Whole, argument, option
from designer.errors import DesignerError
from designer.runs.explanations import EXPLANATIONS

if TYPE_CHECKING:
    from designer.engine.inspect.requests import Answer

_TO = "The picture to write, such as maps.png."


@click.command(
    cls=Command,
    examples=(
        "maps my-run cat.png --node layer1 --to maps.png",
        "maps my-run --node conv1 --filters --to filters.png",
    ),
)
@network
@argument(
    "file",
    type=FILE,
    required=False,
    metavar="[FILE]",
    help="The picture that the network is shown; --filters needs none.",
)
@option(
    "--node",
    required=True,
    metavar="PATH",
    help="A layer or block of the design, such as conv1 or layer1.0.conv2.",
)
@option("--filters", is_flag=True, help="Draw the node's weights instead of what it computes.")
@network_weights
@option("--to", type=FILE, group=OUTPUT, metavar="FILE", help=_TO)
@device_option
@as_json
@runs_option
@design_settings
@trust_code
def maps(
    source: str,
    file: str | None,
    node: str,
    filters: bool,
    weights: str | None,
    to: str | None,
    device: str | None,
    as_json: bool,
    runs: str | None,
    settings: Sequence[str],
) -> None:
    """Draw a layer's channels for a picture, or its filters.

    Values are drawn as in the window: black for 0, the larger the lighter, orange above and blue
    below; all channels share one scale. Kernels of three input channels are drawn in colors. With
    --json, prints the figures of the values and of each channel.
    """
    if (file is None) != filters:
        raise DesignerError(
            "Give a picture, as in: netdesigner maps my-run cat.png --node conv1 --to maps.png; or "
            "--filters without one, for the weights of the node."
        )
    _need_output(to, as_json)
    from designer.cli import maps as work

    subject = subject_of(source, weights, settings, runs)
    request: dict[str, Any] = {"do": "filters" if filters else "channels", "node": node}
    if file is not None:
        request["pictures"] = [{"file": str(Path(file))}]
    answer = work.ask(subject, device or "auto", request)
    _say_notes(answer)
    if to is not None:
        values = answer.arrays["values"]
        if answer.fields["kind"] in ("matrix", "vector"):
            values = values.reshape(values.shape[-2:] if answer.fields["kind"] == "matrix" else -1)
        work.save(work.tiles(values), Path(to))
    if not as_json:
        write(f"{printable(str(to))}  {_shape(answer)}\n")
        return
    more: dict[str, Any] = {}
    if not filters:
        from designer.runs.inspection import CHANNEL_FIGURES

        rows = answer.arrays["figures"].tolist()
        more["channels"] = [dict(zip(CHANNEL_FIGURES, row, strict=True)) for row in rows]
    write(work.to_json(answer, None if to is None else Path(to), **more))


def _method_help() -> str:
    rows = EXPLANATIONS.values()
    return " ".join(f"{row.name}: {row.help}" for row in rows) + " [default: gradcam]"


@click.command(
    cls=Command,
    examples=(
        "explain my-run cat.png --to why.png",
        "explain my-run cat.png --method occlusion --class dog --to why.png",
    ),
)
@network
@argument("file", type=FILE, metavar="FILE", help="The picture that the network is shown.")
@option(
    "--method",
    type=click.Choice(tuple(EXPLANATIONS)),
    default="gradcam",
    metavar="|".join(EXPLANATIONS),
    help=_method_help,
)
@option(
    "--node",
    metavar="PATH",
    help="Where Grad-CAM is computed; the last image before pooling if not given.",
)
@option(
    "--class",
    "wanted",
    metavar="NAME",
    help="The class that is explained; the predicted one if not given.",
)
@option("--patch", type=Whole(min=1), metavar="N", help="Pixels of a side of occlusion's patch.")
@option("--stride", type=Whole(min=1), metavar="N", help="Pixels by which the patch moves.")
@network_weights
@option("--to", type=FILE, group=OUTPUT, metavar="FILE", help=_TO)
@device_option
@as_json
@runs_option
@design_settings
@trust_code
def explain(
    source: str,
    file: str,
    method: str,
    node: str | None,
    wanted: str | None,
    patch: int | None,
    stride: int | None,
    weights: str | None,
    to: str | None,
    device: str | None,
    as_json: bool,
    runs: str | None,
    settings: Sequence[str],
) -> None:
    """Draw which parts of a picture speak for a class.

    The map lies over the picture as the network saw it: yellow speaks for the class; with
    occlusion, red speaks for it and blue against it. With --json, prints the class, its
    probability, and the map as rows of numbers.
    """
    row = EXPLANATIONS[method]
    for name, given, used in (
        ("--node", node, row.at_node),
        ("--patch", patch, row.moves_patch),
        ("--stride", stride, row.moves_patch),
    ):
        if given is not None and not used:
            raise DesignerError(f"{name} has no effect on the method {method}: leave it out.")
    _need_output(to, as_json)
    from designer.cli import maps as work

    subject = subject_of(source, weights, settings, runs)
    request: dict[str, Any] = {"do": "explain", "method": method, "node": node or ""}
    request |= {"pictures": [{"file": str(Path(file))}], "patch": patch, "stride": stride}
    if wanted is not None:
        request["class"] = wanted
    answer = work.ask(subject, device or "auto", request)
    _say_notes(answer)
    if to is not None:
        work.save(work.explained(answer), Path(to))
    if as_json:
        more = {"map": answer.arrays["map"].tolist()}
        write(work.to_json(answer, None if to is None else Path(to), **more))
        return
    fields = answer.fields
    if "value" in fields:
        words = f"{fields['class']}: {fields['value']:.6g}"
    else:
        words = f"{fields['class']}, {100 * fields['probability']:.1f} %"
    at = f", at {fields['node']}" if fields["node"] else ""
    write(f"{printable(str(to))}  {printable(words)}; {row.title}{at}\n")


@click.command(
    cls=Command,
    examples=(
        "augment lenet5 --to draws.png",
        "augment my.json --set-recipe augmentation.mixup=0.4 --to draws.png",
    ),
)
@network
@option("--data", type=DATA_SOURCE, group=DATA, metavar="NAME|PATH", help=data_help)
@option(
    "--pictures",
    type=Whole(min=1, max=64),
    default=5,
    metavar="N",
    help="How many training pictures are shown. [default: 5]",
)
@option(
    "--draws",
    type=Whole(min=1, max=64),
    default=8,
    metavar="N",
    help="How many draws of each are shown. [default: 8]",
)
@option("--seed", type=Whole(min=0), group=TRAINING, metavar="N", help="Seed of the random draws.")
@set_recipe_option
@option("--to", type=FILE, group=OUTPUT, required=True, metavar="FILE", help=_TO)
@as_json
@runs_option
@design_settings
@trust_code
def augment(
    source: str,
    data: str | None,
    pictures: int,
    draws: int,
    seed: int | None,
    set_recipe: Sequence[str],
    to: str,
    as_json: bool,
    runs: str | None,
    settings: Sequence[str],
) -> None:
    """Draw what the augmentation makes of training pictures.

    Each row has a training picture, then its draws as the network gets them, before they are
    standardized. Below a mixed picture stands of what it is mixed. With --json, prints the settings
    that are on, the labels, and what each draw shows.
    """
    from designer.cli import augmenting, recipes
    from designer.cli import maps as work
    from designer.recipe.data import other_data
    from designer.recipe.reading import changed
    from designer.recipe.recipe import consequences
    from designer.runs.inspection import recipe_of

    subject = subject_of(source, None, settings, runs)
    recipe = recipe_of(subject)
    if data is not None:
        recipe = changed(recipe, other_data(data))
    changes = {} if seed is None else {"seed": seed}
    changes |= recipes.read_settings(set_recipe)
    recipe = changed(recipe, {**changes, **consequences(recipe, changes)})
    found = augmenting.sheet(subject, recipe, pictures=pictures, count=draws)
    work.save(augmenting.drawn(found), Path(to))
    if as_json:
        write(found.to_json(to))
        return
    on = ", ".join(name.removeprefix("augmentation.") for name in found.changes)
    what = f"{len(found.labels)} pictures, {draws} draws each"
    write(f"{printable(to)}  {what}; {on or 'no augmentation is on'}\n")


def _need_output(to: str | None, as_json: bool) -> None:
    if to is None and not as_json:
        raise DesignerError("Say where to write the picture with --to FILE.png, or give --json.")


def _say_notes(answer: "Answer") -> None:
    for sentence in answer.fields.get("notes", ()):
        say_aside(sentence)


def _shape(answer: "Answer") -> str:
    """Return what was drawn, in a few words."""
    fields = answer.fields
    sizes = "x".join(map(str, fields["shape"]))
    what = fields.get("tensor", "output")
    return f"{fields['node']} ({fields['layer']}), {what} of {sizes}"
