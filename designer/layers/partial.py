"""A convolution whose kernels read only the channels that a table names, as in LeNet-5."""

import re
from collections.abc import Sequence
from functools import lru_cache
from math import prod

from designer.design.expressions import Literal, Tree
from designer.design.values import Value
from designer.layers.base import Code
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters, need_image
from designer.layers.initialization import Initialized
from designer.layers.kernels import (
    output_size,
    refuse_large_kernel,
    spatial_formula,
    window_text,
)
from designer.layers.parameters import Bool, Parameter, SpatialInts
from designer.layers.tensors import (
    BIAS,
    FLOAT_BYTES,
    INDEX_BYTES,
    WEIGHT,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    Window,
)

MOST_ROWS = 4096


class Table(Parameter[str]):
    """A connection table: rows of channel numbers from 0 on, separated by commas."""

    expects = "rows of different channel numbers from 0 on, such as 0 1 2, 1 2 3"

    def check(self, value: Value) -> str:
        """Accept text with rows of different numbers; return it with single spaces."""
        if isinstance(value, str) and re.fullmatch(r"[\d\s]*\d[\d\s]*(,[\d\s]*\d[\d\s]*)*", value):
            text = ", ".join(" ".join(row.split()) for row in value.split(","))
            rows = [row.split() for row in text.split(", ")]
            numbers = [number for row in rows for number in row]
            if (
                len(rows) <= MOST_ROWS
                and text.isascii()
                and all(len(number) <= 5 for number in numbers)
                and all(len({*map(int, row)}) == len(row) for row in rows)
            ):
                return text
        raise self.refusal(value)


@lru_cache(maxsize=64)  # rules ask several times for the table of a layer; few layers have one
def _rows(table: str) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, row.split())) for row in table.split(","))


class PartialConv2d(Initialized):
    """Partially connected convolution."""

    category = Category.CONVOLUTION
    convolution = True
    help = "A convolution whose kernels read only some of the channels, as a table says (LeNet-5)."
    torch = "PartialConv2d"
    table = Table("0", help="Channels that each kernel reads, from 0 on; a row for each kernel.")
    kernel_size = SpatialInts(help="{sides} of the kernels.")
    stride = SpatialInts(1, help="Step of the kernels.")
    padding = SpatialInts(0, minimum=0, help="{lines} added on each side.")
    bias = Bool(True, help="Add a learned number per output channel.")
    source = '''
class PartialConv2d(nn.Module):
    """A convolution whose kernels read only the channels in their rows of a table."""

    def __init__(self, table, kernel_size, **options):
        super().__init__()
        self.table = table
        for number, row in enumerate(table):
            self.add_module(f"map{number}", nn.Conv2d(len(row), 1, kernel_size, **options))

    def forward(self, x):
        maps = [conv(x[:, row]) for conv, row in zip(self.children(), self.table)]
        return torch.cat(maps, 1)
'''

    @property
    def rows(self) -> tuple[tuple[int, ...], ...]:
        """The channel numbers that each kernel reads."""
        return _rows(self.table)

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        channels, *sizes = need_image(self, inputs)
        most = max(map(max, self.rows))
        if most >= channels:
            fitting = [[each for each in row if each < channels] for row in self.rows]
            left = ", ".join(" ".join(map(str, row)) for row in fitting if row)
            raise LayerError(
                "channels",
                f"the table names channel {most}, but the input has {channels}, from 0 to "
                f"{channels - 1}",
                axis="channels",
                received=channels,
                expected=f"at least {most + 1}",
                remedies=[SetParameters("leave the missing ones out", {"table": left or "0"})],
            )
        height, width = (
            output_size(size, self.kernel_size[axis], self.stride[axis], self.padding[axis], 1)
            for axis, size in enumerate(sizes)
        )
        if height < 1 or width < 1:
            refuse_large_kernel(self, inputs[0].shape, self.kernel_size, self.padding, (1, 1))
        return len(self.rows), height, width

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        states = []
        for number, row in enumerate(self.rows):
            shape = (1, len(row), *self.kernel_size)
            states.append(State(f"map{number}.weight", shape, WEIGHT))
            if self.bias:
                states.append(State(f"map{number}.bias", (1,), BIAS))
        return tuple(states)

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Count output positions x numbers in the table x kernel elements."""
        return output[1] * output[2] * self._connections() * prod(self.kernel_size)

    def _connections(self) -> int:
        return sum(map(len, self.rows))

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save a copy of each row's channels and, if the input needs a gradient, their numbers."""
        plane = inputs[0].shape[1] * inputs[0].shape[2]
        return SavedForBackward(
            per_image=FLOAT_BYTES * self._connections() * plane,
            fixed=INDEX_BYTES * self._connections() if inputs[0].needs_grad else 0,
        )

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return all maps and the output, or some maps with the copied channels of the next one.

        The numbers of the channels that are copied are left out. They count for tiny maps in a
        small batch alone, where they take more than the map that comes after them.
        """
        plane, made = inputs[0].shape[1] * inputs[0].shape[2], output[1] * output[2]
        along = [number * made + len(row) * plane + made for number, row in enumerate(self.rows)]
        return FLOAT_BYTES * max(2 * prod(output), *along)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        (height, width), (top, left) = self.kernel_size, self.padding
        offset = (height - 1) / 2 - top, (width - 1) / 2 - left
        return Window((height, width), self.stride, offset, channels=True)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return Literal(len(self.rows))

    def constructor(self, code: Code) -> str:
        rows = ", ".join(f"[{', '.join(map(str, row))}]" for row in self.rows)
        rest = code.keywords(("stride", "padding", "bias"))
        return f"PartialConv2d({', '.join([f'[{rows}]', code.argument('kernel_size'), *rest])})"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (
            f"channels = rows of the table = {output[0]}",
            *spatial_formula(
                inputs[0].shape[1:],
                output,
                kernel=self.kernel_size,
                stride=self.stride,
                padding=self.padding,
                dilation=(1, 1),
            ),
        )

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        height, width = self.kernel_size
        return f"{output[1]} · {output[2]} · {self._connections()} · {height} · {width}"

    def summary(self) -> str:
        return f"{window_text('Partial', self.kernel_size, self.stride)}, {len(self.rows)}"
