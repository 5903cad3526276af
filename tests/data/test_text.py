"""Texts: tokens, vocabularies, windows, parts by position, and what is no text."""

from pathlib import Path

import numpy as np
import pytest

from designer.data import open_dataset
from designer.data.named_inputs import Wanted, with_inputs
from designer.data.options import ReadOptions
from designer.data.splitting import split
from designer.data.texts import TextColumn, tokens_in
from designer.errors import DesignerError
from designer.recipe.vocabulary import Vocabulary

TEXT = "the cat sat on the mat.\n" * 40  # 960 characters


def save(folder: Path, content: str | bytes, name: str = "made.txt") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_sample(folder: Path) -> Path:
    return save(folder, TEXT)


def in_windows(path: Path, length: int, **options: object):
    data = open_dataset(path, ReadOptions(**options))
    return with_inputs(data, [Wanted("words", (length,), True)], network="Net")


def test_each_window_has_the_tokens_behind_its_own_as_targets(tmp_path: Path) -> None:
    data = in_windows(save(tmp_path, TEXT), 7)
    column = data.train.inputs["words"]
    assert isinstance(column, TextColumn)
    vocabulary = column.vocabulary
    assert vocabulary.characters == "".join(sorted(set(TEXT)))
    assert data.target.kind == "tokens" and data.outputs == len(set(TEXT))
    assert len(column) == (len(TEXT) - 1) // 7
    windows = column.read([0, 5])
    assert windows.dtype == np.int64
    assert vocabulary.decode(windows[1].tolist()) == TEXT[35:42]
    targets = data.train.labels
    assert vocabulary.decode(targets[5].tolist()) == TEXT[36:43]


def test_bytes_are_their_own_numbers(tmp_path: Path) -> None:
    path = save(tmp_path, b"\xff\x00ab\r\n" * 30)
    data = in_windows(path, 4, tokens="bytes")
    assert data.outputs == 256
    assert tokens_in(data.train.images)[:6].tolist() == [255, 0, 97, 98, 13, 10]


def test_the_last_share_of_a_text_is_tested_on(tmp_path: Path) -> None:
    data = in_windows(save(tmp_path, TEXT), 10)
    parts = split(data, validation=0.2, test=0.1, seed=3)
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [66, 19, 10]
    column = data.train.images
    text = [column.vocabulary.decode(tokens_in(part.images).tolist()) for part in
            (parts.train, parts.validation, parts.test)]  # fmt: skip
    assert text == [TEXT[:661], TEXT[660:851], TEXT[850:951]]
    limited = split(data, validation=0.2, test=0.1, limit=5)
    assert len(limited.train) == 5 and len(limited.test) == 10


def test_ends_of_lines_and_bad_bytes(tmp_path: Path) -> None:
    path = save(tmp_path, b"\xef\xbb\xbfone\r\ntwo\rthree\n" + b"word " * 50 + b"\xff")
    data = open_dataset(path)
    column = data.train.images
    assert column.vocabulary.decode(column.tokens[:14].tolist()) == "one\ntwo\nthree\n"
    (warning,) = data.findings
    assert warning.sentence == f"{path} has 1 byte that is no UTF-8 and left out."
    assert "\ufeff" not in column.vocabulary.characters


def test_files_of_a_folder_follow_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    (folder / "__pycache__").mkdir(parents=True)
    save(folder, "x = 2" * 30, "b10.py")
    save(folder, "y = 1\n" * 30, "b2.py")
    save(folder, b"\0\0\0", "__pycache__/b2.pyc")
    save(folder, bytes(range(128, 255)), "latin.py")
    data = open_dataset(folder)
    column = data.train.images
    assert column.vocabulary.decode(column.tokens.tolist()) == "y = 1\n" * 30 + "x = 2" * 30 + "\n"
    assert [(each.file, each.reason) for each in data.left_out] == [
        ("latin.py", "is no text in UTF-8")
    ]


def test_pictures_with_notes_are_no_text(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.new("RGB", (8, 8)).save(tmp_path / name / f"{number}.png")
            save(tmp_path / name, "0 1 1", f"{number}.txt")
    assert open_dataset(tmp_path).classes == ("cat", "dog")


def test_another_text_is_read_with_the_vocabulary_of_a_run(tmp_path: Path) -> None:
    path = save(tmp_path, "abca?b" * 20)
    data = open_dataset(path, ReadOptions(vocabulary=Vocabulary(characters="cba")))
    column = data.train.images
    assert column.tokens[:5].tolist() == [2, 1, 0, 2, 1]
    (warning,) = data.findings
    assert "20 characters of made are none of the 3 that the network knows (?)" in warning.sentence


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "too few"),
        (b"a", "too few"),
        (bytes(range(128, 255)), "is no text in UTF-8"),
        (b"text\0with zero", "is no text in UTF-8"),
    ],
)
def test_what_is_no_text_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(DesignerError, match=said):
        open_dataset(save(tmp_path, content))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted("x", (4,)), "made is a text, but Net takes x"),
        (Wanted("x", (4, 4), True), "whole numbers"),
        (Wanted("x", (2000,), True), "960 tokens, but Net takes 2,000"),
    ],
)
def test_a_network_for_other_inputs_is_refused(tmp_path: Path, wanted: Wanted, said: str) -> None:
    with pytest.raises(DesignerError, match=said):
        with_inputs(open_dataset(save(tmp_path, TEXT)), [wanted], network="Net")


def test_too_few_windows_for_all_parts(tmp_path: Path) -> None:
    with pytest.raises(DesignerError, match="has only 1 windows of 600 tokens for 3 parts"):
        split(in_windows(save(tmp_path, TEXT), 600))
