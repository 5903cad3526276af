"""Grays of more than 8 bits: which range of values a data set's pictures have."""

from collections.abc import Iterator
from dataclasses import replace

from designer.data.columns import PictureColumn, evenly
from designer.data.dataset import DataSet
from designer.data.findings import Finding
from designer.data.options import ReadOptions
from designer.data.parts import Part
from designer.data.pictures import HEAD, Levels, joined, picture_facts, picture_levels
from designer.errors import DesignerError

_LOOKED_AT = 64  # headers that tell whether a data set has such pictures
_MEASURED = 5_000  # pictures that are decoded to find their range


def with_levels(data: DataSet, options: ReadOptions) -> DataSet:
    """Return a data set whose deep grays are scaled by one range, with a note that states it.

    The range is that of the training part, or the one that the options give. A data set without
    such pictures is returned as it is.

    Raises
    ------
    DesignerError
        A picture cannot be read.
    """
    column = next(iter(data.train.inputs.values()))
    if not isinstance(column, PictureColumn) or not _has_deep(column):
        return data
    if options.gray_range is not None:
        levels = Levels(*options.gray_range)
    else:
        found = joined(_ranges(column))
        if found is None:  # those with more than 8 bits are broken, which is told elsewhere
            return data
        levels = found
    some = (
        f" (found in {_MEASURED:,} of {len(column):,} pictures)"
        if options.gray_range is None and len(column) > _MEASURED
        else ""
    )
    note = (
        f"The pictures of {data.name} have more than 8 bits of gray: values from {levels.low:g} "
        f"to {levels.high:g}{some} become black to white. Set data.gray_range for another range."
    )

    def part(given: Part | None) -> Part | None:
        if given is None:
            return None
        images = given.images
        assert isinstance(images, PictureColumn)
        (name,) = given.inputs
        return replace(given, inputs={name: replace(images, levels=levels)})

    train = part(data.train)
    assert train is not None
    read = replace(data, train=train, validation=part(data.validation), test=part(data.test))
    return read.with_findings(Finding(code="deep-gray", sentence=note))


def _ranges(column: PictureColumn) -> Iterator[Levels | None]:
    """Yield the range of each picture that can be read; broken ones are told elsewhere."""
    for index in evenly(len(column), _MEASURED).tolist():
        try:
            yield picture_levels(column.content(index), column.names[index])
        except DesignerError:
            continue


def _has_deep(column: PictureColumn) -> bool:
    for index in evenly(len(column), _LOOKED_AT):
        name = column.names[index]
        try:
            if picture_facts(column.files.read(name, HEAD), name).deep:
                return True
        except DesignerError:  # reported when the pictures are looked at one by one
            continue
    return False
