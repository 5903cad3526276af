"""Windows of an image as an axis of their own, positions moved around the end, picked positions."""

from collections.abc import Sequence
from math import prod

from designer.design.expressions import Literal, Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_image, refuse_missing_axis
from designer.layers.layouts import channels_last_layout, is_channels_last, layout_of, steps, view
from designer.layers.parameters import Choice, Int, Integers, OptionalInt, SpatialInts
from designer.layers.positions import pair_of, window_counts
from designer.layers.tensors import (
    CONTIGUOUS,
    IMAGE_AXES,
    INDEX_BYTES,
    MAX_AXES,
    NOTHING,
    Layout,
    Picked,
    Reads,
    Rolled,
    SavedForBackward,
    Shape,
    Tensor,
    Windowed,
    name_of_axis,
    show,
)

_CHANNELS = Choice(
    "last",
    choices=("last", "first"),
    help="Where the channels of the image stand: last as in height, width, channels, or first.",
)
_CHANNELS_LAST_AXES = (1, 2, 0)


def _order(channels: str) -> tuple[int, int, int]:
    """Return the axes (from 0) of rows, columns and channels of an image."""
    return (0, 1, 2) if channels == "last" else (1, 2, 0)


class _Windows(Layer):
    """Base of both directions; the values are copied unless they lie in order already."""

    category = Category.SHAPE
    counts = False
    keeps_type = True

    def regrouped(self, inputs: Sequence[Tensor]) -> Layout | None:
        """Return the layout of the values under other axes; None if torch has to copy them."""
        raise NotImplementedError

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        return self.regrouped(inputs) is not None


