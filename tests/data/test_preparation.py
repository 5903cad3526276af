"""The data that a training begins with, prepared on request or in advance."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from designer.data import (
    DataRequest,
    PictureForm,
    channel_statistics,
    open_dataset,
    preparation,
    prepare_data,
    prepare_data_in_advance,
    split,
    summary,
)
from designer.errors import DesignerError
from tests.data.writers import write_pictures
from tests.engine.samples import write_data


@pytest.fixture
def wanted(tmp_path: Path) -> DataRequest:
    path = write_data(tmp_path / "squares.npz")
    return DataRequest(str(path), validation=0.2, test=0.1, limit=70, seed=3, shape=(1, 12, 10))


def was_retained(wanted: DataRequest) -> bool:
    """Tell whether the statistics were computed before anyone asked for them."""
    return prepare_data(wanted)._statistics is not None


def test_small_data_come_scaled_with_the_statistics_of_the_stored_data(
    wanted: DataRequest,
) -> None:
    channels, height, width = wanted.shape
    size = {"height": height, "width": width, "channels": channels}
    parts = split(open_dataset(wanted.source), validation=0.2, test=0.1, limit=70, seed=3)
    found = prepare_data(wanted)
    for name in ("train", "validation", "test"):
        scaled, stored = getattr(found.sized(), name), getattr(parts, name)
        every = np.arange(len(stored))
        assert (scaled.labels == stored.labels).all()
        assert (scaled.read(every, **size) == stored.read(every, **size)).all()
        assert scaled.shapes() == [(height, width, channels)]
    expected = channel_statistics(parts.train, wanted.form)
    assert all((one == two).all() for one, two in zip(found.statistics(), expected, strict=True))


def test_files_and_an_array_of_large_pictures_have_the_same_statistics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cat", "dog"):
        write_pictures(tmp_path / "pets" / name, 8, size=(8, 6))
    whole = open_dataset(tmp_path / "pets").train
    pixels = whole.images.read(range(16), PictureForm(3, 6, 8)).transpose(0, 2, 3, 1)
    np.savez(tmp_path / "pets.npz", x_train=pixels, y_train=whole.labels)
    monkeypatch.setattr(summary, "_SMALL", 20)  # pixels: what is stored is large, what is trained
    monkeypatch.setattr(summary, "_FEW", 4)  # on is not
    found = []
    for source in ("pets", "pets.npz"):
        options = {"validation": 0.2, "test": 0.0, "limit": None, "seed": 1, "shape": (3, 4, 4)}
        prepared = prepare_data(DataRequest(str(tmp_path / source), **options))
        found.append(prepared.statistics(np.array([11, 3, 7, 2, 5])))
    np.testing.assert_array_equal(found[0], found[1])


def test_what_was_prepared_in_advance_does_not_decide_on_the_pictures_of_the_statistics(
    wanted: DataRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "_SMALL", 10)
    monkeypatch.setattr(summary, "_FEW", 4)
    order = np.array([11, 3, 7, 2, 5])
    expected = prepare_data(wanted).statistics(order)
    prepare_data_in_advance(wanted)
    retained = prepare_data(wanted)
    assert retained._statistics is not None
    np.testing.assert_array_equal(retained.statistics(order), expected)
    assert (retained.statistics()[0] != expected[0]).all()


def test_images_of_the_right_size_are_in_memory_once(wanted: DataRequest) -> None:
    found = prepare_data(replace(wanted, shape=(1, 8, 8)))
    assert found.sized().train is found.parts.train


def test_what_was_prepared_in_advance_is_given_out_once(wanted: DataRequest) -> None:
    assert not was_retained(wanted)
    prepare_data_in_advance(wanted)
    assert was_retained(wanted)
    assert not was_retained(wanted)


def test_only_the_last_is_retained_and_only_while_its_files_are_the_same(
    wanted: DataRequest,
) -> None:
    prepare_data_in_advance(wanted)
    prepare_data_in_advance(replace(wanted, seed=4))
    assert not was_retained(wanted)
    prepare_data_in_advance(wanted)
    write_data(Path(wanted.source), images=150)
    assert not was_retained(wanted)
    assert len(prepare_data(replace(wanted, limit=None)).parts.train) > 100


def test_large_data_and_picture_files_are_not_retained(
    wanted: DataRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cat", "dog"):
        write_pictures(tmp_path / "pets" / name, 5)
    pets = replace(wanted, source=str(tmp_path / "pets"), shape=(3, 6, 8))
    prepare_data_in_advance(pets)
    assert not was_retained(pets)
    prepare_data_in_advance(replace(pets, source=str(tmp_path / "absent")))
    with pytest.raises(DesignerError, match="no file or folder"):
        prepare_data(replace(pets, source=str(tmp_path / "absent")))
    # As large as the file: too little for the images at another size.
    monkeypatch.setattr(preparation, "LARGEST", Path(wanted.source).stat().st_size)
    prepare_data_in_advance(wanted)
    assert not was_retained(wanted)
    found = prepare_data(wanted)
    assert found.sized() is found.parts


def test_training_pictures_are_read_larger_where_pieces_are_taken(wanted: DataRequest) -> None:
    """The stored pictures are 8x8, of which a network of 4x4 can use twice its size."""
    small = replace(wanted, shape=(1, 4, 4))
    plain = prepare_data(small)
    assert plain.train_form == plain.form
    for factor, side in ((1.5, 6), (2.0, 8), (3.0, 8)):
        larger = prepare_data(replace(small, enlargement=factor))
        assert larger.form == plain.form
        assert (larger.train_form.height, larger.train_form.width) == (side, side)
        sized = larger.sized()
        assert sized.train.shapes() == [(side, side, 1)]
        assert sized.validation is not None and sized.validation.shapes() == [(4, 4, 1)]
        stored = larger.parts.train
        expected = channel_statistics(stored, PictureForm(1, side, side))
        assert np.allclose(larger.statistics(), expected)


def test_the_principal_components_of_the_colors(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (40, 4, 4, 3), np.uint8) // np.array([1, 2, 4], np.uint8)
    np.savez(tmp_path / "colors.npz", x_train=pixels, y_train=np.arange(40) % 2)
    request = DataRequest(
        str(tmp_path / "colors.npz"),
        validation=0.2,
        test=0.0,
        limit=None,
        seed=1,
        shape=(3, 4, 4),
    )
    prepared = prepare_data(request)
    train = prepared.parts.train.images.read(np.arange(len(prepared.parts.train)))
    colors = train.reshape(-1, 3) / 255
    components = prepared.color_components()
    variances = np.linalg.norm(components, axis=1)
    assert list(variances) == sorted(variances, reverse=True)
    directions = components / variances[:, None]
    # Along a component, the colors have its variance; across, they are not correlated.
    found = np.cov(colors @ directions.T, rowvar=False, bias=True)
    assert np.allclose(found, np.diag(variances), atol=1e-12)
    assert (np.take_along_axis(components, np.abs(components).argmax(1)[:, None], 1) > 0).all()
