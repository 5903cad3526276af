"""The work of ``netdesigner time``: measuring a network's layers, printing their times."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from designer.analysis.analysis import Row
from designer.analysis.report import formatting
from designer.analysis.report.line import Line, Style
from designer.cli.output import printable, share_shown
from designer.cli.tables import aligned
from designer.runs import own_layers
from designer.runs.inspection import design_of
from designer.runs.layer_times import WHY_SUMS_DIFFER, LayerTimes

if TYPE_CHECKING:
    from designer.runs.inspection import Subject


def measure(
    subject: "Subject", *, batch: int | None, training: bool, device: str | None
) -> tuple[LayerTimes, Mapping[str, Row]]:
    """Return the times of a network's nodes, and what the analysis knows of its layers, by path.

    Raises
    ------
    DesignerError
        It cannot be measured.
    """
    from designer.engine.inspect import timing  # torch takes seconds to load

    with share_shown("Measuring") as progress:
        found = timing.of_subject(
            subject, batch=batch, training=training, device=device, progress=progress
        )
    return found, {row.path: row for row in own_layers.analyzed(design_of(subject)).rows()}


def to_json(found: LayerTimes) -> str:
    """Return times as a JSON object, with their sums."""
    fields = msgspec.to_builtins(found)
    fields["sum"] = {"forward": found.forward, "backward": found.backward}
    fields["ratio"] = found.ratio
    return f"{msgspec.json.format(msgspec.json.encode(fields), indent=1).decode()}\n"


def lines(found: LayerTimes, rows: Mapping[str, Row]) -> Iterator[Line]:
    """Yield a table with a line for each node, the sums, and the whole network beside them."""
    total = found.forward + (found.backward or 0.0)
    titles = ["layer", "type", "MACs", "forward ms", "backward ms", "share"]
    table = []
    for each in found.nodes:
        row = rows.get(each.path)
        share = (each.forward + (each.backward or 0.0)) / total if total else 0.0
        macs = row.result.counts.macs if row is not None else 0
        table.append(
            [
                printable(each.path),
                row.type if row is not None else "",
                formatting.scaled(macs, 3) if macs else formatting.NONE,
                formatting.milliseconds(each.forward),
                formatting.milliseconds(each.backward),
                f"{share:.1%}",
            ]
        )
    summed = [formatting.milliseconds(each) for each in (found.forward, found.backward)]
    table.append(["sum", "", "", *summed, ""])
    step = found.step
    whole = [formatting.milliseconds(each) for each in (step.forward, step.backward)]
    table.append(["whole network", "", "", *whole, ""])
    if not found.training:
        titles.pop(4)
        table = [[*row[:4], row[5]] for row in table]
    yield from aligned(titles, table, headings=(len(table) - 2,))
    yield Line()
    if step.optimizer is not None:
        yield Line(f"The optimizer's update takes {formatting.milliseconds(step.optimizer)} ms.")
    yield Line(
        f"Batch {found.batch} on {found.device}, medians of {found.passes} passes. The nodes' sum "
        f"is {found.ratio:.2f} times the whole network."
    )
    yield Line(WHY_SUMS_DIFFER, Style.FAINT)
