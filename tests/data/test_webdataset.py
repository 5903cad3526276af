"""WebDataset archives: one or several, labels in .cls, .txt and .json, and damage."""

import io
import json
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from designer.data import DataSet, ReadOptions, open_dataset
from designer.errors import DesignerError


def write_shard(path: Path, labels: list[str], *, ending: str = "cls") -> None:
    """Write an archive of gray pictures, 10 times their place, and a label for each."""
    with tarfile.open(path, "w") as archive:
        for place, label in enumerate(labels):
            picture = io.BytesIO()
            Image.new("L", (4, 3), 10 * place).save(picture, "PNG")
            for kind, content in (("png", picture.getvalue()), (ending, label.encode())):
                entry = tarfile.TarInfo(f"{place:06}.{kind}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))


def write_sample(folder: Path) -> Path:
    write_shard(folder / "shard.tar", ["0", "1", "0", "2"])
    return folder / "shard.tar"


def grays(dataset: DataSet, part: str = "train") -> list[int]:
    chosen = dataset.parts[part]
    return chosen.read(range(len(chosen)), height=3, width=4, channels=1)[:, 0, 0, 0].tolist()


@pytest.mark.parametrize("ending", ["cls", "txt"])
def test_one_archive(tmp_path: Path, ending: str) -> None:
    write_shard(tmp_path / "x.tar", ["cat", "dog", "cat"], ending=ending)
    dataset = open_dataset(tmp_path / "x.tar")
    assert dataset.classes == ("cat", "dog")
    assert dataset.train.labels.tolist() == [0, 1, 0]
    assert grays(dataset) == [0, 10, 20]


def test_archives_of_parts(tmp_path: Path) -> None:
    write_shard(tmp_path / "train-000000.tar", ["0", "1", "0"])
    write_shard(tmp_path / "train-000001.tar", ["1", "1"])
    write_shard(tmp_path / "test-000000.tar", ["1", "0"])
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("0", "1")
    assert dataset.train.labels.tolist() == [0, 1, 0, 1, 1]
    assert grays(dataset) == [0, 10, 20, 0, 10]
    assert grays(dataset, "test") == [0, 10]


def test_json(tmp_path: Path) -> None:
    values = [{"label": "a", "tags": ["x", "y"]}, {"label": "b", "tags": ["x"]}, {"tags": []}]
    write_shard(tmp_path / "x.tar", list(map(json.dumps, values)), ending="json")
    dataset = open_dataset(tmp_path / "x.tar", ReadOptions(label_columns=("label",)))
    assert dataset.classes == ("a", "b")
    assert [left.file for left in dataset.left_out] == ["000002.png"]
    tags = open_dataset(tmp_path / "x.tar", ReadOptions(label_columns=("tags",)))
    assert tags.train.labels.tolist() == [[1, 1], [1, 0], [0, 0]]
    skipped = open_dataset(
        tmp_path / "x.tar", ReadOptions(label_columns=("tags",), skip=("000000.png",))
    )
    assert grays(skipped) == [10, 20]


def test_what_is_refused(tmp_path: Path) -> None:
    write_shard(tmp_path / "x.tar", ["{", "{"], ending="json")
    with pytest.raises(DesignerError, match=r"000000\.json .*holds no label"):
        open_dataset(tmp_path / "x.tar")
    write_shard(tmp_path / "y.tar", ["0", "0"])
    with pytest.raises(DesignerError, match="no labels with two values"):
        open_dataset(tmp_path / "y.tar")
