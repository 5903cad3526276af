"""One row for each layer type: the parameters to try, and the same layer in plain torch.

`tests/layers/test_table.py` draws parameters and shapes for each row and compares the layer with
the reference. The reference gets the parameters as the design gives them, and the shapes of the
inputs. It raises an error where torch accepts what makes no sense in a design, such as a slice
beyond the end, which torch cuts short.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch
from hypothesis import strategies as st
from torch import nn

Shape = tuple[int, ...]
Parameters = dict[str, Any]
Shapes = st.SearchStrategy[list[Shape]]

NOTHING: st.SearchStrategy[Parameters] = st.just({})


@dataclass(frozen=True)
class Row:
    """How to test one layer type.

    Attributes
    ----------
    reference
        Builds the layer in plain torch from the parameters and the input shapes.
    parameters
        The parameters to try.
    ranks
        Numbers of axes, without the batch, that the layer accepts: (3,) for images only. The layer
        must refuse all others, even if torch accepts them.
    shapes
        Input shapes to try, for layers with several inputs; by default one input of `ranks`. A
        function if they follow from the parameters.
    outputs
        How many outputs the layer has with these parameters; the reference returns them as a tuple
        if there are several.
    random
        The layer draws random numbers in train mode, so only eval mode is compared.
    selects
        The layer does not use all of its inputs, so some get no gradient.
    undefined
        The layer gives no number for some values, so gradients are not compared.
    broadcasts
        Any of several inputs may be a tensor that is the same for every image.
    constants
        The input ports that take a tensor that is the same for every image.
    per_image
        The input ports of whole numbers that need values for each image.
    examples
        How many combinations are tried.

    A layer without inputs, such as Constant, is tested as a summand of an image: `shapes` draws
    that of the image, and the reference takes the image.
    """

    reference: Callable[[Parameters, Sequence[Shape]], nn.Module]
    parameters: st.SearchStrategy[Parameters] = NOTHING
    ranks: tuple[int, ...] = (1, 2, 3, 4)
    shapes: Shapes | Callable[[Parameters], Shapes] | None = None
    outputs: Callable[[Parameters], int] = lambda _: 1
    random: bool = False
    selects: bool = False
    undefined: bool = False
    broadcasts: bool = False
    constants: tuple[int, ...] = ()
    per_image: tuple[int, ...] = ()
    examples: int = 12


def shapes_of(row: Row, parameters: Parameters) -> Shapes:
    """Return the input shapes to try together with some parameters."""
    if row.shapes is None:
        return one_shape(row.ranks)
    return row.shapes(parameters) if callable(row.shapes) else row.shapes


class Plain(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.function(*inputs)


def dims(rank: int) -> st.SearchStrategy[Shape]:
    """Return small shapes of a rank, sometimes with axes of size one."""
    channels = st.sampled_from((4, 1, 2, 3, 6, 8))
    side = st.sampled_from((5, 1, 2, 3, 4, 6, 7, 9))
    if rank <= 3:
        return st.tuples(channels, *[side] * (rank - 1))
    return st.tuples(st.integers(1, 4), *[st.integers(1, 5)] * (rank - 1))


def one_shape(ranks: Sequence[int]) -> st.SearchStrategy[list[Shape]]:
    """Return the shape of a single input, sometimes of a wrong rank."""
    wrong = [rank for rank in (1, 2, 3, 4) if rank not in ranks]
    choices = [*(list(ranks) * 4), *wrong]
    return st.sampled_from(choices).flatmap(dims).map(lambda shape: [shape])


def split(x: torch.Tensor, parameters: Parameters) -> tuple[torch.Tensor, ...]:
    """Split into equal parts; torch's own chunk makes the last one smaller where they are not."""
    dim, chunks = parameters.get("dim", 1), parameters.get("chunks", 2)
    if x.shape[dim] % chunks:
        raise ValueError("the parts are not equal")
    return x.split(x.shape[dim] // chunks, dim)


@st.composite
def several_shapes(draw: st.DrawFn) -> list[Shape]:
    """Draw the shapes of one to four inputs, most of which fit together."""
    shape = draw(st.sampled_from((3, 3, 2, 1)).flatmap(dims))
    shapes = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(("same", "same", "same", "spread", "other")))
        if kind == "same":
            shapes.append(shape)
        elif kind == "spread":
            keep = draw(st.tuples(*[st.booleans()] * len(shape)))
            shapes.append(
                tuple(size if stays else 1 for size, stays in zip(shape, keep, strict=True))
            )
        else:
            shapes.append(draw(dims(draw(st.sampled_from((len(shape), len(shape), 1, 2, 3))))))
    return draw(st.permutations(shapes))


@st.composite
def concat_shapes(draw: st.DrawFn) -> list[Shape]:
    """Draw the shapes of one to four inputs that differ in one axis, rarely in others."""
    shape = draw(st.sampled_from((3, 3, 2, 1)).flatmap(dims))
    axis = draw(st.integers(0, len(shape) - 1))
    shapes = [
        (*shape[:axis], draw(st.integers(1, 5)), *shape[axis + 1 :])
        for _ in range(draw(st.integers(1, 4)))
    ]
    if draw(st.integers(0, 9)) == 0:
        shapes.append(draw(st.sampled_from((3, 2, 1)).flatmap(dims)))
    return shapes


def two(shapes: Shapes) -> Shapes:
    """Return shapes of two inputs."""
    return shapes.filter(lambda drawn: len(drawn) >= 2).map(lambda drawn: drawn[:2])


def three(shapes: Shapes) -> Shapes:
    """Return shapes of three inputs."""
    return shapes.filter(lambda drawn: len(drawn) >= 3).map(lambda drawn: drawn[:3])


def pair(least: int, most: int, axes: int = 2) -> st.SearchStrategy[Any]:
    """Draw a number for all spatial axes, or one for each."""
    number = st.integers(least, most)
    return number | st.lists(number, min_size=axes, max_size=axes)


