"""What was done to the images before the network saw them, and what its outputs mean."""

import msgspec


class Preprocessing(msgspec.Struct, frozen=True, kw_only=True):
    """``preprocessing.json`` of a run.

    An image is fitted to ``input`` (channels, height, width), its bytes are taken from 0 to 1, and
    each channel is standardized with the training part's figures: ``(image - mean) / deviation``.
    ``classes`` are in the order of the outputs; there are none for regression.
    """

    input: tuple[int, int, int]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    classes: tuple[str, ...]
