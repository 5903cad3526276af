"""Data sets of Hugging Face: folders of save_to_disk, and Parquet files."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from designer.data.arrow.columns import ArrowColumns, arrow_columns
from designer.data.arrow.files import ArrowFiles, arrow_table
from designer.data.arrow.parquet import as_arrow
from designer.data.columns import PictureColumn
from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.files import FolderFiles
from designer.data.findings import Finding
from designer.data.options import ReadOptions
from designer.data.part_names import part_of
from designer.data.parts import Part
from designer.data.source import Source
from designer.data.tables.guesses import Guesses, guess
from designer.data.tables.labelled import Labelled, labelled
from designer.data.tables.rows import Table
from designer.data.tables.sheets import part_of_table
from designer.data.targets import Target
from designer.errors import DesignerError

_PARTS, _STATE = "dataset_dict.json", "state.json"
_SUFFIX = ".parquet"


def read(source: Source, options: ReadOptions) -> DataSet:
    """Read encoded pictures in a column and the labels in others, which are chosen as of tables.

    Arrow files are read with pyarrow alone: no code of a data set is run, and nothing is fetched
    from the network.

    Raises
    ------
    DesignerError
        A file is damaged or has no pictures or labels, or pyarrow is not installed.
    """
    tables = _tables(source)
    columns = {
        part: arrow_columns(arrow_table(paths), f"the {part} part of {source.name}")
        for part, paths in tables.items()
    }
    main = columns["train"]
    picture = _picture_column(source, main, options)
    guesses = guess(main.cells, None, options)
    if not guesses.labels:
        raise DesignerError(
            f"{source.path} has pictures but no column of labels with two values or more: choose "
            "it (data.label_columns)."
        )
    labelled_parts = [
        part for part, each in columns.items() if _has_labels(each.cells, guesses.labels)
    ]
    findings = list(guesses.findings)
    for part in columns.keys() - set(labelled_parts):
        sentence = f"The {part} part of {source.name} has no labels: it is left out."
        findings.append(Finding(code="unlabelled-part", sentence=sentence))
    cells: dict[str, list[str]] = {name: [] for name in guesses.labels}
    for part in labelled_parts:
        for name in guesses.labels:
            cells[name] += columns[part].cells.column(name)
    found = _labels(main, cells, guesses, options, source.name)
    findings += found.findings
    if without := int((~found.used).sum()):
        sentence = f"{without:,} rows of {source.name} have no label and are left out."
        findings.append(Finding(code="unlabelled", sentence=sentence))
    parts: dict[str, Part] = {}
    start = 0
    for part in labelled_parts:
        end = start + len(columns[part].cells)
        rows = np.flatnonzero(found.used[start:end])
        files = ArrowFiles(source.path, tables[part], picture, part)
        names = tuple([name for row in rows if (name := str(row)) not in options.skip])
        values = found.values[start + np.array(list(map(int, names)), np.int64)]
        column = PictureColumn(files, names)
        parts[part] = Part({"image": column}, {found.target.name: values}, names)
        start = end
    return DataSet(
        source.name,
        source.path,
        (found.target,),
        parts["train"],
        parts.get("validation"),
        parts.get("test"),
        tuple(findings),
        settings=guesses.settings(found.target.kind) | {"data.file_column": picture},
    )


def _tables(source: Source) -> dict[str, tuple[Path, ...]]:
    """Return the Arrow files of each part; those of an undivided set are for training."""
    root = source.files.path
    found: dict[str, list[Path]] = {}
    if source.files.holds(_PARTS) and not source.chosen:
        for name in _listed(root / _PARTS, "splits"):
            found.setdefault(part_of(name), []).extend(_saved(root / name))
    elif source.files.holds(_STATE) and not source.chosen:
        found["train"] = _saved(root)
    else:
        names = [source.chosen] if source.chosen else sorted(_parquet(source))
        for name in names:
            part = "train" if source.chosen else part_of_table(name)
            found.setdefault(part, []).append(as_arrow(root / name))
    if "train" not in found:
        found["train"] = found.pop("", [])
    if not found["train"]:
        raise DesignerError(
            f"{source.path} has no training part: name one of its parts train, or open its files "
            "one by one."
        )
    found.pop("", None)
    return {part: tuple(paths) for part, paths in found.items()}


def _saved(folder: Path) -> list[Path]:
    return [
        folder / Path(each["filename"]).name for each in _listed(folder / _STATE, "_data_files")
    ]


def _listed(path: Path, key: str) -> list[Any]:
    try:
        return list(json.loads(path.read_bytes())[key])
    except (ValueError, KeyError, TypeError) as error:
        raise DesignerError(
            f"{path} is damaged ({error}): save the data set again with save_to_disk."
        ) from error


def _picture_column(source: Source, columns: ArrowColumns, options: ReadOptions) -> str:
    if options.file_column in columns.pictures:
        return options.file_column
    if not columns.pictures:
        raise DesignerError(
            f"{source.path} has no column of encoded pictures: save pictures themselves in it, "
            "rather than their paths or their values."
        )
    return columns.pictures[0]


def _has_labels(table: Table, labels: tuple[str, ...]) -> bool:
    return all(name in table.names and any(table.column(name)) for name in labels)


def _labels(
    main: ArrowColumns,
    cells: dict[str, list[str]],
    guesses: Guesses,
    options: ReadOptions,
    name: str,
) -> Labelled:
    """Return the targets; named classes keep their order, also those that never occur."""
    if len(cells) == 1 and guesses.targets == "classes":
        ((column, labels),) = cells.items()
        if (names := main.classes.get(column)) is not None:
            places = {each: place for place, each in enumerate(names)}
            values = np.array([places.get(label, -1) for label in labels], np.int64)
            used = values >= 0
            return Labelled(Target("class", "classes", names), np.maximum(values, 0), used)
    return labelled(cells, guesses, options, name)


def _parquet(source: Source) -> list[str]:
    return [name for name in source.files.names if name.lower().endswith(_SUFFIX)]


def _recognizes_folder(source: Source) -> bool:
    if not isinstance(source.files, FolderFiles):
        return False
    held = source.files.holds
    return held(_PARTS) or (held(_STATE) and held("dataset_info.json")) or bool(_parquet(source))


FORMAT = DataFormat(
    name="hugging_face",
    title="Parquet files",
    description="a folder that Hugging Face's save_to_disk wrote, or a Parquet file (.parquet)",
    order=40,
    read=read,
    suffixes=(_SUFFIX,),
    recognizes_folder=_recognizes_folder,
)
