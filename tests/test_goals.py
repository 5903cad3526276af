"""The trainings that the program promises, from the command line to the model file."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch

from designer import presets
from designer.cli import main
from designer.engine import checkpoint
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs import launch
from designer.runs.events import read_events
from designer.runs.export_formats import EXPORT_FORMATS
from designer.runs.folder import RunFolder

FASHION = Path("/usr/share/datasets/fashion-mnist")


def result(run: Path) -> dict:
    return json.loads((run / "result.json").read_text())


@pytest.mark.slow
def test_lenet5_reads_digits_with_its_own_recipe(tmp_path):
    run = tmp_path / "run"
    files = [tmp_path / f"lenet5{ending}" for ending in EXPORT_FORMATS]
    command = ["train", "lenet5", "--data", "mnist10k", "--run", str(run), "--export"]
    assert main([*command, *map(str, files)]) == 0
    assert result(run)["status"] == "finished"
    assert result(run)["epochs"] <= 10
    assert result(run)["test"]["accuracy"] >= 0.98
    assert all(file.stat().st_size > 500 for file in files)

    session = onnxruntime.InferenceSession(str(tmp_path / "lenet5.onnx"))
    images = torch.randn(16, 1, 32, 32)
    (found,) = session.run(None, {"image": images.numpy()})
    program = torch.export.load(tmp_path / "lenet5.pt2").module()
    with torch.no_grad():
        np.testing.assert_allclose(found, program(images).numpy(), atol=1e-5, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(not FASHION.is_dir(), reason="needs Debian's package dataset-fashion-mnist")
def test_lenet5_learns_the_full_fashion_mnist(tmp_path):
    run, recipe = tmp_path / "run", tmp_path / "recipe.json"
    own = presets.recipe("lenet5")
    assert isinstance(own, Recipe)
    # Half as many epochs, larger steps, images as they are: a minute on a core.
    quick = {"epochs": 5, "batch": 128, "optimizer.learning_rate": 0.15}
    plain = {"augmentation.shift": 0.0, "augmentation.rotation": 0.0}
    recipe.write_bytes(msgspec.json.encode(changed(own, {**quick, **plain})))
    command = ["train", "lenet5", "--data", str(FASHION), "--recipe", str(recipe)]
    assert main([*command, "--run", str(run)]) == 0
    counts = next(e for e in read_events(run / "events.jsonl") if e["event"] == "start")["counts"]
    assert counts == {"train": 54_000, "validation": 6_000, "test": 10_000}
    assert result(run)["test"]["accuracy"] >= 0.89


@pytest.mark.slow
def test_killed_lenet5_ends_with_the_same_losses_and_weights(tmp_path):
    """With the preset's recipe, augmentation included, killed in mid-epoch."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    command = [sys.executable, "-m", "designer", "train", "lenet5", "--epochs", "2", "--limit"]
    for run in (whole, broken):
        done = subprocess.Popen(
            [*command, "2000", "--run", str(run)],
            stdout=subprocess.DEVNULL,
            cwd=Path(__file__).parents[1],
        )
        if run is whole:
            assert done.wait(300) == 0
            continue
        folder = RunFolder(run)
        deadline = time.monotonic() + 300
        while not any(
            event["event"] == "step" and event["step"] > 80 for event in read_events(folder.events)
        ):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        worker = folder.worker()
        assert worker is not None
        os.kill(worker, signal.SIGKILL)
        assert done.wait(60) == 1  # told that its worker is gone
    launch.start(broken, resume=True)
    deadline = time.monotonic() + 300
    while not RunFolder(broken).result_file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)

    def losses(run: Path) -> list[tuple[int, float]]:
        events = read_events(run / "events.jsonl")
        return [(event["step"], event["loss"]) for event in events if event["event"] == "step"]

    def weights(run: Path) -> dict[str, torch.Tensor]:
        folder = RunFolder(run)
        return checkpoint.load(folder.last, source=folder.source())["network"]

    assert losses(broken) == losses(whole)
    first, second = weights(whole), weights(broken)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert result(broken)["test"] == result(whole)["test"]
