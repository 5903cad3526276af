"""Presets against torchvision's networks: the same weights give the same outputs and gradients."""

from collections.abc import Mapping
from typing import NamedTuple

import pytest
import torch
from torch import nn

from designer import presets
from designer.design.edits import set_argument
from designer.design.expressions import Scalar
from designer.engine.module import module as compiled

CLASSES = 10


class Pair(NamedTuple):
    """A preset and the network of torchvision that it equals, with the smallest usable images.

    `poolless` takes out the pool to 7x7 that torchvision's VGGs have before their dense layers,
    where it does nothing to images of 224, for smaller ones. `double` compares with 64 bits, where
    the weights magnify roundings, which differ from processor to processor.
    """

    preset: str
    theirs: str
    resolution: int
    arguments: Mapping[str, Scalar] = {}
    options: Mapping[str, object] = {}
    train_resolution: int = 0  # where training needs larger images
    poolless: bool = False
    double: bool = False

    @property
    def learns(self) -> bool:
        """Whether gradients are compared, too; not where a smaller relative has the same layers."""
        return self.theirs not in RELATIVES


RELATIVES = {
    "resnet34",
    "resnet101",
    "resnet152",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet101_2",
    "densenet161",
    "densenet169",
    "densenet201",
    "efficientnet_b3",
    "efficientnet_b5",
    "vgg13_bn",
    "vgg16",
    "vgg19",
    "vit_b_32",
}
INIT = {"init_weights": False}
PAIRS = [
    Pair("alexnet_torchvision", "alexnet", 63),
    Pair("googlenet_torchvision", "googlenet", 32, {"aux": True}, {"aux_logits": True, **INIT}),
    Pair("inception_v3", "inception_v3", 75, {"aux": True}, {"aux_logits": True, **INIT}, 299),
    Pair("resnet18", "resnet18", 32),
    Pair("resnet34", "resnet34", 32),
    Pair("resnet50", "resnet50", 32),
    Pair("resnet101", "resnet101", 32),
    Pair("resnet152", "resnet152", 32),
    Pair("resnext50_32x4d", "resnext50_32x4d", 32),
    Pair("resnext101_32x8d", "resnext101_32x8d", 32),
    Pair("resnext101_64x4d", "resnext101_64x4d", 32),
    Pair("wide_resnet50_2", "wide_resnet50_2", 32),
    Pair("wide_resnet101_2", "wide_resnet101_2", 32),
    Pair("densenet121", "densenet121", 32),
    Pair("densenet161", "densenet161", 32),
    Pair("densenet169", "densenet169", 32),
    Pair("densenet201", "densenet201", 32),
    Pair("mobilenet_v2", "mobilenet_v2", 32),
    Pair("mobilenet_v2", "mobilenet_v2", 32, {"alpha": 0.25}, {"width_mult": 0.25}),
    Pair("mobilenet_v2", "mobilenet_v2", 32, {"alpha": 1.4}, {"width_mult": 1.4}),
    Pair("mobilenet_v3_large", "mobilenet_v3_large", 64),
    Pair("mobilenet_v3_small", "mobilenet_v3_small", 64),
    Pair("mnasnet1_0", "mnasnet1_0", 32),
    Pair("mnasnet1_0", "mnasnet1_3", 32, {"alpha": 1.3}),
    Pair("shufflenet_v2_x1_0", "shufflenet_v2_x1_0", 64),
    Pair("shufflenet_v2_x1_0", "shufflenet_v2_x2_0", 64, {"channels": 244}),
    Pair("efficientnet", "efficientnet_b0", 64),
    Pair("efficientnet", "efficientnet_b3", 64, {"variant": 3}),
    Pair("efficientnet", "efficientnet_b5", 64, {"variant": 5}),
    Pair("regnet_y_400mf", "regnet_y_400mf", 64),
    Pair("vit_b_16", "vit_b_16", 64, options={"image_size": 64}),
    Pair("vit_b_16", "vit_b_32", 64, {"patch": 32}, {"image_size": 64}),
    Pair("convnext_tiny", "convnext_tiny", 64),
    Pair("maxvit_t", "maxvit_t", 224, options={"input_size": (224, 224)}, double=True),
    Pair("swin_t", "swin_t", 224),
    Pair("squeezenet1_0", "squeezenet1_0", 32),
    Pair("squeezenet1_1", "squeezenet1_1", 32),
    Pair("vgg11", "vgg11", 32, poolless=True),
    Pair("vgg13", "vgg13_bn", 32, {"batch_norm": True}, poolless=True),
    Pair("vgg16", "vgg16", 32, poolless=True),
    Pair("vgg19", "vgg19", 32, poolless=True),
]


