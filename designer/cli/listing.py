"""The lists of presets and of torchvision's weights."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from designer.cli.output import show

if TYPE_CHECKING:
    from designer.analysis.report.line import Line
    from designer.design.values import Design
    from designer.presets import Entry


def check(names: Sequence[str]) -> bool:
    """Check presets, print a line for each with its faults, and return whether none has any."""
    from designer.analysis.report.formatting import count, scaled
    from designer.analysis.report.line import Line, Style
    from designer.preset_checks import check as check_preset

    wrong, seconds, width = 0, 0.0, max(map(len, names), default=0)
    for name in names:
        found = check_preset(name)
        seconds += found.seconds
        totals = found.analysis.totals if found.analysis is not None else None
        costs = f"{count(totals.parameters):>13} {scaled(totals.macs):>9}" if totals else " " * 23
        line = f"{name:<{width}}  {costs}  {1000 * found.seconds:4.0f} ms"
        if not found.faults:
            show([Line(f"{line}  right")])
            continue
        wrong += 1
        show([Line(f"{line}  wrong", Style.HEADING)])
        show([Line(f"  {fault}") for fault in found.faults], error=True)
    if wrong:
        verdict = f"Presets that are wrong: {wrong} of {len(names)}; this took {seconds:.1f} s."
    else:
        verdict = f"{len(names)} presets are right; this took {seconds:.1f} s."
    show([Line(verdict, Style.HEADING)])
    return not wrong


def lines(entry: "Entry") -> "Iterator[Line]":
    """Yield the lines about a preset: its costs, its arguments and its paper."""
    from designer.analysis.report.formatting import scaled, short, size
    from designer.analysis.report.line import Line, Style
    from designer.design.printing import setting_text

    preset, totals = entry.preset, entry.totals
    year = "" if str(preset.year) in preset.title else f" ({preset.year})"
    yield Line(f"{entry.name:<11} {preset.title}{year}", Style.HEADING)
    costs = f"{short(totals.parameters)} parameters, {scaled(totals.macs)} MACs"
    yield Line(f"{'':12}{costs}, file {size(totals.file_bytes)}")
    settings = []
    for name, argument in entry.arguments.items():
        choices = "|".join(
            setting_text(each) for each in argument.choices if each != argument.default
        )
        settings.append(
            f"{name}={setting_text(argument.default)}" + (f" ({choices})" if choices else "")
        )
    if settings:
        text = f"--set {', '.join(settings)}"
        for line in textwrap.wrap(text, 66, break_on_hyphens=False):
            yield Line(f"{'':12}{line}")
    for text in (preset.paper.title, preset.paper.reference):
        for line in textwrap.wrap(text, 66):
            yield Line(f"{'':12}{line}", Style.FAINT)
    yield Line()


def torchvision(design: "Design", name: str) -> "Iterator[Line]":
    """Yield a line for each of torchvision's weights, those that should fit the design first."""
    from designer.analysis.report.formatting import decimal_bytes, short
    from designer.analysis.report.line import Line, Style
    from designer.runs import own_layers, pretrained

    parameters = own_layers.analyzed(design).totals.parameters
    rows = pretrained.fitting_first(pretrained.table(), preset=name, parameters=parameters)
    width = max(len(row.source) for row in rows)
    yield Line(f"{'source':<{width}}    top-1  parameters  download", Style.HEADING)
    for row in rows:
        size = decimal_bytes(row.megabytes * 2**20)
        fits = pretrained.fits(row, preset=name, parameters=parameters)
        text = f"{row.source:<{width}}  {row.top1:5.2f} %  {short(row.parameters):>10}  {size:>8}"
        yield Line(f"{text}  same network" if fits else text)
