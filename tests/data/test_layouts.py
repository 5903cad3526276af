"""The table of layouts in which people have data: what is found in each, and what is said.

A row is a function with ``@layout``: it writes a data set into a folder and returns what is to be
found there.
"""

import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from designer.data import DataSet, ReadOptions, cache_folder, describe, open_dataset
from designer.data.formats.cifar import CIFAR10_CLASSES
from designer.data.formats.idx import FASHION
from designer.errors import DesignerError
from tests.data.writers import write_cifar10, write_idx


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What is to be found in a data set.

    Attributes
    ----------
    path
        What is opened, in the folder of the row.
    options
        How it is read.
    refused
        The sentence of a refusal, or a part of it; then the rest does not matter.
    classes, kind
        As of the data set.
    counts
        The number of examples of each class in each part; for other targets, of the part.
    says
        The codes of the findings, questions with a question mark; a part of a sentence behind a
        colon.
    left_out
        The files that are left out.
    """

    path: str = ""
    options: ReadOptions = field(default_factory=ReadOptions)
    refused: str = ""
    classes: tuple[str, ...] = ()
    kind: str = "classes"
    counts: dict[str, list[int]] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


Row = Callable[[Path], Expected]
LAYOUTS: dict[str, Row] = {}


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(cache_folder, "folder", lambda: cache)


def layout(row: Row) -> Row:
    """Add a row to the table."""
    LAYOUTS[row.__name__] = row
    return row


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout(name: str, tmp_path: Path) -> None:
    expected = LAYOUTS[name](tmp_path)
    path = tmp_path / expected.path
    if expected.refused:
        with pytest.raises(DesignerError) as caught:
            open_dataset(path, expected.options)
        assert expected.refused in str(caught.value)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        return
    data = open_dataset(path, expected.options)
    assert (data.target.kind, data.classes) == (expected.kind, expected.classes)
    assert counts(data) == expected.counts
    assert [left.file for left in data.left_out] == list(expected.left_out)
    check_sentences(data, expected.says)
    assert describe(data).counts == {part: len(data.parts[part]) for part in data.parts}


def counts(data: DataSet) -> dict[str, list[int]]:
    if data.classes:
        most = len(data.classes)
        return {
            name: np.bincount(part.labels, minlength=most).tolist()
            for name, part in data.parts.items()
        }
    return {name: [len(part)] for name, part in data.parts.items()}


def check_sentences(data: DataSet, says: tuple[str, ...]) -> None:
    codes = [found.code + "?" * (found.kind == "question") for found in data.findings]
    assert codes == [each.partition(":")[0] for each in says]
    for found, each in zip(data.findings, says, strict=True):
        assert each.partition(":")[2].strip() in found.sentence
        assert found.sentence.endswith(".")
        assert found.sentence.isprintable()
        assert bool(found.choices) == (found.kind == "question")


# Writing


def picture(shade: int, *, kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.new("L", (3, 2), shade % 256).save(content, kind)
    return content.getvalue()


def write(root: Path, *names: str) -> None:
    """Write small pictures of different shades, or texts where the name is no picture's."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_of(name, number))


def content_of(name: str, number: int) -> bytes:
    kinds = {".png": "PNG", ".jpg": "JPEG", ".ppm": "PPM", ".pgm": "PPM"}
    kind = kinds.get(Path(name).suffix.lower())
    return picture(number, kind=kind) if kind else b"text"


