"""Pad, which widens a sequence, an image or a volume by values of four kinds."""

from collections.abc import Sequence

from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_spatial
from designer.layers.kernels import lines_of_axes
from designer.layers.layouts import layout_like
from designer.layers.parameters import Choice, Float, Integers
from designer.layers.spatial import WORDS
from designer.layers.tensors import (
    CONTIGUOUS,
    ITS_INPUT,
    NOTHING,
    Layout,
    SavedForBackward,
    Shape,
    Tensor,
    Window,
    show,
)

_CLASSES = {
    "constant": "ConstantPad",
    "reflect": "ReflectionPad",
    "replicate": "ReplicationPad",
    "circular": "CircularPad",
}


class Pad(Layer):
    """A border of a constant, or of the input's own values."""

    category = Category.SHAPE
    help = "Widens a sequence, image or volume by a constant or by its own values."
    channels_last = True
    padding = Integers(
        (1,),
        least=1,
        most=6,
        minimum=0,
        help="One number for all sides, or those of torch: left, right, top, bottom, front, back.",
    )
    mode = Choice("constant", choices=tuple(_CLASSES), help="What the border is filled with.")
    value = Float(0.0, help="The constant.")

    def sides(self, axes: int) -> tuple[tuple[int, int], ...]:
        """Return what is added before and behind along each axis, the first axis first."""
        given = self.padding * (2 * axes) if len(self.padding) == 1 else self.padding
        pairs = [(given[index], given[index + 1]) for index in range(0, 2 * axes, 2)]
        return tuple(pairs[::-1])

    def check(self) -> None:
        if len(self.padding) > 1 and len(self.padding) % 2:
            raise LayerError(
                "padding-sides",
                f"the padding is one number, or two for each axis; received {len(self.padding)}",
                received=len(self.padding),
                expected="1, 2, 4 or 6 numbers",
                remedies=[self._remedy()],
            )

    def _remedy(self) -> SetParameters:
        most = max(self.padding)
        return SetParameters(f"set padding to {most} on all sides", {"padding": most})

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = inputs[0].shape
        axes = len(shape) - 1
        if axes not in WORDS:
            return need_spatial(self, inputs, 2)
        if len(self.padding) not in (1, 2 * axes):
            raise LayerError(
                "padding-sides",
                f"{WORDS[axes].data} of {show(shape)} has {2 * axes} sides, but padding is given "
                f"for {len(self.padding)}",
                received=len(self.padding),
                expected=f"1 or {2 * axes} numbers",
                remedies=[self._remedy()],
            )
        sides = self.sides(axes)
        if self.mode in ("reflect", "circular"):
            spare = 1 if self.mode == "reflect" else 0
            for name, size, pair in zip(WORDS[axes].names, shape[1:], sides, strict=True):
                if max(pair) + spare > size:
                    raise LayerError(
                        "padding-too-large",
                        f"{self.mode} padding of {max(pair)} needs more {WORDS[axes].some_lines} "
                        f"than the input's {name} of {size} has",
                        axis=name,
                        received=size,
                        expected=f"at least {max(pair) + spare}",
                        remedies=[SetParameters("fill with zeros", {"mode": "constant"})],
                    )
        sizes = [size + sum(pair) for size, pair in zip(shape[1:], sides, strict=True)]
        return (shape[0], *sizes)

    def constructor(self, code: Code) -> str:
        axes = len(code.inputs[0].shape) - 1
        single = len(set(self.padding)) == 1 and "padding" not in code.texts
        sides = repr(self.padding[0]) if single else code.argument("padding")
        if self.mode != "constant":
            return f"nn.{_CLASSES[self.mode]}{axes}d({sides})"
        if not code.keywords(["value"]):
            return f"nn.ZeroPad{axes}d({sides})"
        return f"nn.ConstantPad{axes}d({sides}, {code.argument('value')})"

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, for a reflected or repeated border."""
        return ITS_INPUT if self.mode in ("reflect", "replicate") else NOTHING

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return that of a new tensor; without a border torch copies the input as it lies."""
        if self.mode == "circular":
            return CONTIGUOUS
        if self.mode == "constant" and not any(self.padding):
            return layout_like(inputs[0])
        return CONTIGUOUS if len(inputs[0].shape) == 2 else super().layout(inputs)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Return one input; the offset is that of the border."""
        axes = len(output) - 1
        offset = tuple([-float(before) for before, _ in self.sides(axes)])
        fill = "zeros" if self.mode == "constant" else self.mode
        return Window((1,) * axes, (1,) * axes, offset, fill=fill)

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        sides = self.sides(len(output) - 1)
        sizes = zip(inputs[0].shape[1:], sides, output[1:], strict=True)
        return lines_of_axes(
            [f"{size} + {before} + {behind} = {new}" for size, (before, behind), new in sizes]
        )

    def summary(self) -> str:
        return f"Pad {', '.join(map(str, self.padding))}"
