"""Reading a table: CSV and its relatives, and JSON lines, into columns of text."""

import csv
import io
import json
import math
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import psutil

from designer.data.files import Files
from designer.data.findings import LeftOut
from designer.data.tables import text
from designer.errors import DesignerError

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
HEAD = 2**16  # bytes that tell what kind of table it is
FEW_VALUES = 20
"""Whole numbers with at most so many different values are classes."""
_FEW_LINES = 3
_MEMORY = 12  # times the size of its file that the cells of a table take at most
_SHARE = 0.5  # of the free memory
_RAGGED = 0.1  # share of rows of another length from which a table is refused
_LONGEST = 2**24  # characters of a cell


@dataclass(frozen=True, eq=False)
class Table:
    """A table of text.

    Attributes
    ----------
    name
        Of its file, among the files of the data set.
    names
        Of its columns, each different.
    columns
        The cells of each column from top to bottom, without spaces around them.
    strays
        Cells of each column as they are written, where they have spaces around them, by their rows.
    delimiter
        What stands between its cells; "" for JSON lines.
    left_out
        Rows that cannot be read.
    """

    name: str
    names: tuple[str, ...]
    columns: tuple[list[str], ...]
    delimiter: str = ","
    left_out: tuple[LeftOut, ...] = field(default=())
    strays: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def column(self, name: str) -> list[str]:
        """Return the cells of a column."""
        return self.columns[self.names.index(name)]

    def written(self, name: str) -> list[str]:
        """Return the cells of a column with the spaces around them."""
        cells = list(self.column(name))
        for row, cell in self.strays.get(name, {}).items():
            cells[row] = cell
        return cells

    @property
    def stem(self) -> str:
        """The name of its file without folder and ending."""
        return posixpath.splitext(posixpath.basename(self.name))[0]

    @property
    def folder(self) -> str:
        """The folder of its file with a slash; "" for the topmost."""
        folder = posixpath.dirname(self.name)
        return f"{folder}/" if folder else ""


def is_table(name: str) -> bool:
    """Tell whether a file is a table, by its ending."""
    return name.lower().endswith(SUFFIXES)


def read_table(files: Files, name: str, *, head: bool = False) -> Table:
    """Read a table, or only its first rows.

    Parameters
    ----------
    files, name
        Where it is.
    head
        Whether the rows of its first 64 KiB are enough.

    Raises
    ------
    DesignerError
        It cannot be read, is no table of text, has no rows, or does not fit into memory.
    """
    where = files.where(name)
    if not head:
        _check_size(where, files.size(name))
    content = files.read(name, HEAD) if head else files.read(name)
    cut = head and len(content) == HEAD
    if cut:
        end = content.rfind(b"\n") + 1  # not within a letter of several bytes
        content = content[: end + end % 2] if end > 1 else content
    if cut and content.count(b"\n") < _FEW_LINES:  # so long that there is hardly a whole row
        return read_table(files, name)
    return table_of(where, name, text.decoded(content, where), quick=head)


def table_of(where: str, name: str, whole: str, *, quick: bool = False) -> Table:
    """Return the table that is written in a text.

    Parameters
    ----------
    where, name
        How sentences and the data set name its file.
    whole
        The text.
    quick
        Whether it is only the beginning of a table, so that faults are said later.

    Raises
    ------
    DesignerError
        It is no table, or has no rows.
    """
    if name.lower().endswith((".jsonl", ".ndjson")):
        table = _json_lines(where, name, whole)
    else:
        table = _cells(where, name, whole, quick=quick)
    if not len(table):
        if table.left_out:
            first = table.left_out[0]
            raise DesignerError(
                f"{where} has no row that can be read: {first.file} {first.reason}. Close quotes "
                "that are open, and put cells that hold a comma into quotes."
            )
        raise DesignerError(f"{where} has no rows: add a row for each example.")
    return table


