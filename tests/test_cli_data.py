"""The command data: what it prints of several data sets, as text and as JSON."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from designer.cli import main
from designer.cli.unpacking import unpack
from designer.data import cache_folder
from tests.data.writers import write_pictures

Captured = pytest.CaptureFixture[str]
Golden = Callable[[str, str], None]


@pytest.fixture(autouse=True)
def _no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Unbalanced classes, two broken pictures, and one that is in training and test."""
    folder = tmp_path / "pets"
    for part, sizes in {"train": (24, 15, 2), "test": (6, 5, 0)}.items():
        for name, count in zip(("cat", "dog", "owl"), sizes, strict=True):
            write_pictures(folder / part / name, count, size=(8 + count, 6))
    shutil.copy(folder / "test" / "cat" / "1.png", folder / "train" / "cat" / "copy.png")
    (folder / "train" / "dog" / "3.png").write_bytes(b"")
    (folder / "train" / "dog" / "4.png").write_bytes(b"no picture")
    return folder


def save(path: Path, labels: np.ndarray) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 8, 6), np.uint8)
    np.savez(path, images=images, labels=labels)
    return path


def printed(capsys: Captured, tmp_path: Path, *words: str) -> str:
    assert main(["data", *words]) == 0
    out, error = capsys.readouterr()
    assert error == ""
    return out.replace(str(tmp_path), "FOLDER")


def as_json(capsys: Captured, *words: str) -> Any:
    assert main(["data", "--json", *words]) == 0
    return json.loads(capsys.readouterr().out)


# Text


def test_a_folder_with_all_that_can_be_wrong(
    pets: Path, tmp_path: Path, capsys: Captured, golden: Golden
) -> None:
    golden("data_pets.txt", printed(capsys, tmp_path, str(pets)))


def test_several_labels(tmp_path: Path, capsys: Captured, golden: Golden) -> None:
    labels = np.zeros((40, 3), np.uint8)
    labels[:, 0] = 1
    labels[::2, 1] = 1
    labels[::20, 2] = 1
    golden("data_labels.txt", printed(capsys, tmp_path, str(save(tmp_path / "tags.npz", labels))))


def test_numbers(tmp_path: Path, capsys: Captured, golden: Golden) -> None:
    ages = np.linspace(0.5, 90, 40)
    golden("data_numbers.txt", printed(capsys, tmp_path, str(save(tmp_path / "ages.npz", ages))))


def test_many_classes_are_cut(tmp_path: Path, capsys: Captured, golden: Golden) -> None:
    labels = np.repeat(np.arange(300), 3)
    labels[:50] = 7
    golden("data_many.txt", printed(capsys, tmp_path, str(save(tmp_path / "many.npz", labels))))


