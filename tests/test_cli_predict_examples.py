"""`netdesigner predict` with rows of tables, arrays, networks that give their input, and texts."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from designer.cli import main
from designer.engine.inspect.subject import load
from designer.engine.training import train
from designer.runs.begin import begin
from designer.runs.folder import RunFolder
from designer.runs.inspection import Subject
from tests.engine import test_text as texts
from tests.engine.test_other_inputs import (
    AUTOENCODER,
    mlp,
    recipe_of,
    siamese,
    write_pairs,
    write_stripes,
)
from tests.test_cli_values import write_table

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples")


@pytest.fixture(scope="module")
def rows(folder: Path) -> RunFolder:
    """A run of a table with the columns size (a number) and kind (p, q or r)."""
    run = begin(folder / "rows", mlp(4, 2), recipe_of(write_table(folder / "t.csv"), epochs=2))
    train(run)
    return run


@pytest.fixture(scope="module")
def autoencoder(folder: Path) -> RunFolder:
    data = write_stripes(folder / "stripes.npz")
    recipe = recipe_of(data, epochs=1, loss__name="mean_squared_error", data__targets="input")
    run = begin(folder / "autoencoder", AUTOENCODER, recipe)
    train(run)
    return run


def answers(capsys: Capture, *words: object) -> list[dict[str, Any]]:
    main(["predict", *map(str, words), "--json"])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_rows_are_found_by_the_names_of_their_columns(
    rows: RunFolder, folder: Path, capsys: Capture
) -> None:
    table = folder / "new.csv"
    table.write_text("kind,other,size\nq,7,12.5\nr,8,40\n")
    found = answers(capsys, rows.path, table)
    loaded = load(Subject(run=str(rows.path)), device="cpu")
    (kind,) = loaded.preprocessing.inputs
    values = torch.tensor([[12.5, 0, 1, 0], [40, 0, 0, 1.0]])
    inputs = (values - torch.tensor(kind.mean)) / torch.tensor(kind.deviation)
    wanted = loaded.network(inputs).softmax(1)
    assert [each["row"] for each in found] == [1, 2]
    for each, row in zip(found, wanted, strict=True):
        given = {one["class"]: one["probability"] for one in each["predictions"]}
        assert [given["x"], given["y"]] == pytest.approx(row.tolist(), rel=1e-5)

    assert main(["predict", str(rows.path), str(table)]) == 0
    assert "new.csv row 2" in capsys.readouterr().out
    assert main(["predict", str(rows.path), str(table), "--csv", str(folder / "out.csv")]) == 0
    with (folder / "out.csv").open() as file:
        written = list(csv.DictReader(file))
    assert [each["row"] for each in written] == ["1", "2"]
    best = found[0]["predictions"][0]
    assert written[0]["class"] == best["class"]
    assert float(written[0]["probability"]) == pytest.approx(best["probability"])


def test_what_is_wrong_in_a_row_is_said_with_its_column(
    rows: RunFolder, folder: Path, capsys: Capture
) -> None:
    table = folder / "wrong.tsv"
    table.write_text("size\tkind\n1\tp\nbig\tp\n2\tz\n\tq\n3\tr\n")
    assert main(["predict", str(rows.path), str(table)]) == 1
    out, said = capsys.readouterr()
    assert "row 1" in out and "row 5" in out and "row 2" not in out
    assert 'Row 2 of wrong.tsv: size is "big", where the network takes a number.' in said
    assert 'Row 3 of wrong.tsv: kind is "z", which the network was not trained with' in said
    assert "it knows p, q, r." in said
    assert "Row 4 of wrong.tsv: size is empty: fill it in." in said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "size,color\n1,red\n", "has no column kind, which the network was trained with"),
        ("b.csv", "size,kind\n1\n2,p\n", "line 2"),
        ("c.csv", "", "no rows"),
        ("d.png", "x", "takes image (4)"),
        ("e.npz", "x", "is no readable .npz file"),
    ],
)
def test_files_that_are_for_no_such_network_are_refused(
    rows: RunFolder, folder: Path, capsys: Capture, name: str, content: str, said: str
) -> None:
    (folder / name).write_text(content)
    assert main(["predict", str(rows.path), str(folder / name)]) != 0
    error = capsys.readouterr().err
    assert said in error.lower() if said == "line 2" else said in error
    assert "Traceback" not in error
    assert main(["predict", str(rows.path), str(folder / "nowhere.csv")]) != 0
    assert "nowhere.csv" in capsys.readouterr().err


def test_arrays_are_found_by_the_names_of_the_inputs(folder: Path, capsys: Capture) -> None:
    data = write_pairs(folder / "pairs.npz", count=60)
    run = begin(
        folder / "pairs",
        siamese(),
        recipe_of(data, epochs=1, loss__name="binary_cross_entropy"),
    )
    train(run)
    with np.load(data) as arrays:
        left, right = arrays["left"][:3], arrays["right"][:3]
    np.savez(folder / "new.npz", right=right, left=left)
    found = answers(capsys, run.path, folder / "new.npz")
    loaded = load(Subject(run=str(run.path)), device="cpu")
    given = []
    for each, values in zip(loaded.preprocessing.inputs, (left, right), strict=True):
        scaled = torch.from_numpy(values[:, None]).float() / 255
        mean, deviation = each.mean or (0.0,), each.deviation or (1.0,)
        given.append((scaled - mean[0]) / deviation[0])
    wanted = loaded.network(*given).sigmoid()
    assert len(found) == 3
    for each, row in zip(found, wanted, strict=True):
        (label,) = each["predictions"]
        assert label["class"] == "same"
        assert label["probability"] == pytest.approx(float(row), rel=1e-4)

    np.savez(folder / "half.npz", left=left)
    assert main(["predict", str(run.path), str(folder / "half.npz")]) != 0
    assert "has no array right, which the network takes" in capsys.readouterr().err
    np.savez(folder / "uneven.npz", left=left, right=right[:2])
    assert main(["predict", str(run.path), str(folder / "uneven.npz")]) != 0
    assert "left has 3, right has 2" in capsys.readouterr().err
    np.savez(folder / "shape.npz", left=left[..., :2], right=right)
    assert main(["predict", str(run.path), str(folder / "shape.npz")]) != 0
    assert "but the network takes examples of" in capsys.readouterr().err
    np.savez(folder / "far.npz", left=left.astype(float) + 0.5, right=right)
    assert main(["predict", str(run.path), str(folder / "far.npz")]) != 0
    assert "whole numbers from 0 to 255" in capsys.readouterr().err


def test_an_autoencoder_writes_its_picture_and_tells_its_error(
    autoencoder: RunFolder, folder: Path, capsys: Capture
) -> None:
    with np.load(folder / "stripes.npz") as arrays:
        pixels = arrays["x_train" if "x_train" in arrays else "images"][0].squeeze()
    picture = folder / "stripe.png"
    Image.fromarray(pixels).save(picture)
    (found,) = answers(capsys, autoencoder.path, picture, "--to", folder / "given")
    loaded = load(Subject(run=str(autoencoder.path)), device="cpu")
    mean, deviation = loaded.preprocessing.mean[0], loaded.preprocessing.deviation[0]
    inputs = (torch.from_numpy(pixels)[None, None].float() / 255 - mean) / deviation
    given = loaded.network(inputs.clone())
    (error,) = found["predictions"]
    assert error["name"] == "squared error"
    assert error["value"] == pytest.approx(float((given - inputs).square().mean()), rel=1e-4)
    written = np.asarray(Image.open(folder / "given" / "stripe.png")).astype(int)
    wanted = ((given[0, 0] * deviation + mean).clamp(0, 1) * 255).round().detach().numpy()
    assert np.abs(written - wanted).max() <= 1


def test_pictures_are_written_only_where_a_network_gives_some(
    rows: RunFolder, folder: Path, capsys: Capture
) -> None:
    assert main(["predict", str(rows.path), str(folder / "t.csv"), "--to", str(folder)]) != 0
    assert "--to writes the pictures that a network gives" in capsys.readouterr().err


def test_a_network_for_texts_says_how_it_goes_on_with_one(folder: Path, capsys: Capture) -> None:
    (folder / "letters.txt").write_text(texts.TEXT)
    recipe = texts.recipe_of(folder / "letters.txt", epochs=1)
    run = begin(folder / "letters", texts.reader(), recipe)
    train(run)
    assert main(["predict", str(run.path), str(folder / "letters.txt")]) != 0
    assert "netdesigner sample RUN --prompt TEXT" in capsys.readouterr().err
