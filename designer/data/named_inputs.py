"""The inputs of a data set as a network takes them: by name, in its shapes and types."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from designer.data.columns import ArrayColumn, Column, Shape
from designer.data.dataset import DataSet
from designer.data.findings import Finding
from designer.data.parts import PICTURES, Part
from designer.data.pictures import Array
from designer.data.summary import Description
from designer.data.targets import Target
from designer.data.texts import TextColumn
from designer.errors import DesignerError
from designer.recipe.columns import value_names

_LISTED = 8  # names of values that a sentence lists


@dataclass(frozen=True)
class Wanted:
    """An input of a network: its name, the shape of its values, and whether they are whole."""

    name: str
    shape: Shape
    integer: bool = False


def with_inputs(data: DataSet, wanted: Sequence[Wanted], *, network: str) -> DataSet:
    """Return a data set whose inputs are those of a network, in its order.

    The only input of a data set is that of a network with one, whatever they are called; several
    belong together by their names. Values come as uint8 or float32, or as int64 where the network
    takes whole numbers.

    Parameters
    ----------
    data
        The data set, with its inputs in memory.
    wanted
        The inputs of the network.
    network
        What sentences call it.

    Raises
    ------
    DesignerError
        The inputs do not match; the sentence says which, and what helps.
    """
    if data.target.kind == "tokens":
        return _text(data, wanted, network)
    if data.pictures and len(wanted) == 1 and wanted[0].integer:
        raise DesignerError(
            f"{network} reads whole numbers, such as the tokens of a text, but {data.name} holds "
            "pictures: choose a text file or a folder of them."
        )
    matched = _names(data, wanted, network)
    notes: dict[str, None] = {}

    def fitted(part: Part | None) -> Part | None:
        if part is None:
            return None
        inputs: dict[str, Column] = {}
        for each in wanted:
            given = part.inputs[matched[each.name]]
            inputs[each.name], note = _column(data, given, each, network)
            notes.update({note: None} if note else {})
        return replace(part, inputs=inputs)

    train = fitted(data.train)
    assert train is not None
    found = replace(data, train=train, validation=fitted(data.validation), test=fitted(data.test))
    return found.with_findings(*[Finding(code="input-shape", sentence=note) for note in notes])


def _text(data: DataSet, wanted: Sequence[Wanted], network: str) -> DataSet:
    """Return a text in windows as long as the only input of a network.

    Raises
    ------
    DesignerError
        The network takes something else than tokens, or the text has no window that long.
    """
    if len(wanted) != 1 or not wanted[0].integer or len(wanted[0].shape) != 1:
        shown = " and ".join(
            f"{each.name} ({_shown(each.shape)}{', whole numbers' * each.integer})"
            for each in wanted
        )
        raise _needs_tokens(data, network, shown)
    (length,) = wanted[0].shape

    def fitted(part: Part | None) -> Part | None:
        if part is None:
            return None
        column = part.images
        assert isinstance(column, TextColumn)
        column = column.in_windows_of(length)
        if not len(column):
            raise DesignerError(
                f"{data.name} has {len(column.tokens):,} tokens, but {network} takes {length:,} at "
                "once and is to predict the ones behind them: give a longer text, or a network "
                "that takes fewer tokens."
            )
        return replace(
            part,
            inputs={wanted[0].name: column},
            targets={data.target.name: column.next_tokens()},
        )

    train = fitted(data.train)
    assert train is not None
    return replace(data, train=train, validation=fitted(data.validation), test=fitted(data.test))


def _needs_tokens(data: DataSet, network: str, takes: str) -> DesignerError:
    return DesignerError(
        f"{data.name} is a text, but {network} takes {takes}: give it one Input of whole numbers "
        "(dtype int64) with one axis, the number of tokens that it reads at once, and an Embedding "
        "behind it."
    )


def inputs_misfit(data: Description, wanted: Sequence[Wanted], *, network: str) -> str:
    """Return why described data do not have the inputs of a network, "" if they may.

    Parameters
    ----------
    data
        The description, which has the shapes of the inputs.
    wanted
        The inputs of the network; none for one that takes a picture.
    network
        What sentences call it.
    """
    shapes = {each.name: (each.shape, each.dtype) for each in data.inputs}
    if not shapes:
        shape = (data.heights[1], data.widths[1], data.channels)
        shapes = {PICTURES: (shape, str(data.dtype))}
    inputs = {
        name: ArrayColumn(np.zeros((1, *shape), dtype)) for name, (shape, dtype) in shapes.items()
    }
    nothing = Target("input", "input", ())
    part = Part(inputs, {"input": np.zeros((1, 0), np.float32)})
    sketch = DataSet(data.name, data.path, (nothing,), part)
    try:
        if wanted:
            with_inputs(sketch, wanted, network=network)
        else:
            pictures_of(sketch, network=network)
    except DesignerError as error:
        return str(error)
    return ""


def pictures_of(data: DataSet, *, network: str) -> DataSet:
    """Return a data set of pictures as it is.

    Raises
    ------
    DesignerError
        It holds something else, which a network for pictures cannot read.
    """
    if data.pictures:
        return data
    if data.target.kind == "tokens":
        raise _needs_tokens(data, network, "a picture")
    column, *more = data.train.inputs.values()
    if more:
        shown = " and ".join(
            f"{key} ({_shown(each.shapes()[0])})" for key, each in data.train.inputs.items()
        )
        raise DesignerError(
            f"{data.name} has the inputs {shown}, but {network} takes one picture (channels × "
            "height × width): give the network an Input for each, or choose one "
            "(data.input_columns)."
        )
    shape = column.shapes()[0]
    raise DesignerError(
        f"{data.name} has {_shown(shape)} values for each example, no pictures, but {network} "
        "takes a picture (channels × height × width): set the shape of its Input to "
        f"{_written(shape)}, or choose a data set of pictures."
    )


def _names(data: DataSet, wanted: Sequence[Wanted], network: str) -> Mapping[str, str]:
    """Return which input of the data belongs to each one of the network, by their names."""
    given = list(data.train.inputs)
    if len(wanted) == 1 and (len(given) == 1 or wanted[0].name not in given):
        (only,) = wanted
        if len(given) > 1:
            raise DesignerError(
                f"{data.name} has the inputs {', '.join(given)}, but {network} takes only "
                f"{only.name}: give its Input the name of one of them, choose one "
                "(data.input_columns), or add an Input for each."
            )
        return {only.name: given[0]}
    missing = [each.name for each in wanted if each.name not in given]
    if missing:
        have = f"only the input {given[0]}" if len(given) == 1 else f"the inputs {', '.join(given)}"
        raise DesignerError(
            f"{network} takes {' and '.join(each.name for each in wanted)}, but {data.name} has "
            f"{have}: there is none called {missing[0]}. Give the Input nodes the names of the "
            "arrays in the file (.npz), or the arrays those of the nodes."
        )
    return {each.name: each.name for each in wanted}


def _column(data: DataSet, given: Column, wanted: Wanted, network: str) -> tuple[ArrayColumn, str]:
    """Return values in the shape and type of an input, and a note on what was done to them."""
    if not isinstance(given, ArrayColumn):
        raise DesignerError(
            f"{data.name} holds picture files, but {network} takes {_shown(wanted.shape)} values "
            f"({wanted.name}): give it one Input of three axes (channels × height × width), or "
            "save the values as arrays of a .npz file."
        )
    values, note = _shaped(data, given.values, wanted)
    if values is None:
        raise _other_shape(data, given, wanted, network)
    if wanted.integer:
        return ArrayColumn(_whole(data, values, wanted, network), given.columns), note
    if values.dtype.kind == "i":
        values = values.astype(np.float32)
    return ArrayColumn(values, given.columns), note


def _shaped(data: DataSet, values: Array, wanted: Wanted) -> tuple[Array | None, str]:
    """Return values in another shape, if that is only another way to write them."""
    own, shape = values.shape[1:], wanted.shape
    if own == shape and not (data.pictures and len(shape) == 3):
        return values, ""
    if len(own) == 3 and (own[2], *own[:2]) == shape:  # pictures have their channels last
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2)), ""
    if [side for side in own if side > 1] == [side for side in shape if side > 1]:
        return values.reshape(-1, *shape), ""
    if data.pictures and len(shape) == 1 and math.prod(own) == shape[0]:
        note = (
            f"The pictures of {data.name} ({own[2]}×{own[0]}×{own[1]}) are given to the Input "
            f"{wanted.name} as rows of {shape[0]:,} numbers."
        )
        return values.transpose(0, 3, 1, 2).reshape(-1, *shape), note
    return None, ""


def _other_shape(data: DataSet, given: ArrayColumn, wanted: Wanted, network: str) -> DesignerError:
    own = given.values.shape[1:]
    if data.pictures:
        own = (own[2], *own[:2])
    names = value_names(given.columns)
    listed = ""
    if names:
        rest = len(names) - _LISTED
        more = f" and {rest:,} more" if rest > 0 else ""
        listed = f" ({', '.join(names[:_LISTED])}{more})"
    remedy = f"set its shape to {_written(own)}"
    if (
        len(wanted.shape) == 1 < len(own) and not wanted.integer
    ):  # a network for rows, which every array can be
        remedy = f"set its shape to {_written(own)} and add a Flatten behind it"
        if data.pictures:
            remedy = f"set its shape to {math.prod(own)}, so that it gets them as rows of numbers"
    what = f"{own[0]:,} values" if len(own) == 1 else f"{_shown(own)} values"
    return DesignerError(
        f"{data.name} has {what} for each example{listed}, but the Input {wanted.name} of "
        f"{network} takes {_shown(wanted.shape)}: {remedy}."
    )


def _whole(data: DataSet, values: Array, wanted: Wanted, network: str) -> Array:
    if values.dtype.kind == "f" and (values != np.floor(values)).any():
        raise DesignerError(
            f"{data.name} has fractions, but the Input {wanted.name} of {network} takes whole "
            "numbers (int64): set its dtype to float32, or save whole numbers."
        )
    return values.astype(np.int64)


def _shown(shape: Shape) -> str:
    return "×".join(map(str, shape))


def _written(shape: Shape) -> str:
    """Return a shape as the inspector takes it."""
    return ", ".join(map(str, shape))