class WindowPartition(_Windows):
    """The windows of an image, one behind the other."""

    help = "Divides an image into windows: windows × pixels of a window × channels (Swin, MaxViT)."
    torch = "WindowPartition"
    window_size = SpatialInts(7, help="Height and width of a window.")
    channels_axis = _CHANNELS
    source = '''
class WindowPartition(nn.Module):
    """Divides images into windows, which become an axis: windows, pixels, channels."""

    def __init__(self, window_size, channels_axis="last"):
        super().__init__()
        self.window_size = window_size
        self.channels_axis = channels_axis

    def forward(self, x):
        if self.channels_axis == "first":
            x = x.permute(0, 2, 3, 1)
        height, width = self.window_size
        batch, rows, columns, channels = x.shape
        x = x.view(batch, rows // height, height, columns // width, width, channels)
        return x.permute(0, 1, 3, 2, 4, 5).reshape(batch, -1, height * width, channels)
'''

    def _sizes(self, inputs: Sequence[Tensor]) -> tuple[int, int, int]:
        """Return rows, columns and channels of the image."""
        shape = need_image(self, inputs)
        rows, columns, channels = [shape[axis] for axis in _order(self.channels_axis)]
        return rows, columns, channels

    def _counts(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        rows, columns, _ = self._sizes(inputs)
        height, width = self.window_size
        return rows // height, columns // width

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        rows, columns, channels = self._sizes(inputs)
        for name, size, window in zip(
            ("height", "width"), (rows, columns), self.window_size, strict=True
        ):
            if size % window:
                raise LayerError(
                    "window",
                    f"the image's {name} of {size} is no multiple of the window's {window}; pad "
                    "the image, or take another window",
                    axis=name,
                    received=size,
                    expected=f"a multiple of {window}",
                )
        height, width = self.window_size
        return rows // height * (columns // width), height * width, channels

    def regrouped(self, inputs: Sequence[Tensor]) -> Layout | None:
        (rows, columns), (height, width) = self._counts(inputs), self.window_size
        batch, *each = steps(inputs[0])
        along, across, channel = [each[axis] for axis in _order(self.channels_axis)]
        shape = (rows, columns, height, width, self._sizes(inputs)[2])
        split = (batch, along * height, across * width, along, across, channel)
        return view(
            Tensor(shape, layout=layout_of(shape, split), batched=inputs[0].batched),
            self.output_shape(inputs),
        )

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return self.regrouped(inputs) or CONTIGUOUS

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return ()

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        rows, columns, _ = _order(self.channels_axis)
        height, width = self.window_size
        return Windowed((height, width), self._counts(inputs), (rows, columns))

    def constructor(self, code: Code) -> str:
        words = [pair_of(code, "window_size"), *code.keywords(["channels_axis"])]
        return f"WindowPartition({', '.join(words)})"

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return inputs[0] if self.channels_axis == "last" else None

    def summary(self) -> str:
        return f"WindowPartition {show(self.window_size)}"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        rows, columns, channels = self._sizes(inputs)
        height, width = self.window_size
        return (
            f"windows = ({rows} / {height}) · ({columns} / {width}) = {output[0]}",
            f"pixels = {height} · {width} = {output[1]}",
            f"channels = {channels}",
        )


class WindowMerge(_Windows):
    """The image whose windows come one behind the other."""

    help = "Puts windows together to an image again: the inverse of WindowPartition."
    torch = "WindowMerge"
    window_size = SpatialInts(7, help="Height and width of a window.")
    height = OptionalInt(help="Height of the image; nothing if it is a square.", unit="pixels")
    channels_axis = _CHANNELS
    source = '''
class WindowMerge(nn.Module):
    """Puts windows (windows, pixels, channels) together to an image of a height, or a square."""

    def __init__(self, window_size, height=None, channels_axis="last"):
        super().__init__()
        self.window_size = window_size
        self.height = height
        self.channels_axis = channels_axis

    def forward(self, x):
        height, width = self.window_size
        batch, windows, pixels, channels = x.shape
        rows = (self.height or round((windows * pixels) ** 0.5)) // height
        x = x.view(batch, rows, windows // rows, height, width, channels)
        x = x.permute(0, 1, 3, 2, 4, 5)
        x = x.reshape(batch, rows * height, windows // rows * width, channels)
        return x if self.channels_axis == "last" else x.permute(0, 3, 1, 2)
'''

    def _counts(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """Return how many windows stand below and beside each other."""
        shape, pixels = inputs[0].shape, prod(self.window_size)
        if len(shape) != 3 or shape[1] != pixels:
            raise LayerError(
                "window",
                f"WindowMerge needs windows × {pixels} pixels × channels, received {show(shape)}",
                received=show(shape),
                expected=f"windows × {pixels} × channels",
            )
        return window_counts(shape[0], self.window_size, self.height)

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        (rows, columns), (height, width) = self._counts(inputs), self.window_size
        channels = inputs[0].shape[2]
        if self.channels_axis == "last":
            return rows * height, columns * width, channels
        return channels, rows * height, columns * width

    def regrouped(self, inputs: Sequence[Tensor]) -> Layout | None:
        (rows, columns), (height, width) = self._counts(inputs), self.window_size
        channels = inputs[0].shape[2]
        batch, window, pixel, channel = steps(inputs[0])
        shape = (rows, height, columns, width, channels)
        split = (batch, window * columns, pixel * width, window, pixel, channel)
        return view(
            Tensor(shape, layout=layout_of(shape, split), batched=inputs[0].batched),
            (rows * height, columns * width, channels),
        )

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        found = self.regrouped(inputs) or CONTIGUOUS
        if self.channels_axis == "last":
            return found
        channels, rows, columns = shape = self.output_shape(inputs)
        made = Tensor((rows, columns, channels), layout=found, batched=inputs[0].batched)
        batch, along, across, channel = steps(made)
        return layout_of(shape, (batch, channel, along, across))

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return _CHANNELS_LAST_AXES if self.channels_axis == "last" else IMAGE_AXES

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        rows, columns, _ = _order(self.channels_axis)
        height, width = self.window_size
        return Windowed((height, width), self._counts(inputs), (rows, columns), merges=True)

    def constructor(self, code: Code) -> str:
        words = [pair_of(code, "window_size"), *code.keywords(["height", "channels_axis"])]
        return f"WindowMerge({', '.join(words)})"

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return inputs[0] if self.channels_axis == "last" else None

    def summary(self) -> str:
        return f"WindowMerge {show(self.window_size)}"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        (rows, columns), (height, width) = self._counts(inputs), self.window_size
        return (
            f"height = {rows} · {height} = {rows * height}",
            f"width = {columns} · {width} = {columns * width}",
            f"channels = {inputs[0].shape[2]}",
        )


class Roll(Layer):
    """Positions moved on, around the end."""

    category = Category.SHAPE
    keeps_type = True
    help = "Moves positions along axes; what leaves at the end comes in at the start (Swin)."
    shifts = Integers(
        (1, 1),
        least=1,
        most=MAX_AXES,
        minimum=-(10**9),
        help="By how many positions, for each axis; negative towards the start.",
    )
    dim = Integers(
        (2, 3), least=1, most=MAX_AXES, help="The axes; 1 is channels or features, 2 height."
    )

    def check(self) -> None:
        if len(self.shifts) != len(self.dim):
            raise LayerError(
                "roll",
                f"there must be a shift for each axis; received {len(self.shifts)} for "
                f"{len(self.dim)} axes",
                received=len(self.shifts),
                expected=f"{len(self.dim)} shifts",
                remedies=[
                    SetParameters(
                        "take the first shift for all", {"shifts": self.shifts[:1] * len(self.dim)}
                    )
                ],
            )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        refuse_missing_axis(self, max(self.dim), inputs[0].shape)
        return inputs[0].shape

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return the layout after one move along each axis, each a concatenation of two parts."""
        made, shape = inputs[0], inputs[0].shape
        for axis, shift in zip(self.dim, self.shifts, strict=True):
            parts = (shift % shape[axis - 1], shape[axis - 1] - shift % shape[axis - 1])
            last = all(
                size and is_channels_last(made._replace(shape=_resized(shape, axis - 1, size)))
                for size in parts
            )
            made = made._replace(layout=channels_last_layout(shape) if last else CONTIGUOUS)
        return made.layout

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return inputs[0].axes

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads:
        return Rolled(tuple([axis - 1 for axis in self.dim]), self.shifts)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        words = [code.texts.get(name, repr(getattr(self, name))) for name in ("shifts", "dim")]
        words = [each if each.startswith("(") else f"({each},)" for each in words]
        return f"torch.roll({inputs[0]}, {', '.join(words)})"

    def summary(self) -> str:
        return f"Roll {', '.join(map(str, self.shifts))}"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        moves = [
            f"{name_of_axis(inputs[0], axis - 1)} {shift:+}"
            for axis, shift in zip(self.dim, self.shifts, strict=True)
        ]
        return (f"output = input = {show(output)}", f"moved by {', '.join(moves)}")


def _resized(shape: Shape, axis: int, size: int) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])


class Index(Layer):
    """Positions of one axis, picked by numbers."""

    category = Category.SHAPE
    help = "Picks positions of one axis, in any order and number, by a list or by a Constant."
    inputs = (1, 2)
    keeps_type = True
    takes_integers = (1,)
    torch = "Index"
    dim = Int(1, minimum=1, maximum=MAX_AXES, help="The axis; 1 is channels or features.")
    indices = Integers(
        (0,),
        least=1,
        most=4096,
        minimum=0,
        help="The positions, from 0 on; a second input of whole numbers takes their place.",
    )
    source = '''
class Index(nn.Module):
    """Picks positions of one axis by a list of numbers, or by a tensor of them."""

    def __init__(self, dim, indices=()):
        super().__init__()
        self.dim = dim
        self.indices = indices

    def forward(self, x, indices=None):
        if indices is None:
            return x.index_select(self.dim, torch.tensor(self.indices, device=x.device))
        picked = x.index_select(self.dim, indices.flatten())
        return picked.unflatten(self.dim, indices.shape[1:])
'''

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape, axis = inputs[0].shape, self.dim - 1
        refuse_missing_axis(self, self.dim, shape)
        if len(inputs) == 1:
            if max(self.indices) >= shape[axis]:
                name = name_of_axis(inputs[0], axis)
                raise LayerError(
                    "index",
                    f"there is no position {max(self.indices)} among {shape[axis]} {name}, which "
                    f"count from 0 to {shape[axis] - 1}",
                    axis=name,
                    received=max(self.indices),
                    expected=f"at most {shape[axis] - 1}",
                    remedies=[
                        SetParameters(
                            "leave the missing ones out",
                            {
                                "indices": tuple([i for i in self.indices if i < shape[axis]])
                                or (0,)
                            },
                        )
                    ],
                )
            return (*shape[:axis], len(self.indices), *shape[axis + 1 :])
        picked = inputs[1]
        if picked.batched:
            raise LayerError(
                "index",
                "the positions must be the same for every image, as those of a Constant are; an "
                "Embedding takes other ones for each image",
                port=1,
                received="whole numbers of each image",
                expected="a Constant",
            )
        found = (*shape[:axis], *picked.shape, *shape[axis + 1 :])
        if len(found) > MAX_AXES:
            raise LayerError(
                "too-many-axes",
                f"the output {show(found)} would have {len(found)} axes besides the batch",
                port=1,
                received=len(found),
                expected=f"at most {MAX_AXES}",
            )
        return found

    def _copies(self, inputs: Sequence[Tensor]) -> bool:
        """Tell whether torch copies the positions, since they do not lie in order."""
        return view(inputs[1], (inputs[1].values,)) is None

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the positions."""
        if not inputs[0].needs_grad:
            return NOTHING
        if len(inputs) == 1:
            return SavedForBackward(fixed=INDEX_BYTES * len(self.indices))
        if self._copies(inputs):
            return SavedForBackward(fixed=INDEX_BYTES * inputs[1].values)
        return SavedForBackward(inputs=(1,))

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return inputs[0].item_bytes * prod(output)

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the positions, unless the second input has them."""
        if len(inputs) == 1:
            return INDEX_BYTES * len(self.indices)
        return INDEX_BYTES * inputs[1].values if self._copies(inputs) else 0

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return CONTIGUOUS

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        same = len(self.output_shape(inputs)) == len(inputs[0].shape)
        return inputs[0].axes if same else ()

    def constructor(self, code: Code) -> str:
        if len(code.inputs) > 1:
            return f"Index({code.argument('dim')})"
        indices = code.texts.get("indices", f"[{', '.join(map(str, self.indices))}]")
        return f"Index({code.argument('dim')}, {indices})"

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        return Picked(self.dim - 1, self.indices) if len(inputs) == 1 else None

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        if self.dim > 1:
            return inputs[0]
        fixed = len(code.inputs) == 1 and "indices" not in code.texts
        return Literal(len(self.indices)) if fixed else None

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return inputs[0] if self.dim < len(code.inputs[0].shape) else None

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        if len(inputs) == 1:
            name = name_of_axis(inputs[0], self.dim - 1)
            return (f"{name} = positions in the list = {output[self.dim - 1]}",)
        return (f"axis {self.dim} = the shape of the positions = {show(inputs[1].shape)}",)
