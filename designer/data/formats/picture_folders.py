"""Folders of picture files, one sub-folder for each class."""

import os
from pathlib import Path

import numpy as np

from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.parts import FilePart
from designer.data.pictures import SUFFIXES
from designer.errors import DesignerError

_PARTS = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


def read(root: Path) -> DataSet:
    """Read ``root/class/*.png``, or ``root/train/class/*.png`` and likewise ``val`` and ``test``.

    Classes are numbered in the order of their names. The pictures are not opened.

    Raises
    ------
    DesignerError
        There are no class folders, one of them is empty, or a class of the validation or test
        part is missing from the training part.
    """
    folders = {"train": root}
    if _has_parts(root):
        folders = {}
        for name in _folders(root):
            part = _PARTS.get(name.lower())
            if part in folders:
                raise DesignerError(
                    f"{root / name} and {folders[part]} are both for {part}: remove one of them."
                )
            if part:
                folders[part] = root / name
    classes = _class_folders(folders["train"])
    parts = {name: _part(folder, classes) for name, folder in folders.items()}
    return DataSet(
        root.name,
        root,
        tuple(classes),
        parts["train"],
        parts.get("validation"),
        parts.get("test"),
    )


def _has_parts(root: Path) -> bool:
    """Tell whether there is a folder ``train`` of class folders, not a class of that name."""
    return any(name.lower() == "train" and _folders(root / name) for name in _folders(root))


def _class_folders(folder: Path) -> list[str]:
    names = _folders(folder)
    if not names:
        if _pictures(folder):
            raise DesignerError(
                f"{folder} holds pictures but no class folders: put the pictures into one "
                "sub-folder for each class."
            )
        raise DesignerError(
            f"{folder} holds no pictures: put the pictures into one sub-folder for each class."
        )
    return names


def _part(folder: Path, classes: list[str]) -> FilePart:
    files: list[str] = []
    labels: list[int] = []
    for name in _class_folders(folder):
        if name not in classes:
            raise DesignerError(
                f"{folder / name} is a class that the training pictures do not have: "
                "rename it or remove it."
            )
        pictures = _pictures(folder / name)
        if not pictures:
            raise DesignerError(
                f"The class folder {folder / name} holds no pictures "
                f"({', '.join(sorted(SUFFIXES))}): add some or remove it."
            )
        files += (f"{name}/{picture}" for picture in pictures)
        labels += [classes.index(name)] * len(pictures)
    return FilePart(folder, tuple(files), np.array(labels, np.int64))


def _folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and _is_visible(entry.name))


def _pictures(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(
            entry.name
            for entry in entries
            if os.path.splitext(entry.name)[1].lower() in SUFFIXES
            and _is_visible(entry.name)
            and entry.is_file()
        )


def _is_visible(name: str) -> bool:
    """Exclude files that systems add by themselves: .DS_Store, ._copy.png, __MACOSX."""
    return not name.startswith((".", "__"))


FORMAT = DataFormat(
    name="picture_folders",
    title="Folders of pictures",
    description="a folder of pictures with one sub-folder for each class",
    order=100,  # last, since it recognizes every folder
    read=read,
    recognizes_folder=lambda _: True,
)
