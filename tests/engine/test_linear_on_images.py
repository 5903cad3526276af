"""Linear on the last axis of images, and ConvNeXt, which is built on it, against torchvision."""

import json
from typing import Any

import pytest
import torch
from torchvision.models.convnext import CNBlock, CNBlockConfig, ConvNeXt

from designer.analysis.analysis import analyze
from designer.analysis.problems import Severity
from designer.design.files import loads
from designer.design.values import Design
from designer.engine.module import module as compiled
from tests import measuring
from tests.analysis.drawing import chain
from tests.layers.building import images

LAST = {"layer": "Permute", "order": [2, 3, 1]}
FIRST = {"layer": "Permute", "order": [3, 1, 2]}
NORM = {"layer": "LayerNorm", "axes": 1, "eps": 1e-6}
LINEAR = {"layer": "Linear", "out_features": 5}


def conv(channels: object, size: int, **more: Any) -> dict[str, Any]:
    return {"layer": "Conv2d", "out_channels": channels, "kernel_size": size, **more}


def block() -> dict[str, Any]:
    """Return torchvision's CNBlock with Permute and Linear only, its state dict's names included.

    In torchvision the branch is a Sequential, so that its modules are block.0, block.2 and so on.
    """
    return {
        "inputs": ["x"],
        "outputs": ["y"],
        "nodes": {
            "depthwise": {"layer": "DepthwiseConv2d", "kernel_size": 7, "padding": 3},
            "last": LAST,
            "norm": NORM,
            "expand": {"layer": "Linear", "out_features": "=4 * in_channels"},
            "gelu": {"layer": "GELU"},
            "shrink": {"layer": "Linear", "out_features": "=in_channels"},
            "first": FIRST,
            "layer_scale": {"layer": "Scale", "factor": 1e-6},
            "add": {"layer": "Add"},
        },
        "edges": [
            ["x", "depthwise", "last", "norm", "expand", "gelu", "shrink", "first", "layer_scale"],
            ["layer_scale", "add", "y"],
            ["x", "add:1"],
        ],
    }


def convnext(widths: list[int], depths: list[int]) -> Design:
    nodes: dict[str, Any] = {
        "image": {"layer": "Input", "shape": [3, 32, 32]},
        "stem": conv(widths[0], 4, stride=4),
        "stem_last": LAST,
        "stem_norm": NORM,
        "stem_first": FIRST,
    }
    for number, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        if number:
            nodes[f"last{number}"] = LAST
            nodes[f"norm{number}"] = NORM
            nodes[f"first{number}"] = FIRST
            nodes[f"down{number}"] = conv(width, 2, stride=2)
        nodes[f"stage{number}"] = {"block": "CNBlock", "repeat": depth}
    nodes |= {
        "pool": {"layer": "GlobalAvgPool2d"},
        "norm": NORM,
        "head": {"layer": "Linear", "out_features": 7},
        "scores": {"layer": "Output"},
    }
    document = {
        "format": "netdesigner/design",
        "version": 1,
        "name": "ConvNeXt",
        "blocks": {"CNBlock": block()},
        "nodes": nodes,
        "edges": [list(nodes)],
    }
    return loads(json.dumps(document))


WIDTHS, DEPTHS = [8, 12, 16], [2, 1, 3]


@pytest.fixture
def theirs() -> ConvNeXt:
    torch.manual_seed(3)
    ends = [*WIDTHS[1:], None]
    stages = [CNBlockConfig(*each) for each in zip(WIDTHS, ends, DEPTHS, strict=True)]
    network = ConvNeXt(stages, num_classes=7, layer_scale=0.5)
    for module in network.modules():
        if isinstance(module, CNBlock):
            module.stochastic_depth.p = 0.0
    return network


