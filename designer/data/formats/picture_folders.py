"""Folders of picture files, one sub-folder for each class."""

from collections.abc import Mapping

import numpy as np

from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.files import FilesBelow, natural
from designer.data.options import ReadOptions
from designer.data.part_names import part_of
from designer.data.parts import Part, picture_part
from designer.data.pictures import SUFFIXES
from designer.data.source import Source
from designer.data.targets import classes_target
from designer.errors import DesignerError


def read(source: Source, options: ReadOptions) -> DataSet:
    """Read ``root/class/*.png``, or ``root/train/class/*.png`` and likewise ``val`` and ``test``.

    A class is the first folder; pictures in folders within it belong to it. Classes are numbered in
    the natural order of their names. The pictures are not opened.

    Raises
    ------
    DesignerError
        There are no class folders, one of them is empty, or a class of the validation or test
        part is missing from the training part.
    """
    skip = frozenset(options.skip)
    pictures = [name for name in source.files.names if is_picture(name) and name not in skip]
    folders = _parts(source, pictures)
    by_class = {part: _by_class(folder, pictures) for part, folder in folders.items()}
    classes = tuple(by_class["train"])
    if not classes:
        raise _no_classes(source, pictures)
    parts = {part: _part(source, folders[part], found, classes) for part, found in by_class.items()}
    return DataSet(
        source.name,
        source.path,
        (classes_target(classes),),
        parts["train"],
        parts.get("validation"),
        parts.get("test"),
        left_out=source.files.left_out,
    )


def is_picture(name: str) -> bool:
    """Tell whether a file is a picture, by its ending."""
    dot = name.rfind(".")
    return dot >= 0 and name[dot:].lower() in SUFFIXES


def _parts(source: Source, pictures: list[str]) -> dict[str, str]:
    """Return the folder of each part, with a slash; "" for a set that is not divided."""
    tops = sorted({name.partition("/")[0] for name in pictures if name.count("/") >= 2})
    folders: dict[str, str] = {}
    for name in tops:
        part = part_of(name)
        if part in folders:
            raise DesignerError(
                f"{source.files.where(name)} and {source.files.where(folders[part].rstrip('/'))} "
                f"are both for {part}: remove one of them."
            )
        if part:
            folders[part] = f"{name}/"
    return folders if "train" in folders else {"train": ""}


def _by_class(folder: str, pictures: list[str]) -> dict[str, list[str]]:
    """Return the pictures of each class folder of a part, with the classes in natural order."""
    found: dict[str, list[str]] = {}
    for name in pictures:
        if name.startswith(folder):
            label, slash, _ = name[len(folder) :].partition("/")
            if slash:
                found.setdefault(label, []).append(name)
    return {label: found[label] for label in sorted(found, key=natural)}


def _part(
    source: Source, folder: str, found: Mapping[str, list[str]], classes: tuple[str, ...]
) -> Part:
    names: list[str] = []
    labels: list[int] = []
    for label, pictures in found.items():
        if label not in classes:
            raise DesignerError(
                f"{source.files.where(folder + label)} is a class that the training pictures do "
                "not have: rename it or remove it."
            )
        names += pictures
        labels += [classes.index(label)] * len(pictures)
    files = FilesBelow(source.files, folder.rstrip("/")) if folder else source.files
    within = tuple(name[len(folder) :] for name in names)
    return picture_part(files, within, np.array(labels, np.int64))


def _no_classes(source: Source, pictures: list[str]) -> DesignerError:
    if pictures:
        return DesignerError(
            f"{source.path} holds pictures but no class folders: put the pictures into one "
            "sub-folder for each class."
        )
    return DesignerError(
        f"{source.path} holds no pictures: put the pictures into one sub-folder for each class."
    )


FORMAT = DataFormat(
    name="picture_folders",
    title="Folders of pictures",
    description="a folder of pictures with one sub-folder for each class",
    order=100,  # last, since it recognizes every folder
    read=read,
    recognizes_folder=lambda _: True,
)
