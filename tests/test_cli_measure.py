"""`netdesigner measure`: statistics of layers, measured now or by a training."""

import json
from pathlib import Path

import pytest

from designer.cli import main
from designer.design import edits, files
from designer.engine.training import train
from designer.runs.folder import RunFolder
from designer.runs.layer_statistics import read_measurements
from tests.engine.samples import TINY, create, tiny_recipe, write_data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("measured")
    recipe = tiny_recipe(write_data(folder / "squares.npz"), epochs=1, statistics=5)
    made = create(folder / "run", recipe)
    train(made)
    return made


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[list[list[str]], list[str]]:
    """Run a command; return the words of each line, and the lines on standard error."""
    assert main(["measure", *words]) == 0
    out = capsys.readouterr()
    return [line.split() for line in out.out.splitlines()], out.err.splitlines()


def test_a_design_is_measured_with_fresh_weights(capsys: pytest.CaptureFixture[str]) -> None:
    rows, said = printed(capsys, "lenet5", "--set-recipe", "batch=8", "--device", "cpu")
    assert rows[0][:4] == ["layer", "type", "mean", "deviation"]
    assert [row[:2] for row in rows[1:4]] == [
        ["image", "Input"],
        ["conv1", "Conv2d"],
        ["tanh1", "Tanh"],
    ]
    assert all(len(row) == len(rows[1]) for row in rows[2:15])
    assert "Without training: a batch of 8 images, loss 2." in " ".join(map(" ".join, rows))
    assert said == []


def test_a_seed_draws_other_weights_and_one_kind_is_shown_in_full(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--kind", "weight", "--set-recipe", "batch=8", "--device", "cpu"]
    first, _ = printed(capsys, "lenet5", *options)
    again, _ = printed(capsys, "lenet5", *options)
    other, _ = printed(capsys, "lenet5", *options, "--seed", "1")
    assert [row[0] for row in first[1:4]] == ["conv1.weight", "conv1.bias", "conv2.weight"]
    assert first == again != other
    assert first[0][2:] == ["mean", "deviation", "minimum", "maximum", "norm", "zeros"]


def test_a_run_is_measured_with_its_weights_on_its_data(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure", str(run.path), "--json"]) == 0
    out = capsys.readouterr()
    found = json.loads(out.out)
    assert (found["step"], found["batch"], out.err) == (0, 8, "")
    conv = next(each for each in found["layers"] if each["path"] == "conv")
    assert (conv["kind"], conv["count"], conv["dead"]) == ("activation", 8 * 4 * 64, None)
    assert sum(conv["histogram"]["counts"]) == conv["count"]


def test_what_a_training_measured_is_shown(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = {each.step: each for each in read_measurements(run.layers)}
    assert list(recorded) == [1, 2, 4, 5, 10]
    for at, step in (("last", 10), ("9", 5), ("5", 5)):
        assert main(["measure", str(run.path), "--at", at, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["step"] == step
        norms = [each["norm"] for each in found["layers"]]
        assert norms == [each.norm for each in recorded[step].layers]
    rows, _ = printed(capsys, str(run.path), "--at", "4", "--kind", "weight")
    assert rows[0][-2:] == ["update", "ratio"]
    assert ["Step", "4,", "epoch", "1:"] in [row[:4] for row in rows]


def test_what_cannot_be_shown_is_a_sentence(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    design = tmp_path / "tiny.json"
    design.write_text(files.dumps(TINY))
    without = create(tmp_path / "without", tiny_recipe(tmp_path / "none.npz", statistics=0))
    for words, expected in (
        ([str(design), "--at", "last"], "--at is for runs"),
        ([str(run.path), "--at", "soon"], "received 'soon'"),
        ([str(run.path), "--at", "last", "--seed", "1"], "so that --seed has no effect"),
        ([str(run.path), "--at", "0"], "The first step that"),
        ([str(without.path), "--at", "last"], "no statistics of its layers"),
        ([str(run.path), "--kind", "bias"], "--kind takes one of activation, gradient"),
        ([str(run.path), "--set-recipe", "batch=1"], ""),
    ):
        code = main(["measure", *words])
        error = capsys.readouterr().err
        assert expected in error
        assert (code, "Traceback" in error) == (1 if expected else 0, False)


def test_what_is_suspicious_is_told_with_what_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = edits.set_parameter(edits.remove_node(TINY, "norm"), "conv", "bias_init", -100.0)
    design = tmp_path / "dead.json"
    design.write_text(files.dumps(dead))
    options = [str(design), "--data", "nowhere", "--device", "cpu"]
    assert main(["measure", *options]) == 0
    text = capsys.readouterr().out
    assert "100 % of the units of act are zero for every image" in text
    assert "Kaiming" in text
    assert main(["measure", *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert ("dead", "act") in [(each["key"], each["path"]) for each in found["warnings"]]


def test_missing_data_are_told_and_the_figures_still_come(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    design = tmp_path / "tiny.json"
    design.write_text(files.dumps(TINY))
    rows, said = printed(capsys, str(design), "--data", str(tmp_path / "gone"), "--device", "cpu")
    assert "gone" in said[0] and said[0].endswith("random numbers instead.")
    assert [row[0] for row in rows[1:5]] == ["image", "conv", "norm", "act"]
