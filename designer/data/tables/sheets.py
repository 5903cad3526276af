"""The tables of a folder or archive: which part each is for, and which have labels."""

import re
from dataclasses import dataclass, replace

from designer.data.files import Files, shown
from designer.data.findings import Choice, Finding, LeftOut
from designer.data.options import ReadOptions
from designer.data.part_names import part_of
from designer.data.source import Source
from designer.data.tables.guesses import Guesses, guess
from designer.data.tables.pixels import PixelColumns, pixel_columns
from designer.data.tables.places import Places, places
from designer.data.tables.rows import Table, is_table, read_table
from designer.errors import DesignerError

_DEEPEST = 2  # folders in which a table may lie
_MOST = 50  # tables that are looked into
_ENOUGH = 0.5  # share of pictures found that shows where they are


@dataclass(frozen=True, eq=False)
class Sheet:
    """The beginning of a table among others.

    Attributes
    ----------
    head
        Its first rows.
    part
        The part that its name or folder names; "" if none.
    pixels
        Where it holds pixels; None if it does not.
    """

    head: Table
    part: str
    pixels: PixelColumns | None

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.head.name


@dataclass(frozen=True, eq=False)
class Sheets:
    """The tables of a source.

    Attributes
    ----------
    main
        The one whose columns tell what is trained: of the training part, or undivided.
    others
        The remaining ones.
    pictures
        Where the pictures are.
    guesses
        What the columns of the first rows of `main` are.
    left_out
        Tables that cannot be used.
    rivals
        Those of `others` with labels of their own for the pictures of `main`.
    findings
        The question which of them is meant.
    """

    main: Sheet
    others: tuple[Sheet, ...]
    pictures: Places
    guesses: Guesses
    left_out: tuple[LeftOut, ...] = ()
    rivals: tuple[Sheet, ...] = ()
    findings: tuple[Finding, ...] = ()


def table_names(source: Source) -> list[str]:
    """Return the names of a source's tables: the chosen file, or those not too deep in folders."""
    if source.chosen:
        return [source.chosen]
    names = [name for name in source.files.names if name.count("/") <= _DEEPEST and is_table(name)]
    return names[:_MOST]


def part_of_table(name: str) -> str:
    """Return the part that a table's name or its folders name, the nearest first; "" if none."""
    *folders, file = name.split("/")
    stem = file[: file.rfind(".")]
    pieces = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", stem).lower())
    for piece in (stem, *pieces, *folders[::-1]):
        if part := part_of(piece):
            return part
    return ""


def open_sheets(source: Source, options: ReadOptions) -> Sheets:
    """Return the tables of a source and what they say about pictures and labels.

    Raises
    ------
    DesignerError
        There is no table with rows.
    """
    sheets: list[Sheet] = []
    left_out: list[LeftOut] = []
    names = table_names(source)
    for name in names:
        if re.search("submission", name, re.IGNORECASE) and not source.chosen:
            left_out.append(LeftOut(name, "is a form for predictions, as its name says"))
            continue
        try:
            head = read_table(source.files, name, head=True)
        except DesignerError as error:
            if len(names) == 1:
                raise
            left_out.append(LeftOut(name, f"cannot be read: {error}"))
            continue
        chosen = options.file_column or options.input_columns or options.columns
        pixels = None if chosen else pixel_columns(head, options.label_columns)
        sheets.append(Sheet(head, "" if source.chosen else part_of_table(name), pixels))
    if not sheets:
        raise DesignerError(
            f"{source.path} holds no table with rows: give one with a row for each picture."
        )
    tables = [each for each in sheets if each.name == options.table] or sheets
    best: Sheets | None = None
    for where in places(source):
        for sheet in sorted(tables, key=_rank):
            others = tuple([each for each in sheets if each is not sheet])
            found = Sheets(sheet, others, where, _guess(sheet, where, options), tuple(left_out))
            if best is None or _merit(found) > _merit(best):
                best = found
        assert best is not None
        if best.main.pixels or best.guesses.found >= _ENOUGH:
            break
    assert best is not None
    return _with_rivals(best, source, options)


def _with_rivals(sheets: Sheets, source: Source, options: ReadOptions) -> Sheets:
    """Return tables with those that could be trained from instead of the main one, and ask."""
    main = sheets.main
    rivals = [each for each in sheets.others if _rivals(each, sheets, options)]
    if not rivals or options.table:
        return replace(sheets, rivals=tuple(rivals))
    tables = [main, *rivals]
    question = Finding(
        code="several-tables",
        sentence=(
            f"Several tables of {source.name} have labels for the same pictures "
            f"({', '.join(shown(each.name) for each in tables)}): choose which is meant "
            f"(data.table). Until then {shown(main.name)} is shown."
        ),
        kind="question",
        choices=tuple(
            Choice(label=f"Labels are in {shown(each.name)}", settings={"data.table": each.name})
            for each in tables
        ),
    )
    return replace(sheets, rivals=tuple(rivals), findings=(question,))


def _rivals(sheet: Sheet, sheets: Sheets, options: ReadOptions) -> bool:
    """Tell whether a table labels pictures of the main one, rather than further pictures."""
    main = sheets.main
    if sheet.part != main.part or sheet.pixels or main.pixels:
        return False
    free = replace(options, file_column="", label_columns=(), part_column="")
    own = guess(sheet.head, sheets.pictures, free)
    if not own.labels or own.found < _ENOUGH or not sheets.guesses.file:
        return False

    def pictures(table: Table, column: str) -> set[str]:
        return {sheets.pictures.find(cell, table) for cell in table.column(column)} - {""}

    return bool(pictures(main.head, sheets.guesses.file) & pictures(sheet.head, own.file))


def without_pixels(table: Table, pixels: PixelColumns | None) -> Table:
    """Return the columns of a table that hold no pixels."""
    if pixels is None:
        return table
    columns = tuple([table.column(name) for name in pixels.others])
    return replace(table, names=pixels.others, columns=columns)


def has_columns(files: Files, table: Table, names: tuple[str, ...]) -> bool:
    """Tell whether a table has all columns of some names, with something in each."""
    return all(name in table.names and any(table.column(name)) for name in names)


def _guess(sheet: Sheet, where: Places, options: ReadOptions) -> Guesses:
    try:
        return guess(without_pixels(sheet.head, sheet.pixels), where, options)
    except DesignerError:
        if sheet.part in ("", "train"):
            raise
        return Guesses()


def _merit(found: Sheets) -> tuple[bool, bool]:
    """Return how well a table serves to train from: it has labels, and its pictures are there."""
    located = found.main.pixels is not None or found.guesses.found >= _ENOUGH
    return bool(found.guesses.labels) and located, located


def _rank(sheet: Sheet) -> tuple[bool, bool]:
    return sheet.part != "train", sheet.part != ""
