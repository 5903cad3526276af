"""Figures of tensors by plain torch and numpy, with which those of the program are compared."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from designer.runs.layer_statistics import BINS, LayerFigures


def assert_figures_of(row: LayerFigures, tensor: Tensor) -> None:
    """Check every figure of a tensor to 1e-6 of its largest value, and its histogram."""
    values = tensor.detach().cpu().double()
    largest = float(values.abs().max())

    def near(value: Any, scale: float = largest) -> Any:
        return pytest.approx(float(value), abs=1e-6 * scale, rel=1e-6)

    assert row.count == values.numel()
    assert row.mean == near(values.mean())
    assert row.deviation == near(values.std(correction=0))
    assert row.minimum == near(values.min())
    assert row.maximum == near(values.max())
    assert row.norm == near(values.square().sum().sqrt())
    assert row.zeros == near((values == 0).double().mean(), 1.0)
    assert row.low == near(max(values.min(), values.mean() - 4 * values.std(correction=0)))
    assert row.high == near(min(values.max(), values.mean() + 4 * values.std(correction=0)))
    assert sum(row.counts) == values.numel()
    assert row.low is not None and row.high is not None
    if row.low < row.high:
        inside = values.numpy().clip(row.low, row.high)
        expected, _ = np.histogram(inside, BINS, (row.low, row.high))
        moved = int(np.abs(np.array(row.counts) - expected).sum()) // 2
        # float32 puts values at the very edge of a bin to one side or the other.
        places = (inside - row.low) * (BINS / (row.high - row.low))
        at_edges = int((np.abs(places - places.round()) < 1e-5).sum())
        assert moved <= 1 + max(at_edges, values.numel() // 10_000)


def assert_dead_and_saturated(row: LayerFigures, output: Tensor, kind: str) -> None:
    """Check the figures that only some layer types have."""
    values = output.detach()
    center, radius = {"Sigmoid": (0.5, 0.5), "Tanh": (0.0, 1.0)}.get(kind, (0.0, 0.0))
    if radius:
        near = (values - center).abs() >= radius - 0.02 * radius
        assert row.saturated == pytest.approx(float(near.float().mean()), abs=1e-6)
    else:
        assert row.saturated is None
    if kind in ("ReLU", "ReLU6", "Hardswish"):
        channels = values.transpose(0, 1).flatten(1)
        dead = torch.tensor([bool((each == 0).all()) for each in channels])
        assert row.dead == pytest.approx(float(dead.float().mean()), abs=1e-6)
    else:
        assert row.dead is None