def test_convnext_needs_permute_and_linear_only(theirs: ConvNeXt) -> None:
    found = convnext(WIDTHS, DEPTHS)
    analysis = analyze(found)
    assert analysis.problems == ()
    ours = compiled(found)
    # Both state dicts have one order, except that a CNBlock has its scale first, not last.
    names = [name for name in ours.state_dict() if not name.endswith("layer_scale.weight")]
    given = theirs.state_dict()
    values = [value for name, value in given.items() if not name.endswith("layer_scale")]
    state = dict(zip(names, values, strict=True))
    scales = [value.flatten() for name, value in given.items() if name.endswith("layer_scale")]
    names = [name for name in ours.state_dict() if name.endswith("layer_scale.weight")]
    ours.load_state_dict({**state, **dict(zip(names, scales, strict=True))})
    inputs = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(ours.eval()(inputs), theirs.eval()(inputs), rtol=1e-4, atol=1e-5)

    assert analysis.totals.parameters == sum(each.numel() for each in theirs.parameters())
    assert 2 * analysis.totals.macs == measuring.macs(theirs.train(), inputs)
    field = analysis.receptive_fields["stage0.1.layer_scale"]
    assert field is not None
    assert field.local == (4 + 2 * 6 * 4,) * 2


@pytest.mark.parametrize("shape", [(6,), (4, 6), (3, 5, 6)], ids=str)
@pytest.mark.parametrize("kind", ["Linear", "DropConnect"])
def test_it_acts_on_the_last_axis_of_any_rank(shape: tuple[int, ...], kind: str) -> None:
    found = chain({**LINEAR, "layer": kind}, {**LINEAR, "layer": kind, "bias": False}, shape=shape)
    analysis = analyze(found)
    assert analysis.outputs[0].shape == (*shape[:-1], 5)
    module = compiled(found)
    assert module(*images(found, 3)).shape == (3, *shape[:-1], 5)
    for training in (True, False):
        measured = measuring.saved_bytes(module.train(training), *images(found, 3))
        assert measured == analysis.totals.saved_bytes(3, training=training)
    assert 3 * analysis.totals.macs == measuring.macs(module.train(), *images(found, 3))


@pytest.mark.parametrize(
    ("layers", "warned"),
    [
        ((LINEAR,), ["n1"]),
        ((conv(4, 3), LINEAR, LINEAR), ["n2"]),
        ((conv(4, 3), {"layer": "ReLU"}, LINEAR), ["n3"]),
        (({"layer": "MaxPool2d", "kernel_size": 2}, {"layer": "Dropout"}, LINEAR), ["n3"]),
        ((LAST, LINEAR, {"layer": "ReLU"}, LINEAR), []),
        ((LAST, NORM, LINEAR, FIRST, conv(4, 3), LINEAR), ["n6"]),
        ((LAST, FIRST, LINEAR), ["n3"]),
        (({"layer": "Reshape", "shape": [4, 6, -1]}, LINEAR), []),
        (({"layer": "Reshape", "shape": [4, 6, -1]}, conv(4, 1), LINEAR), ["n3"]),
        (({"layer": "Flatten"}, LINEAR), []),
    ],
)
def test_a_forgotten_flatten_is_a_warning(layers: list[dict[str, Any]], warned: list[str]) -> None:
    analysis = analyze(chain(*layers))
    assert analysis.valid
    assert [each.node for each in analysis.problems] == warned
    for problem in analysis.problems:
        assert problem.severity is Severity.WARNING
        assert problem.fixes[0].label == "insert Flatten"
        assert not analyze(problem.fixes[0](analysis.design)).problems
    module = compiled(analysis.design)
    inputs = images(analysis.design, 2)
    assert tuple(module(*inputs).shape[1:]) == analysis.outputs[0].shape


@pytest.mark.parametrize(
    ("layers", "size"),
    [
        ((conv(4, 3), LAST, LINEAR), (3, 3)),
        ((conv(4, 3), LAST, LINEAR, FIRST, conv(4, 3)), (5, 5)),
        ((conv(4, 3), LINEAR), (3, 8)),
        ((conv(4, 3), {"layer": "Permute", "order": [1, 3, 2]}, LINEAR), (8, 3)),
    ],
    ids=str,
)
def test_receptive_fields(layers: list[dict[str, Any]], size: tuple[int, int]) -> None:
    """They reach as far as the gradient of one value does."""
    found = chain(*layers)
    analysis = analyze(found)
    field = analysis.receptive_fields[f"n{len(layers)}"]
    assert field is not None
    assert tuple(min(each, 8) for each in field.size) == size
    (image,) = images(found, 1, requires_grad=True)
    output = compiled(found)(image)
    output[(0, *[each // 2 for each in output.shape[1:]])].backward()
    assert image.grad is not None
    reached = image.grad[0].abs().sum(0) > 0
    measured = int(reached.any(1).sum()), int(reached.any(0).sum())
    assert measured == size
