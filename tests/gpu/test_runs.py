"""Runs on CUDA: resumed, trained on, read without a GPU, and refused where memory is too small."""

from pathlib import Path

import pytest
import torch

from designer.design.values import LayerNode
from designer.engine import checkpoint
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.events import read_events
from designer.runs.folder import RunFolder
from designer.runs.layer_statistics import read_measurements
from designer.runs.train_on import train_on
from tests.engine.samples import WITHOUT_DROPOUT, chain, create, tiny_recipe, write_data
from tests.engine.test_training import StopAt

PRECISIONS = ["float32", "float16", "bfloat16"]


def recipe_of(tmp_path: Path, **settings: object) -> Recipe:
    data = tmp_path / "data.npz"
    return tiny_recipe(data if data.exists() else write_data(data), device="cuda", **settings)


def losses(run: RunFolder) -> list[float]:
    """Return the validation loss of each epoch."""
    events = read_events(run.events)
    return [event["validation"]["loss"] for event in events if event["event"] == "epoch"]


# CUDA adds in any order, so that two trainings are equal up to rounding only.
def assert_close(run: RunFolder, other: RunFolder) -> None:
    assert losses(run) == pytest.approx(losses(other), rel=0.05, abs=1e-4)
    first, second = (checkpoint.load(each.last, source=each.source()) for each in (run, other))
    assert first["progress"]["steps"] == second["progress"]["steps"]
    assert first["scaler"] == second["scaler"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_stopped_run_is_resumed(
    precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("designer.engine.steering.POLL_SECONDS", 0.0)
    recipe = recipe_of(tmp_path, epochs=4, precision=precision)
    whole, stopped = create(tmp_path / "whole", recipe), create(tmp_path / "stopped", recipe)
    train(whole)
    assert train(stopped, interrupt=StopAt(10)).status == "stopped"
    assert train(stopped, resume=True).status == "finished"
    assert_close(stopped, whole)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_two_and_three_epochs_are_five(precision: str, tmp_path: Path) -> None:
    settings = {"precision": precision, "schedule__name": "constant"}
    parent = create(tmp_path / "parent", recipe_of(tmp_path, epochs=2, **settings))
    train(parent)
    child = train_on(parent, tmp_path / "child", epochs=3)
    assert train(child, resume=True).epochs == 5
    whole = create(tmp_path / "whole", recipe_of(tmp_path, epochs=5, **settings))
    train(whole)
    assert_close(child, whole)


def test_its_checkpoints_are_read_without_a_gpu(tmp_path: Path) -> None:
    run = create(tmp_path / "run", recipe_of(tmp_path))
    train(run)
    for path in (run.last, run.best):
        network = checkpoint.load(path, source=run.source())["network"]
        assert {weight.device.type for weight in network.values()} == {"cpu"}


def test_a_network_too_large_for_the_gpu_is_refused_with_words_about_memory(
    tmp_path: Path,
) -> None:
    wide = chain(
        "Wide",
        (1, 8, 8),
        flat=LayerNode("Flatten"),
        wide=LayerNode("Linear", {"out_features": 1_000_000}),
        fc=LayerNode("Linear", {"out_features": 3}),
    )
    run = create(tmp_path / "run", recipe_of(tmp_path), wide)
    torch.cuda.set_per_process_memory_fraction(1e-9)
    try:
        with pytest.raises(DesignerError, match="ran out of memory") as refusal:
            train(run)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "batch" not in str(refusal.value)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_layers_are_measured_as_on_the_cpu(precision: str, tmp_path: Path) -> None:
    """Gradients are those of the loss itself, whatever half precision multiplied it by."""
    design = WITHOUT_DROPOUT
    found = []
    for device in ("cuda", "cpu"):
        settings = {"precision": precision if device == "cuda" else "float32", "statistics": 1}
        recipe = recipe_of(tmp_path, epochs=1, **settings)
        run = create(tmp_path / device, changed(recipe, {"device": device}), design)
        train(run)
        found.append(read_measurements(run.layers)[0])
    near = {"float32": 1e-3, "float16": 0.05, "bfloat16": 0.2}[precision]
    for one, other in zip(*(each.layers for each in found), strict=True):
        assert (one.path, one.kind, one.name, sum(one.counts)) == (
            other.path,
            other.kind,
            other.name,
            sum(other.counts),
        )
        if other.norm and other.norm > 1e-6:  # a bias before a norm has no gradient but rounding
            assert one.norm == pytest.approx(other.norm, rel=near)
            assert one.deviation == pytest.approx(other.deviation, rel=near, abs=near * other.norm)