def given(
    required: dict[str, Any] | None = None, **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[Parameters]:
    """Draw parameters: the required ones always, each of the others half of the time."""
    return st.fixed_dictionaries(required or {}, optional=optional)


def tupled(parameters: Parameters) -> Parameters:
    """Turn lists into tuples, for torch."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in parameters.items()}


def of_torch(
    kind: type[nn.Module], *sizes: Callable[[Parameters, Shape], int]
) -> Callable[[Parameters, Sequence[Shape]], nn.Module]:
    """Return a reference that is a torch module; `sizes` compute its first arguments."""

    def build(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
        first = [each(parameters, shapes[0]) for each in sizes]
        return kind(*first, **tupled(parameters))

    return build


def plain(
    function: Callable[[Parameters], Callable[..., torch.Tensor]],
) -> Callable[[Parameters, Sequence[Shape]], nn.Module]:
    """Return a reference that is a function of the inputs."""
    return lambda parameters, shapes: Plain(function(parameters))


def channels(parameters: Parameters, shape: Shape) -> int:
    return shape[0]


def last(parameters: Parameters, shape: Shape) -> int:
    return shape[-1]


# Convolutions


def convolution(axes: int) -> dict[str, Any]:
    """Return the settings that convolutions over this many axes share."""
    return {
        "stride": pair(1, 3, axes),
        "padding": pair(0, 3, axes) | st.just("same"),
        "dilation": pair(1, 2, axes),
        "bias": st.booleans(),
        "padding_mode": st.sampled_from(("zeros", "reflect", "replicate", "circular")),
    }


CONVOLUTION = convolution(2)


def depthwise(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    options = tupled(parameters)
    size = shapes[0][0]
    return nn.Conv2d(size, size * options.pop("multiplier", 1), groups=size, **options)


def separable(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    options = tupled(parameters)
    size, bias = shapes[0][0], options.pop("bias", True)
    out_channels = options.pop("out_channels")
    return nn.Sequential(
        nn.Conv2d(size, size, groups=size, bias=False, **options),
        nn.Conv2d(size, out_channels, 1, bias=bias),
    )


class Filtered(nn.Module):
    """Correlates each channel with 3x3 kernels, written as nine shifted sums."""

    def __init__(self, size: int, kernels: list[list[list[float]]]) -> None:
        super().__init__()
        kernel = torch.tensor(kernels).unsqueeze(1)
        self.register_buffer("kernel", kernel.repeat(size, 1, 1, 1))
        self.kernels = kernels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[2:]
        padded = nn.functional.pad(x, (1, 1, 1, 1))
        results = []
        for channel in range(x.shape[1]):
            for kernel in self.kernels:
                total = torch.zeros_like(x[:, channel])
                for row in range(3):
                    for column in range(3):
                        part = padded[:, channel, row : row + height, column : column + width]
                        total = total + kernel[row][column] * part
                results.append(total)
        return torch.stack(results, 1)


class Partial(nn.Module):
    """A dense convolution, with zeros for the channels that the table leaves out."""

    def __init__(self, size: int, parameters: Parameters) -> None:
        super().__init__()
        options = tupled(parameters)
        table, kernel, bias = (
            options.pop("table", "0"),
            options.pop("kernel_size"),
            options.pop("bias", True),
        )
        self.rows = [[*map(int, row.split())] for row in table.split(",")]
        self.maps = nn.ModuleList(nn.Conv2d(len(row), 1, kernel, bias=bias) for row in self.rows)
        self.dense = size, options

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size, options = self.dense
        weights = []
        for row, conv in zip(self.rows, self.maps, strict=True):
            weight = conv.weight.new_zeros(1, size, *conv.weight.shape[2:])
            weight[:, row] = conv.weight
            weights.append(weight)
        biases = [conv.bias for conv in self.maps if conv.bias is not None]
        bias = torch.cat(biases) if biases else None
        return nn.functional.conv2d(x, torch.cat(weights), bias, **options)


SOBEL_X = [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
SOBEL_Y = [[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]


def sobel(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    directions = {"x": [SOBEL_X], "y": [SOBEL_Y], "both": [SOBEL_X, SOBEL_Y]}
    return Filtered(shapes[0][0], directions[parameters.get("direction", "both")])


# Pooling


class ExpectedPool(nn.Module):
    """Stochastic pooling in eval mode: the mean of each window, weighted by its values."""

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.kernel = (
            tuple(kernel_size)
            if isinstance(kernel_size, list | tuple)
            else (
                kernel_size,
                kernel_size,
            )
        )
        stride = self.kernel if stride is None else stride
        self.stride = tuple(stride) if isinstance(stride, list | tuple) else (stride, stride)
        self.ceil_mode = ceil_mode

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        counted = nn.functional.max_pool2d(x, self.kernel, self.stride, ceil_mode=self.ceil_mode)
        rows = []
        for top in range(0, counted.shape[2] * self.stride[0], self.stride[0]):
            row = []
            for left in range(0, counted.shape[3] * self.stride[1], self.stride[1]):
                window = x[:, :, top : top + self.kernel[0], left : left + self.kernel[1]]
                window = window.flatten(2)
                missing = self.kernel[0] * self.kernel[1] - window.shape[2]
                window = nn.functional.pad(window, (0, missing))
                odds = window.clamp(min=0)
                odds = torch.where(odds.sum(2, keepdim=True) > 0, odds, torch.ones_like(odds))
                odds = (odds / odds.sum(2, keepdim=True)).detach()
                row.append((window * odds).sum(2))
            rows.append(torch.stack(row, 2))
        return torch.stack(rows, 2)


# Regularization


class Quiet(nn.Module):
    """Does nothing in eval mode; its statistics in train mode are tested in test_draws.py."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def drop_connect(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    return nn.Linear(shapes[0][-1], parameters["out_features"], bias=parameters.get("bias", True))


class Masked(nn.Linear):
    """A linear layer to three parts, the second of which has no bias."""

    def __init__(self, features: int, out_features: int, *, bias: bool = True) -> None:
        if out_features % 3:
            raise ValueError("no three parts")
        super().__init__(features, out_features, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.bias is None:
            return super().forward(x)
        counts = torch.tensor([1.0, 0.0, 1.0]).repeat_interleave(len(self.bias) // 3)
        return x @ self.weight.T + self.bias * counts


class Distances(nn.Module):
    """Negative squared distances from codes whose signs are the parities of i & j."""

    def __init__(self, size: int, count: int) -> None:
        super().__init__()
        codes = [[(-1.0) ** bin(i & j).count("1") for j in range(size)] for i in range(count)]
        if len({*map(tuple, codes)}) < count:
            raise ValueError("two classes have the same code")
        self.register_buffer("codes", torch.tensor(codes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return -(torch.cdist(x, self.codes) ** 2)


# Recurrent layers

NONLINEARITY = st.sampled_from(("tanh", "relu"))
RECURRENT: dict[str, Any] = {
    "num_layers": st.integers(1, 3),
    "bidirectional": st.booleans(),
    "bias": st.booleans(),
    "dropout": st.sampled_from((0.0, 0.0, 0.4)),
    "output": st.sampled_from(("sequence", "last_step", "last_state")),
}


class Recurrent(nn.Module):
    """A recurrent layer of torch, and what of its outputs is wanted."""

    def __init__(self, layer: nn.RNNBase, output: str) -> None:
        super().__init__()
        self.layer, self.output = layer, output

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps, states = self.layer(x)
        if self.output == "sequence":
            return steps
        if self.output == "last_step":
            return steps[:, -1]
        states = states[0] if isinstance(states, tuple) else states
        directions = 2 if self.layer.bidirectional else 1
        last = states.view(self.layer.num_layers, directions, *states.shape[1:])[-1]
        return last.transpose(0, 1).flatten(1)


def recurrent(kind: type[nn.RNNBase]) -> Callable[[Parameters, Sequence[Shape]], nn.Module]:
    """Return a reference that is a recurrent layer of torch, of which only sequences are asked."""

    def build(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
        options = dict(parameters)
        output = options.pop("output", "sequence")
        if options.get("dropout") and options.get("num_layers", 1) == 1:
            raise ValueError("torch drops nothing behind the last layer")
        return Recurrent(kind(shapes[0][-1], batch_first=True, **options), output)

    return build


# Joins


def joined(
    combine: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> Callable[[Parameters, Sequence[Shape]], nn.Module]:
    """Return a reference that combines its inputs one after the other, all of one rank."""

    def build(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
        if len({len(shape) for shape in shapes}) > 1:
            raise ValueError("ranks differ")
        return Plain(lambda *inputs: reduce(combine, inputs))

    return build


def averaged(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    total = joined(torch.add)(parameters, shapes)
    return Plain(lambda *inputs: total(*inputs) / len(inputs))


def concatenated(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    def join(*inputs: torch.Tensor) -> torch.Tensor:
        batch = max(map(len, inputs))
        spread = [each.repeat(batch // len(each), *[1] * (each.dim() - 1)) for each in inputs]
        return torch.cat(spread, parameters.get("dim", 1))

    return Plain(join)


class Projection(nn.Module):
    """The shortcut of a residual block, by the table in the paper."""

    def __init__(self, size: int, parameters: Parameters) -> None:
        super().__init__()
        self.new, self.stride = parameters["out_channels"], parameters.get("stride", 1)
        option = parameters.get("option", "B")
        norm = parameters.get("batch_norm", True)
        agree = size == self.new and self.stride == 1
        self.kind = "same" if agree and option != "C" else "pad" if option == "A" else "project"
        if self.kind == "project":
            self.conv = nn.Conv2d(size, self.new, 1, stride=self.stride, bias=not norm)
            if norm:
                self.bn = nn.BatchNorm2d(self.new)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.kind == "same":
            return x
        if self.kind == "project":
            y = self.conv(x)
            return self.bn(y) if hasattr(self, "bn") else y
        x = x[:, :, :: self.stride, :: self.stride]
        zeros = x.new_zeros(x.shape[0], self.new - x.shape[1], *x.shape[2:])
        return torch.cat([x, zeros], 1)


class PreActProjection(nn.Module):
    """The shortcut of a pre-activation block: x, or the convolved activation."""

    def __init__(self, size: int, parameters: Parameters) -> None:
        super().__init__()
        new, stride = parameters["out_channels"], parameters.get("stride", 1)
        if size != new or stride != 1:
            self.conv = nn.Conv2d(size, new, 1, stride=stride, bias=False)

    def forward(self, x: torch.Tensor, activation: torch.Tensor) -> torch.Tensor:
        if x.shape != activation.shape:
            raise ValueError("an activation has the shape of what it activates")
        return self.conv(activation) if hasattr(self, "conv") else x


# Shape


def reshaped(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    return Plain(lambda x: x.reshape(x.shape[0], *parameters["shape"]))


def permuted(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    return Plain(lambda x: x.permute(0, *parameters.get("order", (1, 2, 3))))


def sliced(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    dim, start = parameters.get("dim", 1), parameters.get("start", 0)
    stop, step = parameters.get("stop"), parameters.get("step", 1)
    size = shapes[0][dim - 1]
    first = start if start >= 0 else start + size
    last = size if stop is None else stop if stop >= 0 else stop + size
    if not 0 <= first < last <= size:
        raise ValueError("nothing is left, or there is not so much")
    kept = torch.arange(first, last, step)
    return Plain(lambda x: x.index_select(dim, kept))


def reduced(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    axes = tuple(parameters.get("dim", (2, 3)))
    kind, keep = parameters.get("reduction", "mean"), parameters.get("keepdim", False)
    if len({*axes}) < len(axes) or (len(axes) == len(shapes[0]) and not keep):
        raise ValueError("an axis twice, or none left")
    order = parameters.get("ord", 2.0)

    def reduce_axes(x: torch.Tensor) -> torch.Tensor:
        for axis in sorted(axes, reverse=True):
            if kind == "norm":
                x = (
                    x.abs().max(axis, keepdim=keep).values
                    if order == math.inf
                    else x.abs().pow(order).sum(axis, keepdim=keep).pow(1 / order)
                )
            else:
                x = getattr(x, kind)(axis, keepdim=keep)
                x = x if isinstance(x, torch.Tensor) else x.values
        return x

    return Plain(reduce_axes)


def similar(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    dim, keep = parameters.get("dim", 1), parameters.get("keepdim", False)
    if len({*map(len, shapes)}) > 1 or (len(shapes[0]) == 1 and not keep):
        raise ValueError("ranks differ, or no axis is left")

    def cosine(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        a, b = torch.broadcast_tensors(a, b)
        least = parameters.get("eps", 1e-8)
        norms = a.norm(dim=dim).clamp(min=least) * b.norm(dim=dim).clamp(min=least)
        found = (a * b).sum(dim) / norms
        return found.unsqueeze(dim) if keep else found

    return Plain(cosine)


def clamped(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    low, high = parameters.get("min", 0.0), parameters.get("max")
    if low is None and high is None:
        raise ValueError("no bound")
    if low is not None and high is not None and low > high:
        raise ValueError("the bounds are exchanged")
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    return nn.Hardtanh(low, high) if low < high else Plain(lambda x: x.clamp(low, high))


def partitioned(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    height, width = sides(parameters.get("window_size", (7, 7)))
    first = parameters.get("channels_axis", "last") == "first"

    def windows(x: torch.Tensor) -> torch.Tensor:
        x = x.movedim(1, 3) if first else x
        if x.shape[1] % height or x.shape[2] % width:
            raise ValueError("no whole windows")
        found = [piece.flatten(1, 2) for row in x.split(height, 1) for piece in row.split(width, 2)]
        return torch.stack(found, 1)

    return Plain(windows)


def merged(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    height, width = sides(parameters.get("window_size", (7, 7)))
    number, pixels, _ = shapes[0]
    side = parameters.get("height") or round((number * pixels) ** 0.5)
    if pixels != height * width or side % height or number % (side // height):
        raise ValueError("no image")
    if not parameters.get("height") and side * side != number * pixels:
        raise ValueError("no square")
    columns = number // (side // height)

    def image(x: torch.Tensor) -> torch.Tensor:
        pieces = [each.unflatten(1, (height, width)) for each in x.unbind(1)]
        rows = [torch.cat(pieces[at : at + columns], 2) for at in range(0, len(pieces), columns)]
        whole = torch.cat(rows, 1)
        return whole.movedim(3, 1) if parameters.get("channels_axis") == "first" else whole

    return Plain(image)


def sides(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def rolled(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    shifts, axes = parameters.get("shifts", (1, 1)), parameters.get("dim", (2, 3))
    if len(shifts) != len(axes):
        raise ValueError("not as many shifts as axes")

    def roll(x: torch.Tensor) -> torch.Tensor:
        for axis, shift in zip(axes, shifts, strict=True):
            order = (torch.arange(x.shape[axis]) - shift) % x.shape[axis]
            x = x.index_select(axis, order)
        return x

    return Plain(roll)


def picked(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    axis = parameters.get("dim", 1)
    if len(shapes) == 1:
        return Plain(lambda x: x.index_select(axis, torch.tensor(parameters.get("indices", [0]))))

    def gather(x: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        found = [x.select(axis, int(each)) for each in positions.flatten()]
        return torch.stack(found, axis).unflatten(axis, positions.shape[1:])

    return Plain(gather)


def with_positions(shape: Shape, dim: int) -> Shapes:
    """Return one input, or a larger one with the shape of positions of an axis."""
    enough = tuple(size + 4 if axis == dim - 1 else size for axis, size in enumerate(shape))
    return st.sampled_from([[shape], [shape], [enough, (3, 2)], [enough, (4,)]])


def chosen(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    if len({*map(len, shapes)}) > 1:
        raise ValueError("ranks differ")
    return Plain(lambda condition, a, b: torch.where(condition.bool(), a, b))


class Summand(nn.Module):
    """An image plus a tensor that is learned or a buffer."""

    def __init__(self, value: torch.Tensor, *, learned: bool) -> None:
        super().__init__()
        self.value = nn.Parameter(value) if learned else nn.Buffer(value)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.value.view(x.shape[1:])


PARAMETER_INITS = (
    *("zeros", "ones", "constant"),
    *("normal", "uniform", "trunc_normal", "xavier_uniform"),
)


def learned_tensor(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    shape, kind = parameters["shape"], parameters.get("init", "zeros")
    size = parameters.get("init_value", 0.02)
    value = torch.empty(1, *shape) if parameters.get("batch_axis", True) else torch.empty(*shape)
    if kind == "xavier_uniform":
        nn.init.xavier_uniform_(value)
    elif (size < 0 and kind in ("normal", "uniform")) or (size <= 0 and kind == "trunc_normal"):
        raise ValueError("a negative deviation")
    elif kind == "normal":
        value.copy_(torch.randn_like(value) * size)
    elif kind == "uniform":
        value.uniform_(-size, size)
    elif kind == "trunc_normal":
        nn.init.trunc_normal_(value, std=size)
    else:
        value.fill_({"zeros": 0, "ones": 1}.get(kind, size))
    return Summand(value, learned=True)


def fixed_tensor(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    shape, kind = parameters["shape"], parameters.get("values", "zeros")
    value = {
        "zeros": lambda: torch.zeros(*shape),
        "ones": lambda: torch.ones(*shape),
        "full": lambda: torch.zeros(*shape) + parameters.get("fill_value", 1.0),
        "arange": lambda: torch.arange(float(torch.Size(shape).numel())).reshape(*shape),
        "list": lambda: torch.tensor(parameters.get("numbers", [])).reshape(*shape),
        "tril": lambda: torch.tril(torch.ones(*shape), parameters.get("diagonal", 0)),
        "triu": lambda: torch.triu(torch.ones(*shape), parameters.get("diagonal", 0)),
    }[kind]()
    value = value.float()
    return Summand(value[None] if parameters.get("batch_axis") else value, learned=False)


def as_its_tensor(parameters: Parameters) -> Shapes:
    """Return the shape of the image to which a stored tensor is added."""
    return st.just([tuple(parameters["shape"])])


class Positions(nn.Module):
    """A fixed tensor of positions, computed value by value, that is added to an image."""

    def __init__(self, value: torch.Tensor) -> None:
        super().__init__()
        self.value = nn.Buffer(value)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.value


def waves(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    tokens, features = parameters["tokens"], parameters["embedding_dim"]
    if features % 2:
        raise ValueError("odd")
    found = torch.zeros(tokens, features)
    for position in range(tokens):
        for each in range(features):
            angle = position / parameters.get("base", 1e4) ** (each // 2 * 2 / features)
            found[position, each] = math.cos(angle) if each % 2 else math.sin(angle)
    return Positions(found)


def triangle(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    tokens = parameters["tokens"]
    rows = [
        [0.0 if key <= query else -math.inf for key in range(tokens)] for query in range(tokens)
    ]
    return Positions(torch.tensor(rows))


def logarithms(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    height, width = sides(parameters.get("window_size", 8))
    table = torch.zeros(2 * height - 1, 2 * width - 1, 2)
    for row in range(table.shape[0]):
        for column in range(table.shape[1]):
            for at, (where, size) in enumerate(((row, height), (column, width))):
                x = 8 * (where - size + 1) / max(size - 1, 1)
                table[row, column, at] = math.copysign(math.log2(abs(x) + 1) / 3, x)
    return Positions(table)


class Apart(nn.Module):
    """Scores of shifted windows, with the mask of torchvision's Swin."""

    def __init__(self, parameters: Parameters, shape: Shape) -> None:
        super().__init__()
        windows, _, pixels, other = shape
        height, width = sides(parameters["window_size"])
        down, across = sides(parameters.get("shift", 3))
        side = parameters.get("height") or round((windows * pixels) ** 0.5)
        fits = pixels == other == height * width and side % height == 0
        if not fits or down >= height or across >= width or windows % (side // height):
            raise ValueError("no such image")
        rows, columns = side // height, windows // (side // height)
        if not parameters.get("height") and side * side != windows * pixels:
            raise ValueError("no square")
        mask = torch.zeros(rows * height, columns * width)
        count = 0
        for low, high in ((0, -height), (-height, -down or None), (-down, None)):
            for left, right in ((0, -width), (-width, -across or None), (-across, None)):
                # A shift of 0 leaves nothing at the end.
                if (low, high) != (0, None) and (left, right) != (0, None):
                    mask[low:high, left:right] = count
                count += 1
        mask = mask.view(rows, height, columns, width).permute(0, 2, 1, 3).reshape(windows, pixels)
        differ = (mask.unsqueeze(1) - mask.unsqueeze(2)) != 0
        self.mask = differ.float().unsqueeze(1) * parameters.get("value", -100.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.mask


@st.composite
def tensors(draw: st.DrawFn, kinds: dict[str, Any]) -> Parameters:
    """Draw the shape of a stored tensor, with as many numbers, and other parameters."""
    shape = draw(st.sampled_from((1, 2, 3)).flatmap(dims))
    drawn = draw(given({"shape": st.just(list(shape))}, **kinds))
    if drawn.get("values") == "list":
        missing = draw(st.sampled_from((0, 0, 0, 1)))
        drawn["numbers"] = [0.5 * each for each in range(torch.Size(shape).numel() - missing)]
    return drawn


def padded(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    return nn.ZeroPad2d(tuple(parameters.get(k, 1) for k in ("left", "right", "top", "bottom")))


class Factors(nn.Module):
    """A factor for each channel, learned or not, and a shift beside a learned one."""

    def __init__(self, size: int, parameters: Parameters) -> None:
        super().__init__()
        self.factor = parameters.get("factor", 1.0)
        learned, shifts = parameters.get("learned", True), parameters.get("shift", False)
        if shifts and not learned:
            raise ValueError("a shift beside a fixed factor")
        if learned:
            self.weight = nn.Parameter(torch.full((size,), float(self.factor)))
        if shifts:
            self.shift = nn.Parameter(torch.zeros(size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not hasattr(self, "weight"):
            return self.factor * x
        scaled = torch.einsum("nc...,c->nc...", x, self.weight)
        return (
            scaled + self.shift.view(-1, *[1] * (x.dim() - 2)) if hasattr(self, "shift") else scaled
        )


def prelu(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    slopes = shapes[0][0] if parameters.get("per_channel", True) else 1
    return nn.PReLU(slopes, parameters.get("init", 0.25))


def layer_norm(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    axes = parameters.get("axes", 0)
    if axes > len(shapes[0]):
        raise ValueError("there are not so many axes")
    shape = shapes[0][len(shapes[0]) - axes :] if axes else shapes[0]
    return nn.LayerNorm(
        shape,
        eps=parameters.get("eps", 1e-5),
        elementwise_affine=parameters.get("affine", True),
    )


# Attention


@st.composite
def factors(draw: st.DrawFn) -> list[Shape]:
    """Draw the shapes of two matrices, most of which can be multiplied, and what is added."""
    leading = draw(st.lists(st.integers(1, 3), max_size=2))
    rows, inner, columns = (draw(st.integers(1, 4)) for _ in range(3))
    first, second = [rows, inner], [inner, columns]
    if draw(st.booleans()):
        second.reverse()
    if draw(st.integers(0, 3)) == 0:
        first.reverse()
    spread = [draw(st.sampled_from((size, size, 1))) for size in leading]
    shapes = [(*leading, *first), (*spread, *second)]
    if draw(st.booleans()):
        shapes.append((*(draw(st.sampled_from((size, 1))) for size in leading), rows, columns))
    return shapes


@st.composite
def paired_features(draw: st.DrawFn) -> list[Shape]:
    """Draw the shapes of two inputs, most of which differ in their last axis alone."""
    leading = draw(st.lists(st.integers(1, 3), max_size=3))
    other = draw(st.sampled_from((leading, leading, leading, [*leading, 1], leading[1:])))
    return [(*leading, draw(st.integers(1, 4))), (*other, draw(st.integers(1, 4)))]


def multiplied(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    if min(map(len, shapes)) < 2 or len({*map(len, shapes)}) > 1:
        raise ValueError("no matrices, or ranks differ")

    def product(a: torch.Tensor, b: torch.Tensor, *more: torch.Tensor) -> torch.Tensor:
        a = a.transpose(-2, -1) if parameters.get("transpose_first") else a
        b = b.transpose(-2, -1) if parameters.get("transpose_second") else b
        return sum(more, start=a @ b)

    return Plain(product)


@st.composite
def attended(draw: st.DrawFn) -> list[Shape]:
    """Draw the shapes of queries, keys, values and mostly something to add to the scores."""
    leading = draw(st.lists(st.integers(1, 3), max_size=2))
    queries, keys, size = (draw(st.integers(1, 5)) for _ in range(3))
    last = draw(st.sampled_from((size, size, size + 1)))
    shapes = [(*leading, queries, size), (*leading, keys, size), (*leading, keys, last)]
    if draw(st.booleans()):
        shapes.append((*(draw(st.sampled_from((each, 1))) for each in leading), queries, keys))
    if draw(st.integers(0, 9)) == 0:
        shapes[draw(st.integers(0, 2))] = draw(dims(draw(st.integers(1, 3))))
    return shapes


def attention(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    """Return attention as its formula; scores behind the query are -inf in a causal one."""
    mask = parameters.get("mask", "none")
    if len(shapes) != 3 + (mask == "input") or len({*map(len, shapes)}) > 1:
        raise ValueError("the number of inputs or axes is wrong")
    query, key, value = shapes[:3]
    if query[:-2] != key[:-2] or key[:-1] != value[:-1] or len(query) < 2:
        raise ValueError("shapes differ")
    if mask == "input" and shapes[3][-2:] != (query[-2], key[-2]):
        raise ValueError("what is added does not fit")

    def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *more: Any) -> torch.Tensor:
        scale = parameters.get("scale")
        scores = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
        if mask == "causal":
            behind = torch.ones(q.shape[-2], k.shape[-2]).triu(1).bool()
            scores = scores.masked_fill(behind, -torch.inf)
        if more and more[0].broadcast_to(scores.shape).shape != scores.shape:
            raise ValueError("what is added does not fit")
        return sum(more, start=scores).softmax(-1) @ v

    return Plain(attend)


@st.composite
def tokens(draw: st.DrawFn) -> list[Shape]:
    """Draw the shapes of one to three inputs of tokens, and mostly something to add."""
    queries, keys = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    size, other = draw(st.sampled_from((4, 6))), draw(st.sampled_from((4, 3)))
    number = draw(st.integers(1, 3))
    shapes = [(queries, size), (keys, other), (keys, draw(st.sampled_from((other, 5))))][:number]
    if draw(st.booleans()):
        heads = draw(st.sampled_from(((), (1,), (2,))))
        shapes.append((*heads, queries, keys if number > 1 else queries))
    return shapes


class Heads(nn.Module):
    """Attention of torch, the way that returns its weights, one head after the other."""

    def __init__(self, parameters: Parameters, shapes: Sequence[Shape]) -> None:
        super().__init__()
        self.mask = parameters.get("mask", "none")
        masked = self.mask == "input"
        if any(len(shape) != 2 for shape in shapes[: len(shapes) - masked]):
            raise ValueError("no tokens")
        query, key, value = self.inputs(shapes)
        if query[1] % parameters.get("num_heads", 8):
            raise ValueError("heads of different sizes")
        self.attention = nn.MultiheadAttention(
            query[1],
            parameters.get("num_heads", 8),
            parameters.get("dropout", 0.0),
            parameters.get("bias", True),
            kdim=key[1],
            vdim=value[1],
            batch_first=True,
        )
        scores = (self.attention.num_heads, query[0], key[0])
        if masked and len(shapes[-1]) < 2:
            raise ValueError("no scores")
        if masked and (
            shapes[-1][-2:] != scores[1:] or shapes[-1][:-2] not in ((), (1,), scores[:1])
        ):
            raise ValueError("what is added does not fit")

    def inputs(self, given: Sequence[Any]) -> Sequence[Any]:
        """Return queries, keys and values, of which the last may be missing."""
        given = given[:-1] if self.mask == "input" else given
        if not 1 <= len(given) <= 3:
            raise ValueError("the number of inputs is wrong")
        return {1: [*given] * 3, 2: [*given, given[-1]], 3: given}[len(given)]

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        query, key, value = self.inputs(given)
        mask = None
        if self.mask == "causal":
            mask = torch.ones(query.shape[1], key.shape[1]).triu(1).bool()
        elif self.mask == "input":
            heads = given[-1] if given[-1].dim() == 4 else given[-1].unsqueeze(1)
            mask = heads.expand(-1, self.attention.num_heads, -1, -1).flatten(0, 1)
        return self.attention(query, key, value, attn_mask=mask)[0]


class Standardized(nn.Conv2d):
    """A convolution with kernels of mean 0 and variance 1, and perhaps a factor for each."""

    def __init__(self, size: int, parameters: Parameters, *, scaled: bool) -> None:
        options = tupled(parameters)
        self.eps, gamma = options.pop("eps", 1e-6), options.pop("gamma", 1.0)
        super().__init__(size, options.pop("out_channels"), options.pop("kernel_size"), **options)
        if scaled:
            self.gain = nn.Parameter(torch.ones(self.out_channels, 1, 1, 1))
            self.scale = gamma / self.weight[0].numel() ** 0.5
        if self.weight[0].numel() == 1:
            raise ValueError("a single value has no deviation")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        variance, mean = torch.var_mean(self.weight, (1, 2, 3), correction=0, keepdim=True)
        weight = (self.weight - mean) / (variance + self.eps).sqrt()
        weight = weight * self.gain * self.scale if hasattr(self, "gain") else weight
        return self._conv_forward(x, weight, self.bias)


class ChannelNorm(nn.LayerNorm):
    """Normalizes the channels of images."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "gt": torch.gt,
    "ge": torch.ge,
    "lt": torch.lt,
    "le": torch.le,
    "eq": torch.eq,
    "ne": torch.ne,
}


def compared(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    if len({*map(len, shapes)}) > 1:
        raise ValueError("other numbers of axes")
    compare = COMPARISONS[parameters.get("comparison", "gt")]
    if len(shapes) == 1:
        return Plain(lambda x: compare(x, parameters.get("value", 0.0)).float())
    return Plain(lambda x, y: compare(x, y).float())


def rms_norm(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    axes = parameters.get("axes", 1)
    if axes > len(shapes[0]):
        raise ValueError("there are not so many axes")
    shape = shapes[0][len(shapes[0]) - axes :] if axes else shapes[0]
    return nn.RMSNorm(shape, parameters.get("eps"), parameters.get("affine", True))


IMAGE = (3,)
EPS = st.sampled_from((1e-5, 1e-3, 0.1))
CHANCE = st.sampled_from((0.5, 0.0, 0.2, 0.9, 1.0))
NORM: dict[str, Any] = {"eps": EPS, "momentum": st.sampled_from((0.1, 0.0, 0.5, 1.0))}
DIM = {"dim": st.integers(1, 3)}

WINDOWS = {"stride": pair(1, 3), "padding": pair(0, 2), "dilation": pair(1, 2)}
SEVERAL = st.integers(2, 3).flatmap(
    lambda count: st.lists(st.integers(1, 7), min_size=count, max_size=count)
)
FACTOR = st.sampled_from((2.0, 0.5, 1.5, 0.4, 3.0))


def with_a_size(parameters: Parameters) -> Parameters:
    """Give a size where nothing, or too much, is given, mostly."""
    given_both = parameters.get("size") and parameters.get("scale_factor")
    if given_both or not (parameters.get("size") or parameters.get("scale_factor")):
        return {**parameters, "scale_factor": None, "size": 5}
    return parameters


def pad(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    """Return torch's padding; all sides must be given, or one number for all."""
    axes, sides = len(shapes[0]) - 1, parameters.get("padding", 1)
    sides = [sides] * 2 * axes if isinstance(sides, int) else sides
    if len(sides) != 2 * axes:
        raise ValueError("these are the sides of another number of axes")
    mode, value = parameters.get("mode", "constant"), parameters.get("value", 0.0)
    value = value if mode == "constant" else None
    return Plain(lambda x: nn.functional.pad(x, sides, mode, value))


def unpooled(axes: int) -> Callable[[Parameters, Sequence[Shape]], nn.Module]:
    def reference(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
        if shapes[0] != shapes[1]:
            raise ValueError("an index for each value")
        options = tupled(parameters)
        size = options.pop("output_size", None)
        size = (size,) * axes if isinstance(size, int) else size
        unpool = getattr(nn, f"MaxUnpool{axes}d")(**options)
        return Plain(lambda x, indices: unpool(x, indices, size))

    return reference


def unpooled_shapes(axes: int) -> Shapes:
    """Draw shapes of values and indices, which mostly are the same.

    A sequence is long enough for its output to have a place for each index that the tests use.
    """
    sides = st.integers(6, 7) if axes == 1 else st.integers(4, 5)
    return st.tuples(st.integers(1, 4), *[sides] * axes).flatmap(
        lambda shape: st.sampled_from(([shape, shape], [shape, shape], [shape, shape[::-1]]))
    )


def resized(parameters: Parameters, shapes: Sequence[Shape]) -> nn.Module:
    options = tupled(parameters)
    if not options.pop("align_corners", False):
        return Plain(lambda x: nn.functional.interpolate(x, **options))
    return Plain(lambda x: nn.functional.interpolate(x, align_corners=True, **options))


def family(axes: int, examples: int) -> dict[str, Row]:
    """Return the rows of the layers that exist over one, two and three spatial axes.

    Parameters
    ----------
    axes
        The number of spatial axes, which the names end with.
    examples
        How many convolutions are tried; of simpler layers fewer.
    """
    ranks = (axes + 1,)

    def torch_class(name: str) -> Any:
        return getattr(nn, f"{name}{axes}d")

    pool: dict[str, Any] = {
        "stride": st.none() | pair(1, 3, axes),
        "padding": pair(0, 2, axes),
        "ceil_mode": st.booleans(),
    }
    kernel = pair(1, 4, axes)
    # With a single thread torch makes the output of a ConvTranspose3d with a kernel of 1x1x1 as
    # large as its input; with several threads, and on a GPU, it does not.
    wide = kernel if axes < 3 else pair(2, 3, axes) | st.sampled_from(([1, 2, 1], [3, 1, 2]))
    means = {1: 2, 2: (2, 3), 3: (2, 3, 4)}
    rows = {
        "Conv": Row(
            of_torch(torch_class("Conv"), channels),
            given(
                {"out_channels": st.integers(1, 6), "kernel_size": kernel},
                **convolution(axes),
                groups=st.sampled_from((1, 2, 3)),
            ),
            ranks,
            examples=examples,
        ),
        "ConvTranspose": Row(
            of_torch(torch_class("ConvTranspose"), channels),
            given(
                {"out_channels": st.integers(1, 6), "kernel_size": wide},
                stride=pair(1, 3, axes),
                padding=pair(0, 3, axes),
                output_padding=pair(0, 2, axes),
                dilation=pair(1, 2, axes),
                groups=st.sampled_from((1, 2, 3)),
                bias=st.booleans(),
            ),
            ranks,
            examples=examples * 5 // 8,
        ),
        "MaxPool": Row(
            of_torch(torch_class("MaxPool")),
            given(
                {"kernel_size": kernel},
                **pool,
                dilation=pair(1, 2, axes),
                return_indices=st.booleans(),
            ),
            ranks,
            outputs=lambda parameters: 1 + parameters.get("return_indices", False),
            examples=examples * 3 // 4,
        ),
        "AvgPool": Row(
            of_torch(torch_class("AvgPool")),
            given({"kernel_size": kernel}, **pool, count_include_pad=st.booleans()),
            ranks,
            examples=examples * 3 // 4,
        ),
        "AdaptiveAvgPool": Row(
            of_torch(torch_class("AdaptiveAvgPool")),
            given({"output_size": pair(1, 6, axes)}),
            ranks,
            examples=examples // 3,
        ),
        "MaxUnpool": Row(
            unpooled(axes),
            given(
                {"kernel_size": pair(2, 3, axes)},
                stride=st.none() | pair(1, 3, axes),
                padding=pair(0, 1, axes),
                output_size=st.none() | pair(6, 9, axes),
            ),
            ranks,
            shapes=unpooled_shapes(axes),
            per_image=(1,),
            examples=examples,
        ),
        "AdaptiveMaxPool": Row(
            of_torch(torch_class("AdaptiveMaxPool")),
            given({"output_size": pair(1, 6, axes)}),
            ranks,
            examples=examples // 3,
        ),
        "GlobalAvgPool": Row(
            plain(lambda _: lambda x: x.mean(means[axes])), ranks=ranks, examples=examples // 3
        ),
        "InstanceNorm": Row(
            of_torch(torch_class("InstanceNorm"), channels),
            given(**NORM, affine=st.booleans(), track_running_stats=st.booleans()),
            ranks,
            examples=examples // 2,
        ),
        "Dropout": Row(
            of_torch(torch_class("Dropout")), given(p=CHANCE), ranks, examples=examples // 3
        ),
    }
    if axes > 1:  # BatchNorm1d takes features as well
        rows["BatchNorm"] = Row(
            of_torch(torch_class("BatchNorm"), channels),
            given(**NORM, affine=st.booleans()),
            ranks,
            examples=examples // 3,
        )
    return {f"{name}{axes}d": row for name, row in rows.items()}


ROWS: dict[str, Row] = {
    **family(2, 40),
    **family(1, 24),
    **family(3, 24),
    "DepthwiseConv2d": Row(
        depthwise,
        given({"kernel_size": pair(1, 4)}, **CONVOLUTION, multiplier=st.integers(1, 3)),
        IMAGE,
        examples=20,
    ),
    "SeparableConv2d": Row(
        separable,
        given({"out_channels": st.integers(1, 6), "kernel_size": pair(1, 4)}, **CONVOLUTION),
        IMAGE,
        examples=20,
    ),
    "PartialConv2d": Row(
        lambda parameters, shapes: Partial(shapes[0][0], parameters),
        given(
            {"kernel_size": pair(1, 3)},
            table=st.sampled_from(("0", "0, 0 1", "1 0, 0 1 2, 2", "3 1, 0")),
            stride=pair(1, 2),
            padding=pair(0, 2),
            bias=st.booleans(),
        ),
        IMAGE,
        examples=20,
    ),
    "Sobel": Row(sobel, given(direction=st.sampled_from(("x", "y", "both"))), IMAGE),
    "Laplacian": Row(
        lambda parameters, shapes: Filtered(
            shapes[0][0], [[[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]]
        ),
        ranks=IMAGE,
    ),
    "LPPool2d": Row(
        of_torch(nn.LPPool2d),
        given(
            {"norm_type": st.sampled_from((2.0, 1.0, 4.0)), "kernel_size": pair(1, 4)},
            stride=st.none() | pair(1, 3),
            ceil_mode=st.booleans(),
        ),
        IMAGE,
        examples=20,
    ),
    "FractionalMaxPool2d": Row(
        of_torch(nn.FractionalMaxPool2d),
        st.fixed_dictionaries(
            {
                "kernel_size": pair(1, 3),
                "output_ratio": st.sampled_from((0.7, 0.3, 0.5, 0.9)),
            }
        ),
        IMAGE,
        examples=20,
    ),
    "StochasticPool2d": Row(
        lambda parameters, shapes: ExpectedPool(**parameters),
        given({"kernel_size": pair(1, 4)}, stride=st.none() | pair(1, 3), ceil_mode=st.booleans()),
        IMAGE,
        random=True,
        examples=25,
    ),
    "ReLU": Row(of_torch(nn.ReLU)),
    "ReLU6": Row(of_torch(nn.ReLU6)),
    "LeakyReLU": Row(
        of_torch(nn.LeakyReLU), given(negative_slope=st.sampled_from((0.01, 0.2, 0.0)))
    ),
    "PReLU": Row(prelu, given(per_channel=st.booleans(), init=st.sampled_from((0.25, -0.1)))),
    "ELU": Row(of_torch(nn.ELU), given(alpha=st.sampled_from((1.0, 0.5)))),
    "SELU": Row(of_torch(nn.SELU)),
    "GELU": Row(of_torch(nn.GELU), given(approximate=st.sampled_from(("none", "tanh")))),
    "SiLU": Row(of_torch(nn.SiLU)),
    "Mish": Row(of_torch(nn.Mish)),
    "Softplus": Row(of_torch(nn.Softplus), given(beta=st.sampled_from((1.0, 3.0)))),
    "Hardswish": Row(of_torch(nn.Hardswish)),
    "Hardsigmoid": Row(of_torch(nn.Hardsigmoid)),
    "Hardtanh": Row(
        of_torch(nn.Hardtanh),
        given(min_val=st.sampled_from((-1.0, 0.1, 1.5)), max_val=st.sampled_from((1.0, 2.0, -0.5))),
    ),
    "CELU": Row(of_torch(nn.CELU), given(alpha=st.sampled_from((1.0, 0.5)))),
    "Threshold": Row(
        lambda parameters, shapes: nn.Threshold(
            parameters.get("threshold", 0.0), parameters.get("value", 0.0)
        ),
        given(threshold=st.sampled_from((0.0, 0.3)), value=st.sampled_from((0.0, -2.0))),
    ),
    "Softsign": Row(of_torch(nn.Softsign)),
    "LogSigmoid": Row(of_torch(nn.LogSigmoid)),
    "RReLU": Row(
        of_torch(nn.RReLU),
        given(lower=st.sampled_from((0.125, 0.2)), upper=st.sampled_from((0.5, 0.2))),
        random=True,
    ),
    "Hardshrink": Row(of_torch(nn.Hardshrink), given(lambd=st.sampled_from((0.5, 0.0)))),
    "Softshrink": Row(of_torch(nn.Softshrink), given(lambd=st.sampled_from((0.5, 0.0)))),
    "Tanhshrink": Row(of_torch(nn.Tanhshrink)),
    "GLU": Row(lambda parameters, shapes: nn.GLU(parameters.get("dim", 1)), given(**DIM)),
    "Sigmoid": Row(of_torch(nn.Sigmoid)),
    "Tanh": Row(of_torch(nn.Tanh)),
    "Softmax": Row(lambda parameters, shapes: nn.Softmax(parameters.get("dim", 1)), given(**DIM)),
    "LogSoftmax": Row(
        lambda parameters, shapes: nn.LogSoftmax(parameters.get("dim", 1)), given(**DIM)
    ),
    "BatchNorm1d": Row(
        of_torch(nn.BatchNorm1d, channels), given(**NORM, affine=st.booleans()), (1, 2)
    ),
    "LocalResponseNorm": Row(
        lambda parameters, shapes: nn.LocalResponseNorm(**{"size": 5, **parameters}),
        given(
            size=st.integers(1, 6),
            alpha=st.sampled_from((1e-4, 0.1)),
            beta=st.sampled_from((0.75, 0.5)),
            k=st.sampled_from((1.0, 2.0)),
        ),
        IMAGE,
    ),
    "GroupNorm": Row(
        lambda parameters, shapes: nn.GroupNorm(
            parameters["num_groups"],
            shapes[0][0],
            eps=parameters.get("eps", 1e-5),
            affine=parameters.get("affine", True),
        ),
        given({"num_groups": st.integers(1, 4)}, eps=EPS, affine=st.booleans()),
        examples=25,
    ),
    "LayerNorm": Row(
        layer_norm,
        given(axes=st.integers(0, 3), eps=EPS, affine=st.booleans()),
        examples=20,
    ),
    "Linear": Row(
        of_torch(nn.Linear, last),
        given({"out_features": st.integers(1, 5)}, bias=st.booleans()),
    ),
    "RBF": Row(
        lambda parameters, shapes: Distances(shapes[0][0], parameters["out_features"]),
        given({"out_features": st.integers(1, 9)}),
        (1,),
    ),
    "QueryKeyValue": Row(
        lambda parameters, shapes: Masked(shapes[0][-1], **parameters),
        given({"out_features": st.sampled_from((3, 6, 9, 4))}, bias=st.booleans()),
    ),
    "DropConnect": Row(
        drop_connect,
        given(
            {"out_features": st.integers(1, 5)},
            bias=st.booleans(),
            p=st.sampled_from((0.5, 0.0, 0.3)),
        ),
        random=True,
    ),
    "Dropout": Row(of_torch(nn.Dropout), given(p=CHANCE)),
    "AlphaDropout": Row(of_torch(nn.AlphaDropout), given(p=CHANCE)),
    "NormalNoise": Row(plain(lambda _: torch.zeros_like), random=True, selects=True),
    "StochasticDepth": Row(
        lambda parameters, shapes: Quiet(),
        given(p=CHANCE, mode=st.sampled_from(("sample", "batch"))),
        random=True,
    ),
    "Add": Row(joined(torch.add), broadcasts=True, shapes=several_shapes(), examples=25),
    "Mean": Row(averaged, broadcasts=True, shapes=several_shapes(), examples=25),
    "DropPathMean": Row(
        averaged,
        given(p=CHANCE),
        broadcasts=True,
        shapes=several_shapes(),
        random=True,
        examples=25,
    ),
    "Multiply": Row(joined(torch.mul), broadcasts=True, shapes=several_shapes(), examples=40),
    "Maximum": Row(joined(torch.maximum), broadcasts=True, shapes=several_shapes(), examples=40),
    "Concat": Row(concatenated, given(**DIM), broadcasts=True, shapes=concat_shapes(), examples=25),
    "Shortcut": Row(
        lambda parameters, shapes: Projection(shapes[0][0], parameters),
        given(
            {"out_channels": st.sampled_from((4, 8, 1, 2))},
            stride=st.integers(1, 3),
            option=st.sampled_from(("A", "B", "C")),
            batch_norm=st.booleans(),
        ),
        IMAGE,
        examples=40,
    ),
    "PreActShortcut": Row(
        lambda parameters, shapes: PreActProjection(shapes[0][0], parameters),
        given({"out_channels": st.sampled_from((4, 8, 1, 2))}, stride=st.integers(1, 3)),
        IMAGE,
        shapes=st.tuples(dims(3), st.integers(0, 9), dims(3)).map(
            lambda drawn: [drawn[0], drawn[0] if drawn[1] else drawn[2]]
        ),
        selects=True,
        examples=40,
    ),
    "Flatten": Row(plain(lambda _: lambda x: x.flatten(1))),
    "Split": Row(
        lambda parameters, shapes: Plain(lambda x: split(x, parameters)),
        given(dim=st.integers(1, 3), chunks=st.sampled_from((2, 3, 4))),
        outputs=lambda parameters: parameters.get("chunks", 2),
    ),
    "RNN": Row(
        recurrent(nn.RNN),
        given({"hidden_size": st.integers(1, 5)}, **RECURRENT, nonlinearity=NONLINEARITY),
        (2,),
        examples=12,
    ),
    "GRU": Row(
        recurrent(nn.GRU),
        given({"hidden_size": st.integers(1, 5)}, **RECURRENT),
        (2,),
        examples=12,
    ),
    "LSTM": Row(
        recurrent(nn.LSTM),
        given({"hidden_size": st.integers(1, 40)}, **RECURRENT),
        (2,),
        examples=12,
    ),
    "Embedding": Row(
        of_torch(nn.Embedding),
        st.fixed_dictionaries(
            {"num_embeddings": st.integers(5, 9), "embedding_dim": st.integers(1, 6)}
        ),
        ranks=(1, 2, 3, 4),
    ),
    "Identity": Row(lambda parameters, shapes: nn.Identity()),
    "Reshape": Row(
        reshaped,
        given(
            {
                "shape": st.lists(st.sampled_from((-1, 1, 2, 4, 5)), min_size=1, max_size=3)
                | st.just([-1])
            }
        ),
        examples=20,
    ),
    "Permute": Row(
        permuted,
        given(
            order=st.sampled_from(([1], [2, 1], [1, 2], [2, 3, 1], [3, 1, 2], [1, 3, 2], [1, 1, 2]))
        ),
        examples=20,
    ),
    "Slice": Row(
        sliced,
        given(
            stop=st.integers(-3, 5) | st.none(),
            start=st.integers(-4, 3),
            dim=st.integers(1, 4),
            step=st.integers(1, 3),
        ),
        examples=40,
    ),
    "Index": Row(
        picked,
        given(dim=st.integers(1, 3), indices=st.lists(st.integers(0, 5), min_size=1, max_size=4)),
        shapes=lambda parameters: (
            st.sampled_from((1, 2, 3, 4))
            .flatmap(dims)
            .flatmap(lambda shape: with_positions(shape, parameters.get("dim", 1)))
        ),
        constants=(1,),
        examples=30,
    ),
    "Roll": Row(
        rolled,
        given(
            shifts=st.lists(st.integers(-4, 4), min_size=1, max_size=2),
            dim=st.lists(st.integers(1, 4), min_size=1, max_size=2),
        ),
        examples=25,
    ),
    "WindowPartition": Row(
        partitioned,
        given(window_size=pair(1, 3), channels_axis=st.sampled_from(("last", "first"))),
        IMAGE,
        shapes=st.lists(st.sampled_from((6, 4, 3, 2, 1)), min_size=3, max_size=3).map(
            lambda shape: [tuple(shape)]
        ),
        examples=40,
    ),
    "WindowMerge": Row(
        merged,
        given(
            {"window_size": st.sampled_from((2, [2, 1], [1, 3], 1))},
            height=st.sampled_from((2, 4, 6)),
            channels_axis=st.sampled_from(("last", "first")),
        ),
        IMAGE,
        shapes=lambda parameters: st.tuples(
            st.sampled_from((4, 1, 2, 9, 12)),
            st.just(math.prod(sides(parameters["window_size"]))),
            st.integers(1, 3),
        ).map(lambda shape: [shape]),
        examples=40,
    ),
    "Subtract": Row(joined(torch.sub), shapes=two(several_shapes()), broadcasts=True, examples=20),
    "Divide": Row(joined(torch.div), shapes=two(several_shapes()), broadcasts=True, examples=25),
    "Compare": Row(
        compared,
        given(
            comparison=st.sampled_from([*COMPARISONS]),
            value=st.sampled_from((0.0, 1.0, -0.5)),
        ),
        shapes=several_shapes().map(lambda drawn: drawn[:2]),
        broadcasts=True,
        selects=True,
        examples=30,
    ),
    "Where": Row(
        chosen, shapes=three(several_shapes()), broadcasts=True, selects=True, examples=25
    ),
    "CosineSimilarity": Row(
        similar,
        given(dim=st.integers(1, 3), keepdim=st.booleans(), eps=st.sampled_from((1e-8, 0.5))),
        shapes=two(several_shapes()),
        broadcasts=True,
        examples=25,
    ),
    "Exp": Row(plain(lambda _: torch.exp)),
    "Sin": Row(plain(lambda _: torch.sin)),
    "Cos": Row(plain(lambda _: torch.cos)),
    "Erf": Row(plain(lambda _: torch.erf)),
    "Log": Row(plain(lambda _: torch.log), undefined=True),
    "Sqrt": Row(plain(lambda _: torch.sqrt), undefined=True),
    "Abs": Row(plain(lambda _: torch.abs)),
    "Negate": Row(plain(lambda _: torch.neg)),
    "Power": Row(
        plain(lambda parameters: lambda x: torch.pow(x, parameters.get("exponent", 2.0))),
        given(exponent=st.sampled_from((2.0, 1.0, 3.0, 0.0))),
    ),
    "Clamp": Row(
        clamped,
        given(min=st.sampled_from((0.0, -0.5, 0.7, None)), max=st.sampled_from((0.5, None, 0.7))),
        selects=True,
    ),
    "AddScalar": Row(
        plain(lambda parameters: lambda x: x + parameters.get("value", 1.0)),
        given(value=st.sampled_from((1.0, -0.5, 3.0))),
    ),
    "Reduce": Row(
        reduced,
        given(
            reduction=st.sampled_from(("mean", "sum", "max", "min", "norm")),
            dim=st.lists(st.integers(1, 4), min_size=1, max_size=3),
            keepdim=st.booleans(),
            ord=st.sampled_from((2.0, 1.0, 3.0)),
        ),
        examples=50,
    ),
    "Normalize": Row(
        lambda parameters, shapes: Plain(
            lambda x: (
                x
                / x.norm(parameters.get("p", 2.0), parameters.get("dim", 1), keepdim=True).clamp(
                    min=parameters.get("eps", 1e-12)
                )
            )
        ),
        given(
            p=st.sampled_from((2.0, 1.0)),
            dim=st.integers(1, 4),
            eps=st.sampled_from((1e-12, 0.5)),
        ),
        examples=25,
    ),
    "Parameter": Row(
        learned_tensor,
        tensors(
            {
                "init": st.sampled_from(PARAMETER_INITS),
                "init_value": st.sampled_from((0.02, 1.0, 0.0, -0.5)),
                "batch_axis": st.booleans(),
            }
        ),
        shapes=as_its_tensor,
        examples=25,
    ),
    "Constant": Row(
        fixed_tensor,
        tensors(
            {
                "values": st.sampled_from(
                    ("zeros", "ones", "full", "arange", "list", "tril", "triu")
                ),
                "fill_value": st.sampled_from((0.5, -2.0)),
                "diagonal": st.sampled_from((0, 1, -1)),
                "batch_axis": st.booleans(),
            }
        ),
        shapes=as_its_tensor,
        examples=25,
    ),
    "SinusoidalPositions": Row(
        waves,
        given(
            {"tokens": st.integers(1, 5), "embedding_dim": st.sampled_from((4, 6, 2, 3))},
            base=st.sampled_from((100.0, 1e4)),
        ),
        shapes=lambda parameters: st.just([(parameters["tokens"], parameters["embedding_dim"])]),
    ),
    "CausalMask": Row(
        triangle,
        given({"tokens": st.integers(1, 5)}),
        shapes=lambda parameters: st.just([(parameters["tokens"],) * 2]),
        undefined=True,
        examples=5,
    ),
    "RelativeCoordinates": Row(
        logarithms,
        given({"window_size": pair(1, 4)}),
        shapes=lambda parameters: st.just(
            [(*[2 * size - 1 for size in sides(parameters["window_size"])], 2)]
        ),
        examples=8,
    ),
    "ShiftedWindowMask": Row(
        lambda parameters, shapes: Apart(parameters, shapes[0]),
        given(
            {"window_size": st.sampled_from((2, [2, 3], 3)), "shift": pair(0, 2)},
            height=st.sampled_from((4, 6)),
            value=st.sampled_from((-100.0, -5.0)),
        ),
        shapes=lambda parameters: st.tuples(
            st.sampled_from((4, 6, 1)),
            st.integers(1, 3),
            *[st.just(math.prod(sides(parameters["window_size"])))] * 2,
        ).map(lambda shape: [shape]),
        examples=25,
    ),
    "ZeroPad2d": Row(
        padded,
        given(**dict.fromkeys(("left", "right", "top", "bottom"), st.integers(0, 3))),
        IMAGE,
    ),
    "ChannelShuffle": Row(
        lambda parameters, shapes: nn.ChannelShuffle(parameters["groups"]),
        given({"groups": st.integers(1, 4)}),
        IMAGE,
    ),
    "Scale": Row(
        lambda parameters, shapes: Factors(shapes[0][0], parameters),
        given(factor=st.sampled_from((1.0, 0.5, -2.0)), learned=st.booleans(), shift=st.booleans()),
    ),
    "Upsample": Row(
        lambda parameters, shapes: nn.Upsample(**{"scale_factor": 2, **parameters}),
        given(
            scale_factor=st.integers(1, 3),
            mode=st.sampled_from(("nearest", "linear", "bilinear", "bicubic", "trilinear")),
        ),
        (2, 3, 4),
        examples=20,
    ),
    "Pad": Row(
        pad,
        given(
            padding=st.integers(0, 3)
            | st.sampled_from((2, 4, 6)).flatmap(
                lambda count: st.lists(st.integers(0, 3), min_size=count, max_size=count)
            ),
            mode=st.sampled_from(("constant", "reflect", "replicate", "circular")),
            value=st.sampled_from((0.0, 1.5)),
        ),
        (2, 3, 4),
        examples=50,
    ),
    "Resize": Row(
        resized,
        given(
            size=st.none() | st.integers(1, 7) | SEVERAL,
            scale_factor=st.none() | FACTOR | st.lists(FACTOR, min_size=2, max_size=3),
            mode=st.sampled_from(
                ("nearest", "linear", "bilinear", "bicubic", "trilinear", "nearest-exact", "area")
            ),
            align_corners=st.booleans(),
            antialias=st.booleans(),
        ).map(with_a_size),
        (2, 3, 4),
        examples=60,
    ),
    "Unfold": Row(
        of_torch(nn.Unfold),
        given({"kernel_size": pair(1, 3)}, **WINDOWS),
        IMAGE,
        examples=20,
    ),
    "Fold": Row(
        of_torch(nn.Fold),
        given({"kernel_size": pair(1, 3), "output_size": pair(2, 6)}, **WINDOWS),
        (2,),
        shapes=st.tuples(st.sampled_from((4, 1, 6, 9, 2)), st.sampled_from((9, 4, 1, 6, 16))).map(
            lambda shape: [shape]
        ),
        examples=60,
    ),
    "PixelUnshuffle": Row(
        lambda parameters, shapes: nn.PixelUnshuffle(parameters["downscale_factor"]),
        given({"downscale_factor": st.integers(1, 3)}),
        IMAGE,
    ),
    "PixelShuffle": Row(
        lambda parameters, shapes: nn.PixelShuffle(parameters["upscale_factor"]),
        given({"upscale_factor": st.integers(1, 3)}),
        IMAGE,
    ),
    "Bilinear": Row(
        lambda parameters, shapes: nn.Bilinear(
            shapes[0][-1], shapes[1][-1], parameters["out_features"], parameters.get("bias", True)
        ),
        given({"out_features": st.integers(1, 5)}, bias=st.booleans()),
        (1, 2, 3, 4),
        shapes=paired_features(),
        examples=40,
    ),
    "MatMul": Row(
        multiplied,
        given(transpose_first=st.booleans(), transpose_second=st.booleans()),
        (2, 3, 4),
        shapes=factors(),
        examples=60,
    ),
    "ScaledDotProductAttention": Row(
        attention,
        given(
            mask=st.sampled_from(("none", "causal", "input", "input")),
            scale=st.sampled_from((None, 0.5)),
        ),
        (2, 3, 4),
        shapes=attended(),
        examples=60,
    ),
    "MultiheadAttention": Row(
        Heads,
        given(
            mask=st.sampled_from(("none", "causal", "input", "input")),
            num_heads=st.sampled_from((1, 2, 2, 3)),
            bias=st.booleans(),
        ),
        (2, 3),
        shapes=tokens(),
        examples=60,
    ),
    "LayerNorm2d": Row(
        lambda parameters, shapes: ChannelNorm(
            shapes[0][0], parameters.get("eps", 1e-5), parameters.get("affine", True)
        ),
        given(eps=EPS, affine=st.booleans()),
        IMAGE,
    ),
    "RMSNorm": Row(
        rms_norm,
        given(axes=st.integers(0, 3), eps=st.sampled_from((None, 1e-3)), affine=st.booleans()),
        examples=20,
    ),
    "StdConv2d": Row(
        lambda parameters, shapes: Standardized(shapes[0][0], parameters, scaled=False),
        given(
            {"out_channels": st.integers(1, 6), "kernel_size": pair(1, 4)},
            **CONVOLUTION,
            groups=st.sampled_from((1, 2)),
            eps=st.sampled_from((1e-6, 1e-3)),
        ),
        IMAGE,
        examples=25,
    ),
    "ScaledStdConv2d": Row(
        lambda parameters, shapes: Standardized(shapes[0][0], parameters, scaled=True),
        given(
            {"out_channels": st.integers(1, 6), "kernel_size": pair(1, 4)},
            **CONVOLUTION,
            groups=st.sampled_from((1, 2)),
            eps=st.sampled_from((1e-6, 1e-3)),
            gamma=st.sampled_from((1.0, 1.7)),
        ),
        IMAGE,
        examples=25,
    ),
}
