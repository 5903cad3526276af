import csv
import math

import numpy as np
import pytest

from designer.gui.training.lines import Line, extremes
from designer.gui.worker.history import STEP, History, Table, smoothed
from designer.runs.curves_table import curves_table
from designer.runs.events import read_events


def test_a_table_grows_and_missing_values_are_nan():
    rows = Table(STEP)
    for step in range(1000):
        rows.append({"step": step, "loss": step / 2, "accuracy": None})
    assert rows["step"].tolist() == list(range(1000))
    assert rows["loss"][-1] == 499.5
    assert np.isnan(rows["accuracy"]).all() and np.isnan(rows["lr"]).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.99, 0.999])
def test_smoothing_is_the_corrected_moving_average(share):
    values = np.random.default_rng(0).normal(5, 1, 3000)
    mean, expected = 0.0, []
    for number, value in enumerate(values, start=1):
        mean = share * mean + (1 - share) * value
        expected.append(mean / (1 - share**number))
    assert smoothed(values, share) == pytest.approx(np.array(expected))


def test_smoothing_skips_nan():
    values = np.array([1.0, math.nan, 3.0, math.inf, 2.0])
    result = smoothed(values, 0.5)
    assert np.isnan(result[[1, 3]]).all()
    assert result[[0, 2, 4]] == pytest.approx(smoothed(values[[0, 2, 4]], 0.5))


def event(kind, **fields):
    return {"event": kind, "time": 0.0, "sequence": 1, **fields}


def test_a_history_has_the_position_of_a_run():
    history = History()
    history.add(
        [
            event("start", epochs=3, steps_per_epoch=10, step=0),
            event("step", step=5, loss=1.0, lr=0.1),
            event("lr", step=6, lr=0.01),
            event("epoch", epoch=1, step=10, train={"loss": 2.0}, validation={"loss": 3.0}),
            event("paused", step=12),
        ]
    )
    assert (history.step, history.total_steps, history.paused) == (12, 30, True)
    assert history.at_epochs(history.steps).tolist() == [0.5]
    assert history.rates["lr"].tolist() == [0.01]
    assert history.epochs["validation_loss"].tolist() == [3.0]
    history.add([event("resumed", step=12)])
    assert not history.paused


def test_many_points_are_reduced_to_their_extremes():
    x = np.arange(10_000.0)
    y = np.zeros(10_000)
    y[1234], y[5678] = 7.0, -3.0
    kept_x, kept_y = extremes(x, y, 100)
    assert len(kept_x) <= 201
    assert kept_y.max() == 7.0 and kept_y.min() == -3.0
    assert (np.diff(kept_x) >= 0).all() and kept_x[-1] == 9_999


def test_a_line_is_reduced_to_its_visible_points():
    x = np.linspace(0, 20, 1_000_000)
    line = Line("train", "#ffffff", x, np.sin(x))
    for low, high in ((0, 20), (3, 4), (5.0, 5.001)):
        seen, values = line.seen(low, high, 500)
        assert len(seen) <= 4_000
        assert seen[0] <= max(low, 0) and seen[-1] >= min(high, 20) - 1e-4
        assert (np.diff(seen) >= 0).all()
        assert np.abs(values - np.sin(seen)).max() == 0


def test_the_table_of_a_run(written):
    lines = curves_table(read_events(written().events)).splitlines()
    assert lines[0].startswith("step,epoch,step_loss")
    assert all(line.count(",") == lines[0].count(",") for line in lines)
    assert len(lines) == 1 + 20 + 2
    rows = list(csv.DictReader(lines))
    assert rows[0] == {
        "step": "1",
        "epoch": "0.1",
        "step_loss": "2.1",
        "step_accuracy": str(1 - 0.9),
        "learning_rate": "0.05",
        "images_per_second": "1234.5",
        "gradient_norm": "3.0",
        "update_ratio": "0.002",
        "data_seconds": "0.001",
        "forward_seconds": "0.004",
        "backward_seconds": "0.007",
        "update_seconds": "0.002",
        "memory_bytes": "500000000",
        "utilization": "0.75",
        **dict.fromkeys(("train_loss", "train_accuracy"), ""),
        **dict.fromkeys(("validation_loss", "validation_accuracy"), ""),
        **dict.fromkeys(("validation_top5", "validation_macro_f1"), ""),
    }
    last = {name: text for name, text in rows[-1].items() if text}
    assert last == {
        "step": "20",
        "epoch": "2",
        "train_loss": "0.5",
        "train_accuracy": "0.8",
        "validation_loss": "0.25",
        "validation_accuracy": "0.85",
        "validation_top5": "0.99",
        "validation_macro_f1": "0.8",
    }
