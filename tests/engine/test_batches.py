import os
import signal

import numpy as np
import pytest
import torch

from designer.data import Part, array_part
from designer.data.columns import ArrayColumn
from designer.engine import batches
from designer.engine.augmentation import Augmenter
from designer.engine.batches import Resident, Streamed, images
from designer.errors import DesignerError
from designer.recipe.augmentations import Augmentation
from designer.runs.preprocessing import Preprocessing

CPU = torch.device("cpu")
PLAIN = Preprocessing(input=(3, 4, 5), mean=(0.0,) * 3, deviation=(1.0,) * 3, classes=())


def part(count=10, dtype=np.uint8):
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (count, 4, 5, 3)).astype(dtype)
    return array_part(pictures, np.arange(count))


def taken(source, order, size=4, start=0):
    pairs = list(source.batches(torch.tensor(order), size, start=start))
    return torch.cat([image for image, _ in pairs]), torch.cat([target for _, target in pairs])


@pytest.fixture(params=["finished", "raw", "streamed", "workers"])
def kind(request):
    return request.param


def make(kind, data, preprocessing, monkeypatch):
    if kind == "raw":
        small = data.images.values.size * 2  # bytes: enough for uint8, not for float32
        monkeypatch.setattr(batches.devices, "free_bytes", lambda device: small)
    if kind in ("streamed", "workers"):
        monkeypatch.setattr(batches.devices, "free_bytes", lambda device: 0)
    workers = 2 if kind == "workers" else 0
    source = images(data, preprocessing, device=CPU, workers=workers)
    assert isinstance(source, Streamed if kind in ("streamed", "workers") else Resident)
    return source


def test_all_ways_give_the_same_standardized_images(kind, monkeypatch):
    data = part()
    preprocessing = Preprocessing(
        input=(3, 4, 5), mean=(0.1, 0.2, 0.3), deviation=(0.5, 0.6, 0.7), classes=()
    )
    source = make(kind, data, preprocessing, monkeypatch)
    order = [7, 1, 9, 0, 3, 3]
    got, targets = taken(source, order)
    mean, deviation = np.array([0.1, 0.2, 0.3]), np.array([0.5, 0.6, 0.7])
    expected = (data.images.values[order] / 255 - mean) / deviation
    np.testing.assert_allclose(got.numpy(), expected.transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-6)
    assert targets.tolist() == order
    assert got.is_contiguous(memory_format=torch.channels_last)


def test_batches_that_are_done_are_left_out(kind, monkeypatch):
    source = make(kind, part(), PLAIN, monkeypatch)
    _, targets = taken(source, range(10), size=4, start=1)
    assert targets.tolist() == [4, 5, 6, 7, 8, 9]


def test_streaming_leaves_the_generator_alone(monkeypatch):
    source = make("workers", part(), PLAIN, monkeypatch)
    before = torch.get_rng_state()
    taken(source, range(10))
    assert torch.equal(before, torch.get_rng_state())


def test_floats_are_taken_as_they_are():
    data = part(dtype=np.float32)
    got, _ = taken(images(data, PLAIN, device=CPU, workers=0), [2])
    np.testing.assert_array_equal(got[0].numpy(), data.images.values[2].transpose(2, 0, 1))


class Broken(ArrayColumn):
    def read(self, indices, form=None):
        if 6 in indices:
            raise DesignerError("The picture six.png cannot be read: remove it.")
        return super().read(indices, form)


class Deadly(ArrayColumn):
    def read(self, indices, form=None):
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_picture_is_told_in_its_own_words(workers, monkeypatch):
    monkeypatch.setattr(batches.devices, "free_bytes", lambda device: 0)
    data = Part({"image": Broken(part().images.values)}, part().targets)
    source = images(data, PLAIN, device=CPU, workers=workers)
    with pytest.raises(DesignerError, match=r"^The picture six.png cannot be read: remove it.$"):
        taken(source, range(10))


def test_a_killed_loader_is_told(monkeypatch):
    monkeypatch.setattr(batches.devices, "free_bytes", lambda device: 0)
    data = Part({"image": Deadly(part().images.values)}, part().targets)
    source = images(data, PLAIN, device=CPU, workers=1)
    with pytest.raises(DesignerError, match="loads images was killed"):
        taken(source, range(10))


def augmented(**fields):
    picture = np.arange(12 * 12, dtype=np.uint8).reshape(1, 12, 12, 1)
    data = array_part(np.repeat(picture, 16, axis=0), np.zeros(16, np.int64))
    preprocessing = Preprocessing(input=(1, 12, 12), mean=(0.0,), deviation=(1.0,), classes=())
    augment = Augmenter(Augmentation(**fields), height=12, width=12)
    source = images(data, preprocessing, device=CPU, workers=0, augment=augment)
    torch.manual_seed(0)
    got, _ = taken(source, range(16), size=16)
    return got, torch.from_numpy(picture[0, :, :, 0] / 255).float()


@pytest.mark.parametrize(
    "fields",
    [
        {"crop_padding": 2},
        {"shift": 0.2},
        {"rotation": 30.0},
        {"rotation": 30.0, "shift": 0.1, "crop_padding": 1, "horizontal_flip": True},
    ],
)
def test_equal_pictures_in_a_batch_come_out_different(fields):
    got, _ = augmented(**fields)
    assert got.shape == (16, 1, 12, 12)
    different = {tuple(image.flatten().tolist()) for image in got}
    assert len(different) > 4
    assert torch.equal(got, augmented(**fields)[0])  # the same draws from the same seed


@pytest.mark.parametrize(("field", "axis"), [("horizontal_flip", 1), ("vertical_flip", 0)])
def test_flips_turn_about_half_of_the_pictures(field, axis):
    got, picture = augmented(**{field: True})
    flipped = [torch.allclose(image[0], picture.flip(axis)) for image in got]
    kept = [torch.allclose(image[0], picture) for image in got]
    assert all(a != b for a, b in zip(flipped, kept, strict=True))
    assert 2 <= sum(flipped) <= 14


def test_crops_are_pieces_of_the_padded_picture():
    got, picture = augmented(crop_padding=2)
    padded = torch.nn.functional.pad(picture, (2, 2, 2, 2))
    pieces = [padded[y : y + 12, x : x + 12] for y in range(5) for x in range(5)]
    assert all(any(torch.allclose(image[0], piece) for piece in pieces) for image in got)
