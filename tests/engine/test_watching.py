"""The figures of the steps: against plain torch, and what they leave unchanged."""

import math
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from designer.engine import watching
from designer.engine.decisions import Decisions
from designer.engine.training import train
from designer.engine.validation_metrics import WatchedMetrics
from designer.engine.watching import Changes, StepClock, Utilization
from designer.errors import DesignerError
from designer.metrics.summary import class_figures
from designer.recipe.reading import changed
from designer.recipe.watching import METRICS
from designer.runs import watching as table
from designer.runs.events import _Fields, read_events
from designer.runs.folder import RunFolder
from tests.engine.test_training import (  # noqa: F401
    StopAt,
    create,
    data,
    look_always,
    tiny_recipe,
)


def test_norm_of_the_gradient_and_of_the_change_against_plain_torch() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    weights = list(network.parameters())
    network(torch.randn(5, 3)).square().sum().backward()
    before = torch.cat([each.detach().flatten() for each in weights])
    gradient = torch.cat([each.grad.flatten() for each in weights if each.grad is not None])
    changes = Changes(weights)
    changes.before_update(lambda: 4.0)
    optimizer.step()
    changes.after_update()
    change = torch.cat([each.detach().flatten() for each in weights]) - before
    assert changes.read() == {
        "gradient_norm": pytest.approx(float(gradient.norm()) / 4, rel=1e-5),
        "update_ratio": pytest.approx(float(change.norm() / before.norm()), rel=1e-5),
    }
    assert changes.read() == {}  # nothing was measured since


def test_each_part_of_a_step_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(watching.time, "perf_counter", lambda: now[0])
    clock = StepClock(torch.device("cpu"))
    for more in (0.0, 0.01):  # two steps, and something else between them
        now[0] += 5
        clock.begin()
        for seconds, end in (
            (1 + more, lambda: clock.data_ready(marked=False)),
            (2 + more, clock.forward_done),
            (3 + more, clock.backward_done),
            (4 + more, clock.update_done),
        ):
            now[0] += seconds
            end()
    means = {"data": 1.005, "forward": 2.005, "backward": 3.005, "update": 4.005}
    assert clock.read() == {f"{name}_seconds": pytest.approx(m) for name, m in means.items()}


def test_figures_in_the_log(tmp_path: Path, data: Any) -> None:  # noqa: F811
    run = create(tmp_path / "run", tiny_recipe(data))
    train(run)
    steps = [event for event in read_events(run.events) if event["event"] == "step"]
    for step in steps:
        assert step.keys() >= table.FIGURES.keys() - {"utilization"}
        assert step["gradient_norm"] > 0
        assert 0 < step["update_ratio"] < 1
    for before, after in pairwise(steps):
        parts = sum(after[name] for name in table.TIMES)
        assert 0 < parts <= after["time"] - before["time"] + 1e-3


def test_utilization_is_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Utilization(torch.device("cpu"))
    assert asked.share() is None  # too early
    monkeypatch.setattr(watching, "_UTILIZATION_SECONDS", 0.0)
    sum(math.sqrt(number) for number in range(200_000))
    share = asked.share()
    assert share is not None
    assert 0 <= share <= 1


def test_readers_check_every_figure() -> None:
    assert table.FIGURES.keys() <= set(_Fields.__struct_fields__)
    assert set(table.TIMES) <= table.FIGURES.keys()


def test_metrics_of_classes_against_scikit_learn() -> None:
    torch.manual_seed(1)
    outputs, targets = torch.randn(200, 8), torch.randint(0, 8, (200,))
    outputs[torch.arange(200), targets] += 1
    watched = WatchedMetrics(tuple(METRICS), Decisions("classes", 1))
    for part in (slice(0, 64), slice(64, 200)):
        watched.add(outputs[part], targets[part])
    found, wanted = watched.read(), outputs.softmax(1).double().numpy()
    true, said = targets.numpy(), outputs.argmax(1).numpy()
    one_hot = np.eye(8)[true]
    assert found.pop("calibration_error") > 0  # compared in tests/metrics
    assert found == {
        "top5": pytest.approx(sklearn.top_k_accuracy_score(true, wanted, k=5)),
        "macro_precision": pytest.approx(
            sklearn.precision_score(true, said, average="macro", zero_division=0)
        ),
        "macro_recall": pytest.approx(sklearn.recall_score(true, said, average="macro")),
        "macro_f1": pytest.approx(sklearn.f1_score(true, said, average="macro")),
        "average_precision": pytest.approx(
            sklearn.average_precision_score(one_hot, wanted, average="macro")
        ),
        "roc_auc": pytest.approx(sklearn.roc_auc_score(one_hot, wanted, average="macro")),
    }
    assert watched.read() == {}


