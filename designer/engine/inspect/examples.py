"""What a network is shown: pictures, rows of a table, arrays, examples of its data."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from designer.data.files import unreadable
from designer.data.given_examples import (
    Given,
    GivenInput,
    given_cells,
    given_in,
    holds_examples,
)
from designer.data.pictures import Array, picture_files
from designer.engine.inputs import Inputs, known_numbers
from designer.engine.inspect import pictures as reading
from designer.engine.inspect.subject import Loaded
from designer.engine.named_batches import value_finish
from designer.errors import DesignerError
from designer.runs.inspection import Picture


def shown(loaded: Loaded, example: Picture) -> tuple[Inputs, Array]:
    """Return an example as the network's input, and how a picture looks.

    Returns
    -------
    Tensor or dict
        The picture (1, channels, height, width), or each input by its name.
    Array
        The picture, uint8 (height, width, channels): one black pixel of what is no picture.

    Raises
    ------
    DesignerError
        It cannot be read.
    """
    if loaded.preprocessing.inputs:
        return values_input(loaded, [values(loaded, example)]), np.zeros((1, 1, 1), np.uint8)
    image = reading.read([example], loaded)
    return reading.network_input(image, loaded), reading.seen(image)[0]


def values(loaded: Loaded, example: Picture) -> dict[str, Array]:
    """Return an example of a network that takes no picture: the stored values of each input.

    Raises
    ------
    DesignerError
        It cannot be read, or is not of the network's kind.
    """
    if not example.file and not example.cells:
        part = reading.part_of(example, loaded)
        row = np.array([example.index])
        names = [each.name for each in loaded.preprocessing.inputs]
        return {name: part.inputs[name].read(row)[0] for name in names}
    inputs = given_inputs(loaded)
    if example.cells:
        (only, *more) = inputs
        if more or len(only.columns) != len(example.cells):
            raise DesignerError(
                f"{loaded.analysis.design.name} was trained with other columns: choose its run "
                "again."
            )
        given, row_number = given_cells(example.cells, only), 0
    else:
        given, row_number = _in_file(loaded, Path(example.file)), example.row or 0
        if row_number >= len(given):
            raise DesignerError(f"{example.file} has only {len(given):,} examples: choose another.")
    if row_number in given.faults:
        raise DesignerError(given.faults[row_number])
    return {name: column[row_number] for name, column in given.inputs.items()}


def values_input(loaded: Loaded, examples: Sequence[dict[str, Array]]) -> Inputs:
    """Return examples of `values` as the network's inputs, (n, ...) each by its name."""
    found = {}
    for each in loaded.preprocessing.inputs:
        stored = np.stack([example[each.name] for example in examples])
        tensor = torch.from_numpy(stored).to(loaded.device)
        found[each.name] = value_finish(each, loaded.device)(tensor)
    return found


def in_files(loaded: Loaded, paths: Sequence[Path]) -> list[Picture]:
    """Return all examples in files and folders, in the order in which these are given.

    Raises
    ------
    DesignerError
        A table or an archive cannot be read or is for another network, or a folder has no picture.
    """
    if not loaded.preprocessing.inputs:
        if tables := [path for path in paths if holds_examples(path) and not path.is_dir()]:
            raise DesignerError(
                f"{loaded.analysis.design.name} takes pictures, but {tables[0]} is none: give "
                "pictures, or a run that was trained on such data."
            )
        return [Picture(file=str(each)) for each in picture_files(paths)]
    return [
        Picture(file=str(path), row=row)
        for path in paths
        for row in range(len(_in_file(loaded, path)))
    ]


def given_inputs(loaded: Loaded) -> tuple[GivenInput, ...]:
    """Return what a network that takes no picture is to be given.

    Raises
    ------
    DesignerError
        It continues texts.
    """
    preprocessing = loaded.preprocessing
    if preprocessing.vocabulary is not None:
        _ = preprocessing.picture  # whose sentence says how it goes on with a text
    known = known_numbers(loaded.analysis)
    return tuple(
        GivenInput(
            each.name,
            each.shape,
            each.integer,
            bytes=each.bytes,
            columns=each.columns,
            tokens=known.get(each.name, 0),
        )
        for each in preprocessing.inputs
    )


def _in_file(loaded: Loaded, path: Path) -> Given:
    try:
        stat = path.stat()
    except OSError as error:
        raise unreadable(str(path), error) from error
    return _remembered(path, stat.st_mtime_ns, stat.st_size, given_inputs(loaded))


@lru_cache(maxsize=2)  # while the rows of a file are looked at one after the other
def _remembered(path: Path, _: int, __: int, inputs: tuple[GivenInput, ...]) -> Given:
    return given_in(path, inputs)
