"""Layers that rearrange, cut or scale values without mixing them."""

from collections.abc import Sequence
from math import prod

from designer.design.expressions import Binary, Literal, Tree, fold
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_image
from designer.layers.parameters import Bool, Float, Int, Integers
from designer.layers.tensors import (
    CONTIGUOUS,
    DENSE,
    NOTHING,
    PERMUTED,
    SLICED,
    WEIGHT,
    Layout,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    Window,
    axis_name,
    elementwise_layout,
    show,
)


class _View(Layer):
    """Looks at the same values in another way."""

    category = Category.SHAPE
    counts = False

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """Share the input's storage."""
        return True

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Keep the input's."""
        return inputs[0].layout


class Identity(_View):
    """Passes its input on."""

    help = "Passes its input on unchanged."

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Name the input."""
        return inputs[0]


class _Reshaping(_View):
    """Other axes over values in the same order; scattered values are copied first."""

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """Share the storage of values that lie at even distances within each image."""
        one_axis = sum(size > 1 for size in inputs[0].shape) <= 1
        return inputs[0].layout in (CONTIGUOUS, DENSE) or one_axis

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """A view keeps its input's, a copy is contiguous."""
        return inputs[0].layout if self.is_view(inputs, True) else CONTIGUOUS


class Flatten(_Reshaping):
    """All axes become one."""

    help = "Turns an image into one row of features."

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """The product of all axes."""
        return (inputs[0].values,)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the channels where there is one position; else the analysis knows."""
        return inputs[0] if code.inputs[0].values == code.inputs[0].shape[0] else None

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Write torch.flatten."""
        return f"torch.flatten({inputs[0]}, 1)"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """The product."""
        return (f"features = {' · '.join(map(str, inputs[0].shape))} = {output[0]}",)


