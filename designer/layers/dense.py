"""Fully connected layers."""

from collections.abc import Sequence
from math import prod, sqrt
from types import MappingProxyType

from designer.design.expressions import Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import InsertLayer, LayerError, SetParameters
from designer.layers.initialization import Fans, Initialized, Spread
from designer.layers.layouts import is_contiguous, is_list_of_matrices, rows_are_even
from designer.layers.parameters import Bool, Float, Int
from designer.layers.tensors import (
    BIAS,
    BUFFER,
    FLOAT_BYTES,
    IMAGE_AXES,
    ITS_INPUT,
    NOTHING,
    WEIGHT,
    AllPositions,
    Reads,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    axis_name,
    chain_peak,
    show,
)


class Dense(Initialized):
    """Base of the matrix products with the last axis, the features."""

    category = Category.DENSE
    positional = ("in_features", "out_features")
    out_features = Int(help="Number of outputs.", unit="features")
    bias = Bool(True, help="Add a learned number per output.")

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        return (*inputs[0].shape[:-1], self.out_features)

    def warning(self, inputs: Sequence[Tensor]) -> LayerError | None:
        """Warn of an image whose last axis are not the channels: a Flatten may be missing."""
        tensor = inputs[0]
        if len(tensor.shape) != len(IMAGE_AXES) or not tensor.axes or tensor.axes[-1] == 0:
            return None
        name, side = type(self).__name__, axis_name(tensor.axes[-1], len(IMAGE_AXES))
        return LayerError(
            "missing-flatten",
            f"without a Flatten, {name} acts on the {side} alone, the last axis of the image "
            f"{show(tensor.shape)}",
            axis=side,
            received=show(tensor.shape),
            expected=f"{tensor.values} features",
            remedies=[
                InsertLayer("insert Flatten", 0, "Flatten", {}),
                InsertLayer("insert GlobalAvgPool2d", 0, "GlobalAvgPool2d", {}),
            ],
        )

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        """Return the input's axes if the last one are the channels, else none: it now is new."""
        axes = inputs[0].axes
        return axes if axes and axes[-1] == 0 else ()

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        weight = State("weight", (self.out_features, inputs[0].shape[-1]), WEIGHT)
        if self.bias:
            return weight, State("bias", (self.out_features,), BIAS)
        return (weight,)

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Count inputs x outputs, for each row."""
        return inputs[0].values * self.out_features

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        rows = "".join(f"{each} · " for each in output[:-1])
        return f"{rows}{inputs[0].shape[-1]} · {self.out_features}"

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input; if its rows lie at uneven distances in memory, a copy."""
        if self._copies(inputs):
            return SavedForBackward(per_image=FLOAT_BYTES * inputs[0].values)
        return ITS_INPUT

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        return NOTHING

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the output, and of the copy and product of scattered rows."""
        return self._peak(inputs, output, self._copies(inputs))

    def peak_when_frozen(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the same, but rows are copied only if they are not rows of a list of matrices."""
        is_list = is_list_of_matrices(inputs[0], output[:-2], inputs[0].batched)
        return self._peak(inputs, output, self._copies(inputs) and not is_list)

    def _peak(self, inputs: Sequence[Tensor], output: Shape, copies: bool) -> int:
        copy = [inputs[0].values] if copies else []
        product = self.bias and len(output) > 1 and not is_contiguous(inputs[0])
        return chain_peak(*copy, *[prod(output)] * (2 if product else 1))

    def _copies(self, inputs: Sequence[Tensor]) -> bool:
        """Tell whether torch copies the input, since its rows lie at uneven distances."""
        rows = prod(inputs[0].shape[:-1])
        return rows > 1 and not rows_are_even(inputs[0])

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        """Return all positions of the last axis, each position of the others."""
        return AllPositions((len(output) - 1,))

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return code.tree("out_features") if len(code.inputs[0].shape) == 1 else inputs[0]

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"features = {self.out_features}",)

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return code.tree("out_features")

    def summary(self) -> str:
        return f"{type(self).__name__} {self.out_features}"


