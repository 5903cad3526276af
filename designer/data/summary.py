"""Statistics of a data set: image counts and sizes, channel means and deviations, memory."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from designer.data.dataset import DataSet
from designer.data.labels import absent_classes, as_classes, lowest_label
from designer.data.parts import Part, evenly

_SAMPLE = 5_000  # picture files that are decoded for the statistics
_CHUNK_VALUES = 2**21  # values of one chunk: 16 MiB as float64
_CONSTANT = 1e-7  # deviation over mean that is only float32 rounding


@dataclass(frozen=True)
class Description:
    """What the window shows of a data set before it is trained on.

    Attributes
    ----------
    name, path, classes, outputs
        As of the `DataSet`.
    counts
        The number of images of each part.
    class_counts
        The number of images of each class in each part; empty for regression.
    heights, widths
        Smallest and largest in pixels, of the training part; of picture files, of a sample of 64.
    channels
        The largest number of channels.
    dtype
        The type of the images.
    note
        As of the `DataSet`.
    lowest_label
        See `labels.lowest_label`.
    absent
        See `labels.absent_classes`.
    as_classes
        The description of the same data for a loss that is for classes only, if it differs; see
        `labels.as_classes`.
    """

    name: str
    path: Path
    classes: tuple[str, ...]
    outputs: int
    counts: dict[str, int]
    class_counts: dict[str, tuple[int, ...]]
    heights: tuple[int, int]
    widths: tuple[int, int]
    channels: int
    dtype: np.dtype[Any]
    note: str = ""
    lowest_label: int = 0
    absent: tuple[str, ...] = ()
    as_classes: "Description | None" = None

    def from_first_label(self, first: int) -> "Description":
        """Return the description of `labels.from_first_label`, as far as the classes go."""
        if not 0 < first <= self.lowest_label:
            return self
        return replace(
            self,
            classes=self.classes[first:],
            outputs=self.outputs - first,
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
    classes = dataset.classes
    numbered = as_classes(dataset)
    heights, widths, channels = zip(*dataset.train.shapes(), strict=True)
    return Description(
        name=dataset.name,
        path=dataset.path,
        classes=classes,
        outputs=dataset.outputs,
        counts={name: len(part) for name, part in dataset.parts.items()},
        class_counts={
            name: tuple(np.bincount(part.labels, minlength=len(classes)).tolist())
            for name, part in dataset.parts.items()
            if classes
        },
        heights=(min(heights), max(heights)),
        widths=(min(widths), max(widths)),
        channels=max(channels),
        dtype=dataset.train.dtype,
        note=dataset.note,
        lowest_label=lowest_label(dataset),
        absent=absent_classes(dataset),
        as_classes=describe(numbered) if numbered is not dataset else None,
    )


def channel_statistics(
    part: Part, *, height: int, width: int, channels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each channel, each float64 (channels,).

    uint8 values are scaled to 0 to 1, floats are taken as they are. A constant channel has the
    deviation 1, so that dividing by it is safe. All images in memory are used, one chunk at a time;
    of picture files, 5,000 that are evenly spaced.

    The chunks' statistics are merged as in Chan, Golub and LeVeque, "Updating Formulae and a
    Pairwise Algorithm for Computing Sample Variances" (1979), which avoids the cancellation that
    sums of squares suffer from.

    Parameters
    ----------
    part
        The training part.
    height, width, channels
        The size at which its images are trained on.

    Raises
    ------
    DesignerError
        A picture cannot be read or converted.
    """
    chosen = np.arange(len(part)) if part.in_memory else evenly(len(part), _SAMPLE)
    step = max(1, _CHUNK_VALUES // (height * width * channels))
    count = 0
    mean = np.zeros(channels)
    squares = np.zeros(channels)  # sum of squared deviations from the mean
    for start in range(0, len(chosen), step):
        chunk = chosen[start : start + step]
        images = part.read(chunk, height=height, width=width, channels=channels)
        values = images.astype(np.float64).transpose(1, 0, 2, 3).reshape(channels, -1)
        new, chunk_mean = values.shape[1], values.mean(axis=1)
        shift = chunk_mean - mean
        squares += values.var(axis=1) * new + shift**2 * count * new / (count + new)
        mean += shift * new / (count + new)
        count += new
    deviation = np.sqrt(squares / count)
    scale = 255.0 if part.dtype == np.uint8 else 1.0
    varies = deviation > _CONSTANT * np.abs(mean)
    return mean / scale, np.where(varies, deviation / scale, 1.0)


def memory_bytes(part: Part, *, height: int, width: int, channels: int) -> int:
    """Return the bytes of all images of a part at a size, with their labels."""
    image = height * width * channels * part.dtype.itemsize
    return len(part) * image + part.labels.nbytes
