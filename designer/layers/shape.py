"""Layers that rearrange, slice, pad or scale values without mixing them."""

import re
from collections.abc import Sequence
from math import prod

from designer.design.expressions import Binary, Literal, Tree, fold
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_image, refuse_missing_axis
from designer.layers.layouts import layout_like, layout_of, steps, view
from designer.layers.parameters import Bool, Float, Int, Integers, OptionalInt
from designer.layers.tensors import (
    CONTIGUOUS,
    FLOAT_BYTES,
    MAX_AXES,
    NOTHING,
    WEIGHT,
    Layout,
    Reads,
    Regrouped,
    Reordered,
    SavedForBackward,
    Shape,
    Sliced,
    State,
    Tensor,
    Window,
    axis_name,
    name_of_axis,
    show,
)


class _View(Layer):
    """Base of the layers that show the same values with another shape, without a copy."""

    category = Category.SHAPE
    counts = False
    keeps_type = True

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        return True

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return inputs[0].layout


class Identity(_View):
    """Passes its input on."""

    help = "Passes its input on unchanged."
    keeps_zero = True

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return inputs[0]


class _Reshaping(_View):
    """Other axes over values in the same order; torch copies values at uneven distances first."""

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """Return whether the values of each image lie at even distances."""
        return view(inputs[0], (inputs[0].values,)) is not None

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        row = (inputs[0].values,)
        layout = view(inputs[0], row) or CONTIGUOUS
        flat = Tensor(row, layout=layout, batched=inputs[0].batched)
        return view(flat, self.output_shape(inputs)) or CONTIGUOUS

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        return Regrouped()


class Flatten(_Reshaping):
    """All axes become one."""

    help = "Turns an image into one row of features."
    keeps_zero = True

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return (inputs[0].values,)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the input's channels if it is 1x1; a larger image has more features than these."""
        return inputs[0] if code.inputs[0].values == code.inputs[0].shape[0] else None

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return f"torch.flatten({inputs[0]}, 1)"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"features = {' · '.join(map(str, inputs[0].shape))} = {output[0]}",)


class Reshape(_Reshaping):
    """Other axes over the same values."""

    help = "Gives the values another shape; one axis may be -1: its size follows from the others."
    keeps_zero = True
    shape = Integers(
        least=1, most=MAX_AXES, minimum=-1, help="The new shape, without the batch axis."
    )

    def check(self) -> None:
        if self.shape.count(-1) > 1 or 0 in self.shape:
            raise LayerError(
                "reshape",
                f"a shape has sizes of at least 1 and at most one -1; received {show(self.shape)}",
                received=show(self.shape),
                expected="at most one -1",
            )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        values = inputs[0].values
        known = prod(each for each in self.shape if each != -1)
        if values % known or (-1 not in self.shape and values != known):
            raise LayerError(
                "reshape",
                f"the {values} values of {show(inputs[0].shape)} do not fit {show(self.shape)}",
                received=values,
                expected=known,
                remedies=[SetParameters("make it a single axis", {"shape": (-1,)})],
            )
        return tuple(values // known if each == -1 else each for each in self.shape)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None if "shape" in code.texts or self.shape[0] == -1 else Literal(self.shape[0])

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Flatten and unflatten, which works for any batch size."""
        text = code.texts.get("shape") or repr(self.shape)
        return f"torch.flatten({inputs[0]}, 1).unflatten(1, {text})"

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        """Return the input's axes for an unchanged shape; any other shape may mean anything."""
        return inputs[0].axes if self.output_shape(inputs) == inputs[0].shape else ()

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"output = {show(output)}",)


class Permute(_View):
    """Axes in another order."""

    help = "Reorders the axes; 1 is the first axis after the batch."
    keeps_zero = True
    order = Integers(
        (1, 2, 3),
        least=1,
        most=MAX_AXES,
        help="The axes in their new order, such as 2 3 1; 0 is the batch, which stays the first.",
    )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
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
        shape, (batch, *each) = inputs[0].shape, steps(inputs[0])
        order = [axis - 1 for axis in self.order]
        return layout_of(
            tuple([shape[axis] for axis in order]), (batch, *[each[axis] for axis in order])
        )

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return tuple([inputs[0].axes[axis - 1] for axis in self.order]) if inputs[0].axes else ()

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return inputs[0] if self.order[0] == 1 else None

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return f"{inputs[0]}.permute(0, {', '.join(map(str, self.order))})"

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        return Reordered(tuple([axis - 1 for axis in self.order]))

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"output = {show(output)}",)


