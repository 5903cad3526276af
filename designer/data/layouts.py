"""How pictures lie in folders: which folders are parts, and which are classes.

A layout is found from the names of the pictures alone, so that folders and archives are read alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from designer.data.class_names import likely_beginning
from designer.data.part_names import part_of, parts_of

Folders = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class PartLayout:
    """The pictures of one part.

    Attributes
    ----------
    folder
        Its folder with a slash at the end; "" where that is the data set's.
    classes
        The names of the pictures in each class folder, at any depth. The keys are the class folders
        within `folder`.
    loose
        The names of the pictures in no class folder.
    """

    folder: str
    classes: Folders
    loose: Sequence[str] = ()

    @property
    def pictures(self) -> list[str]:
        """The names of all its pictures."""
        return [*self.loose, *(name for names in self.classes.values() for name in names)]

    @property
    def count(self) -> int:
        """The number of its pictures."""
        return len(self.loose) + sum(map(len, self.classes.values()))


@dataclass(frozen=True)
class Layout:
    """Where the pictures of a data set lie.

    Attributes
    ----------
    parts
        By the names ``train``, ``validation`` and ``test``; there may be no ``train``. An undivided
        set is ``train``.
    others
        Pictures outside the folders of the parts.
    twice
        Two folders for the same part, if there are.
    """

    parts: Mapping[str, PartLayout]
    others: Sequence[str] = ()
    twice: tuple[str, ...] = field(default=())


def find_layout(pictures: Sequence[str]) -> Layout:
    """Return the layout of pictures, by their names with folders.

    Classes are the first folders, or the first ones in the folders of the parts. A folder that
    holds all others is passed over. Parts may also lie within each class folder.
    """
    start = 0
    others: list[str] = []
    while True:
        loose, folders = _grouped(pictures, start)
        if _are_parts(folders, start):
            break
        if parts := _parts_in_classes(folders, start):
            return Layout(parts, (*others, *loose))
        inner = _inner(loose, folders, start)
        if not inner:
            return Layout({"train": PartLayout(_folder(pictures, start), folders, loose)}, others)
        others += loose
        for name, within in folders.items():
            if name != inner:
                others += within
        pictures, start = folders[inner], start + len(inner) + 1
    others += loose
    found: dict[str, list[str]] = {}
    named = parts_of(folders)
    for name, within in folders.items():
        if part := named.get(name):
            found.setdefault(part, []).append(name)
        else:
            others += within
    prefix = _folder(pictures, start)
    if twice := next((names for names in found.values() if len(names) > 1), None):
        return Layout({}, others, tuple(prefix + name for name in twice))
    by_part = {part: _part(folders[name], start + len(name) + 1) for part, (name,) in found.items()}
    if train := by_part.get("train"):
        by_part = {part: _like(train, each) for part, each in by_part.items()}
    return Layout(by_part, others)


def _grouped(pictures: Sequence[str], start: int) -> tuple[list[str], dict[str, list[str]]]:
    """Return the pictures directly in a folder, and those in each of the folders in it.

    Parameters
    ----------
    pictures
        All pictures in the folder, at any depth.
    start
        Where their names within the folder begin.
    """
    loose: list[str] = []
    folders: dict[str, list[str]] = {}
    for name in pictures:
        end = name.find("/", start)
        if end < 0:
            loose.append(name)
        else:
            folders.setdefault(name[start:end], []).append(name)
    return loose, folders


def _folder(pictures: Sequence[str], start: int) -> str:
    return pictures[0][:start] if pictures else ""


def _has_folders(pictures: Sequence[str], start: int) -> bool:
    return any("/" in name[start:] for name in pictures)


def _are_parts(folders: Folders, start: int) -> bool:
    """Tell whether folders are the parts of a data set rather than its classes.

    A class may be called "train", beside "car" and "plane"; a part holds class folders, or pictures
    with classes in their names.
    """
    parts = parts_of(folders)
    if len(parts) == len(folders) and len(parts) > 1:
        return True
    for name, part in parts.items():
        if part != "train":
            continue
        deeper = _has_folders(folders[name], start + len(name) + 1)
        if deeper or likely_beginning(folders[name]):
            return True
    return len(parts) == 1 == len(folders) and "train" not in parts.values()


def _inner(loose: Sequence[str], folders: Folders, start: int) -> str:
    """Return the folder that holds the data set's folders, "" if there is none."""
    if len(folders) == 1:
        (only,) = folders
        return only if _has_folders(folders[only], start + len(only) + 1) else ""
    divided = [
        name
        for name, pictures in folders.items()
        if _are_parts(_grouped(pictures, start + len(name) + 1)[1], start + len(name) + 1)
    ]
    return divided[0] if len(divided) == 1 and not loose else ""


def _parts_in_classes(folders: Folders, start: int) -> dict[str, PartLayout]:
    """Return the parts of a data set whose class folders hold a folder for each part."""
    found: dict[str, dict[str, list[str]]] = {}
    if len(folders) < 2:
        return {}
    for label, pictures in folders.items():
        loose, within = _grouped(pictures, start + len(label) + 1)
        if loose or not within:
            return {}
        for name, names in within.items():
            part = part_of(name)
            if not part or label in found.setdefault(part, {}):
                return {}
            found[part][label] = names
    if "train" not in found:
        return {}
    prefix = _folder(next(iter(folders.values())), start)
    return {part: PartLayout(prefix, classes) for part, classes in found.items()}


def _part(pictures: Sequence[str], start: int) -> PartLayout:
    """Return the layout of a part, without a single folder that holds its class folders."""
    loose, folders = _grouped(pictures, start)
    while not loose and len(folders) == 1:
        (only,) = folders
        further = start + len(only) + 1
        within, classes = _grouped(pictures, further)
        if within or len(classes) < 2:
            break
        start, folders = further, classes
    return PartLayout(_folder(pictures, start), folders, loose)


def _like(train: PartLayout, part: PartLayout) -> PartLayout:
    """Return a part without a single folder around folders that are all classes of the training.

    Such a folder is passed over by `_part` only where it holds more than one.
    """
    if part.loose or len(part.classes) != 1 or part.classes.keys() <= train.classes.keys():
        return part
    ((only, pictures),) = part.classes.items()
    folder = f"{part.folder}{only}/"
    loose, classes = _grouped(pictures, len(folder))
    if loose or not classes.keys() <= train.classes.keys():
        return part
    return PartLayout(folder, classes)
