"""Layers that reduce axes to one value: means, sums, extremes, norms; and what is built on them."""

from collections.abc import Sequence
from math import prod

from designer.design.expressions import Literal, Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, Remedy, SetParameters, refuse_missing_axis
from designer.layers.join import Elementwise
from designer.layers.layouts import elementwise_layout
from designer.layers.parameters import Bool, Choice, Float, Int, Integers
from designer.layers.tensors import (
    CONTIGUOUS,
    FLOAT_BYTES,
    MAX_AXES,
    NOTHING,
    AllPositions,
    Layout,
    Reads,
    Reduced,
    SavedForBackward,
    Shape,
    Tensor,
    chain_peak,
    name_of_axis,
    show,
)

_SMALLEST = 1e-38  # the smallest eps that float32 tells from 0


def without(shape: Shape, axes: Sequence[int], *, keepdim: bool) -> Shape:
    """Return a shape without some axes (from 0), or with size 1 there."""
    if keepdim:
        return tuple([1 if axis in axes else size for axis, size in enumerate(shape)])
    return tuple([size for axis, size in enumerate(shape) if axis not in axes])


# The expressions of the reductions, of the input, its axes and whether they are kept.
_EXPRESSIONS = {
    "mean": "{0}.mean({1}{2})",
    "sum": "{0}.sum({1}{2})",
    "max": "{0}.amax({1}{2})",
    "min": "{0}.amin({1}{2})",
    "norm": "torch.linalg.vector_norm({0}{3}, dim={1}{2})",
}


class Reduce(Layer):
    """One value for all positions of some axes."""

    category = Category.ARITHMETIC
    help = "The mean, sum, largest, smallest value or norm over axes, such as height and width."
    reduction = Choice("mean", choices=tuple(_EXPRESSIONS), help="What is computed.")
    dim = Integers(
        (2, 3),
        least=1,
        most=MAX_AXES,
        help="The axes, such as 2 3 for height and width; 1 is channels or features.",
    )
    keepdim = Bool(False, help="Keep the axes, with size 1, rather than leave them out.")
    ord = Float(
        2.0, minimum=0.0, maximum=100.0, help="Which norm: 2 root of squares, 1 absolute values."
    )

    def check(self) -> None:
        if len({*self.dim}) < len(self.dim):
            raise LayerError(
                "reduce",
                f"an axis is named twice in {', '.join(map(str, self.dim))}",
                received=", ".join(map(str, self.dim)),
                expected="different axes",
                remedies=[SetParameters("name it once", {"dim": tuple(dict.fromkeys(self.dim))})],
            )

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple([each - 1 for each in self.dim])

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = inputs[0].shape
        refuse_missing_axis(self, max(self.dim), shape)
        found = without(shape, self._axes, keepdim=self.keepdim)
        if not found:
            raise LayerError(
                "no-axis-left",
                "no axis is left; keep the axes with size 1 (keepdim), or leave one out of dim",
                received=show(shape),
                expected="at least one axis",
                remedies=[SetParameters("keep the axes", {"keepdim": True})],
            )
        return found

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save nothing for sums and means, else the input and the output."""
        if self.reduction in ("mean", "sum"):
            return NOTHING
        return SavedForBackward(inputs=(0,), outputs=(0,))

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return CONTIGUOUS

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return inputs[0].axes if self.keepdim else ()

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        return AllPositions(self._axes) if self.keepdim else Reduced(self._axes)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        dim = code.argument("dim") if len(self.dim) > 1 else repr(self.dim[0])
        if "dim" in code.texts and len(self.dim) == 1:
            dim = code.texts["dim"].strip("()").rstrip(",")
        keep = ", keepdim=True" if self.keepdim else ""
        order = "" if self.ord == 2 and "ord" not in code.texts else f", {code.argument('ord')}"
        return _EXPRESSIONS[self.reduction].format(inputs[0], dim, keep, order)

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        if 0 not in self._axes:
            return inputs[0]
        return Literal(1) if self.keepdim else None

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        if len(code.inputs[0].shape) - 1 not in self._axes:
            return inputs[0]
        return Literal(1) if self.keepdim else None

    def summary(self) -> str:
        return f"{self.reduction.capitalize()} over {', '.join(map(str, self.dim))}"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        names = ", ".join([name_of_axis(inputs[0], axis) for axis in self._axes])
        return (f"output = {self.reduction} over {names} = {show(output)}",)


class Normalize(Layer):
    """Vectors of length one."""

    category = Category.ARITHMETIC
    help = "Divides by the norm along an axis, so that vectors have length 1."
    p = Float(2.0, minimum=0.0, maximum=100.0, help="Which norm: 2 root of squares, 1 absolute.")
    dim = Int(1, minimum=1, maximum=MAX_AXES, help="The axis of a vector; 1 channels or features.")
    eps = Float(
        1e-12, minimum=_SMALLEST, maximum=1.0, help="The norm counts as at least this: no x / 0."
    )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        refuse_missing_axis(self, self.dim, inputs[0].shape)
        return inputs[0].shape

    def _norms(self, shape: Shape) -> Shape:
        return without(shape, (self.dim - 1,), keepdim=True)

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save the input, the norms, and the norms of at least eps."""
        norms = prod(self._norms(output))
        return SavedForBackward(inputs=(0,), per_image=2 * FLOAT_BYTES * norms)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        norms = prod(self._norms(output))
        return chain_peak(norms, norms, prod(output))

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        shape = inputs[0].shape
        norms = Tensor(self._norms(shape), batched=inputs[0].batched)
        return elementwise_layout((inputs[0], norms), shape)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        return AllPositions((self.dim - 1,), directly=True)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        words = [inputs[0], *code.keywords(["p"]), f"dim={code.argument('dim')}"]
        return f"F.normalize({', '.join([*words, *code.keywords(['eps'])])})"

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        name = name_of_axis(inputs[0], self.dim - 1)
        return (f"output = input = {show(output)}", f"y = x / max(‖x‖ over {name}, eps)")


