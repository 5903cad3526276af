"""Fixed tensors of positions: tables, indexes and masks that attention adds or looks up."""

from collections.abc import Sequence
from math import isqrt, prod

from designer.design.expressions import Literal, Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError
from designer.layers.layouts import elementwise_layout
from designer.layers.parameters import Bool, Float, Int, OptionalInt, SpatialInts
from designer.layers.stored import Stored
from designer.layers.tensors import (
    BUFFER,
    FLOAT_BYTES,
    INDEX_BYTES,
    Layout,
    Shape,
    State,
    Tensor,
    show,
)


def pair_of(code: Code, name: str) -> str:
    """Return the Python source of a height and a width, always as two numbers."""
    text = code.texts.get(name)
    if text is None:
        return repr(code.layer.parameter_value(name))
    return text if text.startswith("(") else f"({text}, {text})"


def window_counts(windows: int, window_size: Sequence[int], height: int | None) -> tuple[int, int]:
    """Return how many of an image's windows stand below and beside each other.

    Parameters
    ----------
    windows, window_size
        How many windows there are, and the height and width of each.
    height
        That of the image; None for a square.

    Raises
    ------
    LayerError
        The windows form no such image.
    """
    size, pixels = show(window_size), windows * prod(window_size)
    side = height or isqrt(pixels)
    if height is None and (side * side != pixels or side % window_size[0]):
        raise LayerError(
            "window",
            f"{windows} windows of {size} form no square image: set height",
            received=windows,
            expected="as many windows as a square has",
        )
    rows, rest = divmod(side, window_size[0])
    if rest or windows % rows:
        raise LayerError(
            "window",
            f"{windows} windows of {size} form no image of height {side}",
            received=side,
            expected=f"a multiple of {window_size[0]} by which the windows divide",
        )
    return rows, windows // rows


class _Table(Stored):
    """Base of the fixed tensors that a function in the generated file makes."""

    fixed = True

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return (State("", self.output_shape(inputs), BUFFER),)

    def arguments(self, code: Code) -> list[str]:
        """Return the Python source of the arguments of the function."""
        raise NotImplementedError

    def constructor(self, code: Code) -> str:
        return f"nn.Buffer({self.torch}({', '.join(self.arguments(code))}))"

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return f"{module}.unsqueeze(0)"

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None if code.texts else Literal(self.output_shape(())[0])

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None if code.texts else Literal(self.output_shape(())[-1])

    def summary(self) -> str:
        return f"{type(self).__name__} {show(self.output_shape(()))}"


class SinusoidalPositions(_Table):
    """Sines and cosines of positions."""

    help = "Fixed sines and cosines of each position, to be added to tokens (Vaswani et al. 2017)."
    torch = "sinusoidal_positions"
    tokens = Int(help="Number of positions.", unit="tokens")
    embedding_dim = Int(help="Numbers for each position: an even one.", unit="features")
    base = Float(10_000.0, minimum=1.0, help="The longest wave is this times 2π long.")
    source = '''
def sinusoidal_positions(tokens, features, base=10000.0):
    """Return sines (even features) and cosines (odd ones) of each position (arXiv:1706.03762)."""
    rates = base ** (-torch.arange(0, features, 2, dtype=torch.float32) / features)
    angles = torch.arange(tokens, dtype=torch.float32)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)
'''

    def check(self) -> None:
        if self.embedding_dim % 2:
            raise LayerError(
                "features",
                f"sines and cosines come in pairs, but {self.embedding_dim} is odd",
                received=self.embedding_dim,
                expected="an even number",
            )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return self.tokens, self.embedding_dim

    def arguments(self, code: Code) -> list[str]:
        return [code.argument("tokens"), code.argument("embedding_dim"), *code.keywords(["base"])]


class CausalMask(_Table):
    """A mask against looking ahead."""

    help = "0 where a token may look, minus infinity at later tokens; is added to scores."
    torch = "causal_mask"
    tokens = Int(help="Number of tokens.", unit="tokens")
    source = '''
def causal_mask(tokens):
    """Return 0 on and below the diagonal, minus infinity above: no token sees later ones."""
    return torch.full((tokens, tokens), float("-inf")).triu(1)
'''

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return self.tokens, self.tokens

    def arguments(self, code: Code) -> list[str]:
        return [code.argument("tokens")]


class RelativePositionIndex(_Table):
    """Which row of a table of relative positions belongs to two pixels of a window."""

    help = "For two pixels of a window, the row of a table with an entry for each offset (Swin)."
    torch = "relative_position_index"
    window_size = SpatialInts(7, help="Height and width of a window.")
    flat = Bool(False, help="One axis for all pairs of pixels, as torchvision stores them.")
    source = '''
def relative_position_index(height, width):
    """Return the index of the relative position of each pair of pixels (arXiv:2103.14030)."""
    rows = torch.arange(height).repeat_interleave(width)
    columns = torch.arange(width).repeat(height)
    down = rows[:, None] - rows + height - 1
    across = columns[:, None] - columns + width - 1
    return down * (2 * width - 1) + across
'''

    def is_integer(self, inputs: Sequence[Tensor]) -> bool:
        return True

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        pixels = prod(self.window_size)
        return (pixels * pixels,) if self.flat else (pixels, pixels)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return (State("", self.output_shape(inputs), BUFFER, INDEX_BYTES),)

    def arguments(self, code: Code) -> list[str]:
        return [pair_of(code, "window_size")[1:-1]]

    def constructor(self, code: Code) -> str:
        made = f"relative_position_index({', '.join(self.arguments(code))})"
        return f"nn.Buffer({made}{'.flatten()' if self.flat else ''})"


