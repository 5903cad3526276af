"""What the dialog shows of a table: columns, first rows and guesses."""

from pathlib import Path

from designer.data import ReadOptions
from designer.data.tables import table_info
from tests.data.test_tables import numbered, write_pictures, write_sample


def test_columns_of_a_table(tmp_path: Path) -> None:
    write_sample(tmp_path)
    for path in (tmp_path, tmp_path / "labels.csv"):
        info = table_info(path)
        assert info is not None
        assert info.names == ("file", "label")
        assert info.samples[:2] == (("0.png", "dog"), ("1.png", "cat"))
        assert info.distinct == (6, 2)
        assert (info.rows, info.pixels) == (6, 0)
        assert (info.guesses.file, info.guesses.labels) == ("file", ("label",))


def test_choices_count(tmp_path: Path) -> None:
    write_pictures(tmp_path, numbered(3))
    (tmp_path / "t.csv").write_text("f,a,b\n0,1.5,x\n1,2.5,y\n2,0,x\n")
    info = table_info(tmp_path, ReadOptions(label_columns=("a",)))
    assert info is not None
    assert (info.guesses.labels, info.guesses.targets) == (("a",), "numbers")


def test_no_table(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["cat/0.png", "dog/1.png"])
    assert table_info(tmp_path) is None
