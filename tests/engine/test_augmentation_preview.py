"""Draws of pictures to look at, against what a training makes of the same pictures."""

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from designer.data.pictures import Array
from designer.engine import weights, worker
from designer.engine.augmentation import Augmenter
from designer.engine.augmentation_preview import draws
from designer.errors import DesignerError
from designer.recipe.augmentations import Augmentation

SETTINGS = Augmentation(rotation=20.0, horizontal_flip=True)


@pytest.fixture
def images() -> Array:
    return np.random.default_rng(0).integers(0, 256, (4, 3, 10, 12), np.uint8)


def test_draws_are_what_a_training_makes_of_the_pictures(images: Array) -> None:
    found = draws(images, SETTINGS, count=3, seed=5)
    assert found.shape == (3, 4, 3, 10, 12) and found.dtype == np.uint8
    torch.manual_seed(5)
    augment = Augmenter(SETTINGS, height=10, width=12)
    for each in found:
        expected = augment(torch.from_numpy(images).float().div(255)).mul(255)
        assert np.abs(each - expected.numpy()).max() <= 0.51
    assert not np.array_equal(found[0], found[1])


def test_deep_pictures_come_as_they_are(images: Array) -> None:
    deep = (images / 255).astype(np.float32)
    assert np.array_equal(
        draws(deep, SETTINGS, count=2, seed=1), draws(images, SETTINGS, count=2, seed=1)
    )


def test_another_seed_draws_otherwise_and_a_training_is_not_disturbed(images: Array) -> None:
    torch.manual_seed(0)
    threads, expected = torch.get_num_threads(), torch.rand(3)
    torch.manual_seed(0)
    one, other = (draws(images, SETTINGS, count=1, seed=seed) for seed in (1, 2))
    assert not np.array_equal(one, other)
    assert torch.equal(torch.rand(3), expected) and torch.get_num_threads() == threads


def test_a_newer_request_makes_an_older_one_obsolete(
    images: Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "pictures.npy", images)
    request = {"do": "preview", "images": str(tmp_path / "pictures.npy"), "draws": 2, "seed": 0}
    request["augmentation"] = {"shift": 0.2}
    all_came = threading.Event()

    def held_up(_: str) -> None:
        all_came.wait()
        raise DesignerError("This job only takes time.")

    monkeypatch.setattr(weights, "read", held_up)

    def lines() -> Iterator[str]:
        yield json.dumps({"do": "look", "weights": "", "id": 9})
        for number in range(3):
            yield json.dumps({**request, "id": number, "to": str(tmp_path / f"{number}.npy")})
        all_came.set()

    answers = io.StringIO()
    worker.serve(lines(), answers, interrupt=threading.Event())
    found = {each["id"]: each for each in map(json.loads, answers.getvalue().splitlines())}
    assert found[0] == {"id": 0, "ok": True, "obsolete": True}
    assert found[1] == {"id": 1, "ok": True, "obsolete": True}
    assert found[2] == {"id": 2, "ok": True}
    assert [path.name for path in tmp_path.glob("?.npy")] == ["2.npy"]
