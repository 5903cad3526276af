"""The table of layers as plain data: its lines and columns, and its export as text and CSV."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from designer.analysis.accounting.saved_for_backward import saved_bytes_by_layer
from designer.analysis.accounting.totals import Totals
from designer.analysis.analysis import Analysis, Row
from designer.analysis.report import formatting
from designer.gui.base import numbers
from designer.layers.tensors import FLOAT_BYTES

if TYPE_CHECKING:
    from designer.runs.layer_times import LayerTimes, NodeTime

GAP = "  "
_DIGITS = re.compile(r"(\d+)")


class Line(NamedTuple):
    """A layer of the table.

    Attributes
    ----------
    saved_for_backward
        Bytes that autograd saves for the layer between forward and backward pass of one image.
    time
        How long it takes; None if that was not measured.
    """

    row: Row
    saved_for_backward: int
    time: "NodeTime | None" = None

    @property
    def counts(self) -> bool:
        """Whether the layer is part of the totals, unlike activations, dropout and views."""
        counts = self.row.result.counts
        return bool(counts.output_values or counts.weights or counts.biases or self.row.shares)


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes
    ----------
    help
        What its values mean, for the header's tooltip.
    text, short
        The text of a cell with every digit, and a short one for narrow columns.
    plain
        The value of a cell in a CSV file.
    number
        The number to sort by and to compare with the largest; None for a column of words.
    total
        The texts of the total, with every digit and short.
    plain_title
        The title in a CSV file.
    bar
        Whether cells have a bar for their ratio to the largest.
    measured
        Of a column of times: returns their sum. Such columns are hidden until times are measured.
    """

    name: str
    title: str
    help: str
    text: Callable[[Line], str]
    short: Callable[[Line], str]
    plain: Callable[[Line], object]
    number: Callable[[Line], float] | None = None
    total: Callable[[Totals], tuple[str, str]] = lambda _: ("", "")
    plain_title: str = ""
    bar: bool = False
    measured: "Callable[[LayerTimes], float | None] | None" = None

    @property
    def left(self) -> bool:
        """Whether its cells are words, which are aligned left."""
        return self.name in ("layer", "type")


def _numbers(
    name: str,
    title: str,
    help_: str,
    *,
    number: Callable[[Line], int],
    total: Callable[[Totals], int],
    write: Callable[[int], str],
    short: Callable[[int], str],
    plain_title: str = "",
) -> Column:
    """Return a column of numbers; a dash replaces the 0 of layers outside the totals."""

    def cell(write: Callable[[int], str]) -> Callable[[Line], str]:
        def text(line: Line) -> str:
            value = number(line)
            return write(value) if value or line.counts else formatting.NONE

        return text

    def total_texts(totals: Totals) -> tuple[str, str]:
        return write(total(totals)), short(total(totals))

    return Column(
        name,
        title,
        help_,
        cell(write),
        cell(short),
        number,
        number,
        total_texts,
        plain_title or name,
        bar=True,
    )


def _times(
    name: str,
    title: str,
    help_: str,
    time: "Callable[[NodeTime], float | None]",
    total: "Callable[[LayerTimes], float | None]",
) -> Column:
    """Return a column of measured times; a dash stands for layers that take none."""

    def seconds(line: Line) -> float | None:
        return time(line.time) if line.time is not None else None

    def text(line: Line) -> str:
        return formatting.milliseconds(seconds(line))

    return Column(
        name,
        title,
        help_,
        text,
        text,
        lambda line: 1000 * found if (found := seconds(line)) is not None else "",
        lambda line: seconds(line) or 0.0,
        plain_title=f"{name}_ms",
        bar=True,
        measured=total,
    )


def _words(name: str, title: str, help_: str, text: Callable[[Line], str]) -> Column:
    return Column(name, title, help_, text, text, text, plain_title=name)


def _type(line: Line) -> str:
    row = line.row
    return f"{row.type}, shares {row.shares}" if row.shares else row.type


