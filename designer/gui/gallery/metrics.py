"""The figures by which networks are compared, with what each means; no Qt."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from designer.analysis.report import formatting
from designer.gui.base import numbers

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis


@dataclass(frozen=True)
class NetworkMetrics:
    """What a network costs for one image, and how it is built.

    Attributes
    ----------
    layers, depth
        All layers, blocks written out; the convolutions and dense layers on the longest way.
    field
        The largest receptive field of a feature map, in pixels per side; None without maps.
    problem
        What is first wrong with the network, so that some figures fall short; "" if nothing.
    """

    parameters: int
    macs: int
    saved_bytes: int
    inference_peak_bytes: int
    file_bytes: int
    layers: int
    depth: int
    field: float | None
    problem: str = ""


def measure(analysis: "Analysis") -> NetworkMetrics:
    """Count a network; knows nothing of Qt, for any thread."""
    from designer.analysis.accounting.depth import depth

    totals = analysis.totals
    return NetworkMetrics(
        totals.parameters,
        totals.macs,
        totals.saved_bytes(),
        totals.inference_peak_bytes,
        totals.file_bytes,
        totals.layers,
        depth(analysis.top),
        _widest(analysis),
        analysis.problems[0].message if not analysis.valid else "",
    )


def _widest(analysis: "Analysis") -> float | None:
    """Return the largest receptive field of a layer whose output has more than one place."""
    maps = [row for row in analysis.rows() if len(row.shape) == 3 and max(row.shape[1:]) > 1]
    return max(
        [max(row.receptive_field.size) for row in maps if row.receptive_field is not None],
        default=None,
    )


class Metric(NamedTuple):
    """A figure as tables show it."""

    label: str
    help: str
    value: Callable[[NetworkMetrics], float | None]
    write: Callable[[float], str]


def _pixels(number: float) -> str:
    return f"{numbers.count(round(number))} px"


METRICS = (
    Metric(
        "Parameters", "Learned values: weights and biases.", lambda f: f.parameters, numbers.count
    ),
    Metric(
        "MACs",
        "Multiply-accumulates of convolutions and matrix products, for one image.",
        lambda f: f.macs,
        numbers.scaled,
    ),
    Metric(
        "Kept for backward",
        "What autograd keeps between forward and backward, for one image.",
        lambda f: f.saved_bytes,
        numbers.size,
    ),
    Metric(
        "Inference peak",
        "The most that is alive at once when predicting, for one image, without the parameters.",
        lambda f: f.inference_peak_bytes,
        numbers.size,
    ),
    Metric("File", "All parameters and buffers.", lambda f: f.file_bytes, numbers.size),
    Metric("Layers", "All layers, blocks written out.", lambda f: f.layers, numbers.short),
    Metric(
        "Depth",
        "Convolutions and dense layers on the longest way through, as the papers count.",
        lambda f: f.depth,
        numbers.short,
    ),
    Metric(
        "Receptive field",
        "How many pixels of the image a value of the feature maps sees at most, per side.",
        lambda f: f.field,
        _pixels,
    ),
)


def value_text(row: Metric, of: NetworkMetrics | None) -> str:
    """Write a figure; a dash where there is none."""
    number = row.value(of) if of is not None else None
    return formatting.NONE if number is None else row.write(number)


def ratio_text(one: float | None, other: float | None) -> str:
    """Write how many times the other is the one: ×1.9, ×0.35; a dash where there is no such."""
    if not one or other is None:
        return formatting.NONE
    times = other / one
    if times == 1:
        return "="
    return f"×{numbers.count(round(times))}" if times >= 100 else numbers.local(f"×{times:.3g}")
