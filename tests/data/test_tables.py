"""Tables of labels: layouts, columns, kinds of labels, parts, and damage."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.data import DataSet, ReadOptions, open_dataset
from designer.errors import DesignerError


def write_pictures(folder: Path, names: list[str]) -> None:
    """Write pictures each of which has one gray of its own, 10 times its place."""
    for place, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3), 10 * place).save(path)


def numbered(count: int, ending: str = ".png") -> list[str]:
    return [f"{i}{ending}" for i in range(count)]


def write_sample(folder: Path) -> Path:
    """A folder with six pictures and a table of two classes."""
    write_pictures(folder / "images", numbered(6))
    rows = [f"{i}.png,{'cat' if i % 2 else 'dog'}\n" for i in range(6)]
    (folder / "labels.csv").write_text("file,label\n" + "".join(rows))
    return folder


def grays(dataset: DataSet, part: str = "train") -> list[int]:
    """The places of the pictures of a part, as `write_pictures` numbers them."""
    chosen = dataset.parts[part]
    images = chosen.read(range(len(chosen)), height=3, width=4, channels=1)
    return [int(image[0, 0, 0]) // 10 for image in images]


def codes(dataset: DataSet) -> set[str]:
    return {found.code for found in dataset.findings}


@pytest.mark.parametrize("by", ["folder", "file", "zip"])
def test_files_and_labels(tmp_path: Path, by: str) -> None:
    folder = write_sample(tmp_path / "data")
    path = {"folder": folder, "file": folder / "labels.csv", "zip": tmp_path / "data.zip"}[by]
    if by == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in folder.rglob("*.*"):
                archive.write(file, f"data/{file.relative_to(folder).as_posix()}")
    dataset = open_dataset(path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.train.labels.tolist() == [1, 0, 1, 0, 1, 0]
    assert grays(dataset) == [0, 1, 2, 3, 4, 5]
    assert dataset.findings == ()
    assert dataset.left_out == ()


@pytest.mark.parametrize(
    "cell",
    ["{}", "{}.png", "images/{}.png", "./images/{}.png", "images\\{}.png", "IMAGES/{}.PNG",
     "/home/someone/data/images/{}.png", "C:\\data\\images\\{}.png"],
)  # fmt: skip
@pytest.mark.parametrize("chosen", [False, True])
def test_ways_to_name_a_file(tmp_path: Path, cell: str, chosen: bool) -> None:
    write_pictures(tmp_path / "images", numbered(4))
    rows = [f"{cell.format(i)},{'ab'[i % 2]}\n" for i in range(4)]
    (tmp_path / "labels.csv").write_text("x,y\n" + "".join(rows))
    dataset = open_dataset(tmp_path / "labels.csv" if chosen else tmp_path)
    assert grays(dataset) == [0, 1, 2, 3]
    assert dataset.train.labels.tolist() == [0, 1, 0, 1]


def test_pictures_beside_the_folder_of_the_table(tmp_path: Path) -> None:
    write_pictures(tmp_path / "images", numbered(4))
    (tmp_path / "labels").mkdir()
    table = tmp_path / "labels" / "all.csv"
    table.write_text("file,label\n" + "".join(f"images/{i}.png,{i % 2}\n" for i in range(4)))
    assert grays(open_dataset(table)) == [0, 1, 2, 3]
    table.write_text("file,label\n" + "".join(f"../images/{i}.png,{i % 2}\n" for i in range(4)))
    assert grays(open_dataset(table)) == [0, 1, 2, 3]
    assert grays(open_dataset(tmp_path)) == [0, 1, 2, 3]


def test_absolute_paths(tmp_path: Path) -> None:
    write_pictures(tmp_path / "elsewhere", numbered(4))
    (tmp_path / "tables").mkdir()
    rows = [f"{tmp_path / 'elsewhere' / name},{i % 2}\n" for i, name in enumerate(numbered(4))]
    (tmp_path / "tables" / "x.csv").write_text("file,label\n" + "".join(rows))
    assert grays(open_dataset(tmp_path / "tables" / "x.csv")) == [0, 1, 2, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_dialects(tmp_path: Path, encoding: str, delimiter: str, newline: str) -> None:
    write_pictures(tmp_path, numbered(4))
    rows = (
        ["file", "kind", "note"],
        *([f"{i}.png", "'Bär'" if i % 2 else "Kuh", "x"] for i in range(4)),
    )
    text = newline.join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("'Bär'", "Kuh")
    assert grays(dataset) == [0, 1, 2, 3]


def test_json_lines(tmp_path: Path) -> None:
    write_pictures(tmp_path / "train", numbered(3))
    write_pictures(tmp_path / "test", numbered(2))
    for part, count in (("train", 3), ("test", 2)):
        rows = [{"file_name": f"{i}.png", "tags": ["a", "b"][: i + 1]} for i in range(count)]
        text = "\n".join(map(json.dumps, rows))
        (tmp_path / part / "metadata.jsonl").write_text(text)
    dataset = open_dataset(tmp_path)
    assert dataset.target.kind == "labels"
    assert dataset.target.values == ("a", "b")
    assert dataset.train.labels.tolist() == [[1, 0], [1, 1], [1, 1]]
    assert dataset.test is not None
    assert len(dataset.test) == 2


def test_no_header(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(4))
    (tmp_path / "t.csv").write_text("".join(f"{i}.png,{'ab'[i % 2]}\n" for i in range(4)))
    assert grays(open_dataset(tmp_path)) == [0, 1, 2, 3]


def test_a_competition(tmp_path: Path) -> None:
    write_pictures(tmp_path / "train", numbered(6))
    write_pictures(tmp_path / "test", numbered(3))
    table = "id_code,diagnosis\n" + "".join(f"{i},{i % 3}\n" for i in range(6))
    (tmp_path / "train.csv").write_text(table)
    (tmp_path / "test.csv").write_text("id_code\n0\n1\n2\n")
    (tmp_path / "sample_submission.csv").write_text("id_code,diagnosis\n0,0\n1,0\n2,0\n")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("0", "1", "2")
    assert dataset.test is None
    assert grays(dataset) == [0, 1, 2, 3, 4, 5]
    assert codes(dataset) == {"unlabelled-part", "unnamed-pictures"}
    files = {left.file for left in dataset.left_out}
    assert {"test.csv", "sample_submission.csv", "test/0.png"} <= files


def test_a_table_for_each_part(tmp_path: Path) -> None:
    write_pictures(tmp_path / "images", numbered(7))
    for name, indices in (("train_labels", range(4)), ("val_labels", [4]), ("test_labels", [5, 6])):
        rows = "".join(f"{i}.png,{'ab'[i % 2]}\n" for i in indices)
        (tmp_path / f"{name}.csv").write_text("image,class\n" + rows)
    dataset = open_dataset(tmp_path)
    assert [grays(dataset, part) for part in dataset.parts] == [[0, 1, 2, 3], [4], [5, 6]]


def test_a_column_of_parts(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(6))
    parts = ["Training", "training", "Valid", "test", "Training", "training"]
    rows = "".join(f"{i}.png,{'ab'[i % 2]},{part}\n" for i, part in enumerate(parts))
    (tmp_path / "t.csv").write_text("name,label,set\n" + rows)
    dataset = open_dataset(tmp_path)
    assert {name: grays(dataset, name) for name in dataset.parts} == {
        "train": [0, 1, 4, 5],
        "validation": [2],
        "test": [3],
    }


def test_several_columns_of_labels(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(4))
    (tmp_path / "t.csv").write_text("f,red,big\n0,1,0\n1,1,1\n2,0,0\n3,0,1\n")
    target = open_dataset(tmp_path).target
    assert (target.kind, target.values) == ("labels", ("red", "big"))
    (tmp_path / "t.csv").write_text("f,red,big\n0,1,0\n1,0,1\n2,1,0\n3,0,1\n")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("red", "big")
    assert dataset.train.labels.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("cells", "separator"),
    [(["a|b", "a", "b", ""], "|"), (["a;b", "a", "b", ""], ";"), (['"a, b"', "a", "b", ""], ","),
     (["a b", "a", "b", ""], " "), (['"[""a"", ""b""]"', "[]", "['b']", ""], "[]")],
)  # fmt: skip
def test_several_labels_in_a_cell(tmp_path: Path, cells: list[str], separator: str) -> None:
    write_pictures(tmp_path, numbered(4))
    rows = "".join(f"{i}.png,{cell}\n" for i, cell in enumerate(cells))
    (tmp_path / "t.csv").write_text("file,tags\n" + rows)
    dataset = open_dataset(tmp_path)
    assert (dataset.target.kind, dataset.target.values) == ("labels", ("a", "b"))
    assert dataset.train.labels[0].tolist() == [1, 1]
    assert dataset.train.labels[3].tolist() == [0, 0]
    assert codes(dataset) == {"no-label"}


def test_names_of_two_words_are_classes_or_asked(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(9))
    names = ["golden retriever", "gray wolf", "red fox"]
    rows = "".join(f"{i}.png,{names[i % 3]}\n" for i in range(9))
    (tmp_path / "t.csv").write_text("file,label\n" + rows)
    assert open_dataset(tmp_path).classes == tuple(names)
    rows = "".join(f"{i}.png,{'abc'[i // 3]} {'xyz'[i % 3]}\n" for i in range(9))
    (tmp_path / "t.csv").write_text("file,label\n" + rows)
    dataset = open_dataset(tmp_path)
    (question,) = dataset.questions
    assert question.code == "one-or-several"
    assert len(dataset.classes) == 9
    answer = ReadOptions(targets="labels", separator=" ")
    assert open_dataset(tmp_path, answer).target.values == ("a", "b", "c", "x", "y", "z")
    assert open_dataset(tmp_path, ReadOptions(targets="classes")).questions == ()


def test_numbers(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(3))
    (tmp_path / "t.csv").write_text("file;x;y\n0.png;1,5;2\n1.png;-2;3,25\n2.png;0;1,5\n")
    dataset = open_dataset(tmp_path)
    assert (dataset.target.kind, dataset.target.values) == ("numbers", ("x", "y"))
    np.testing.assert_array_equal(dataset.train.labels, [[1.5, 2], [-2, 3.25], [0, 1.5]])


def test_whole_numbers_are_classes_if_few(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(30))
    (tmp_path / "t.csv").write_text("file,age\n" + "".join(f"{i},{i % 10}\n" for i in range(30)))
    assert open_dataset(tmp_path).classes == tuple(map(str, range(10)))
    rows = "".join(f"{i},{i * 37 % 25}\n" for i in range(30))
    (tmp_path / "t.csv").write_text("file,age\n" + rows)
    dataset = open_dataset(tmp_path)
    assert dataset.target.kind == "numbers"
    assert codes(dataset) == {"whole-numbers"}
    assert len(open_dataset(tmp_path, ReadOptions(targets="classes")).classes) == 25
    (tmp_path / "t.csv").write_text("file,label\n" + rows)
    assert len(open_dataset(tmp_path).classes) == 25


def test_uncertain_columns_are_asked_and_chosen(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(4))
    rows = "0,m,x\n1,f,x\n2,m,y\n3,f,y\n"
    (tmp_path / "t.csv").write_text("image_id,sex,site\n" + rows)
    (question,) = open_dataset(tmp_path).questions
    settings = [choice.settings for choice in question.choices]
    assert settings == [{"data.label_columns": ("sex",)}, {"data.label_columns": ("site",)}]
    dataset = open_dataset(tmp_path, ReadOptions(label_columns=("site",)))
    assert dataset.classes == ("x", "y")
    assert dataset.questions == ()
    with pytest.raises(DesignerError, match=r"no column age.*image_id, sex, site"):
        open_dataset(tmp_path, ReadOptions(label_columns=("age",)))


def test_spellings_are_asked(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(4))
    (tmp_path / "t.csv").write_text("file,label\n0.png,Cat\n1.png,cat \n2.png,dog\n3.png,Cat\n")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("Cat", "dog")
    assert [question.code for question in dataset.questions] == ["spellings"]
    apart = open_dataset(tmp_path, ReadOptions(spellings="apart"))
    assert apart.classes == ("Cat", "cat", "dog")


def test_missing_pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(4))
    table = tmp_path / "t.csv"
    table.write_text("file,label\n" + "".join(f"{i}.png,{i % 2}\n" for i in range(5)))
    dataset = open_dataset(tmp_path)
    assert codes(dataset) == {"missing-pictures"}
    assert [left.file for left in dataset.left_out] == ["4.png"]
    table.write_text("file,label\n" + "".join(f"{i}.png,{i % 2}\n" for i in range(20)))
    with pytest.raises(DesignerError, match="16 of the 20 pictures"):
        open_dataset(tmp_path)


def test_duplicates_and_contradictions(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(5))
    rows = "0.png,a\n1.png,b\n2.png,a\n3.png,b\n4.png,a\n0.png,a\n1.png,a\n"
    (tmp_path / "t.csv").write_text("file,label\n" + rows)
    dataset = open_dataset(tmp_path)
    assert codes(dataset) == {"duplicate-rows", "contradiction"}
    assert grays(dataset) == [0, 2, 3, 4]
    several, leave = dataset.questions[0].choices
    assert leave.settings == {"data.skip": ("1.png",)}
    assert several.settings == {"data.targets": "labels"}
    assert open_dataset(tmp_path, ReadOptions(skip=("1.png",))).questions == ()
    labels = open_dataset(tmp_path, ReadOptions(targets="labels"))
    assert labels.train.labels.tolist() == [[1, 0], [1, 1], [1, 0], [0, 1], [1, 0]]


def test_rows_without_label_and_ragged_rows_are_left_out(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(20))
    rows = [f"{i}.png,{'ab'[i % 2]}\n" for i in range(20)]
    rows[3], rows[5] = "3.png,\n", "5.png,a,b,c\n"
    (tmp_path / "t.csv").write_text("file,label\n" + "".join(rows))
    dataset = open_dataset(tmp_path)
    assert len(dataset.train) == 18
    assert codes(dataset) == {"unlabelled", "ragged-rows", "unnamed-pictures"}
    assert dataset.left_out[0].file == "line 7 of t.csv"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"file,label\n", "has no rows"),
        (b"", "has no rows"),
        (b"file,label\n0.png,a\x00\n", "no text"),
        (b"file,label\n0.png\n1.png,a,b\n2.png,a\n", "different lengths"),
        (b'file,label\n0.png,"a\n1.png,b\n2.png,a\n', "quote that is not closed"),
        (b"file\n0.png\n1.png\n", "no column of labels"),
        (b"file,label\n0.png,a\n1.png,a\n", "no column of labels|one class"),
    ],
)
def test_damage_is_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    write_pictures(tmp_path, numbered(3))
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DesignerError, match=said):
        open_dataset(tmp_path / "t.csv")


def test_bad_json_names_its_line(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(3))
    (tmp_path / "t.jsonl").write_text('{"file": "0.png", "label": 1}\n{"file"\n')
    with pytest.raises(DesignerError, match=r"Line 2 of .*t\.jsonl is no JSON"):
        open_dataset(tmp_path / "t.jsonl")


def test_a_table_too_large_for_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_sample(tmp_path)

    class Memory:
        available = 500

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    with pytest.raises(DesignerError, match="only 250 are free"):
        open_dataset(folder)


def test_class_folders_beside_an_unrelated_table(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["cat/0.png", "cat/1.png", "dog/2.png"])
    (tmp_path / "notes.csv").write_text("who,what\nme,x\nyou,y\n")
    assert open_dataset(tmp_path).classes == ("cat", "dog")


def pixel_table(images: np.ndarray, labels: list[int], *, header: bool = True) -> str:
    flat = images.reshape(len(images), -1)
    names = "label," + ",".join(f"pixel{i}" for i in range(flat.shape[1])) + "\n"
    rows = [",".join(map(str, [label, *row])) for label, row in zip(labels, flat, strict=True)]
    return names * header + "\n".join(rows) + "\n"


@pytest.mark.parametrize("header", [True, False])
def test_rows_of_pixels(tmp_path: Path, header: bool) -> None:
    images = np.random.default_rng(0).integers(0, 256, (12, 28, 28), np.uint8)
    labels = [i % 3 for i in range(12)]
    (tmp_path / "digits_train.csv").write_text(pixel_table(images, labels, header=header))
    (tmp_path / "digits_test.csv").write_text(pixel_table(images[:4], labels[:4], header=header))
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("0", "1", "2")
    assert dataset.train.labels.tolist() == labels
    assert dataset.train.dtype == np.uint8
    read = dataset.train.read(range(12), height=28, width=28, channels=1)
    np.testing.assert_array_equal(read[:, 0], images)
    assert dataset.test is not None
    assert len(dataset.test) == 4


@pytest.mark.parametrize("planes", [True, False])
def test_rows_of_colors_in_either_order(tmp_path: Path, planes: bool) -> None:
    rows, columns = np.mgrid[:16, :16]
    picture = np.stack([rows * 8, columns * 8, 255 - rows * 4], axis=-1).astype(np.uint8)
    images = np.stack([picture] * 4)
    stored = images.transpose(0, 3, 1, 2) if planes else images
    (tmp_path / "t.csv").write_text(pixel_table(stored, [0, 1, 0, 1]))
    read = open_dataset(tmp_path).train.read([0], height=16, width=16, channels=3)
    np.testing.assert_array_equal(read[0].transpose(1, 2, 0), picture)


def test_pixels_in_one_cell_and_unlabelled_test(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 64), np.uint8)
    rows = [f"{i % 2},{' '.join(map(str, row))},Training\n" for i, row in enumerate(images)]
    (tmp_path / "faces.csv").write_text("emotion,pixels,Usage\n" + "".join(rows))
    dataset = open_dataset(tmp_path / "faces.csv")
    read = dataset.train.read(range(6), height=8, width=8, channels=1)
    np.testing.assert_array_equal(read.reshape(6, -1), images)


def test_a_row_of_pixels_that_is_damaged(tmp_path: Path) -> None:
    images = np.zeros((26, 8, 8), np.uint8)
    text = pixel_table(images, [0, 1] * 13)
    head, _, last = text.rstrip().rpartition("\n")
    text = f"{head}\n{last.replace('1,0,0,', '1,0,x,', 1)}\n"
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DesignerError, match="no row of pixels"):
        open_dataset(tmp_path / "t.csv")


@pytest.mark.parametrize("header", ["file,age", "id,age", "photo,label"])
def test_numbers_that_are_all_different_are_predicted_though_they_name_pictures(
    tmp_path: Path, header: str
) -> None:
    write_pictures(tmp_path, [f"{i}.png" for i in range(1, 21)])
    ending = "" if header.startswith("id") else ".png"
    rows = [f"{i}{ending},{21 - i}\n" for i in range(1, 21)]
    (tmp_path / "t.csv").write_text(f"{header}\n{''.join(rows)}")
    dataset = open_dataset(tmp_path)
    assert dataset.target.kind == "numbers"
    assert dataset.train.labels[:, 0].tolist() == list(range(20, 0, -1))
    assert codes(dataset) == {"whole-numbers"}


def test_what_was_found_is_read_so_again_when_the_table_has_more_columns(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(12))
    rows = [
        f"{i}.png,{'ab'[i % 2]};{'cd'[i % 3 // 2]},{'train' if i < 9 else 'test'}"
        for i in range(12)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["file,kind,split", *rows]))
    before = open_dataset(tmp_path)
    assert before.settings == {
        "data.table": "t.csv",
        "data.file_column": "file",
        "data.label_columns": ("kind",),
        "data.part_column": "split",
        "data.separator": ";",
        "data.targets": "labels",
    }
    more = [f"{row},{i},{'xy'[i % 2]}" for i, row in enumerate(rows)]
    (tmp_path / "t.csv").write_text("\n".join(["file,kind,split,path,label", *more]))
    (tmp_path / "another.csv").write_text(
        "\n".join(["file,label", *(f"{i}.png,{i % 2}" for i in range(12))])
    )
    assert open_dataset(tmp_path).target.values != before.target.values
    options = ReadOptions(**{name[5:]: value for name, value in before.settings.items()})
    again = open_dataset(tmp_path, options)
    assert again.target == before.target
    assert again.questions == ()
    assert again.settings == before.settings
    for part in ("train", "test"):
        np.testing.assert_array_equal(again.parts[part].labels, before.parts[part].labels)
