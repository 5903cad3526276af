"""Folders of picture files: one sub-folder for each class, or classes in the files' names."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from designer.data.class_names import beginning_of, likely_beginning
from designer.data.columns import PictureColumn
from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.files import is_archive_name, natural, shown
from designer.data.folder_notes import FolderNotes
from designer.data.layouts import Layout, PartLayout, find_layout
from designer.data.mask_names import masks_among
from designer.data.options import ReadOptions
from designer.data.part_names import part_of
from designer.data.parts import Part
from designer.data.pictures import is_picture, is_unread
from designer.data.source import Source
from designer.data.spellings import one_spelling
from designer.data.targets import classes_target
from designer.data.unread import CONVERT
from designer.errors import DesignerError

Parts = dict[str, PartLayout]


def read(source: Source, options: ReadOptions) -> DataSet:
    """Read ``root/class/*.png``, or ``root/train/class/*.png`` and likewise ``val`` and ``test``.

    A class is the first folder; pictures in folders within it belong to it. Classes are numbered in
    the natural order of their names. Where there are no class folders, the beginnings of the file
    names may be the classes, such as ``cat.12.jpg``. The pictures are not opened.

    Raises
    ------
    DesignerError
        There are no pictures, no training part, or fewer than two classes.
    """
    pictures = _without([name for name in source.files.names if is_picture(name)], options.skip)
    if not pictures:
        raise _no_pictures(source)
    layout = find_layout(pictures)
    _check(source, layout)
    notes = FolderNotes(source.name)
    notes.unusable(source.files.left_out)
    notes.archives(_archives(source))
    notes.outside(layout.others)
    by_name = _in_names(layout, options)
    if by_name:
        parts = _parts_by_name(source, layout, options, notes)
    else:
        parts = _parts_by_folder(source, layout, notes)
    counts = Counter[str]()
    for part in parts.values():
        counts.update({label: len(names) for label, names in part.classes.items()})
    meanings, questions = one_spelling(counts, options.spellings, source.name)
    parts = {name: _spelled(part, meanings) for name, part in parts.items()}
    classes = tuple(sorted(parts["train"].classes, key=natural))
    for name in ("validation", "test"):
        if name in parts:
            parts[name] = _of_classes(name, parts[name], classes, options, notes)
    if not by_name:
        _look_for_empty_folders(source, layout, notes)
        if options.classes_from == "auto":
            _look_for_masks(layout, options, notes)
    if len(classes) == 1:
        raise _one_class(source, classes[0], notes)
    read = {name: _part(source, part, classes) for name, part in parts.items() if part.classes}
    return DataSet(
        source.name,
        source.path,
        (classes_target(classes),),
        read["train"],
        read.get("validation"),
        read.get("test"),
        (*questions, *notes.findings),
        tuple(notes.left_out),
    )


def _without(pictures: list[str], skip: Iterable[str]) -> list[str]:
    """Return the pictures that are not to be skipped, neither by their names nor by a folder's."""
    skipped = frozenset(skip)
    if not skipped:
        return pictures
    folders = tuple(f"{name.rstrip('/')}/" for name in skipped)
    return [name for name in pictures if name not in skipped and not name.startswith(folders)]


def _in_names(layout: Layout, options: ReadOptions) -> bool:
    """Tell whether the classes are the beginnings of the pictures' names."""
    if options.classes_from != "auto":
        return options.classes_from == "names"
    train = layout.parts["train"]
    return len(train.classes) < 2 and likely_beginning(_in_one_folder(train)) is not None


def _in_one_folder(part: PartLayout) -> list[str]:
    """Return the pictures of a part without class folders: in its folder or the only one in it."""
    return list(part.loose) or [name for names in part.classes.values() for name in names]


def _parts_by_name(
    source: Source, layout: Layout, options: ReadOptions, notes: FolderNotes
) -> Parts:
    """Return the parts with the beginnings of their pictures' names as classes."""
    asked = options.classes_from == "auto"
    pictures = {
        name: _in_one_folder(part) if asked else part.pictures
        for name, part in layout.parts.items()
    }
    beginning = beginning_of(pictures["train"])
    found: Parts = {}
    for name in sorted(pictures, key=("train", "validation", "test").index):
        part = layout.parts[name]
        labels: dict[str, list[str]] = {}
        nameless: list[str] = []
        for picture in pictures[name]:
            label = beginning(picture)
            (labels.setdefault(label, []) if label else nameless).append(picture)
        if name == "train" and len(labels) < 2:
            raise DesignerError(
                f"The names of the pictures in {_where(source, part)} do not begin with two or "
                "more classes, as cat.1.jpg and dog.1.jpg do: rename them, or put them into one "
                "sub-folder for each class and set data.classes_from to folders."
            )
        if name != "train" and not labels.keys() & found["train"].classes.keys():
            notes.unlabelled(name, part.folder or name, part.count)
            continue
        notes.nameless(nameless)
        if len(pictures[name]) < part.count:
            rest = frozenset(pictures[name])
            notes.outside([each for each in part.pictures if each not in rest])
        found[name] = PartLayout(part.folder, labels)
    if asked:
        train = found["train"].classes
        notes.ask_for_names({label: train[label] for label in sorted(train, key=natural)})
    return found


def _parts_by_folder(source: Source, layout: Layout, notes: FolderNotes) -> Parts:
    """Return the parts with their folders as classes, without those that have no classes."""
    train = layout.parts["train"]
    if not train.classes:
        raise DesignerError(
            f"{_where(source, train)} holds pictures but no class folders: put the pictures into "
            "one sub-folder for each class."
        )
    known = {label.strip().casefold() for label in train.classes}
    found: Parts = {}
    for name, part in layout.parts.items():
        folders = {label.strip().casefold() for label in part.classes}
        if not folders or (name == "test" and len(folders) == 1 and not folders & known):
            notes.unlabelled(name, part.folder or name, part.count)
            continue
        notes.loose(part.loose)
        found[name] = replace(part, loose=())
    return found


def _spelled(part: PartLayout, meanings: Mapping[str, str]) -> PartLayout:
    """Return a part with one spelling for each class."""
    classes: dict[str, list[str]] = {}
    for label, names in part.classes.items():
        classes.setdefault(meanings[label], []).extend(names)
    return replace(part, classes=classes)


def _of_classes(
    name: str, part: PartLayout, classes: tuple[str, ...], options: ReadOptions, notes: FolderNotes
) -> PartLayout:
    """Return a part without the classes that the training part lacks, and ask about those."""
    unknown = {label: part.classes[label] for label in part.classes.keys() - set(classes)}
    if not unknown:
        return part
    skip = [*options.skip]
    for label, names in unknown.items():
        folder = f"{part.folder}{label}"
        below = all(each.startswith(f"{folder}/") for each in names)
        skip += [folder] if below else names
    notes.unknown_classes(name, dict(sorted(unknown.items())), skip)
    known = {label: names for label, names in part.classes.items() if label not in unknown}
    return replace(part, classes=known)


def _part(source: Source, part: PartLayout, classes: tuple[str, ...]) -> Part:
    """Return the examples of a part, class by class; their names are those in the part's folder."""
    names: list[str] = []
    counts: list[int] = []
    for label in classes:
        found = part.classes.get(label, ())
        names += found
        counts.append(len(found))
    labels = np.repeat(np.arange(len(classes)), counts)
    within = tuple(name[len(part.folder) :] for name in names)
    return Part({"image": PictureColumn(source.files, tuple(names))}, {"class": labels}, within)


def _look_for_empty_folders(source: Source, layout: Layout, notes: FolderNotes) -> None:
    """Say which folders lie where those of classes or parts do, but hold no pictures."""
    train = layout.parts["train"]
    names = [name for name in source.files.names if not is_picture(name)]
    names += [f"{folder}/" for folder in source.files.empty_folders]

    def inner(folder: str, beside: Iterable[str]) -> list[str]:
        within = (name[len(folder) :] for name in names if name.startswith(folder))
        found = {name.partition("/")[0] for name in within if "/" in name}
        return sorted(found.difference(beside), key=natural)

    notes.empty(inner(train.folder, train.classes))
    if train.folder:
        parts = {part.folder.partition("/")[0] for part in layout.parts.values()}
        notes.empty_parts([name for name in inner("", parts) if part_of(name)])


def _look_for_masks(layout: Layout, options: ReadOptions, notes: FolderNotes) -> None:
    """Ask whether folders called images and masks are classes."""
    train = layout.parts["train"]
    masks = masks_among(train.classes)
    if not masks:
        return
    pictures = [
        name for label, names in train.classes.items() if label not in masks for name in names
    ]
    within = (name[len(train.folder) :].count("/") > 1 for name in pictures)
    skip: list[str] = []
    if any(within) or likely_beginning(pictures):  # there are classes without the masks
        skip = [*options.skip, *(f"{train.folder}{name}" for name in masks)]
    notes.masks(list(train.classes), skip)


def _check(source: Source, layout: Layout) -> None:
    where = source.files.where
    if layout.twice:
        first, second = layout.twice
        part = part_of(first.rpartition("/")[2])
        raise DesignerError(
            f"{where(first)} and {where(second)} are both for {part}: remove one of them."
        )
    if "train" not in layout.parts:
        folder = next(iter(layout.parts.values())).folder.rstrip("/")
        raise DesignerError(
            f"{source.path} has pictures in {shown(folder)} but none for training: add a folder "
            '"train" with one sub-folder for each class.'
        )


def _archives(source: Source) -> list[str]:
    return [name for name in source.files.names if is_archive_name(name)]


def _no_pictures(source: Source) -> DesignerError:
    if archives := _archives(source):
        named = ", ".join(map(shown, archives[:5])) + ", ..." * (len(archives) > 5)
        if not source.path.is_dir():
            return DesignerError(
                f"{source.path} holds no pictures but archives: {named}. Unpack it into a folder, "
                "and open that: archives in a folder need not be unpacked."
            )
        return DesignerError(
            f"{source.path} holds no pictures but archives: {named}. Open the one that holds the "
            "data, or unpack each into a folder of its own."
        )
    if unread := next(filter(is_unread, source.files.names), None):
        return DesignerError(
            f"{source.path} holds no pictures that can be read but others, such as "
            f"{shown(unread)}. {CONVERT}"
        )
    for each in source.files.left_out:
        return DesignerError(
            f"{source.path} holds no pictures that can be used: {shown(each.file)} {each.reason}."
        )
    return DesignerError(
        f"{source.path} holds no pictures: put the pictures into one sub-folder for each class."
    )


def _one_class(source: Source, label: str, notes: FolderNotes) -> DesignerError:
    empty = [found.sentence for found in notes.findings if found.code == "empty-folder"]
    return DesignerError(
        " ".join(
            [
                f"The training images of {source.path} are all of one class, {shown(label)}: add "
                "images of a second class, in a folder of its own.",
                *empty,
            ]
        )
    )


def _where(source: Source, part: PartLayout) -> str:
    folder = part.folder.rstrip("/")
    return source.files.where(folder) if folder else str(source.path)


FORMAT = DataFormat(
    name="picture_folders",
    title="Folders of pictures",
    description="a folder of pictures with one sub-folder for each class",
    order=100,  # last, since it recognizes every folder
    read=read,
    recognizes_folder=lambda _: True,
)