class Reshape(_Reshaping):
    """Other axes over the same values."""

    help = "Gives the values another shape; one axis may be -1, which means what is left."
    shape = Integers(least=1, most=3, minimum=-1, help="The new shape, without the batch axis.")

    def check(self) -> None:
        """Refuse a second -1 and zeros."""
        if self.shape.count(-1) > 1 or 0 in self.shape:
            raise LayerError(
                "reshape",
                f"a shape has sizes of at least 1 and at most one -1, received {show(self.shape)}",
                received=show(self.shape),
                expected="at most one -1",
            )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """The declared shape, with -1 worked out."""
        values = inputs[0].values
        known = prod(each for each in self.shape if each != -1)
        if values % known or (-1 not in self.shape and values != known):
            raise LayerError(
                "reshape",
                f"{show(inputs[0].shape)} has {values} values, they do not fit {show(self.shape)}",
                received=values,
                expected=known,
                remedies=[SetParameters("let the first axis follow", {"shape": (-1,)})],
            )
        return tuple(values // known if each == -1 else each for each in self.shape)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the first axis where it is written out."""
        return None if "shape" in code.texts or self.shape[0] == -1 else Literal(self.shape[0])

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Flatten and unflatten, which leaves the batch axis alone."""
        text = code.texts.get("shape") or repr(self.shape)
        return f"torch.flatten({inputs[0]}, 1).unflatten(1, {text})"

    def window(self, inputs: Sequence[Tensor], output: Shape) -> Window | None:
        """Positions lose their meaning: everything."""
        return None

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """The declared shape."""
        return (f"output = {show(output)}",)


class Permute(_View):
    """Axes in another order."""

    help = "Reorders the axes; 1 is the first behind the batch."
    order = Integers((1, 2, 3), least=1, most=3, help="Old axes in their new order, such as 2 3 1.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """The sizes in their new order."""
        shape = inputs[0].shape
        if sorted(self.order) != list(range(1, len(shape) + 1)):
            axes = ", ".join(str(axis) for axis in range(1, len(shape) + 1))
            raise LayerError(
                "permute",
                f"the order must name each of the axes {axes} of {show(shape)} once, received "
                f"{', '.join(map(str, self.order))}",
                received=", ".join(map(str, self.order)),
                expected=axes,
                remedies=[
                    SetParameters("keep the order", {"order": tuple(range(1, len(shape) + 1))})
                ],
            )
        return tuple(shape[axis - 1] for axis in self.order)

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Permuted, unless only axes of size one changed places."""
        shape = inputs[0].shape
        moved = [axis for axis in self.order if shape[axis - 1] > 1]
        return inputs[0].layout if moved == sorted(moved) else PERMUTED

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the channels where they stay first."""
        return inputs[0] if self.order[0] == 1 else None

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Write permute with the batch axis in front."""
        return f"{inputs[0]}.permute(0, {', '.join(map(str, self.order))})"

    def window(self, inputs: Sequence[Tensor], output: Shape) -> Window | None:
        """Positions lose their meaning: everything."""
        return None

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """The new order."""
        return (f"output = {show(output)}",)


class Slice(_View):
    """A part of one axis."""

    help = "Keeps a range of channels, rows or columns."
    dim = Int(1, minimum=1, maximum=3, help="The axis: 1 channels or features, 2 height, 3 width.")
    start = Int(0, minimum=0, help="First index that stays.")
    stop = Int(help="First index that does not stay.")

    def check(self) -> None:
        """Refuse an empty range."""
        if self.stop <= self.start:
            raise LayerError(
                "slice",
                f"nothing is left from {self.start} to {self.stop}",
                received=self.stop,
                expected=f"a stop above {self.start}",
                remedies=[SetParameters(f"set stop to {self.start + 1}", {"stop": self.start + 1})],
            )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """The length of the range along the axis."""
        shape, axis = inputs[0].shape, self.dim - 1
        if axis >= len(shape) or self.stop > shape[axis]:
            size = shape[axis] if axis < len(shape) else 0
            name = axis_name(axis, len(shape)) if axis < len(shape) else f"axis {self.dim}"
            raise LayerError(
                "slice",
                f"the range {self.start} to {self.stop} leaves the input's {name} of {size}",
                axis=name,
                received=size,
                expected=f"at least {self.stop}",
                remedies=[SetParameters(f"set stop to {size}", {"stop": size})]
                if size > self.start
                else [],
            )
        return (*shape[:axis], self.stop - self.start, *shape[axis + 1 :])

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """A part of the first axis leaves each image in one piece."""
        shape, axis = inputs[0].shape, self.dim - 1
        if self.stop - self.start == shape[axis] or inputs[0].layout is PERMUTED:
            return inputs[0].layout
        inner = inputs[0].layout is not SLICED and prod(shape[:axis]) == 1
        return DENSE if inner else SLICED

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the length of a range of channels."""
        if self.dim != 1:
            return inputs[0]
        return fold(Binary("-", code.tree("stop"), code.tree("start")))

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Write the range."""
        start = "" if self.start == 0 and "start" not in code.texts else code.argument("start")
        colons = ":, " * self.dim
        return f"{inputs[0]}[{colons}{start}:{code.argument('stop')}]"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """The length of the range."""
        name = axis_name(self.dim - 1, len(output))
        return (f"{name} = {self.stop} - {self.start} = {output[self.dim - 1]}",)


class ZeroPad2d(Layer):
    """A border of zeros."""

    category = Category.SHAPE
    help = "Adds rows and columns of zeros."
    torch = "nn.ZeroPad2d"
    left = Int(1, minimum=0, maximum=10_000, help="Columns on the left.", unit="pixels")
    right = Int(1, minimum=0, maximum=10_000, help="Columns on the right.", unit="pixels")
    top = Int(1, minimum=0, maximum=10_000, help="Rows above.", unit="pixels")
    bottom = Int(1, minimum=0, maximum=10_000, help="Rows below.", unit="pixels")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Both sizes with the border."""
        channels, height, width = need_image(self, inputs)
        return channels, height + self.top + self.bottom, width + self.left + self.right

    def constructor(self, code: Code) -> str:
        """Write the four sides in torch's order."""
        sides = [code.argument(name) for name in ("left", "right", "top", "bottom")]
        joined = sides[0] if len(set(sides)) == 1 else f"({', '.join(sides)})"
        return f"nn.ZeroPad2d({joined})"

    def window(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """One input, begun earlier."""
        return Window((1, 1), (1, 1), (-self.top, -self.left))

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """The sums."""
        _, height, width = inputs[0].shape
        return (
            f"height = {height} + {self.top} + {self.bottom} = {output[1]}",
            f"width = {width} + {self.left} + {self.right} = {output[2]}",
        )


class ChannelShuffle(Layer):
    """Channels in another order."""

    category = Category.SHAPE
    help = "Deals the channels of each group out over all groups (ShuffleNet)."
    torch = "nn.ChannelShuffle"
    positional = ("groups",)
    groups = Int(2, help="Groups into which the channels fall.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """The input's shape; its channels must divide."""
        channels, height, width = need_image(self, inputs)
        if channels % self.groups:
            raise LayerError(
                "groups",
                f"{channels} channels do not divide into {self.groups} groups",
                axis="channels",
                received=channels,
                expected=f"a multiple of {self.groups}",
                remedies=[SetParameters("set groups to 1", {"groups": 1})],
            )
        return channels, height, width


class Scale(Layer):
    """A factor, and perhaps a shift, per channel."""

    category = Category.SHAPE
    help = "Multiplies each channel by a learned factor, or all by a fixed one."
    torch = "Scale"
    infix = True
    factor = Float(1.0, minimum=-1e6, maximum=1e6, help="The factor, at the start if learned.")
    learned = Bool(True, help="Learn a factor per channel rather than keep one.")
    shift = Bool(False, help="Learn a shift per channel as well.")
    source = '''
class Scale(nn.Module):
    """Multiplies every channel by a learned factor; with a shift, adds a learned number."""

    def __init__(self, channels, factor=1.0, shift=False):
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), factor))
        self.shift = nn.Parameter(torch.zeros(channels)) if shift else None

    def forward(self, x):
        shape = (-1, *[1] * (x.dim() - 2))
        y = x * self.weight.view(shape)
        return y if self.shift is None else y + self.shift.view(shape)
'''

    def check(self) -> None:
        """Refuse a learned shift of a factor that is not learned."""
        if self.shift and not self.learned:
            raise LayerError(
                "shift",
                "a shift is learned only beside a learned factor",
                received="a shift without learned factors",
                expected="both or none",
                remedies=[
                    SetParameters("learn the factors too", {"learned": True}),
                    SetParameters("leave the shift out", {"shift": False}),
                ],
            )

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        """One factor per channel, and one shift."""
        shape = inputs[0].shape[:1]
        if not self.learned:
            return ()
        weight = State("weight", shape, WEIGHT)
        # The counted LeNet-5 of 1998 has 226 biases, those of its convolutions and dense layers:
        # the shifts of its subsampling count with their factors.
        return (weight, State("shift", shape, WEIGHT)) if self.shift else (weight,)

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Its input, for the factors' gradient."""
        return SavedForBackward(inputs=(0,)) if self.learned else NOTHING

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Nothing beside its own factors."""
        return NOTHING

    def transients(self, inputs: Sequence[Tensor], output: Shape) -> tuple[int, ...]:
        """The product, then the sum."""
        return (prod(output),) * (2 if self.shift else 1)

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Keep the order of the axes."""
        return elementwise_layout(inputs)

    def constructor(self, code: Code) -> str:
        """Write channels, factor and whether there is a shift."""
        if not self.learned:
            return ""
        return f"Scale({', '.join([code.channels, *code.keywords(['factor', 'shift'])])})"

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Call the module, or multiply."""
        if self.learned:
            return f"{module}({inputs[0]})"
        return f"{inputs[0]} * {code.argument('factor')}"
