"""Examples that a network is asked about and that have no target: rows of a table, or arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from designer.data.columns import Shape
from designer.data.files import unreadable
from designer.data.formats import npz
from designer.data.named_inputs import Wanted
from designer.data.pictures import Array
from designer.data.tables.cells import is_empty, numbers
from designer.data.tables.rows import SUFFIXES, table_of
from designer.data.tables.text import decoded
from designer.errors import DesignerError
from designer.recipe.columns import ValueColumn

ARRAYS = ".npz"
ENDINGS = (*SUFFIXES, ARRAYS)
"""The endings of files that hold several examples."""

_LISTED = 5  # names that a sentence lists


@dataclass(frozen=True)
class GivenInput(Wanted):
    """An input of a network, as it was trained.

    Attributes
    ----------
    bytes
        Whether the values are from 0 to 255.
    columns
        The columns of a table that the values are from; none for arrays.
    tokens
        The whole numbers that the network knows are below this one; 0 where they have no limit.
    """

    bytes: bool = False
    columns: tuple[ValueColumn, ...] = ()
    tokens: int = 0


@dataclass(frozen=True, eq=False)
class Given:
    """Examples.

    Attributes
    ----------
    inputs
        The values of each input, (n, ...).
    faults
        Why an example cannot be used, by its number.
    """

    inputs: Mapping[str, Array]
    faults: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))


def holds_examples(path: Path) -> bool:
    """Tell whether a file may hold several examples, by its ending."""
    return path.name.lower().endswith(ENDINGS)


def given_in(path: Path, inputs: Sequence[GivenInput]) -> Given:
    """Return the examples in a file.

    Parameters
    ----------
    path
        A table with a row for each example, whose columns are found by their names, or an archive
        of arrays, which are found by the names of the inputs.
    inputs
        Of the network.

    Raises
    ------
    DesignerError
        The file cannot be read, or does not have what the network takes.
    """
    columns = inputs[0].columns if len(inputs) == 1 else ()
    wanted = "a table (.csv, .tsv or .jsonl)" if columns else f"arrays ({ARRAYS})"
    is_table = path.name.lower().endswith(SUFFIXES)
    if (not columns and is_table) or not holds_examples(path):
        raise DesignerError(
            f"The network takes {_described(inputs)}, which {path} cannot hold: give {wanted}."
        )
    try:
        if not is_table:
            with path.open("rb") as file, npz.opened(file, str(path)) as arrays:
                names = arrays.names
                read = {name: arrays.read(name) for name in _matched(path, names, inputs)}
            return _of_arrays(path, read, inputs)
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(str(path), error) from error
    return _of_table(path, content, inputs[0].name, columns)


def given_cells(cells: Sequence[str], given: GivenInput) -> Given:
    """Return the only example of some cells, in the order of an input's columns."""
    faults: dict[int, str] = {}
    texts = [[cell.strip()] for cell in cells]
    values = _values(texts, given.columns, lambda _: "", faults)
    return Given({given.name: values}, faults)


# Tables


def _of_table(path: Path, content: bytes, name: str, columns: Sequence[ValueColumn]) -> Given:
    table = table_of(str(path), path.name, decoded(content, str(path)))
    if table.left_out:
        first = table.left_out[0]
        raise DesignerError(f"{first.file[0].upper()}{first.file[1:]} {first.reason}: correct it.")
    missing = [each.name for each in columns if each.name not in table.names]
    if missing:
        raise DesignerError(
            f"{path} has no column {_listed(missing)}, which the network was trained with: it has "
            f"{_listed(table.names)}. Name the columns in its first row."
        )
    faults: dict[int, str] = {}
    cells = [table.column(each.name) for each in columns]
    values = _values(cells, columns, lambda row: f"Row {row + 1:,} of {path.name}: ", faults)
    return Given({name: values}, faults)


def _values(
    cells: Sequence[Sequence[str]],
    columns: Sequence[ValueColumn],
    where: Callable[[int], str],
    faults: dict[int, str],
) -> Array:
    """Return the values of cells by columns, float32 (n, values), and tell the first faults."""
    pieces = []
    for column, texts in zip(columns, cells, strict=True):
        place = {category: number for number, category in enumerate(column.categories)}
        piece = np.zeros((len(texts), column.width), np.float32)
        all_numbers = None if place else numbers(texts)  # which agree on the decimal sign
        for row, cell in enumerate(texts):
            fault = ""
            if is_empty(cell):
                fault = f"{column.name} is empty: fill it in."
            elif place:
                if cell in place:
                    piece[row, place[cell]] = 1
                else:
                    fault = (
                        f'{column.name} is "{cell[:40]}", which the network was not trained with: '
                        f"it knows {_listed(column.categories)}."
                    )
            else:
                found = all_numbers[row] if all_numbers else (numbers([cell]) or [np.nan])[0]
                with np.errstate(over="ignore"):
                    piece[row, 0] = np.float64(found)
                if not np.isfinite(piece[row, 0]):
                    fault = f'{column.name} is "{cell[:40]}", where the network takes a number.'
            if fault:
                faults.setdefault(row, f"{where(row)}{fault}")
        pieces.append(piece)
    return np.concatenate(pieces, axis=1)


