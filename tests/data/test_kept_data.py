"""Data that stay in memory for the next training with the same ones."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from designer.data import DataRequest, keep_prepared_data, prepare_data
from designer.data.preparation import _read


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    keep_prepared_data(True)
    yield
    keep_prepared_data(False)


def _write(path: Path, value: int) -> Path:
    pictures = np.full((40, 8, 8), value, np.uint8)
    np.savez(path, x_train=pictures, y_train=np.arange(40) % 2)
    return path


def _request(path: Path, seed: int = 0) -> DataRequest:
    return DataRequest(str(path), validation=0.2, test=0.1, limit=None, seed=seed, shape=(1, 8, 8))


def test_equal_trainings_get_the_same_data_and_others_their_own(tmp_path):
    path = _write(tmp_path / "a.npz", 1)
    first = prepare_data(_request(path))
    assert prepare_data(_request(path)) is first
    other = prepare_data(_request(path, seed=1))
    assert other is not first
    assert prepare_data(_request(path, seed=1)) is other


def test_a_changed_file_is_read_again(tmp_path):
    path = _write(tmp_path / "a.npz", 1)
    first = prepare_data(_request(path))
    _write(path, 2)
    os.utime(path, (0, 0))
    second = prepare_data(_request(path))
    assert second is not first
    assert second.sized().train.images.read(np.arange(1), second.form).max() == 2


def test_nothing_is_kept_unless_wanted(tmp_path):
    path = _write(tmp_path / "a.npz", 1)
    prepare_data(_request(path))
    assert _read.cache_info().currsize == 1
    keep_prepared_data(False)
    assert _read.cache_info().currsize == 0
    first = prepare_data(_request(path))
    assert prepare_data(_request(path)) is not first
