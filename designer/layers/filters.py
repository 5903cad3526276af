"""Convolutions whose kernels are fixed."""

from abc import abstractmethod
from collections.abc import Sequence
from math import prod

from designer.design.expressions import Literal, Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import need_image
from designer.layers.kernels import times
from designer.layers.parameters import Choice
from designer.layers.tensors import BUFFER, SavedForBackward, Shape, State, Tensor, Window


class FixedFilter(Layer):
    """Base of the 3x3 filters whose kernels are fixed, applied to each channel."""

    category = Category.CONVOLUTION
    convolution = True
    channels_last = True
    torch = "FixedFilter"
    source = '''
class FixedFilter(nn.Module):
    """Filters every channel by the same fixed 3x3 kernels; the image keeps its size."""

    def __init__(self, in_channels, kernels):
        super().__init__()
        self.groups = in_channels
        kernel = torch.tensor(kernels).unsqueeze(1)
        self.register_buffer("kernel", kernel.repeat(in_channels, 1, 1, 1))

    def forward(self, x):
        return F.conv2d(x, self.kernel, padding=1, groups=self.groups)
'''

    @abstractmethod
    def kernels(self) -> tuple[tuple[tuple[float, ...], ...], ...]:
        """Return the 3x3 kernels; each input channel is filtered by all of them."""

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        channels, height, width = need_image(self, inputs)
        return channels * len(self.kernels()), height, width

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        shape = (inputs[0].shape[0] * len(self.kernels()), 1, 3, 3)
        return (State("kernel", shape, BUFFER),)

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return prod(output) * 9

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        return f"{output[1]} · {output[2]} · {output[0]} · 9"

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return SavedForBackward(inputs=(0,))

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Window:
        return Window((3, 3))

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return times(inputs[0], Literal(len(self.kernels())))

    def constructor(self, code: Code) -> str:
        kernels = [[list(row) for row in kernel] for kernel in self.kernels()]
        return f"FixedFilter({code.channels}, {kernels})"


class Sobel(FixedFilter):
    """Sobel's edge filter."""

    help = "Fixed edge filter: the slope of brightness along x, along y, or both."
    direction = Choice("both", choices=("x", "y", "both"), help="Which slopes to compute.")

    def kernels(self) -> tuple[tuple[tuple[float, ...], ...], ...]:
        along_x = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))
        along_y = tuple(zip(*along_x, strict=True))
        return {"x": (along_x,), "y": (along_y,), "both": (along_x, along_y)}[self.direction]


class Laplacian(FixedFilter):
    """Laplace's edge filter."""

    help = "Fixed edge filter: how much a pixel differs from its four neighbors."

    def kernels(self) -> tuple[tuple[tuple[float, ...], ...], ...]:
        return (((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0)),)
