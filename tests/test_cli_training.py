"""Training, resuming and exporting from the command line, as a user types it."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from designer import presets
from designer.cli import jobs, main, recipes, terminal
from designer.design import files
from designer.engine import preparation
from designer.recipe import stored
from designer.recipe.optimizers import OPTIMIZERS
from designer.recipe.reading import changed
from designer.recipe.recipe import Recipe, fields, value_of
from designer.runs.export_formats import EXPORT_FORMATS
from designer.runs.folder import RunFolder
from tests.data.writers import write_idx, write_pictures

QUICK = ["--limit", "400", "--epochs", "2", "--batch", "50"]
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short training of LeNet-5 on 400 of the built-in digits."""
    path = tmp_path_factory.mktemp("training") / "run"
    assert main(["train", "lenet5", "--data", "mnist10k", *QUICK, "--run", str(path)]) == 0
    return path


def events(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]


def test_run_folder_holds_all_that_the_run_was(run):
    names = {each.name for each in run.iterdir()}
    assert names >= {
        "design.json", "recipe.json", "model.py", "environment.json", "events.jsonl",
        "checkpoints", "evaluation", "result.json",
    }  # fmt: skip


def test_events_carry_what_a_plot_needs(run):
    written = events(run)
    assert all({"event", "time"} <= each.keys() for each in written)
    steps = [each for each in written if each["event"] == "step"]
    assert steps
    for step in steps:
        assert {"step", "epoch", "loss", "lr", "images_per_second"} <= step.keys()
    epochs = [each for each in written if each["event"] == "epoch"]
    assert len(epochs) == 2
    for epoch in epochs:
        for part in ("train", "validation"):
            assert 0 <= epoch[part]["accuracy"] <= 1
            assert epoch[part]["loss"] > 0


def test_result_says_how_it_ended(run):
    result = json.loads((run / "result.json").read_text())
    assert result["status"] == "finished"
    assert (result["epochs"], result["steps"]) == (2, 16)
    assert result["seconds"] > 0
    assert {"best", "validation", "test"} <= result.keys()
    for figures in (result["validation"], result["test"]):
        assert 0 <= figures["accuracy"] <= 1


def test_finished_run_is_not_resumed(run, capsys):
    assert main(["resume", str(run)]) == 1
    assert "is complete (finished): to train it for more epochs, use" in capsys.readouterr().err


def test_run_is_exported_with_its_weights(run, tmp_path, capsys):
    files = [str(tmp_path / f"model{ending}") for ending in (".onnx", ".safetensors")]
    assert main(["export", str(run), "--to", *files]) == 0
    assert "loaded back" in capsys.readouterr().out
    session = onnxruntime.InferenceSession(files[0])
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"]) == list("0123456789")
    mean, deviation = (json.loads(metadata[key])[0] for key in ("mean", "deviation"))
    assert 0.05 < mean < 0.2
    assert 0.2 < deviation < 0.4
    (scores,) = session.run(None, {"image": np.zeros((1, 1, 32, 32), np.float32)})
    assert scores.shape == (1, 10)


