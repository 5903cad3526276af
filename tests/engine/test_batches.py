from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from designer.data import PictureForm, array_part, picture_part
from designer.data.decoding.stores import Stores, StoreSettings
from designer.data.files import FolderFiles
from designer.engine import batches
from designer.engine.augmentation import Augmenter
from designer.engine.batches import Resident, Stored, images
from designer.errors import DesignerError
from designer.recipe.augmentations import Augmentation
from designer.runs.preprocessing import Preprocessing

CPU = torch.device("cpu")
FORM = PictureForm(3, 4, 5)
PLAIN = Preprocessing(input=(3, 4, 5), mean=(0.0,) * 3, deviation=(1.0,) * 3, classes=())


def part(count=10, dtype=np.uint8):
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (count, 4, 5, 3)).astype(dtype)
    return array_part(pictures, np.arange(count))


def taken(source, order, size=4, start=0):
    pairs = list(source.batches(torch.tensor(order), size, start=start))
    return torch.cat([image for image, _ in pairs]), torch.cat([target for _, target in pairs])


@pytest.fixture
def stores():
    """Stores of no picture files."""
    made = Stores({}, FORM, StoreSettings(batch=4), source=Path())
    yield made
    made.close()


@pytest.fixture(params=["finished", "raw", "resized", "decoded", "decoded by processes"])
def kind(request):
    return request.param


@pytest.fixture
def make(kind, stores, monkeypatch, tmp_path):
    """Return a function that makes images in each of the ways in which they may be held."""
    with ExitStack() as closing:

        def made(data, preprocessing):
            if kind == "raw":
                small = data.images.values.size * 2  # bytes: enough for uint8, not for float32
                monkeypatch.setattr(batches.devices, "free_bytes", lambda device: small)
            if kind == "resized":
                monkeypatch.setattr(batches.devices, "free_bytes", lambda device: 0)
            if kind.startswith("decoded"):
                data = picture_files(tmp_path, data)
                settings = StoreSettings(workers=2 if "processes" in kind else 0, batch=4)
                own = Stores({"train": data.images}, FORM, settings, source=tmp_path)
                closing.callback(own.close)
            else:
                own = stores
            source = images(data, "train", preprocessing, device=CPU, stores=own)
            assert isinstance(source, Resident if kind in ("finished", "raw") else Stored)
            return source

        yield made


def picture_files(folder, data):
    """Write the pictures of a part in memory as files; return the part of these."""
    names = tuple(f"{number}.png" for number in range(len(data)))
    for name, picture in zip(names, data.images.values, strict=True):
        Image.fromarray(picture).save(folder / name)
    return picture_part(FolderFiles(folder), names, data.labels)


def test_all_ways_give_the_same_standardized_images(make):
    data = part()
    preprocessing = Preprocessing(
        input=(3, 4, 5), mean=(0.1, 0.2, 0.3), deviation=(0.5, 0.6, 0.7), classes=()
    )
    source = make(data, preprocessing)
    order = [7, 1, 9, 0, 3, 3]
    got, targets = taken(source, order)
    mean, deviation = np.array([0.1, 0.2, 0.3]), np.array([0.5, 0.6, 0.7])
    expected = (data.images.values[order] / 255 - mean) / deviation
    np.testing.assert_allclose(got.numpy(), expected.transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-6)
    assert targets.tolist() == order
    assert got.is_contiguous(memory_format=torch.channels_last)


def test_batches_that_are_done_are_left_out(make):
    source = make(part(), PLAIN)
    _, targets = taken(source, range(10), size=4, start=1)
    assert targets.tolist() == [4, 5, 6, 7, 8, 9]


def test_decoding_leaves_the_generator_alone(make):
    source = make(part(), PLAIN)
    before = torch.get_rng_state()
    taken(source, range(10))
    assert torch.equal(before, torch.get_rng_state())


def test_floats_are_taken_as_they_are(stores):
    data = part(dtype=np.float32)
    got, _ = taken(images(data, "train", PLAIN, device=CPU, stores=stores), [2])
    np.testing.assert_array_equal(got[0].numpy(), data.images.values[2].transpose(2, 0, 1))


def test_a_broken_picture_is_told_in_its_own_words(tmp_path):
    data = picture_files(tmp_path, part())
    (tmp_path / "6.png").write_bytes(b"no picture")
    stores = Stores({"train": data.images}, FORM, StoreSettings(batch=4), source=tmp_path)
    source = images(data, "train", PLAIN, device=CPU, stores=stores)
    with closing(stores), pytest.raises(DesignerError, match=r"6\.png"):
        taken(source, range(10))


def augmented(**fields):
    picture = np.arange(12 * 12, dtype=np.uint8).reshape(1, 12, 12, 1)
    data = array_part(np.repeat(picture, 16, axis=0), np.zeros(16, np.int64))
    preprocessing = Preprocessing(input=(1, 12, 12), mean=(0.0,), deviation=(1.0,), classes=())
    augment = Augmenter(Augmentation(**fields), height=12, width=12)
    stores = Stores({}, PictureForm(1, 12, 12), StoreSettings(), source=Path())
    source = images(data, "train", preprocessing, device=CPU, stores=stores, augment=augment)
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


@pytest.mark.parametrize("in_files", [False, True])
def test_without_augmentation_larger_pictures_are_scaled_to_the_size_of_the_network(
    in_files, tmp_path
):
    pictures = np.random.default_rng(0).integers(0, 256, (6, 8, 10, 3), np.uint8)
    data = array_part(pictures, np.arange(6))
    larger = PictureForm(3, 8, 10)
    if in_files:
        data = picture_files(tmp_path, data)
    stores = Stores(
        {"train": data.images},
        FORM,
        StoreSettings(batch=4),
        source=tmp_path,
        larger={"train": larger},
    )
    augment = Augmenter(Augmentation(resized_crop=(0.2, 0.5)), height=4, width=5)
    source = images(data, "train", PLAIN, device=CPU, stores=stores, augment=augment, form=larger)
    with closing(stores):
        changed, _ = taken(source, range(6))
        plain, _ = taken(source.without_augmentation(), range(6))
    whole = torch.from_numpy(pictures / 255).float().permute(0, 3, 1, 2)
    expected = torch.nn.functional.interpolate(whole, (4, 5), mode="bilinear")
    assert changed.shape == plain.shape == (6, 3, 4, 5)
    torch.testing.assert_close(plain, expected, rtol=0, atol=1e-4)
    assert not torch.allclose(changed, plain, atol=0.05)
