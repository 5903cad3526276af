"""Recurrent layers, which read a sequence one step after the other: RNN, LSTM and GRU."""

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import ClassVar

from designer.design.expressions import Binary, Literal, Tree, fold
from designer.layers.base import Code
from designer.layers.category import Category
from designer.layers.errors import InsertLayer, LayerError
from designer.layers.initialization import Initialized, Spread
from designer.layers.layouts import is_sequence_first, layout_of, step_rows_are_even
from designer.layers.parameters import Bool, Choice, Float, Int
from designer.layers.tensors import (
    BIAS,
    CONTIGUOUS,
    FLOAT_BYTES,
    IMAGE_AXES,
    WEIGHT,
    Layout,
    Reads,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    show,
)


class _Recurrent(Initialized):
    """Base of the recurrent layers: shapes, weights, multiply-accumulates and code.

    The input is (length, features), as with torch's ``batch_first=True``. What torch keeps and
    allocates is that of the CPU, where RNN and GRU are a chain of operations for every step.

    Attributes
    ----------
    gates
        How many times `hidden_size` values are computed from the input and from the hidden state.
    kept
        How many times `hidden_size` values autograd saves of each step.
    step
        How many times `hidden_size` values a step allocates at once.
    """

    category = Category.SEQUENCE
    unpacks = True
    positional = ("in_features", "hidden_size")
    gates: ClassVar[int] = 1
    kept: ClassVar[int] = 1
    step: ClassVar[int] = 2
    hidden_size = Int(help="Size of the hidden state, and of each step's output.", unit="features")
    num_layers = Int(1, maximum=100, help="Layers on top of each other, each reading the last one.")
    bidirectional = Bool(
        False, help="Read the sequence backward, too, and join the outputs of both directions."
    )
    bias = Bool(True, help="Add learned numbers to the input's product and to the hidden state's.")
    dropout = Float(
        0.0,
        minimum=0.0,
        maximum=0.99,
        help="Probability that an output of a layer is dropped before the next layer reads it.",
    )
    output = Choice(
        "sequence",
        choices=("sequence", "last_step", "last_state"),
        help="The outputs of all steps, that of the last step, or the hidden state at the end of "
        "each direction.",
    )

    # Shapes, weights and cost

    @property
    def directions(self) -> int:
        """In how many directions the sequence is read."""
        return 2 if self.bidirectional else 1

    def check(self) -> None:
        super().check()
        if self.dropout and self.num_layers == 1:
            raise LayerError(
                "dropout",
                "dropout acts between layers, but num_layers is 1; a Dropout layer behind this one "
                "drops its outputs",
                received=self.dropout,
                expected=0,
            )

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = inputs[0].shape
        if len(shape) != 2:
            name = type(self).__name__
            rows = shape[-2:] if len(shape) == len(IMAGE_AXES) and shape[0] == 1 else ()
            raise LayerError(
                "not-a-sequence",
                f"{name} needs a sequence (length × features), received {show(shape)}",
                received=show(shape),
                expected="length × features",
                remedies=[
                    InsertLayer(f"insert Reshape to {show(rows)}", 0, "Reshape", {"shape": rows})
                ]
                if rows
                else [],
            )
        width = self.directions * self.hidden_size
        return (shape[0], width) if self.output == "sequence" else (width,)

    def _units(self) -> Iterator[tuple[int, str]]:
        """Yield for each layer and direction its number of layers below, and torch's suffix."""
        for layer in range(self.num_layers):
            for direction in ("", "_reverse")[: self.directions]:
                yield layer, f"l{layer}{direction}"

    def _width(self, layer: int, features: int) -> int:
        """Return how many features a layer reads, given those of the whole input."""
        return self.directions * self.hidden_size if layer else features

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        rows, features = self.gates * self.hidden_size, inputs[0].shape[-1]
        found = []
        for layer, suffix in self._units():
            width = self._width(layer, features)
            found += [
                State(f"weight_ih_{suffix}", (rows, width), WEIGHT),
                State(f"weight_hh_{suffix}", (rows, self.hidden_size), WEIGHT),
            ]
            if self.bias:
                found += [
                    State(f"bias_ih_{suffix}", (rows,), BIAS),
                    State(f"bias_hh_{suffix}", (rows,), BIAS),
                ]
        return tuple(found)

    def default_spread(self) -> Spread:
        """Return the deviation between -1 / √hidden_size and 1 / √hidden_size."""
        size = self.hidden_size
        return Spread(
            lambda _, __, ___: 1 / sqrt(3 * size),
            lambda _, __, ___: f"1 / √(3 · {size:,})",
            lambda _, __: f"hidden size {size:,}",
        )

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Count the products with the input and with the hidden state, at every step."""
        length, features = inputs[0].shape
        inner = sum(self._width(layer, features) + self.hidden_size for layer, _ in self._units())
        return length * self.gates * self.hidden_size * inner

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        length, features = inputs[0].shape
        hidden = self.hidden_size
        sums = [f"({self._width(layer, features)} + {hidden})" for layer, _ in self._units()]
        inner = sums[0] if len(sums) == 1 else f"({' + '.join(sums)})"
        gates = f"{self.gates} · " if self.gates > 1 else ""
        return f"{length} · {gates}{hidden} · {inner}"

    # Memory

    def _copied(self, inputs: Sequence[Tensor]) -> bool:
        """Tell whether torch copies the input, to multiply the rows of all steps at once.

        The output of another recurrent layer has its steps first in memory.
        """
        return not step_rows_are_even(inputs[0])

    def _dropped(self, inputs: Sequence[Tensor], training: bool) -> int:
        """Return the values of the dropout's masks between the layers."""
        if not (training and self.dropout):
            return 0
        width = self.directions * self.hidden_size
        return (self.num_layers - 1) * inputs[0].shape[0] * width

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return self._saved(inputs, training=True)

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        return self._saved(inputs, training=False)

    def _saved(self, inputs: Sequence[Tensor], *, training: bool) -> SavedForBackward:
        """Save the inputs of all products, and what the functions of each step need."""
        length, features = inputs[0].shape
        units = self.num_layers * self.directions
        width = self.directions * self.hidden_size
        values = units * self.hidden_size  # the hidden states at the start
        values += units * self.hidden_size * (self.kept * length + self._hidden(length))
        values += (self.num_layers - 1) * length * width + self._dropped(inputs, training)
        if self._copied(inputs):
            values += self.directions * length * features
            return SavedForBackward(per_image=FLOAT_BYTES * values)
        return SavedForBackward(inputs=(0,), per_image=FLOAT_BYTES * values)

    def _hidden(self, length: int) -> int:
        """Return how many hidden states are saved besides what `kept` counts."""
        return length - 1

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Save what the functions of each step need; no product needs its input."""
        units = self.num_layers * self.directions
        values = units * self.hidden_size * self.kept * inputs[0].shape[0]
        values += self._dropped(inputs, training)
        return SavedForBackward(per_image=FLOAT_BYTES * values)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Follow torch's operations, layer by layer and direction by direction.

        Each direction computes the gates of all steps from the input, then one step after the
        other, and joins the outputs of the steps.
        """
        return self._peak(inputs, frozen=False)

    def peak_when_frozen(self, inputs: Sequence[Tensor], output: Shape) -> int:
        return self._peak(inputs, frozen=True)

    def _peak(self, inputs: Sequence[Tensor], *, frozen: bool) -> int:
        length, features = inputs[0].shape
        copy = length * features if self._copied(inputs) and not frozen else 0
        hidden, directions = self.hidden_size, self.directions
        gates, outputs = length * self.gates * hidden, length * hidden
        most = joined = ended = 0
        start = self.num_layers * directions * hidden
        for layer in range(self.num_layers):
            before = last_gates = 0
            lasting = start + joined + ended
            for _ in range(directions):
                now = lasting + before
                product = gates
                if layer == 0 and not is_sequence_first(inputs[0]):
                    product += max(copy, gates if self.bias else 0)
                most = max(most, now + last_gates + product)
                most = max(most, now + gates + (length - 1 + self.step) * hidden)
                most = max(most, now + gates + 2 * outputs)
                before += 2 * outputs
                last_gates = gates
            if directions == 2:
                most = max(most, lasting + before + gates + 2 * outputs)
            joined, ended = directions * outputs, ended + directions * hidden
        return FLOAT_BYTES * max(most, start + joined + ended + start)

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return the layout of a sequence whose steps are its first axis in memory."""
        shape = self.output_shape(inputs)
        if len(shape) == 1:
            return CONTIGUOUS
        width = shape[1]
        return layout_of(shape, (width, 2 * width, 1))

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        return None

    # Generated code

    def constructor(self, code: Code) -> str:
        """Write that the batch is the first axis, and leave out what torch does not know."""
        known = {*type(self).parameters} - {*Initialized.parameters, "output", "hidden_size"}
        names = [name for name in type(self).parameters if name in known]
        sizes = (code.features, code.argument("hidden_size"))
        arguments = (*sizes, *code.keywords(names), "batch_first=True")
        return f"{self.torch}({', '.join(arguments)})"

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Take the wanted one of the outputs, which are all steps and the states at the end."""
        found = f"{module}({inputs[0]})"
        if self.output == "sequence":
            return f"{found}[0]"
        if not self.bidirectional:  # the last step is the last hidden state
            return f"{found}{self._last_states()}[-1]"
        if self.output == "last_step":
            return f"{found}[0][:, -1]"
        return f"torch.cat((*{found}{self._last_states()}[-2:],), 1)"

    def storage_bytes(self, inputs: Sequence[Tensor], outputs: tuple[int, ...]) -> tuple[int, ...]:
        """Count the tensor that the output is a part of: the states of all layers, or all steps."""
        if self.output == "sequence":
            return outputs
        if not self.bidirectional:
            return (outputs[0] * self.num_layers,)
        return (outputs[0] * inputs[0].shape[0],) if self.output == "last_step" else outputs

    def _last_states(self) -> str:
        """Return the index of the hidden states at the end, of shape (layers, batch, features)."""
        return "[1]"

    def _width_tree(self, code: Code) -> Tree:
        size = code.tree("hidden_size")
        return fold(Binary("*", size, Literal(2))) if self.bidirectional else size

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return inputs[0] if self.output == "sequence" else self._width_tree(code)

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        return self._width_tree(code)

    # Text for readers

    def summary(self) -> str:
        name = f"{type(self).__name__} {self.hidden_size}"
        name += f", {self.num_layers} layers" if self.num_layers > 1 else ""
        return f"{name}, bidirectional" if self.bidirectional else name

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        size = self.hidden_size
        both = f"2 · {size} = {output[-1]}" if self.bidirectional else f"{size}"
        lines = (f"features = {both}",)
        return (f"length = {output[0]}", *lines) if len(output) == 2 else lines