class Slice(_View):
    """A part of one axis."""

    help = "Keeps a range of channels, rows or columns, or every second, third … of them."
    dim = Int(
        1, minimum=1, maximum=MAX_AXES, help="The axis: 1 channels or features, 2 height, 3 width."
    )
    start = Int(
        0, minimum=-(10**9), help="First index that is kept; a negative one counts from the end."
    )
    stop = OptionalInt(
        minimum=-(10**9),
        help="First index that is no longer kept; a negative one counts from the end. Nothing: the "
        "range goes to the end.",
    )
    step = Int(1, help="Distance between the indexes that are kept: 2 for every second one.")

    def check(self) -> None:
        if self.stop is None or (self.start < 0) != (self.stop < 0):
            return
        if self.stop <= self.start:
            raise LayerError(
                "slice",
                f"the range from {self.start} to {self.stop} is empty",
                received=self.stop,
                expected=f"a stop above {self.start}",
                remedies=[SetParameters(f"set stop to {self.start + 1}", {"stop": self.start + 1})]
                if self.start >= 0
                else [SetParameters("go to the end", {"stop": None})],
            )

    def _bounds(self, size: int) -> tuple[int, int]:
        """Return the range for an axis of a size, counted from its start."""
        start = self.start + size if self.start < 0 else self.start
        if self.stop is None:
            return start, size
        return start, self.stop + size if self.stop < 0 else self.stop

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape, axis = inputs[0].shape, self.dim - 1
        refuse_missing_axis(self, self.dim, shape)
        size = shape[axis]
        start, stop = self._bounds(size)
        if not 0 <= start < stop <= size:
            name = name_of_axis(inputs[0], axis)
            end = "the end" if self.stop is None else self.stop
            raise LayerError(
                "slice",
                f"the range {self.start} to {end} exceeds the input's {name} of {size}"
                if not 0 <= start <= size or not 0 <= stop <= size
                else f"the range {self.start} to {end} of the input's {name} of {size} is empty",
                axis=name,
                received=size,
                expected=f"at least {max(abs(self.start), abs(self.stop or 0))}",
                remedies=[SetParameters(f"set stop to {size}", {"stop": size})]
                if size > start >= 0
                else [],
            )
        count = len(range(start, stop, self.step))
        return (*shape[:axis], count, *shape[axis + 1 :])

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        found = [*steps(inputs[0])]
        found[self.dim] *= self.step
        return layout_of(self.output_shape(inputs), tuple(found))

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        start, stop = self._bounds(inputs[0].shape[self.dim - 1])
        return Sliced(self.dim - 1, start, stop, self.step)

    def _count(self, size: Tree, code: Code) -> Tree:
        """Return how many indexes are kept of an axis of a size."""
        start, stop = code.tree("start"), size if self.stop is None else code.tree("stop")
        if self.start < 0:
            start = Binary("+", size, start)
        if self.stop is not None and self.stop < 0:
            stop = Binary("+", size, stop)
        count: Tree = stop if start == Literal(0) else Binary("-", stop, start)
        if self.step != 1 or "step" in code.trees:
            step = code.tree("step")
            count = Binary("//", Binary("+", count, Binary("-", step, Literal(1))), step)
        return fold(count)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return self._count(inputs[0], code) if self.dim == 1 else inputs[0]

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        last = self.dim == len(code.inputs[0].shape)
        return self._count(inputs[0], code) if last else inputs[0]

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        start = "" if self.start == 0 and "start" not in code.texts else code.argument("start")
        stop = "" if self.stop is None else code.argument("stop")
        kept = [start, stop]
        if self.step != 1 or "step" in code.texts:
            kept.append(code.argument("step"))
        plain = all(re.fullmatch(r"-?\w*", text) for text in kept)
        joined = (":" if plain else " : ").join(kept).strip()  # as formatters do
        return f"{inputs[0]}[{':, ' * self.dim}{joined}]"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        axis = self.dim - 1
        name = name_of_axis(inputs[0], axis)
        start, stop = self._bounds(inputs[0].shape[axis])
        if self.step == 1:
            return (f"{name} = {stop} - {start} = {output[axis]}",)
        return (f"{name} = ⌈({stop} - {start}) / {self.step}⌉ = {output[axis]}",)