def test_metrics_are_those_of_an_evaluation_without_a_class_and_with_a_softmax() -> None:
    torch.manual_seed(3)
    outputs, targets = torch.randn(60, 5).softmax(1), torch.randint(0, 3, (60,))
    outputs[:, 4] = 0  # never predicted, and no image is of it
    watched = WatchedMetrics(tuple(METRICS), Decisions("classes", 1), "probabilities")
    watched.add(outputs, targets)
    found, said = watched.read(), outputs.argmax(1).numpy()
    whole = class_figures(outputs.double().numpy(), said, targets.numpy(), [*"abcde"])
    assert found["calibration_error"] == pytest.approx(whole["calibration_error"])
    for name in ("precision", "recall", "f1"):
        assert found[f"macro_{name}"] == pytest.approx(whole["macro"][name])
    assert found["macro_f1"] == pytest.approx(
        sklearn.f1_score(targets.numpy(), said, average="macro", zero_division=0)
    )
    assert found["calibration_error"] == pytest.approx(by_hand(outputs, targets), abs=1e-6)


def by_hand(outputs: torch.Tensor, targets: torch.Tensor) -> float:
    """Return the calibration error over 15 bins, bin by bin."""
    sure, said = outputs.max(1)
    error = 0.0
    for low in range(15):
        inside = (sure > low / 15) & (sure <= (low + 1) / 15)
        if inside.any():
            right = (said == targets)[inside].float().mean()
            error += float(inside.float().mean() * (sure[inside].mean() - right).abs())
    return error


def test_metrics_of_labels_and_of_numbers_against_scikit_learn() -> None:
    torch.manual_seed(2)
    outputs, targets = torch.randn(90, 3), torch.randint(0, 2, (90, 3)).float()
    thresholds = torch.tensor((0.5, 0.4, 0.6))
    watched = WatchedMetrics(
        tuple(METRICS), Decisions("labels", 3, (0.5, 0.4, 0.6), thresholds, logits=True)
    )
    watched.add(outputs, targets)
    found = watched.read()
    said = (outputs.sigmoid() >= thresholds).numpy()
    assert found["macro_f1"] == pytest.approx(
        sklearn.f1_score(targets.numpy(), said, average="macro")
    )
    assert found["roc_auc"] == pytest.approx(
        sklearn.roc_auc_score(targets.numpy(), outputs.numpy(), average="macro"), rel=1e-6
    )
    assert "top5" not in found

    values = torch.randn(90, 2)
    watched = WatchedMetrics(tuple(METRICS), Decisions("numbers", 0), "values")
    watched.add(outputs[:, :2], values)
    assert watched.read() == {
        "mean_absolute_error": pytest.approx(
            sklearn.mean_absolute_error(values.numpy(), outputs[:, :2].numpy()), rel=1e-6
        ),
        "r2": pytest.approx(sklearn.r2_score(values.numpy(), outputs[:, :2].numpy()), rel=1e-6),
    }


@pytest.mark.usefixtures("look_always")
def test_metrics_and_tensorboard_of_a_training_that_was_stopped(
    tmp_path: Path,
    data: Any,  # noqa: F811
) -> None:
    watching = {"watching.metrics": ("macro_f1",), "watching.tensorboard": True}
    whole = create(tmp_path / "whole", changed(tiny_recipe(data), watching))
    train(whole)
    run = create(tmp_path / "run", changed(tiny_recipe(data), watching))
    assert train(run, interrupt=StopAt(5)).status == "stopped"
    train(run, resume=True)

    def curve(of: RunFolder, kind: str, name: str) -> list[tuple[int, float]]:
        found = [event for event in read_events(of.events) if event["event"] == kind]
        group = "metrics" if kind == "epoch" else None
        return [(e["step"], (e[group] if group else e)[name]) for e in found]

    assert curve(run, "epoch", "macro_f1") == curve(whole, "epoch", "macro_f1")
    accumulator = EventAccumulator(str(run.tensorboard)).Reload()
    for tag, kind, name in (
        ("step/loss", "step", "loss"),
        ("step/gradient_norm", "step", "gradient_norm"),
        ("validation/macro_f1", "epoch", "macro_f1"),
    ):
        points = [(each.step, each.value) for each in accumulator.Scalars(tag)]
        wanted = curve(run, kind, name)
        assert [step for step, _ in points] == [step for step, _ in wanted]
        assert [value for _, value in points] == pytest.approx([v for _, v in wanted], rel=1e-6)
    assert {"loss/train", "loss/validation", "accuracy/validation"} <= set(
        accumulator.Tags()["scalars"]
    )


def test_without_tensorboard_the_training_is_refused(
    tmp_path: Path,
    data: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard.writer", None)
    recipe = changed(tiny_recipe(data), {"watching.tensorboard": True})
    with pytest.raises(DesignerError, match=r"pip install 'netdesigner\[tensorboard\]'"):
        train(create(tmp_path / "run", recipe))