def test_design_is_exported_with_fresh_weights(tmp_path, capsys):
    path = tmp_path / "lenet5.py"
    assert main(["export", "lenet5", "--set", "classes=3", "--to", str(path)]) == 0
    assert "weights are fresh" in capsys.readouterr().out
    assert "classes=3" in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "lenet5", "--data", "nowhere"], "nowhere"),
        (
            ["train", "lenet5", "--optimizer", "sdg"],
            f"optimizer.name takes one of {', '.join(OPTIMIZERS)}; received",
        ),
        (["train", "lenet5", "--device", "gpu"], "device takes one of auto, cuda, mps, cpu"),
        (["train", "lenet5", "--lr", "fast"], "--lr takes a number, as in 0.01; received 'fast'"),
        (["train", "lenet5", "--lr", "-1"], "optimizer.learning_rate"),
        (["train", "lenet5", "--set-recipe", "optimizer.momentum"], "takes NAME=VALUE, as in"),
        (
            ["train", "lenet5", "--set-recipe", "optimiser.momentum=0"],
            "no setting 'optimiser.momentum'; did you mean 'optimizer.momentum'?",
        ),
        (["train", "lenet5", "--set-recipe", "optimizer=adam"], "no setting 'optimizer'"),
        (
            ["train", "lenet5", "--set-recipe", "optimizer.momentum=much"],
            "takes a number; received",
        ),
        (
            ["train", "lenet5", "--set-recipe", "optimizer.momentum=1.5"],
            "optimizer.momentum is 1.5",
        ),
        (["train", "lenet5", "--set-recipe", "optimizer.betas=0.9"], "takes 2 numbers"),
        (["train", "lenet5", "--set-recipe", "optimizer.nesterov=1"], "takes true or false"),
        (["train", "lenet5", "--set-recipe", "loss.weights=1,x"], "takes numbers separated by"),
        (["train", "lenet5", "--set-recipe", "loss.cost_matrix=1,x"], "takes rows of numbers, as"),
        (["train", "lenet5", "--set-recipe", "data.gray_range=1,2,3"], "takes 2 numbers"),
        (["train", "lenet5", "--set-recipe", 'data.skip=["a'], "or a JSON list of texts"),
        (["train", "lenet5", "--set-recipe", "data.skip=[1]"], "or a JSON list of texts"),
        (["train", "lenet5", "--set-recipe", "schedule.name=up"], "schedule.name takes one of"),
        (["train", "lenet5", "--batch", "9000"], "batch of 9,000 is larger than"),
        (["train", "lenet5", "--set", "classes=7"], "10 classes"),
        (["train", "lenet5", "--recipe", "none.json"], "none.json"),
        (["train", "lenet5", "--export", "model.xyz"], "model.xyz has no ending"),
        (["train", "vgg16", "--data", "mnist10k", "--limit", "300"], "10 classes"),
        (["resume", "nowhere"], "There is no run 'nowhere' in "),
        (["resume", "./nowhere"], "There is no run folder "),
        (["export", "lenet5"], "Say where to write with --to"),
        (["export", "lenet5", "--to", "model"], "model has no ending that names a format"),
        (["export", "lenet5", "model.pt"], "'model.pt' is one word too many"),
        (["export", ".", "--to", "model.pt"], "is not a complete run folder"),
    ],
)
def test_bad_input_gives_one_sentence(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("optimizer.momentum=0.5", 0.5),
        ("optimizer.nesterov=False", False),
        ("optimizer.betas=0.5, 0.9", (0.5, 0.9)),
        ("optimizer.betas=[0.5, 0.9]", (0.5, 0.9)),
        ("gradient_clipping=none", None),
        ("gradient_clipping=2", 2.0),
        ("schedule.name=cosine", "cosine"),
        ("data.source=12", "12"),
        ("initial_weights=", ""),
        ("loss.weights=1, 2.5,3", (1.0, 2.5, 3.0)),
        ("loss.weights=[1]", (1.0,)),
        ("loss.weights=", ()),
        ("loss.cost_matrix=0,1; 5,0", ((0.0, 1.0), (5.0, 0.0))),
        ("loss.cost_matrix=[[0, 1], [5, 0]]", ((0.0, 1.0), (5.0, 0.0))),
        ("loss.cost_matrix=", ()),
        ("data.skip=a.png, b/c d.png", ("a.png", "b/c d.png")),
        ('data.skip=["a, b.png", "c=d.png"]', ("a, b.png", "c=d.png")),
        ("data.skip=[]", ()),
        ("data.gray_range=0,4095", (0.0, 4095.0)),
        ("data.gray_range=none", None),
        ("data.separator= ", " "),
        ("data.workers=none", None),
    ],
)
def test_any_setting_of_a_recipe_is_given_by_its_name(text, value):
    name = text.partition("=")[0]
    recipe = jobs.recipe_for("lenet5", None, recipes.read_settings([text]))
    assert attrgetter(name)(recipe) == value