def test_no_line_is_wider_than_the_terminal_but_options_to_copy(
    pets: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["data", str(pets)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines if "--set-recipe" not in line and "; " not in line) < 100
    sentences = [line for line in lines if line.startswith(("Warning", "Note"))]
    assert max(map(len, sentences)) < 60


def test_the_options_that_are_printed_are_the_remedy(
    pets: Path, tmp_path: Path, capsys: Captured
) -> None:
    text = printed(capsys, tmp_path, str(pets))
    options = [shlex.split(found) for found in re.findall(r": (--set-recipe .*)", text)]
    assert len(options) == 4
    skips = [words for words in options if "data.skip" in words[1]]
    names = [name for words in skips for name in json.loads(words[1].partition("=")[2])]
    skip = f"data.skip={json.dumps(names)}"
    again = printed(
        capsys, tmp_path, str(pets), "--set-recipe", skip, "--set-recipe",
        "loss.class_weights=balanced",
    )  # fmt: skip
    assert "Warning" not in again
    assert "The recipe balances them." in again.replace("\n", " ")


def test_a_question_is_answered_by_the_option_that_is_printed(
    tmp_path: Path, capsys: Captured
) -> None:
    for i, path in enumerate(write_pictures(tmp_path / "set", 12)):
        path.rename(path.with_name(f"{('cat', 'dog')[i % 2]}.{i}.png"))
    words = [str(tmp_path / "set")]
    text = printed(capsys, tmp_path, *words)
    assert "Question: " in text
    (answer,) = re.findall(r": (--set-recipe \S+)", text)
    (question,) = as_json(capsys, *words)["questions"]
    assert question["sentence"] in as_json(capsys, *words)["notes"]
    found = as_json(capsys, *words, *answer.split())
    assert found["questions"] == []
    assert [each["name"] for each in found["classes"]] == ["cat", "dog"]


# JSON


def test_json_of_classes(pets: Path, capsys: Captured) -> None:
    found = as_json(capsys, str(pets))
    assert found["kind"] == "classes"
    assert found["counts"] == {"train": 42, "test": 11}
    assert found["classes"] == [
        {"name": "cat", "counts": {"train": 25, "test": 6}},
        {"name": "dog", "counts": {"train": 15, "test": 5}},
        {"name": "owl", "counts": {"train": 2, "test": 0}},
    ]
    assert found["left_out"][0] == {"file": "train/dog/3.png", "reason": "it is empty"}
    assert [each["file"] for each in found["left_out"]] == ["train/dog/3.png", "train/dog/4.png"]
    assert any("both the training and the test part" in note for note in found["notes"])
    assert all(isinstance(note, str) for note in found["notes"])


def test_json_of_an_undivided_set_counts_as_train(tmp_path: Path, capsys: Captured) -> None:
    write_pictures(tmp_path / "set" / "a", 12)
    write_pictures(tmp_path / "set" / "b", 11, size=(9, 9))
    found = as_json(capsys, str(tmp_path / "set"))
    assert found["counts"] == {"train": 23}
    assert found["classes"][0] == {"name": "a", "counts": {"train": 12}}
    assert found["left_out"] == []


def test_json_of_labels_and_numbers(tmp_path: Path, capsys: Captured) -> None:
    rows = np.tile(np.array([[1, 1], [0, 1], [1, 0], [0, 0]], np.uint8), (5, 1))
    found = as_json(capsys, str(save(tmp_path / "tags.npz", rows)))
    assert found["kind"] == "labels"
    assert [each["counts"] for each in found["classes"]] == [{"train": 10}, {"train": 10}]
    found = as_json(capsys, str(save(tmp_path / "ages.npz", np.array([1.5, 2.5, 5.0, 7.0]))))
    assert (found["kind"], found["classes"]) == ("numbers", [])
    (target,) = found["targets"]
    assert (target["minimum"], target["maximum"], target["mean"]) == (1.5, 7.0, 4.0)


def test_a_broken_picture_that_is_looked_at_first_is_no_dead_end(
    tmp_path: Path, capsys: Captured
) -> None:
    for path in (
        write_pictures(tmp_path / "set" / "a", 5) + write_pictures(tmp_path / "set" / "b", 4)
    )[:3]:
        path.write_bytes(b"no picture")
    found = as_json(capsys, str(tmp_path / "set"))
    assert len(found["left_out"]) == 3


def test_a_large_set_is_sampled_unless_all_is_asked_for(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    from designer.cli import data

    monkeypatch.setattr(data, "_ALL", 20)
    monkeypatch.setattr(data, "_SAMPLE", 10)
    write_pictures(tmp_path / "set" / "a", 15)
    write_pictures(tmp_path / "set" / "b", 15, size=(9, 9))
    found = as_json(capsys, str(tmp_path / "set"))
    assert found["looked_at"] == 10
    assert "With --all, all are looked at." in found["notes"][-1]
    found = as_json(capsys, str(tmp_path / "set"), "--all")
    assert (found["looked_at"], found["notes"]) == (30, [])


# Names, recipes, wrong use


def test_without_a_data_set_those_with_names_are_listed(capsys: Captured) -> None:
    assert main(["data"]) == 0
    text = capsys.readouterr().out
    assert "mnist10k" in text
    assert "netdesigner data cifar10 --download" in text
    rows = as_json(capsys)
    assert {row["name"] for row in rows} >= {"mnist10k", "shapes10", "cifar10"}
    assert next(row["path"] for row in rows if row["name"] == "cifar10") is None


def test_a_recipe_says_how_data_are_read(pets: Path, tmp_path: Path, capsys: Captured) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps({"data": {"skip": ["train/dog/3.png", "train/dog/4.png"]}}))
    found = as_json(capsys, str(pets), "--recipe", str(recipe))
    assert (found["counts"]["train"], found["left_out"]) == (40, [])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing/here"], "There is no file or folder"),
        (["cifar10"], "CIFAR-10 is not on this computer"),
        (["mnist10k", "--download"], "No data set called mnist10k can be downloaded"),
        (["--download"], "--download needs a data set"),
        (["mnist10k", "--set-recipe", "data.skp=x"], "did you mean 'data.skip'?"),
    ],
)
def test_wrong_use_is_one_sentence(words: list[str], sentence: str, capsys: Captured) -> None:
    assert main(["data", *words]) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert sentence in error
    assert error.count("\n") == 1


def test_a_setting_that_an_error_names_is_said_as_an_option(
    tmp_path: Path, capsys: Captured
) -> None:
    write_pictures(tmp_path / "set", 4)
    (tmp_path / "set" / "t.csv").write_text(
        "file,kind\n" + "".join(f"{i}.png,x\n" for i in range(4))
    )
    assert main(["data", str(tmp_path / "set")]) == 1
    error = capsys.readouterr().err
    assert "(data.label_columns). On the command line: --set-recipe data.label_columns=" in error
    assert main(["data", str(tmp_path / "set"), "--set-recipe", "data.targets=labels"]) == 1
    assert "On the command line" not in capsys.readouterr().err


