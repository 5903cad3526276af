"""Norms by layer of later networks: over the channels of images, and by the mean square."""

from collections.abc import Sequence
from math import prod

from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_image
from designer.layers.layouts import (
    channels_last_layout,
    elementwise_layout,
    is_channels_last,
    is_contiguous,
)
from designer.layers.normalization import LastAxesNorm, affine_states
from designer.layers.parameters import Bool, Float, Int, OptionalFloat
from designer.layers.tensors import (
    CONTIGUOUS,
    FLOAT_BYTES,
    MAX_AXES,
    Layout,
    Reads,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    Window,
)


class LayerNorm2d(Layer):
    """Layer normalization of the channels of images."""

    category = Category.NORMALIZATION
    help = "Normalizes the channels at each position of an image by themselves (ConvNeXt)."
    keeps_zero = True
    torch = "LayerNorm2d"
    positional = ("in_channels",)
    eps = Float(1e-5, minimum=1e-12, maximum=1.0, help="Added to the variance.")
    affine = Bool(True, help="Learn a scale and a shift per channel.")
    source = '''
class LayerNorm2d(nn.LayerNorm):
    """Normalizes the channels of images, the first axis after the batch."""

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)
'''

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return need_image(self, inputs)

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return a layout with the channels last, which torch normalizes over."""
        return channels_last_layout(inputs[0].shape)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        return Window(channels=True)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return affine_states((inputs[0].shape[0],)) if self.affine else ()

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, and mean and deviation of each position."""
        return SavedForBackward(inputs=(0,), per_image=2 * FLOAT_BYTES * output[1] * output[2])

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the output, and of the mean and deviation of each position."""
        return FLOAT_BYTES * (prod(output) + 2 * output[1] * output[2])

    def constructor(self, code: Code) -> str:
        options = code.keywords(["eps"]) + ([] if self.affine else ["elementwise_affine=False"])
        return f"LayerNorm2d({', '.join([code.channels, *options])})"


class RMSNorm(LastAxesNorm):
    """Normalization by the root of the mean square."""

    help = "Divides the last axes by the root of their mean square; 0 axes are all of them."
    torch = "nn.RMSNorm"
    axes = Int(
        1, minimum=0, maximum=MAX_AXES, help="How many of the last axes to normalize; 0 is all."
    )
    eps = OptionalFloat(
        None, help="Added to the mean square; nothing for the smallest step of the type."
    )
    affine = Bool(True, help="Learn a scale for each value.")

    def check(self) -> None:
        """Refuse a negative number, below whose root there may be no number."""
        if self.eps is not None and self.eps < 0:
            raise LayerError(
                "eps",
                f"eps must be at least 0, received {self.eps:g}",
                received=self.eps,
                expected="at least 0",
                remedies=[SetParameters("use torch's own", {"eps": None})],
            )

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return affine_states(self._normalized(inputs))[:1] if self.affine else ()

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return a contiguous one, or that of channels last: torch copies any other result."""
        shape = inputs[0].shape
        return channels_last_layout(shape) if is_channels_last(inputs[0]) else CONTIGUOUS

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save what the input's gradient needs, and the quotient for the gradient of the scale."""
        scaled = FLOAT_BYTES * inputs[0].values if self.affine else 0
        if not inputs[0].needs_grad:
            return SavedForBackward(per_image=scaled)
        saved = self.saved_when_frozen(inputs, output, True)
        return saved._replace(per_image=saved.per_image + scaled)

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Save the input and a root of each slice: the scale needs no gradient."""
        return SavedForBackward(inputs=(0,), per_image=FLOAT_BYTES * self._slices(inputs))

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the roots, the quotient, the scaled one, and a copy if its layout is unusual."""
        values, slices = prod(output), self._slices(inputs)
        made = inputs[0]._replace(layout=elementwise_layout(inputs[:1], inputs[0].shape))
        usual = is_contiguous(made) or is_channels_last(inputs[0])
        scaled = 1 if usual and not self.affine else 2
        return FLOAT_BYTES * max(scaled * values + slices, values + 2 * slices)
