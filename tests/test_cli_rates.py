"""`netdesigner lr-range`: the learning-rate range test in the terminal."""

import json

import pytest

from designer.cli import main
from designer.design import files
from tests.engine.samples import TINY, write_data


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rates")
    (folder / "tiny.json").write_text(files.dumps(TINY))
    return folder, write_data(folder / "squares.npz")


def words(tiny, *more):
    folder, data = tiny
    options = ["--data", str(data), "--set-recipe", "batch=8", "--device", "cpu"]
    return ["lr-range", str(folder / "tiny.json"), *options, *more]


def test_a_table_and_a_suggestion(tiny, capsys):
    assert main(words(tiny)) == 0
    out = capsys.readouterr().out
    assert out.split()[:3] == ["rate", "loss", "smoothed"]
    assert "falls most steeply" in out
    assert "--lr " in out


def test_json_has_the_steps(tiny, capsys):
    assert main(words(tiny, "--json", "--low", "1e-4", "--high", "1", "--steps", "50")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["steps"][0]["learning_rate"] == pytest.approx(1e-4)
    assert {"learning_rate", "loss", "smoothed"} == found["steps"][0].keys()
    assert 1e-4 < found["suggestion"] < 1
    assert main(words(tiny, "--json", "--low", "1e-4", "--high", "1", "--steps", "50")) == 0
    assert json.loads(capsys.readouterr().out) == found


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--low", "x"], "--low takes a number"),
        (["--low", "1", "--high", "0.1"], "give a lowest rate above 0 and a higher one"),
        (["--steps", "3"], "20 to 10,000 steps"),
        (["--low", "1e5", "--high", "1e9"], "begin at a lower rate"),
        (["--set-recipe", "batch=9999"], "larger than the"),
    ],
)
def test_wrong_words_get_a_sentence(tiny, capsys, more, sentence):
    assert main(words(tiny, *more)) != 0
    assert sentence in capsys.readouterr().err


def test_built_in_pictures_stand_in_for_missing_data(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))  # where no data set was downloaded
    options = ["--set-recipe", "batch=8", "--set", "depth=8", "--steps", "20", "--device", "cpu"]
    assert main(["lr-range", "resnet_cifar", *options, "--json"]) == 0
    out = capsys.readouterr()
    assert len(json.loads(out.out)["steps"]) > 5
    assert "are used instead" in out.err
