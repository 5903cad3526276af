"""The metrics of networks with their numbers as the window writes them. Imports no Qt."""

from designer.analysis.report import network_metrics
from designer.analysis.report.network_metrics import METRICS, Metric, NetworkMetrics, measure
from designer.gui.base import numbers

__all__ = ["METRICS", "Metric", "NetworkMetrics", "measure", "ratio_text", "value_text"]


def value_text(metric: Metric, of: NetworkMetrics | None) -> str:
    """Return a metric of a network as text, a dash if it has none."""
    return numbers.local(network_metrics.value_text(metric, of))


def ratio_text(one: float | None, other: float | None) -> str:
    """Return the ratio of the second number to the first as text: ×1.9, ×0.35, = or a dash."""
    return numbers.local(network_metrics.ratio_text(one, other))
