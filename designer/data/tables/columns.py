"""What a dialog shows of a table before it is read: its columns, first rows and guesses."""

from dataclasses import dataclass
from pathlib import Path

from designer.data.options import ReadOptions
from designer.data.source import source_of
from designer.data.tables.guesses import Guesses, guess
from designer.data.tables.rows import read_table
from designer.data.tables.sheets import open_sheets, without_pixels

_SAMPLES = 20


@dataclass(frozen=True)
class TableInfo:
    """The columns of a table and what they are taken for.

    Attributes
    ----------
    file
        The name of the table's file.
    names
        Of the columns; of a table of pixels, without those of the pixels.
    samples
        The first 20 rows.
    distinct
        The number of different values of each column.
    rows
        The number of rows.
    guesses
        What the columns are taken for, by the options and by what is in them.
    pixels
        The number of values of a picture in a table that holds the pixels, else 0.
    """

    file: str
    names: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]
    distinct: tuple[int, ...]
    rows: int
    guesses: Guesses
    pixels: int = 0


def table_info(path: Path, options: ReadOptions | None = None) -> TableInfo | None:
    """Return the columns of the table at a path, or of the training part's in a folder or archive.

    Returns None where no table is.

    Raises
    ------
    DesignerError
        The table cannot be read, or the options name a column that it does not have.
    OSError
        The path cannot be read.
    """
    options = options or ReadOptions()
    source = source_of(path)
    from designer.data.formats.tables import FORMAT
    from designer.data.tables.values import holds_values, value_guesses

    if not FORMAT.recognizes(source):
        return None
    sheets = open_sheets(source, options)
    pixels = sheets.main.pixels
    table = (
        read_table(source.files, sheets.main.name)
        if pixels is None
        else without_pixels(sheets.main.head, pixels)
    )
    return TableInfo(
        file=table.name,
        names=table.names,
        samples=tuple(zip(*(cells[:_SAMPLES] for cells in table.columns), strict=True)),
        distinct=tuple(len(set(cells)) for cells in table.columns),
        rows=len(table),
        guesses=(
            value_guesses(table, options)
            if holds_values(sheets)
            else guess(table, sheets.pictures, options)
        ),
        pixels=0 if pixels is None else pixels.values,
    )
