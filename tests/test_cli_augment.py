"""`netdesigner augment`: a sheet of draws of training pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.cli import main
from tests.data.writers import write_pictures


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("cat", "dog"):
        write_pictures(tmp_path / "photos" / name, 12, size=(48, 40))
    return tmp_path / "photos"


def augment(photos: Path, to: Path, *settings: str) -> list[str]:
    pairs = [word for each in settings for word in ("--set-recipe", each)]
    data = ["--data", str(photos), "--pictures", "3", "--draws", "4"]
    return ["augment", "lenet_rgb", *data, *pairs, "--to", str(to)]


def test_a_sheet_has_each_picture_and_its_draws(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "draws.png"
    off = ("rotation=0", "shift=0", "horizontal_flip=false", "crop_padding=0")
    only = [f"augmentation.{each}" for each in off]
    assert main(augment(photos, to, *only, "augmentation.vertical_flip=true")) == 0
    assert "3 pictures, 4 draws each; vertical_flip" in capsys.readouterr().out
    with Image.open(to) as opened:
        sheet = np.asarray(opened).astype(int)
    # lenet_rgb takes 32x32; each picture is shown three times as large, with a gap of 4 pixels.
    cells = [
        [sheet[4 + r * 116 :, 4 + c * 100 :][:96, :96][1::3, 1::3] for c in range(5)]
        for r in range(3)
    ]
    assert sheet.shape == (4 + 3 * 116, 4 + 5 * 100, 3)
    flipped = 0
    for plain, *draws in cells:
        for each in draws:
            same, turned = (np.abs(each - which).max() <= 1 for which in (plain, plain[::-1]))
            assert same != turned
            flipped += turned
    assert 0 < flipped < 12


def test_mixed_pictures_are_told_as_json(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "mixed.png"
    words = augment(photos, to, "augmentation.mixup=1", "augmentation.resized_crop=0.5,1")
    assert main([*words, "--seed", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["settings"]["augmentation.mixup"] == 1.0
    assert set(found["labels"]) == {"cat", "dog"}
    assert [len(row) for row in found["draws"]] == [4, 4, 4]
    assert any(
        " cat + " in text and text.endswith(" dog") for row in found["draws"] for text in row
    )
    with Image.open(to) as sheet:
        assert sheet.size == (4 + 5 * 100, 4 + 3 * 132)
    before = to.read_bytes()
    assert main([*words, "--seed", "4", "--json"]) == 0
    assert to.read_bytes() != before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["augment", "lenet5", "--data", "nowhere", "--to", "a.png"], "nowhere"),
        (["augment", "lenet5", "--to", "a.xyz"], "a.xyz"),
        (
            [
                "augment",
                "lenet5",
                "--set-recipe",
                "augmentation.resized_crop=1,0.5",
                "--to",
                "a.png",
            ],
            "augmentation.resized_crop is 1, 0.5: give the smaller number first.",
        ),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
