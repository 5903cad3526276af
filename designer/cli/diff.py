"""The command that compares two designs, and writes one as text for git."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from designer.cli.options import SOURCE, as_json, runs_option
from designer.cli.output import printable, say_aside, show, write
from designer.cli.parameters import Command, argument, option
from designer.errors import DesignerError

if TYPE_CHECKING:
    from designer.analysis.report.line import Line
    from designer.analysis.report.network_metrics import NetworkMetrics
    from designer.design.values import Design
    from designer.folding.differences_in_words import Difference
    from designer.folding.matching import Matching

EQUAL, DIFFERENT, TROUBLE = 0, 1, 2
"""The exit codes, as those of diff."""

_NAME_WIDTH = 40  # of the column of names; a longer name pushes its text to the right
_STYLES = {"added": "ADDED", "removed": "ERROR", "changed": "WARNING", "rewired": "WARNING"}


@click.command(
    "diff",
    cls=Command,
    examples=(
        "diff resnet18 resnet34",
        "diff old.json new.json --json",
    ),
)
@argument(
    "before",
    type=SOURCE,
    metavar="A",
    help="A preset's name, a design file, a run, a model file, or another network that can be "
    "opened (see: import).",
)
@argument(
    "after",
    type=SOURCE,
    metavar="[B]",
    required=False,
    help="What A is compared with; only --text does without.",
)
@option(
    "--text",
    is_flag=True,
    help="Print a design as text, a line for each node, as git needs it for its own diff; of two, "
    "the lines that differ.",
)
@option(
    "--input",
    "inputs",
    multiple=True,
    metavar="SHAPE",
    help="The shape of an input of a network that does not say, as in 3x224x224 (see: import).",
)
@option(
    "--run-code",
    is_flag=True,
    help="Run the Python code that A or B names, in a process of its own. Read it before.",
)
@runs_option
@as_json
def diff(
    before: str,
    after: str | None,
    text: bool,
    inputs: Sequence[str],
    run_code: bool,
    runs: str | None,
    as_json: bool,
) -> int:
    """Compare two designs node by node.

    Nodes are found again by what they are and how they are connected, also if they were renamed or
    put into blocks. Prints what was added, removed, changed, renamed and rewired, and the figures
    side by side. Exits with 0 if the designs are equal, 1 if they differ, and 2 if one cannot be
    read, as diff does; positions on the canvas are no difference. To see designs in git as text:

    \b
      git config diff.netdesigner.textconv "netdesigner diff --text"
      echo "designs/*.json diff=netdesigner" >> .gitattributes
    """  # noqa: D301 - click takes the character \b for text that is not wrapped

    def read(source: str) -> _Source:
        return _read(source, runs, inputs, run_code=run_code)

    try:
        if after is None:
            if not text or as_json:
                raise DesignerError(
                    "Name two designs to compare, as in: netdesigner diff old.json new.json"
                )
            write("".join(f"{line}\n" for line in read(before).lines()))
            return EQUAL
        one, other = read(before), read(after)
        if text:
            return _text(before, after, one.lines(), other.lines())
        return _compare(one.design, other.design, as_json=as_json)
    except (DesignerError, OSError) as error:
        say_aside(str(error))
        return TROUBLE


class _Source(NamedTuple):
    """What is compared: a design, and the key ``training`` of its file."""

    design: "Design"
    training: Any

    def lines(self) -> list[str]:
        """Return it as text."""
        from designer.design.lines import lines

        training = self.training if isinstance(self.training, dict) else None
        return [printable(line) for line in lines(self.design, training)]


def _read(text: str, runs: str | None, inputs: Sequence[str], *, run_code: bool) -> _Source:
    """Read what an argument names; torch is loaded only for networks from elsewhere.

    Raises
    ------
    DesignerError
        There is no such thing, or it cannot be read.
    """
    from designer import presets
    from designer.cli.runs import find, names_run
    from designer.design import files

    if names_run(text, runs):
        file = files.load(find(text, runs).design)
    elif text not in presets.names() and _is_from_elsewhere(text):
        return _Source(_opened(text, inputs, run_code=run_code), None)
    else:
        file = files.load(presets.locate(text))
    return _Source(file.design, file.training)


def _is_from_elsewhere(text: str) -> bool:
    """Tell whether a text names a model file, or a network of a library or of Python code."""
    from designer.readers import sources

    file, _, _ = text.rpartition(":")  # nets.py:Net
    endings = {Path(each).suffix.lower() for each in (text, file)}
    return sources.is_name(text) or not endings.isdisjoint(sources.suffixes())


def _opened(text: str, inputs: Sequence[str], *, run_code: bool) -> "Design":
    from designer.readers import sources
    from designer.readers.embedded import embedded_design

    shapes = [sources.parse_input(each) for each in inputs]
    path = Path(text)
    design = embedded_design(path) if path.is_file() else None
    if design is not None:
        return design  # of a model file that this program wrote
    sources.parse(text)  # before torch is loaded
    from designer.engine.opening.pipeline import Wishes, open_source

    return open_source(text, Wishes(inputs=shapes, run_code=run_code, compare=False)).design


def _text(before: str, after: str, one: Sequence[str], other: Sequence[str]) -> int:
    """Print the lines that differ, as ``diff -u`` does."""
    from difflib import unified_diff

    found = list(unified_diff(one, other, printable(before), printable(after), lineterm=""))
    write("".join(f"{line}\n" for line in found))
    return DIFFERENT if found else EQUAL


def _compare(before: "Design", after: "Design", *, as_json: bool) -> int:
    from designer.analysis.analysis import analyze
    from designer.analysis.report.network_metrics import measure
    from designer.folding.differences_in_words import differences
    from designer.folding.matching import match
    from designer.runs import own_layers

    measured = own_layers.known(before), own_layers.known(after)
    found = match(before, after, measured)
    figures = [
        measure(analyze(design, measured=known))
        for design, known in zip((before, after), measured, strict=True)
    ]
    rows = differences(found)
    if as_json:
        write(_json(found, (before, after), figures, rows))
    else:
        show(_lines(found, (before, after), figures, rows))
    return EQUAL if found.equal else DIFFERENT


def _lines(
    found: "Matching",
    designs: "tuple[Design, Design]",
    figures: "Sequence[NetworkMetrics]",
    rows: "Sequence[Difference]",
) -> "Iterator[Line]":
    from designer.analysis.report.formatting import cells_of, padded
    from designer.analysis.report.line import Line, Style
    from designer.analysis.report.network_metrics import METRICS, ratio_text, value_text
    from designer.cli.tables import aligned
    from designer.folding.differences_in_words import KINDS, place_text, without_rows

    yield Line(f"{designs[0].name} → {designs[1].name}", Style.HEADING)
    if found.written_out and rows:
        yield Line("Their blocks were cut differently, so all layers are compared as evaluated.")
    names = [row.name if row.what == "node" else f"{row.what} {row.name}" for row in rows]
    widest = min(max(map(cells_of, names), default=0), _NAME_WIDTH)
    places: dict[str, list[Line]] = {}
    for row, name in zip(rows, names, strict=True):
        kind = KINDS[row.kind]
        text = f"{kind.sign} {kind.word:<8} {padded(name, widest)}  {row.text}"
        style = _STYLES.get(row.kind, "PLAIN")
        places.setdefault(place_text(row.graph), []).append(Line(text.rstrip(), Style[style]))
    for place, those in places.items():
        yield Line()
        if place:
            yield Line(f"in {place}", Style.HEADING)
        yield from those
    if not rows:
        yield Line(without_rows(found))
    yield Line()
    cells = [
        (
            metric.label,
            *(value_text(metric, each) for each in figures),
            ratio_text(*(metric.value(each) for each in figures)),
        )
        for metric in METRICS
    ]
    titles = [printable(design.name) for design in designs]
    yield from aligned(("", *titles, "ratio"), cells, left=1)
    for design, each in zip(designs, figures, strict=True):
        if each.problem:
            yield Line(
                f"{design.name} is counted only as far as it is valid. Its first problem: "
                f"{each.problem}",
                Style.WARNING,
            )


def _json(
    found: "Matching",
    designs: "tuple[Design, Design]",
    figures: "Sequence[NetworkMetrics]",
    rows: "Sequence[Difference]",
) -> str:
    import json
    from dataclasses import asdict

    sides = [
        {"name": design.name, "figures": asdict(each)}
        for design, each in zip(designs, figures, strict=True)
    ]
    whole = {
        "equal": found.equal,
        "same_network": found.same_network,
        "written_out": found.written_out,
        "before": sides[0],
        "after": sides[1],
        "graphs": [
            {
                "before": graph.before,
                "after": graph.after,
                "added": list(graph.added),
                "removed": list(graph.removed),
                "renamed": [
                    {"before": before, "after": after} for after, before in graph.renamed.items()
                ],
                "changed": [
                    {"node": name, **change._asdict()}
                    for name, changes in graph.changed.items()
                    for change in changes
                ],
                "rewired": [each._asdict() for each in graph.rewired],
                "arguments": [each._asdict() for each in graph.arguments],
                "ends": [each._asdict() for each in graph.ends],
            }
            for graph in found.graphs
        ],
        "removed_blocks": list(found.removed_blocks),
        "added_blocks": list(found.added_blocks),
        "code": [each._asdict() for each in found.code],
        "differences": [
            {**each._asdict(), "graph": dict(zip(("before", "after"), each.graph, strict=True))}
            for each in rows
        ],
    }
    return json.dumps(whole, indent=1) + "\n"