def _cells(where: str, name: str, whole: str, *, quick: bool) -> Table:
    lines = io.StringIO(whole, newline="")
    first = list(islice(lines, text.SNIFFED))
    delimiter = text.delimiter_of(first)
    sample = text.parsed(first, delimiter)
    lines.seek(0)
    header = text.has_header(sample)
    width = len(sample[0]) if sample else 0
    columns: tuple[list[str], ...] = tuple([] for _ in range(width))
    strays: tuple[dict[int, str], ...] = tuple({} for _ in range(width))
    left_out: list[LeftOut] = []
    repeated: list[LeftOut] = []
    spaced = sum(f"{delimiter} " in line for line in first) > len(first) / 2
    rows = _rows(where, lines, delimiter, spaced=spaced, quick=quick)
    if header:
        next(rows, None)
    for number, row in rows:
        if header and row == sample[0]:
            repeated.append(LeftOut(f"line {number} of {name}", "repeats the names of the columns"))
            continue
        if len(row) != width:
            while len(row) > width and not row[-1].strip():
                row.pop()
            if len(row) != width:
                reason = f"has {len(row)} cells, where the first row has {width}"
                left_out.append(LeftOut(f"line {number} of {name}", reason))
                continue
        for place, (cells, cell) in enumerate(zip(columns, row, strict=True)):
            plain = cell.strip()
            if plain != cell:
                strays[place][len(cells)] = cell
            cells.append(plain)
    rows_read = len(columns[0]) if columns else 0
    if not quick and whole.count('"') % 2 and any("\n" in cells[-1] for cells in columns if cells):
        raise DesignerError(
            f"{where} has a quote that is not closed, so that its last rows are read as one: close "
            "it, or save the table again."
        )
    if len(left_out) > _RAGGED * (rows_read + len(left_out)) and not quick:
        raise DesignerError(
            f"{where} has rows of different lengths: {left_out[0].file} {left_out[0].reason}. "
            "Put cells that hold a comma, or what else stands between cells, into quotes."
        )
    names = text.column_names(sample[0] if header else [""] * width)
    written = dict(zip(names, strays, strict=True))
    return Table(name, names, columns, delimiter, (*left_out, *repeated), written)


def _rows(
    where: str, lines: Iterable[str], delimiter: str, *, spaced: bool, quick: bool
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the number of its last line from 1.

    Where `spaced`, a space follows each delimiter and is no part of the cells.
    """
    before = csv.field_size_limit(_LONGEST)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=spaced)
    try:
        for row in reader:
            if any(cell and not cell.isspace() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        if not quick:
            raise DesignerError(
                f"Line {reader.line_num} of {where} cannot be read ({error}): close its quotes, or "
                "save the table again."
            ) from error
    finally:
        csv.field_size_limit(before)


def _json_lines(where: str, name: str, whole: str) -> Table:
    rows: list[dict[str, object]] = []
    for number, line in enumerate(whole.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DesignerError(
                f"Line {number} of {where} is no JSON ({error}): write one object a line, such as "
                '{"file": "a.png", "label": "cat"}.'
            ) from error
        if not isinstance(row, dict):
            raise DesignerError(
                f"Line {number} of {where} is no JSON object: write one object a line, such as "
                '{"file": "a.png", "label": "cat"}.'
            )
        rows.append(row)
    columns: dict[str, list[str]] = {}
    for key in dict.fromkeys(key for row in rows for key in row):
        values = [row.get(key) for row in rows]
        if vectors := _vectors(values):
            for place, numbers in enumerate(zip(*vectors, strict=True), 1):
                columns[f"{key} {place}"] = [cell_of(number) for number in numbers]
        else:
            columns[key] = [cell_of(value) for value in values]
    return Table(name, tuple(columns), tuple(columns.values()), "")


def _vectors(values: Sequence[object]) -> list[list[float]] | None:
    """Return lists of numbers to predict, or of 0 and 1 for each label; None if they are others.

    Lists of whole numbers may be class numbers: they are numbers to predict if there are many.
    """
    vectors = [value for value in values if isinstance(value, list)]
    if not vectors or len(vectors) < len(values) or len(vectors[0]) < 2:
        return None
    flat = [number for vector in vectors for number in vector]
    if any(len(vector) != len(vectors[0]) for vector in vectors):
        return None
    if not all(isinstance(number, int | float) for number in flat):
        return None
    different = set(flat)
    fractions = any(number != int(number) for number in different if math.isfinite(number))
    if different <= {0, 1} or fractions or len(different) > FEW_VALUES:
        return vectors
    return None


def cell_of(value: object) -> str:
    """Return the text of a JSON value; lists stay JSON, as several labels."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _check_size(where: str, size: int) -> None:
    free = int(_SHARE * psutil.virtual_memory().available)
    if _MEMORY * size > free:
        raise DesignerError(
            f"{where} has {size:,} bytes, which as a table take up to {_MEMORY * size:,} bytes of "
            f"memory, but only {free:,} are free for it: remove columns that are not needed, or "
            "close other programs."
        )