@pytest.mark.parametrize("field", fields().values(), ids=fields())
def test_every_setting_is_listed_and_takes_its_default_as_it_is_listed(field, capsys):
    assert main(["recipe"]) == 0
    output = capsys.readouterr().out
    (default,) = re.findall(rf"^{re.escape(field.name)} = (.*)$", output, re.MULTILINE)
    given = recipes.read_settings([f"{field.name}={default}"])
    assert given == {field.name: value_of(Recipe(), field.name)}
    assert field.setting.help in " ".join(output.split())
    assert main(["recipe", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == set(fields())
    assert rows[field.name]["help"] == field.setting.help
    assert rows[field.name]["choices"] == field.setting.choices


def test_the_recipe_of_a_preset_is_listed(capsys):
    assert main(["recipe", "lenet5"]) == 0
    assert "\nbatch = 32\n" in capsys.readouterr().out
    assert main(["recipe", "lenet5", "--json"]) == 0
    (batch,) = [row for row in json.loads(capsys.readouterr().out) if row["name"] == "batch"]
    assert (batch["value"], batch["default"]) == (32, Recipe().batch)
    assert main(["recipe", "lenet6"]) == 1
    assert "lenet5" in capsys.readouterr().err


def test_a_setting_without_effect_is_reported():
    def sentences(*texts):
        chosen = recipes.read_settings(texts)
        return list(recipes.without_effect(jobs.recipe_for("lenet5", None, chosen), chosen))

    assert sentences("optimizer.name=adam", "optimizer.momentum=0.5") == [
        "optimizer.momentum has no effect with optimizer.name adam; it is used with sgd, rmsprop, "
        "lars."
    ]
    assert sentences("data.resampling=folds", "data.folds=5", "data.validation=0.2") == [
        "data.validation has no effect with data.resampling folds; it is used with none."
    ]
    assert sentences("optimizer.momentum=0.5", "epochs=1", "schedule.rise=0.2") == []


def test_the_help_names_every_choice(capsys):
    assert main(["train", "--help"]) == 0
    output = capsys.readouterr().out
    for name in ("optimizer.name", "device"):
        assert all(re.search(rf"\b{choice}\b", output) for choice in fields()[name].setting.choices)


def test_data_that_are_not_there_leave_no_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "lenet5", "--data", "nowhere", "--run", "run"]) == 1
    assert 'called "nowhere": give a path' in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_log_is_cut_back_and_data_are_found_from_anywhere(tmp_path, monkeypatch, capsys):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    write_idx(tmp_path / "here" / "digits")
    short = ["--epochs", "1", "--batch", "4", "--run", "../run"]
    assert main(["train", "lenet5", "--data", "digits", *short]) == 0
    run = RunFolder(tmp_path / "run")
    run.result_file.unlink()  # as if killed before the end
    run.recipe_file.write_text(run.recipe_file.read_text().replace('"epochs": 1', '"epochs": 2'))
    run.events.write_bytes(run.events.read_bytes() + b"garbage\n")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert main(["resume", "run"]) == 0, capsys.readouterr().err
    assert run.result().epochs == 2
    numbers = [event["sequence"] for event in events(run.path)]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("columns", "bar"),
    [(200, "██████████░░░░░░░░░░ "), (80, "███░░░ "), (31, "███░░░  50%  step 5,000/10,000")],
)
def test_progress_stays_on_its_line(columns, bar):
    start = {"epochs": 10, "steps_per_epoch": 1000, "batch": 32}
    step = {"step": 5000, "loss": 0.1234, "lr": 0.05, "images_per_second": 4000.0}
    line = terminal.progress(start, step, columns)
    assert len(line) < columns
    assert line.startswith(bar)


def test_run_folder_in_use_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("precious")
    assert main(["train", "lenet5", *QUICK, "--run", str(tmp_path)]) == 1
    assert "is not empty: choose another folder" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]


