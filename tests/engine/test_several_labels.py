"""Trainings on several labels an image, and on several numbers."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from designer.design import edits
from designer.engine import checkpoint
from designer.engine.preparation import Prepared, prepare
from designer.engine.training import train
from designer.errors import DesignerError
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from tests.engine.samples import TINY, WITHOUT_DROPOUT, create, tiny_recipe, write_data
from tests.engine.test_training import StopAt, assert_same

LABELS = ("top", "middle", "bottom")


def write_stripes(path: Path, *, images: int = 240) -> Path:
    """Write bright stripes at the places of the labels that an image has: none to all three."""
    generator = np.random.default_rng(0)
    labels = (generator.random((images, 3)) < (0.5, 0.4, 0.2)).astype(np.uint8)
    pictures = generator.integers(0, 60, (images, 8, 8)).astype(np.uint8)
    for picture, row in zip(pictures, labels, strict=True):
        for place in np.flatnonzero(row):
            picture[3 * place : 3 * place + 2] += 150
    np.savez(path, x_train=pictures, y_train=labels, classes=np.array(LABELS))
    return path


@pytest.fixture(scope="module")
def stripes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stripes(tmp_path_factory.mktemp("data") / "stripes.npz")


def recipe_of(data: Path, **changes: Any) -> Any:
    return tiny_recipe(data, **{"loss__name": "binary_cross_entropy", "epochs": 6, **changes})


def network_of(prepared: Prepared, run: RunFolder) -> torch.nn.Module:
    network = prepared.network
    network.load_state_dict(checkpoint.load(run.best, source=run.source())["network"])
    return network.eval()


def test_several_labels_are_learned_and_evaluated(tmp_path: Path, stripes: Path) -> None:
    recipe = recipe_of(stripes, loss__threshold=(0.5, 0.4, 0.3))
    run = create(tmp_path / "run", recipe)
    result = train(run)
    assert result.status == "finished"
    assert result.test is not None
    assert result.test.accuracy is not None and result.test.accuracy > 0.97
    assert run.preprocessing().labels == LABELS
    assert run.preprocessing().targets == "labels"

    prepared = prepare(create(tmp_path / "again", recipe), ExitStack())
    assert prepared.test is not None
    (batch,) = prepared.test.batches(torch.arange(len(prepared.test)), len(prepared.test))
    with torch.inference_mode():
        outputs = network_of(prepared, run)(batch[0])
    targets = batch[1]
    expected = F.binary_cross_entropy_with_logits(outputs, targets)
    assert result.test.loss == pytest.approx(expected.item(), rel=1e-4)
    predicted = outputs.sigmoid() >= torch.tensor([0.5, 0.4, 0.3])
    right = predicted == targets.bool()
    assert result.test.accuracy == pytest.approx(right.float().mean().item())
    assert result.test.exact_match == pytest.approx(right.all(1).float().mean().item())

    files = {path.name for path in run.evaluation.iterdir()}
    assert files == {"predictions.npz", "labels.json", "evaluation.json"}
    with np.load(run.evaluation / "predictions.npz") as tables:
        assert np.array_equal(tables["predicted"], predicted.numpy())
    scores = json.loads((run.evaluation / "labels.json").read_text())
    assert [score["name"] for score in scores] == list(LABELS)
    assert [score["threshold"] for score in scores] == [0.5, 0.4, 0.3]
    for place, score in enumerate(scores):
        assert score["support"] == targets[:, place].sum()
        assert score["true_positives"] == (predicted & targets.bool())[:, place].sum()

    epochs = [event for event in read_events(run.events) if event["event"] == "epoch"]
    steps = [event for event in read_events(run.events) if event["event"] == "step"]
    assert 0 <= epochs[-1]["validation"]["exact_match"] <= epochs[-1]["validation"]["accuracy"]
    first = [event["accuracy"] for event in steps if event["epoch"] == 1]
    assert np.mean(first) == pytest.approx(epochs[0]["train"]["accuracy"])


def test_balanced_labels_weigh_absences(tmp_path: Path, stripes: Path) -> None:
    recipe = recipe_of(stripes, loss__class_weights="balanced", epochs=1)
    run = create(tmp_path / "run", recipe, WITHOUT_DROPOUT)
    result = train(run)
    prepared = prepare(create(tmp_path / "again", recipe, WITHOUT_DROPOUT), ExitStack())
    order = torch.arange(len(prepared.train))
    (batch,) = prepared.train.batches(order, len(order))
    there = batch[1].sum(0)
    weights = (len(order) - there) / there
    assert run.preprocessing().class_weights == pytest.approx(weights.tolist())
    (batch,) = prepared.validation.batches(torch.arange(len(prepared.validation)), 1_000)
    with torch.inference_mode():
        outputs = network_of(prepared, run)(batch[0])
    expected = F.binary_cross_entropy_with_logits(outputs, batch[1], pos_weight=weights)
    assert result.validation is not None
    assert result.validation.loss == pytest.approx(expected.item(), rel=1e-4)


def test_a_stopped_run_on_labels_goes_on_exactly(
    tmp_path: Path, stripes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)
    recipe = recipe_of(stripes, loss__class_weights="balanced", epochs=2)
    whole = create(tmp_path / "whole", recipe)
    train(whole)
    broken = create(tmp_path / "broken", recipe)
    assert train(broken, interrupt=StopAt(5)).status == "stopped"
    assert train(broken, resume=True).status == "finished"
    assert_same(whole, broken)


def test_squared_error_takes_labels_too(tmp_path: Path, stripes: Path) -> None:
    result = train(create(tmp_path / "run", recipe_of(stripes, loss__name="mean_squared_error")))
    assert result.test is not None
    assert result.test.accuracy is not None and result.test.accuracy > 0.9


def test_labels_read_as_numbers_are_neither_right_nor_wrong(tmp_path: Path, stripes: Path) -> None:
    changes = {"loss__name": "mean_squared_error", "data__targets": "numbers", "epochs": 1}
    run = create(tmp_path / "run", recipe_of(stripes, **changes))
    result = train(run)
    assert result.test is not None
    assert result.test.accuracy is None
    assert run.preprocessing().numbers == LABELS
    assert {path.name for path in run.evaluation.iterdir()} == {
        "predictions.npz",
        "numbers.json",
        "evaluation.json",
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"loss__name": "cross_entropy"}, "has labels as targets, which cross_entropy does not"),
        ({"loss__threshold": (0.5, 0.4)}, "loss.threshold has 2 values, but stripes has 3 labels"),
        ({"data__sampling": "balanced"}, "needs one class for each image, but stripes has labels"),
        ({"data__first_label": 1}, "stripes has labels as targets, but data.first_label is 1"),
    ],
)
def test_what_does_not_go_with_labels_is_refused(
    tmp_path: Path, stripes: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(DesignerError, match=words):
        train(create(tmp_path / "run", recipe_of(stripes, **changes)))


def test_one_label_of_zeros_and_ones(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 120)
    pictures = generator.integers(0, 60, (120, 8, 8)) + 120 * labels[:, None, None]
    path = tmp_path / "bright.npz"
    np.savez(path, x=pictures.astype(np.uint8), y=labels.astype(np.float32))
    one = edits.set_parameter(TINY, "fc", "out_features", 1)
    words = r"has numbers as targets, .* if they are 0 and 1, set data.targets to labels"
    with pytest.raises(DesignerError, match=words):
        train(create(tmp_path / "unsaid", recipe_of(path), one))
    result = train(create(tmp_path / "run", recipe_of(path, data__targets="labels"), one))
    assert result.test is not None
    assert result.test.accuracy == result.test.exact_match == 1


def test_classes_can_be_read_as_labels(tmp_path: Path, stripes: Path) -> None:
    path = write_data(tmp_path / "squares.npz")
    words = r"has classes as targets, .* or set data.targets to labels"
    with pytest.raises(DesignerError, match=words):
        train(create(tmp_path / "unsaid", recipe_of(path)))
    run = create(tmp_path / "run", recipe_of(path, data__targets="labels", epochs=1))
    train(run)
    assert run.preprocessing().labels == ("0", "1", "2")


def test_a_network_with_other_outputs_is_refused(tmp_path: Path, stripes: Path) -> None:
    five = edits.set_parameter(TINY, "fc", "out_features", 5)
    with pytest.raises(
        DesignerError, match=r"stripes has 3 labels but output scores of Tiny gives"
    ):
        train(create(tmp_path / "run", recipe_of(stripes), five))


def test_several_numbers_are_learned_and_evaluated(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    pictures = generator.random((300, 8, 8)).astype(np.float32)
    halves = (pictures[:, :4], pictures[:, 4:], pictures)
    targets = np.stack([half.mean(axis=(1, 2)) for half in halves], axis=1) * (1, 10, -5)
    path = tmp_path / "means.npz"
    names = np.array(["upper", "lower", "all"])
    np.savez(path, x=pictures, y=targets.astype(np.float32), classes=names)
    design = edits.remove_node(WITHOUT_DROPOUT, "norm")
    recipe = tiny_recipe(path, loss__name="mean_squared_error", epochs=12)
    run = create(tmp_path / "run", recipe, design)
    result = train(run)
    assert result.status == "finished"
    assert run.preprocessing().numbers == tuple(names)
    scores = json.loads((run.evaluation / "numbers.json").read_text())
    assert [score["name"] for score in scores] == list(names)
    with np.load(run.evaluation / "predictions.npz") as tables:
        errors = tables["outputs"] - tables["targets"]
        means = tables["targets"].mean(0)
        spread = ((tables["targets"] - means) ** 2).sum(0)
    for place, score in enumerate(scores):
        assert score["mean_absolute_error"] == pytest.approx(np.abs(errors[:, place]).mean())
        expected = 1 - (errors[:, place] ** 2).sum() / spread[place]
        assert score["r2"] == pytest.approx(expected, rel=1e-4)
    assert scores[1]["r2"] > 0.5
