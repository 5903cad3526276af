"""From the cells of label columns to targets: classes, several labels, or numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from designer.data.files import natural
from designer.data.findings import Finding
from designer.data.options import ReadOptions
from designer.data.pictures import Array
from designer.data.spellings import one_spelling
from designer.data.tables.cells import is_empty, is_true, numbers, profile, tokens
from designer.data.tables.guesses import Guesses
from designer.data.tables.text import is_number
from designer.data.targets import Kind, Target
from designer.errors import DesignerError

_MOST_LABELS = 10_000


@dataclass(frozen=True, eq=False)
class Labelled:
    """The targets of the rows of a table.

    Attributes
    ----------
    target
        What is predicted.
    values
        One for each row; see `Target`. Those of rows without a label have no meaning.
    used
        Whether each row has a label, bool (n,).
    findings
        What is said about the labels.
    """

    target: Target
    values: Array
    used: Array
    findings: tuple[Finding, ...] = ()


def labelled(
    columns: Mapping[str, list[str]], guesses: Guesses, options: ReadOptions, name: str
) -> Labelled:
    """Return the targets that columns of cells give.

    Parameters
    ----------
    columns
        The cells of each label column, by its name.
    guesses
        What the labels are.
    options
        How labels are read.
    name
        The name of the data set.

    Raises
    ------
    DesignerError
        Cells do not fit the kind of the labels.
    """
    if guesses.targets == "numbers":
        return _numbers(columns, name)
    if len(columns) > 1:
        return _columns_of_labels(columns, guesses.targets, name)
    (cells,) = columns.values()
    if guesses.targets == "labels":
        return _several(cells, guesses.separator, options, name)
    return _classes(cells, options, name)


def _classes(cells: list[str], options: ReadOptions, name: str) -> Labelled:
    used = np.array([not is_empty(cell) for cell in cells], bool)
    counts = Counter(cell for cell, good in zip(cells, used, strict=True) if good)
    findings: tuple[Finding, ...] = ()
    if profile("", list(counts)).whole:
        found = numbers(list(counts)) or []
        meanings = {cell: str(int(value)) for cell, value in zip(counts, found, strict=True)}
    else:
        meanings, findings = one_spelling(counts, options.spellings, name)
        for cell, label in meanings.items():  # spaces around a label matter only where it has twins
            if (plain := label.strip()) and plain not in counts:
                meanings[cell] = plain
    classes = sorted(set(meanings.values()), key=_by_number)
    places = {label: place for place, label in enumerate(classes)}
    values = [places[meanings[cell]] if good else 0 for cell, good in zip(cells, used, strict=True)]
    target = Target("class", "classes", tuple(classes))
    return Labelled(target, np.array(values, np.int64), used, findings)


def _several(cells: list[str], separator: str, options: ReadOptions, name: str) -> Labelled:
    found = {cell: tokens(cell, separator) for cell in set(cells) if not is_empty(cell)}
    counts = Counter(token for cell in cells for token in found.get(cell, ()))
    meanings, findings = one_spelling(counts, options.spellings, name)
    labels = sorted(set(meanings.values()), key=_by_number)
    if len(labels) > _MOST_LABELS:
        raise DesignerError(
            f"{name} has {len(labels):,} different labels, more than {_MOST_LABELS:,}: choose "
            "another column (data.label_columns), or what separates labels (data.separator)."
        )
    places = {label: place for place, label in enumerate(labels)}
    values = np.zeros((len(cells), len(labels)), np.float32)
    for row, cell in enumerate(cells):
        for token in found.get(cell, ()):
            values[row, places[meanings[token]]] = 1
    if empty := int((values.sum(axis=1) == 0).sum()):
        sentence = f"{empty:,} rows of {name} name no label: they count as examples without any."
        findings = (*findings, Finding(code="no-label", sentence=sentence))
    target = Target("labels", "labels", tuple(labels))
    return Labelled(target, values, np.ones(len(cells), bool), findings)


def _columns_of_labels(columns: Mapping[str, list[str]], kind: Kind, name: str) -> Labelled:
    """Return the targets of columns with 0 and 1: classes where each row has a single 1."""
    for column, cells in columns.items():
        if not profile(column, cells).binary:
            raise DesignerError(
                f"The column {column} of {name} holds other values than 0 and 1, which columns of "
                "labels hold: choose a single column of labels (data.label_columns), or read them "
                "as numbers (data.targets)."
            )
    used = np.array([not any(map(is_empty, row)) for row in zip(*columns.values(), strict=True)])
    values = np.array([[is_true(cell) for cell in cells] for cells in columns.values()]).T
    values = values.astype(np.float32)
    names = tuple(columns)
    single = bool((values[used].sum(axis=1) == 1).all())
    if not single and kind == "classes":
        raise DesignerError(
            f"Some rows of {name} have no class or several among the columns of labels: set "
            "data.targets to labels, or choose a single column (data.label_columns)."
        )
    if single:
        target = Target("class", "classes", names)
        return Labelled(target, values.argmax(axis=1).astype(np.int64), used)
    return Labelled(Target("labels", "labels", names), values, used)


def _numbers(columns: Mapping[str, list[str]], name: str) -> Labelled:
    used = np.array([not any(map(is_empty, row)) for row in zip(*columns.values(), strict=True)])
    values = np.zeros((len(used), len(columns)), np.float32)
    for place, (column, cells) in enumerate(columns.items()):
        good = [cell for cell, use in zip(cells, used, strict=True) if use]
        found = numbers(good)
        if found is None:
            wrong = next(cell for cell in good if not is_number(cell))
            raise DesignerError(
                f'The column {column} of {name} holds "{wrong[:40]}", which is no number: correct '
                "it, or read the column as classes (data.targets)."
            )
        with np.errstate(over="ignore"):
            values[used, place] = np.array(found, np.float64).astype(np.float32)
        exact = np.array(found, np.float64)
        largest = float(abs(exact[np.isfinite(exact)]).max(initial=0))
        if largest > float(np.finfo(np.float32).max):
            raise DesignerError(
                f"The column {column} of {name} has numbers as large as {largest:.3g}, which "
                "32-bit floats do not hold: write them in a larger unit."
            )
    finite = np.isfinite(values).all(axis=1)
    return Labelled(Target("numbers", "numbers", tuple(columns)), values, used & finite)


def _by_number(label: str) -> tuple[bool, float, str]:
    """Return the key that sorts whole numbers by value, negative ones too, and names naturally."""
    plain = label.removeprefix("-")
    if plain.isdigit() and plain.isascii():
        return False, int(label), ""
    return True, 0, natural(label)