class Linear(Dense):
    """Fully connected layer."""

    help = "Every output is a weighted sum of all inputs."
    torch = "nn.Linear"
    tied_to = MappingProxyType({"Embedding": MappingProxyType({"out_features": "num_embeddings"})})

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        if code.tied:
            return f"F.linear({inputs[0]}, {module}.weight)"
        return super().forward(module, inputs, code)


class QueryKeyValue(Dense):
    """One fully connected layer that computes queries, keys and values side by side."""

    help = (
        "A Linear to queries, keys and values side by side, whose bias leaves the keys out: that "
        "of the keys counts as 0, whatever it is (Swin v2)."
    )
    torch = "QueryKeyValue"
    source = '''
class QueryKeyValue(nn.Linear):
    """A linear layer to queries, keys and values; the bias of the keys counts as 0.

    Swin v2 has such a bias, which is never learned (arXiv:2111.09883).
    """

    def forward(self, x):
        bias = self.bias
        if bias is not None:
            size = len(bias) // 3
            bias = bias.clone()
            bias[size : 2 * size].zero_()
        return F.linear(x, self.weight, bias)
'''

    def check(self) -> None:
        super().check()
        if self.out_features % 3:
            raise LayerError(
                "features",
                f"{self.out_features} outputs do not divide into queries, keys and values",
                axis="features",
                received=self.out_features,
                expected="a multiple of 3",
                remedies=[
                    SetParameters(
                        f"set outputs to {-(-self.out_features // 3) * 3}",
                        {"out_features": -(-self.out_features // 3) * 3},
                    )
                ],
            )

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the copy of the bias."""
        return FLOAT_BYTES * self.out_features if self.bias else 0


class DropConnect(Dense):
    """Fully connected layer that drops weights."""

    help = (
        "A Linear that, in training, leaves out each weight with probability p (Wan et al. 2013)."
    )
    torch = "DropConnect"
    p = Float(0.5, minimum=0.0, maximum=0.99, help="Probability that a weight is left out.")
    source = '''
class DropConnect(nn.Linear):
    """A linear layer that leaves out each weight with probability p while it trains."""

    def __init__(self, in_features, out_features, bias=True, p=0.5):
        super().__init__(in_features, out_features, bias)
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return super().forward(x)
        mask = torch.empty_like(self.weight).bernoulli_(1 - self.p).div_(1 - self.p)
        return F.linear(x, self.weight * mask, self.bias)
'''

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save what Linear does, the mask, and if the input needs a gradient the masked weights."""
        saved_for_backward = super().saved_for_backward(inputs, output)
        if self.p == 0:
            return saved_for_backward
        masks = 2 if inputs[0].needs_grad else 1
        size = FLOAT_BYTES * self.out_features * inputs[0].shape[-1]
        return saved_for_backward._replace(fixed=masks * size)

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save what Linear does: no weight is dropped."""
        return super().saved_for_backward(inputs, output)

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Save the masked weights in train mode, which exist besides the layer's own."""
        if not training or self.p == 0:
            return NOTHING
        return SavedForBackward(fixed=FLOAT_BYTES * self.out_features * inputs[0].shape[-1])


class Bilinear(Dense):
    """Bilinear layer."""

    help = (
        "Every output is a weighted sum of all products of a feature of the first input and one of "
        "the second."
    )
    torch = "nn.Bilinear"
    inputs = (2, 2)

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        first, second = inputs
        if first.batched != second.batched:
            raise LayerError(
                "inputs-differ",
                "Bilinear takes two inputs of each image, but one of them is the same for all; "
                "an Add of zeros of the images gives it a value for each",
                port=int(first.batched),
                received="one value for all images",
                expected="a value for each image",
            )
        if first.shape[:-1] != second.shape[:-1]:
            raise LayerError(
                "inputs-differ",
                "Bilinear needs inputs that differ in their last axis at most",
                port=1,
                received=show(second.shape),
                expected=show((*first.shape[:-1], second.shape[-1])),
            )
        return super().output_shape(inputs)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        shape = (self.out_features, inputs[0].shape[-1], inputs[1].shape[-1])
        weight = State("weight", shape, WEIGHT)
        return (weight, State("bias", (self.out_features,), BIAS)) if self.bias else (weight,)

    def default_spread(self) -> Spread:
        """Return the deviation between -1 / √features and 1 / √features of the first input."""
        return Spread(
            lambda of, _, __: 1 / sqrt(3 * _first_features(of)),
            lambda of, _, __: f"1 / √(3 · {_first_features(of):,})",
            lambda of, _: f"features of the first input {_first_features(of):,}",
        )

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Count features of the first input x features of the second x outputs, for each row."""
        return super().macs(inputs, output) * inputs[1].shape[-1]

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        rows = "".join(f"{each} · " for each in output[:-1])
        first, second = (each.shape[-1] for each in inputs)
        return f"{rows}{first} · {second} · {self.out_features}"

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save both inputs as rows; a copy of each whose rows torch has to bring together."""
        return self._saved(inputs, (0, 1))

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Save what the gradient of the other input needs."""
        return self._saved(inputs, [port for port in (0, 1) if inputs[1 - port].needs_grad])

    def _saved(self, inputs: Sequence[Tensor], ports: Sequence[int]) -> SavedForBackward:
        whole = tuple([port for port in ports if not self._copies(inputs[port:])])
        copied = sum(inputs[port].values for port in ports if port not in whole)
        return SavedForBackward(inputs=whole, per_image=FLOAT_BYTES * copied)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of copies and product, and of the sum with the bias."""
        copies = [each.values for each in inputs if self._copies((each,))]
        return FLOAT_BYTES * (sum(copies) + prod(output) * (1 + self.bias))

    def peak_when_frozen(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return self.peak_bytes(inputs, output)

    def constructor(self, code: Code) -> str:
        sizes = [code.features, str(code.inputs[1].shape[-1]), code.argument("out_features")]
        return f"nn.Bilinear({', '.join([*sizes, *code.keywords(['bias'])])})"


def _first_features(of: Fans) -> int:
    """Return the second axis of a weight of three."""
    return of.fan_in * of.rows // of.fan_out


class RBF(Layer):
    """Radial basis functions around fixed codes."""

    category = Category.DENSE
    help = "Scores are negative squared distances from a fixed code of ±1 for each class (LeNet-5)."
    torch = "RBF"
    positional = ("in_channels", "out_features")
    out_features = Int(help="Number of codes, that is of classes.", unit="features")
    source = '''
class RBF(nn.Module):
    """Minus the squared distance from each of some fixed codes of +-1 (LeCun et al. 1998).

    The codes are rows of a Hadamard matrix: any two differ in about half of the features.
    """

    def __init__(self, in_features, out_features):
        super().__init__()
        odd = [[(i & j).bit_count() % 2 for j in range(in_features)] for i in range(out_features)]
        self.register_buffer("codes", 1.0 - 2.0 * torch.tensor(odd))

    def forward(self, x):
        return -(x.unsqueeze(1) - self.codes).square().sum(2)
'''

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return one score per code; there are as many codes as the next power of two."""
        shape = inputs[0].shape
        if len(shape) != 1:
            raise LayerError(
                "missing-flatten",
                f"RBF needs a row of features, received {show(shape)}",
                received=show(shape),
                expected=f"{prod(shape)} features",
                remedies=[InsertLayer("insert Flatten", 0, "Flatten", {})],
            )
        most = 1 << (shape[0] - 1).bit_length()
        if self.out_features > most:
            raise LayerError(
                "codes",
                f"{shape[0]} features have {most} different codes, not {self.out_features}",
                axis="features",
                received=shape[0],
                expected=f"at least {(1 << (self.out_features - 1).bit_length()) // 2 + 1}",
                remedies=[SetParameters(f"set outputs to {most}", {"out_features": most})],
            )
        return (self.out_features,)

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        return (State("codes", (self.out_features, inputs[0].shape[0]), BUFFER),)

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the differences between the input and each code."""
        return SavedForBackward(per_image=FLOAT_BYTES * self.out_features * inputs[0].values)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the peak of the differences, their squares, the sums, and the negated sums."""
        differences = self.out_features * inputs[0].values
        return chain_peak(differences, differences, self.out_features, self.out_features)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        return None

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return code.tree("out_features")

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (f"features = {self.out_features}", "score = -Σ (input - code)²")

    def summary(self) -> str:
        return f"RBF {self.out_features}"