def test_a_set_that_cannot_be_divided_is_still_described(tmp_path: Path, capsys: Captured) -> None:
    write_pictures(tmp_path / "set" / "a", 1)
    write_pictures(tmp_path / "set" / "b", 1, size=(9, 9))
    found = as_json(capsys, str(tmp_path / "set"))
    assert found["counts"] == {"train": 2}
    assert "too few training images" in found["notes"][0]


def test_names_from_elsewhere_cannot_control_the_terminal(tmp_path: Path, capsys: Captured) -> None:
    write_pictures(tmp_path / "set" / "a\n\x1b[31m", 2)
    write_pictures(tmp_path / "set" / "b", 3)
    (tmp_path / "set" / "b" / "x\x1b.png").write_bytes(b"")
    assert main(["data", str(tmp_path / "set")]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert as_json(capsys, str(tmp_path / "set"))["classes"][0]["name"] == "a\n\x1b[31m"


def test_torch_is_not_imported(pets: Path) -> None:
    code = (
        "import sys; from designer.cli import main; "
        f"code = main(['data', {str(pets)!r}]); sys.exit(code or 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_columns_that_were_taken_are_said(tmp_path: Path, capsys: Captured) -> None:
    write_pictures(tmp_path / "set", 8)
    rows = [f"{i}.png,{'ab'[i % 2]},{'train' if i < 6 else 'test'}" for i in range(8)]
    (tmp_path / "set" / "t.csv").write_text("\n".join(["file,kind of pet,split", *rows]))
    assert main(["data", str(tmp_path / "set")]) == 0
    text = capsys.readouterr().out
    assert "Columns of t.csv: files in file; labels in kind of pet; parts in split\n" in text
    assert "Others are taken with --set-recipe and data.file_column=NAME" in text
    assert max(map(len, text.splitlines())) <= 80 + len(str(tmp_path))
    settings = as_json(capsys, str(tmp_path / "set"))["settings"]
    assert settings["data.label_columns"] == ["kind of pet"]
    assert settings["data.table"] == "t.csv"


def test_the_median_size_is_in_whole_pixels(tmp_path: Path, capsys: Captured) -> None:
    write_pictures(tmp_path / "set" / "a", 3, size=(20, 8))
    write_pictures(tmp_path / "set" / "b", 3, size=(31, 9))
    assert main(["data", str(tmp_path / "set")]) == 0
    assert "Sizes: 8x20 to 9x31, median 8x26 (height x width)" in capsys.readouterr().out


def test_a_terminal_shows_how_far_an_archive_is_unpacked(
    pets: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a line that is gone at the end; elsewhere nothing is shown of it."""
    monkeypatch.setattr(cache_folder, "folder", lambda: tmp_path / "cache")
    for name in ("here", "train", "file"):
        with tarfile.open(tmp_path / f"{name}.tar.gz", "w:gz") as archive:
            archive.add(pets, "pets")
    assert main(["data", str(tmp_path / "file.tar.gz")]) == 0
    assert "Unpacking" not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["data", str(tmp_path / "here.tar.gz")]) == 0
    assert "\rUnpacking here.tar.gz: 100 % so far" in capsys.readouterr().err
    unpack(str(tmp_path / "train.tar.gz"))  # as before a training
    error = capsys.readouterr().err
    assert error.startswith("\rUnpacking train.tar.gz: 100 % so far")
    assert error.split("\r")[-2].strip() == ""


# Folds


def test_folds_are_looked_at(capsys: Captured, tmp_path: Path) -> None:
    path = save(tmp_path / "rare.npz", np.array([0] * 30 + [1] * 4))
    folds = ("--set-recipe", "data.resampling=folds", "--set-recipe")
    found = as_json(capsys, str(path), *folds, "data.folds=5")
    sentences = [each["sentence"] for each in found["findings"]]
    # Of 34 images 3 are for the test, and 31 make a fold of 7 and four of 6.
    assert (
        "Fold 1 of 5 is held out: 24 images are trained on, 7 validated on, and 3 tested on."
        in sentences
    )
    (note,) = (each for each in found["findings"] if each["code"] == "rare-for-folds")
    assert note["sentence"].startswith("The class 1 has fewer images (4) than there are folds")
    (refusal,) = as_json(capsys, str(path), *folds, "data.fold=11")["findings"][:1]
    assert "hold out one of the folds 1 to 10." in refusal["sentence"]
    text = tmp_path / "text.txt"
    text.write_text("to be or not to be " * 40)
    found = as_json(capsys, str(text), *folds, "data.folds=5")
    assert (
        "is a text, which is divided by position: set data.resampling to none."
        in (found["findings"][-1]["sentence"])
    )
