"""Runs of an earlier version are looked into by every command: each answers, or says a sentence."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from designer.analysis.analysis import analyze
from designer.cli import main
from designer.design import files
from designer.engine import export
from designer.runs.folder import RunFolder
from tests.old_versions.test_before_american_spelling import RUNS, folder

__all__ = ["folder"]  # a copy of the files, in which the tests are run

pytestmark = pytest.mark.parametrize("name", RUNS)


def with_picture(run: RunFolder) -> Tensor:
    """Write a picture of the run's size, and return it as the network's input."""
    about = run.preprocessing()
    pixels = np.random.default_rng(0).integers(0, 256, about.input[1:], np.uint8)
    Image.fromarray(pixels).save("picture.png")
    return ((torch.from_numpy(pixels) / 255 - about.mean[0]) / about.deviation[0])[None, None]


def test_its_maps_are_those_of_its_network(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(folder / "runs" / name)
    batch, network = with_picture(run), export.of_run(run).network
    kept: list[Tensor] = []
    network.get_submodule("fc").register_forward_hook(lambda _, __, value: kept.append(value))
    with torch.no_grad():
        network(batch)
    words = ["maps", str(run.path), "picture.png", "--node", "fc", "--json", "--device", "cpu"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["layer"], told["shape"]) == ("Linear", [3])
    assert told["figures"]["mean"] == pytest.approx(kept[0].mean().item(), abs=1e-5)
    assert told["figures"]["maximum"] == pytest.approx(kept[0].max().item(), abs=1e-5)


def test_it_explains_a_class(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = RunFolder(folder / "runs" / name)
    batch, network = with_picture(run), export.of_run(run).network
    batch.requires_grad_(True)
    scores = network(batch)[0]
    scores[1].backward()
    words = ["explain", str(run.path), "picture.png", "--method", "gradient", "--class", "1"]
    assert main([*words, "--json", "--device", "cpu"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["probability"] == pytest.approx(scores.softmax(0)[1].item(), abs=1e-5)
    assert batch.grad is not None
    assert np.allclose(told["map"], batch.grad[0, 0].abs().numpy(), atol=1e-5)


def test_its_weights_are_measured(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(folder / "runs" / name)
    assert main(["measure", str(run.path), "--json", "--device", "cpu"]) == 0
    layers = json.loads(capsys.readouterr().out)["layers"]
    (weight,) = (
        each
        for each in layers
        if (each["path"], each["kind"], each["parameter"]) == ("fc", "weight", "weight")
    )
    stored = torch.load(run.best, weights_only=True)["network"]["fc.weight"]
    assert weight["deviation"] == pytest.approx(stored.std(correction=0).item(), rel=1e-5)
    assert main(["measure", str(run.path), "--at", "last"]) == 1
    sentence = capsys.readouterr().err
    assert "has no statistics of its layers: leave --at out to measure them now" in sentence


def test_its_layers_are_timed(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = RunFolder(folder / "runs" / name)
    assert main(["time", str(run.path), "--json", "--device", "cpu"]) == 0
    told = json.loads(capsys.readouterr().out)
    timed = {each["path"] for each in told["nodes"]}
    layers = {path for path, _ in analyze(files.read(run.design)).top.layers()}
    assert timed <= layers and {"first.conv", "second.1.act", "fc"} <= timed
    assert all(each["forward"] > 0 for each in told["nodes"])
