"""Normalizations: scale the values over some axes to mean 0 and variance 1."""

from collections.abc import Sequence
from functools import lru_cache
from math import prod

from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import (
    LayerError,
    SetParameters,
    largest_divisor,
    need_image,
    need_spatial,
)
from designer.layers.layouts import (
    batch_norm_layout,
    elementwise_layout,
    is_contiguous,
)
from designer.layers.parameters import Bool, Float, Int
from designer.layers.tensors import (
    BIAS,
    BUFFER,
    FLOAT_BYTES,
    INDEX_BYTES,
    ITS_INPUT,
    MAX_AXES,
    POINT,
    WEIGHT,
    AllPositions,
    Layout,
    Reads,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    Window,
    show,
)


# Few sizes occur in a network, and many norms share them: tuples are built once for each.
@lru_cache(maxsize=1024)
def affine_states(shape: Shape) -> tuple[State, State]:
    """Return the scale and the shift of a norm."""
    return State("weight", shape, WEIGHT), State("bias", shape, BIAS)


@lru_cache(maxsize=1024)
def _running(channels: int) -> tuple[State, ...]:
    return (
        State("running_mean", (channels,), BUFFER),
        State("running_var", (channels,), BUFFER),
        State("num_batches_tracked", (), BUFFER, INDEX_BYTES),
    )


class _BatchNorm(Layer):
    """Base of the norms over the batch, which use running statistics in eval mode."""

    category = Category.NORMALIZATION
    keeps_zero = True
    positional = ("in_channels",)
    eps = Float(1e-5, minimum=1e-12, maximum=1.0, help="Added to the variance.")
    momentum = Float(0.1, minimum=0.0, maximum=1.0, help="Weight of a new batch in the statistics.")
    affine = Bool(True, help="Learn a scale and a shift per channel.")

    def needs_batch(self, inputs: Sequence[Tensor]) -> bool:
        return inputs[0].values == inputs[0].shape[0]

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        channels = inputs[0].shape[0]
        return (*(affine_states((channels,)) if self.affine else ()), *_running(channels))

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, and the batch's mean and deviation per channel."""
        return SavedForBackward(inputs=(0,), fixed=2 * FLOAT_BYTES * inputs[0].shape[0])

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return ITS_INPUT

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Save what it does in eval mode, in which a frozen norm always is."""
        return self.saved_in_eval(inputs, output)


class _SpatialBatchNorm(_BatchNorm):
    """Base of the norms of images and volumes."""

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return batch_norm_layout(inputs[0])

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return need_spatial(self, inputs, self.spatial_axes)


class BatchNorm2d(_SpatialBatchNorm):
    """Batch normalization of images."""

    help = "Normalizes each channel over the batch and all positions."
    torch = "nn.BatchNorm2d"


class BatchNorm1d(_BatchNorm):
    """Batch normalization of features."""

    help = "Normalizes each feature, or channel of a sequence, over the batch and all positions."
    torch = "nn.BatchNorm1d"
    spatial_axes = 1

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = inputs[0].shape
        if len(shape) > 2:
            received, norm = "the image ", "; BatchNorm2d normalizes images"
            if len(shape) > 3:
                received, norm = "", "; BatchNorm3d normalizes volumes" if len(shape) == 4 else ""
            raise LayerError(
                "not-features",
                f"BatchNorm1d needs features, received {received}{show(shape)}{norm}",
                received=show(shape),
                expected="features",
            )
        return shape


class BatchNorm3d(_SpatialBatchNorm):
    """Batch normalization of volumes."""

    help = "Normalizes each channel of volumes over the batch and all positions."
    torch = "nn.BatchNorm3d"
    spatial_axes = 3


class LocalResponseNorm(Layer):
    """Local response normalization."""

    category = Category.NORMALIZATION
    help = "Divides each value by the energy of its neighboring channels (AlexNet)."
    keeps_zero = True
    torch = "nn.LocalResponseNorm"
    positional = ("size",)
    size = Int(5, maximum=10_000, help="Neighboring channels that take part.")
    alpha = Float(1e-4, minimum=0.0, maximum=100.0, help="Weight of the energy.")
    beta = Float(0.75, minimum=0.0, maximum=100.0, help="Exponent.")
    k = Float(1.0, minimum=1e-6, maximum=100.0, help="Added to the energy.")

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return the layout of the input divided by contiguous values."""
        shape = inputs[0].shape
        return elementwise_layout((inputs[0], Tensor(shape)), shape)

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return need_image(self, inputs)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        return Window(channels=True)

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, its squares with size - 1 more channels, and two tensors of its size."""
        channels, height, width = inputs[0].shape
        padded = (channels + self.size - 1) * height * width
        return SavedForBackward(
            inputs=(0,), per_image=FLOAT_BYTES * (padded + 2 * inputs[0].values)
        )

    def backward_scratch(self, inputs: Sequence[Tensor]) -> int:
        """Return three tensors of the input's size: gradients of the power and of the quotient."""
        return 3 * inputs[0].values

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the squares with their padded copy, or three tensors of the input's size."""
        channels, height, width = inputs[0].shape
        padded = (channels + self.size - 1) * height * width
        return FLOAT_BYTES * (inputs[0].values + max(padded, 2 * inputs[0].values))