class CosineSimilarity(Elementwise):
    """Cosine of the angle between two vectors."""

    category = Category.JOIN
    help = "The cosine of the angle between two vectors: 1 if they point in the same direction."
    inputs = (2, 2)
    dim = Int(1, minimum=1, maximum=MAX_AXES, help="The axis of a vector; 1 channels or features.")
    keepdim = Bool(False, help="Keep the axis, with size 1, rather than leave it out.")
    eps = Float(
        1e-8, minimum=_SMALLEST, maximum=1.0, help="A norm counts as at least this: no x / 0."
    )

    def _whole(self, inputs: Sequence[Tensor]) -> Shape:
        return super().output_shape(inputs)

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = self._whole(inputs)
        refuse_missing_axis(self, self.dim, shape)
        found = without(shape, (self.dim - 1,), keepdim=self.keepdim)
        if not found:
            remedies: list[Remedy] = [SetParameters("keep the axis", {"keepdim": True})]
            raise LayerError(
                "no-axis-left",
                "no axis is left; keep the axis with size 1 (keepdim)",
                received=show(shape),
                expected="at least one axis",
                remedies=remedies,
            )
        return found

    def _norms(self, shape: Shape) -> int:
        return prod(without(shape, (self.dim - 1,), keepdim=True))

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save each vector that needs a gradient with two norms, and the other one divided."""
        shape = self._whole(inputs)
        ports = tuple([port for port, each in enumerate(inputs) if each.needs_grad])
        values = len(ports) * (2 * self._norms(shape) + prod(shape))
        return SavedForBackward(inputs=ports, per_image=FLOAT_BYTES * values)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return both norms, both quotients, their product and its sum."""
        shape = self._whole(inputs)
        return FLOAT_BYTES * (3 * self._norms(shape) + 3 * prod(shape))

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the tensor that torch makes of eps."""
        return FLOAT_BYTES

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        return CONTIGUOUS

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return super().output_axes(inputs) if self.keepdim else ()

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        axes = (self.dim - 1,)
        return AllPositions(axes) if self.keepdim else Reduced(axes)

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        dim = code.argument("dim")
        words = [*inputs, f"dim={dim}", *code.keywords(["eps"])]
        text = f"F.cosine_similarity({', '.join(words)})"
        return f"{text}.unsqueeze({dim})" if self.keepdim else text

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        first = super().channels(inputs, code)
        if first is None or self.dim > 1:
            return first
        return Literal(1) if self.keepdim else None

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        last = super().features(inputs, code)
        if self.dim < len(self._whole(code.inputs)):
            return last
        return Literal(1) if self.keepdim else None

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        name = name_of_axis(inputs[0], self.dim - 1)
        return (f"output = cosine over {name} = {show(output)}",)
