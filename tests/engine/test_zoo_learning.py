"""Networks of CIFAR's size learn, and the controls of their papers can be run, on digits."""

import statistics

import numpy as np
import pytest

from designer import presets
from designer.design import edits
from designer.engine.training import train
from designer.runs.begin import begin
from designer.runs.events import read_events
from designer.runs.recipe import Recipe, changed

# Pictures of a quarter of the side, so that a network takes seconds on a CPU.
RESOLUTION = 8
QUICK = {
    "data.source": "mnist10k",
    "data.validation": 0.02,
    "data.test": 0.02,
    "augmentation.crop_padding": 0,  # which is half of so small a picture
    "epochs": 1,
    "batch": 32,
    "device": "cpu",
    "precision": "float32",
    "log_interval": 1,
}


def losses(folder, name, arguments, **changes):
    """Train a preset on digits with its own recipe, once through, and return its losses."""
    design = presets.load(name)
    for key, value in {"resolution": RESOLUTION, **arguments}.items():
        design = edits.set_argument(design, key, value)
    recipe = presets.recipe(name)
    assert isinstance(recipe, Recipe)
    run = begin(folder, design, changed(recipe, {**QUICK, **changes}))
    assert train(run).status == "finished"
    return [each["loss"] for each in read_events(run.events) if each["event"] == "step"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        # Residual or plain, deep or deeper, with and without norms, both shortcuts.
        ("resnet_cifar", {"depth": 20, "option": "A"}),
        ("resnet_cifar", {"depth": 20, "option": "B"}),
        ("resnet_cifar", {"depth": 8, "batch_norm": False}),
        ("plain_cifar", {"depth": 20}),
        ("preact_resnet_cifar", {"depth": 20}),
        ("preact_resnet_cifar", {"depth": 20, "bottleneck": True}),
        ("stochastic_depth_resnet", {"depth": 20}),
        ("wide_resnet", {"depth": 16, "k": 1}),
        ("resnext29", {"cardinality": 2, "width": 16}),
        ("densenet_cifar", {"depth": 40, "growth": 12}),
    ],
    ids=str,
)
def test_the_loss_falls(name, arguments, tmp_path):
    images = 2000 if name == "plain_cifar" else 1000  # which learns more slowly
    found = losses(tmp_path / "run", name, arguments, **{"data.limit": images})
    assert statistics.mean(found[-10:]) < 0.9 * statistics.mean(found[:5])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain_cifar", "resnet_cifar"])
def test_fifty_six_layers_can_be_trained_too(name, tmp_path):
    """Their difference shows after many epochs; that of the plain one hardly falls at all."""
    found = losses(tmp_path / "run", name, {"depth": 56}, **{"data.limit": 500})
    assert np.isfinite(found).all()
