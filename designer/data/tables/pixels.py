"""Tables whose rows hold the pixels themselves, as Kaggle gives digits and Fashion-MNIST."""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from designer.data.files import Files
from designer.data.limits import check_promise
from designer.data.pictures import Array
from designer.data.tables import text
from designer.data.tables.rows import Table
from designer.errors import DesignerError

_SMALLEST = 64  # pixels of a picture: 8x8
_COLORS = 3  # words of names such as red1, green1, blue1
_COMPARED = 500  # pictures that tell in which order their colors are stored


@dataclass(frozen=True)
class PixelColumns:
    """Where a table holds pixels.

    Attributes
    ----------
    names
        Of the columns with one value each; or of the one column that holds all, with spaces.
    others
        The remaining columns.
    values
        The number of values of a picture.
    """

    names: tuple[str, ...]
    others: tuple[str, ...]
    values: int


def pixel_columns(table: Table, labels: Sequence[str] = ()) -> PixelColumns | None:
    """Return where a table, or the beginning of one, holds pixels; None if it does not.

    The columns of numbers are pixels if there are as many as a square picture has values in gray or
    color, and their names differ in numbers alone (pixel0, 1x1, red3). A label may stand beside
    them: the column that is named so, or else the first or last one, whichever has more than one
    value but fewer.
    """
    for name, cells in zip(table.names, table.columns, strict=True):
        if cells and len(cells[0]) > _SMALLEST and all(_count(cell) for cell in cells[:5]):
            others = tuple([each for each in table.names if each != name])
            return PixelColumns((name,), others, _count(cells[0]))
    if len(table.names) < _SMALLEST:
        return None
    numeric = [
        name
        for name, cells in zip(table.names, table.columns, strict=True)
        if all(map(text.is_number, cells[:20]))
    ]
    named = [
        name
        for name in table.names
        if name in labels
        or (
            text.words(name) & (text.LABEL_WORDS | {"id", "imageid", "image id"})
            and not text.is_number(name)
        )
    ]
    pixels = [name for name in numeric if name not in named]
    if not _side(len(pixels)) and _side(len(pixels) - 1):
        distinct = {end: len(set(table.column(end))) for end in (pixels[0], pixels[-1])}
        taken = [end for end, count in distinct.items() if count > 1] or [pixels[0]]
        pixels.remove(min(taken, key=lambda end: distinct[end]))
    if not _side(len(pixels)) or not _numbered(pixels):
        return None
    chosen = frozenset(pixels)
    others = tuple([name for name in table.names if name not in chosen])
    return PixelColumns(tuple(pixels), others, len(pixels))


def read_pixels(files: Files, head: Table, columns: PixelColumns) -> tuple[Array, Table]:
    """Return the pictures of a table, (n, height, width, channels), and its other columns.

    Whole numbers from 0 to 255 become uint8, others float32.

    Parameters
    ----------
    files
        Where the table is.
    head
        Its beginning.
    columns
        Where its pixels are.

    Raises
    ------
    DesignerError
        It is damaged, or does not fit into memory.
    """
    where = files.where(head.name)
    check_promise(where, files.size(head.name))
    whole = text.decoded(files.read(head.name), where)
    if len(columns.names) == 1:
        return _from_cells(where, head, whole, columns)
    skip = int(text.has_header(text.parsed(whole[: 2**16].splitlines()[:2], head.delimiter)))
    places = {name: place for place, name in enumerate(head.names)}
    try:
        values = _loaded(whole, head.delimiter, skip, [places[name] for name in columns.names])
        others = (
            np.loadtxt(
                io.StringIO(whole),
                dtype=str,
                delimiter=head.delimiter,
                skiprows=skip,
                usecols=[places[name] for name in columns.others],
                comments=None,
                quotechar='"',
                ndmin=2,
            )
            if columns.others
            else np.empty((len(values), 0), str)
        )
    except ValueError as error:
        raise DesignerError(
            f"{where} has a row that is no row of pixels ({error}): give each row a label and "
            f"{columns.values:,} numbers."
        ) from error
    cells = tuple([str(cell).strip() for cell in column] for column in others.T)
    return _pictures(where, values), Table(head.name, columns.others, cells, head.delimiter)


def _loaded(whole: str, delimiter: str, skip: int, places: list[int]) -> Array:
    for dtype in (np.int16, np.float32):
        try:
            return np.loadtxt(
                io.StringIO(whole),
                dtype=dtype,
                delimiter=delimiter,
                skiprows=skip,
                usecols=places,
                comments=None,
                quotechar='"',
                ndmin=2,
            )
        except ValueError:
            if dtype is np.float32:
                raise
    raise AssertionError("the last type either reads or raises")


def _from_cells(where: str, head: Table, whole: str, columns: PixelColumns) -> tuple[Array, Table]:
    from designer.data.tables.rows import table_of

    table = table_of(where, head.name, whole)
    (name,) = columns.names
    rows = []
    for number, cell in enumerate(table.column(name), 1):
        row = np.fromstring(cell, np.float32, sep=" ")
        if len(row) != columns.values:
            raise DesignerError(
                f"Row {number} of {where} has {len(row):,} pixels, but the first row has "
                f"{columns.values:,}: correct or remove it."
            )
        rows.append(row)
    others = tuple([table.column(each) for each in columns.others])
    return _pictures(where, np.stack(rows)), Table(
        head.name, columns.others, others, head.delimiter
    )


def _pictures(where: str, values: Array) -> Array:
    """Return rows of values as (n, height, width, channels).

    Colors stand either pixel by pixel or as three planes one after the other: whichever makes
    neighboring pixels more alike.
    """
    if not np.isfinite(values).all():
        raise DesignerError(f"{where} has pixels that are no finite numbers: correct those rows.")
    if values.min() >= 0 and values.max() <= 255 and not (values % 1).any():
        values = values.astype(np.uint8)
    else:
        values = values.astype(np.float32)
    side = _side(values.shape[1])
    if side * side == values.shape[1]:
        return values.reshape(-1, side, side, 1)
    by_pixel = values.reshape(-1, side, side, 3)
    planes = np.ascontiguousarray(values.reshape(-1, 3, side, side).transpose(0, 2, 3, 1))

    def roughness(pictures: Array) -> float:
        some = pictures[:_COMPARED].astype(np.float32)
        return float(np.abs(np.diff(some, axis=2)).mean())

    return planes if roughness(planes) <= roughness(by_pixel) else by_pixel


def _numbered(names: Sequence[str]) -> bool:
    """Tell whether names are as of places in a picture, rather than of quantities."""
    return len({re.sub(r"\d+", "", name) for name in names}) <= _COLORS


def _count(cell: str) -> int:
    """Return the number of pixels that a cell holds, 0 if it holds none."""
    pieces = cell.split()
    return len(pieces) if _side(len(pieces)) and all(map(text.is_number, pieces)) else 0


def _side(values: int) -> int:
    """Return the side of a square picture in gray or color with so many values, 0 if none has."""
    if values < _SMALLEST:
        return 0
    for channels in (1, 3):
        side = math.isqrt(values // channels)
        if side * side * channels == values:
            return side
    return 0
