"""Statistics of a network's layers: figures and histograms of values, gradients and weights.

A measurement is what one training step showed of every layer. While a network is trained, the
worker appends measurements to ``layers.jsonl`` of the run, one a line; without training, the
request ``measure`` makes a single one. Figures are rows of the table `FIGURES`.
"""

import struct
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from designer.runs.lines import LineReader, LineWriter, NewLines
from designer.runs.result import Count

Kind = Literal["activation", "gradient", "weight", "weight_gradient"]

BINS = 40
"""Bins of each histogram."""

_COUNTS = struct.Struct(f"<{BINS}I")
_Number = Annotated[float, Meta(ge=-1e300, le=1e300)] | None  # NaN and infinity become null


class KindOfValues(msgspec.Struct, frozen=True):
    """What users read of a kind of values: its title, and one sentence of help."""

    title: str
    help: str


KINDS: Mapping[Kind, KindOfValues] = {
    "activation": KindOfValues("Activations", "What a layer gives for the images of a batch."),
    "gradient": KindOfValues(
        "Gradients", "Derivatives of the loss by what a layer gives for the images of a batch."
    ),
    "weight": KindOfValues("Weights", "The parameters of a layer before the step."),
    "weight_gradient": KindOfValues(
        "Weight gradients", "Derivatives of the loss by the parameters of a layer, not clipped."
    ),
}
"""The kinds of values, in the order in which they are shown."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of a layer, as window and command line need it.

    Attributes
    ----------
    title
        Its name for people.
    help
        One sentence that says what it is.
    kinds
        The kinds of values that have it.
    share
        Whether it is a share from 0 to 1, shown in percent.
    logarithmic
        Whether it is at least 0 and layers may differ by orders of magnitude.
    """

    title: str
    help: str
    kinds: tuple[Kind, ...] = ("activation", "gradient", "weight", "weight_gradient")
    share: bool = False
    logarithmic: bool = False


FIGURES: Mapping[str, Figure] = {
    "mean": Figure(title="Mean", help="Mean of all values."),
    "deviation": Figure(
        title="Deviation", help="Standard deviation of all values.", logarithmic=True
    ),
    "minimum": Figure(title="Minimum", help="Smallest value."),
    "maximum": Figure(title="Maximum", help="Largest value."),
    "norm": Figure(
        title="Norm", help="Square root of the sum of all squared values.", logarithmic=True
    ),
    "zeros": Figure(title="Zeros", help="Share of values that are exactly zero.", share=True),
    "saturated": Figure(
        title="Saturated",
        help="Share of values that are within 1 % of the range from an end of it, where sigmoid "
        "and tanh pass hardly any gradient back.",
        kinds=("activation",),
        share=True,
    ),
    "dead": Figure(
        title="Dead units",
        help="Share of channels or units that are zero for every image of the batch, for layers "
        "such as ReLU.",
        kinds=("activation",),
        share=True,
    ),
    "update_ratio": Figure(
        title="Update ratio",
        help="Norm of a step's change of the weights, divided by their norm; about 0.001 is usual.",
        kinds=("weight",),
        logarithmic=True,
    ),
}
"""The figures: each is a field of `LayerFigures` and a function in `designer.engine.figures`."""