# Arrays


def _matched(path: Path, names: Sequence[str], inputs: Sequence[GivenInput]) -> list[str]:
    """Return the names of the arrays that may be the inputs, in no order."""
    if len(inputs) == 1 and inputs[0].name not in names:
        return list(names)
    missing = [each.name for each in inputs if each.name not in names]
    if missing:
        have = f"it has {_listed(names)}" if names else "it has none"
        raise DesignerError(
            f"{path} has no array {_listed(missing)}, which the network takes: {have}."
        )
    return [each.name for each in inputs]


def _of_arrays(path: Path, arrays: Mapping[str, Array], inputs: Sequence[GivenInput]) -> Given:
    found: dict[str, Array] = {}
    for each in inputs:
        key = each.name if each.name in arrays else _only_fitting(path, arrays, each)
        found[each.name] = _as_taken(path, key, arrays[key], each)
    counts = {name: len(values) for name, values in found.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} has {count:,}" for name, count in counts.items())
        raise DesignerError(
            f"The arrays of {path} have different numbers of examples ({listed}): give as many of "
            "each."
        )
    faults = {
        int(row): f"Example {row + 1:,} of {path.name}: {name} has values that are no numbers."
        for name, values in found.items()
        for row in np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    }
    return Given(found, faults)


def _only_fitting(path: Path, arrays: Mapping[str, Array], wanted: GivenInput) -> str:
    """Return the name of the only array whose examples have the shape of the only input."""
    fitting = [
        name for name, values in arrays.items() if _examples(values, wanted.shape) is not None
    ]
    if len(fitting) == 1:
        return fitting[0]
    have = ", ".join(f"{name} ({_shown(values.shape)})" for name, values in arrays.items())
    which = "none of its arrays has" if not fitting else f"{' and '.join(fitting)} have"
    raise DesignerError(
        f"{path} has no array {wanted.name}, and {which} examples of {_shown(wanted.shape)} "
        f"values, which the network takes; it has {have or 'none'}: call one {wanted.name}."
    )


def _as_taken(path: Path, key: str, values: Array, wanted: GivenInput) -> Array:
    """Return an array as the examples of an input, in the type that is stored for training."""
    examples = _examples(values, wanted.shape)
    if examples is None or not len(examples):
        raise DesignerError(
            f"The array {key} of {path} is {_shown(values.shape)}, but the network takes examples "
            f"of {_shown(wanted.shape)} values: give (examples, "
            f"{', '.join(map(str, wanted.shape))})."
        )
    if examples.dtype.kind not in "biuf":
        raise DesignerError(f"The array {key} of {path} holds no numbers: save it as such.")
    if not (wanted.integer or wanted.bytes):
        with np.errstate(over="ignore"):
            return examples.astype(np.float32)
    limit = 256 if wanted.bytes else wanted.tokens
    good = np.isfinite(examples).all() and (examples == np.floor(examples)).all()
    if not good or examples.min() < 0 or (limit and examples.max() >= limit):
        most = f"from 0 to {limit - 1:,}" if limit else "from 0 on"
        raise DesignerError(
            f"The array {key} of {path} has other values than whole numbers {most}, which the "
            "network was trained with: give these."
        )
    return examples.astype(np.uint8 if wanted.bytes else np.int64)


def _examples(values: Array, shape: Shape) -> Array | None:
    """Return an array as (n, *shape), if that is only another way to write it."""
    own = values.shape[1:]
    if own == shape and values.ndim:
        return values
    if values.shape == shape:
        return values[None]
    if len(own) == 3 and (own[2], *own[:2]) == shape:  # pictures with their channels last
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2))
    if values.ndim and [side for side in own if side > 1] == [side for side in shape if side > 1]:
        return values.reshape(-1, *shape)
    return None


def _described(inputs: Sequence[GivenInput]) -> str:
    return " and ".join(f"{each.name} ({_shown(each.shape)})" for each in inputs)


def _shown(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "one number"


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {rest:,} more" if rest > 0 else "")
