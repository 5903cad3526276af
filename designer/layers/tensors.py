"""The values that the rules of layers take and return: tensors, weights, memory, windows.

All of them describe a single image, or whatever else one sample is; the batch axis is left out
everywhere. PyTorch is not needed: shapes are tuples of whole numbers and memory is counted in
bytes.
"""

from collections.abc import Sequence
from enum import Enum
from itertools import pairwise
from math import prod
from typing import NamedTuple, TypeAlias

Shape: TypeAlias = tuple[int, ...]
"""A tensor's shape without the batch axis: (channels, height, width), (channels, length),
(tokens, features), (features,), or more axes, as of a volume."""

MAX_AXES = 6
"""The most axes of a tensor besides the batch axis: windows of an image need five."""

FLOAT_BYTES = 4
INDEX_BYTES = 8


Layout: TypeAlias = tuple[int, ...]
"""How a tensor's values lie in memory: the distance between neighbors along the batch axis and each
other axis, counted in values, as torch's ``stride()``. Empty if the tensor is contiguous."""
CONTIGUOUS: Layout = ()

IMAGE_AXES = (0, 1, 2)
"""The axes of an image in their usual order: channels, height, width."""


class Tensor(NamedTuple):
    """What a layer may know about one of its inputs or its output.

    Attributes
    ----------
    shape
        The shape without the batch axis.
    needs_grad
        Whether autograd computes a gradient for it: some layer before it has trainable weights.
    layout
        How its values lie in memory.
    axes
        Of a tensor with three axes, what each one is: 0 channels, 1 height, 2 width. (1, 2, 0)
        has its channels last, as after a Permute. Empty where this is not known: a Reshape may give
        the axes any meaning.
    layout_in_eval
        How its values lie in memory in eval mode; None if as in train mode.
    batched
        Whether it has a value for each image of the batch. A learned position embedding has not: in
        torch its batch axis has the size 1, whatever the batch, and is broadcast.
    integer
        Whether its values are whole numbers (torch's int64), such as tokens, not float32.
    """

    shape: Shape
    needs_grad: bool = True
    layout: Layout = CONTIGUOUS
    axes: tuple[int, ...] = IMAGE_AXES
    layout_in_eval: Layout | None = None
    batched: bool = True
    integer: bool = False

    @property
    def values(self) -> int:
        """Number of elements of one image."""
        return prod(self.shape)

    @property
    def item_bytes(self) -> int:
        """Bytes of one value."""
        return INDEX_BYTES if self.integer else FLOAT_BYTES

    @property
    def bytes(self) -> int:
        """Bytes of one image, or of the whole tensor if it is not `batched`."""
        return self.item_bytes * prod(self.shape)


class StateRole(Enum):
    """What a tensor of the state dict is: a weight, a bias, or a buffer that is not learned."""

    WEIGHT = "weight"
    BIAS = "bias"
    BUFFER = "buffer"


# Reading an attribute of an enum takes ten times as long as reading a name of the module.
WEIGHT, BIAS, BUFFER = StateRole


class State(NamedTuple):
    """A tensor of the layer's state dict, with torch's name and shape for it.

    The name is empty for a layer that is itself a tensor, as Parameter is: its key in the state
    dict is that of the node. `state_key` joins both.
    """

    name: str
    shape: Shape
    role: StateRole
    item_bytes: int = FLOAT_BYTES


class SavedForBackward(NamedTuple):
    """What autograd saves of a layer in the forward pass, for use in the backward pass.

    A saved input or output is named by its port, because other layers may save the same storage,
    which is then counted once. Tensors that only this layer has are counted in bytes.

    Attributes
    ----------
    inputs, outputs
        Ports of the saved inputs and outputs.
    per_image
        Bytes of all other saved tensors whose size is proportional to the batch, for one image.
    fixed
        Bytes of all other saved tensors whose size does not depend on the batch.

    Examples
    --------
    MaxPool2d saves its input and, for each output value, the position of the maximum as an int64:
    ``SavedForBackward(inputs=(0,), per_image=8 * prod(output))``.
    """

    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    per_image: int = 0
    fixed: int = 0


NOTHING = SavedForBackward()
ITS_INPUT = SavedForBackward(inputs=(0,))
ITS_OUTPUT = SavedForBackward(outputs=(0,))


class Taps(Enum):
    """How a window finds the inputs that it covers.

    Attributes
    ----------
    SLIDING
        ``size`` inputs, ``dilation`` apart, as a convolution does.
    TRANSPOSED
        The inputs whose kernels cover the output. The stride is one over the layer's stride, the
        size that of the kernel's area times the stride.
    INTERPOLATED
        The inputs nearer than half the size, or the one input at the very center.
    BLENDED
        The inputs nearer than half the size, always all of them.
    ADAPTIVE
        Inputs floor(o in / out) to ceil((o + 1) in / out) - 1.
    """

    SLIDING = "sliding"
    TRANSPOSED = "transposed"
    INTERPOLATED = "interpolated"
    BLENDED = "blended"
    ADAPTIVE = "adaptive"


SLIDING, TRANSPOSED, INTERPOLATED, BLENDED, ADAPTIVE = Taps


