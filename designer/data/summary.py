"""Statistics of a data set: image counts and sizes, channel means and deviations, memory."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.data.balance import class_counts
from designer.data.columns import ArrayColumn, Column
from designer.data.dataset import DataSet
from designer.data.findings import Finding, LeftOut
from designer.data.labels import absent_classes, as_classes, lowest_label
from designer.data.parts import Part, evenly
from designer.data.pictures import PictureForm
from designer.data.targets import Kind, Target
from designer.data.texts import TextColumn
from designer.recipe.vocabulary import Vocabulary

_SMALL = 64 * 64  # pixels of a picture that is quickly read
_MANY, _FEW = 10_000, 128  # small and large pictures that are read for the statistics
_CHUNK_VALUES = 2**21  # values of one chunk: 16 MiB as float64
_BEGINNING = 500  # tokens of a text that are shown
_CONSTANT = 1e-7  # deviation over mean that is only float32 rounding

Statistics = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Mean and standard deviation of each channel, each (channels,)."""


@dataclass(frozen=True)
class ColumnRange:
    """A column of a table, or all values of an array: the range of its numbers, or its texts.

    Attributes
    ----------
    name
        Of the column; "" for an array.
    minimum, mean, maximum
        Over the training part; of texts, 0 each.
    categories
        How many rows of the training part have each text; empty for numbers.
    """

    name: str
    minimum: float = 0.0
    mean: float = 0.0
    maximum: float = 0.0
    categories: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TextDescription:
    """A text: how many tokens it has, which there are, and how it begins.

    Attributes
    ----------
    tokens
        How many tokens the text has.
    vocabulary
        Which tokens there are.
    beginning
        The first tokens as text.
    """

    tokens: int
    vocabulary: Vocabulary
    beginning: str


@dataclass(frozen=True)
class InputDescription:
    """An input that is no picture: its name, shape and type, and the ranges of its values.

    A text is described by itself, since the numbers of its tokens say nothing.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    columns: tuple[ColumnRange, ...]
    text: TextDescription | None = None


@dataclass(frozen=True)
class Description:
    """What the window shows of a data set before it is trained on.

    Attributes
    ----------
    name, path, target, findings, left_out
        As of the `DataSet`.
    counts
        The number of images of each part.
    class_counts
        The number of images of each class or label in each part; empty for numbers.
    heights, widths
        Smallest and largest in pixels, of the training part; of picture files, of a sample of 64.
    channels
        The largest number of channels.
    dtype
        The type of the images.
    lowest_label
        See `labels.lowest_label`.
    absent
        See `labels.absent_classes`.
    as_classes
        The description of the same data for a loss that is for classes only, if it differs; see
        `labels.as_classes`.
    inputs
        Of a data set that holds no pictures, whose sizes are then 0; empty for pictures.
    """

    name: str
    path: Path
    target: Target
    counts: dict[str, int]
    class_counts: dict[str, tuple[int, ...]]
    heights: tuple[int, int]
    widths: tuple[int, int]
    channels: int
    dtype: np.dtype[Any]
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    lowest_label: int = 0
    absent: tuple[str, ...] = ()
    as_classes: "Description | None" = None
    inputs: tuple[InputDescription, ...] = ()

    @property
    def things(self) -> str:
        """What sentences call its examples."""
        return "examples" if self.inputs else "images"

    @property
    def kind(self) -> Kind:
        """What is to be predicted: classes, labels, numbers or the input."""
        return self.target.kind

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; none for labels and numbers."""
        return self.target.values if self.target.kind == "classes" else ()

    @property
    def outputs(self) -> int:
        """The number of outputs of a network for it."""
        return self.target.outputs

    @property
    def note(self) -> str:
        """The sentences of all notes, one after another."""
        return " ".join(found.sentence for found in self.findings if found.kind == "note")

    def from_first_label(self, first: int) -> "Description":
        """Return the description of `labels.from_first_label`, as far as the classes go."""
        if not 0 < first <= self.lowest_label:
            return self
        return replace(
            self,
            target=replace(self.target, values=self.classes[first:]),
            class_counts={name: counts[first:] for name, counts in self.class_counts.items()},
            lowest_label=0 if first == self.lowest_label else self.lowest_label,
        )


