"""The preprocessings: one row each, with what the training part decides of it.

What they do to pictures stands in `designer.engine.batches`, how they are fitted in
`designer.engine.fitting`.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

Arrays = Literal["none", "picture", "matrix"]
"""What a preprocessing has besides figures of the channels: a mean picture, or a matrix, too."""

LARGEST_MATRIX = 4096
"""Values of a picture that can be whitened: the matrix then takes 64 MiB, and a minute to find."""


class PreprocessingKind(msgspec.Struct, frozen=True, kw_only=True):
    """A preprocessing.

    Attributes
    ----------
    name, title
        Its name in a recipe, and for people.
    help
        One sentence that says what it does.
    formula
        What becomes of a picture x whose bytes were scaled to 0 to 1, in plain text.
    source
        The paper that it comes from, "" for one that every textbook has.
    settings
        The settings of the group ``data`` that it uses.
    arrays
        What it has besides figures of the channels.
    """

    name: str
    title: str
    help: str
    formula: str
    source: str = ""
    settings: tuple[str, ...] = ()
    arrays: Arrays = "none"


_KRIZHEVSKY = "Krizhevsky, 2009: Learning multiple layers of features from tiny images"

_ROWS = (
    PreprocessingKind(
        name="none",
        title="none",
        help="Pictures as they are stored: bytes from 0 to 255.",
        formula="255 · x",
    ),
    PreprocessingKind(
        name="scale",
        title="scale to 0 … 1",
        help="Bytes divided by 255; other numbers so that the training part is from 0 to 1.",
        formula="x",
    ),
    PreprocessingKind(
        name="center_mean",
        title="subtract the mean color",
        help="Scaled to 0 to 1, less the mean of each channel.",
        formula="x - mean(channel)",
    ),
    PreprocessingKind(
        name="center_picture",
        title="subtract the mean picture",
        help="Scaled to 0 to 1, less the mean of each pixel.",
        formula="x - mean(channel, row, column)",
        source="Krizhevsky, Sutskever and Hinton, 2012: ImageNet classification with deep "
        "convolutional neural networks",
        arrays="picture",
    ),
    PreprocessingKind(
        name="standardize",
        title="standardize",
        help="Less the mean of each channel, divided by its standard deviation.",
        formula="(x - mean(channel)) / deviation(channel)",
    ),
    PreprocessingKind(
        name="pca",
        title="PCA whitening",
        help="Each picture as its principal components, which are uncorrelated, divided by their "
        "deviations: neighbors are no longer pixels that belong together.",
        formula="diag(1 / sqrt(λ + ε)) · Uᵀ · (x - mean), where U and λ are eigenvectors and "
        "eigenvalues of the covariance of all values",
        source=_KRIZHEVSKY,
        settings=("whitening_epsilon",),
        arrays="matrix",
    ),
    PreprocessingKind(
        name="zca",
        title="ZCA whitening",
        help="Whitened as near to the picture as possible: values are uncorrelated, edges stay in "
        "their places.",
        formula="U · diag(1 / sqrt(λ + ε)) · Uᵀ · (x - mean), where U and λ are eigenvectors and "
        "eigenvalues of the covariance of all values",
        source=_KRIZHEVSKY,
        settings=("whitening_epsilon",),
        arrays="matrix",
    ),
)

PREPROCESSINGS: Mapping[str, PreprocessingKind] = {row.name: row for row in _ROWS}


def too_large(name: str, shape: tuple[int, int, int]) -> str:
    """Return why pictures are too large for a preprocessing, with what helps; "" if they are not.

    Parameters
    ----------
    name
        Of the row.
    shape
        Channels, height and width of the network's input.
    """
    channels, height, width = shape
    values = channels * height * width
    if PREPROCESSINGS[name].arrays != "matrix" or values <= LARGEST_MATRIX:
        return ""
    return (
        f"data.preprocessing is {name}, which needs the covariance of all values of a picture: for "
        f"{channels}x{height}x{width} these are {values:,} x {values:,} numbers, "
        f"{8 * values**2 / 2**30:,.1f} GiB. Pictures of at most {LARGEST_MATRIX:,} values can be "
        "whitened, such as 3x32x32: set it to standardize, or make the network's input smaller."
    )