class RNN(_Recurrent):
    """The plain recurrent layer."""

    help = "h ← tanh(W · x + U · h + b): the hidden state h passes from step to step (Elman 1990)."
    torch = "nn.RNN"
    nonlinearity = Choice("tanh", choices=("tanh", "relu"), help="The function of each step.")

    def _hidden(self, length: int) -> int:
        return 0  # they are the outputs of the function, which `kept` counts


class GRU(_Recurrent):
    """Gated recurrent unit."""

    help = (
        "Two gates decide how much of the hidden state each step replaces and reads: fewer weights "
        "than an LSTM (Cho et al. 2014)."
    )
    torch = "nn.GRU"
    gates = 3
    kept = 6
    step = 5


_LINE = 16  # values: 64 bytes
_PAGE_BYTES = 4096


def _padded(values: int) -> int:
    """Return how many values oneDNN stores a row of a matrix in, so that rows begin on lines."""
    rows = -(-values // _LINE) * _LINE
    return rows + _LINE if rows % 256 == 0 else rows


class LSTM(_Recurrent):
    """Long short-term memory."""

    help = (
        "Three gates decide what a cell keeps, takes in and shows, so that it remembers over many "
        "steps (Hochreiter and Schmidhuber 1997)."
    )
    torch = "nn.LSTM"
    gates = 4

    def _last_states(self) -> str:
        return "[1][0]"

    def _copied(self, inputs: Sequence[Tensor]) -> bool:
        """Tell whether torch copies the input: the kernel takes sequences with the steps first."""
        return not is_sequence_first(inputs[0])

    def _saved(self, inputs: Sequence[Tensor], *, training: bool) -> SavedForBackward:
        """Save what the kernel of oneDNN gets and gives, and the workspace that it keeps.

        The workspace holds the gates and the states of all steps in rows of whole cache lines, each
        of its seven arrays rounded up to whole pages (``src/cpu/rnn/rnn_utils.cpp`` in oneDNN);
        half a page is counted for the rounding.
        """
        length, features = inputs[0].shape
        hidden, width = self.hidden_size, self.directions * self.hidden_size
        units = self.num_layers * self.directions
        values = 2 * units * hidden  # hidden states and cells at the start
        values += self._dropped(inputs, training)
        if self.bidirectional or (training and self.dropout):
            # Between layers stands a tensor of its own: both directions, what was not dropped.
            values += (self.num_layers - 1) * length * width
        for layer, _ in self._units():
            read = max(self._width(layer, features), hidden)
            values += length * hidden + 2 * hidden
            values += length * (_padded(4 * hidden) + _padded(hidden))
            values += 2 * (length + 1) * (3 * _padded(read) + 2 * hidden)
        outputs: tuple[int, ...] = ()
        if self.output == "sequence" and not self.bidirectional:
            outputs, values = (0,), values - length * hidden
        fixed = 7 * units * _PAGE_BYTES // 2
        if not self.bias:
            fixed += FLOAT_BYTES * sum(self._zeros(inputs))
        if self._copied(inputs):
            values += length * features
            return SavedForBackward((), outputs, FLOAT_BYTES * values, fixed)
        return SavedForBackward((0,), outputs, FLOAT_BYTES * values, fixed)

    def _zeros(self, inputs: Sequence[Tensor]) -> list[int]:
        """Return the zeros that torch gives each kernel without biases: as many as weights."""
        rows, hidden = self.gates * self.hidden_size, self.hidden_size
        return [
            rows * (self._width(layer, inputs[0].shape[-1]) + hidden) for layer, _ in self._units()
        ]

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes of the zeros that stand for missing biases while a kernel runs."""
        return 0 if self.bias else FLOAT_BYTES * max(self._zeros(inputs))

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        return self._saved(inputs, training=training)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Add up what the kernels get and give."""
        return self._peak(inputs, frozen=False)

    def _peak(self, inputs: Sequence[Tensor], *, frozen: bool) -> int:
        length, features = inputs[0].shape
        hidden, directions = self.hidden_size, self.directions
        outputs, start = length * hidden, 2 * self.num_layers * directions * hidden
        lasting = start + (length * features if self._copied(inputs) else 0)
        most = joined = 0
        for layer in range(self.num_layers):
            ended = 2 * (layer + 1) * directions * hidden
            made = directions * outputs + (2 * outputs if directions == 2 else 0)
            most = max(most, lasting + joined + ended + made)
            joined = directions * outputs
        return FLOAT_BYTES * max(most, lasting + made + 2 * start)

    def formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        return (
            *super().formula(inputs, output),
            "bytes for backward: within 5 %, since oneDNN keeps a workspace of its own",
        )
