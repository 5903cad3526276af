"""Each fault of a preset is reported in a sentence."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from designer import preset_checks, presets
from designer.cli import main
from designer.design import files
from designer.recipe.recipe import Recipe


def change(place: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(place.read_text())
    edit(data)
    place.write_text(json.dumps(data))


def rewrite(place: Path) -> None:
    """Format a design file as the program does."""
    files.save(files.read(place), place)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of presets with two of them."""
    for name in ("lenet5", "alexnet"):
        for kind in ("", "info", "recipe"):
            source = presets.path(name, kind)
            (tmp_path / source.name).write_bytes(source.read_bytes())
    change(tmp_path / "lenet5.info.json", lambda info: info.update(follows=[]))
    change(tmp_path / "alexnet.info.json", lambda info: info.update(follows=["lenet5"]))
    monkeypatch.setattr(presets, "folder", lambda _: tmp_path)
    monkeypatch.setattr(presets, "names", lambda: ("alexnet", "lenet5"))
    return tmp_path


def test_a_good_preset(folder: Path) -> None:
    found = preset_checks.check("alexnet")
    assert found.faults == ()
    assert found.analysis is not None
    assert found.seconds > 0


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (lambda info: info.update(parameters=7), r"says 7 parameters; the design has 62,378"),
        (lambda info: info.update(macs=8), r"says 8 MACs; the design has 1,135,256,096\.$"),
        (lambda info: info.update(follows=["lenet"]), "follows lenet, which is no preset"),
        (lambda info: info.update(follows=["alexnet"]), "follows itself"),
        (lambda info: info.update(year=1990), "follows lenet5, which is from a later year"),
        (lambda info: info.pop("idea"), r"alexnet\.info\.json, .* cannot be used"),
    ],
)
def test_faults_of_the_info(
    folder: Path, edit: Callable[[dict[str, Any]], object], fault: str
) -> None:
    change(folder / "alexnet.info.json", edit)
    (told,) = preset_checks.check("alexnet").faults
    assert re.search(fault, told)


def test_faults_of_the_design(folder: Path) -> None:
    place = folder / "lenet5.json"
    change(place, lambda design: design["nodes"]["conv2"].update(kernel_size=99))
    found = preset_checks.check("lenet5")
    assert found.faults[0].startswith("conv2: ")
    assert any("the design has" in fault for fault in found.faults)
    place.write_text("{")
    found = preset_checks.check("lenet5")
    assert found.analysis is None
    assert "lenet5.json" in found.faults[0]


def test_a_design_is_formatted_as_the_program_writes_it(folder: Path) -> None:
    place = folder / "lenet5.json"
    place.write_text(json.dumps(json.loads(place.read_text())))
    (fault,) = preset_checks.check("lenet5").faults
    assert fault.startswith("lenet5.json is not formatted as the program writes it")
    rewrite(place)
    assert preset_checks.check("lenet5").faults == ()


def test_a_preset_without_a_recipe_has_the_defaults(folder: Path) -> None:
    (folder / "lenet5.recipe.json").unlink()
    assert preset_checks.check("lenet5").faults == ()
    assert presets.recipe("lenet5") == Recipe()


@pytest.mark.parametrize(
    ("recipe", "faults"),
    [
        ({}, ["lenet5.recipe.json changes nothing: delete the file."]),
        (
            {"epochs": Recipe().epochs, "batch": 7},
            ["lenet5.recipe.json repeats the default of epochs: delete it there."],
        ),
        (
            {"optimizer": {"momentum": Recipe().optimizer.momentum}, "loss": {}},
            [
                "lenet5.recipe.json repeats the default of optimizer.momentum: delete it there.",
                "lenet5.recipe.json repeats the default of loss: delete it there.",
            ],
        ),
    ],
)
def test_a_recipe_holds_only_what_differs_from_the_defaults(
    folder: Path, recipe: dict[str, Any], faults: list[str]
) -> None:
    (folder / "lenet5.recipe.json").write_text(json.dumps(recipe))
    assert list(preset_checks.check("lenet5").faults) == faults


def test_a_damaged_recipe(folder: Path) -> None:
    (folder / "lenet5.recipe.json").write_text('{"batches": 3}')
    (fault,) = preset_checks.check("lenet5").faults
    assert "lenet5.recipe.json" in fault


def test_the_command_line_tells_a_line_each(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["presets", "--check"]) == 0
    output = capsys.readouterr().out
    assert re.match(r"alexnet +62,378,344 +1\.135 G +\d+ ms  right\nlenet5 ", output)
    assert output.splitlines()[-1].startswith("2 presets are right; this took ")
    change(folder / "lenet5.info.json", lambda info: info.update(parameters=7))
    assert main(["presets", "--check"]) == 1
    told = capsys.readouterr()
    assert re.search(r"^lenet5 .* wrong$", told.out, re.MULTILINE)
    assert "Presets that are wrong: 1 of 2" in told.out
    assert "says 7 parameters" in told.err
