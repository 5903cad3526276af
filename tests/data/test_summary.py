"""Descriptions, channel statistics and sizes."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from designer.data import (
    DataSet,
    Part,
    PictureForm,
    array_part,
    channel_statistics,
    describe,
    memory_bytes,
    open_dataset,
    summary,
)
from designer.data.summary import statistics_sample
from designer.data.targets import numbers_target
from tests.data.writers import write_pictures


def part(images: np.ndarray) -> Part:
    return array_part(images, np.arange(len(images)))


def test_describe_mnist10k() -> None:
    found = describe(open_dataset("mnist10k"))
    assert found.counts == {"train": 8004, "test": 1996}
    assert found.class_counts["test"] == (200, 225, 198, 206, 196, 172, 202, 214, 188, 195)
    assert sum(found.class_counts["train"]) == 8004
    assert (found.heights, found.widths, found.channels) == ((28, 28), (28, 28), 1)
    assert (found.outputs, found.dtype) == (10, np.uint8)


def test_describe_a_folder(tmp_path: Path) -> None:
    write_pictures(tmp_path / "train" / "cat", 3, size=(8, 6))
    write_pictures(tmp_path / "train" / "dog", 1, size=(20, 5))
    write_pictures(tmp_path / "test" / "dog", 2)
    found = describe(open_dataset(tmp_path))
    assert found.class_counts == {"train": (3, 1), "test": (0, 2)}
    assert (found.heights, found.widths, found.channels) == ((5, 6), (8, 20), 3)


def test_describe_regression() -> None:
    train = array_part(
        np.zeros((4, 3, 2, 5), np.float32), np.zeros((4, 2), np.float32), target="numbers"
    )
    found = describe(DataSet("made", Path("/made"), (numbers_target(2),), train))
    assert (found.class_counts, found.counts, found.outputs) == ({}, {"train": 4}, 2)
    assert (found.heights, found.widths, found.channels) == ((3, 3), (2, 2), 5)


@pytest.mark.parametrize("chunk", [1, 200, 2**21])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_statistics(monkeypatch: pytest.MonkeyPatch, chunk: int, dtype: type) -> None:
    monkeypatch.setattr(summary, "_CHUNK_VALUES", chunk)
    images = np.random.default_rng(0).integers(0, 256, (37, 4, 5, 3)).astype(dtype)
    images[..., 1] //= 3
    scale = 255 if dtype == np.uint8 else 1
    mean, std = channel_statistics(part(images), PictureForm(3, 4, 5))
    values = images.astype(np.float64) / scale
    np.testing.assert_allclose(mean, values.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, values.std(axis=(0, 1, 2)), rtol=1e-12)
    assert mean.dtype == std.dtype == np.float64


def test_statistics_do_not_cancel() -> None:
    images = np.tile(np.array([10_000, 10_001], np.float32), 500).reshape(1000, 1, 1, 1)
    _, std = channel_statistics(part(images), PictureForm(1, 1, 1))
    assert std[0] == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize("value", [0, 0.1, -1e9])
def test_a_constant_channel_has_the_deviation_one(value: float) -> None:
    images = np.random.default_rng(0).normal(size=(50, 2, 2, 2)).astype(np.float32)
    images[..., 1] = value
    _, std = channel_statistics(part(images), PictureForm(2, 2, 2))
    assert std[1] == 1
    assert 0.8 < std[0] < 1.2


def test_statistics_are_of_the_given_subset_only() -> None:
    images = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    chosen = part(images).take(np.array([2, 4]))
    mean, _ = channel_statistics(chosen, PictureForm(1, 1, 1))
    assert mean[0] == pytest.approx(3 / 255)


@pytest.mark.parametrize("stored", ["files", "array"])
def test_of_large_pictures_a_sample_is_taken_however_they_are_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: str
) -> None:
    write_pictures(tmp_path / "a", 6)
    write_pictures(tmp_path / "b", 5)
    train = open_dataset(tmp_path).train
    form = PictureForm(3, 6, 8)
    pixels = train.images.read(range(11), form)
    if stored == "array":
        train = array_part(pixels.transpose(0, 2, 3, 1), train.labels)
    mean, std = channel_statistics(train, form)
    np.testing.assert_allclose(mean, (pixels / 255).mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(std, (pixels / 255).std(axis=(0, 2, 3)))
    monkeypatch.setattr(summary, "_SMALL", 10)
    monkeypatch.setattr(summary, "_FEW", 3)
    mean, _ = channel_statistics(train, form)
    np.testing.assert_allclose(mean, (pixels[[0, 5, 10]] / 255).mean(axis=(0, 2, 3)))
    sample = statistics_sample(train, form, np.array([7, 2, 2, 9, 1]))
    assert sample.tolist() == [7, 2, 2]
    mean, _ = channel_statistics(train, form, sample)
    np.testing.assert_allclose(mean, (pixels[[7, 2, 2]] / 255).mean(axis=(0, 2, 3)))


def test_of_small_or_few_pictures_the_order_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = part(np.zeros((9, 4, 4, 1), np.uint8))
    order = np.array([3, 1, 4, 5, 2, 6])
    assert statistics_sample(images, PictureForm(1, 4, 4), order).tolist() == list(range(9))
    assert statistics_sample(images, PictureForm(1, 99, 99), order).tolist() == list(range(9))
    monkeypatch.setattr(summary, "_MANY", 3)
    assert statistics_sample(images, PictureForm(1, 4, 4), order).tolist() == [0, 4, 8]


@pytest.mark.parametrize("layout", ["channels first", "channels last"])
def test_whole_numbers_are_added_up_exactly(layout: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 70, 90), dtype=np.uint8)
    images[:, 1] = 255  # the largest sums
    stored = images.transpose(0, 2, 3, 1)
    made = part(stored if layout == "channels first" else np.ascontiguousarray(stored))
    mean, std = channel_statistics(made, PictureForm(3, 70, 90))
    for channel in range(3):
        values = images[:, channel].reshape(-1).tolist()
        exact = Fraction(sum(values), len(values))
        variance = Fraction(sum(value * value for value in values), len(values)) - exact**2
        assert mean[channel] == pytest.approx(float(exact / 255), rel=1e-15)
        expected = math.sqrt(variance) / 255 if variance else 1
        assert std[channel] == pytest.approx(expected, rel=1e-15)


def test_memory_is_that_of_what_is_read() -> None:
    for dtype in (np.uint8, np.float32):
        made = part(np.zeros((7, 4, 4, 1), dtype))
        read = made.read(range(7), height=6, width=5, channels=3)
        asked = memory_bytes(made, PictureForm(3, 6, 5))
        assert asked == read.nbytes + made.labels.nbytes