def describe(dataset: DataSet) -> Description:
    """Count the images and classes of a data set and find the sizes of its images.

    Raises
    ------
    DesignerError
        A picture file cannot be read.
    """
    numbered = as_classes(dataset)
    heights, widths, channels = (0,), (0,), (0,)
    if dataset.pictures:
        heights, widths, channels = zip(*dataset.train.shapes(), strict=True)
    return Description(
        name=dataset.name,
        path=dataset.path,
        target=dataset.target,
        counts={name: len(part) for name, part in dataset.parts.items()},
        class_counts={
            name: tuple(class_counts(part, dataset.target).tolist())
            for name, part in dataset.parts.items()
            if dataset.target.kind in ("classes", "labels")
        },
        heights=(min(heights), max(heights)),
        widths=(min(widths), max(widths)),
        channels=max(channels),
        dtype=next(iter(dataset.train.inputs.values())).dtype,
        findings=dataset.findings,
        left_out=dataset.left_out,
        lowest_label=lowest_label(dataset),
        absent=absent_classes(dataset),
        as_classes=describe(numbered) if numbered is not dataset else None,
        inputs=() if dataset.pictures else described_inputs(dataset),
    )


def described_inputs(dataset: DataSet) -> tuple[InputDescription, ...]:
    """Return what the inputs of a data set without pictures are, by its training part."""
    return tuple(map(_input, dataset.train.inputs.items()))


def _input(named: tuple[str, Column]) -> InputDescription:
    name, column = named
    if isinstance(column, TextColumn):
        beginning = column.vocabulary.decode(column.tokens[:_BEGINNING].tolist())
        text = TextDescription(len(column.tokens), column.vocabulary, beginning)
        return InputDescription(name, (column.length,), str(column.dtype), (), text)
    values = column.read(np.arange(len(column)))
    columns = column.columns if isinstance(column, ArrayColumn) else ()
    ranges = []
    place = 0
    for each in columns:
        part = values[:, place : place + each.width]
        place += each.width
        if each.categories:
            counts = part.sum(axis=0).astype(int).tolist()
            texts = dict(zip(each.categories, counts, strict=True))
            ranges.append(ColumnRange(each.name, categories=texts))
        else:
            ranges.append(_range(each.name, part))
    return InputDescription(
        name, values.shape[1:], str(column.dtype), tuple(ranges) or (_range("", values),)
    )


def _range(name: str, values: NDArray[Any]) -> ColumnRange:
    mean = float(values.mean(dtype=np.float64))
    return ColumnRange(name, float(values.min()), mean, float(values.max()))


