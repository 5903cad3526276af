"""The command that opens networks from elsewhere, and the text of its report."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from designer.cli.options import FILE, OUTPUT, as_json, design_target
from designer.cli.output import INTERRUPTED, one_line, show, write
from designer.cli.parameters import Command, Text, argument, option
from designer.errors import DesignerError
from designer.readers import sources

if TYPE_CHECKING:
    from designer.analysis.report.line import Line
    from designer.runs.import_report import ImportReport

_MOST_LISTED = 20  # opaque pieces and missing tensors


@click.command(
    "import",
    cls=Command,
    examples=(
        "import net.pt2 --to net.json --weights net.safetensors",
        "import nets.py:Net --run-code --input 3x32x32 --to net.json",
    ),
)
@argument("source", type=Text(path="file"), metavar="SOURCE", help=f"{sources.listing()}.")
@option("--to", type=FILE, group=OUTPUT, metavar="FILE", help="The design file to write.")
@option(
    "--weights",
    type=FILE,
    group=OUTPUT,
    metavar="FILE",
    help="The .safetensors file to write its weights to, for train and export.",
)
@option(
    "--input",
    "inputs",
    multiple=True,
    metavar="SHAPE",
    help="The shape of an input without the batch, as in 3x224x224, or int64:128 for 128 tokens; "
    "for networks that do not say. May be given several times.",
)
@option(
    "--run-code",
    is_flag=True,
    help="Run the Python code that the source names, in a process of its own. Read it before.",
)
@option("--flat", is_flag=True, help="Leave repeated structure as it is, without blocks.")
@as_json
def import_(
    source: str,
    to: str | None,
    weights: str | None,
    inputs: Sequence[str],
    run_code: bool,
    flat: bool,
    as_json: bool,
) -> int:
    """Open a network from elsewhere as a design.

    Finds its layers, folds what repeats into blocks, takes its weights, and compares the outputs of
    both for the same random input. What no layer expresses becomes an opaque node. Files are read
    as data: only --run-code runs code of yours. Exits with 1 if the outputs differ.
    """
    return work(
        source,
        design_target(to, source),
        None if weights is None else Path(weights),
        inputs,
        run_code,
        flat,
        as_json,
    )


def work(
    source: str,
    to: Path,
    weights: Path | None,
    inputs: Sequence[str],
    run_code: bool,
    flat: bool,
    as_json: bool,
) -> int:
    """Open a source, write its design and print the report."""
    shapes = [sources.parse_input(each) for each in inputs]
    path = sources.parse(source).path  # before torch is loaded
    if weights is not None:
        _check_weights(weights, path)
    from designer.design import files
    from designer.engine.opening.job import Job
    from designer.engine.opening.pipeline import Wishes, open_source

    wishes = Wishes(inputs=shapes, run_code=run_code, flat=flat, weights=weights)
    try:
        with one_line() as tell:
            job = Job(report=lambda stage, share: tell(f"{stage}: {share:4.0%}"))
            found = open_source(source, wishes, job)
    except KeyboardInterrupt:
        return INTERRUPTED
    files.save(found.design, to)
    report = found.report
    if as_json:
        write(to_json(report))
    else:
        show(lines(report, to, found.weights))
    return int(report.differs)


def _check_weights(weights: Path, source: Path | None) -> None:
    """Refuse a file for weights that cannot be written, or that is what is opened."""
    if weights.suffix.lower() != ".safetensors":
        raise DesignerError(f"{weights} must end in .safetensors.")
    if not weights.absolute().parent.is_dir():
        raise DesignerError(f"There is no folder {weights.parent}: make it, or choose another.")
    if source is not None and weights.exists() and weights.samefile(source):
        raise DesignerError(
            f"{weights} is the file that is opened, and would be replaced: choose another name "
            "for --weights."
        )


def to_json(report: "ImportReport") -> str:
    """Return the report as a JSON object."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(report)).decode() + "\n"


def lines(report: "ImportReport", to: Path, weights: Path | None) -> "Iterator[Line]":
    """Yield the report as text."""
    from designer.analysis.report.line import Line, Style
    from designer.runs.import_report import sentence_of_difference

    kind = sources.kind_of(report.kind)
    yield Line(f"{report.title}, from {report.source} ({kind.title})", Style.HEADING)
    yield Line(
        f"{report.layers:,} layers, {report.parameters:,} parameters, {report.buffers:,} values in "
        "buffers"
    )
    types = ", ".join(f"{count:,} {name}" for name, count in report.layer_types.items())
    yield Line(f"Layers: {types}", Style.FAINT)
    if report.blocks:
        uses = ", ".join(
            f"{each.name} ({'1 use' if each.uses == 1 else f'{each.uses:,} uses'})"
            for each in report.blocks
        )
        word = "block" if len(report.blocks) == 1 else "blocks"
        yield Line(f"Folded into {report.top_level:,} nodes with the {word} {uses}")
    else:
        yield Line(f"{report.top_level:,} nodes, without blocks")
    tensors = report.tensors
    if tensors.taken or not tensors.missing:
        yield Line(f"{tensors.taken:,} tensors taken from the source")
    else:
        yield Line("The source has no weights")
    if tensors.taken and tensors.missing:
        yield Line(
            f"{len(tensors.missing):,} tensors have no values: {_listed(tensors.missing)}",
            Style.WARNING,
        )
    if report.opaque:
        yield Line(
            "No layer expresses these operations, so the design cannot be trained yet:",
            Style.WARNING,
        )
        for piece in report.opaque[:_MOST_LISTED]:
            yield Line(f"  {piece.path}: {piece.words}", Style.WARNING)
        if len(report.opaque) > _MOST_LISTED:
            yield Line(f"  and {len(report.opaque) - _MOST_LISTED:,} more", Style.WARNING)
    yield Line(sentence_of_difference(report), Style.ERROR if report.differs else Style.PLAIN)
    for note in report.notes:
        yield Line(f"Note: {note}", Style.FAINT)
    yield Line(f"The design is in {to}")
    if weights is not None:
        yield Line(f"Its weights are in {weights}")
        yield Line(f"Train from them with: netdesigner train {to} --weights {weights}")
    elif tensors.taken:
        yield Line("Its weights were not written: add --weights FILE.safetensors to keep them")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_LISTED:,} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(names[:_MOST_LISTED]) + more
