"""The commands that fold repeated structure into blocks, and write blocks out."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from designer.cli.options import (
    FILE,
    OUTPUT,
    design_name,
    design_settings,
    design_target,
    trust_code,
)
from designer.cli.output import printable, show, write
from designer.cli.parameters import Command, option

if TYPE_CHECKING:
    from designer.analysis.report.line import Line
    from designer.design.files import DesignFile
    from designer.design.values import Design
    from designer.layers.own import Measured

_to = option("--to", type=FILE, group=OUTPUT, metavar="FILE", help="The design file to write.")


@click.command(
    "fold",
    cls=Command,
    examples=(
        "fold flat.json --to folded.json",
        "fold vgg16 --to vgg16.json",
    ),
)
@design_name
@design_settings
@trust_code
@_to
def fold(design: str, settings: tuple[str, ...], to: str | None) -> None:
    """Make blocks of what occurs several times.

    Finds parts of the design's own graph that have the same layers, makes each a block with
    arguments for what differs, and joins uses that follow one another to repetitions. Shapes,
    parameters and multiply-accumulates stay the same; the opposite is unfold.
    """
    from designer.folding.fold import fold

    content, made = _read(design, settings, to)
    folded = fold(made, measured=_measured(made)).design
    if folded is made:
        write(f"Nothing repeats in {printable(made.name)}, so there is nothing to fold.\n")
        return
    _save(folded, content, to)
    show(_lines(made, folded, to))


@click.command(
    "unfold",
    cls=Command,
    examples=(
        "unfold resnet18 --to flat.json",
        "unfold vgg16 --set batch_norm=true --to flat.json",
    ),
)
@design_name
@design_settings
@trust_code
@_to
def unfold(design: str, settings: tuple[str, ...], to: str | None) -> None:
    """Write blocks out as the layers inside them.

    Each layer of a block becomes a node of the design's own graph, named by its path. What the
    design's arguments decide in blocks, such as the number of repetitions, stays as it is now;
    the opposite is fold.
    """
    from designer.folding.unfold import unfold

    content, made = _read(design, settings, to)
    unfolded = unfold(made, measured=_measured(made)).design
    if unfolded is made:
        write(f"{printable(made.name)} uses no block, so there is nothing to unfold.\n")
        return
    _save(unfolded, content, to)
    show(_lines(made, unfolded, to))


def _read(design: str, settings: tuple[str, ...], to: str | None) -> "tuple[DesignFile, Design]":
    from designer import presets
    from designer.cli.settings import load
    from designer.design import files

    design_target(to, design)
    return files.load(presets.locate(design)), load(design, settings)


def _measured(design: "Design") -> "Measured | None":
    """Return what is known of layer types of the design's own, which are measured first."""
    from designer.runs import own_layers

    return own_layers.measured(design) if design.code else None


def _save(design: "Design", content: "DesignFile", to: str | None) -> None:
    from designer.design import files

    assert to is not None
    files.save(design, to, content.training)


def _lines(before: "Design", after: "Design", to: str | None) -> "Iterator[Line]":
    """Yield what became of a design."""
    from designer.analysis.report.line import Line
    from designer.folding.uses import counted_uses
    from designer.runs import own_layers

    old, new = len(before.graph.nodes), len(after.graph.nodes)
    yield Line(f"{printable(before.name)}: {old:,} nodes became {new:,}.")
    for block, count in counted_uses(own_layers.analyzed(after)).items():
        yield Line(f"  {block} is used {'once' if count == 1 else f'{count:,} times'}.")
    yield Line(f"{printable(str(to))} has the design now.")
