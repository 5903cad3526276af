"""The curves of figures of layers: over the depth of networks, and over the steps of a run."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from designer.gui.base import color_map, numbers
from designer.gui.base.contrast import legible
from designer.gui.base.theme import colors
from designer.gui.inside.statistics_values import Shown, paths_with, title_of, value_of
from designer.runs.layer_statistics import FIGURES, Kind, Measurement
from designer.runs.layer_warnings import limits

if TYPE_CHECKING:
    from designer.gui.inside.figure_plot import FigurePlot

_MOST_LAYERS = 200  # layers over time that are drawn at once
_NAMED = 5  # layers over time of which the header tells the values


def draw_depth(
    plot: "FigurePlot",
    every: Sequence[Shown],
    kind: Kind,
    figure: str,
    *,
    log: bool,
    selection: frozenset[str],
) -> None:
    """Draw a figure from the first to the last layer, a curve for each measurement."""
    import numpy as np

    from designer.gui.inside.figure_plot import Curve

    paths = paths_with(every, kind, figure)
    curves = []
    for one in every if paths else ():
        rows = one.measurement.main(kind)
        values = [value_of(rows.get(path), figure) for path in paths]
        bad = {each.path for each in one.found if (each.kind, each.figure) == (kind, figure)}
        known = [number for number, value in enumerate(values) if value is not None]
        curves.append(
            Curve(
                one.title,
                one.color,
                np.array(known, dtype=float),
                np.array([values[number] for number in known], dtype=float),
                np.array([paths[number] in bad for number in known], dtype=bool),
            )
        )
    marks = [number for number, path in enumerate(paths) if path in selection]
    plot.show_curves(
        title_of(kind, figure) if paths else f"{title_of(kind, figure)}: no layer has it",
        curves,
        names=paths,
        words=lambda at: paths[round(at)] if 0 <= round(at) < len(paths) else "",
        log=log,
        percent=FIGURES[figure].share,
        limits=limits(kind, figure),
        mark=float(marks[0]) if marks else math.nan,
    )


def draw_time(
    plot: "FigurePlot",
    measurements: Sequence[Measurement],
    kind: Kind,
    figure: str,
    *,
    log: bool,
    selection: frozenset[str],
    at: int,
) -> None:
    """Draw a figure over the steps, a curve for each selected layer, or for all without any."""
    import numpy as np

    from designer.gui.inside.figure_plot import Curve

    found: dict[str, tuple[list[int], list[float]]] = {}
    for each in measurements:
        for path, row in each.main(kind).items():
            value = value_of(row, figure)
            if value is not None:
                steps, values = found.setdefault(path, ([], []))
                steps.append(each.step)
                values.append(value)
    depth = {path: number for number, path in enumerate(found)}
    chosen = [path for path in found if path in selection] or list(found)[:_MOST_LAYERS]
    many = len(chosen) > _NAMED
    low, high = limits(kind, figure)
    curves = []
    for path in chosen:
        steps, values = found[path]
        y = np.array(values, dtype=float)
        bad = np.zeros(len(y), dtype=bool)
        if high is not None:
            bad |= y > high
        if low is not None:
            bad |= (y < low) & (y > 0)
        curves.append(
            Curve(
                "" if many and path not in (chosen[0], chosen[-1]) else path,
                _color_at(depth[path] / max(len(found) - 1, 1)),
                np.array(steps, dtype=float),
                y,
                bad,
                faint=many,
            )
        )
    title = title_of(kind, figure)
    if not measurements:
        title += ": a training that is shown records it"
    elif not found:
        title += ": no layer has it"
    plot.show_curves(
        title,
        curves,
        words=lambda step: f"step {numbers.count(round(step))}",
        log=log,
        percent=FIGURES[figure].share,
        limits=(low, high),
        mark=float(measurements[at].step) if measurements else math.nan,
        x_name="step",
    )


def _color_at(depth: float) -> str:
    """Return the color of a layer by its depth, 0 for the first and 1 for the last."""
    palette = color_map.palette()
    return legible(palette[round(depth * (len(palette) - 1))].name(), colors().window)
