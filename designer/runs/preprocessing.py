"""How images were preprocessed for the network, and what its outputs mean."""

import msgspec


class Preprocessing(msgspec.Struct, frozen=True, kw_only=True):
    """``preprocessing.json`` of a run.

    Attributes
    ----------
    input
        Channels, height and width that images are converted to.
    mean, deviation
        Per channel, over the training part with bytes scaled to 0 to 1; images are standardized as
        ``(image - mean) / deviation``.
    classes
        The class of each output; none for regression.
    """

    input: tuple[int, int, int]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    classes: tuple[str, ...]
