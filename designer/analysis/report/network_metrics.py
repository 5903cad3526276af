"""The metrics by which networks are compared, each with its explanation.

The window imports it at its start, so what analyzes is imported only when it is called.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from designer.analysis.report import formatting

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis


@dataclass(frozen=True)
class NetworkMetrics:
    """What a network costs for one image, and its size.

    Attributes
    ----------
    parameters
        The number of weights and biases.
    macs
        Multiply-accumulates of convolutions and matrix products.
    saved_bytes
        Bytes that autograd saves between forward and backward.
    inference_peak_bytes
        The most bytes of tensors alive at once in prediction, without parameters.
    file_bytes
        Bytes of all parameters and buffers.
    layers
        The number of layers, with blocks expanded.
    depth
        The convolutions and linear layers on the longest path.
    receptive_field
        The largest local receptive field of a feature map, in pixels per side; None without maps.
    problem
        The first problem of the network, for which some values are too low; "" for none.
    """

    parameters: int
    macs: int
    saved_bytes: int
    inference_peak_bytes: int
    file_bytes: int
    layers: int
    depth: int
    receptive_field: float | None
    problem: str = ""


def measure(analysis: "Analysis") -> NetworkMetrics:
    """Return the metrics of an analyzed network."""
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
        _largest_field(analysis),
        analysis.problems[0].message if not analysis.valid else "",
    )


def _largest_field(analysis: "Analysis") -> float | None:
    """Return the largest local receptive field of a layer whose output is larger than 1×1."""
    maps = [row for row in analysis.rows() if len(row.shape) == 3 and max(row.shape[1:]) > 1]
    return max(
        [max(row.receptive_field.local) for row in maps if row.receptive_field is not None],
        default=None,
    )


class Metric(NamedTuple):
    """A row of the tables of metrics.

    Attributes
    ----------
    label, help
        Its name, and its tooltip.
    value
        Returns the number; None if the network has none.
    write
        Returns a number as text with its unit.
    """

    label: str
    help: str
    value: Callable[[NetworkMetrics], float | None]
    write: Callable[[Any], str]  # of an int or a float, as `value` returns


def _pixels(number: float) -> str:
    return f"{formatting.count(round(number))} px"


METRICS = (
    Metric("Parameters", "Weights and biases.", lambda f: f.parameters, formatting.count),
    Metric(
        "MACs",
        "Multiply-accumulates of convolutions and matrix products, for one image.",
        lambda f: f.macs,
        formatting.scaled,
    ),
    Metric(
        "Kept for backward",
        "The tensors that autograd saves between forward and backward, for one image.",
        lambda f: f.saved_bytes,
        formatting.decimal_bytes,
    ),
    Metric(
        "Inference peak",
        "The most memory that tensors take at once when predicting one image, without parameters.",
        lambda f: f.inference_peak_bytes,
        formatting.decimal_bytes,
    ),
    Metric(
        "File",
        "All parameters and buffers as they are saved.",
        lambda f: f.file_bytes,
        formatting.decimal_bytes,
    ),
    Metric(
        "Layers", "All layers, those within blocks included.", lambda f: f.layers, formatting.short
    ),
    Metric(
        "Depth",
        "Convolutions and linear layers on the longest path, as papers count depth.",
        lambda f: f.depth,
        formatting.short,
    ),
    Metric(
        "Receptive field",
        "The largest receptive field of a feature map, without global branches: pixels per side. "
        "It may exceed the image.",
        lambda f: f.receptive_field,
        _pixels,
    ),
)


def value_text(metric: Metric, of: NetworkMetrics | None) -> str:
    """Return a metric of a network as text, a dash if it has none."""
    number = metric.value(of) if of is not None else None
    return formatting.NONE if number is None else metric.write(number)


def ratio_text(one: float | None, other: float | None) -> str:
    """Return the ratio of the second number to the first as text: ×1.9, ×0.35, = or a dash."""
    if not one or other is None:
        return formatting.NONE
    times = other / one
    if times == 1:
        return "="
    return f"×{formatting.count(round(times))}" if times >= 100 else f"×{times:.3g}"
