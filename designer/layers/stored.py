"""Tensors that belong to the network itself: they have no input and no value for each image."""

from collections.abc import Sequence
from math import prod
from typing import Any

from designer.design.expressions import Literal, Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters
from designer.layers.parameters import Bool, Choice, Float, Int, Integers, Numbers
from designer.layers.tensors import (
    BUFFER,
    FLOAT_BYTES,
    INDEX_BYTES,
    MAX_AXES,
    WEIGHT,
    Shape,
    State,
    Tensor,
    show,
)

_SHAPE_HELP = "The shape, without the batch axis."

MOST_NUMBERS = 4_096


class Stored(Layer):
    """Base of the layers that are a tensor themselves, the same one for every image."""

    category = Category.STORED
    inputs = (0, 0)
    batched = False
    stored = True
    counts = False

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        sizes = "".join(f"{each} · " for each in output[:-1])
        product = f"{sizes}{output[-1]} = " if sizes else ""
        return (f"output = {show(output)}", f"values = {product}{prod(output)}")


class _OfShape(Stored):
    """Base of the stored tensors whose shape is a parameter, which subclasses define as `shape`."""

    shape: Any
    batch_axis: Any

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        found: Shape = self.shape
        return found

    def stored_shape(self) -> Shape:
        """Return the shape in the state dict."""
        return (1, *self.shape) if self.batch_axis else self.shape

    def sizes(self, code: Code) -> str:
        """Return the Python source of the sizes of `stored_shape`, separated by commas."""
        text = code.texts.get("shape", repr(self.shape))
        own = text[1:-1].rstrip(",") if text[0] == "(" else text
        return f"1, {own}" if self.batch_axis else own

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        return module if self.batch_axis else f"{module}.unsqueeze(0)"

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None if "shape" in code.texts else Literal(self.shape[0])

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return None if "shape" in code.texts else Literal(self.shape[-1])

    def summary(self) -> str:
        return f"{type(self).__name__} {show(self.shape)}"


def _tuple(sizes: str) -> str:
    """Return sizes separated by commas as a tuple in Python source."""
    return f"({sizes})" if "," in sizes else f"({sizes},)"


# The expression that makes the tensor, from its sizes and the number that the method takes.
_INITIAL = {
    "zeros": "torch.zeros({sizes})",
    "ones": "torch.ones({sizes})",
    "constant": "torch.full({shape}, {value})",
    "normal": "{value} * torch.randn({sizes})",
    "uniform": "nn.init.uniform_(torch.empty({sizes}), -{value}, {value})",
    "trunc_normal": "nn.init.trunc_normal_(torch.empty({sizes}), std={value})",
    "xavier_uniform": "nn.init.xavier_uniform_(torch.empty({sizes}))",
}
_SPREADS = ("normal", "uniform", "trunc_normal")


class Parameter(_OfShape):
    """A learned tensor that is the same for every image."""

    help = "A learned tensor: a class token, a position embedding, a scale for each channel."
    shape = Integers(least=1, most=MAX_AXES, help=_SHAPE_HELP)
    init = Choice("zeros", choices=tuple(_INITIAL), help="The values at the start.")
    init_value = Float(
        0.02,
        minimum=-1e6,
        maximum=1e6,
        help="The constant, the standard deviation of normal values, or the bound of uniform ones.",
    )
    batch_axis = Bool(
        True,
        help="Store a first axis of size 1 for the batch, as torchvision does for class tokens.",
    )

    def check(self) -> None:
        """Refuse a deviation or bound that torch refuses, and Xavier's rule for a single axis."""
        if self.init_value == 0 and self.init == "trunc_normal":
            raise LayerError(
                "initialization",
                "trunc_normal needs a deviation above 0; received 0",
                received=self.init_value,
                expected="above 0",
                remedies=[SetParameters("begin with zeros", {"init": "zeros"})],
            )
        if self.init_value < 0 and self.init in _SPREADS:
            raise LayerError(
                "initialization",
                f"{self.init} needs a value of at least 0; received {self.init_value:g}",
                received=self.init_value,
                expected="at least 0",
                remedies=[
                    SetParameters(
                        f"set it to {-self.init_value:g}", {"init_value": -self.init_value}
                    )
                ],
            )
        if self.init == "xavier_uniform" and len(self.stored_shape()) == 1:
            raise LayerError(
                "initialization",
                "xavier_uniform needs a tensor of at least two axes, since it divides by the "
                "sizes of the first two",
                received=show(self.stored_shape()),
                expected="at least two axes",
                remedies=[SetParameters("draw normal values", {"init": "normal"})],
            )

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return (State("", self.stored_shape(), WEIGHT),)

    def constructor(self, code: Code) -> str:
        value = code.argument("init_value")
        if "init_value" in code.texts:
            value = f"({value})"
        sizes = self.sizes(code)
        text = _INITIAL[self.init].format(sizes=sizes, shape=_tuple(sizes), value=value)
        return f"nn.Parameter({text})"