def statistics_sample(
    part: Part, form: PictureForm, order: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return which pictures of a training part the statistics are computed from.

    10,000 of at most 64x64 pixels, evenly spaced; of larger ones the first 128 of an order; of
    fewer all. The rule is the same however a data set is stored, so that the same pictures give the
    same figures.

    Parameters
    ----------
    part
        The training part.
    form
        The form in which its pictures are trained on.
    order
        The order in which the first epoch takes them. So large pictures, which take long to decode,
        are those that the first steps need anyway. None stands for 128 evenly spaced.
    """
    sizes = [(form.height, form.width), *(shape[:2] for shape in part.shapes())]
    small = all(height * width <= _SMALL for height, width in sizes)
    most = _MANY if small else _FEW
    if small or order is None or len(part) <= most:
        return evenly(len(part), most)
    return order[:most]


def channel_statistics(
    part: Part,
    form: PictureForm,
    chosen: NDArray[np.int64] | None = None,
    *,
    read: Callable[[NDArray[np.int64], int], Iterable[NDArray[Any]]] | None = None,
) -> Statistics:
    """Return mean and standard deviation of each channel, each float64 (channels,).

    uint8 values are scaled to 0 to 1, floats are taken as they are. A constant channel has the
    deviation 1, so that dividing by it is safe.

    Whole numbers are added up exactly, so that the figures do not depend on the order or on how the
    pictures come. Of floats, the chunks' statistics are merged as in Chan, Golub and LeVeque,
    "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979), which avoids
    the cancellation that sums of squares suffer from.

    Parameters
    ----------
    part
        The training part.
    form
        The form in which its images are trained on.
    chosen
        The indices of the pictures that are used; None for those of `statistics_sample`.
    read
        Yields the images at some indices, (n, channels, height, width), at most so many at once;
        None reads the part.

    Raises
    ------
    DesignerError
        A picture cannot be read or converted.
    """
    if chosen is None:
        chosen = statistics_sample(part, form)
    images = in_chunks(part, form, chosen, read=read)
    if part.dtype == np.uint8:
        mean, deviation = _of_bytes(images, form.channels)
    else:
        mean, deviation = _of_floats(images, form.channels)
    varies = deviation > _CONSTANT * np.abs(mean)
    return mean, np.where(varies, deviation, 1.0)


def in_chunks(
    part: Part,
    form: PictureForm,
    chosen: NDArray[np.int64],
    *,
    read: Callable[[NDArray[np.int64], int], Iterable[NDArray[Any]]] | None = None,
) -> Iterable[NDArray[Any]]:
    """Yield images of a part in a form, (n, channels, height, width), a few at a time.

    The parameters are those of `channel_statistics`.

    Raises
    ------
    DesignerError
        A picture cannot be read or converted.
    """
    step = max(1, _CHUNK_VALUES // (form.height * form.width * form.channels))
    if read is not None:
        return read(chosen, step)
    chunks = np.split(chosen, range(step, len(chosen), step))
    return (part.images.read(chunk, form) for chunk in chunks)


def _of_bytes(chunks: Iterable[NDArray[Any]], channels: int) -> Statistics:
    """Return mean and deviation of uint8 images (n, channels, height, width), scaled to 0 to 1."""
    count = 0
    sums, squares = [0] * channels, [0] * channels
    for images in chunks:
        # Along the images' own memory, without a copy in doubles: in a third of the time.
        rows = images.sum(axis=(0, 2), dtype=np.uint64)
        row_squares = np.square(images, dtype=np.uint16).sum(axis=(0, 2), dtype=np.uint64)
        for channel in range(channels):
            sums[channel] += int(rows[channel].sum())
            squares[channel] += int(row_squares[channel].sum())
        count += images[:, 0].size
    variances = [
        (count * square - total**2) / count**2 for total, square in zip(sums, squares, strict=True)
    ]
    return np.array(sums) / count / 255, np.sqrt(variances) / 255


def _of_floats(chunks: Iterable[NDArray[Any]], channels: int) -> Statistics:
    """Return mean and deviation of images (n, channels, height, width) as they are."""
    count = 0
    mean = np.zeros(channels)
    squares = np.zeros(channels)  # sum of squared deviations from the mean
    for images in chunks:
        values = images.transpose(1, 0, 2, 3).reshape(channels, -1).astype(np.float64)
        new, chunk_mean = values.shape[1], values.mean(axis=1)
        shift = chunk_mean - mean
        squares += values.var(axis=1) * new + shift**2 * count * new / (count + new)
        mean += shift * new / (count + new)
        count += new
    return mean, np.sqrt(squares / count)


def memory_bytes(part: Part, form: PictureForm) -> int:
    """Return the bytes of all images of a part in a form, with their labels."""
    image = form.height * form.width * form.channels * part.dtype.itemsize
    return len(part) * image + part.labels.nbytes
