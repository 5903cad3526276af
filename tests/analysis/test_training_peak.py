"""The estimate of the memory for training, against what a step of torch has alive at once."""

import pytest
import torch

from designer import presets
from designer.analysis.accounting import totals
from designer.analysis.accounting.saved_for_backward import saved_bytes_of_nodes
from designer.analysis.analysis import analyze
from designer.design.values import Design
from designer.engine.freezing import freeze
from designer.engine.module import module
from designer.recipe.optimizers import Optimizer
from tests.layers.building import chain, images
from tests.measuring import training_peak_bytes

PRESETS = (
    "lenet5",
    "alexnet",
    "nin_cifar10",
    "vgg16",
    "googlenet",
    "inception_v3",
    "resnet18",
    "resnet50",
    "resnet_cifar",
    "fractalnet",
    "densenet121",
    "squeezenet1_0",
    "mobilenet_v2",
    "efficientnet_lite0",
)
MOMENTUM = Optimizer(name="sgd", momentum=0.9)
CONV = ("Conv2d", {"out_channels": 8, "kernel_size": 1})


def ratio(design: Design, batch: int) -> float:
    """Return the predicted bytes over the measured ones."""
    analysis = analyze(design)
    assert analysis.valid, analysis.problems
    with torch.device("meta"):
        network = module(design).train()
        freeze(network, analysis)
        measured = training_peak_bytes(network, *images(design, batch))
    return analysis.totals.training_bytes(MOMENTUM, batch) / measured


@pytest.mark.parametrize("batch", [2, 16])
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_takes_what_torch_has_alive(name: str, batch: int) -> None:
    assert 0.995 < ratio(presets.load(name), batch) < 1.02


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("LocalResponseNorm", {}),
        ("LPPool2d", {"kernel_size": 2}),
        ("StochasticPool2d", {"kernel_size": 2}),
        ("InstanceNorm2d", {}),
        ("SeparableConv2d", {"out_channels": 8, "kernel_size": 3, "padding": 1}),
        ("PReLU", {}),
        ("GELU", {}),
        ("Dropout", {}),
        ("MaxPool2d", {"kernel_size": 2}),
    ],
)
def test_a_layer_takes_what_torch_has_alive(kind: str, parameters: dict[str, object]) -> None:
    design = chain((8, 32, 32), CONV, (kind, parameters), ("GlobalAvgPool2d", {}))
    assert 0.9995 < ratio(design, 4) < 1.05


def test_frozen_layers_take_no_gradients() -> None:
    frozen = ("Conv2d", {"out_channels": 64, "kernel_size": 3, "lr_scale": 0})
    design = chain((8, 32, 32), frozen, ("ReLU", {}), CONV, ("GlobalAvgPool2d", {}))
    assert 0.9995 < ratio(design, 4) < 1.1


def test_a_huge_design_has_the_sum_which_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    found = analyze(presets.load("resnet50")).totals
    followed = found.training_bytes(MOMENTUM, 4)
    monkeypatch.setattr(totals, "FOLLOWED", 10)
    assert found.training_bytes(MOMENTUM, 4) > followed


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "googlenet", "densenet121"])
def test_all_nodes_together_keep_what_the_design_keeps(name: str) -> None:
    analysis = analyze(presets.load(name))
    nodes = analysis.design.graph.nodes
    assert saved_bytes_of_nodes(analysis.top, nodes) == analysis.totals.saved_bytes()
    assert saved_bytes_of_nodes(analysis.top, ["gone", *nodes]) == analysis.totals.saved_bytes()
