"""One row for each layer type: the parameters to try, and the same layer in plain torch.

`tests/layers/test_table.py` draws parameters and shapes for each row and compares the layer with
the reference. The reference gets the parameters as the design gives them, and the shapes of the
inputs. It raises an error where torch accepts what makes no sense in a design, such as a slice
beyond the end, which torch cuts short.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch
from hypothesis import strategies as st
from torch import nn

Shape = tuple[int, ...]
Parameters = dict[str, Any]


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
        Input shapes to try, for layers with several inputs; by default one input of `ranks`.
    random
        The layer draws random numbers in train mode, so only eval mode is compared.
    selects
        The layer does not use all of its inputs, so some get no gradient.
    examples
        How many combinations are tried.
    """

    reference: Callable[[Parameters, Sequence[Shape]], nn.Module]
    parameters: st.SearchStrategy[Parameters] = NOTHING
    ranks: tuple[int, ...] = (1, 2, 3)
    shapes: st.SearchStrategy[list[Shape]] | None = None
    random: bool = False
    selects: bool = False
    examples: int = 12


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
    return {1: st.tuples(channels), 2: st.tuples(channels, side)}.get(
        rank, st.tuples(channels, side, side)
    )


def one_shape(ranks: Sequence[int]) -> st.SearchStrategy[list[Shape]]:
    """Return the shape of a single input, sometimes of a wrong rank."""
    wrong = [rank for rank in (1, 2, 3) if rank not in ranks]
    choices = [*(list(ranks) * 4), *wrong]
    return st.sampled_from(choices).flatmap(dims).map(lambda shape: [shape])


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


def pair(least: int, most: int) -> st.SearchStrategy[Any]:
    """Draw a number for both axes, or one for each."""
    number = st.integers(least, most)
    return number | st.lists(number, min_size=2, max_size=2)


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

CONVOLUTION: dict[str, Any] = {
    "stride": pair(1, 3),
    "padding": pair(0, 3) | st.just("same"),
    "dilation": pair(1, 2),
    "bias": st.booleans(),
    "padding_mode": st.sampled_from(("zeros", "reflect", "replicate", "circular")),
}


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
    return Plain(lambda *inputs: torch.cat(inputs, parameters.get("dim", 1)))


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
    length = parameters["stop"] - start
    if length < 1:
        raise ValueError("nothing is left")
    return Plain(lambda x: x.narrow(dim, start, length))


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


IMAGE = (3,)
EPS = st.sampled_from((1e-5, 1e-3, 0.1))
CHANCE = st.sampled_from((0.5, 0.0, 0.2, 0.9, 1.0))
NORM: dict[str, Any] = {"eps": EPS, "momentum": st.sampled_from((0.1, 0.0, 0.5, 1.0))}
PADDED_POOL: dict[str, Any] = {
    "stride": st.none() | pair(1, 3),
    "padding": pair(0, 2),
    "ceil_mode": st.booleans(),
}
DIM = {"dim": st.integers(1, 3)}

ROWS: dict[str, Row] = {
    "Conv2d": Row(
        of_torch(nn.Conv2d, channels),
        given(
            {"out_channels": st.integers(1, 6), "kernel_size": pair(1, 4)},
            **CONVOLUTION,
            groups=st.sampled_from((1, 2, 3)),
        ),
        IMAGE,
        examples=40,
    ),
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
    "ConvTranspose2d": Row(
        of_torch(nn.ConvTranspose2d, channels),
        given(
            {"out_channels": st.integers(1, 6), "kernel_size": pair(1, 4)},
            stride=pair(1, 3),
            padding=pair(0, 3),
            output_padding=pair(0, 2),
            dilation=pair(1, 2),
            groups=st.sampled_from((1, 2, 3)),
            bias=st.booleans(),
        ),
        IMAGE,
        examples=25,
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
    "MaxPool2d": Row(
        of_torch(nn.MaxPool2d),
        given({"kernel_size": pair(1, 4)}, **PADDED_POOL, dilation=pair(1, 2)),
        IMAGE,
        examples=30,
    ),
    "AvgPool2d": Row(
        of_torch(nn.AvgPool2d),
        given({"kernel_size": pair(1, 4)}, **PADDED_POOL, count_include_pad=st.booleans()),
        IMAGE,
        examples=30,
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
    "AdaptiveAvgPool2d": Row(
        of_torch(nn.AdaptiveAvgPool2d), given({"output_size": pair(1, 6)}), IMAGE
    ),
    "AdaptiveMaxPool2d": Row(
        of_torch(nn.AdaptiveMaxPool2d), given({"output_size": pair(1, 6)}), IMAGE
    ),
    "GlobalAvgPool2d": Row(plain(lambda _: lambda x: x.mean((2, 3))), ranks=IMAGE),
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
    "Sigmoid": Row(of_torch(nn.Sigmoid)),
    "Tanh": Row(of_torch(nn.Tanh)),
    "Softmax": Row(lambda parameters, shapes: nn.Softmax(parameters.get("dim", 1)), given(**DIM)),
    "LogSoftmax": Row(
        lambda parameters, shapes: nn.LogSoftmax(parameters.get("dim", 1)), given(**DIM)
    ),
    "BatchNorm2d": Row(
        of_torch(nn.BatchNorm2d, channels), given(**NORM, affine=st.booleans()), IMAGE
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
    "InstanceNorm2d": Row(
        of_torch(nn.InstanceNorm2d, channels),
        given(**NORM, affine=st.booleans(), track_running_stats=st.booleans()),
        IMAGE,
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
    "Dropout2d": Row(of_torch(nn.Dropout2d), given(p=CHANCE), IMAGE),
    "AlphaDropout": Row(of_torch(nn.AlphaDropout), given(p=CHANCE)),
    "StochasticDepth": Row(
        lambda parameters, shapes: Quiet(),
        given(p=CHANCE, mode=st.sampled_from(("sample", "batch"))),
        random=True,
    ),
    "Add": Row(joined(torch.add), shapes=several_shapes(), examples=25),
    "Mean": Row(averaged, shapes=several_shapes(), examples=25),
    "DropPathMean": Row(
        averaged, given(p=CHANCE), shapes=several_shapes(), random=True, examples=25
    ),
    "Multiply": Row(joined(torch.mul), shapes=several_shapes(), examples=40),
    "Maximum": Row(joined(torch.maximum), shapes=several_shapes(), examples=40),
    "Concat": Row(concatenated, given(**DIM), shapes=concat_shapes(), examples=25),
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
        given({"stop": st.integers(1, 5)}, start=st.integers(0, 3), dim=st.integers(1, 3)),
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
            mode=st.sampled_from(("nearest", "bilinear", "bicubic")),
        ),
        IMAGE,
    ),
    "PixelShuffle": Row(
        lambda parameters, shapes: nn.PixelShuffle(parameters["upscale_factor"]),
        given({"upscale_factor": st.integers(1, 3)}),
        IMAGE,
    ),
}
