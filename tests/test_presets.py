"""The built-in designs and what the gallery tells of them."""

import json
import re
from pathlib import Path

import pytest

from designer import presets
from designer.errors import DesignerError
from designer.preset_checks import check

NAMES = ("alexnet", "googlenet", "lenet5", "lenet_rgb", "resnet18", "resnet50", "vgg16")


def test_the_gallery_is_complete() -> None:
    assert set(NAMES) <= set(presets.names())


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_is_valid_and_documented(name: str) -> None:
    assert check(name).faults == ()
    info = presets.info(name)
    assert 1950 < info.year < 2100
    assert info.family
    assert info.paper.title
    assert info.paper.reference
    assert 2 <= len(re.findall(r"\.(?: |$)", info.idea)) <= 3
    assert info.recipe_note.endswith(".")


def test_load_takes_a_file_too(tmp_path: Path) -> None:
    copy = tmp_path / "mine.json"
    copy.write_bytes(presets.path("lenet5").read_bytes())
    assert presets.load(copy) == presets.load(str(copy)) == presets.load("lenet5")


def test_a_preset_goes_before_a_file_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lenet5").write_bytes(presets.path("alexnet").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert presets.load("lenet5").name == "LeNet-5"
    assert presets.load("./lenet5").name == "AlexNet"


def test_a_file_needs_no_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").write_bytes(presets.path("alexnet").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert presets.load("mine").name == "AlexNet"


def test_an_unknown_name_is_told_with_what_there_is() -> None:
    with pytest.raises(DesignerError, match=r"'VGG-16'; did you mean vgg16\? All \d+ pre"):
        presets.load("VGG-16")
    with pytest.raises(DesignerError, match=r"'qqq'; all \d+ presets are listed by: netd"):
        presets.load("qqq")
    with pytest.raises(DesignerError, match=r"There is no file qqq\.json"):
        presets.load("qqq.json")


@pytest.mark.parametrize("name", ["", "lenet5.info", "../presets/lenet5", "nothing"])
def test_info_is_for_presets_only(name: str) -> None:
    with pytest.raises(DesignerError, match="There is no preset"):
        presets.info(name)


@pytest.mark.parametrize(
    "text", ["{", '{"title": 1}', '{"unknown": 1}', "\udcff".encode("utf-8", "surrogateescape")]
)
def test_a_damaged_info_is_told(
    text: str | bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "lenet5.info.json"
    place.write_bytes(text.encode() if isinstance(text, str) else text)
    monkeypatch.setattr(presets, "path", lambda name, kind="": place)
    with pytest.raises(DesignerError, match=r"lenet5\.info\.json, .* install the program again"):
        presets.info("lenet5")


def test_an_entry_has_arguments_totals_and_paper() -> None:
    entry = presets.entry("alexnet")
    assert entry.arguments["groups"].default == 1
    assert entry.arguments["groups"].choices == (1, 2)
    assert entry.totals.parameters == 62_378_344
    assert entry.totals.output_values == 1_049_571
    (row,) = json.loads(presets.to_json([entry]))
    assert row["name"] == "alexnet"
    assert row["paper"]["title"].startswith("ImageNet Classification")
    assert row["totals"]["macs"] == 1_135_256_096
    assert row["arguments"]["classes"]["min"] == 1
