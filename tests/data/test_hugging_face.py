"""Data sets of Hugging Face: saved folders and Parquet files, with their features."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from designer.data import DataSet, ReadOptions, open_dataset
from designer.errors import DesignerError

arrow = pytest.importorskip("pyarrow", exc_type=ImportError)
parquet = pytest.importorskip("pyarrow.parquet", exc_type=ImportError)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("designer.data.cache_folder.folder", lambda: folder)
    return folder


def png(shade: int) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (4, 3), (shade, 0, 0)).save(content, "PNG")
    return content.getvalue()


def table(count: int, features: dict[str, Any] | None = None, **columns: list[Any]) -> Any:
    """A table as the library writes it: pictures as structs, features in the head."""
    pictures = [{"bytes": png(10 * i), "path": None} for i in range(count)]
    kind = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
    made = arrow.table({"image": arrow.array(pictures, kind), **columns})
    if features is None:
        return made
    head = {"info": {"features": {"image": {"_type": "Image"}, **features}}}
    return made.replace_schema_metadata({"huggingface": json.dumps(head)})


def class_table(count: int) -> Any:
    names = {"label": {"names": ["dog", "cat", "cow"], "_type": "ClassLabel"}}
    return table(count, names, label=[i % 2 for i in range(count)])


def save(folder: Path, made: Any) -> None:
    """Write a folder as save_to_disk does, in two files."""
    folder.mkdir(parents=True)
    half = len(made) // 2
    files = []
    for number, piece in enumerate((made[:half], made[half:])):
        name = f"data-{number:05}-of-00002.arrow"
        files.append({"filename": name})
        with arrow.ipc.new_stream(str(folder / name), piece.schema) as stream:
            stream.write_table(piece)
    (folder / "state.json").write_text(json.dumps({"_data_files": files}))
    (folder / "dataset_info.json").write_text("{}")


def write_sample(folder: Path) -> Path:
    save(folder / "saved", class_table(6))
    return folder / "saved"


def reds(dataset: DataSet, part: str = "train") -> list[int]:
    chosen = dataset.parts[part]
    return chosen.read(range(len(chosen)), height=3, width=4, channels=3)[:, 0, 0, 0].tolist()


def test_a_saved_folder(tmp_path: Path) -> None:
    dataset = open_dataset(write_sample(tmp_path))
    assert dataset.classes == ("dog", "cat", "cow")
    assert dataset.train.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert reds(dataset) == [0, 10, 20, 30, 40, 50]


def test_a_saved_folder_with_parts(tmp_path: Path) -> None:
    for name, count in (("train", 6), ("validation", 2), ("test", 4)):
        save(tmp_path / "saved" / name, class_table(count))
    splits = {"splits": ["train", "validation", "test"]}
    (tmp_path / "saved" / "dataset_dict.json").write_text(json.dumps(splits))
    dataset = open_dataset(tmp_path / "saved")
    assert {part: len(each) for part, each in dataset.parts.items()} == {
        "train": 6, "validation": 2, "test": 4
    }  # fmt: skip


def test_parquet_is_copied_once(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, count in (("train-00000-of-00002", 6), ("train-00001-of-00002", 2), ("test", 4)):
        parquet.write_table(class_table(count), tmp_path / "data" / f"{name}.parquet")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("dog", "cat", "cow")
    assert reds(dataset) == [0, 10, 20, 30, 40, 50, 0, 10]
    assert reds(dataset, "test") == [0, 10, 20, 30]
    copies = {path: path.stat().st_mtime_ns for path in cache.rglob("*.arrow")}
    assert len(copies) == 3
    single = open_dataset(tmp_path / "data" / "test.parquet")
    assert list(single.parts) == ["train"]
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.arrow")} == copies


def test_bytes_with_texts_lists_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    columns = {
        "jpg": [png(10 * i) for i in range(4)],
        "kind": ["b", "a", "b", None],
        "tags": [["x", "y"], ["x"], [], ["y"]],
        "size": [0.5, 1.5, 2.0, -1.0],
    }
    parquet.write_table(arrow.table(columns), path)
    kinds = open_dataset(path, ReadOptions(label_columns=("kind",)))
    assert kinds.classes == ("a", "b")
    assert reds(kinds) == [0, 10, 20]
    assert [found.code for found in kinds.findings] == ["unlabelled"]
    tags = open_dataset(path, ReadOptions(label_columns=("tags",), skip=("1",)))
    assert tags.target.values == ("x", "y")
    assert tags.train.labels.tolist() == [[1, 1], [0, 0], [0, 1]]
    sizes = open_dataset(path, ReadOptions(label_columns=("size",)))
    assert sizes.train.labels.ravel().tolist() == [0.5, 1.5, 2.0, -1.0]
    with pytest.raises(DesignerError, match="no column age"):
        open_dataset(path, ReadOptions(label_columns=("age",)))


def test_an_unlabelled_part_is_left_out(tmp_path: Path) -> None:
    parquet.write_table(class_table(4), tmp_path / "train.parquet")
    names = {"label": {"names": ["dog", "cat"], "_type": "ClassLabel"}}
    parquet.write_table(table(3, names, label=[-1, -1, -1]), tmp_path / "test.parquet")
    dataset = open_dataset(tmp_path)
    assert list(dataset.parts) == ["train"]
    assert [found.code for found in dataset.findings] == ["unlabelled-part"]


def test_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(DesignerError, match=r"x\.parquet is no readable Parquet file"):
        open_dataset(path)
    parquet.write_table(arrow.table({"a": [1, 2], "label": [0, 1]}), path)
    with pytest.raises(DesignerError, match="no column of encoded pictures"):
        open_dataset(path)
    parquet.write_table(table(3), path)
    with pytest.raises(DesignerError, match="no column of labels"):
        open_dataset(path)
    saved = write_sample(tmp_path)
    (saved / "state.json").write_text("{}")
    with pytest.raises(DesignerError, match=r"state\.json is damaged"):
        open_dataset(saved)
