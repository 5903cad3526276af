"""How images were preprocessed for the network, and what its outputs mean."""

import math
from typing import Annotated

import msgspec
from msgspec import Meta

_Size = Annotated[int, Meta(ge=1, le=2**53)]


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

    input: tuple[_Size, _Size, _Size]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        channels = self.input[0]
        for name in ("mean", "deviation"):
            values = getattr(self, name)
            if len(values) != channels:
                raise ValueError(f"{name} has {len(values)} values for {channels} channels")
        if not all(map(math.isfinite, self.mean)):
            raise ValueError("mean must be finite")
        if not all(0 < value < math.inf for value in self.deviation):
            raise ValueError("deviation must be finite and above 0")
