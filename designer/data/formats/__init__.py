"""The data formats: each module of this folder reads one, and its ``FORMAT`` is a row of the table.

To add a format, add its module and its test module ``tests/data/test_NAME.py`` with a function
``write_sample``; opening, error sentences, file dialogs and help follow from the row.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from designer.data.data_format import DataFormat


@cache
def formats() -> tuple[DataFormat, ...]:
    """Return the rows of all formats in the order in which they are tried.

    The modules are found by looking into this folder, so that a format is complete in its own
    module and no list has to name it.
    """
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    rows: list[DataFormat] = [module.FORMAT for module in modules]
    return tuple(sorted(rows, key=lambda row: row.order))


def descriptions() -> str:
    """Return what users may give, as part of a sentence: "a folder of ..., or a ... (.npz)"."""
    *most, last = (row.description for row in formats())
    return f"{'; '.join(most)}; or {last}"


def file_filter() -> str:
    """Return the file types of a dialog in Qt's notation, such as ``NumPy archives (*.npz)``."""
    rows = [
        f"{row.title} ({' '.join(f'*{suffix}' for suffix in row.suffixes)})"
        for row in formats()
        if row.suffixes
    ]
    return ";;".join([*rows, "All files (*)"])
