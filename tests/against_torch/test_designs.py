"""A small run of the comparison of random designs with torch, and designs that once differed."""

import json
from pathlib import Path

import pytest

from designer.design import files
from designer.design.values import Design
from tests.against_torch import designs
from tests.layers.building import chain

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("number", range(2))
def test_random_designs(number: int) -> None:
    found = designs.part(number, 150)
    assert found.difference is None, found.difference and files.dumps(found.difference[1])
    assert found.drawn == 150
    assert len(found.layers) > 50


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_design_that_once_differed(path: Path) -> None:
    assert designs.check(files.loads(path.read_text(encoding="utf-8"))) == ""


CONV = ("Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1})


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "layers",
    [
        [CONV],
        [CONV, ("BatchNorm2d", {}), ("ReLU", {}), ("MaxPool2d", {"kernel_size": 2})],
        [("Conv2d", {**CONV[1], "padding_mode": "circular"})],
        [CONV, ("LayerNorm", {})],
        [CONV, ("Upsample", {}), ("ZeroPad2d", {}), ("LocalResponseNorm", {})],
        [CONV, ("PixelShuffle", {}), CONV],
        [CONV, ("Permute", {"order": [2, 3, 1]}), ("LayerNorm", {"axes": 1}), ("GELU", {})],
        [("InstanceNorm2d", {}), CONV],
        [CONV, ("AdaptiveAvgPool2d", {"output_size": 1}), CONV],
        [CONV, ("Shortcut", {"out_channels": 6, "option": "A", "stride": 2})],
    ],
    ids=lambda layers: "-".join(kind for kind, _ in layers),
)
def test_channels_that_lie_last(channels: int, layers: list[tuple[str, dict[str, object]]]) -> None:
    """An image of height, width, channels: what Flatten copies is kept besides the rest."""
    linear = ("Linear", {"out_features": 3})
    every = [("Permute", {"order": [3, 1, 2]}), *layers, ("Flatten", {}), linear]
    assert designs.check(chain((6, 8, channels), *every)) == ""


def test_a_difference_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    def three_relus(design: Design) -> str:
        relus = sum(getattr(each, "layer", "") == "ReLU" for each in design.graph.nodes.values())
        return "three" if relus > 2 else ""

    monkeypatch.setattr(designs, "check", three_relus)
    found = designs.part(0, 100)
    assert found.difference is not None
    smallest = found.difference[1].graph.nodes.values()
    assert sum(getattr(each, "layer", "") == "ReLU" for each in smallest) == 3
    assert json.loads(files.dumps(found.difference[1]))["format"] == "netdesigner/design"
