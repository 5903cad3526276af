"""What the last version that wrote "optimiser" left: recipes, designs, runs and checkpoints.

The files were written by that version, and `expected.json` by it, too: the losses with which it
resumed the two unfinished runs itself, and the outputs of the networks that it exported.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from designer.analysis.analysis import analyze
from designer.cli import main
from designer.design import files
from designer.engine import checkpoint, export
from designer.engine.training import train
from designer.errors import DesignerError
from designer.recipe.reading import read_recipe, recipe_from_json
from designer.runs.export_formats import EXPORT_FORMATS
from designer.runs.folder import RunFolder, list_runs

FOLDER = Path(__file__).parent / "before_american_spelling"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
RUNS = {
    "stopped-sgd": ("sgd", "stopped"),
    "killed-adam": ("adam", "interrupted"),
    "finished-rmsprop": ("rmsprop", "finished"),
}
UNFINISHED = [name for name, (_, state) in RUNS.items() if state != "finished"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the files, beside whose data the runs can be resumed."""
    copy = tmp_path / "old"
    shutil.copytree(FOLDER, copy)
    monkeypatch.chdir(copy)
    return copy


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("recipes/*.json")), ids=lambda path: path.stem)
def test_a_recipe_is_read_and_written_with_the_new_key(path: Path) -> None:
    old = json.loads(path.read_text(encoding="utf-8"))
    recipe = read_recipe(path)
    new = json.loads(recipe.to_json())
    assert "optimiser" not in new
    old["optimizer"] = old.pop("optimiser")
    for name, value in old.items():
        if isinstance(value, dict):  # a group, which may have got settings since
            assert {each: new[name][each] for each in value} == value
        else:
            assert new[name] == value
    assert recipe_from_json(recipe.to_json()) == recipe


def test_a_recipe_with_both_keys_is_refused() -> None:
    with pytest.raises(
        DesignerError, match=r"has both optimizer and optimiser, .*: remove optimiser\."
    ):
        recipe_from_json('{"optimiser": {"name": "adam"}, "optimizer": {"name": "sgd"}}')


def test_a_wrong_value_under_the_old_key_is_named_by_the_new_one() -> None:
    with pytest.raises(DesignerError, match=r"optimizer\.momentum is 2"):
        recipe_from_json('{"optimiser": {"momentum": 2}}')


@pytest.mark.parametrize("name", ["network", "frozen"])
def test_a_design_is_read_and_written_the_same(name: str, folder: Path) -> None:
    path = folder / f"{name}.json"
    text = path.read_bytes()
    design = files.read(path)
    assert analyze(design).valid
    assert files.dumps(design).encode() == text == path.read_bytes()


def test_runs_are_listed_and_reading_changes_nothing(folder: Path) -> None:
    before = contents(folder)
    runs = list_runs(folder / "runs")
    assert {run.path.name: (run.recipe().optimizer.name, run.state()) for run in runs} == RUNS
    for run in runs:
        assert analyze(files.read(run.design)).valid
        content = checkpoint.load(run.last, source=run.source())
        assert content["optimizer"]["state"]
        assert content["optimizer_recipe"]["name"] == run.recipe().optimizer.name
    assert contents(folder) == before


@pytest.mark.parametrize("name", UNFINISHED)
def test_a_run_is_resumed_as_its_own_version_resumed_it(name: str, folder: Path) -> None:
    run = RunFolder.open(folder / "runs" / name)
    recipe = run.recipe_file.read_bytes()
    result = train(run, resume=True)
    expected = EXPECTED[name]
    assert (result.status, result.steps) == (expected["status"], expected["steps"])
    assert result.best is not None
    assert result.best.epoch == expected["best"]
    events = [json.loads(line) for line in run.events.read_bytes().splitlines()]
    resumed = events[max(i for i, each in enumerate(events) if each["event"] == "start") :]
    steps = {str(each["step"]): each for each in resumed if each["event"] == "step"}
    assert_values(steps, "loss", expected["losses"])
    assert_values(steps, "lr", expected["rates"])
    # Processors round differently, which grows with the steps: 5e-5 on one where the losses above
    # agree. Images in another order differ by a tenth and more.
    assert result.validation is not None
    assert result.validation.loss == pytest.approx(expected["validation"], rel=1e-3)
    assert result.test is not None
    assert result.test.loss == pytest.approx(expected["test"], rel=1e-3)
    assert run.recipe_file.read_bytes() == recipe
    assert "optimizer" in torch.load(run.last, weights_only=True)


def assert_values(steps: dict[str, Any], key: str, expected: dict[str, float]) -> None:
    found = {step: each[key] for step, each in steps.items()}
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_setting_that_a_checkpoint_does_not_know_is_at_its_default(folder: Path) -> None:
    run = RunFolder.open(folder / "runs" / "stopped-sgd")
    content = checkpoint.load(run.last, source=run.source())
    del content["optimizer_recipe"]["epsilon"]
    checkpoint.save(run.last, content, source=run.source())
    assert train(run, resume=True).status == "finished"


def test_a_finished_run_is_not_resumed(folder: Path) -> None:
    with pytest.raises(DesignerError, match="is complete"):
        train(RunFolder.open(folder / "runs" / "finished-rmsprop"), resume=True)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_exported(name: str, folder: Path) -> None:
    model = export.of_run(RunFolder.open(folder / "runs" / name))
    (answer,) = model.answers
    assert answer.flatten().tolist() == pytest.approx(EXPECTED["answers"][name], abs=1e-5)
    paths = [folder / f"model{suffix}" for suffix in EXPORT_FORMATS]
    assert [done.path for done in export.export(model, paths)] == paths


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_asked_about_a_picture(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunFolder(folder / "runs" / name)
    about = run.preprocessing()
    channels, height, width = about.input
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    Image.fromarray(pixels.squeeze()).save("picture.png")
    assert main(["predict", str(run.path), "picture.png", "--json", "--device", "cpu"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    mean, deviation = (torch.tensor(each).view(-1, 1, 1) for each in (about.mean, about.deviation))
    with torch.no_grad():
        scores = export.of_run(run).network(((image - mean) / deviation)[None])[0]
    probabilities, order = scores.softmax(0).topk(len(found["predictions"]))
    assert [each["class"] for each in found["predictions"]] == [
        about.classes[number] for number in order.tolist()
    ]
    values = [each["probability"] for each in found["predictions"]]
    assert values == pytest.approx(probabilities.tolist(), abs=1e-5)