@pytest.mark.parametrize("each", PAIRS, ids=lambda each: f"{each.preset} {dict(each.arguments)}")
def test_the_same_weights_give_what_torchvision_gives(each: Pair):
    ours, theirs = pair(each)
    images = torch.randn(1 if each.double else 2, 3, each.resolution, each.resolution)
    if each.double:
        ours, theirs, images = ours.double(), theirs.double(), images.double()
    with torch.no_grad():
        wanted, found = theirs.eval()(images), ours.eval()(images)
    scale = wanted.std()
    assert scale > 0
    torch.testing.assert_close(found / scale, wanted / scale, atol=1e-4, rtol=1e-4)
    if not each.learns:
        return
    if each.train_resolution:
        images = torch.randn(2, 3, each.train_resolution, each.train_resolution)
    wanted, found = gradient_norm(theirs, images), gradient_norm(ours, images)
    torch.testing.assert_close(found, wanted, atol=0, rtol=1e-3)


def pair(each: Pair) -> tuple[nn.Module, nn.Module]:
    """Return both networks with the same random weights."""
    from torchvision import models

    design = presets.load(each.preset)
    for key, value in {
        "classes": CLASSES,
        "resolution": each.resolution,
        **each.arguments,
    }.items():
        if key in design.arguments:
            design = set_argument(design, key, value)
    if each.train_resolution:
        design = set_argument(design, "resolution", each.train_resolution)
    is_regnet = each.theirs.startswith("regnet")  # torchvision computes its widths by tensors
    with torch.device("cpu" if is_regnet else "meta"):
        theirs = getattr(models, each.theirs)(num_classes=CLASSES, **each.options)
    with torch.device("meta"):
        if each.poolless:
            theirs.avgpool = nn.Identity()
            theirs.classifier[0] = nn.Linear(512, 4096)
        ours = compiled(design)
    torch.manual_seed(0)
    state = theirs.state_dict()  # with the version that MnasNet asks for
    for key, value in state.items():
        state[key] = (
            torch.randn(value.shape) * (2 / max(1, value[0].numel())) ** 0.5
            if value.dim() > 1 and value.is_floating_point()
            else torch.rand(value.shape).add(0.5).to(value.dtype)
        )
    theirs.load_state_dict(state, assign=True)
    ours.load_state_dict(renamed(state, ours.state_dict()), assign=True)
    return ours, theirs


def renamed(
    state: dict[str, torch.Tensor], own: dict[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Give the tensors our names: those that differ in dots at most, or else by their order.

    Each of ours takes the next one of its shape: torchvision's Swin makes a norm after the layer
    that reads it.
    """
    plain = {key.replace(".", "_"): value for key, value in state.items()}
    if plain.keys() == {key.replace(".", "_") for key in own}:
        return {key: plain[key.replace(".", "_")] for key in own}
    left, found = list(state.values()), {}
    for key, value in own.items():
        at = next(at for at, each in enumerate(left) if each.shape == value.shape)
        found[key] = left.pop(at)
    assert not left
    return found


def gradient_norm(module: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return the norm of all gradients in train mode, of all outputs' squares.

    Nothing is dropped: neither values nor, at random, whole blocks.
    """
    for each in module.modules():
        if type(each).__name__ in ("Dropout", "StochasticDepth"):
            each.p = 0.0
    outputs = module.train()(images)
    every = outputs if isinstance(outputs, tuple) else (outputs,)
    loss = torch.stack([each.square().mean() for each in every]).sum()
    gradients = torch.autograd.grad(loss, [*module.parameters()])
    return torch.stack([each.norm() for each in gradients]).norm()
