"""The built-in color pictures are what their generator draws."""

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from designer.data import BUILT_IN, open_dataset
from designer.data.builtin import shapes


def shipped() -> dict[str, shapes.Array]:
    with np.load(BUILT_IN["shapes10"]) as file:
        return dict(file)


def test_what_ships() -> None:
    dataset = open_dataset("shapes10")
    assert dataset.classes == shapes.CLASSES and len(dataset.classes) == 10
    assert (len(dataset.train), len(dataset.test)) == tuple(shapes.COUNTS.values())
    for part in (dataset.train, dataset.test):
        assert len(set(np.bincount(part.labels))) == 1  # the classes equally often
    assert shipped()["x_train"].shape == (5000, 32, 32, 3)
    assert BUILT_IN["shapes10"].stat().st_size < 8_000_000


def test_pictures_of_every_kind_are_drawn_as_shipped() -> None:
    """Drawn alone and out of order, since no picture depends on another."""
    file = shipped()
    for part, step in (("train", 199), ("test", 97)):
        for index in range(len(file[f"x_{part}"]) - 1, -1, -step):
            image, label = shapes.picture(part, index)
            assert image.tobytes() == file[f"x_{part}"][index].tobytes(), (part, index)
            assert label == file[f"y_{part}"][index]


@pytest.mark.slow
def test_the_whole_file_is_drawn_again() -> None:
    """Each array byte for byte; how it is compressed depends on the version of zlib."""
    buffer = BytesIO()
    np.savez(buffer, **shapes.arrays())
    with zipfile.ZipFile(buffer) as drawn, zipfile.ZipFile(BUILT_IN["shapes10"]) as file:
        assert drawn.namelist() == file.namelist()
        for name in file.namelist():
            assert drawn.read(name) == file.read(name), name


def test_no_picture_is_in_both_parts_or_twice() -> None:
    file = shipped()
    every = [each.tobytes() for part in ("train", "test") for each in file[f"x_{part}"]]
    assert len(set(every)) == len(every)


def test_the_file_is_the_same_at_any_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "COUNTS", {"train": 20, "test": 10})
    shapes.write(tmp_path / "first.npz")
    monkeypatch.setattr("time.time", lambda: 2e9)
    shapes.write(tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_mean_color_does_not_tell_the_class() -> None:
    """The nearest mean color of a class is right hardly more often than a guess."""
    file = shipped()
    colors = {part: file[f"x_{part}"].mean(axis=(1, 2)) for part in ("train", "test")}
    means = np.stack(
        [colors["train"][file["y_train"] == label].mean(axis=0) for label in range(10)]
    )
    distance = ((colors["test"][:, None] - means) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) == file["y_test"]).mean() < 0.25


@pytest.mark.parametrize("name", shapes.CLASSES)
def test_a_shape_fills_its_circle(name: str) -> None:
    """Every shape is inside the circle of radius 1.2, and fills at least a fifth of radius 1."""
    line = np.linspace(-2, 2, 81)
    x, y = np.meshgrid(line, line)
    for seed in range(20):
        inside = shapes.SHAPES[name](x, y, np.random.default_rng(seed))
        assert not inside[np.hypot(x, y) > 1.2].any()
        assert inside.sum() > 0.2 * (np.hypot(x, y) < 1).sum()


def test_evenly_spaced_pictures_show_every_class() -> None:
    labels = shipped()["y_train"]
    for step in (100, 125, 200):
        assert len(set(labels[::step])) == 10
