"""What a training begins with, read when it is wanted or before."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from designer.data import (
    DataRequest,
    channel_statistics,
    material,
    open_dataset,
    preparation,
    read_ahead,
    split,
)
from designer.errors import DesignerError
from tests.data.writers import write_pictures
from tests.engine.samples import write_data


@pytest.fixture
def wish(tmp_path: Path) -> DataRequest:
    path = write_data(tmp_path / "squares.npz")
    return DataRequest(str(path), validation=0.2, test=0.1, limit=70, seed=3, shape=(1, 12, 10))


def was_kept(wish: DataRequest) -> bool:
    """Tell whether the statistics were there before they were asked for."""
    return "statistics" in vars(material(wish))


def test_small_data_come_scaled_with_the_figures_of_the_data_as_they_are(wish: DataRequest) -> None:
    channels, height, width = wish.shape
    size = {"height": height, "width": width, "channels": channels}
    parts = split(open_dataset(wish.source), validation=0.2, test=0.1, limit=70, seed=3)
    found = material(wish)
    for name in ("train", "validation", "test"):
        scaled, stored = getattr(found.sized, name), getattr(parts, name)
        every = np.arange(len(stored))
        assert (scaled.labels == stored.labels).all()
        assert (scaled.read(every, **size) == stored.read(every, **size)).all()
        assert scaled.shapes() == [(height, width, channels)]
    expected = channel_statistics(parts.train, **size)
    assert all((one == two).all() for one, two in zip(found.statistics, expected, strict=True))


def test_images_of_the_right_size_are_in_memory_once(wish: DataRequest) -> None:
    found = material(replace(wish, shape=(1, 8, 8)))
    assert found.sized.train is found.parts.train


def test_what_was_read_ahead_is_given_out_once(wish: DataRequest) -> None:
    assert not was_kept(wish)
    read_ahead(wish)
    assert was_kept(wish)
    assert not was_kept(wish)


def test_only_the_last_is_kept_and_only_while_its_files_are_the_same(wish: DataRequest) -> None:
    read_ahead(wish)
    read_ahead(replace(wish, seed=4))
    assert not was_kept(wish)
    read_ahead(wish)
    write_data(Path(wish.source), images=150)
    assert not was_kept(wish)
    assert len(material(replace(wish, limit=None)).parts.train) > 100


def test_large_data_and_picture_files_are_not_kept(
    wish: DataRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cat", "dog"):
        write_pictures(tmp_path / "pets" / name, 5)
    pets = replace(wish, source=str(tmp_path / "pets"), shape=(3, 6, 8))
    read_ahead(pets)
    assert not was_kept(pets)
    read_ahead(replace(pets, source=str(tmp_path / "absent")))
    with pytest.raises(DesignerError, match="no file or folder"):
        material(replace(pets, source=str(tmp_path / "absent")))
    # As large as the file: too little for the images at another size.
    monkeypatch.setattr(preparation, "LARGEST", Path(wish.source).stat().st_size)
    read_ahead(wish)
    assert not was_kept(wish)
    found = material(wish)
    assert found.sized is found.parts