class Window(NamedTuple):
    """Which inputs one output depends on, for each spatial axis, in steps of the input.

    Output ``o`` depends on ``size`` inputs, whose center is at ``o * stride + offset``.

    Attributes
    ----------
    size, stride, offset
        Of the window, along each spatial axis, such as height and width.
    dilation
        Distance between its elements; empty if it is 1 along all axes.
    taps
        How it finds the inputs that it covers.
    fill
        What stands beyond the border: torch's ``padding_mode``.
    channels
        Whether it reads several channels.
    port
        The only input that it reads; None if it reads all.

    Examples
    --------
    A 3x3 convolution with stride 2 and padding 1 has ``Window((3, 3), (2, 2), (0, 0))``: output 0
    depends on inputs -1 to 1, centered at 0, and output 1 on inputs 1 to 3, centered at 2. Without
    padding the offset is 1: output 0 depends on inputs 0 to 2.
    """

    size: tuple[float, ...] = (1, 1)
    stride: tuple[float, ...] = (1, 1)
    offset: tuple[float, ...] = (0, 0)
    dilation: tuple[int, ...] = ()
    taps: Taps = SLIDING
    fill: str = "zeros"
    channels: bool = False
    port: int | None = None


POINT = Window()


class AllPositions(NamedTuple):
    """Each output depends on all positions along some axes (from 0), and on its own of the others.

    Attributes
    ----------
    axes
        The axes of the input.
    directly
        Whether it also depends on its own position along these axes, as a norm does, which only
        takes statistics from the other positions. Linear does not.
    """

    axes: tuple[int, ...]
    directly: bool = False


class Reordered(NamedTuple):
    """The same values under axes in another order: for each output axis, the input's (from 0)."""

    order: tuple[int, ...]


class Picked(NamedTuple):
    """Some positions of one axis (from 0), in any order and number."""

    axis: int
    positions: tuple[int, ...]


class Reduced(NamedTuple):
    """Each output depends on all positions along some axes (from 0), which vanish."""

    axes: tuple[int, ...]


class Rolled(NamedTuple):
    """The positions of some axes (from 0), moved on by as many steps each, around the end."""

    axes: tuple[int, ...]
    shifts: tuple[int, ...]


class Windowed(NamedTuple):
    """The pixels of an image in windows that stand one behind the other along the first axis.

    Attributes
    ----------
    size
        Height and width of a window.
    counts
        How many windows there are below and beside each other.
    axes
        The axes of the image's rows and columns (from 0).
    merges
        Whether the windows become an image, rather than the image windows.
    """

    size: tuple[int, int]
    counts: tuple[int, int]
    axes: tuple[int, int]
    merges: bool = False


class Sliced(NamedTuple):
    """Every `step`-th position from `start` to `stop` of one axis (from 0)."""

    axis: int
    start: int
    stop: int
    step: int = 1


class Stacked(NamedTuple):
    """The positions of all inputs one behind the other, along one axis (from 0)."""

    axis: int


class Regrouped(NamedTuple):
    """The same values in the same order under other axes."""


class Stages(NamedTuple):
    """Several of these one after the other, each with the shape behind it.

    Unfold, for example, slides a window over the image and then puts its positions in one row.
    """

    stages: tuple[tuple["Reads", Shape], ...]


Reads: TypeAlias = (
    Window
    | AllPositions
    | Stages
    | Picked
    | Reordered
    | Reduced
    | Rolled
    | Sliced
    | Stacked
    | Regrouped
    | Windowed
)
"""Which inputs one output depends on."""


class Part(NamedTuple):
    """One of the torch layers that a layer is made of, for the sums of input and output values."""

    values_in: int
    values_out: int
    convolution: bool = False


def chain_peak(*sizes: int) -> int:
    """Return the most bytes alive at once in a chain of operations, each reading the one before.

    Parameters
    ----------
    sizes
        Sizes (in values) of the results, of which each is freed as soon as the next one is made.
    """
    return FLOAT_BYTES * max(map(sum, pairwise(sizes)), default=sum(sizes))


def in_eval_mode(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return tensors as they are in eval mode; the same tuple if none has another layout there."""
    if all(each.layout_in_eval is None for each in inputs):
        return inputs
    return tuple(
        each._replace(layout=each.layout_in_eval, layout_in_eval=None)
        if each.layout_in_eval is not None
        else each
        for each in inputs
    )


def show(shape: Sequence[object]) -> str:
    """Return a shape as text for readers: 64×112×112."""
    return "×".join(map(str, shape)) or "one value"


_AXIS_NAMES = {
    1: ("features",),
    2: ("channels", "length"),
    3: ("channels", "height", "width"),
    4: ("channels", "depth", "height", "width"),
}


def axis_name(axis: int, rank: int) -> str:
    """Return the name of an axis (from 0) of a tensor with `rank` axes besides the batch axis."""
    return _AXIS_NAMES[rank][axis] if rank in _AXIS_NAMES else f"axis {axis + 1}"


def name_of_axis(tensor: Tensor, axis: int) -> str:
    """Return the name of a tensor's axis (from 0), as far as it is known what it is."""
    rank = len(tensor.shape)
    if rank != len(IMAGE_AXES):
        return axis_name(axis, rank)
    return axis_name(tensor.axes[axis], rank) if tensor.axes else f"axis {axis + 1}"


def state_key(path: str, name: str) -> str:
    """Return the key of a layer's tensor in the state dict of the network: ``conv1.weight``."""
    return f"{path}.{name}" if name else path
