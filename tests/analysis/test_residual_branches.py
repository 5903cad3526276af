"""Which layers end residual branches, compared with lists by hand and with torchvision."""

import pytest
import torch
import torchvision

from designer import presets
from designer.analysis.accounting.residual_branches import residual_branches
from designer.analysis.analysis import analyze
from designer.layers.catalogue import layer_types
from designer.layers.category import Category
from tests.layers.building import design, network


def ends(found):
    return [each.last for each in residual_branches(analyze(found).top)]


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_they_are_the_norms_that_torchvision_zeroes(name):
    theirs = getattr(torchvision.models, name)(zero_init_residual=True)
    zeroed = {
        path
        for path, module in theirs.named_modules()
        if isinstance(module, torch.nn.BatchNorm2d) and not module.weight.count_nonzero()
    }
    assert zeroed
    assert set(ends(presets.load(name))) == zeroed


def test_behind_the_last_activation_it_is_the_convolution():
    found = residual_branches(analyze(presets.load("preact_resnet_cifar")).top)
    assert found[0].join == "basic1.0.add"
    assert (found[0].last, found[0].tensors) == ("basic1.0.conv2", ("weight",))


@pytest.mark.parametrize("name", ["vgg16", "densenet_cifar", "googlenet", "lenet5"])
def test_networks_without_shortcuts_have_none(name):
    assert ends(presets.load(name)) == []


CONV = {"layer": "Conv2d", "out_channels": 3, "kernel_size": 1}


def joined(nodes, *paths):
    """Return a design in which chains of nodes that begin at the image are added."""
    every = {
        "image": {"layer": "Input", "shape": [3, 4, 4]},
        **nodes,
        "sum": {"layer": "Add"},
        "scores": {"layer": "Output"},
    }
    edges = [["image", *path, f"sum:{port}"] for port, path in enumerate(paths)]
    return design(every, [*edges, ["sum", "scores"]])


def test_branches_of_equal_depth_have_no_shortcut():
    assert ends(joined({"a": CONV, "b": CONV}, ["a"], ["b"])) == []


def test_all_branches_beside_the_shortcut_are_found():
    nodes = {"a": CONV, "b": CONV, "c": CONV}
    assert ends(joined(nodes, [], ["a"], ["b", "c"])) == ["a", "c"]


def test_a_branch_is_followed_through_gates_and_activations():
    nodes = {
        "a": CONV,
        "pool": {"layer": "GlobalAvgPool2d"},
        "fc": {"layer": "Linear", "out_features": 3},
        "gate": {"layer": "Sigmoid"},
        "image_of_gate": {"layer": "Reshape", "shape": [3, 1, 1]},
        "product": {"layer": "Multiply"},
        "act": {"layer": "ReLU"},
        "sum": {"layer": "Add"},
        "scores": {"layer": "Output"},
        "image": {"layer": "Input", "shape": [3, 4, 4]},
    }
    edges = [
        ["image", "a", "product"],
        ["a", "pool", "fc", "gate", "image_of_gate", "product:1"],
        ["product", "act", "sum"],
        ["image", "sum:1"],
        ["sum", "scores"],
    ]
    assert ends(design(nodes, edges)) == ["a"]


def test_a_sigmoid_never_gives_zero():
    assert ends(joined({"a": CONV, "act": {"layer": "Sigmoid"}}, [], ["a", "act"])) == []


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, kind in layer_types().items()
        if kind.category in (Category.ACTIVATION, Category.REGULARIZATION, Category.NORMALIZATION)
        and name not in ("Hardtanh", "Threshold")  # whose settings decide
    ],
)
def test_a_layer_keeps_zero_where_its_type_says_so(name):
    torch.manual_seed(0)
    given = {} if name != "GroupNorm" else {"num_groups": 2}
    shape = [4] if name == "AlphaDropout" else [4, *[4] * layer_types()[name].spatial_axes]
    nodes = {
        "image": {"layer": "Input", "shape": shape},
        "layer": {"layer": name, **given},
        "scores": {"layer": "Output"},
    }
    module = network(design(nodes, [["image", "layer", "scores"]])).train()
    zero = module(torch.zeros(2, *shape)).count_nonzero() == 0
    assert zero == layer_types()[name].keeps_zero
