"""Tables whose rows are the examples: which columns are read as what, and what is said of them."""

from pathlib import Path

import numpy as np
import pytest

from designer.data import DataSet, open_dataset
from designer.data.options import ReadOptions
from designer.data.tables import table_info
from designer.errors import DesignerError
from designer.recipe.columns import ValueColumn, value_names

ROWS = """age,city,height,id,species
20,Bern,1.5,1,cat
30,Basel,1.75,2,dog
40,Bern,1.25,3,cat
50,Chur,1.5,4,dog
60,Basel,1.0,5,cat
"""


def written(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def values(dataset: DataSet) -> np.ndarray:
    return dataset.train.inputs["features"].read(range(len(dataset.train)))


def codes(dataset: DataSet) -> list[str]:
    return [each.code for each in dataset.findings]


def test_numbers_stay_and_texts_become_one_value_each(tmp_path: Path) -> None:
    dataset = open_dataset(written(tmp_path, ROWS))
    assert dataset.classes == ("cat", "dog")
    assert dataset.train.labels.tolist() == [0, 1, 0, 1, 0]
    names = value_names(dataset.train.inputs["features"].columns)  # type: ignore[attr-defined]
    assert names == ("age", "city = Basel", "city = Bern", "city = Chur", "height")
    assert values(dataset).tolist() == [
        [20, 0, 1, 0, 1.5],
        [30, 1, 0, 0, 1.75],
        [40, 0, 1, 0, 1.25],
        [50, 0, 0, 1, 1.5],
        [60, 1, 0, 0, 1.0],
    ]
    assert [each.file for each in dataset.left_out] == ["column id"]
    assert "species" in dataset.settings["data.label_columns"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_without_a_header_the_last_column_is_predicted(tmp_path: Path, delimiter: str) -> None:
    lines = [f"{i},{i % 3},{'ab'[i % 2]}" for i in range(12)]
    dataset = open_dataset(written(tmp_path, "\n".join(lines).replace(",", delimiter)))
    assert dataset.classes == ("a", "b")
    assert "target-column" in codes(dataset)
    assert "column 3" in dataset.findings[0].sentence


def test_a_column_that_is_named_as_a_target_is_predicted_wherever_it_stands(tmp_path: Path) -> None:
    text = "target,width\n" + "".join(f"{i % 2},{i / 7}\n" for i in range(12))
    dataset = open_dataset(written(tmp_path, text))
    assert dataset.target.title == "target"
    assert dataset.train.labels.tolist() == [0, 1] * 6
    assert "target-column" not in codes(dataset)


def test_a_second_name_of_the_target_is_no_input(tmp_path: Path) -> None:
    text = "a,target,species\n" + "".join(f"{i / 7},{i % 2},{'xy'[i % 2]}\n" for i in range(12))
    dataset = open_dataset(written(tmp_path, text))
    assert values(dataset).shape == (12, 1)
    assert dataset.classes == ("x", "y")


def test_numbers_are_predicted_as_numbers(tmp_path: Path) -> None:
    text = "a,b,price\n" + "".join(f"{i},{i * i},{i / 8 + 0.5}\n" for i in range(1, 31))
    dataset = open_dataset(written(tmp_path, text))
    assert dataset.target.kind == "numbers"
    assert dataset.target.values == ("price",)
    assert dataset.train.labels[:, 0].tolist() == [i / 8 + 0.5 for i in range(1, 31)]


def test_a_numbering_is_no_input(tmp_path: Path) -> None:
    text = ",a,label\n" + "".join(f"{i},{i % 5},{'xy'[i % 2]}\n" for i in range(20))
    dataset = open_dataset(written(tmp_path, text))
    assert values(dataset).shape == (20, 1)
    assert any("numbers the rows" in each.sentence for each in dataset.findings)


def test_rows_with_missing_values_are_left_out_and_the_column_is_named(tmp_path: Path) -> None:
    lines = [f"{i / 3},{'pq'[i % 2]},{'xy'[i % 2]}" for i in range(20)]
    lines[4] = "?,p,x"
    lines[7] = "1.5,,y"
    lines[9] = "NaN,q,y"
    dataset = open_dataset(written(tmp_path, "\n".join(["width,kind,label", *lines])))
    assert len(dataset.train) == 17
    said = [each.sentence for each in dataset.findings if each.code == "missing-values"]
    assert len(said) == 2
    assert "2 rows have no number in the column width" in said[0] and "row 5" in said[0]
    assert "1 row has no value in the column kind" in said[1] and "row 8" in said[1]


def test_texts_of_a_run_keep_their_places_and_unknown_ones_are_said(tmp_path: Path) -> None:
    columns = (
        ValueColumn(name="age"),
        ValueColumn(name="city", categories=("Bern", "Genf", "Basel")),
    )
    dataset = open_dataset(written(tmp_path, ROWS), ReadOptions(columns=columns))
    assert values(dataset)[:, 1:].tolist() == [
        [1, 0, 0],
        [0, 0, 1],
        [1, 0, 0],
        [0, 0, 0],
        [0, 0, 1],
    ]
    (said,) = [each.sentence for each in dataset.findings if each.code == "unknown-category"]
    assert "1 rows" in said and "Chur" in said


def test_a_column_that_a_run_needs_is_named_where_it_is_missing(tmp_path: Path) -> None:
    options = ReadOptions(columns=(ValueColumn(name="weight"),))
    with pytest.raises(DesignerError, match="no column weight, which the network was trained with"):
        open_dataset(written(tmp_path, ROWS), options)


def test_columns_are_chosen(tmp_path: Path) -> None:
    options = ReadOptions(input_columns=("height", "age"), label_columns=("city",))
    dataset = open_dataset(written(tmp_path, ROWS), options)
    assert values(dataset)[0].tolist() == [1.5, 20]
    assert dataset.classes == ("Basel", "Bern", "Chur")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (ReadOptions(input_columns=("weight",)), "no column weight, which data.input_columns"),
        (ReadOptions(label_columns=("kind",)), "no column kind, which data.label_columns"),
        (
            ReadOptions(input_columns=("age",), label_columns=("age",)),
            "column age .* chosen as an input and as a label",
        ),
    ],
)
def test_columns_that_cannot_be_chosen(tmp_path: Path, options: ReadOptions, said: str) -> None:
    with pytest.raises(DesignerError, match=said):
        open_dataset(written(tmp_path, ROWS), options)


