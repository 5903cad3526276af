"""How images and other inputs were preprocessed for the network, and what its outputs mean."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from designer.errors import DesignerError
from designer.recipe.columns import ValueColumn
from designer.recipe.losses import Targets
from designer.recipe.preprocessing import LARGEST_MATRIX, PREPROCESSINGS
from designer.recipe.vocabulary import Vocabulary
from designer.runs import array_files

_Size = Annotated[int, Meta(ge=1, le=2**53)]


class InputPreprocessing(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to the values of one of the inputs of a network that takes no picture.

    Attributes
    ----------
    name, shape, integer, axis
        As of `designer.runs.network.InputInfo`.
    mean, deviation
        Along ``axis``: values, with bytes scaled to 0 to 1, become ``(value - mean) / deviation``.
        Empty where they are taken as they are.
    bytes
        Whether the values are bytes, from 0 to 255.
    columns
        The columns of a table that the values are from; none for arrays.
    vocabulary
        The tokens of a text that the values are from; None for anything else.
    """

    name: str
    shape: Annotated[tuple[_Size, ...], Meta(min_length=1)]
    integer: bool = False
    axis: Annotated[int, Meta(ge=0)] = 0
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    bytes: bool = False
    columns: tuple[ValueColumn, ...] = ()
    vocabulary: Vocabulary | None = None

    def __post_init__(self) -> None:
        if self.axis >= len(self.shape):
            raise ValueError(f"axis is {self.axis} of {len(self.shape)} axes")
        for name in ("mean", "deviation"):
            values = getattr(self, name)
            if values and len(values) != self.shape[self.axis]:
                raise ValueError(
                    f"{name} of {self.name} has {len(values)} values for {self.shape[self.axis]}"
                )
        if bool(self.mean) != bool(self.deviation) or not all(map(math.isfinite, self.mean)):
            raise ValueError(f"mean and deviation of {self.name} must both be finite")
        if not all(0 < value < math.inf for value in self.deviation):
            raise ValueError(f"deviation of {self.name} must be finite and above 0")
        if self.columns and sum(each.width for each in self.columns) != self.shape[0]:
            raise ValueError(f"columns of {self.name} do not give {self.shape[0]} values")


