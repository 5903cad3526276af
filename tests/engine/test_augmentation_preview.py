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
    drawn = draws(images, SETTINGS, count=3, seed=5)
    found = drawn.pictures
    assert (drawn.shares == 1).all()
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
        draws(deep, SETTINGS, count=2, seed=1).pictures,
        draws(images, SETTINGS, count=2, seed=1).pictures,
    )


def test_pieces_of_larger_pictures_have_the_size_of_the_network(images: Array) -> None:
    settings = Augmentation(resized_crop=(0.2, 0.6))
    found = draws(images, settings, count=2, seed=0, size=(5, 6)).pictures
    assert found.shape == (2, 4, 3, 5, 6)


def test_mixed_pictures_come_with_their_shares(images: Array) -> None:
    gray = np.broadcast_to(np.uint8([0, 60, 120, 240])[:, None, None, None], images.shape).copy()
    found = draws(gray, Augmentation(mixup=1.0), count=5, seed=0)
    assert found.partners.tolist() == [3, 0, 1, 2]
    own, other = gray[:, 0, 0, 0].astype(float), gray[found.partners, 0, 0, 0].astype(float)
    expected = found.shares * own + (1 - found.shares) * other
    assert np.abs(found.pictures[:, :, 0, 0, 0] - expected).max() <= 0.51
    assert len(np.unique(found.shares)) == 20


def test_another_seed_draws_otherwise_and_a_training_is_not_disturbed(images: Array) -> None:
    torch.manual_seed(0)
    threads, expected = torch.get_num_threads(), torch.rand(3)
    torch.manual_seed(0)
    one, other = (draws(images, SETTINGS, count=1, seed=seed).pictures for seed in (1, 2))
    assert not np.array_equal(one, other)
    assert torch.equal(torch.rand(3), expected) and torch.get_num_threads() == threads


def test_a_newer_request_makes_an_older_one_obsolete(
    images: Array, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "pictures.npy", images)
    request = {"do": "preview", "images": str(tmp_path / "pictures.npy"), "draws": 2, "seed": 0}
    request |= {"augmentation": {"shift": 0.2}, "size": [10, 12], "mean": [], "components": []}
    all_came = threading.Event()

    def held_up(_: str) -> None:
        all_came.wait()
        raise DesignerError("This job only takes time.")

    monkeypatch.setattr(weights, "read", held_up)

    def lines() -> Iterator[str]:
        yield json.dumps({"do": "look", "weights": "", "id": 9})
        for number in range(3):
            yield json.dumps({**request, "id": number, "to": str(tmp_path / f"{number}.npz")})
        all_came.set()

    answers = io.StringIO()
    worker.serve(lines(), answers, interrupt=threading.Event())
    found = {each["id"]: each for each in map(json.loads, answers.getvalue().splitlines())}
    assert found[0] == {"id": 0, "ok": True, "obsolete": True}
    assert found[1] == {"id": 1, "ok": True, "obsolete": True}
    assert found[2] == {"id": 2, "ok": True}
    assert [path.name for path in tmp_path.glob("?.npz")] == ["2.npz"]