class GroupNorm(Layer):
    """Group normalization."""

    category = Category.NORMALIZATION
    help = "Normalizes groups of channels of each image by itself."
    keeps_zero = True
    torch = "nn.GroupNorm"
    channels_last = True
    positional = ("num_groups", "in_channels")
    num_groups = Int(32, help="Groups into which the channels fall.")
    eps = Float(1e-5, minimum=1e-12, maximum=1.0, help="Added to the variance.")
    affine = Bool(True, help="Learn a scale and a shift per channel.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return the input's shape; the channels must divide, and a group needs several values."""
        channels = inputs[0].shape[0]
        if inputs[0].values == self.num_groups:
            raise LayerError(
                "one-value",
                f"{self.num_groups} groups of {show(inputs[0].shape)} hold a single value each",
                received=f"{self.num_groups} groups",
                expected="more than one value per group",
                remedies=[SetParameters("set groups to 1", {"num_groups": 1})]
                if self.num_groups > 1
                else [],
            )
        if channels % self.num_groups:
            fitting = largest_divisor(channels, self.num_groups)
            raise LayerError(
                "groups",
                f"{channels} channels do not divide into {self.num_groups} groups",
                axis="channels",
                received=channels,
                expected=f"a multiple of {self.num_groups}",
                remedies=[SetParameters(f"set groups to {fitting}", {"num_groups": fitting})],
            )
        return inputs[0].shape

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        return AllPositions(tuple(range(len(output))), directly=True)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return affine_states((inputs[0].shape[0],)) if self.affine else ()

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, and mean and deviation of each group."""
        return SavedForBackward(inputs=(0,), per_image=2 * FLOAT_BYTES * self.num_groups)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the output, and of the mean and deviation of each group."""
        return FLOAT_BYTES * (prod(output) + 2 * self.num_groups)


class LastAxesNorm(Layer):
    """Base of the norms of the last axes, each slice of these by itself."""

    category = Category.NORMALIZATION
    keeps_zero = True
    axes = Int(
        0, minimum=0, maximum=MAX_AXES, help="How many of the last axes to normalize; 0 is all."
    )
    affine = Bool(True, help="Learn a scale and a shift for each value.")

    def _normalized(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape[-self.axes :]

    def _slices(self, inputs: Sequence[Tensor]) -> int:
        return inputs[0].values // prod(self._normalized(inputs))

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        if self.axes > len(inputs[0].shape):
            raise LayerError(
                "no-such-axis",
                f"the input {show(inputs[0].shape)} has fewer than {self.axes} axes",
                received=len(inputs[0].shape),
                expected=f"at least {self.axes}",
                remedies=[SetParameters("normalize all axes", {"axes": 0})],
            )
        return inputs[0].shape

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        return AllPositions(tuple(range(len(output)))[-self.axes :], directly=True)

    def constructor(self, code: Code) -> str:
        rank = len(code.inputs[0].shape)
        if rank == 1 or self.axes == 1:
            shape = code.features
        else:
            shape = f"{code.shape}[-{self.axes}:]" if 0 < self.axes < rank else code.shape
        options = [f"eps={code.argument('eps')}"] if code.keywords(["eps"]) else []
        if not self.affine:
            options.append("elementwise_affine=False")
        return f"{self.torch}({', '.join([shape, *options])})"


class LayerNorm(LastAxesNorm):
    """Layer normalization."""

    help = "Normalizes all values of each image, or its last axes, with a scale for each value."
    torch = "nn.LayerNorm"
    eps = Float(1e-5, minimum=1e-12, maximum=1.0, help="Added to the variance.")

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return affine_states(self._normalized(inputs)) if self.affine else ()

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, and mean and deviation of each slice that is normalized."""
        return SavedForBackward(inputs=(0,), per_image=2 * FLOAT_BYTES * self._slices(inputs))

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the output, and of the mean and deviation of each slice."""
        return FLOAT_BYTES * (prod(output) + 2 * self._slices(inputs))


class _InstanceNorm(Layer):
    """Normalizes each channel of each sample over any number of axes."""

    category = Category.NORMALIZATION
    keeps_zero = True
    positional = ("in_channels",)
    eps = Float(1e-5, minimum=1e-12, maximum=1.0, help="Added to the variance.")
    momentum = Float(0.1, minimum=0.0, maximum=1.0, help="Weight of a new batch in the statistics.")
    affine = Bool(False, help="Learn a scale and a shift per channel.")
    track_running_stats = Bool(False, help="Keep running statistics for eval mode.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = need_spatial(self, inputs, self.spatial_axes)
        if max(shape[1:]) == 1:
            raise LayerError(
                "one-value",
                f"{type(self).__name__} needs more than one value per channel, received "
                f"{show(shape[1:])}",
                received=show(shape[1:]),
                expected="more than one position",
            )
        return shape

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        """Return all positions, unless running statistics replace theirs."""
        if self.track_running_stats:
            return POINT
        return AllPositions(tuple(range(1, len(output))), directly=True)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        channels = inputs[0].shape[0]
        affine = affine_states((channels,)) if self.affine else ()
        return (*affine, *(_running(channels) if self.track_running_stats else ()))

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input and, per image and channel, two to five values (measured)."""
        return self._saved(inputs[0], 2 if self.track_running_stats else 0)

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the same without the batch's statistics."""
        return self._saved(inputs[0], 0)

    def _saved(self, tensor: Tensor, more: int) -> SavedForBackward:
        statistics = ((3 if self.affine else 2) + more) * FLOAT_BYTES * tensor.shape[0]
        if is_contiguous(tensor):
            return SavedForBackward(inputs=(0,), per_image=statistics)
        copy = FLOAT_BYTES * tensor.values  # torch makes the input contiguous
        return SavedForBackward(per_image=statistics + copy)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of output, statistics, and scale and shift of each image."""
        values = prod(output) + output[0] * (4 if self.affine else 2)
        if not is_contiguous(inputs[0]):
            values += inputs[0].values
        return FLOAT_BYTES * values

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Save what it does in eval mode, in which a frozen norm always is."""
        return self.saved_in_eval(inputs, output)


class InstanceNorm2d(_InstanceNorm):
    """Instance normalization."""

    help = "Normalizes each channel of each image by itself."
    torch = "nn.InstanceNorm2d"


class InstanceNorm1d(_InstanceNorm):
    """Instance normalization of sequences."""

    help = "Normalizes each channel of each sequence by itself."
    torch = "nn.InstanceNorm1d"
    spatial_axes = 1


class InstanceNorm3d(_InstanceNorm):
    """Instance normalization of volumes."""

    help = "Normalizes each channel of each volume by itself."
    torch = "nn.InstanceNorm3d"
    spatial_axes = 3