class Preprocessing(msgspec.Struct, frozen=True, kw_only=True):
    """``preprocessing.json`` of a run.

    Attributes
    ----------
    input
        Channels, height and width that images are converted to; empty for other inputs.
    mean, deviation
        Per channel; images, with bytes scaled to 0 to 1, become ``(image - mean) / deviation``.
        Standardized ones have those of the training part, others 0 and 1 where they leave a step
        out. The deviation of bytes that are taken as they are is 1 / 255.
    kind
        The name of the preprocessing: a row of `designer.recipe.preprocessing.PREPROCESSINGS`.
    color_mean
        The mean of each channel over the training part where `mean` is another; empty else.
    mean_picture
        The mean of each pixel, which is subtracted before the rest: (channels, height, width),
        float32 in little endian. Empty if there is none.
    whitening
        The matrix by which the values of an image are multiplied at last: (values, values) in the
        same type. Empty if there is none.
    arrays
        SHA-256 of mean picture and matrix, which stand in ``preprocessing.npz`` beside; "" if there
        are none.
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
    color_components
        The principal components of the training part's colors, each times its variance, for the
        augmentation ``color_noise``: (channels, channels). Empty if it is off.
    inputs
        What is done to the inputs of a network that takes no picture, in their order.
    gives_input
        Whether the main output is the input again, as of an autoencoder.
    """

    input: tuple[_Size, ...] = ()
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    classes: tuple[str, ...]
    labels: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    class_weights: tuple[float, ...] = ()
    fit: str = "crop"
    gray_range: tuple[float, float] | None = None
    color_components: tuple[tuple[float, ...], ...] = ()
    kind: str = "standardize"
    color_mean: tuple[float, ...] = ()
    mean_picture: bytes = b""
    whitening: bytes = b""
    arrays: str = ""
    inputs: tuple[InputPreprocessing, ...] = ()
    gives_input: bool = False

    @property
    def picture(self) -> tuple[int, int, int]:
        """Channels, height and width of the picture that the network takes.

        Raises
        ------
        DesignerError
            It takes something else.
        """
        if self.vocabulary is not None:
            raise DesignerError(
                "The network continues texts, so that it cannot be shown a picture: let it go on "
                "with a prompt in the Try it dock, or by: netdesigner sample RUN --prompt TEXT"
            )
        if self.inputs:
            shown = " and ".join(
                f"{each.name} ({'×'.join(map(str, each.shape))})" for each in self.inputs
            )
            raise DesignerError(
                f"The network takes {shown}, no picture, so that it cannot be shown one: choose a "
                "network with one Input of three axes (channels × height × width)."
            )
        channels, height, width = self.input
        return channels, height, width

    @property
    def columns(self) -> tuple[ValueColumn, ...]:
        """The columns of the table that the only input is from; none for anything else."""
        return self.inputs[0].columns if len(self.inputs) == 1 else ()

    @property
    def vocabulary(self) -> Vocabulary | None:
        """The tokens of the text that the network reads and continues; None for other networks."""
        return self.inputs[0].vocabulary if len(self.inputs) == 1 else None

    @property
    def targets(self) -> Targets:
        """What the outputs stand for."""
        if self.gives_input:
            return "input"
        if self.vocabulary is not None:
            return "tokens"
        return "classes" if self.classes else "labels" if self.labels else "numbers"

    def __post_init__(self) -> None:
        if bool(self.input) == bool(self.inputs) or len(self.input) not in (0, 3):
            raise ValueError("either input has three sizes, or inputs has entries")
        channels = self.input[0] if self.input else 0
        for name in ("mean", "deviation"):
            values = getattr(self, name)
            if len(values) != channels:
                raise ValueError(f"{name} has {len(values)} values for {channels} channels")
        rows = self.color_components
        if rows and [len(row) for row in rows] != [channels] * channels:
            raise ValueError(f"color_components must be {channels} rows of {channels} values")
        if not all(map(math.isfinite, (value for row in rows for value in row))):
            raise ValueError("color_components must be finite")
        if not all(map(math.isfinite, self.mean)):
            raise ValueError("mean must be finite")
        if not all(0 < value < math.inf for value in self.deviation):
            raise ValueError("deviation must be finite and above 0")
        if self.input:
            self._check_arrays()
        if sum(map(bool, (self.classes, self.labels, self.numbers, self.gives_input))) > 1:
            raise ValueError("only one of classes, labels, numbers and gives_input can be there")
        if self.class_weights:
            count, outputs = len(self.class_weights), len(self.classes or self.labels)
            if count != outputs:
                raise ValueError(f"class_weights has {count} values for {outputs} outputs")
            if not all(0 < value < math.inf for value in self.class_weights):
                raise ValueError("class_weights must be finite and above 0")

    def _check_arrays(self) -> None:
        """Refuse arrays of another size than that of the input, and a lack of them."""
        if self.kind not in PREPROCESSINGS:
            raise ValueError(f"kind is {self.kind}, which this version does not know")
        shapes = self.array_shapes
        for name in ("mean_picture", "whitening"):
            size = 4 * math.prod(shapes[name]) if name in shapes else 0
            given = len(getattr(self, name))
            if given != size and (given or not self.arrays):
                raise ValueError(f"{name} has {given:,} bytes instead of {size:,}")

    @property
    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the arrays that its kind has, by their names."""
        if not self.input:
            return {}
        values = math.prod(self.input)
        arrays = PREPROCESSINGS[self.kind].arrays
        shapes: dict[str, tuple[int, ...]] = {}
        if arrays != "none":
            shapes["mean_picture"] = self.input
        if arrays == "matrix":
            if values > LARGEST_MATRIX:
                raise ValueError(f"{values:,} values are too many to be whitened")
            shapes["whitening"] = (values, values)
        return shapes

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of its arrays; "" if it has none."""
        if not self.mean_picture:
            return ""
        return hashlib.sha256(self.mean_picture + self.whitening).hexdigest()

    def stored(self) -> tuple[bytes, bytes]:
        """Return the contents of ``preprocessing.json`` and ``preprocessing.npz``, "" for none."""
        plain = msgspec.structs.replace(
            self, mean_picture=b"", whitening=b"", arrays=self.fingerprint
        )
        text = msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"
        arrays = {name: (shape, getattr(self, name)) for name, shape in self.array_shapes.items()}
        return text, array_files.packed(arrays) if arrays else b""

    def with_arrays(self, content: bytes) -> "Preprocessing":
        """Return it with the arrays of ``preprocessing.npz``.

        Raises
        ------
        ValueError
            They are damaged or belong to another one.
        """
        found = array_files.unpacked(content, self.array_shapes)
        complete = msgspec.structs.replace(
            self, mean_picture=found["mean_picture"], whitening=found.get("whitening", b"")
        )
        if complete.fingerprint != self.arrays:
            raise ValueError("its content does not match preprocessing.json")
        return complete

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
        if not metadata.keys() >= _STANDARDIZED or "inputs" in metadata:
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
_ALWAYS = {"classes", "input", "fit", "kind"} | _STANDARDIZED
_METADATA = _ALWAYS | {
    "labels",
    "numbers",
    "gray_range",
    "mean_picture",
    "whitening",
    "inputs",
    "gives_input",
}
"""The fields that model files have in their metadata."""
