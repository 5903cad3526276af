"""The plots of a report."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.metrics.calibration import Calibration
from designer.metrics.curves import Curve
from designer.metrics.regression import histogram
from designer.reports.svg import Plot, Point, series, thinned
from designer.runs.events import Event

Array = NDArray[Any]

_MOST_DOTS = 1500  # points of a scatter plot
_BINS = 31  # of a histogram


def epochs(events: Sequence[Event], metric: str, title: str, *, steps: Sequence[Point] = ()) -> str:
    """Return the curves of a metric on training and validation, "" without values.

    Parameters
    ----------
    events
        Those at the end of each epoch.
    metric
        ``loss`` or ``accuracy``.
    title
        Of the axis.
    steps
        Pairs (epoch, value) of single steps, which are drawn lightly behind.
    """
    lines = {
        part: [
            (float(event["epoch"]), float(value))
            for event in events
            if (value := (event.get(part) or {}).get(metric)) is not None
        ]
        for part in ("train", "validation")
    }
    every = [point for points in (*lines.values(), steps) for point in points]
    if not every:
        return ""
    share = metric == "accuracy"
    ys = [y for _, y in every]
    plot = Plot(
        "epoch",
        title,
        x=(0.0, max(x for x, _ in every)),
        y=(min(ys), 1.0) if share else (min(0.0, *ys), _upper(ys)),
        percent=(False, share),
        whole=True,
    )
    top = _upper(ys)
    plot.line([(x, min(y, top)) for x, y in thinned(steps)], "steps")
    for place, (part, points) in enumerate(lines.items()):
        name = "training" if part == "train" else part
        plot.line(points, series(place), name=name)
        plot.points(points if len(points) <= 60 else [], series(place))
    return plot.svg(f"{title} by epoch")


def _upper(values: Sequence[float]) -> float:
    """Return the top of an axis for losses: a few high ones do not flatten the rest."""
    ordered = sorted(values)
    return max(ordered[int(0.98 * (len(ordered) - 1))] * 1.1, ordered[len(ordered) // 2], 1e-9)


def precision_recall(curves: Sequence[tuple[str, Curve]], whole: Curve) -> str:
    """Return the precision-recall curves of classes or labels, and the one of all together."""
    plot = Plot("recall", "precision", x=(0, 1), y=(0, 1), percent=(True, True))
    plot.line([(0, 0), (1, 1)], "guide")
    for place, (name, each) in enumerate(curves):
        if each.positives:
            points = list(zip(each.recall.tolist(), each.precision.tolist(), strict=True))
            plot.line(thinned(points), series(place), name=_with(name, each.average_precision))
    points = list(zip(whole.recall.tolist(), whole.precision.tolist(), strict=True))
    plot.line(thinned(points), "whole", name=_with("all together", whole.average_precision))
    if whole.break_even is not None:
        value = whole.break_even.value
        plot.points([(value, value)], "mark")
        plot.text((value, value), f"break-even {100 * value:.1f} % ", anchor="end", up=-22)
    return plot.svg("Precision-recall curves")


def roc(curves: Sequence[tuple[str, Curve]], whole: Curve) -> str:
    """Return the ROC curves of classes or labels, and the one of all decisions together."""
    plot = Plot("false positive rate", "recall", x=(0, 1), y=(0, 1), percent=(True, True))
    plot.line([(0, 0), (1, 1)], "guide")
    for place, (name, each) in enumerate([*curves, ("all together", whole)]):
        if each.positives and each.negatives:
            points = zip(each.false_positive_rate.tolist(), each.recall.tolist(), strict=True)
            style = "whole" if place == len(curves) else series(place)
            plot.line(thinned(list(points)), style, name=_with(name, each.area))
    return plot.svg("ROC curves")


def _with(name: str, area: float) -> str:
    words = name if len(name) <= 14 else f"{name[:13]}…"
    return f"{words} ({area:.3f})" if math.isfinite(area) else words


def reliability(found: Calibration) -> str:
    """Return the share that is right in each bin of probability, with the distance to it."""
    plot = Plot("probability", "share that is right", x=(0, 1), y=(0, 1), percent=(True, True))
    columns = (found.edges, found.counts, found.probability, found.right)
    edges, counts, probability, right = (each.tolist() for each in columns)
    for place, count in enumerate(counts):
        if count:
            across = (edges[place], edges[place + 1])
            plot.bar(across, (0.0, right[place]), "bar")
            plot.bar(across, (right[place], probability[place]), "gap")
    plot.line([(0, 0), (1, 1)], "guide")
    return plot.svg("Reliability")


def scatter(values: Array, targets: Array, name: str) -> str:
    """Return predicted against true values of a number; ``values`` and ``targets`` are (n,)."""
    both = np.concatenate([values, targets]).astype(np.float64)
    finite = both[np.isfinite(both)]
    bounds = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    plot = Plot(f"true {name}", f"predicted {name}", x=bounds, y=bounds, width=340)
    chosen = np.linspace(0, len(values) - 1, min(len(values), _MOST_DOTS)).round().astype(int)
    plot.points(zip(targets[chosen].tolist(), values[chosen].tolist(), strict=True), "dot")
    plot.line([(bounds[0], bounds[0]), (bounds[1], bounds[1])], "guide")
    return plot.svg(f"Predicted against true {name}")


def residuals(left: Array, name: str) -> str:
    """Return the distribution of true minus predicted values, (n,)."""
    counts, edges = histogram(left, _BINS)
    plot = Plot(
        f"true minus predicted {name}",
        "images",
        x=(float(edges[0]), float(edges[-1])),
        y=(0.0, float(counts.max())),
        width=340,
    )
    for place, count in enumerate(counts.tolist()):
        plot.bar((float(edges[place]), float(edges[place + 1])), (0.0, float(count)), "bar")
    return plot.svg(f"Residuals of {name}")
