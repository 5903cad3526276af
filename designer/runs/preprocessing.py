"""How images were preprocessed for the network, and what its outputs mean."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from designer.recipe.losses import Targets

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
        The class of each output; none if an image has several labels or numbers.
    labels
        The label of each output where an image may have several.
    numbers
        The name of the number that each output predicts; none in runs of earlier versions.
    class_weights
        The weight in the loss of each class, or of each label where it is there; none if all weigh
        the same.
    fit
        How pictures of other proportions are brought to the size: see the setting ``data.fit``.
    gray_range
        The values that are black and white in pictures of more than 8 bits, which are scaled from
        0 to 1 by it before they are standardized; None if the data set has no such pictures.
    """

    input: tuple[_Size, _Size, _Size]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    classes: tuple[str, ...]
    labels: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    class_weights: tuple[float, ...] = ()
    fit: str = "crop"
    gray_range: tuple[float, float] | None = None

    @property
    def targets(self) -> Targets:
        """What the outputs stand for."""
        return "classes" if self.classes else "labels" if self.labels else "numbers"

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
        if sum(map(bool, (self.classes, self.labels, self.numbers))) > 1:
            raise ValueError("only one of classes, labels and numbers can have names")
        if self.class_weights:
            count, outputs = len(self.class_weights), len(self.classes or self.labels)
            if count != outputs:
                raise ValueError(f"class_weights has {count} values for {outputs} outputs")
            if not all(0 < value < math.inf for value in self.class_weights):
                raise ValueError("class_weights must be finite and above 0")

    def metadata(self) -> dict[str, str]:
        """Return what a model file says of the data that it learned from, each value as JSON."""
        return {
            name: msgspec.json.encode(value).decode()
            for name, value in msgspec.to_builtins(self).items()
            if name in _ALWAYS or (name in _METADATA and value)
        }

    @classmethod
    def from_metadata(
        cls, metadata: Mapping[str, str], shape: Sequence[int], outputs: int
    ) -> "Preprocessing | None":
        """Return the preprocessing that a model file speaks of; None if it speaks of none.

        Parameters
        ----------
        metadata
            As `metadata` returns it. Files of earlier versions lack some of it.
        shape
            Channels, height and width that the network takes now.
        outputs
            The number of its outputs; names of another number of classes are not used.
        """
        if not metadata.keys() >= _STANDARDIZED:
            return None
        try:
            fields = {
                name: msgspec.json.decode(text)
                for name, text in metadata.items()
                if name in _METADATA
            }
            found = msgspec.convert({"classes": (), **fields, "input": tuple(shape)}, cls)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None  # a file of another program, or for another number of channels
        names = found.classes or found.labels or found.numbers
        return found if len(names) in (0, outputs) else None


_STANDARDIZED = {"mean", "deviation"}
_ALWAYS = {"classes", "input", "fit"} | _STANDARDIZED
_METADATA = _ALWAYS | {"labels", "numbers", "gray_range"}
"""The fields that model files have in their metadata."""
