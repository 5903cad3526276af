"""The command line with data that are no pictures: tables and named arrays."""

import json
from pathlib import Path

import numpy as np
import pytest

from designer.cli import main
from designer.design import files
from designer.engine.training import train
from designer.runs.begin import begin
from designer.runs.folder import RunFolder
from tests.engine.test_other_inputs import AUTOENCODER, mlp, recipe_of, write_pairs, write_stripes

Capture = pytest.CaptureFixture[str]


def write_table(path: Path) -> Path:
    lines = [f"{i / 4 + 30 * (i % 2)},{'pqr'[i % 3]},{'xy'[i % 2]}" for i in range(80)]
    path.write_text("\n".join(["size,kind,label", *lines]))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("values")
    write_table(found / "t.csv")
    files.save(mlp(4, 2), found / "rows.json")
    return found


@pytest.fixture(scope="module")
def run(folder: Path) -> RunFolder:
    made = begin(folder / "run", mlp(4, 2), recipe_of(folder / "t.csv", epochs=2))
    train(made)
    return made


def test_data_lists_columns_with_their_ranges(folder: Path, capsys: Capture) -> None:
    assert main(["data", str(folder / "t.csv")]) == 0
    text = capsys.readouterr().out
    assert "one class for each example; examples: 80 training" in text
    assert "Input features: 4 values of type float32" in text
    size = next(line.split() for line in text.splitlines() if line.strip().startswith("size"))
    assert size == ["size", "0", "24.875", "49.75"]
    assert "p (27), q (27), r (26)" in text
    assert "labels in label; inputs in size, kind" in text
    assert main(["data", str(folder / "t.csv"), "--json"]) == 0
    (described,) = json.loads(capsys.readouterr().out)["inputs"]
    assert described["shape"] == [4]
    assert described["columns"][1]["categories"] == {"p": 27, "q": 27, "r": 26}


def test_data_describes_arrays(tmp_path: Path, capsys: Capture) -> None:
    assert main(["data", str(write_pairs(tmp_path / "pairs.npz", count=40))]) == 0
    text = capsys.readouterr().out
    assert "Input left: 6x6 values of type uint8" in text and "Input right" in text


def test_evaluate_speaks_of_examples(run: RunFolder, folder: Path, capsys: Capture) -> None:
    assert main(["evaluate", str(run.path)]) == 0
    assert "test part: 8 examples, best weights" in capsys.readouterr().out
    other = folder / "other.csv"
    other.write_text("label,kind,size\nx,p,1\ny,s,31.5\ny,q,40\n")
    assert main(["evaluate", str(run.path), "--data", str(other), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["images"] == 3
    (warned,) = [note for note in found["notes"] if "not trained with" in note]
    assert "column kind" in warned and "(s)" in warned


def test_evaluate_tells_the_error_of_an_autoencoder(tmp_path: Path, capsys: Capture) -> None:
    recipe = recipe_of(
        write_stripes(tmp_path / "stripes.npz"),
        epochs=1,
        loss__name="mean_squared_error",
        data__targets="input",
    )
    made = begin(tmp_path / "run", AUTOENCODER, recipe)
    train(made)
    assert main(["evaluate", str(made.path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    with np.load(made.evaluation / "predictions.npz") as tables:
        error = np.square(tables["outputs"] - tables["targets"]).mean()
    assert found["squared_error"] == pytest.approx(error, rel=1e-5)
    assert main(["evaluate", str(made.path)]) == 0
    assert "squared error as a share of that of the mean example" in capsys.readouterr().out
    assert main(["report", str(made.path), "--to", str(tmp_path / "report.md")]) == 0
    assert "of that of the mean example" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["doctor", "rows.json", "--data", "t.csv"], "The doctor has nothing to say."),
        (["lr-range", "rows.json", "--data", "t.csv", "--steps", "20"], "20 steps"),
        (["measure", "rows.json", "--data", "t.csv"], "fc1"),
        (["report", "run", "--to", "report.html"], "report.html"),
        (["export", "run", "--to", "model.safetensors"], "its outputs are the same"),
    ],
)
def test_what_works_without_pictures(
    run: RunFolder,
    folder: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(folder)
    batch = [] if words[0] in ("report", "export") else ["--set-recipe", "batch=16"]
    assert main([*words, *batch]) in (0, 1 if words[0] == "doctor" else 0)
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["predict", "run", "picture.png"],
            "The network takes image (4), which picture.png cannot hold: give a table",
        ),
        (["augment", "rows.json", "--to", "a.png"], "but augmentations change pictures"),
        (
            ["maps", "run", "picture.png", "--node", "fc1", "--to", "a.png"],
            "which picture.png cannot hold: give a table",
        ),
    ],
)
def test_what_needs_pictures_says_so(
    run: RunFolder,
    folder: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    from PIL import Image

    monkeypatch.chdir(folder)
    Image.new("L", (8, 8)).save("picture.png")
    assert main(words) != 0
    assert said in "".join(capsys.readouterr())


def test_settings_of_pictures_are_said_to_have_no_effect(
    folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    words = ["train", str(folder / "rows.json"), "--data", str(folder / "t.csv")]
    words += ["--epochs", "1", "--batch", "16", "--run", str(tmp_path / "run")]
    words += ["--set-recipe", "augmentation.rotation=10", "--set-recipe", "data.standardize=false"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "augmentation.rotation has no effect, as the network takes no picture." in err
    assert "data.standardize has" not in err
    assert "examples: 64 for train, 8 for validation, 8 for test" in out
