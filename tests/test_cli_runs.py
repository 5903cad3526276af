"""The folder of runs on the command line, as a user types it: one folder, names, list, pruning."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from designer import preferences
from designer.cli import main
from designer.runs import lock
from designer.runs.folder import RunFolder
from tests.runs.test_folder import create

QUICK = ["--data", "mnist10k", "--limit", "100", "--batch", "50", "--device", "cpu"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs, named in the preferences, with one run of one epoch."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        folder = home / "all runs"
        preferences.store(preferences.Preferences(runs_folder=str(folder)))
        assert main(["train", "lenet5", *QUICK, "--epochs", "1"]) == 0
    return folder


@pytest.fixture(autouse=True)
def settings(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Use the preferences that name the folder, from another folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(root.parent / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(root: Path) -> RunFolder:
    [path] = [each for each in root.iterdir() if each.name.endswith("lenet5")]
    return RunFolder(path)


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a process."""
    return subprocess.run(
        [sys.executable, "-m", "designer", *words], capture_output=True, text=True, check=False
    )


def test_runs_lie_in_the_folder_of_the_settings(root, run):
    assert run.path.parent == root
    assert not Path("runs").exists()


def test_run_is_found_by_its_name_alone(run, capsys):
    assert main(["export", run.path.name, "--to", "m.py"]) == 0
    assert Path("m.py").exists()
    assert main(["resume", run.path.name]) == 1
    assert "complete" in capsys.readouterr().err


def test_wrong_name_gets_a_suggestion(run, capsys):
    assert main(["resume", run.path.name + "x"]) == 1
    assert f"did you mean {run.path.name}?" in capsys.readouterr().err


def test_another_folder_of_runs_can_be_named(run, root, capsys):
    os.makedirs("other")
    assert main(["runs", "--runs", "other"]) == 0
    assert f"There are no runs in {Path('other').absolute()}" in capsys.readouterr().out
    assert main(["resume", run.path.name, "--runs", "other"]) == 1
    assert "There is no run" in capsys.readouterr().err
    assert main(["resume", run.path.name, "--runs", str(root)]) == 1
    assert "complete" in capsys.readouterr().err


def test_list_names_each_run_and_the_total_size(run, root):
    done = typed("runs")
    assert done.returncode == 0
    title, row, total, *_ = done.stdout.splitlines()
    assert title.split() == ["name", "design", "data", "state", "epochs", "best", "begun", "size"]
    for word in (run.path.name, "LeNet-5", "mnist10k", "finished", "1 / 1", "test accuracy", " KB"):
        assert word in row
    assert total.startswith(f"1 run in {root}, ")


def test_list_as_json(run, root):
    report = json.loads(typed("runs", "--json").stdout)
    [entry] = report["runs"]
    assert report["folder"] == str(root)
    assert report["size"] == entry["size"] > 100_000
    assert (entry["name"], entry["state"]) == (run.path.name, "finished")


def test_stopped_and_resumed_run_prints_its_history_once(capsys, tmp_path):
    words = ["train", "lenet5", *QUICK, "--run", "my run"]
    assert main([*words, "--epochs", "3"]) == 0
    run = RunFolder(tmp_path / "my run")
    lines = capsys.readouterr().out.splitlines()
    assert f"The run is in {run.path}" in lines
    assert f"Train on with: netdesigner train-on '{run.path}' --epochs 3" in lines
    assert f"Export it with: netdesigner export '{run.path}' --to model.onnx" in lines
    # As if the worker had been killed after its last checkpoint.
    run.result_file.unlink()
    assert main(["resume", "my run"]) == 0
    out = capsys.readouterr().out
    assert out.count("epoch   1/3") == out.count("epoch   2/3") == 0
    assert out.count("Training on") == 1
    assert "Resumed after step 6 from the last checkpoint" in out
    assert "Finished after 3 epochs, 6 steps" in out


def test_single_epoch_and_step_are_singular(capsys):
    words = ["train", "lenet5", *QUICK, "--batch", "100", "--epochs", "1", "--run", "run"]
    assert main(words) == 0
    assert "Finished after 1 epoch, 1 step, " in capsys.readouterr().out


def test_color_pictures_stand_in_for_the_missing_data_of_a_preset(capsys):
    quick = ["--limit", "256", "--epochs", "1", "--set", "alpha=0.25", "--set", "resolution=32"]
    assert main(["train", "mobilenet_v1", *quick, "--run", "run"]) == 0
    error = capsys.readouterr().err
    assert "The preset mobilenet_v1 is for ImageNet, which is not on this computer" in error
    assert "(shapes10) are used instead, and the design is set to their 10 classes." in error
    run = RunFolder.open(Path("run"))
    assert run.recipe().data.source == "shapes10"
    assert run.network().outputs[0].shape == (10,)


