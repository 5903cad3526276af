"""The same pictures stored in different ways: the same split by seed, and the same training."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.data import DataSet, open_dataset
from designer.data.splitting import split
from designer.engine.training import train
from designer.runs.events import read_events
from tests.data.writers import idx_bytes
from tests.engine.samples import LENET, create, tiny_recipe

TRAIN, TEST = 300, 60
SIDE = 28
Parts = dict[str, tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def digits() -> Parts:
    """Some of the built-in digits, mixed."""
    data = open_dataset("mnist10k")
    assert data.test is not None
    generator = np.random.default_rng(0)
    found = {}
    for name, part, count in (("train", data.train, TRAIN), ("test", data.test, TEST)):
        chosen = generator.permutation(len(part))[:count]
        images = part.read(chosen, height=SIDE, width=SIDE, channels=1)[:, 0]
        found[name] = images, part.labels[chosen]
    return found


def as_folder(folder: Path, digits: Parts) -> Path:
    for part, (images, labels) in digits.items():
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            path = folder / part / str(label) / f"{number:05}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    return folder


def as_table_of_files(folder: Path, digits: Parts) -> Path:
    generator = np.random.default_rng(1)
    rows = []
    for part, (images, labels) in digits.items():
        (folder / "images" / part).mkdir(parents=True)
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            Image.fromarray(image).save(folder / "images" / part / f"{number:05}.png")
            rows.append(f"{part}/{number:05}.png,{label},{part}\n")
    mixed = [rows[place] for place in generator.permutation(len(rows))]
    (folder / "labels.csv").write_text("file,label,split\n" + "".join(mixed))
    return folder


def as_tables_of_pixels(folder: Path, digits: Parts) -> Path:
    folder.mkdir()
    for part, (images, labels) in digits.items():
        rows = np.column_stack([labels, images.reshape(len(images), -1)])
        header = ",".join(["label", *(f"pixel{place}" for place in range(SIDE * SIDE))])
        path = folder / f"digits_{part}.csv"
        np.savetxt(path, rows, "%d", delimiter=",", header=header, comments="")
    return folder


def as_zip(folder: Path, digits: Parts) -> Path:
    as_folder(folder, digits)
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.rglob("*.png"):
            archive.write(file, file.relative_to(folder.parent).as_posix())
    return path


def as_idx(folder: Path, digits: Parts) -> Path:
    folder.mkdir()
    for part, (images, labels) in digits.items():
        start = {"train": "train", "test": "t10k"}[part]
        (folder / f"{start}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        (folder / f"{start}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    return folder


Writer = Callable[[Path, Parts], Path]
STORAGES: tuple[Writer, ...] = (as_idx, as_folder, as_table_of_files, as_tables_of_pixels, as_zip)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, digits: Parts) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("stored")
    return {write.__name__: write(root / write.__name__, digits) for write in STORAGES}


def images_and_labels(data: DataSet) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    parts = split(data, validation=0.2, seed=3)
    named = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {
        name: (part.read(range(len(part)), height=SIDE, width=SIDE, channels=1), part.labels)
        for name, part in named.items()
        if part is not None
    }


def test_the_split_has_the_same_images_in_the_same_order(stored: dict[str, Path]) -> None:
    data = {name: open_dataset(path) for name, path in stored.items()}
    assert {each.classes for each in data.values()} == {tuple("0123456789")}
    found = {name: images_and_labels(each) for name, each in data.items()}
    expected = found.pop("as_idx")
    assert list(expected) == ["train", "validation", "test"]
    for parts in found.values():
        for name, (images, labels) in expected.items():
            np.testing.assert_array_equal(parts[name][0], images)
            np.testing.assert_array_equal(parts[name][1], labels)


@pytest.mark.slow
def test_a_training_has_the_same_losses(stored: dict[str, Path], tmp_path: Path) -> None:
    losses = {}
    for name, path in stored.items():
        run = create(tmp_path / name, tiny_recipe(path, batch=16, epochs=2, seed=5), LENET)
        result = train(run)
        assert result.status == "finished"
        events = read_events(run.events)
        steps = [event["loss"] for event in events if event["event"] == "step"]
        epochs = [event["validation"]["loss"] for event in events if event["event"] == "epoch"]
        assert result.test is not None
        losses[name] = [*steps, *epochs, result.test.loss]
    expected = losses.pop("as_idx")
    assert len(expected) > 10
    for found in losses.values():
        assert found == expected
