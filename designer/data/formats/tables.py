"""Tables: CSV, TSV and JSON lines, of values, of pixels, or of labels beside the pictures."""

import numpy as np

from designer.data.class_names import likely_beginning
from designer.data.columns import ArrayColumn, Column, PictureColumn
from designer.data.data_format import DataFormat
from designer.data.dataset import DataSet
from designer.data.findings import Finding
from designer.data.formats import picture_folders
from designer.data.layouts import find_layout
from designer.data.options import ReadOptions
from designer.data.parts import Part
from designer.data.pictures import is_picture
from designer.data.source import Source
from designer.data.tables.examples import Examples, gather
from designer.data.tables.places import has_class_folders
from designer.data.tables.rows import SUFFIXES
from designer.data.tables.sheets import open_sheets, table_names
from designer.data.tables.values import holds_values, read_values
from designer.errors import DesignerError


def read(source: Source, options: ReadOptions) -> DataSet:
    """Read the pictures that tables name or hold, or else their values, with their labels.

    Pictures come in the natural order of their names, as those of folders do.

    Raises
    ------
    DesignerError
        A table is damaged or has no labels, or most of the pictures that it names are missing.
    """
    if options.classes_from == "folders" and not source.chosen:
        return picture_folders.read(source, options)
    sheets = open_sheets(source, options)
    if holds_values(sheets):
        return read_values(source, sheets, options)
    examples = gather(source, sheets, options)
    parts = {
        name: _part(examples, chosen)
        for name in ("train", "validation", "test")
        if len(chosen := np.flatnonzero(examples.parts == name)) or name == "train"
    }
    findings = examples.findings
    if examples.pixels is not None and examples.pixels.dtype == np.float32:
        findings = (*findings, _read_as_pixels(source, examples.pixels.shape[1:]))
    return DataSet(
        source.name,
        source.path,
        (examples.labelled.target,),
        parts["train"],
        parts.get("validation"),
        parts.get("test"),
        findings,
        (*source.files.left_out, *examples.left_out) if not source.chosen else examples.left_out,
        settings=examples.settings,
    )


def _read_as_pixels(source: Source, shape: tuple[int, ...]) -> Finding:
    height, width, channels = shape
    note = (
        f"The {height * width * channels:,} numbers in each row of {source.name} are read as the "
        f"pixels of a {channels}×{height}×{width} picture: to read them as values without places, "
        "name their columns in data.input_columns."
    )
    return Finding(code="read-as-pixels", sentence=note)


def _part(examples: Examples, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Part:
    values = examples.labelled.values[chosen]
    target = examples.labelled.target.name
    if examples.pixels is not None:
        column: Column = ArrayColumn(examples.pixels[chosen])
        return Part({"image": column}, {target: values})
    names = tuple([examples.names[index] for index in chosen])
    return Part({"image": PictureColumn(examples.files, names)}, {target: values}, names)


def _recognizes_folder(source: Source) -> bool:
    """Tell whether a folder holds a table that names pictures in it or holds pixels.

    A table that does neither, or has no labels, still counts where no class folders are.
    """
    if not table_names(source):
        return False
    try:
        sheets = open_sheets(source, ReadOptions())
    except DesignerError:  # said by `read`, unless the pictures alone are a data set
        pictures = [name for name in source.files.names if is_picture(name)]
        train = find_layout(pictures).parts.get("train")
        by_name = train is not None and likely_beginning(train.pictures)
        return not has_class_folders(pictures) and not by_name
    if sheets.guesses.labels and (sheets.main.pixels or sheets.guesses.found):
        return True
    return not has_class_folders(sheets.pictures.pictures)


FORMAT = DataFormat(
    name="tables",
    title="Tables",
    description="a table (.csv, .tsv, .jsonl) of numbers and labels, or of files and labels "
    "beside its pictures",
    order=90,
    read=read,
    suffixes=SUFFIXES,
    recognizes_folder=_recognizes_folder,
)
