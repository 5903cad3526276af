"""Layers that enlarge images: by interpolation, or by turning channels into pixels."""

from collections.abc import Sequence

from designer.design.expressions import Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, need_image
from designer.layers.parameters import Choice, Int
from designer.layers.tensors import INTERPOLATED, Shape, Tensor, Window, show


class Upsample(Layer):
    """Enlarges the image."""

    category = Category.SHAPE
    help = "Enlarges height and width by repeating or interpolating."
    torch = "nn.Upsample"
    channels_last = True
    scale_factor = Int(2, minimum=1, maximum=64, help="How many times larger.")
    mode = Choice("nearest", choices=("nearest", "bilinear", "bicubic"), help="How to fill in.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        channels, height, width = need_image(self, inputs)
        return channels, height * self.scale_factor, width * self.scale_factor

    def constructor(self, code: Code) -> str:
        factor = f"scale_factor={code.argument('scale_factor')}"
        return f"nn.Upsample({', '.join([factor, *code.keywords(['mode'])])})"

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Return one, two or four neighbors; the stride is a fraction of an input."""
        size = {"nearest": 1, "bilinear": 2, "bicubic": 4}[self.mode]
        size = 1 if self.scale_factor == 1 else size
        step = 1 / self.scale_factor
        offset = (step - 1) / 2, (step - 1) / 2
        return Window((size, size), (step, step), offset, taps=INTERPOLATED)

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        _, height, width = inputs[0].shape
        return (f"height, width = {height}×{width} · {self.scale_factor} = {show(output[1:])}",)


class PixelShuffle(Layer):
    """Turns channels into pixels."""

    category = Category.SHAPE
    help = "Rearranges r² channels into an image r times larger (sub-pixel convolution)."
    torch = "nn.PixelShuffle"
    channels_last = True
    positional = ("upscale_factor",)
    upscale_factor = Int(2, minimum=1, maximum=64, help="The factor r.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return channels / r², height r, width r."""
        channels, height, width = need_image(self, inputs)
        factor = self.upscale_factor
        if channels % factor**2:
            raise LayerError(
                "channels",
                f"{channels} channels do not divide by {factor}² = {factor**2}",
                axis="channels",
                received=channels,
                expected=f"a multiple of {factor**2}",
            )
        return channels // factor**2, height * factor, width * factor

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return None: the generated class takes the number as an argument."""
        return None

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Return one input; the stride is a fraction of it."""
        step = 1 / self.upscale_factor
        offset = (step - 1) / 2, (step - 1) / 2
        return Window((1, 1), (step, step), offset, taps=INTERPOLATED, channels=True)

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"channels = {inputs[0].shape[0]} / {self.upscale_factor}² = {output[0]}",)
