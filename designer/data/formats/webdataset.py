"""WebDataset archives: files of one example share their name, as 000012.jpg and 000012.cls do."""

import json
from collections.abc import Iterable

import numpy as np

from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.examples_in_archives import LABELS, LOOKED_AT, are_examples, divided
from designer.data.files import FolderFiles, natural_path
from designer.data.findings import Finding, LeftOut
from designer.data.options import ReadOptions
from designer.data.parts import Part, picture_part
from designer.data.pictures import is_picture
from designer.data.shards import ShardFiles
from designer.data.source import Source
from designer.data.tables.guesses import guess
from designer.data.tables.labelled import labelled
from designer.data.tables.rows import Table, cell_of
from designer.data.tables.sheets import part_of_table
from designer.errors import DesignerError

_LARGEST = 2**20  # bytes of a label
_TAR = (".tar", ".tar.gz", ".tgz")


def read(source: Source, options: ReadOptions) -> DataSet:
    """Read the pictures of an archive, or of all in a folder, with the labels of equal names.

    A ``.cls`` or ``.txt`` file holds one label; the fields of a ``.json`` object are columns, which
    are chosen as of tables. The archives are read in place.

    Raises
    ------
    DesignerError
        A file of labels is damaged, or there are none.
    """
    files = source.files
    shards = _shards(source)
    if shards:
        files = ShardFiles(source.path, tuple(shards))
    pictures: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    for name in files.names:
        key, ending = divided(name)
        if is_picture(name):
            pictures.setdefault(key, name)
        elif ending in LABELS and files.size(name) <= _LARGEST:
            found = _values(files.where(name), ending, files.read(name))
            values.setdefault(key, {}).update(found)
    keys = sorted((key for key in pictures if key in values), key=natural_path)
    columns = tuple(dict.fromkeys(column for key in keys for column in values[key]))
    cells = tuple([values[key].get(column, "") for key in keys] for column in columns)
    guesses = guess(Table(source.name, columns, cells, ""), None, options)
    if not guesses.labels:
        raise DesignerError(
            f"{source.path} has no labels with two values or more beside its pictures: give each "
            "picture a file of the same name with the ending .cls, .txt or .json."
        )
    chosen = {name: cells[columns.index(name)] for name in guesses.labels}
    found_labels = labelled(chosen, guesses, options, source.name)
    findings = [*guesses.findings, *found_labels.findings]
    without = [pictures[key] for key in pictures if key not in values]
    without += [
        pictures[key] for key, used in zip(keys, found_labels.used, strict=True) if not used
    ]
    if without:
        sentence = f"{len(without):,} pictures of {source.name} have no label and are left out."
        findings.append(Finding(code="unlabelled", sentence=sentence))
    skip = frozenset(options.skip)
    parts: dict[str, Part] = {}
    part_of_key = _parts(keys, shards)
    for part in ("train", "validation", "test"):
        rows = [
            row
            for row, key in enumerate(keys)
            if part_of_key[row] == part and found_labels.used[row] and pictures[key] not in skip
        ]
        if rows or part == "train":
            names = tuple([pictures[keys[row]] for row in rows])
            targets = found_labels.values[np.array(rows, np.int64)]
            parts[part] = picture_part(files, names, targets, target=found_labels.target.name)
    return DataSet(
        source.name,
        source.path,
        (found_labels.target,),
        parts["train"],
        parts.get("validation"),
        parts.get("test"),
        tuple(findings),
        _left_out(without),
        settings=guesses.settings(found_labels.target.kind),
    )


def _values(where: str, ending: str, content: bytes) -> dict[str, str]:
    """Return what a file of labels says, by column."""
    try:
        text = content.decode().strip()
        if ending != ".json":
            return {ending[1:]: text}
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DesignerError(f"{where} holds no label ({error}): pack the archive again.") from error
    if not isinstance(found, dict):
        return {"json": cell_of(found)}
    return {str(key): cell_of(value) for key, value in found.items()}


def _parts(keys: Iterable[str], shards: list[str]) -> list[str]:
    """Return the part of each example by the name of its archive; training if none names it."""
    named = {shard: part_of_table(shard) for shard in shards}
    divided = "train" in named.values()
    found = {shard: (part or "train") if divided else "train" for shard, part in named.items()}
    return [
        next((part for shard, part in found.items() if key.startswith(f"{shard}/")), "train")
        for key in keys
    ]


def _left_out(names: list[str]) -> tuple[LeftOut, ...]:
    if not names:
        return ()
    rest = f"{names[0]} and {len(names) - 1:,} more" if len(names) > 1 else names[0]
    return (LeftOut(rest, "has no label"),)


def _shards(source: Source) -> list[str]:
    """Return the archives that lie in a folder."""
    if not isinstance(source.files, FolderFiles):
        return []
    return [name for name in source.files.names if name.lower().endswith(_TAR)]


def _recognizes_folder(source: Source) -> bool:
    if not isinstance(source.files, FolderFiles):
        tar = source.path.name.lower().endswith(_TAR)
        return tar and are_examples(source.files.names[:LOOKED_AT])
    shards = _shards(source)
    if not shards or any(map(is_picture, source.files.names)):
        return False
    try:
        return are_examples(ShardFiles(source.path, (shards[0],)).names[:LOOKED_AT])
    except DesignerError:
        return False


FORMAT = DataFormat(
    name="webdataset",
    title="WebDataset archives",
    description="WebDataset archives (.tar) of pictures with labels of the same name",
    order=80,
    read=read,
    recognizes_folder=_recognizes_folder,
)