def write_zip(path: Path, names: Iterable[str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(name, b"" if name.endswith("/") else content_of(name, number))


def write_tar(path: Path, names: Iterable[str], *, mode: str = "w") -> None:
    with tarfile.open(path, mode) as archive:
        for number, name in enumerate(names):
            content = content_of(name, number)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def some(folder: str, count: int, start: int = 0) -> list[str]:
    return [f"{folder}/{number}.png" for number in range(start, start + count)]


PETS = [*some("cat", 3), *some("dog", 2)]
PARTS = [*some("train/cat", 3), *some("train/dog", 2), *some("val/cat", 1), *some("test/dog", 2)]
FOUND_PETS = {"classes": ("cat", "dog"), "counts": {"train": [3, 2]}}
FOUND_PARTS = {
    "classes": ("cat", "dog"),
    "counts": {"train": [3, 2], "validation": [1, 0], "test": [0, 2]},
}
NAMED = [f"{name}.{number}.jpg" for name in ("cat", "dog") for number in range(4)]
FOUND_NAMED = {"classes": ("cat", "dog"), "counts": {"train": [4, 4]}}


# Folders of classes


@layout
def class_folders(root: Path) -> Expected:
    write(root, *PETS)
    return Expected(**FOUND_PETS)


@layout
def class_folders_in_a_wrapping_folder(root: Path) -> Expected:
    write(root, *(f"pets/images/{name}" for name in PETS), "README.txt")
    return Expected(**FOUND_PETS)


@layout
def nested_pictures(root: Path) -> Expected:
    write(root, *some("cat", 6), *some("cat/indoor", 6), *some("cat/outdoor", 6), *some("dog", 6))
    return Expected(classes=("cat", "dog"), counts={"train": [18, 6]})


@layout
def classes_only_in_nested_folders(root: Path) -> Expected:
    write(root, *some("cat/indoor/day", 2), *some("cat/outdoor", 1), *some("dog/a/b/c", 2))
    return Expected(**FOUND_PETS)


@layout
def loose_pictures_beside_class_folders(root: Path) -> Expected:
    write(root, *PETS, "logo.png", "notes.txt")
    return Expected(**FOUND_PETS, says=("loose-pictures: logo.png",), left_out=("logo.png",))


@layout
def an_empty_class_folder(root: Path) -> Expected:
    write(root, *PETS)
    (root / "cow").mkdir()
    return Expected(**FOUND_PETS, says=("empty-folder: The folder cow",))


@layout
def a_class_folder_without_pictures(root: Path) -> Expected:
    write(root, *PETS, "documents/letter.txt")
    return Expected(**FOUND_PETS, says=("empty-folder: The folder documents",))


@layout
def pictures_of_kinds_that_are_not_read(root: Path) -> Expected:
    write(root, *PETS, "cat/a.HEIC", "dog/b.svg", "dog/notes.txt")
    return Expected(
        **FOUND_PETS,
        says=("unread-pictures: of a kind that is not read (.heic, .svg), such as cat/a.HEIC.",),
        left_out=("cat/a.HEIC", "dog/b.svg"),
    )


@layout
def only_pictures_of_kinds_that_are_not_read(root: Path) -> Expected:
    write(root, "cat/a.heic", "dog/b.heic")
    return Expected(refused="such as cat/a.heic. Convert pictures of other kinds")


@layout
def a_table_that_names_pictures_that_are_not_read(root: Path) -> Expected:
    write(root, *(f"{i}.png" for i in range(4)), "4.heic", "5.heic", "5.png")
    rows = [f"{i}.{'png' if i < 4 else 'heic'},{'ab'[i % 2]}\n" for i in range(6)]
    (root / "t.csv").write_text("file,label\n" + "".join(rows))
    return Expected(
        classes=("a", "b"),
        counts={"train": [2, 3]},  # the last was converted
        says=("missing-pictures: Convert pictures of other kinds", "unread-pictures: 2 pictures"),
        left_out=("4.heic", "4.heic", "5.heic"),
    )


@layout
def pictures_and_their_masks(root: Path) -> Expected:
    write(root, *some("images", 4), *some("Masks", 4, 4))
    return Expected(
        classes=("Masks", "images"),
        counts={"train": [4, 4]},
        says=("segmentation-masks?: The folders Masks, images of",),
    )


@layout
def folders_called_images_and_masks_that_are_classes(root: Path) -> Expected:
    write(root, *some("images", 4), *some("masks", 4, 4))
    return Expected(
        options=ReadOptions(classes_from="folders"),
        classes=("images", "masks"),
        counts={"train": [4, 4]},
    )


@layout
def masks_beside_pictures_of_parts(root: Path) -> Expected:
    for part, start in {"train": 0, "val": 9}.items():
        write(root, *some(f"{part}/image", 3, start), *some(f"{part}/ground_truth", 3, start + 4))
    return Expected(
        classes=("ground_truth", "image"),
        counts={"train": [3, 3], "validation": [3, 3]},
        says=("segmentation-masks?: segmentation masks",),
    )


@layout
def masks_that_are_left_out(root: Path) -> Expected:
    names = [f"{kind}_{number}.png" for kind in ("pug", "beagle") for number in range(4)]
    write(root, *(f"images/{name}" for name in names), *(f"annotations/{name}" for name in names))
    (question,) = open_dataset(root).questions
    assert [choice.label for choice in question.choices][1:] == ["leave the masks out"]
    skip = question.choices[1].settings["data.skip"]
    return Expected(
        options=ReadOptions(skip=skip),  # type: ignore[arg-type]
        classes=("beagle", "pug"),
        counts={"train": [4, 4]},
        says=("classes-from-names?",),
    )


@layout
def one_class(root: Path) -> Expected:
    write(root, *some("cat", 3))
    (root / "dog").mkdir()
    return Expected(refused="The folder dog")


@layout
def many_classes(root: Path) -> Expected:
    write(root, *(f"class {number}/a.png" for number in range(300)))
    names = tuple(f"class {number}" for number in range(300))
    return Expected(classes=names, counts={"train": [1] * 300})


@layout
def numbered_classes(root: Path) -> Expected:
    write(root, "10/a.png", "2/a.png", "1/b.png", "1/a.png")
    return Expected(classes=("1", "2", "10"), counts={"train": [2, 1, 1]})


@layout
def spellings(root: Path) -> Expected:
    write(root, *some("Cat", 3), *some("cat ", 1), *some("dog", 2))
    return Expected(
        classes=("Cat", "dog"), counts={"train": [4, 2]}, says=('spellings?: "Cat" (3) and "cat "',)
    )


@layout
def spellings_apart(root: Path) -> Expected:
    write(root, *some("Cat", 3), *some("cat ", 1), *some("dog", 2))
    return Expected(
        options=ReadOptions(spellings="apart"),
        classes=("Cat", "cat ", "dog"),
        counts={"train": [3, 1, 2]},
    )


@layout
def hidden_files(root: Path) -> Expected:
    write(root, *PETS, "cat/._0.png", "cat/.DS_Store", "__MACOSX/cat/0.png", ".git/x.png")
    return Expected(**FOUND_PETS)


@layout
def skipped_pictures_and_folders(root: Path) -> Expected:
    write(root, *PETS, *some("cow", 2))
    return Expected(
        options=ReadOptions(skip=("cat/1.png", "cow")),
        classes=("cat", "dog"),
        counts={"train": [2, 2]},
    )


# Folders of parts


@layout
def parts(root: Path) -> Expected:
    write(root, *PARTS)
    return Expected(**FOUND_PARTS)


@layout
def parts_by_other_names(root: Path) -> Expected:
    names = {"train": "Training", "val": "VALIDATION", "test": "Testing"}
    write(root, *(f"{names[name.partition('/')[0]]}/{name.partition('/')[2]}" for name in PARTS))
    return Expected(**FOUND_PARTS)


@layout
def parts_in_a_wrapping_folder(root: Path) -> Expected:
    write(root, *(f"dataset/{name}" for name in PARTS))
    return Expected(**FOUND_PARTS)


@layout
def parts_beside_other_pictures(root: Path) -> Expected:
    write(root, *(f"dataset/{name}" for name in PARTS), "documents/scan.png")
    return Expected(
        **FOUND_PARTS, says=("outside-pictures: documents/scan.png",),
        left_out=("documents/scan.png",),
    )  # fmt: skip


@layout
def parts_with_wrapping_folders(root: Path) -> Expected:
    write(root, *(name.replace("/", "/images/", 1) for name in PARTS))
    return Expected(**FOUND_PARTS)


@layout
def parts_within_classes(root: Path) -> Expected:
    write(root, *some("cat/train", 3), *some("dog/train", 2), *some("cat/val", 1))
    write(root, *some("dog/test", 2))
    return Expected(**FOUND_PARTS)


@layout
def classes_named_as_parts(root: Path) -> Expected:
    write(root, "car/a.png", "test/a.png", "train/a.png")
    return Expected(classes=("car", "test", "train"), counts={"train": [1, 1, 1]})


@layout
def loose_pictures_in_a_part(root: Path) -> Expected:
    write(root, *PARTS, "train/logo.png")
    return Expected(
        **FOUND_PARTS, says=("loose-pictures: train/logo.png",), left_out=("train/logo.png",)
    )


@layout
def an_empty_part(root: Path) -> Expected:
    write(root, *PARTS[:5])
    (root / "test").mkdir()
    return Expected(**FOUND_PETS, says=("empty-part: test",))


@layout
def two_folders_for_a_part(root: Path) -> Expected:
    write(root, *PARTS, "validation/cat/0.png")
    return Expected(refused="validation are both for validation")


@layout
def no_training_part(root: Path) -> Expected:
    write(root, *PARTS[5:])
    return Expected(refused="none for training")


@layout
def a_class_that_the_training_lacks(root: Path) -> Expected:
    write(root, *PARTS, *some("val/cow", 2))
    return Expected(
        **FOUND_PARTS, says=("unknown-classes?: cow",), left_out=("val/cow/0.png", "val/cow/1.png")
    )


@layout
def a_class_that_the_training_lacks_skipped(root: Path) -> Expected:
    write(root, *PARTS, *some("val/cow", 2))
    return Expected(**FOUND_PARTS, options=ReadOptions(skip=("val/cow",)))


@layout
def an_unlabelled_test_part(root: Path) -> Expected:
    write(root, *PARTS[:5], *(f"test/{number}.png" for number in range(7)))
    return Expected(**FOUND_PETS, says=("unlabelled-part: 7 pictures",), left_out=("test",))


@layout
def an_unlabelled_test_part_in_a_folder(root: Path) -> Expected:
    write(root, *PARTS[:5], *some("test/unknown", 7))
    return Expected(**FOUND_PETS, says=("unlabelled-part: 7 pictures",), left_out=("test",))


# Classes in names


@layout
def flat_train_and_test(root: Path) -> Expected:
    write(root, *(f"train/{name}" for name in NAMED), *(f"test/{name}" for name in NAMED[2:5]))
    return Expected(
        classes=("cat", "dog"), counts={"train": [4, 4], "test": [2, 1]},
        says=("classes-from-names?: cat (4), dog (4)",),
    )  # fmt: skip


@layout
def flat_train_and_unlabelled_test(root: Path) -> Expected:
    write(root, *(f"train/{name}" for name in NAMED), *(f"test1/{i}.jpg" for i in range(9)))
    return Expected(
        **FOUND_NAMED,
        says=("unlabelled-part: 9 pictures", "classes-from-names?"),
        left_out=("test1",),
    )


@layout
def flat_train_and_test_answered(root: Path) -> Expected:
    write(root, *(f"train/{name}" for name in NAMED), "train/logo.png")
    return Expected(
        **FOUND_NAMED, options=ReadOptions(classes_from="names"),
        says=("nameless-pictures: train/logo.png",), left_out=("train/logo.png",),
    )  # fmt: skip


@layout
def flat_train_and_test_without_classes(root: Path) -> Expected:
    write(root, *(f"{part}/{number}.png" for part in ("train", "test") for number in range(4)))
    return Expected(refused="train holds pictures but no class folders")


@layout
def flat_pictures_refused_as_folders(root: Path) -> Expected:
    write(root, *NAMED)
    return Expected(
        options=ReadOptions(classes_from="folders"), refused="holds pictures but no class folders"
    )


@layout
def one_flat_folder(root: Path) -> Expected:
    write(root, *NAMED)
    return Expected(**FOUND_NAMED, says=("classes-from-names?",))


@layout
def one_flat_folder_in_another(root: Path) -> Expected:
    write(root, *(f"images/{name}" for name in NAMED))
    return Expected(**FOUND_NAMED, says=("classes-from-names?",))


@layout
def names_with_brackets(root: Path) -> Expected:
    write(root, *(f"{name} ({number}).png" for name in ("cat", "dog") for number in range(4)))
    return Expected(**FOUND_NAMED, says=("classes-from-names?",))


@layout
def names_with_numbers_in_classes(root: Path) -> Expected:
    write(root, *(f"class{name}_{number}.png" for name in (1, 2) for number in range(4)))
    return Expected(
        classes=("class1", "class2"), counts={"train": [4, 4]}, says=("classes-from-names?",)
    )


@layout
def names_without_separators(root: Path) -> Expected:
    write(root, *(f"red fox{number}.PNG" for number in range(3)), "wolf1.png", "wolf2.png")
    return Expected(
        classes=("red fox", "wolf"), counts={"train": [3, 2]}, says=("classes-from-names?",)
    )


@layout
def names_of_a_camera(root: Path) -> Expected:
    write(root, *(f"IMG_{number:04}.jpg" for number in range(9)))
    return Expected(refused="holds pictures but no class folders")


# Kinds of pictures


@layout
def portable_pictures(root: Path) -> Expected:
    write(root, "cat/a.ppm", "cat/b.pgm", "dog/a.PPM")
    return Expected(classes=("cat", "dog"), counts={"train": [2, 1]})


@layout
def deep_grays(root: Path) -> Expected:
    write(root, "light/a.png")
    for number, low in enumerate((0, 4000)):
        path = root / ("dark", "light")[number] / "deep.png"
        path.parent.mkdir(exist_ok=True)
        values = np.arange(low, low + 64, dtype=np.uint16).reshape(8, 8)
        Image.fromarray(values).save(path)
    (root / "light" / "a.png").unlink()
    return Expected(
        classes=("dark", "light"), counts={"train": [1, 1]}, says=("deep-gray: from 0 to 4063",)
    )


# Arrays


@layout
def labels_from_one(root: Path) -> Expected:
    np.savez(root / "from1.npz", x=np.zeros((4, 2, 2), np.uint8), y=np.array([1, 2, 1, 2]))
    return Expected(path="from1.npz", classes=("0", "1", "2"), counts={"train": [0, 2, 2]})


@layout
def one_hot_labels(root: Path) -> Expected:
    np.savez(root / "onehot.npz", x=np.zeros((4, 2, 2), np.uint8), y=np.eye(2)[[0, 1, 1, 1]])
    return Expected(
        path="onehot.npz", classes=("0", "1"), counts={"train": [1, 3]}, says=("read-as-classes",)
    )


@layout
def numbers(root: Path) -> Expected:
    np.savez(root / "n.npz", x=np.zeros((3, 2, 2), np.uint8), y=np.array([0.5, 1.5, 2.5]))
    return Expected(path="n.npz", kind="numbers", counts={"train": [3]})


# Archives


@layout
def a_zip(root: Path) -> Expected:
    write_zip(root / "pets.zip", PETS)
    return Expected(path="pets.zip", **FOUND_PETS)


@layout
def a_zip_of_one_folder(root: Path) -> Expected:
    names = [f"archive/images/{name}" for name in PETS]
    write_zip(root / "pets.zip", ["archive/", *names, "__MACOSX/archive/._x.png"])
    return Expected(path="pets.zip", **FOUND_PETS)


@layout
def a_zip_of_parts(root: Path) -> Expected:
    write_zip(root / "pets.zip", PARTS)
    return Expected(path="pets.zip", **FOUND_PARTS)


@layout
def a_zip_of_flat_pictures(root: Path) -> Expected:
    write_zip(root / "pets.zip", [f"images/{name}" for name in NAMED])
    return Expected(path="pets.zip", **FOUND_NAMED, says=("classes-from-names?",))


@layout
def a_tar(root: Path) -> Expected:
    write_tar(root / "pets.tar", [f"./pets/{name}" for name in PARTS])
    return Expected(path="pets.tar", **FOUND_PARTS)


@layout
def an_archive_within_an_archive(root: Path) -> Expected:
    write_zip(root / "pets.zip", ["train.zip", "test.zip", "notes.txt"])
    return Expected(
        path="pets.zip", refused="archives: test.zip, train.zip. Unpack it into a folder"
    )


@layout
def a_competition_as_it_is_downloaded(root: Path) -> Expected:
    write_zip(root / "train.zip", [f"train/{name.replace('/', '.')}" for name in PETS])
    write_zip(root / "test1.zip", ["test1/0.png"])
    rows = "0,0\n"
    (root / "sample_submission.csv").write_text("id,label\n" + rows)
    return Expected(
        options=ReadOptions(classes_from="names"),
        **FOUND_PETS,
        says=("unlabelled-part: test",),
        left_out=("test1",),
    )


@layout
def archives_of_parts_beside_a_table_in_an_archive(root: Path) -> Expected:
    write_zip(root / "train.zip", [f"{number}.png" for number in range(6)])
    write_zip(root / "test.zip", ["7.png", "8.png"])
    with zipfile.ZipFile(root / "labels.csv.zip", "w") as archive:
        rows = (f"{number},{'ab'[number % 2]}\n" for number in range(6))
        archive.writestr("labels.csv", "id,breed\n" + "".join(rows))
    return Expected(
        classes=("a", "b"),
        counts={"train": [3, 3]},
        says=("unnamed-pictures: test/7.png",),
        left_out=("test/7.png", "test/8.png"),
    )


@layout
def plain_tars_of_parts(root: Path) -> Expected:
    write_tar(root / "train.tar", PETS)
    write_tar(root / "test.tar", ["cat/9.png", "dog/8.png"])
    return Expected(classes=("cat", "dog"), counts={"train": [3, 2], "test": [1, 1]})


@layout
def archives_of_parts_with_class_folders(root: Path) -> Expected:
    (root / "data").mkdir()
    write_zip(root / "data" / "train.zip", PETS)
    write_tar(root / "data" / "valid.tar.gz", ["valid/cat/9.png", "valid/dog/8.png"], mode="w:gz")
    (root / "data" / "test.zip").write_bytes(b"cut")
    return Expected(
        path="data",
        classes=("cat", "dog"),
        counts={"train": [3, 2], "validation": [1, 1]},
        says=("unusable-files: test.zip cannot be read",),
        left_out=("test.zip",),
    )


@layout
def archives_that_are_no_parts(root: Path) -> Expected:
    write_zip(root / "cats.zip", some("cat", 3))
    write_zip(root / "dogs.zip", some("dog", 3))
    return Expected(refused="archives: cats.zip, dogs.zip. Open the one")


@layout
def one_archive_in_a_folder(root: Path) -> Expected:
    write_zip(root / "pets.zip", PETS)
    write(root, "README.txt")
    return Expected(**FOUND_PETS)


@layout
def an_archive_beside_class_folders(root: Path) -> Expected:
    write(root, *PETS, "more.zip")
    return Expected(**FOUND_PETS, says=("nested-archive: more.zip",), left_out=("more.zip",))


@layout
def compressed_tars(root: Path) -> Expected:
    write_tar(root / "pets.tgz", PARTS, mode="w:gz")
    return Expected(path="pets.tgz", **FOUND_PARTS)


@layout
def a_zip_with_an_npz_file(root: Path) -> Expected:
    arrays = io.BytesIO()
    np.savez(arrays, x=np.zeros((4, 2, 2), np.uint8), y=np.array([0, 1, 1, 1]))
    with zipfile.ZipFile(root / "data.zip", "w") as archive:
        archive.writestr("data/README.txt", "what this is")
        archive.writestr("data/arrays.npz", arrays.getvalue())
    return Expected(path="data.zip", classes=("0", "1"), counts={"train": [1, 3]})


@layout
def idx_files_in_a_tar(root: Path) -> Expected:
    write_idx(root / "fashion-mnist")
    with tarfile.open(root / "sets.tar.gz", "w:gz") as archive:
        archive.add(root / "fashion-mnist", "fashion-mnist/raw")
    counts = {"train": [2, 2, *[1] * 8], "test": [*[1] * 6, 0, 0, 0, 0]}
    return Expected(path="sets.tar.gz", classes=FASHION, counts=counts)


@layout
def idx_files_in_nested_folders(root: Path) -> Expected:
    write_idx(root / "FashionMNIST" / "raw")
    counts = {"train": [2, 2, *[1] * 8], "test": [*[1] * 6, 0, 0, 0, 0]}
    return Expected(classes=FASHION, counts=counts)


@layout
def cifar_in_a_zip(root: Path) -> Expected:
    write_cifar10(root / "cifar")
    with zipfile.ZipFile(root / "cifar.zip", "w") as archive:
        for path in (root / "cifar").iterdir():
            archive.write(path, f"cifar-10-batches-bin/{path.name}")
    counts = {"train": [5, 5, 5, 5, *[0] * 6], "test": [1, 1, 1, 1, *[0] * 6]}
    return Expected(path="cifar.zip", classes=CIFAR10_CLASSES, counts=counts)


@layout
def hostile_names_in_a_zip(root: Path) -> Expected:
    outside = ["../cat/x.png", "/cat/x.png", "C:/cat/x.png", "cat/../../x.png"]
    write_zip(root / "pets.zip", [*PETS, *outside])
    return Expected(
        path="pets.zip", **FOUND_PETS, left_out=tuple(outside),
        says=("unusable-files: ../cat/x.png leads out of the archive, and 3 more",),
    )  # fmt: skip


@layout
def a_name_twice_in_a_zip(root: Path) -> Expected:
    with pytest.warns(UserWarning, match="Duplicate name"):
        write_zip(root / "pets.zip", [*PETS, "cat/0.png"])
    return Expected(
        path="pets.zip", **FOUND_PETS, says=("unusable-files: twice",), left_out=("cat/0.png",)
    )


@layout
def a_zip_from_windows(root: Path) -> Expected:
    with zipfile.ZipFile(root / "pets.zip", "w") as archive:
        for number, name in enumerate(PETS):
            entry = zipfile.ZipInfo(name.replace("/", "\\"))
            entry.create_system = 0
            archive.writestr(entry, picture(number))
    return Expected(path="pets.zip", **FOUND_PETS)


@layout
def an_encrypted_zip(root: Path) -> Expected:
    write_zip(root / "pets.zip", PETS)
    content = bytearray((root / "pets.zip").read_bytes())
    start = 0
    while (start := content.find(b"PK\1\2", start)) >= 0:
        content[start + 8] |= 1
        start += 4
    (root / "pets.zip").write_bytes(content)
    return Expected(path="pets.zip", refused="is encrypted: unpack it with its password")


@layout
def a_truncated_zip(root: Path) -> Expected:
    write_zip(root / "pets.zip", PETS)
    os.truncate(root / "pets.zip", 300)
    return Expected(path="pets.zip", refused="is no readable ZIP archive")


@layout
def an_empty_zip(root: Path) -> Expected:
    write_zip(root / "pets.zip", [])
    return Expected(path="pets.zip", refused="holds no pictures")


@layout
def links_and_devices_in_a_tar(root: Path) -> Expected:
    write_tar(root / "pets.tar", PETS)
    with tarfile.open(root / "pets.tar", "a") as archive:
        for name, kind in (("cat/link.png", tarfile.SYMTYPE), ("cat/pipe.png", tarfile.FIFOTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    return Expected(
        path="pets.tar", **FOUND_PETS, left_out=("cat/link.png", "cat/pipe.png"),
        says=("unusable-files: cat/link.png is a link",),
    )  # fmt: skip


@layout
def a_truncated_tar(root: Path) -> Expected:
    write_tar(root / "pets.tar", PETS)
    os.truncate(root / "pets.tar", 700)
    return Expected(path="pets.tar", refused="is no readable TAR archive")


@layout
def a_truncated_compressed_tar(root: Path) -> Expected:
    write_tar(root / "pets.tar.xz", PETS, mode="w:xz")
    os.truncate(root / "pets.tar.xz", 200)
    return Expected(path="pets.tar.xz", refused="is no readable TAR archive")


# Odd folders


@layout
def odd_names(root: Path) -> Expected:
    write(root, "a 'cat'/line\nbreak.png", 'a "dog"/x.png', "snow\nman/ü.png")
    write(root, *some(os.fsdecode(b"caf\xe9"), 1), "line\nbreak.png")
    return Expected(
        classes=('a "dog"', "a 'cat'", "caf\udce9", "snow\nman"),
        counts={"train": [1, 1, 1, 1]},
        says=("loose-pictures: line\\nbreak.png",),
        left_out=("line\nbreak.png",),
    )


@layout
def a_link_loop(root: Path) -> Expected:
    write(root, *PETS)
    (root / "cat" / "again").symlink_to(root, target_is_directory=True)
    (root / "dog" / "self").symlink_to(root / "dog" / "self")
    return Expected(**FOUND_PETS, says=("unusable-files",), left_out=("cat/again", "dog/self"))


@layout
def links_to_class_folders(root: Path) -> Expected:
    write(root / "elsewhere", *PETS)
    (root / "set").mkdir()
    for name in ("cat", "dog"):
        (root / "set" / name).symlink_to(root / "elsewhere" / name, target_is_directory=True)
    (root / "set" / "dog" / "gone.png").symlink_to(root / "nowhere.png")
    return Expected(
        path="set", **FOUND_PETS, says=("unusable-files: is a link to nothing",),
        left_out=("dog/gone.png",),
    )  # fmt: skip


# Tables

PET_ROWS = "file,label\n0.png,cat\n1.png,dog\n2.png,cat\n3.png,dog\n4.png,cat\n"


def write_texts(root: Path, **texts: str) -> None:
    """Write tables; two underscores stand for a slash, the last one for the dot."""
    for name, text in texts.items():
        stem, _, ending = name.replace("__", "/").rpartition("_")
        path = root / f"{stem}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@layout
def a_table_beside_a_folder(root: Path) -> Expected:
    write(root, *some("images", 5))
    write_texts(root, labels_csv=PET_ROWS)
    return Expected(**FOUND_PETS)


@layout
def a_table_chosen_by_itself(root: Path) -> Expected:
    write(root, *some("images", 5), *some("others", 2, 5))
    write_texts(root, labels_tsv=PET_ROWS.replace(",", "\t"))
    return Expected(
        path="labels.tsv", **FOUND_PETS, says=("unnamed-pictures: 2 pictures",),
        left_out=("others/5.png", "others/6.png"),
    )  # fmt: skip


@layout
def a_zip_with_a_table(root: Path) -> Expected:
    with zipfile.ZipFile(root / "pets.zip", "w") as archive:
        for number, name in enumerate(some("pets/images", 5)):
            archive.writestr(name, picture(number))
        archive.writestr("pets/labels.csv", PET_ROWS)
    return Expected(path="pets.zip", **FOUND_PETS)


@layout
def a_competition(root: Path) -> Expected:
    write(root, *some("train", 5), *some("test", 2))
    rows = PET_ROWS.replace(".png", "").replace("file", "id")
    write_texts(
        root, train_csv=rows, test_csv="id\n0\n1\n", sample_submission_csv="id,label\n0,0\n"
    )
    return Expected(
        **FOUND_PETS,
        says=("unlabelled-part: test.csv", "unnamed-pictures"),
        left_out=("test.csv", "sample_submission.csv", "test/0.png", "test/1.png"),
    )


@layout
def json_lines_in_each_part(root: Path) -> Expected:
    write(root, *some("train", 3), *some("validation", 1))
    lines = [f'{{"file_name": "{i}.png", "text": "{"ab"[i % 2]}"}}\n' for i in range(3)]
    write_texts(root, train__metadata_jsonl="".join(lines), validation__metadata_jsonl=lines[0])
    return Expected(classes=("a", "b"), counts={"train": [2, 1], "validation": [1, 0]})


@layout
def a_column_of_parts(root: Path) -> Expected:
    write(root, *some("x", 4))
    rows = "0.png,a,Training\n1.png,b,train\n2.png,a,valid\n3.png,b,testing\n"
    write_texts(root, all_csv="name,class,split\n" + rows)
    counts = {"train": [1, 1], "validation": [1, 0], "test": [0, 1]}
    return Expected(classes=("a", "b"), counts=counts)


@layout
def several_labels_in_a_column(root: Path) -> Expected:
    write(root, *some("x", 3))
    write_texts(root, all_csv="file,tags\n0.png,a|b\n1.png,a\n2.png,\n")
    return Expected(kind="labels", counts={"train": [3]}, says=("no-label",))


@layout
def a_column_for_each_label(root: Path) -> Expected:
    write(root, *some("x", 3))
    write_texts(root, all_csv="file,red,big\n0.png,1,1\n1.png,0,1\n2.png,0,0\n")
    return Expected(kind="labels", counts={"train": [3]})


@layout
def numbers_with_decimal_commas(root: Path) -> Expected:
    write(root, *some("x", 3))
    write_texts(root, all_csv="file;size\n0.png;1,5\n1.png;2,25\n2.png;0,5\n")
    return Expected(kind="numbers", counts={"train": [3]})


@layout
def columns_that_are_asked(root: Path) -> Expected:
    write(root, *some("x", 4))
    write_texts(root, all_csv="file,sex,site\n0.png,m,x\n1.png,f,x\n2.png,m,y\n3.png,m,y\n")
    return Expected(
        classes=("f", "m"), counts={"train": [1, 3]}, says=("label-columns?: sex, site",)
    )


@layout
def a_table_with_spellings(root: Path) -> Expected:
    write(root, *some("x", 5))
    write_texts(root, all_csv=PET_ROWS.replace("2.png,cat", "2.png, Cat "))
    return Expected(**FOUND_PETS, says=("spellings?",))


@layout
def a_table_with_a_missing_file(root: Path) -> Expected:
    write(root, *some("x", 5))
    write_texts(root, all_csv=PET_ROWS + "9.png,cat\n")
    return Expected(**FOUND_PETS, says=("missing-pictures: 9.png",), left_out=("9.png",))


@layout
def a_table_without_its_pictures(root: Path) -> Expected:
    write_texts(root, all_csv=PET_ROWS)
    return Expected(path="all.csv", refused="5 of the 5 pictures")


@layout
def rows_of_pixels(root: Path) -> Expected:
    header = ",".join(["label", *(f"pixel{place}" for place in range(64))])
    rows = [",".join([str(row % 2), *["7"] * 64]) for row in range(4)]
    write_texts(root, digits_csv="\n".join([header, *rows]))
    return Expected(path="digits.csv", classes=("0", "1"), counts={"train": [2, 2]})


@layout
def rows_of_measures(root: Path) -> Expected:
    write_texts(root, iris_csv="width,length,species\n1.5,2.0,a\n2.5,3.0,b\n")
    return Expected(path="iris.csv", classes=("a", "b"), counts={"train": [1, 1]})


# What was asked, refused or passed over wrongly before


def write_labelled(root: Path, name: str, lines: Iterable[str], *, folder: str = "imgs/") -> None:
    """Write a table of ten pictures 0.png to 9.png, and the pictures."""
    write(root, *[f"{folder}{i}.png" for i in range(10)])
    (root / name).write_text("".join(f"{line}\n" for line in lines))


@layout
def table_of_two_numbers(root: Path) -> Expected:
    write_labelled(
        root,
        "a.csv",
        ["file;age;height", *[f"{i}.png;{20 + i % 7};{170.5 + i}" for i in range(10)]],
    )
    return Expected(kind="numbers", counts={"train": [10]}, says=("label-columns?: age, height",))


@layout
def stray_space_in_table(root: Path) -> Expected:
    labels = ["cow", "cow ", " cow", "dog", "dog"]
    write_labelled(root, "a.csv", ["file,label", *[f"{i}.png,{labels[i % 5]}" for i in range(10)]])
    return Expected(
        classes=("cow", "dog"), counts={"train": [6, 4]}, says=('spellings?: "cow " (2)',)
    )


@layout
def space_behind_each_comma(root: Path) -> Expected:
    write_labelled(root, "a.csv", ["file, label", *[f"{i}.png, {'ab'[i % 2]}" for i in range(10)]])
    return Expected(classes=("a", "b"), counts={"train": [5, 5]})


@layout
def several_tables(root: Path) -> Expected:
    for name in "ab":
        write_labelled(
            root, f"{name}.csv", ["file,label", *[f"{i}.png,{name}{i % 2}" for i in range(10)]]
        )
    return Expected(
        classes=("a0", "a1"),
        counts={"train": [5, 5]},
        says=("several-tables?: (a.csv, b.csv)",),
        left_out=("b.csv",),
    )


@layout
def one_of_several_tables(root: Path) -> Expected:
    several_tables(root)
    return Expected(
        options=ReadOptions(table="b.csv"),
        classes=("b0", "b1"),
        counts={"train": [5, 5]},
        left_out=("a.csv",),
    )


@layout
def table_beside_class_folders(root: Path) -> Expected:
    names = [f"{c}/{i}.png" for c in ("cat", "dog") for i in range(4)]
    write(root, *names)
    lines = [f"{name},{'xy'[i % 2]}\n" for i, name in enumerate(names)]
    (root / "cameras.csv").write_text("file,camera\n" + "".join(lines))
    return Expected(
        classes=("x", "y"), counts={"train": [4, 4]}, says=("folders-or-table?: camera",)
    )


@layout
def parts_with_further_words(root: Path) -> Expected:
    write(
        root,
        *[f"{part}/{c}/{i}.png" for part in ("seg_train", "seg_test") for c in "ab" for i in "12"],
        "seg_pred/1.png",
    )
    return Expected(
        classes=("a", "b"),
        counts={"train": [2, 2], "test": [2, 2]},
        says=("outside-pictures",),
        left_out=("seg_pred/1.png",),
    )


@layout
def broken_table_beside_flat_pictures(root: Path) -> Expected:
    write_labelled(root, "a.csv", ["file,label"])
    return Expected(refused="a.csv has no rows")


@layout
def json_lists_of_numbers(root: Path) -> Expected:
    lines = [f'{{"file": "{i}.png", "box": [{i}.5, 2, 3.25]}}' for i in range(10)]
    write_labelled(root, "a.jsonl", lines)
    return Expected(
        kind="numbers",
        counts={"train": [10]},
        says=(),
    )


@layout
def part_column_with_other_values(root: Path) -> Expected:
    parts = ["Training"] * 6 + ["VALID"] * 2 + ["foo"] * 2
    write_labelled(
        root,
        "a.csv",
        ["file,label,split", *[f"{i}.png,{'ab'[i % 2]},{parts[i]}" for i in range(10)]],
    )
    return Expected(
        classes=("a", "b"),
        counts={"train": [3, 3], "validation": [1, 1]},
        says=("unknown-part: 2 rows", "unnamed-pictures"),
        left_out=("2 rows of a.csv", "imgs/8.png", "imgs/9.png"),
    )


@layout
def numbered_folds(root: Path) -> Expected:
    write_labelled(
        root, "a.csv", ["file,label,fold", *[f"{i}.png,{'ab'[i % 2]},{i % 5}" for i in range(10)]]
    )
    return Expected(
        classes=("a", "b"), counts={"train": [5, 5]}, says=("unused-part-column: fold",)
    )


@layout
def numbered_pictures_have_no_classes(root: Path) -> Expected:
    write(root, *[f"{i}.png" for i in range(100, 160)])
    return Expected(refused="no class folders")


@layout
def only_pictures_of_nan(root: Path) -> Expected:
    for name in ("a/1.tif", "b/1.tif"):
        path = root / name
        path.parent.mkdir()
        Image.fromarray(np.full((2, 3), np.nan, np.float32)).save(path)
    return Expected(classes=("a", "b"), counts={"train": [1, 1]})