class Split(_View):
    """Several parts of one axis, each an output of its own."""

    help = "Splits an axis into equal parts, each an output: queries, keys and values, for example."
    dim = Int(1, minimum=1, maximum=MAX_AXES, help="The axis; 1 is channels or features.")
    chunks = Int(2, minimum=2, maximum=64, help="Number of parts, each an output.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape, axis = inputs[0].shape, self.dim - 1
        refuse_missing_axis(self, self.dim, shape)
        if shape[axis] % self.chunks:
            name = axis_name(axis, len(shape))
            raise LayerError(
                "chunks",
                f"{shape[axis]} {name} do not divide into {self.chunks} equal parts",
                axis=name,
                received=shape[axis],
                expected=f"a multiple of {self.chunks}",
            )
        return (*shape[:axis], shape[axis] // self.chunks, *shape[axis + 1 :])

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return layout_of(self.output_shape(inputs), steps(inputs[0]))

    def further_outputs(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        part = inputs[0]._replace(shape=self.output_shape(inputs), layout=self.layout(inputs))
        if part.layout_in_eval is not None:
            in_eval = inputs[0]._replace(layout=part.layout_in_eval, layout_in_eval=None)
            part = part._replace(layout_in_eval=self.layout((in_eval,)))
        return (part,) * (self.chunks - 1)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        """Return the first part; receptive fields take it for all parts."""
        return Sliced(self.dim - 1, 0, output[self.dim - 1])

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        if self.dim != 1:
            return inputs[0]
        return fold(Binary("//", inputs[0], code.tree("chunks")))

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        if self.dim != len(code.inputs[0].shape):
            return inputs[0]
        return fold(Binary("//", inputs[0], code.tree("chunks")))

    def further_channels(self, inputs: Sequence[Tree], code: Code) -> Sequence[Tree | None]:
        return [self.channels(inputs, code)] * (self.chunks - 1)

    def further_features(self, inputs: Sequence[Tree], code: Code) -> Sequence[Tree | None]:
        return [self.features(inputs, code)] * (self.chunks - 1)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return f"{inputs[0]}.chunk({code.argument('chunks')}, {code.argument('dim')})"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        axis = self.dim - 1
        name = axis_name(axis, len(output))
        return (f"{name} = {inputs[0].shape[axis]} / {self.chunks} = {output[axis]}",)


class ZeroPad2d(Layer):
    """A border of zeros."""

    category = Category.SHAPE
    help = "Adds rows and columns of zeros."
    keeps_zero = True
    torch = "nn.ZeroPad2d"
    channels_last = True
    left = Int(1, minimum=0, maximum=10_000, help="Columns on the left.", unit="pixels")
    right = Int(1, minimum=0, maximum=10_000, help="Columns on the right.", unit="pixels")
    top = Int(1, minimum=0, maximum=10_000, help="Rows above.", unit="pixels")
    bottom = Int(1, minimum=0, maximum=10_000, help="Rows below.", unit="pixels")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        channels, height, width = need_image(self, inputs)
        return channels, height + self.top + self.bottom, width + self.left + self.right

    def constructor(self, code: Code) -> str:
        sides = [code.argument(name) for name in ("left", "right", "top", "bottom")]
        joined = sides[0] if len(set(sides)) == 1 else f"({', '.join(sides)})"
        return f"nn.ZeroPad2d({joined})"

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        """Return one input; the offset is that of the border."""
        return Window((1, 1), (1, 1), (-self.top, -self.left))

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        _, height, width = inputs[0].shape
        return (
            f"height = {height} + {self.top} + {self.bottom} = {output[1]}",
            f"width = {width} + {self.left} + {self.right} = {output[2]}",
        )


class ChannelShuffle(Layer):
    """Channels in another order."""

    category = Category.SHAPE
    help = "Distributes the channels of each group over all groups (ShuffleNet)."
    keeps_zero = True
    torch = "nn.ChannelShuffle"
    channels_last = True
    positional = ("groups",)
    groups = Int(2, help="Groups into which the channels fall.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
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

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        return Window(channels=True)


class Scale(Layer):
    """A factor, and optionally a shift, per channel."""

    category = Category.SHAPE
    help = "Multiplies each channel by a learned factor, or all by a fixed one."
    keeps_zero = True
    torch = "Scale"
    infix = True
    factor = Float(1.0, minimum=-1e6, maximum=1e6, help="The factor, or its initial value.")
    learned = Bool(True, help="Learn a factor per channel instead of one fixed factor.")
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
        if self.shift and not self.learned:
            raise LayerError(
                "shift",
                "a shift can only be learned together with a factor",
                received="a shift without learned factors",
                expected="both or none",
                remedies=[
                    SetParameters("learn the factors too", {"learned": True}),
                    SetParameters("leave the shift out", {"shift": False}),
                ],
            )

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        shape = inputs[0].shape[:1]
        if not self.learned:
            return ()
        weight = State("weight", shape, WEIGHT)
        # LeCun et al. (1998) count 226 biases in LeNet-5, those of the convolutions and the dense
        # layers: the shifts of the subsampling layers are counted as weights.
        return (weight, State("shift", shape, WEIGHT)) if self.shift else (weight,)

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, for the gradient of the factors."""
        return SavedForBackward(inputs=(0,)) if self.learned else NOTHING

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        return NOTHING

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of the product, then the sum."""
        return FLOAT_BYTES * prod(output) * (2 if self.shift else 1)

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return layout_like(inputs[0])

    def constructor(self, code: Code) -> str:
        if not self.learned:
            return ""
        return f"Scale({', '.join([code.channels, *code.keywords(['factor', 'shift'])])})"

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        if self.learned:
            return f"{module}({inputs[0]})"
        return f"{inputs[0]} * {code.argument('factor')}"