class Constant(_OfShape):
    """A tensor of fixed values that is the same for every image."""

    help = "A tensor that is not learned: an index, a mask, a table. The state dict saves it."
    fixed = True
    shape = Integers(least=1, most=MAX_AXES, help=_SHAPE_HELP)
    values = Choice(
        "zeros",
        choices=("zeros", "ones", "full", "arange", "list", "tril", "triu"),
        help="full: one number everywhere. arange: 0, 1, 2, … list: the numbers as given. tril: "
        "ones on and below the diagonal of the last two axes, else 0; triu: on and above it.",
    )
    fill_value = Float(1.0, help="The number everywhere, for full.")
    diagonal = Int(
        0,
        minimum=-MOST_NUMBERS,
        maximum=MOST_NUMBERS,
        help="For tril and triu, which diagonal is meant: 1 is the one above the main one.",
    )
    numbers = Numbers(
        (), most=MOST_NUMBERS, help="All values, for list: row by row, the last axis first."
    )
    dtype = Choice(
        "float32",
        choices=("float32", "int64"),
        help="int64 for whole numbers, such as the positions that an Index takes.",
    )
    batch_axis = Bool(False, help="Store a first axis of size 1 for the batch.")

    def check(self) -> None:
        if self.values in ("tril", "triu") and len(self.shape) < 2:
            raise LayerError(
                "numbers",
                f"a diagonal needs two axes; the shape is {show(self.shape)}",
                received=show(self.shape),
                expected="at least two axes",
                remedies=[SetParameters("fill it with ones", {"values": "ones"})],
            )
        count, wanted = len(self.numbers), prod(self.shape)
        if self.values == "list" and count != wanted:
            raise LayerError(
                "numbers",
                f"the shape {show(self.shape)} has {wanted} values, but the list has {count}",
                received=count,
                expected=wanted,
                remedies=[SetParameters(f"make the shape {count}", {"shape": (count,)})]
                if count
                else [],
            )
        used = {"list": self.numbers, "full": (self.fill_value,)}.get(self.values, ())
        broken = [each for each in used if not each.is_integer()]
        if self.dtype == "int64" and broken:
            raise LayerError(
                "numbers",
                f"int64 has whole numbers only; received {broken[0]:g}",
                received=broken[0],
                expected="whole numbers",
                remedies=[SetParameters("set dtype to float32", {"dtype": "float32"})],
            )

    def is_integer(self, inputs: Sequence[Tensor]) -> bool:
        return self.dtype == "int64"

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        size = INDEX_BYTES if self.dtype == "int64" else FLOAT_BYTES
        return (State("", self.stored_shape(), BUFFER, size),)

    def constructor(self, code: Code) -> str:
        return f"nn.Buffer({self._tensor(code)})"

    def _tensor(self, code: Code) -> str:
        """Return the expression that makes the tensor."""
        whole = self.dtype == "int64"
        sizes, kind = self.sizes(code), f"dtype=torch.{self.dtype}"
        if self.values in ("zeros", "ones"):
            return f"torch.{self.values}({sizes}{f', {kind}' if whole else ''})"
        if self.values in ("tril", "triu"):
            ones = f"torch.ones({sizes}{f', {kind}' if whole else ''})"
            at = f", {code.argument('diagonal')}" if self.diagonal else ""
            return f"torch.{self.values}({ones}{at})"
        if self.values == "full":
            if "fill_value" in code.texts:
                return f"torch.full({_tuple(sizes)}, {code.argument('fill_value')}, {kind})"
            number = int(self.fill_value) if whole else self.fill_value
            return f"torch.full({_tuple(sizes)}, {number!r})"
        if self.values == "arange":
            count = repr(prod(self.shape))
            if "shape" in code.texts:
                count = f"torch.Size({_tuple(sizes)}).numel()"
            made = f"torch.arange({count}{'' if whole else f', {kind}'})"
        elif "numbers" in code.texts:
            made = f"torch.tensor({code.texts['numbers']}, {kind})"
        else:
            numbers = [repr(int(each) if whole else each) for each in self.numbers]
            made = f"torch.tensor([{', '.join(numbers)}])"
        return made if len(self.stored_shape()) == 1 else f"{made}.view({sizes})"
