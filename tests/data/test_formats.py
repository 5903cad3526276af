"""The table of data formats: every row is complete, recognized, read and named wherever it should.

The module ``tests/data/test_NAME.py`` of each format has the function ``write_sample(folder)``,
which writes a small data set of two classes or more and returns its path.
"""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from designer.cli import main
from designer.data import DataSet, open_dataset
from designer.data.data_format import DataFormat
from designer.data.formats import descriptions, file_filter, formats
from designer.data.source import source_of
from designer.errors import DesignerError

ROWS = {row.name: row for row in formats()}


@pytest.fixture(params=ROWS)
def row(request: pytest.FixtureRequest) -> DataFormat:
    return ROWS[request.param]


@pytest.fixture
def sample(row: DataFormat, tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    folder.mkdir()
    return import_module(f"tests.data.test_{row.name}").write_sample(folder)


def test_names_and_orders_are_unique() -> None:
    assert len(ROWS) == len(formats())
    assert len({row.order for row in formats()}) == len(formats())


def test_a_row_is_named_as_its_module(row: DataFormat) -> None:
    assert row.read.__module__ == f"designer.data.formats.{row.name}"
    assert row.suffixes or row.recognizes_folder


def test_its_row_is_the_first_to_recognize_a_sample(row: DataFormat, sample: Path) -> None:
    assert next(each for each in formats() if each.recognizes(source_of(sample))) is row


def test_a_sample_is_read_as_a_data_set(sample: Path) -> None:
    dataset = open_dataset(sample)
    assert isinstance(dataset, DataSet)
    assert dataset.path == sample
    assert dataset.outputs >= 1
    if not dataset.pictures:
        assert dataset.train.images.read([0, 1]).shape == (2, *dataset.train.shapes()[0])
        return
    height, width, channels = dataset.train.shapes()[0]
    images = dataset.train.read([0, 1], height=height, width=width, channels=channels)
    assert images.shape == (2, channels, height, width)
    assert images.dtype in (np.uint8, np.float32)


def test_an_unreadable_sample_is_one_sentence(sample: Path) -> None:
    for path in [sample, *sample.rglob("*")]:
        if path.is_file():
            path.write_bytes(path.read_bytes()[:7])
    with pytest.raises(DesignerError) as caught:  # pictures are decoded when they are asked for
        open_dataset(sample).train.read([0], height=4, width=4, channels=1)
    assert str(sample) in str(caught.value)


def test_it_is_named_where_users_choose(row: DataFormat, capsys: pytest.CaptureFixture) -> None:
    assert row.description in descriptions()
    assert main(["train", "--help"]) == 0
    assert row.description in " ".join(capsys.readouterr().out.split())
    for suffix in row.suffixes:
        assert f"*{suffix}" in file_filter()
