"""Looking at all examples: broken pictures, sizes, copies within and across parts."""

import os
import shutil
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.data import DataSet, ReadOptions, array_part, inspection, open_dataset, split
from designer.data.checks import inspection_findings
from designer.data.duplicates import duplicates, surplus
from designer.data.findings import Finding
from designer.data.inspection import Canceled, inspect
from designer.data.targets import classes_target
from tests.data.writers import write_pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Class folders cat, of 4 pictures of 8x6, and owl, of 3 of 5x7."""
    write_pictures(tmp_path / "set" / "cat", 4)
    write_pictures(tmp_path / "set" / "owl", 3, size=(5, 7))
    return tmp_path / "set"


@pytest.fixture
def divided(tmp_path: Path) -> Path:
    """The parts train and test, each with class folders; one test picture is in train, too."""
    for number, part in enumerate(("train", "test")):
        write_pictures(tmp_path / "set" / part / "cat", 4 + 2 * number)
        write_pictures(tmp_path / "set" / part / "owl", 3 + 2 * number)
    shutil.copy(
        tmp_path / "set" / "test" / "owl" / "1.png", tmp_path / "set" / "train" / "owl" / "x.png"
    )
    return tmp_path / "set"


def findings(data: DataSet, options: ReadOptions | None = None) -> dict[str, Finding]:
    """What is said of a data set as it is stored, by code."""
    seen = inspect(data)
    said = inspection_findings(seen, duplicates(seen, data), data, options or ReadOptions())
    return {found.code: found for found in said}


def test_sizes_of_all_pictures(folder: Path) -> None:
    sizes = inspect(open_dataset(folder)).sizes
    assert sorted(zip(*(axis.tolist() for axis in sizes), strict=True)) == [
        (6, 8, 3), (6, 8, 3), (6, 8, 3), (6, 8, 3), (7, 5, 3), (7, 5, 3), (7, 5, 3)
    ]  # fmt: skip


@pytest.mark.parametrize("processes", [0, 2])
def test_broken_pictures_are_named_with_the_reason(folder: Path, processes: int) -> None:
    whole = (folder / "cat" / "1.png").read_bytes()
    (folder / "cat" / "1.png").write_bytes(whole[: len(whole) // 2])
    (folder / "owl" / "0.png").write_bytes(b"")
    seen = inspect(open_dataset(folder), processes=processes)
    reasons = {each.file: each.reason for each in seen.broken}
    assert list(reasons) == ["cat/1.png", "owl/0.png"]
    assert reasons["owl/0.png"] == "it is empty"
    assert seen.complete
    assert len(seen.sizes.heights) == 5


def test_skipping_what_is_broken_leaves_it_out(folder: Path) -> None:
    (folder / "owl" / "0.png").write_bytes(b"no picture")
    (folder / "owl" / "2.png").unlink()
    (folder / "owl" / "2.png").symlink_to("1.png")
    options = ReadOptions(skip=("owl/2.png",))
    found = findings(open_dataset(folder, options), options)["broken-pictures"]
    (choice,) = found.choices
    assert choice.settings == {"data.skip": ("owl/2.png", "owl/0.png")}
    assert "owl/0.png" in found.sentence
    mended = ReadOptions(skip=("owl/2.png", "owl/0.png"))
    data = open_dataset(folder, mended)
    assert len(data.train) == 5
    assert "broken-pictures" not in findings(data, mended)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_names_are_those_that_skip_takes_also_of_parts_and_archives(
    divided: Path, kind: str
) -> None:
    (divided / "train" / "cat" / "0.png").write_bytes(b"no picture")
    path = divided
    if kind == "zip":
        path = divided.with_suffix(".zip")
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(divided.rglob("*.png")):
                archive.write(file, file.relative_to(divided.parent))
    choice = findings(open_dataset(path))["broken-pictures"].choices[0]
    assert choice.settings == {"data.skip": ("train/cat/0.png",)}
    options = ReadOptions(skip=("train/cat/0.png",))
    assert len(open_dataset(path, options).train) == 7


def test_a_mended_picture_is_noticed_and_the_others_are_remembered(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = folder / "cat" / "1.png", (folder / "cat" / "1.png").read_bytes()
    broken.write_bytes(whole[:50])
    assert len(inspect(open_dataset(folder)).broken) == 1
    broken.write_bytes(whole)
    (folder / "owl" / "1.png").touch()
    decoded: list[str] = []
    original = inspection.Examined.decode_into

    def counted(self: inspection.Examined, row: np.ndarray, content: bytes, index: int) -> None:
        decoded.append(self.column.names[index])
        original(self, row, content, index)

    monkeypatch.setattr(inspection.Examined, "decode_into", counted)
    data = open_dataset(folder)
    assert not inspect(data).broken
    assert set(decoded) <= {"cat/1.png", "owl/1.png"}
    assert "cat/1.png" in decoded
    decoded.clear()
    assert len(inspect(data).sizes.heights) == 7
    assert not decoded


def test_a_skipped_picture_that_can_be_read_again_is_told(folder: Path) -> None:
    options = ReadOptions(skip=("cat/0.png", "owl/9.png"))
    found = findings(open_dataset(folder, options), options)
    assert "cat/0.png" in found["skipped-readable"].sentence
    assert found["skipped-readable"].choices[0].settings == {"data.skip": ("owl/9.png",)}
    assert "owl/9.png" in found["skipped-unknown"].sentence
    assert found["skipped-unknown"].choices[0].settings == {"data.skip": ("cat/0.png",)}


def test_a_folder_that_is_skipped_is_known(folder: Path) -> None:
    write_pictures(folder / "cow", 2, size=(9, 9))
    options = ReadOptions(skip=("cow",))
    data = open_dataset(folder, options)
    assert data.classes == ("cat", "owl")
    assert findings(data, options) == {}


def test_pictures_of_a_table_are_skipped_by_the_names_that_are_given(folder: Path) -> None:
    rows = [f"cat/{i}.png,cat" for i in range(4)] + [f"owl/{i}.png,owl" for i in range(3)]
    (folder / "labels.csv").write_text("\n".join(["file,class", *rows, "owl/9.png,owl"]))
    (folder / "cat" / "2.png").write_bytes(b"no picture")
    for path in (folder, folder / "labels.csv"):
        (choice,) = findings(open_dataset(path))["broken-pictures"].choices
        (skipped,) = choice.settings["data.skip"]
        assert skipped.endswith("cat/2.png")
        options = ReadOptions(skip=(skipped, "owl/9.png"))
        data = open_dataset(path, options)
        assert len(data.train) == 6
        assert "skipped-unknown" not in findings(data, options)


def test_a_copy_of_a_used_picture_stays_skipped_without_a_word(folder: Path) -> None:
    shutil.copy(folder / "cat" / "0.png", folder / "cat" / "copy.png")
    options = ReadOptions(skip=("cat/copy.png",))
    assert findings(open_dataset(folder, options), options) == {}


def test_a_picture_in_training_and_test_is_a_leak_and_leaves_the_training(divided: Path) -> None:
    data = open_dataset(divided)
    found = findings(data)["leak"]
    assert found.kind == "warning"
    assert "train/owl/x.png and test/owl/1.png" in found.sentence
    assert found.choices[0].settings == {"data.skip": ("train/owl/x.png",)}
    options = ReadOptions(skip=("train/owl/x.png",))
    assert findings(open_dataset(divided, options), options) == {}


def test_copies_in_one_folder_leak_through_the_random_split(folder: Path) -> None:
    for i in range(8):
        shutil.copy(folder / "cat" / "0.png", folder / "cat" / f"copy{i}.png")
    data = open_dataset(folder)
    seen = inspect(data)
    whole = duplicates(seen, data)
    assert (whole.within, whole.across) == ({"train": 8}, ())
    cut = duplicates(seen, data, split(data, validation=0.4, test=0.3, seed=1))
    (copies,) = cut.across
    assert len(copies) == 9
    assert sum(cut.within.values()) == 9 - len({copy.part for copy in copies})
    assert set(surplus(cut)) == {f"cat/copy{i}.png" for i in range(8)}


def test_equal_pictures_with_different_labels_are_told(folder: Path) -> None:
    shutil.copy(folder / "cat" / "0.png", folder / "owl" / "same.png")
    found = findings(open_dataset(folder))
    assert "cat/0.png and owl/same.png" in found["contradictory-labels"].sentence
    assert "leak" not in found


def test_examples_in_memory_have_numbers_for_names_and_no_choice(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 3, 4, 1), np.uint8)
    labels = np.arange(6) % 2
    data = DataSet(
        "made",
        tmp_path,
        (classes_target(("a", "b")),),
        array_part(images, labels),
        None,
        array_part(images[[2, 2]], labels[[2, 2]]),
    )
    seen = inspect(data)
    assert seen.sizes.heights.tolist() == [3] * 8
    found = findings(data)
    assert "number 3 and number 1 are equal" in found["leak"].sentence
    assert found["leak"].choices == ()
    assert "repeated-in-test" in found


def test_a_sample_is_said_to_be_one(folder: Path) -> None:
    data = open_dataset(folder)
    seen = inspect(data, most=3)
    assert (seen.looked_at, seen.total, seen.complete) == (3, 7, False)
    said = inspection_findings(seen, duplicates(seen, data), data, ReadOptions())
    assert said[-1].sentence.startswith("3 of the 7 pictures of set were looked at")


def test_progress_reaches_the_total_and_cancel_ends(folder: Path) -> None:
    data = open_dataset(folder)
    reports: list[tuple[int, int]] = []
    inspect(data, progress=lambda done, total: reports.append((done, total)))
    assert reports[-1] == (7, 7)
    for path in folder.rglob("*.png"):
        os.utime(path, ns=(1, 1))  # so that nothing is remembered
    with pytest.raises(Canceled):
        inspect(data, canceled=lambda: True)


class Deadly(inspection.Examined):
    """Pictures of which two end the process that decodes them."""

    def decode_into(self, row: np.ndarray, content: bytes, index: int) -> None:
        if self.column.names[index] in ("cat/2.png", "owl/0.png"):
            os.kill(os.getpid(), signal.SIGKILL)
        super().decode_into(row, content, index)


def test_a_picture_that_ends_the_decoder_is_broken_and_the_rest_is_looked_at(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "Examined", Deadly)
    reports: list[tuple[int, int]] = []
    seen = inspect(
        open_dataset(folder),
        processes=2,
        progress=lambda done, total: reports.append((done, total)),
    )
    assert [each.file for each in seen.broken] == ["cat/2.png", "owl/0.png"]
    assert "ended the process" in seen.broken[0].reason
    assert len(seen.sizes.heights) == 5
    assert reports == sorted(reports)
    assert reports[-1] == (7, 7)


def test_a_broken_picture_among_deep_ones_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(3):
            values = np.arange(16, dtype=np.uint16).reshape(4, 4) * (100 + i)
            Image.fromarray(values).save(tmp_path / name / f"{i}.png")
    whole = (tmp_path / "a" / "1.png").read_bytes()
    (tmp_path / "a" / "1.png").write_bytes(whole[:60])
    data = open_dataset(tmp_path)
    assert data.train.dtype == np.float32
    assert [each.file for each in inspect(data).broken] == ["a/1.png"]


def test_a_deep_picture_among_others_is_named(folder: Path) -> None:
    for i in range(100):
        Image.new("L", (4, 4), i).save(folder / "cat" / f"gray{i:03}.png")
    deep = Image.fromarray(np.arange(16, dtype=np.uint16).reshape(4, 4) * 1000)
    deep.save(folder / "cat" / "gray000.png")
    (broken,) = inspect(open_dataset(folder)).broken
    assert broken.file == "cat/gray000.png"
    assert "more than 8 bits" in broken.reason


def test_a_file_that_vanished_is_broken(folder: Path) -> None:
    data = open_dataset(folder)
    (folder / "owl" / "1.png").unlink()
    (broken,) = inspect(data).broken
    assert (broken.file, broken.reason) == ("owl/1.png", "No such file or directory")
