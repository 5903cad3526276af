"""The principal components of the colors of pictures, by which AlexNet's color noise is drawn."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[Any]


def color_components(chunks: Iterable[Images], channels: int) -> NDArray[np.float64]:
    """Return the principal components of the colors of all pixels, each times its variance.

    Parameters
    ----------
    chunks
        Images (n, channels, height, width). uint8 values are scaled to 0 to 1, floats are taken as
        they are. Sums over bytes are exact, so that the order of images makes no difference.
    channels
        The number of channels.

    Returns
    -------
    NDArray
        (channels, channels): rows are components, the largest variance first. The largest entry of
        a component is above 0, since eigenvectors have no sign of their own.

    Notes
    -----
    Krizhevsky et al. 2012, "ImageNet Classification with Deep Convolutional Neural Networks": to
    every pixel Σ pᵢ · λᵢ · αᵢ is added, with the eigenvectors pᵢ and eigenvalues λᵢ of the
    covariance matrix of the pixels, and αᵢ drawn for each image.
    """
    count, scale = 0, 1.0
    sums, products = np.zeros(channels), np.zeros((channels, channels))
    for images in chunks:
        scale = 255.0 if images.dtype == np.uint8 else 1.0
        values = images.transpose(1, 0, 2, 3).reshape(channels, -1).astype(np.float64)
        count += values.shape[1]
        sums += values.sum(1)
        products += values @ values.T
    mean = sums / max(count, 1)
    covariance = (products / max(count, 1) - np.outer(mean, mean)) / scale**2
    variances, vectors = np.linalg.eigh(covariance)
    components: NDArray[np.float64] = (vectors * variances.clip(min=0)).T[::-1]
    largest = np.abs(components).argmax(1)[:, None]
    return components * np.where(np.take_along_axis(components, largest, 1) < 0, -1.0, 1.0)
