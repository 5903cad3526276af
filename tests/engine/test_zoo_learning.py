"""Networks of CIFAR's size learn, and the controls of their papers can be run, on digits."""

import statistics

import numpy as np
import pytest
import torch

from designer import presets
from designer.design import edits
from designer.engine.module import module
from designer.engine.training import train
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe
from designer.runs.begin import begin
from designer.runs.events import read_events

# Pictures of a quarter of the side, so that a network takes seconds on a CPU.
RESOLUTION = 8
QUICK = {
    "data.source": "mnist10k",
    "data.limit": 2000,
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
    found = losses(tmp_path / "run", name, arguments)
    assert statistics.mean(found[-10:]) < 0.9 * statistics.mean(found[:5])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain_cifar", "resnet_cifar"])
def test_fifty_six_layers_can_be_trained_too(name, tmp_path):
    """Their difference shows after many epochs; that of the plain one hardly falls at all."""
    found = losses(tmp_path / "run", name, {"depth": 56}, **{"data.limit": 500})
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("name", "resolution"),
    [
        ("vgg11", 32), ("vgg16", 32), ("vgg19", 32), ("squeezenet1_0", 64), ("squeezenet1_1", 64),
        ("nin_cifar10", 32), ("nin_imagenet", 96), ("googlenet", 224),
    ],
)  # fmt: skip
def test_what_has_no_norms_begins_so_that_pictures_can_be_told_apart(name, resolution):
    """With PyTorch's own beginning, VGG16's last maps differ between pictures by a millionth."""
    network = module(edits.set_argument(presets.load(name), "resolution", resolution)).eval()
    maps = []
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(lambda _, inputs, output: maps.append(output))
    torch.manual_seed(0)
    with torch.no_grad():
        network(torch.randn(4, 3, resolution, resolution))
    assert (maps[-1] - maps[-1].mean(0)).std() > 1e-3 * maps[0].std()