def test_parts_are_from_a_column_or_from_tables_of_their_names(tmp_path: Path) -> None:
    lines = [f"{i / 4},{'xy'[i % 2]},{'train' if i < 12 else 'test'}" for i in range(16)]
    dataset = open_dataset(written(tmp_path, "\n".join(["a,label,split", *lines])))
    assert len(dataset.train) == 12
    assert dataset.test is not None and len(dataset.test) == 4
    folder = tmp_path / "two"
    folder.mkdir()
    for name, rows in (("train.csv", lines[:12]), ("test.csv", lines[12:])):
        cells = [line.rpartition(",")[0] for line in rows]
        written(folder, "\n".join(["a,label", *cells]), name)
    both = open_dataset(folder)
    assert both.test is not None
    assert values(both).tolist() == values(dataset).tolist()
    assert both.test.labels.tolist() == dataset.test.labels.tolist()


def test_a_table_without_anything_to_predict_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DesignerError, match="no columns of values beside one of labels"):
        open_dataset(written(tmp_path, "label\na\nb\na\n"))
    text = "name,label\n" + "".join(f"person {i} of {i * 7},{'ab'[i % 2]}\n" for i in range(80))
    with pytest.raises(DesignerError, match="no columns of numbers or of few texts"):
        open_dataset(written(tmp_path, text))


def test_json_lines_are_read_alike(tmp_path: Path) -> None:
    text = "".join(f'{{"a": {i / 4}, "label": "{"xy"[i % 2]}"}}\n' for i in range(10))
    dataset = open_dataset(written(tmp_path, text, "t.jsonl"))
    assert values(dataset)[:, 0].tolist() == [i / 4 for i in range(10)]


def test_large_numbers_to_predict_are_noted(tmp_path: Path) -> None:
    text = "a,b,price\n" + "".join(f"{i},{i * i},{i * 1000.5}\n" for i in range(1, 31))
    (said,) = [
        each.sentence
        for each in open_dataset(written(tmp_path, text)).findings
        if each.code == "large-numbers"
    ]
    assert "(price) are from 1000.5 to 30015" in said


def test_the_dialog_of_columns_takes_the_columns_as_the_reader_does(tmp_path: Path) -> None:
    text = "a,b,price\n" + "".join(f"{i},{i * i},{i / 8 + 0.5}\n" for i in range(1, 31))
    info = table_info(written(tmp_path, text))
    assert info is not None
    assert (info.guesses.labels, info.guesses.targets) == (("price",), "numbers")


def test_a_column_of_numbers_with_one_text_stays_a_column_of_numbers(tmp_path: Path) -> None:
    rows = [f"{i + 0.25},{'ab'[i % 2]}" for i in range(30)]
    rows[7] = "broken,a"
    dataset = open_dataset(written(tmp_path, "\n".join(["size,class", *rows])))
    assert len(dataset.train) == 29
    assert codes(dataset) == ["missing-values"]


def test_a_header_that_repeats_is_no_row(tmp_path: Path) -> None:
    part = "size,class\n" + "".join(f"{i + 0.5},{'ab'[i % 2]}\n" for i in range(12))
    dataset = open_dataset(written(tmp_path, part + part))
    assert dataset.classes == ("a", "b")
    assert len(dataset.train) == 24


def test_many_named_columns_are_no_pixels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = [chr(97 + i // 26) + chr(97 + i % 26) for i in range(64)]
    numbered = [f"v{i}" for i in range(64)]
    rows = [",".join(map(str, rng.normal(size=64))) + f",{'ab'[i % 2]}" for i in range(12)]
    dataset = open_dataset(written(tmp_path, "\n".join([",".join([*names, "class"]), *rows])))
    assert dataset.train.inputs["features"].shapes() == [(64,)]
    path = written(tmp_path, "\n".join([",".join([*numbered, "class"]), *rows]), "numbered.csv")
    assert "read-as-pixels" in codes(open_dataset(path))
    chosen = open_dataset(path, ReadOptions(input_columns=tuple(numbered)))
    assert chosen.train.inputs["features"].shapes() == [(64,)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,class\n1,A\n", "only one row"),
        ("a,b,class\n1,2,A\n3,4,A\n", "class of t.csv is A in every row"),
        ("a,class\n1e39,A\n2,B\n", r"column a of t.csv has numbers as large as 1e\+39"),
        ("a,b,y\n1,2,1.5e39\n2,1,2.5\n", r"column y of t has numbers as large as 1.5e\+39"),
        ('a,b,class\n"1,2,A\n3,4,B\n', "no row that can be read"),
    ],
)
def test_what_nothing_can_be_learned_from(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(DesignerError, match=sentence):
        open_dataset(written(tmp_path, text))


def test_a_first_row_that_is_longer_than_the_beginning_of_a_table(tmp_path: Path) -> None:
    text = "text,size,class\n" + "x" * 100_000 + ",1,A\n" + "y,2,B\n" * 3
    assert len(open_dataset(written(tmp_path, text)).train) == 4
