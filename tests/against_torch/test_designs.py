"""A small run of the comparison of random designs with torch, and designs that once differed."""

from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import SimpleNamespace

import pytest

from designer.design import files
from designer.design.values import Design
from tests.against_torch import designs
from tests.layers.building import chain

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("number", range(2))
def test_random_designs(number: int) -> None:
    found = designs.part(number, 150)
    if found.difference is not None:
        sentence, design = found.difference
        pytest.fail(f"{sentence}\n{design and files.dumps(design)}")
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
    found = designs.part(1, 100)
    assert found.difference is not None
    sentence, smallest = found.difference
    assert (sentence, smallest and three_relus(smallest)) == ("three", "three")
    assert smallest is not None
    relus = [each for each in smallest.graph.nodes.values() if getattr(each, "layer", "") == "ReLU"]
    assert len(relus) == 3


def test_a_run_goes_on_after_differences_and_errors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder is created; a design of each part that showed the difference is a file in it."""
    failed = []

    def check(design: Design) -> str:
        if len(design.graph.nodes) > 6:
            failed.append(files.dumps(design))
            raise RuntimeError("torch cannot")
        return ""

    monkeypatch.setattr(designs, "check", check)
    monkeypatch.setattr(designs, "get_context", lambda _: SimpleNamespace(Pool=ThreadPool))
    folder = tmp_path / "new" / "differences"
    assert designs.report(2 * designs.PART, 7, 1, folder)
    assert sorted(each.name for each in folder.iterdir()) == [
        "difference_7.json",
        "difference_8.json",
    ]
    for path in folder.iterdir():
        assert path.read_text(encoding="utf-8") in failed
    printed = capsys.readouterr().out
    assert printed.count("RuntimeError: torch cannot") == 2
    assert " designs, 2 differences" in printed