def _short_type(line: Line) -> str:
    return f"{line.row.type}, shared" if line.row.shares else line.row.type


def _values(line: Line) -> int:
    return line.row.result.counts.output_values


def _parameters(line: Line) -> int:
    counts = line.row.result.counts
    return counts.weights + counts.biases


def _receptive_field(line: Line) -> str:
    return numbers.local(formatting.receptive_field(line.row.receptive_field))


def _output_values(line: Line) -> int:
    output = line.row.result.outputs[0]
    return output.values if output is not None else 0


def _size(number: int) -> str:
    return numbers.size(number) if number else "0"


def _short_size(number: int) -> str:
    return _size(number).replace("bytes", "B")


def _receptive_area(line: Line) -> float:
    field = line.row.receptive_field
    return prod(field.size) if field is not None else 0.0


COLUMNS: tuple[Column, ...] = (
    _words("layer", "Layer", "The layer, through the blocks it lies in.", lambda x: x.row.path),
    Column(
        "type",
        "Type",
        "The layer's type, and the layer whose weights it shares.",
        _type,
        _short_type,
        _type,
        plain_title="type",
    ),
    Column(
        "output",
        "Output",
        "Shape of the output of one image: channels × height × width, or features.",
        lambda x: formatting.shape(x.row.shape),
        lambda x: formatting.shape(x.row.shape),
        lambda x: "x".join(map(str, x.row.shape)),
        _output_values,
        plain_title="output",
    ),
    _numbers(
        "values",
        "Values",
        "Values in the output for one image. Activations, dropout and views have none of their "
        "own (–), as in the CS231n lecture.",
        number=_values,
        total=lambda x: x.output_values,
        write=numbers.count,
        short=numbers.short,
    ),
    _numbers(
        "memory",
        "Memory",
        "Memory of these values in float32: values × 4 bytes, for one image.",
        number=lambda x: FLOAT_BYTES * _values(x),
        total=lambda x: x.output_bytes,
        write=_size,
        short=_short_size,
        plain_title="memory_bytes",
    ),
    _numbers(
        "saved_for_backward",
        "Kept",
        "Kept for backward: the bytes that autograd saves for this layer in training, for one "
        "image. A tensor that several layers save counts at the first of them.",
        number=lambda x: x.saved_for_backward,
        total=lambda x: x.saved_bytes(),
        write=_size,
        short=_short_size,
        plain_title="kept_bytes",
    ),
    _numbers(
        "parameters",
        "Params",
        "Parameters: weights and biases.",
        number=_parameters,
        total=lambda x: x.parameters,
        write=numbers.count,
        short=numbers.short,
    ),
    _numbers(
        "macs",
        "MACs",
        "Multiply-accumulates of convolutions and matrix products for one image; one MAC is two "
        "FLOPs.",
        number=lambda x: x.row.result.counts.macs,
        total=lambda x: x.macs,
        write=numbers.scaled,
        short=lambda x: numbers.scaled(x, 3),
    ),
    _times(
        "forward",
        "Forward ms",
        "Measured time of the layer's forward pass in milliseconds, for the whole batch.",
        lambda x: x.forward,
        lambda x: x.forward,
    ),
    _times(
        "backward",
        "Backward ms",
        "Measured time of the layer's backward pass in milliseconds, for the whole batch: the "
        "gradients of its inputs and parameters.",
        lambda x: x.backward,
        lambda x: x.backward,
    ),
    Column(
        "receptive_field",
        "RF",
        "Receptive field: pixels of the input, height × width, on which a value in the middle of "
        "the output depends. In brackets, where it differs, the local one by the usual rule: "
        "without global branches such as squeeze and excite, the border left aside.",
        _receptive_field,
        _receptive_field,
        lambda x: (
            formatting.pixels(x.row.receptive_field.size).replace("×", "x")
            if x.row.receptive_field is not None
            else ""
        ),
        _receptive_area,
        plain_title="receptive_field",
    ),
)  # fmt: skip


