"""Layers that change the size of images: by interpolation, or by turning channels into pixels."""

from collections.abc import Sequence
from typing import TypeVar

from designer.design.expressions import Literal, Tree
from designer.layers.adaptive_pooling import adaptive_window
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_image, need_spatial
from designer.layers.kernels import all_sides, lines_of_axes, times
from designer.layers.layouts import channels_last_layout, is_channels_last
from designer.layers.parameters import Bool, Choice, Int, Integers, Numbers
from designer.layers.spatial import WORDS
from designer.layers.tensors import (
    BLENDED,
    CONTIGUOUS,
    INTERPOLATED,
    ITS_INPUT,
    NOTHING,
    Layout,
    SavedForBackward,
    Shape,
    Tensor,
    Window,
    show,
)

T = TypeVar("T")

MODES = {
    "nearest": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
"""torch's modes of interpolation, with the numbers of spatial axes that each can take."""


def check_mode(layer: Layer, mode: str, inputs: Sequence[Tensor]) -> Shape:
    """Return the shape of the first input, which must have spatial axes that the mode can take.

    Raises
    ------
    LayerError
        The input is no sequence, image or volume, or the mode is for another one of them.
    """
    shape = inputs[0].shape
    axes = len(shape) - 1
    if axes not in WORDS:
        return need_spatial(layer, inputs, 2 if mode == "nearest" else MODES[mode][0])
    if axes not in MODES[mode]:
        fitting = [each for each, numbers in MODES.items() if axes in numbers and len(numbers) == 1]
        data, other = WORDS[MODES[mode][0]].data, WORDS[axes].data
        raise LayerError(
            "mode",
            f"the mode {mode} interpolates {data}, received {other} of {show(shape)}",
            received=show(shape),
            expected=WORDS[MODES[mode][0]].whole,
            remedies=[SetParameters(f"set mode to {fitting[0]}", {"mode": fitting[0]})],
        )
    return shape


class Upsample(Layer):
    """Enlarges the image."""

    category = Category.SHAPE
    help = "Enlarges an image, sequence or volume by repeating or interpolating."
    keeps_zero = True
    torch = "nn.Upsample"
    channels_last = True
    scale_factor = Int(2, minimum=1, maximum=64, help="How many times larger.")
    mode = Choice(
        "nearest",
        choices=tuple(MODES),
        help="How to fill in: linear for sequences, bilinear or bicubic for images, trilinear for "
        "volumes, nearest for all.",
    )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        channels, *sizes = check_mode(self, self.mode, inputs)
        return (channels, *[size * self.scale_factor for size in sizes])

    def constructor(self, code: Code) -> str:
        factor = f"scale_factor={code.argument('scale_factor')}"
        return f"nn.Upsample({', '.join([factor, *code.keywords(['mode'])])})"

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Return one, two or four neighbors; the stride is a fraction of an input."""
        size = {"nearest": 1, "bicubic": 4}.get(self.mode, 2)
        size = 1 if self.scale_factor == 1 else size
        step, axes = 1 / self.scale_factor, len(output) - 1
        offset = ((step - 1) / 2,) * axes
        return Window((size,) * axes, (step,) * axes, offset, taps=INTERPOLATED)

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        sizes = show(inputs[0].shape[1:])
        return (
            f"{all_sides(len(output) - 1)} = {sizes} · {self.scale_factor} = {show(output[1:])}",
        )


_PLAIN_MODES = ("nearest", "nearest-exact", "area")  # they take no other settings


class Resize(Layer):
    """Interpolates to another size."""

    category = Category.SHAPE
    help = "Interpolates a sequence, image or volume to a size, or by a factor, along each axis."
    keeps_zero = True
    channels_last = True
    size = Integers(
        (), least=0, most=3, help="The output's size: one number for all axes, or one for each."
    )
    scale_factor = Numbers(
        (), most=3, help="Or how many times larger: one number for all axes, or one for each."
    )
    mode = Choice(
        "nearest",
        choices=(*MODES, "nearest-exact", "area"),
        help="How to fill in: linear for sequences, bilinear or bicubic for images, trilinear for "
        "volumes, the others for all; area averages.",
    )
    align_corners = Bool(False, help="Let the outermost values keep their places.")
    antialias = Bool(False, help="Average what lies between when an image shrinks.")

    def check(self) -> None:
        if bool(self.size) == bool(self.scale_factor):
            received = "both" if self.size else "neither"
            raise LayerError(
                "resize",
                f"Resize takes a size or a scale factor; received {received}",
                received=received,
                expected="one of both",
                remedies=[
                    SetParameters("leave the factor out", {"scale_factor": None})
                    if self.size
                    else SetParameters("set scale factor to 2", {"scale_factor": 2})
                ],
            )
        if any(factor <= 0 for factor in self.scale_factor):
            raise LayerError(
                "resize",
                f"a scale factor is above 0; received {min(self.scale_factor):g}",
                received=min(self.scale_factor),
                expected="above 0",
            )
        for name, on, modes in (
            ("align_corners", self.align_corners, ("linear", "bilinear", "bicubic", "trilinear")),
            ("antialias", self.antialias, ("bilinear", "bicubic")),
        ):
            if on and self.mode not in modes:
                raise LayerError(
                    "resize",
                    f"{name} goes with {', '.join(modes)}; the mode is {self.mode}",
                    received=self.mode,
                    expected=f"one of {', '.join(modes)}",
                    remedies=[SetParameters(f"turn {name} off", {name: False})],
                )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        mode = "nearest" if self.mode in _PLAIN_MODES else self.mode
        channels, *sizes = check_mode(self, mode, inputs)
        given = self.size or self.scale_factor
        if len(given) not in (1, len(sizes)):
            words = WORDS[len(sizes)]
            raise LayerError(
                "resize",
                f"{words.data} has {len(sizes)} axes ({' × '.join(words.names)}), but "
                f"{len(given)} numbers are given",
                received=len(given),
                expected=f"1 or {len(sizes)} numbers" if len(sizes) > 1 else "1 number",
            )
        if self.size:
            return (channels, *self._each(self.size, sizes))
        factors = self._each(self.scale_factor, sizes)
        new = [int(size * factor) for size, factor in zip(sizes, factors, strict=True)]
        if min(new) < 1:
            raise LayerError(
                "nothing-left",
                f"a factor of {min(self.scale_factor):g} leaves nothing of {show(sizes)}",
                received=show(new),
                expected=f"at least {show([1] * len(new))}",
            )
        return (channels, *new)

    def _each(self, given: tuple[T, ...], sizes: Sequence[int]) -> tuple[T, ...]:
        return given * len(sizes) if len(given) == 1 else given

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        name = "size" if self.size else "scale_factor"
        given = self.size or self.scale_factor
        single = len(given) == 1 and name not in code.texts
        words = [inputs[0], f"{name}={given[0] if single else code.argument(name)}"]
        words += code.keywords(["mode", "align_corners", "antialias"])
        return f"F.interpolate({', '.join(words)})"

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return Literal(self.size[-1]) if self.size and "size" not in code.texts else None

    def _averages(self, output: Shape) -> bool:
        """Tell whether torch computes it as an adaptive pool with more than one position."""
        return self.mode == "area" and max(output[1:]) > 1

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input for area, which is an adaptive pool; nothing for a mean of all values."""
        return ITS_INPUT if self._averages(output) else NOTHING

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return that of the pool for area; other modes keep channels last, except of sequences."""
        output = self.output_shape(inputs)
        axes = len(output) - 1
        if self.mode == "area":
            last = is_channels_last(inputs[0], sequences=axes == 1)
            if axes == 3 and self._averages(output):
                last = False
            return channels_last_layout(output) if last else CONTIGUOUS
        return super().layout(inputs)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window | None:
        """Return the neighbors of a position, or the windows of an adaptive pool."""
        before, after = inputs[0].shape[1:], output[1:]
        if self.mode == "area":
            return adaptive_window(before, after) if max(after) > 1 else None
        factors = self._each(self.scale_factor, before) if self.scale_factor else None
        size, stride, offset = [], [], []
        for axis, (old, new) in enumerate(zip(before, after, strict=True)):
            step = 1 / factors[axis] if factors else old / new
            if self.align_corners:
                step = (old - 1) / (new - 1) if new > 1 else 0.0
            place = (step - 1) / 2
            if self.mode in ("nearest", "nearest-exact"):
                # torch rounds down. The small number decides where two inputs are equally near.
                place = (-0.5 if self.mode == "nearest" else place) + 1e-5
            elif self.align_corners and not self.antialias:
                place = 0.0
            wide = {"nearest": 1.0, "nearest-exact": 1.0, "bicubic": 4.0}.get(self.mode, 2.0)
            size.append(wide * max(step, 1.0) if self.antialias else wide)
            stride.append(step)
            offset.append(place)
        taps = BLENDED if self.antialias else INTERPOLATED
        return Window(tuple(size), tuple(stride), tuple(offset), taps=taps)

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        if self.size:
            return (f"{all_sides(len(output) - 1)} = size = {show(output[1:])}",)
        sizes = inputs[0].shape[1:]
        factors = self._each(self.scale_factor, sizes)
        rows = zip(sizes, factors, output[1:], strict=True)
        return lines_of_axes([f"⌊{size} · {factor:g}⌋ = {new}" for size, factor, new in rows])

    def summary(self) -> str:
        if self.size:
            return f"Resize to {show(self.size)}"
        return f"Resize ×{show([f'{each:g}' for each in self.scale_factor])}"


class PixelShuffle(Layer):
    """Turns channels into pixels."""

    category = Category.SHAPE
    help = "Rearranges r² channels into an image r times larger (sub-pixel convolution)."
    keeps_zero = True
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


class PixelUnshuffle(Layer):
    """Turns pixels into channels."""

    category = Category.SHAPE
    help = "Rearranges an image into r² times as many channels of an image r times smaller."
    keeps_zero = True
    torch = "nn.PixelUnshuffle"
    channels_last = True
    positional = ("downscale_factor",)
    downscale_factor = Int(2, minimum=1, maximum=64, help="The factor r.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return channels r², height / r, width / r."""
        channels, *sizes = need_image(self, inputs)
        factor = self.downscale_factor
        for name, size in zip(("height", "width"), sizes, strict=True):
            if size % factor:
                raise LayerError(
                    "sides",
                    f"the input's {name} of {size} does not divide by {factor}",
                    axis=name,
                    received=size,
                    expected=f"a multiple of {factor}",
                )
        return (channels * factor**2, *[size // factor for size in sizes])

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        factor = code.tree("downscale_factor")
        return times(times(inputs[0], factor), factor)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Return the square of pixels that becomes a position, of all channels together."""
        factor = self.downscale_factor
        middle = (factor - 1) / 2
        return Window((factor, factor), (factor, factor), (middle, middle), channels=True)

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        factor = self.downscale_factor
        return (
            f"channels = {inputs[0].shape[0]} · {factor}² = {output[0]}",
            f"height, width = {show(inputs[0].shape[1:])} / {factor} = {show(output[1:])}",
        )
