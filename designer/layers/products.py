"""Matrix products of two tensors, none of which is learned."""

from collections.abc import Sequence
from math import prod

from designer.design.expressions import Tree
from designer.layers.base import Code, Layer
from designer.layers.category import Category
from designer.layers.errors import LayerError, SetParameters
from designer.layers.join import aligned, broadcast, widest
from designer.layers.layouts import elementwise_layout, is_list_of_matrices, swapped
from designer.layers.parameters import Bool
from designer.layers.tensors import (
    FLOAT_BYTES,
    Layout,
    Reads,
    SavedForBackward,
    Shape,
    Tensor,
    show,
)


def refuse_few_axes(name: str, inputs: Sequence[Tensor]) -> None:
    """Refuse inputs that are no matrices.

    Raises
    ------
    LayerError
        An input has a single axis.
    """
    for port, each in enumerate(inputs):
        if len(each.shape) < 2:
            raise LayerError(
                "too-few-axes",
                f"{name} multiplies the last two axes as matrices, but an input has the shape "
                f"{show(each.shape)}; a Reshape gives it another axis",
                port=port,
                received=show(each.shape),
                expected="at least two axes",
            )


def same_rank(name: str, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return the inputs with as many axes as the one with the most.

    Raises
    ------
    LayerError
        They cannot have: an input with a value for each image has fewer axes than another one.
    """
    inputs = aligned(inputs)
    for port, each in enumerate(inputs):
        if len(each.shape) != len(inputs[0].shape):
            raise LayerError(
                "inputs-differ",
                f"{name} needs inputs with the same number of axes; a Reshape adds an axis of 1",
                port=port,
                received=show(each.shape),
                expected=show(inputs[0].shape),
            )
    return inputs


class MatMul(Layer):
    """Product of two matrices."""

    category = Category.JOIN
    help = (
        "Multiplies two inputs as matrices, for each image and each position of further axes; a "
        "third input, such as a position bias, is added."
    )
    inputs = (2, 3)
    transpose_first = Bool(False, help="Exchange the last two axes of the first input.")
    transpose_second = Bool(
        False, help="Exchange the last two axes of the second input, as for scores of attention."
    )

    def _factors(self, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        first, second = same_rank("MatMul", inputs[:2])
        return (
            swapped(first) if self.transpose_first else first,
            swapped(second) if self.transpose_second else second,
        )

    def _product(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the product without what is added to it.

        Raises
        ------
        LayerError
            The inputs cannot be multiplied.
        """
        refuse_few_axes("MatMul", inputs[:2])
        first, second = self._factors(inputs)
        if first.shape[-1] != second.shape[-2]:
            raise LayerError(
                "matrices",
                f"the rows of the first input have {first.shape[-1]} values, the columns of the "
                f"second one {second.shape[-2]}; both must be equal",
                port=1,
                received=show(second.shape),
                expected=f"{first.shape[-1]} rows",
                remedies=[
                    SetParameters(
                        "transpose the second input",
                        {"transpose_second": not self.transpose_second},
                    )
                ]
                if first.shape[-1] == second.shape[-1]
                else [],
            )
        leading = broadcast(first.shape[:-2], second.shape[:-2])
        if leading is None:
            raise LayerError(
                "inputs-differ",
                "the inputs differ in the axes before the last two",
                port=1,
                received=show(second.shape),
                expected=show(first.shape),
            )
        return Tensor(
            (*leading, first.shape[-2], second.shape[-1]),
            batched=first.batched or second.batched,
        )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        product = self._product(inputs)
        if len(inputs) < 3:
            return product.shape
        total, added = same_rank("MatMul", (product, inputs[2]))
        shape = broadcast(total.shape, added.shape)
        if shape is None:
            raise LayerError(
                "inputs-differ",
                f"the third input is added to the product {show(product.shape)} and must fit it",
                port=2,
                received=show(inputs[2].shape),
                expected=show(product.shape),
            )
        return shape

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return a contiguous one for the product; a sum has the order of axes of both."""
        product = self._product(inputs)
        if len(inputs) < 3:
            return product.layout
        return elementwise_layout(aligned((product, inputs[2])), self.output_shape(inputs))

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        return ()

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Count the values of the product x the values of a row."""
        first, _ = self._factors(inputs)
        return prod(self._product(inputs).shape) * first.shape[-1]

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        first, _ = self._factors(inputs)
        return " · ".join(map(str, (*self._product(inputs).shape, first.shape[-1])))

    def _copied(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """Return the bytes of the copies that torch makes of the factors, 0 where it makes none."""
        product = self._product(inputs)
        leading = product.shape[:-2]
        sizes = [
            0
            if is_list_of_matrices(each, leading, product.batched)
            else FLOAT_BYTES * prod((*leading, *each.shape[-2:]))
            for each in self._factors(inputs)
        ]
        return sizes[0], sizes[1]

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Save each factor whose partner needs a gradient; a copy where torch had to make one."""
        ports, copies = [], 0
        for port, copy in enumerate(self._copied(inputs)):
            if inputs[1 - port].needs_grad:
                copies += copy
                if not copy:
                    ports.append(port)
        if self._product_is_fixed(inputs):
            return SavedForBackward(inputs=tuple(ports), fixed=copies)
        return SavedForBackward(inputs=tuple(ports), per_image=copies)

    def _product_is_fixed(self, inputs: Sequence[Tensor]) -> bool:
        """Tell whether only what is added to the product has a value for each image."""
        return len(inputs) > 2 and inputs[2].batched and not self._product(inputs).batched

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of copies and product, or of the product and the sum."""
        added = FLOAT_BYTES * prod(output) if len(inputs) > 2 else 0
        if self._product_is_fixed(inputs):
            return added
        product = FLOAT_BYTES * prod(self._product(inputs).shape)
        return product + max(sum(self._copied(inputs)), added)

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        if not self._product_is_fixed(inputs):
            return 0
        return FLOAT_BYTES * prod(self._product(inputs).shape)

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        return None

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        first, second = (f"{name}.transpose(-2, -1)" for name in inputs[:2])
        added = "".join(f", {name}" for name in inputs[2:])
        product = (
            f"torch.matmul({first if self.transpose_first else inputs[0]}, "
            f"{second if self.transpose_second else inputs[1]})"
        )
        return f"torch.add({product}{added})" if added else product

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return those of an input if the first axis is none of the two that are multiplied."""
        if len(self.output_shape(code.inputs)) > 2:
            return inputs[widest(code.inputs)]
        return None if self.transpose_first else inputs[0]

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        if self.transpose_second:
            return None
        return inputs[1]

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        first, second = self._factors(inputs)
        return (f"output = {show(first.shape)} times {show(second.shape)} = {show(output)}",)
