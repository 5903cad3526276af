"""The doctor on the command line: its own command, and its lines in check and train."""

import json
from pathlib import Path

import pytest

from designer import preferences
from designer.cli import main
from designer.design import files
from designer.doctor.rules import RULES
from designer.preferences import Preferences
from designer.recipe import stored
from tests.analysis.drawing import chain
from tests.doctor.runs import FLATTEN, PIXELS, RELU, linear, recipe, trained

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def straight(tmp_path: Path) -> str:
    """A design of two linear layers with nothing between."""
    path = tmp_path / "straight.json"
    path.write_text(files.dumps(chain(FLATTEN, linear(12), linear(10), shape=PIXELS)))
    return str(path)


def test_check_has_a_section_of_advice(straight: str, capsys: Captured) -> None:
    assert main(["check", straight]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("Advice")
    assert lines[at + 1].startswith("advice [no-activation]: There is no activation between n2")
    assert lines[at + 2] == "  evidence: 2 layers with 2,494 parameters."  # 196*12+12 + 12*10+10
    assert lines[at + 3] == "  remedy: insert ReLU before n3"
    assert main(["check", straight, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["advice"]
    assert found["key"] == "no-activation"
    assert found["evidence"] == "2 layers with 2,494 parameters."
    assert found["remedies"] == [{"label": "insert ReLU before n3", "settings": {}}]


def test_a_condition_is_silenced_by_option_and_by_preference(
    straight: str, capsys: Captured
) -> None:
    assert main(["check", straight, "--silence", "no-activation"]) == 0
    assert "Advice" not in capsys.readouterr().out
    before = preferences.load()
    preferences.store(Preferences(silenced=["no-activation"]))
    try:
        assert main(["doctor", straight]) == 0
        assert capsys.readouterr().out == "The doctor has nothing to say.\n"
    finally:
        preferences.store(before)
    assert main(["check", straight, "--silence", "no-activatoin"]) == 1
    assert "did you mean no-activation?" in capsys.readouterr().err


def test_a_silenced_softmax_is_no_warning_either(tmp_path: Path, capsys: Captured) -> None:
    design = chain(FLATTEN, linear(10), {"layer": "Softmax"}, shape=PIXELS)
    path = tmp_path / "softmax.json"
    files.save(design, path, training=stored.dump(recipe(), path))
    assert main(["check", str(path)]) == 0
    shown = capsys.readouterr()
    assert "takes the values before Softmax" in shown.err
    assert "activation-before-loss" not in shown.out  # said once
    assert main(["check", str(path), "--silence", "activation-before-loss"]) == 0
    assert "Softmax" not in capsys.readouterr().err


def test_a_softmax_of_a_design_without_recipe_is_advice(tmp_path: Path, capsys: Captured) -> None:
    """Without a recipe, a design is trained with cross-entropy."""
    path = tmp_path / "softmax.json"
    files.save(chain(FLATTEN, linear(2), {"layer": "Softmax"}, shape=PIXELS), path)
    assert main(["check", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "advice [activation-before-loss]: n3: cross-entropy takes the values" in "".join(lines)
    assert "  remedy: remove n3" in lines


def test_the_command_on_a_design_with_its_recipe(straight: str, capsys: Captured) -> None:
    assert main(["doctor", straight, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["key"] for each in found["advice"]] == ["no-activation"]
    assert found["next"] == ""
    assert main(["doctor", straight, "--data", "mnist10k"]) == 0
    assert "imbalance" not in capsys.readouterr().out  # the digits are balanced


def test_a_recipe_that_names_a_device(straight: str, capsys: Captured) -> None:
    named = ["--set-recipe", "device=cuda", "--set-recipe", "batch=30"]
    assert main(["doctor", straight, *named]) == 0
    assert "remedy: set the batch to 32 (--set-recipe batch=32)" in capsys.readouterr().out
    assert main(["doctor", straight, "--set-recipe", "batch=30"]) == 0
    assert "batch-multiple" not in capsys.readouterr().out


def test_the_command_on_a_run(tmp_path: Path, capsys: Captured) -> None:
    design = chain(FLATTEN, linear(32), RELU, linear(10), shape=PIXELS)
    run, _ = trained(tmp_path / "run", design, batch=128, epochs=2)
    assert main(["doctor", str(run.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("advice [few-steps]: ")
    assert lines[1] == "  evidence: 10 steps in all, each with 128 images."
    assert "--set-recipe epochs=100" in "".join(lines)
    assert main(["doctor", str(run.path), "--set-recipe", "batch=2"]) == 1
    assert "--set-recipe is for designs" in capsys.readouterr().err


def test_train_says_what_it_sees_once(
    straight: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--batch", "128", "--epochs", "2", "--device", "cpu", "--limit", "640"]
    arguments = ["train", straight, "--data", "mnist10k", *options, "--run", str(tmp_path / "r")]
    assert main(arguments) == 0
    shown = capfd.readouterr()
    assert shown.out.count("advice [no-activation]") == 1
    assert shown.out.count("advice [few-steps]") == 1


def test_every_key_is_a_word_for_the_command_line() -> None:
    assert all(key == key.lower() and " " not in key for key in RULES)
