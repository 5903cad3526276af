"""What the columns of an Arrow table are: pictures, named classes, or values as of other tables."""

import json
from dataclasses import dataclass
from typing import Any

from designer.data.tables.rows import Table

_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*", b"P5", b"P6")


@dataclass(frozen=True, eq=False)
class ArrowColumns:
    """The columns of an Arrow table.

    Attributes
    ----------
    pictures
        The columns of encoded pictures.
    classes
        The names of classes by the column of their numbers, as the table's features state them.
    cells
        All columns that are neither pictures nor bytes, as text: lists as JSON, class numbers as
        their names, missing values and class -1 as "".
    """

    pictures: tuple[str, ...]
    classes: dict[str, tuple[str, ...]]
    cells: Table


def arrow_columns(table: Any, name: str) -> ArrowColumns:
    """Return what the columns of an Arrow table are.

    Parameters
    ----------
    table
        A `pyarrow.Table`.
    name
        How sentences name it.
    """
    classes = _class_names(table)
    pictures: list[str] = []
    cells: dict[str, list[str]] = {}
    for column in table.column_names:
        values = table.column(column)
        kind = str(values.type)
        if kind.startswith("struct<") or "binary" in kind:
            if _holds_pictures(values):
                pictures.append(column)
        else:
            names = classes.get(column)
            cells[column] = [_cell(value, names) for value in values.to_pylist()]
    alone = {
        column: names
        for column, names in classes.items()
        if column in cells and "list" not in str(table.column(column).type)
    }
    return ArrowColumns(
        tuple(pictures), alone, Table(name, tuple(cells), tuple(cells.values()), "")
    )


def _class_names(table: Any) -> dict[str, tuple[str, ...]]:
    """Return the names of classes in the features that Hugging Face writes into a table's head."""
    head = (table.schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        features = json.loads(head)["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for column, feature in features.items():
        inner = feature.get("feature", feature) if isinstance(feature, dict) else feature
        if isinstance(inner, dict) and inner.get("_type") == "ClassLabel":
            found[column] = tuple(map(str, inner.get("names") or ()))
    return {column: names for column, names in found.items() if names}


def _holds_pictures(values: Any) -> bool:
    """Tell whether the first value there is begins as an encoded picture does."""
    for scalar in values[:100]:
        value = scalar.as_py()
        if isinstance(value, dict):
            value = value.get("bytes")
        if isinstance(value, bytes):
            return value.startswith(_MAGIC)
    return False


def _cell(value: Any, names: tuple[str, ...] | None) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return json.dumps([_cell(each, names) for each in value], ensure_ascii=False)
    if names is not None and isinstance(value, int):
        return names[value] if 0 <= value < len(names) else ""
    if isinstance(value, bool):
        return str(int(value))
    return str(value).strip()