class RelativeCoordinates(_Table):
    """The offsets between pixels of a window on a logarithmic scale."""

    help = "The offsets in a window on a logarithmic scale, from which Swin v2 computes biases."
    torch = "relative_coordinates"
    window_size = SpatialInts(8, help="Height and width of a window.")
    source = '''
def relative_coordinates(height, width):
    """Return sign(x) log2(1 + 8 |x|) / 3 of the offsets, scaled to -1 ... 1 (arXiv:2111.09883)."""
    rows = torch.arange(-(height - 1), height, dtype=torch.float32)
    columns = torch.arange(-(width - 1), width, dtype=torch.float32)
    table = torch.stack(torch.meshgrid([rows, columns], indexing="ij"), 2)
    table[:, :, 0] /= max(height - 1, 1)
    table[:, :, 1] /= max(width - 1, 1)
    table *= 8
    return torch.sign(table) * torch.log2(torch.abs(table) + 1.0) / 3.0
'''

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        height, width = self.window_size
        return 2 * height - 1, 2 * width - 1, 2

    def arguments(self, code: Code) -> list[str]:
        return [pair_of(code, "window_size")[1:-1]]

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return Literal(2)


class ShiftedWindowMask(Layer):
    """Keeps the pixels apart that a shift of the image brought into one window."""

    category = Category.JOIN
    help = "Lowers scores between pixels that only a Roll brought into one window (Swin)."
    torch = "ShiftedWindowMask"
    window_size = SpatialInts(7, help="Height and width of a window.")
    shift = SpatialInts(3, minimum=0, help="By how many {lines} the image was moved.")
    height = OptionalInt(help="Height of the image; nothing if it is a square.", unit="pixels")
    value = Float(-100.0, help="What is added to the scores of such pixels.")
    source = '''
class ShiftedWindowMask(nn.Module):
    """Lowers the scores (windows, heads, pixels, pixels) of pixels that a shift brought together.

    The image was moved by ``shift`` around its end, so that windows at the border have pixels from
    both sides of it (arXiv:2103.14030).
    """

    def __init__(self, window_size, shift, height=None, value=-100.0):
        super().__init__()
        self.window_size = window_size
        self.shift = shift
        self.height = height
        self.value = value

    def forward(self, x):
        return x + self.mask(x)

    def mask(self, x):
        windows, pixels = x.shape[1], x.shape[3]
        height, width = self.window_size
        rows = (self.height or round((windows * pixels) ** 0.5)) // height
        columns = windows // rows
        down = self.sides(rows * height, height, self.shift[0], x.device)
        across = self.sides(columns * width, width, self.shift[1], x.device)
        regions = (3 * down[:, None] + across).view(rows, height, columns, width)
        regions = regions.transpose(1, 2).reshape(windows, pixels)
        differ = regions[:, :, None] != regions[:, None]
        return x.new_zeros(windows, 1, pixels, pixels).masked_fill_(differ.unsqueeze(1), self.value)

    @staticmethod
    def sides(size, window, shift, device):
        """Return 0 for most lines, 1 in the last window, 2 where they came from the start."""
        lines = torch.arange(size, device=device)
        return (lines >= size - window).long() + (lines >= size - shift).long()
'''

    def _counts(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """Return how many windows stand below and beside each other."""
        shape, pixels = inputs[0].shape, prod(self.window_size)
        if len(shape) != 4 or shape[2:] != (pixels, pixels):
            raise LayerError(
                "window",
                f"ShiftedWindowMask needs scores: windows × heads × {pixels} × {pixels}, "
                f"received {show(shape)}",
                received=show(shape),
                expected=f"windows × heads × {pixels} × {pixels}",
            )
        return window_counts(shape[0], self.window_size, self.height)

    def check(self) -> None:
        for side, shift in zip(self.window_size, self.shift, strict=True):
            if shift >= side:
                raise LayerError(
                    "window",
                    f"a shift of {shift} moves the window of {side} by itself; take a smaller one",
                    received=shift,
                    expected=f"less than {side}",
                )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        self._counts(inputs)
        return inputs[0].shape

    def _mask(self, inputs: Sequence[Tensor]) -> Tensor:
        windows, _, *pixels = inputs[0].shape
        return Tensor((windows, 1, *pixels), batched=False)

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return elementwise_layout((inputs[0], self._mask(inputs)), inputs[0].shape)

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the mask."""
        return FLOAT_BYTES * self._mask(inputs).values

    def constructor(self, code: Code) -> str:
        words = [pair_of(code, "window_size"), pair_of(code, "shift")]
        return f"ShiftedWindowMask({', '.join([*words, *code.keywords(['height', 'value'])])})"

    def summary(self) -> str:
        return f"ShiftedWindowMask {show(self.window_size)}"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        rows, columns = self._counts(inputs)
        return (f"output = input = {show(output)}", f"windows = {rows} · {columns} = {output[0]}")
