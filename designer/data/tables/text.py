"""The text of a table: its encoding, what stands between its cells, and whether it has a header."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress

from designer.data.pictures import SUFFIXES
from designer.errors import DesignerError

DELIMITERS = ("\t", ";", ",", "|")
SNIFFED = 60  # rows that tell the delimiter and the header

FILE_WORDS = frozenset(
    {"file", "files", "filename", "filenames", "filepath", "path", "paths", "image", "images"}
    | {"imageid", "img", "picture", "pictures", "photo", "id", "name"}
)
LABEL_WORDS = frozenset(
    {"label", "labels", "class", "classes", "classname", "category", "categories", "target"}
    | {"targets", "tag", "tags", "diagnosis", "species", "breed", "emotion"}
)
TARGET_WORDS = LABEL_WORDS | {"y", "outcome", "survived", "same", "response"}
"""Words of columns and arrays of what is predicted of other values."""

PART_WORDS = frozenset(
    {"split", "part", "set", "subset", "fold", "usage", "partition", "dataset", "phase"}
)


def decoded(content: bytes, where: str) -> str:
    """Return the text of a file in UTF-8 or UTF-16, or in Windows' Latin-1 where it is neither.

    Parameters
    ----------
    content
        The bytes of the file.
    where
        How a sentence names the file.

    Raises
    ------
    DesignerError
        It is no text.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content[:200].count(0) >= len(content[:200]) // 3 > 0:
        encoding = "utf-16-be" if content[0] == 0 else "utf-16-le"
    else:
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise DesignerError(
            f"{where} holds bytes that are no text: save it again as a table of text (CSV, UTF-8)."
        )
    return text


def delimiter_of(lines: Sequence[str]) -> str:
    """Return what stands between the cells of a table: a tab, semicolon, comma or bar.

    It is the one that divides most rows into equally many cells; where two do, the one that leaves
    the names of pictures whole; a comma for a table with one column.
    """
    best, best_score = ",", (0.0, 0, 0)
    for delimiter in DELIMITERS:
        rows = parsed(lines, delimiter)
        if not rows:
            continue
        width, times = Counter(len(row) for row in rows).most_common(1)[0]
        if width < 2:
            continue
        names = sum(_is_picture_name(cell) for row in rows for cell in row)
        score = (times / len(rows), names, width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def parsed(lines: Iterable[str], delimiter: str) -> list[list[str]]:
    """Return the cells of rows that are not empty; those before the first fault of quoting."""
    rows: list[list[str]] = []
    with suppress(csv.Error):  # said when the whole table is read
        rows.extend(
            row
            for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
            if any(cell.strip() for cell in row)
        )
    return rows


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row names the columns.

    It does if it has one of the usual names. It does not if a cell of it is a number or the name of
    a picture, or occurs again in its column.
    """
    if not rows:
        return False
    first, rest = rows[0], rows[1:SNIFFED]
    known = FILE_WORDS | LABEL_WORDS | PART_WORDS
    if not any(map(_is_picture_name, first)) and any(
        words(cell) & known and not re.search(r"\d", cell) for cell in first
    ):
        return True
    if any(is_number(cell) or _is_picture_name(cell) for cell in first):
        return False
    return not any(
        cell.strip() and cell == row[place]
        for row in rest
        for place, cell in enumerate(first[: len(row)])
    )


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return distinct, non-empty names of columns from the cells of a header."""
    names: list[str] = []
    taken: set[str] = set()
    for place, cell in enumerate(header, 1):
        plain = cell.strip() or f"column {place}"
        name, count = plain, 1
        while name in taken:
            count += 1
            name = f"{plain} ({count})"
        names.append(name)
        taken.add(name)
    return tuple(names)


def words(name: str) -> frozenset[str]:
    """Return the words of a column's name in lower case, as of "Finding Labels" or "ImageId"."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return frozenset(re.findall(r"[a-z]+", spaced.lower())) | {name.strip().lower()}


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number with a decimal point, if any."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def _is_picture_name(cell: str) -> bool:
    dot = cell.rfind(".")
    return dot > 0 and cell[dot:].strip().lower() in SUFFIXES