class LayerTable:
    """All lines of a design, in forward order, with the numbers of each column.

    Attributes
    ----------
    times
        How long the layers take, if that was measured.
    numbers, largest
        By the name of the column: the number of each line, and the largest of them.
    longest
        By the name of a column of words, shapes or fields: the length of its longest text.
    """

    def __init__(self, analysis: Analysis, times: "LayerTimes | None" = None) -> None:
        self.totals = analysis.totals
        self.valid = analysis.valid
        self.times = times
        saved = saved_bytes_by_layer(analysis.top)
        time_of = {each.path: each for each in times.nodes} if times is not None else {}
        self.lines = [
            Line(row, saved.get(row.path, 0), time_of.get(row.path)) for row in analysis.rows()
        ]
        self.paths = [line.row.path for line in self.lines]
        self.numbers: dict[str, list[float]] = {
            column.name: list(map(column.number, self.lines))
            for column in COLUMNS
            if column.number is not None
        }
        self.largest = {name: max(each, default=0) for name, each in self.numbers.items()}
        self.longest = {
            column.name: max((len(column.text(line)) for line in self.lines), default=0)
            for column in COLUMNS
            if column.number is None or column.name in ("output", "receptive_field")
        }

    def order(self, column: Column | None, descending: bool, words: str = "") -> list[int]:
        """Return the numbers of the lines that are shown, in their order.

        Parameters
        ----------
        column
            The column to sort by, None for the order of the network.
        descending
            Whether the largest comes first.
        words
            Words separated by spaces, all of which must be in a layer's path or type.
        """
        wanted = words.casefold().split()
        found = [
            index
            for index, line in enumerate(self.lines)
            if not wanted or _has(f"{line.row.path} {line.row.type}".casefold(), wanted)
        ]
        if column is not None:
            values = self.numbers.get(column.name)
            if values is not None:
                found.sort(key=values.__getitem__, reverse=descending)
            else:
                found.sort(key=lambda i: _natural(column.text(self.lines[i])), reverse=descending)
        return found

    def total(self, column: Column) -> tuple[str, str]:
        """Return the texts of a column's total, with every digit and short."""
        if column.name == "layer":
            return ("Total", "Total") if self.valid else ("Total so far", "So far")
        if column.name == "type":
            number = len(self.lines)
            layers = "1 layer" if number == 1 else f"{numbers.count(number)} layers"
            return layers, layers
        if column.measured is not None:
            text = formatting.milliseconds(column.measured(self.times)) if self.times else ""
            return text, text
        return column.total(self.totals)


def _has(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def _natural(text: str) -> list[int | str]:
    """Return a sort key that puts conv2 before conv10: words and numbers in alternation."""
    parts: list[int | str] = list(_DIGITS.split(text.casefold()))
    parts[1::2] = map(int, parts[1::2])
    return parts


# As text


def as_text(table: LayerTable, order: Sequence[int], columns: Sequence[Column]) -> str:
    """Return lines of the table as aligned text with titles, and with totals if it is all lines."""
    cells = [[column.title for column in columns]]
    cells += [[column.text(table.lines[index]) for column in columns] for index in order]
    if len(order) == len(table.lines):
        cells.append([table.total(column)[0] for column in columns])
    widths = [max(map(len, texts)) for texts in zip(*cells, strict=True)]
    return "".join(
        GAP.join(
            text.ljust(width) if column.left else text.rjust(width)
            for text, width, column in zip(texts, widths, columns, strict=True)
        ).rstrip()
        + "\n"
        for texts in cells
    )


def as_csv(table: LayerTable, order: Sequence[int], columns: Sequence[Column]) -> str:
    """Return lines of the table as CSV, with plain numbers."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([column.plain_title for column in columns])
    for index in order:
        writer.writerow([column.plain(table.lines[index]) for column in columns])
    return file.getvalue()
