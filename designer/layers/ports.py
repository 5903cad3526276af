"""Where data enters and leaves a design."""

from collections.abc import Sequence
from math import prod

from designer.design.expressions import Literal, Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.parameters import Bool, Choice, Float, Integers
from designer.layers.tensors import MAX_AXES, Part, Shape, Tensor, show


class Input(Layer):
    """The data of one sample: an image, a row of features, a sequence of tokens, a volume."""

    category = Category.PORT
    help = "The data that enters the network, without the batch axis."
    inputs = (0, 0)
    shape = Integers(
        least=1,
        most=MAX_AXES,
        help="Channels, height, width of an image; or a number of features or of tokens.",
    )
    dtype = Choice(
        "float32",
        choices=("float32", "int64"),
        help="int64 for whole numbers, such as tokens, which an Embedding reads.",
    )

    def is_integer(self, inputs: Sequence[Tensor]) -> bool:
        return self.dtype == "int64"

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return self.shape

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        return (Part(0, prod(output)),)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return Literal(self.shape[0])

    def summary(self) -> str:
        return f"Input {show(self.shape)}"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"output = {show(output)}",)


class Output(Layer):
    """A result of the network; the first one is the main output."""

    category = Category.PORT
    help = "A result of the network; the first output is the main one, which gives the accuracy."
    counts = False
    keeps_type = True
    loss_weight = Float(
        1.0, minimum=0.0, maximum=1e6, help="Weight of this output's loss in the sum of losses."
    )
    auxiliary = Bool(
        False, help="Only helps training: left out when the network predicts (eval mode)."
    )

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        return True

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return inputs[0]