class LayerFigures(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The figures and the histogram of one kind of values of one layer.

    In a file it is an array of its fields in their order, so that it is short; fields of later
    versions come last.

    Attributes
    ----------
    path
        The layer's node, such as ``layer1.0.conv1``.
    kind
        The kind of values.
    name
        Which parameter of the layer, such as ``weight`` or ``bias``; the main one is the first. ""
        for activations and their gradients.
    count
        How many values there are.
    mean, deviation, minimum, maximum, norm, zeros, saturated, dead, update_ratio
        See `FIGURES`. None where a layer does not have it: where it cannot saturate or die, where
        its weights do not learn or are all zero, or where values are NaN or infinite.
    low, high
        The range of the histogram: that of the values, but at most four deviations from their mean.
        They are equal where all values are.
    histogram
        `BINS` unsigned little-endian numbers of 32 bits; see `counts`.
    """

    path: str
    kind: Kind
    name: str
    count: Count
    mean: _Number
    deviation: _Number
    minimum: _Number
    maximum: _Number
    norm: _Number
    zeros: _Number
    saturated: _Number
    dead: _Number
    update_ratio: _Number
    low: _Number
    high: _Number
    histogram: Annotated[bytes, Meta(min_length=_COUNTS.size, max_length=_COUNTS.size)]

    @property
    def counts(self) -> tuple[int, ...]:
        """How many values each of the `BINS` bins has, which divide ``low`` to ``high`` equally.

        Values beyond are counted in the outermost bins. All are 0 where values are NaN or infinite.
        """
        return _COUNTS.unpack(self.histogram)


def packed(counts: "list[int] | tuple[int, ...]") -> bytes:
    """Return the numbers of values in the bins as `LayerFigures.histogram` has them."""
    return _COUNTS.pack(*[min(each, 2**32 - 1) for each in counts])


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """What one step showed of every layer.

    Attributes
    ----------
    step
        The number of the training step, from 1; 0 without training.
    epoch
        The number of its epoch, from 1; 0 without training.
    batch
        How many images it had.
    loss
        The loss of the batch.
    layers
        The figures: layers in forward order, and those of a layer in the order of `KINDS`.
    """

    step: Count
    epoch: Count
    batch: Count
    loss: _Number = None
    layers: tuple[LayerFigures, ...]

    def of_kind(self, kind: Kind) -> tuple[LayerFigures, ...]:
        """Return the figures of a kind in forward order, of all parameters of each layer."""
        return tuple([each for each in self.layers if each.kind == kind])

    def main(self, kind: Kind) -> dict[str, LayerFigures]:
        """Return the figures of a kind by path in forward order; of weights, the main parameter."""
        found: dict[str, LayerFigures] = {}
        for each in self.layers:
            if each.kind == kind:
                found.setdefault(each.path, each)
        return found


# When a training measures, and how large its file becomes

MOST_BYTES = 48 * 10**6
"""About how large ``layers.jsonl`` of a run may become."""

_ROW_BYTES = 420  # of one layer and kind in a file, with a path of usual length
_FIRST_ONES = 20  # at most so many of the first steps are measured besides the interval's


def interval(every: int, *, rows: int, steps: int) -> int:
    """Return how many steps lie between two measurements of a training, 0 for none at all.

    Parameters
    ----------
    every
        What the recipe's setting ``statistics`` says.
    rows
        How many `LayerFigures` a measurement has.
    steps
        The steps of the whole training.

    Returns
    -------
    int
        ``every``, or more where the file would become larger than `MOST_BYTES`: ResNet-152 is
        measured about 50 times, however long it is trained.
    """
    if not every:
        return 0
    most = max(MOST_BYTES // (_ROW_BYTES * max(rows, 1)) - _FIRST_ONES, 1)
    return max(every, ceil(steps / most))


def is_measured(step: int, every: int) -> bool:
    """Return whether a step (from 1) is measured: each at an interval, and some of the first ones.

    Before the first interval is over these are the steps 1, 2, 4, 8 ..., as most changes then.
    """
    return every > 0 and (step % every == 0 or (step < every and step & (step - 1) == 0))


# The file


class MeasurementWriter(LineWriter):
    """Appends measurements to a file, each written at once and in one piece.

    Parameters
    ----------
    path
        The file.
    after
        The last step to keep, that of a checkpoint; measurements of later steps are cut off.

    Raises
    ------
    DesignerError
        The file cannot be written; `append` raises it, too.
    """

    def __init__(self, path: Path, *, after: int = 0) -> None:
        super().__init__(path, (lambda line: _step(line) <= after) if after else None)


class MeasurementReader:
    """Follows a file of measurements that grows, or is cut back and grows again."""

    def __init__(self, path: Path) -> None:
        self._lines = LineReader(
            path,
            msgspec.json.Decoder(Measurement).decode,
            remedy="restore the file from a copy, or remove it, which changes nothing else of the "
            "run",
        )

    def poll(self, *, at_most: int | None = None) -> NewLines[Measurement]:
        """Return the measurements since the last poll; a half-written one waits for the next one.

        Parameters
        ----------
        at_most
            Stop after about so many bytes, so that a long file comes in pieces.

        Raises
        ------
        DesignerError
            The file exists but cannot be read, or a complete line is damaged.
        """
        return self._lines.poll(at_most=at_most)


def read_measurements(path: Path) -> list[Measurement]:
    """Return all measurements of a file; a missing file has none.

    Raises
    ------
    DesignerError
        As `MeasurementReader.poll`.
    """
    return MeasurementReader(path).poll().values


class _Step(msgspec.Struct):
    step: int


def _step(line: bytes) -> int:
    return msgspec.json.decode(line, type=_Step).step