def test_ctrl_c_stops_with_a_checkpoint_and_resume_goes_on(tmp_path):
    path = tmp_path / "run"
    command = [sys.executable, "-m", "designer"]
    training = subprocess.Popen(
        [*command, "train", "lenet5", "--epochs", "500", "--limit", "640", "--run", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    log = path / "events.jsonl"
    deadline = time.monotonic() + 120
    while not (log.exists() and '"epoch","time"' in log.read_text()):
        assert training.poll() is None, training.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    training.send_signal(signal.SIGINT)
    out, err = training.communicate(timeout=120)
    assert training.returncode == 0, err
    assert f"netdesigner resume {path}" in out
    assert json.loads((path / "result.json").read_text())["status"] == "stopped"
    assert RunFolder(path).last.exists()

    recipe = json.loads((path / "recipe.json").read_text())
    done = json.loads((path / "result.json").read_text())["epochs"]
    recipe["epochs"] = done + 1
    (path / "recipe.json").write_text(json.dumps(recipe))
    assert main(["resume", str(path)]) == 0
    assert json.loads((path / "result.json").read_text())["epochs"] == done + 1


def test_demo_ends_with_model_files_and_a_picture(tmp_path, capsys):
    path = tmp_path / "demo"
    assert main(["demo", "--epochs", "1", "--run", str(path)]) == 0
    told = capsys.readouterr().out
    assert "61,706" in told
    assert {each.suffix for each in (path / "export").iterdir()} == set(EXPORT_FORMATS)
    with Image.open(path / "curves.png") as picture:
        assert picture.size == (1200, 480)
        colors = picture.convert("RGB").getcolors(1 << 20)
    assert colors is not None
    assert len(colors) > 50


def test_a_design_file_is_trained_with_the_recipe_saved_in_it(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "project"
    write_idx(folder / "digits")
    file = folder / "mine.json"
    own = changed(
        Recipe(), {"epochs": 3, "batch": 5, "data.source": str(folder / "digits"), "device": "cpu"}
    )
    files.save(presets.load("lenet5"), file, stored.dump(own, file))
    folder.rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    assert main(["recipe", "moved/mine.json"]) == 0
    listed = capsys.readouterr().out
    assert "epochs = 3\n" in listed
    assert f"data.source = {tmp_path / 'moved' / 'digits'}\n" in listed
    assert main(["train", "moved/mine.json", "--epochs", "1", "--run", "run"]) == 0
    ran = RunFolder.open(tmp_path / "run").recipe()
    assert (ran.epochs, ran.batch) == (1, 5)
    assert ran.data.source == str(tmp_path / "moved" / "digits")
    assert "training" not in json.loads((tmp_path / "run" / "design.json").read_text())

    (tmp_path / "r.json").write_text('{"batch": 9}')
    assert main(["recipe", "moved/mine.json"]) == 0  # as before: the file was not changed
    plan = jobs.recipe_for("moved/mine.json", "r.json", {})
    assert plan == changed(Recipe(), {"batch": 9})


def test_a_recipe_in_a_design_that_cannot_be_used_is_named_and_nothing_is_trained(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    whole = json.loads(files.dumps(presets.load("lenet5")))
    whole["training"] = {"recipe": {"epochs": 0, "pace": 1}}
    Path("mine.json").write_text(json.dumps(whole))
    assert main(["check", "mine.json"]) == 0
    assert main(["train", "mine.json", "--run", "run"]) == 1
    assert capsys.readouterr().err == (
        "The recipe in mine.json cannot be used: the recipe has the unknown setting pace; epochs "
        'is 0 but must be at least 1. Correct it under the key "training", or give another recipe '
        "with --recipe.\n"
    )
    assert not Path("run").exists()


# What is refused or warned of before a training


def small(path: Path, *layers: dict, shape: tuple[int, ...] = (1, 28, 28), **more: object) -> str:
    nodes = {"image": {"layer": "Input", "shape": list(shape)}}
    nodes |= {f"n{number}": layer for number, layer in enumerate(layers)}
    nodes["out"] = {"layer": "Output"}
    document = {"format": "netdesigner/design", "version": 1, "name": "Small", **more}
    path.write_text(json.dumps({**document, "nodes": nodes, "edges": [[*nodes]]}))
    return str(path)


POOL = {"layer": "AdaptiveAvgPool2d", "output_size": 1}
NORM = {"layer": "BatchNorm2d"}
FLATTEN = {"layer": "Flatten"}
TEN = {"layer": "Linear", "out_features": 10}


def test_one_value_per_channel_is_refused_before_a_run_begins(tmp_path, capsys):
    design = small(tmp_path / "small.json", POOL, NORM, FLATTEN, TEN)
    sentence = "n1 gets one value per channel at batch 1: set batch to 2 or more"
    run = tmp_path / "run"
    options = ["--data", "mnist10k", "--limit", "40", "--epochs", "1", "--run", str(run)]
    assert main(["train", design, *options, "--batch", "1"]) == 1
    assert f"{sentence}." in capsys.readouterr().err
    assert not run.exists()
    assert main(["check", design, "--batch", "1"]) == 0
    assert f"warning: {sentence}" in capsys.readouterr().err
    assert main(["check", design, "--batch", "1", "--json"]) == 0
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["message"], problem["severity"]) == (sentence, "warning")
    for batch in ([], ["--batch", "2"]):
        assert main(["check", design, *batch]) == 0
        assert "one value" not in capsys.readouterr().err
    assert main(["train", design, *options, "--batch", "2"]) == 0


def test_check_knows_the_batch_and_the_loss_of_a_recipe_that_is_saved_with_it(tmp_path, capsys):
    training = {"recipe": {"batch": 1}}
    layers = (POOL, NORM, FLATTEN, TEN, {"layer": "Softmax"})
    design = small(tmp_path / "small.json", *layers, training=training)
    assert main(["check", design]) == 0
    errors = capsys.readouterr().err
    assert "warning: n1 gets one value per channel at batch 1" in errors
    assert "warning: n4: cross-entropy takes the values before Softmax" in errors
    assert "  fix: remove n4" in errors
    without = small(tmp_path / "without.json", *layers)
    assert main(["check", without]) == 0
    assert capsys.readouterr().err == ""


def test_training_warns_of_a_softmax_before_cross_entropy(tmp_path, capsys):
    design = small(tmp_path / "small.json", POOL, FLATTEN, TEN, {"layer": "Softmax"})
    options = ["--data", "mnist10k", "--limit", "40", "--batch", "20", "--epochs", "1"]
    assert main(["train", design, *options, "--run", str(tmp_path / "run")]) == 0
    assert "warning: n3: cross-entropy takes the values before Softmax" in capsys.readouterr().err


def test_an_output_without_its_flatten_is_refused(tmp_path, capsys):
    design = small(tmp_path / "small.json", {"layer": "MaxPool2d", "kernel_size": 4}, TEN)
    run = tmp_path / "run"
    assert main(["train", design, "--data", "mnist10k", "--run", str(run)]) == 1
    sentence = (
        "out: this output is 1×7×10 but must be a list of values: insert a Flatten before n1."
    )
    assert sentence in capsys.readouterr().err
    assert not run.exists()


def test_labels_that_begin_at_one(tmp_path, capsys):
    chance = np.random.default_rng(0)
    images = chance.integers(0, 256, (40, 28, 28), np.uint8)
    data = tmp_path / "from1.npz"
    np.savez(data, images=images, labels=np.arange(40) % 10 + 1)
    design = small(tmp_path / "small.json", POOL, FLATTEN, TEN)
    run = tmp_path / "run"
    train = ["train", design, "--data", str(data), "--batch", "8", "--epochs", "1"]
    assert main([*train, "--run", str(run)]) == 1
    sentence = (
        "The labels of from1 begin at 1: class 0 never occurs. To train on the 10 classes from 1 "
        "on, set data.first_label to 1 (on the command line: --set-recipe data.first_label=1)."
    )
    assert capsys.readouterr().err.strip().endswith(sentence)
    first = ["--set-recipe", "data.first_label=1"]
    assert main([*train, "--run", str(run), *first]) == 0
    preprocessing = json.loads((run / "preprocessing.json").read_text())
    assert preprocessing["classes"] == [str(number) for number in range(1, 11)]


def test_one_hot_rows_are_trained_on_as_classes(tmp_path, capsys):
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28), np.uint8)
    data = tmp_path / "rows.npz"
    np.savez(data, images=images, labels=np.eye(10)[np.arange(40) % 10])
    design = small(tmp_path / "small.json", POOL, FLATTEN, TEN)
    train = ["train", design, "--data", str(data), "--batch", "8", "--epochs", "1"]
    assert main([*train, "--run", str(tmp_path / "run")]) == 0
    output = capsys.readouterr()
    assert "one-hot rows, which are read as 10 classes" in output.out + output.err


def saved(path: Path, labels: np.ndarray, *shape: int) -> str:
    shape = shape or (28, 28)
    images = np.random.default_rng(0).integers(0, 256, (len(labels), *shape), np.uint8)
    np.savez(path, images=images, labels=labels)
    return str(path)


def test_whole_floats_are_trained_on_as_classes(tmp_path, capsys):
    data = saved(tmp_path / "floats.npz", np.arange(40) % 10 * 1.0)
    design = small(tmp_path / "small.json", POOL, FLATTEN, TEN)
    train = ["train", design, "--data", data, "--batch", "8", "--epochs", "1"]
    assert main([*train, "--run", str(tmp_path / "run")]) == 0
    output = capsys.readouterr()
    assert "whole numbers saved as floats, which are read as the classes" in (
        output.out + output.err
    )
    with ExitStack() as closing:  # as a resume reads them
        again = preparation.prepare(RunFolder(tmp_path / "run"), closing)
    assert again.classes == tuple("0123456789")


def test_a_column_of_whole_numbers_asks_for_another_loss_or_for_classes(tmp_path, capsys):
    rows = ["file,age"]
    for number in range(1, 41):
        Image.new("L", (28, 28), number).save(tmp_path / f"face{number}.png")
        rows.append(f"face{number}.png,{number % 30 + 1}")
    (tmp_path / "ages.csv").write_text("\n".join(rows))
    design = small(tmp_path / "small.json", POOL, FLATTEN, TEN)
    train = ["train", design, "--data", str(tmp_path), "--batch", "8"]
    assert main([*train, "--run", str(tmp_path / "run")]) == 1
    assert (
        "has numbers as targets, which cross_entropy does not take: set loss.name to "
        "mean_squared_error (on the command line: --set-recipe loss.name=mean_squared_error), or, "
        "if they number classes, set data.targets to classes (on the command line: --set-recipe "
        "data.targets=classes)."
    ) in capsys.readouterr().err


def test_all_broken_pictures_are_named_with_the_option_that_leaves_them_out(tmp_path, capsys):
    files = write_pictures(tmp_path / "pets" / "cat", 12, size=(28, 28))
    files += write_pictures(tmp_path / "pets" / "it's a dog", 12, size=(28, 28))
    broken = [files[2], files[3], files[20]]
    for path in broken:
        path.write_bytes(path.read_bytes()[:60])
    design = small(tmp_path / "small.json", POOL, FLATTEN, {**TEN, "out_features": 2})
    train = ["train", design, "--data", str(tmp_path / "pets"), "--batch", "4", "--epochs", "1"]
    assert main([*train, "--run", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err.strip()
    assert "3 pictures of pets cannot be read" in error
    option = error.partition("on the command line: ")[2].removesuffix(".")
    names = [path.relative_to(tmp_path / "pets").as_posix() for path in broken]
    assert json.loads(shlex.split(option)[1].partition("=")[2]) == names
    assert main([*train, "--run", str(tmp_path / "second"), *shlex.split(option)]) == 0


def test_what_is_unbalanced_is_said_with_the_options_that_help(tmp_path, capsys):
    data = saved(tmp_path / "rare.npz", np.arange(60) % 10 * (np.arange(60) > 49))
    design = small(tmp_path / "small.json", POOL, FLATTEN, TEN)
    train = ["train", design, "--data", data, "--batch", "8", "--epochs", "1"]
    assert main([*train, "--run", str(tmp_path / "run")]) == 0
    output = capsys.readouterr().out
    assert "--set-recipe loss.class_weights=balanced" in output
    assert "--set-recipe data.sampling=balanced" in output


def test_gaps_are_named_and_a_class_that_never_occurs_is_noted(tmp_path, capsys):
    design = small(tmp_path / "small.json", POOL, FLATTEN, TEN)
    train = ["train", design, "--batch", "8", "--epochs", "1", "--data"]
    data = saved(tmp_path / "gaps.npz", np.arange(40) % 3 * 1000)
    assert main([*train, data, "--run", str(tmp_path / "run")]) == 1
    assert "only 3 of the 2,001 class numbers occur" in capsys.readouterr().err
    data = saved(tmp_path / "five.npz", np.array([0, 1, 2, 3, 4, 6, 7, 8, 9, 9] * 4))
    assert main([*train, data, "--run", str(tmp_path / "run")]) == 0
    output = capsys.readouterr()
    assert "No image of five has the class 5." in output.out + output.err


def test_training_names_channels_that_are_last_as_check_does(tmp_path, capsys):
    conv = {"layer": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}
    design = small(tmp_path / "last.json", conv, FLATTEN, TEN, shape=(8, 8, 3))
    main(["check", design])
    assert "set the input to 3×8×8" in capsys.readouterr().err
    data = saved(tmp_path / "rgb.npz", np.arange(40) % 10, 8, 8, 3)
    train = ["train", design, "--data", data, "--batch", "8", "--epochs", "1"]
    assert main([*train, "--run", str(tmp_path / "run")]) == 1
    errors = capsys.readouterr().err
    assert "warning: image: 8×8×3 is read as 8 channels" in errors
    assert "The images of rgb have 3 channels, but image: 8×8×3 is read as 8 channels" in errors
    assert "set the channels" not in errors


def test_curves_as_a_picture_and_as_a_table(run, tmp_path, capsys):
    picture, table = tmp_path / "curves.png", tmp_path / "curves.csv"
    for path in (picture, table):
        assert main(["curves", str(run), "--to", str(path)]) == 0
    with Image.open(picture) as image:
        assert image.size == (1200, 480)
    rows = list(csv.DictReader(table.read_text().splitlines()))
    steps = [each for each in events(run) if each["event"] == "step"]
    assert [float(row["gradient_norm"]) for row in rows if row["gradient_norm"]] == [
        each["gradient_norm"] for each in steps
    ]
    assert float(rows[-1]["validation_accuracy"]) > 0
    assert main(["curves", str(run), "--to", str(tmp_path / "curves.pdf")]) == 1
    assert "use the suffix .png or .csv" in capsys.readouterr().err


def test_a_recipe_that_is_no_file_and_no_template_is_refused(tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["train", "lenet5", "--recipe", "resnett", "--run", str(run)]) == 1
    told = capsys.readouterr().err
    assert "no recipe file and no template called resnett" in told
    assert "resnet," in told or "resnet)" in told
    assert not run.exists()


def test_a_template_is_trained_with_by_its_name(tmp_path, capsys):
    assert main(["recipe", "--templates", "--json"]) == 0
    found = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["resnet"]["changes"]["optimizer.weight_decay"] == 1e-4
    path = tmp_path / "run"
    quick = ["--limit", "64", "--epochs", "1", "--batch", "32", "--run", str(path)]
    assert main(["train", "lenet5", "--recipe", "resnet_cifar", *quick]) == 0
    recipe = RunFolder(path).recipe()
    assert (recipe.optimizer.weight_decay, recipe.epochs, recipe.batch) == (1e-4, 1, 32)
    assert recipe.schedule.milestones == (82, 123)
    assert main(["recipe", "lenet5", "--templates"]) == 1
    assert main(["train", "lenet5", "--recipe", "nothing", "--run", str(tmp_path / "no")]) == 1