def test_own_recipe_for_missing_data_is_refused(capsys):
    Path("own.json").write_text('{"data": {"source": "imagenet"}}')
    for words in (["--recipe", "own.json"], ["--data", "imagenet"]):
        assert main(["train", "vgg16", *words]) == 1
        error = capsys.readouterr().err
        assert 'no data set and no file or folder called "imagenet"' in error
        assert "(mnist10k, shapes10)" in error


def test_folder_that_cannot_be_written_names_the_options(capsys):
    Path("file").write_text("")
    assert main(["train", "lenet5", *QUICK, "--runs", "file/runs"]) == 1
    error = capsys.readouterr().err
    assert "The folder of runs" in error
    assert "--runs DIR" in error


def test_pruned_run_is_exported_but_not_continued(tmp_path, capsys):
    assert main(["train", "lenet5", *QUICK, "--epochs", "1", "--runs", "mine"]) == 0
    [path] = Path("mine").absolute().iterdir()
    run = RunFolder(path)
    capsys.readouterr()
    assert main(["prune", "--runs", "mine", "--dry-run"]) == 0
    assert "would be freed; nothing was deleted" in capsys.readouterr().out
    assert run.last.exists()
    with lock.held(run.lock):
        assert main(["prune", path.name, "--runs", "mine"]) == 1
        assert "is being trained" in capsys.readouterr().err
    assert main(["prune", "--runs", "mine", "--older-than", "2"]) == 0
    assert "has an old checkpoint to delete" in capsys.readouterr().out
    assert main(["prune", "--runs", "mine"]) == 0
    assert "KB freed" in capsys.readouterr().out
    assert not run.last.exists()
    assert main(["export", path.name, "--runs", "mine", "--to", "m.pt"]) == 0
    run.result_file.unlink()
    assert main(["resume", path.name, "--runs", "mine"]) == 1
    assert "its state was pruned on" in capsys.readouterr().err


def test_latest_weights_that_fit_are_exported(run, capsys):
    assert main(["export", "lenet5", "--to", "fresh.safetensors"]) == 0
    assert "take them with --weights latest" in capsys.readouterr().out
    assert main(["export", "lenet5", "--weights", "latest", "--to", "m.safetensors"]) == 0
    assert main(["export", str(run.path), "--to", "of-run.safetensors"]) == 0
    assert main(["export", "lenet5", "--weights", run.path.name, "--to", "n.safetensors"]) == 0
    fresh, latest, of_run, named = (
        load_file(f"{name}.safetensors") for name in ("fresh", "m", "of-run", "n")
    )
    for name, tensor in latest.items():
        assert torch.equal(tensor, of_run[name])
        assert torch.equal(tensor, named[name])
        assert not torch.equal(tensor, fresh[name])


def test_no_run_that_fits_is_a_sentence(capsys):
    words = ["export", "lenet5", "--set", "classes=7", "--to", "m.py"]
    assert main([*words, "--weights", "latest"]) == 1
    assert "has the layers and shapes of LeNet-5" in capsys.readouterr().err
    assert main(words) == 0
    assert "nothing was trained" in capsys.readouterr().out


def test_weights_that_fit_in_part_are_refused(run, capsys):
    words = ["export", "lenet5", "--set", "classes=7", "--to", "m.pt", "--weights", run.path.name]
    assert main(words) == 1
    assert "would be trained in part only" in capsys.readouterr().err


NO_ONNX = """{"format": "netdesigner/design", "version": 1, "name": "AdMax", "nodes": {
    "image": {"layer": "Input", "shape": [3, 12, 13]},
    "n0": {"layer": "AdaptiveMaxPool2d", "output_size": [5, 7]}, "out": {"layer": "Output"}},
    "edges": [["image", "n0", "out"]]}"""


def test_format_that_cannot_take_the_network_does_not_stop_the_others():
    Path("design.json").write_text(NO_ONNX)
    Path("folder.pt").mkdir()
    done = typed(
        "export", "design.json", "--to", "m.onnx", "--to", "folder.pt", "--to", "m.py", "m.pt"
    )
    assert done.returncode == 1
    assert Path("m.py").is_file()
    assert Path("m.pt").is_file()
    assert not Path("m.onnx").exists()
    first, second = done.stderr.splitlines()
    assert "which has no counterpart of n0 (AdaptiveMaxPool2d)" in first
    assert "aten" not in first
    assert "folder.pt cannot be written" in second
    assert done.stdout.splitlines()[-1] == "2 of 4 files were written."


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text elsewhere")
def test_a_name_that_is_no_utf8_is_listed_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = os.fsdecode(b"r\xff\xfe")
    create(tmp_path / name)
    assert main(["runs", "--json", "--runs", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["runs"][0]["name"] == name
