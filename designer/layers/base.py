"""What a layer type is: its parameters, ports, rules of arithmetic and its torch expression.

A layer type is one subclass of `Layer`; defining it registers it. All rules are pure functions of
the layer's parameters and of the facts about its inputs, without the batch axis.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, IntEnum
from math import isqrt, prod
from typing import Any, ClassVar, NamedTuple, TypeAlias

from designer.design.expressions import Literal, Tree, python_source, quoted
from designer.design.values import Value
from designer.layers.category import Category as Category  # noqa: PLC0414 - handed on
from designer.layers.parameters import Parameter

Shape: TypeAlias = tuple[int, ...]
"""A tensor's shape without the batch axis: (channels, height, width), (channels, length) or
(features,)."""

FLOAT_BYTES = 4
INDEX_BYTES = 8


class Layout(IntEnum):
    """How a tensor's values lie in memory, as far as it decides what autograd keeps."""

    CONTIGUOUS = 0
    DENSE = 1  # every image is contiguous, the batch is not: a slice of the first axis
    SLICED = 2
    PERMUTED = 3


class Tensor(NamedTuple):
    """What a layer may know of one of its inputs or its output."""

    shape: Shape
    needs_grad: bool = True
    layout: Layout = Layout.CONTIGUOUS

    @property
    def values(self) -> int:
        """Elements of one image."""
        return prod(self.shape)


class Role(Enum):
    """What a saved tensor is: a multiplicative or additive parameter, or not learned."""

    WEIGHT = "weight"
    BIAS = "bias"
    BUFFER = "buffer"


# An enum's attribute takes ten times as long to read as a name.
CONTIGUOUS, DENSE, SLICED, PERMUTED = Layout
WEIGHT, BIAS, BUFFER = Role


class State(NamedTuple):
    """A tensor of the layer's state dict, as torch names and shapes it."""

    name: str
    shape: Shape
    role: Role
    item_bytes: int = FLOAT_BYTES


class SavedForBackward(NamedTuple):
    """What autograd keeps of a layer between forward and backward, in bytes.

    Storages of inputs and outputs are named by their ports, since another layer may keep them too;
    tensors that only this layer knows are sums, per image and fixed for the whole batch.
    """

    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    per_image: int = 0
    fixed: int = 0


NOTHING = SavedForBackward()
ITS_INPUT = SavedForBackward(inputs=(0,))
ITS_OUTPUT = SavedForBackward(outputs=(0,))


class Window(NamedTuple):
    """Which inputs one output sees, per axis (height, width), in steps of the input.

    Output ``o`` sees ``size`` inputs centerd at ``o * stride + offset``.
    """

    size: tuple[float, float] = (1, 1)
    stride: tuple[float, float] = (1, 1)
    offset: tuple[float, float] = (0, 0)


POINT = Window()


class Part(NamedTuple):
    """One of the layers that a layer compiles to, for the memory totals."""

    values_in: int
    values_out: int
    convolution: bool = False


class SetParameters(NamedTuple):
    """A remedy: other values for the layer's own parameters."""

    label: str
    values: Mapping[str, Value]


class InsertLayer(NamedTuple):
    """A remedy: a one-in-one-out layer in the edge that enters `port`."""

    label: str
    port: int
    layer: str
    values: Mapping[str, Value]


Remedy: TypeAlias = SetParameters | InsertLayer


class LayerError(ValueError):
    """Inputs that a layer cannot take: one sentence with the numbers, and what would help.

    Attributes
    ----------
    code : str
        A short stable name of the kind of problem.
    port : int
        The input port at fault.
    axis : str or None
        ``channels``, ``height``, ``width``, ``features``, or None for the whole shape.
    received, expected : str
        What came and what would have fitted.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        port: int = 0,
        axis: str | None = None,
        received: object = "",
        expected: object = "",
        remedies: Sequence[Remedy] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.port = port
        self.axis = axis
        self.received = str(received)
        self.expected = str(expected)
        self.remedies = tuple(remedies)


class Code(NamedTuple):
    """What a layer needs to write its line of generated code.

    Attributes
    ----------
    texts, trees
        Source and tree of those parameters that the design gives as expressions.
    first_axis, whole_shape
        Ask for the input's first axis and its whole shape, which the class may then need as
        arguments.
    inputs
        The facts about the inputs.
    in_place
        Whether the layer overwrites its input.
    """

    layer: "Layer"
    texts: Mapping[str, str]
    trees: Mapping[str, Tree]
    first_axis: Callable[[], Tree]
    whole_shape: Callable[[], Tree]
    inputs: tuple[Tensor, ...]
    in_place: bool = False

    @property
    def channels(self) -> str:
        """Source of the input's first axis."""
        return python_source(self.first_axis())

    @property
    def shape(self) -> str:
        """Source of the input's whole shape."""
        return python_source(self.whole_shape())

    def argument(self, name: str) -> str:
        """Return the source of a parameter's value."""
        text = self.texts.get(name)
        return literal(getattr(self.layer, name)) if text is None else text

    def tree(self, name: str) -> Tree:
        """Return a scalar parameter as an expression tree."""
        tree = self.trees.get(name)
        return Literal(getattr(self.layer, name)) if tree is None else tree

    def keywords(self, names: Iterable[str]) -> list[str]:
        """Write ``name=value`` for those parameters that differ from their defaults."""
        known = type(self.layer).parameters
        return [
            f"{name}={self.argument(name)}"
            for name in names
            if name in self.texts or getattr(self.layer, name) != known[name].default
        ]


def literal(value: object) -> str:
    """Write a parameter's value as Python source; equal pairs as one number."""
    if isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
        return repr(value[0])
    return quoted(value)


# Where these parameters stand among a layer's; the others keep the order of their definition.
_FIRST = (
    "out_channels",
    "out_features",
    "norm_type",
    "kernel_size",
    "output_size",
    "stride",
    "padding",
    "output_padding",
    "dilation",
    "groups",
    "bias",
)

_REGISTRY: dict[str, type["Layer"]] = {}


def layer_types() -> Mapping[str, type["Layer"]]:
    """Return every layer type by name, in the order of the palette."""
    return _REGISTRY


class Layer:
    """Base of all layer types; its defaults describe a one-in-one-out layer without parameters."""

    category: ClassVar[Category]
    help: ClassVar[str]
    parameters: ClassVar[Mapping[str, Parameter[Any]]] = {}
    required: ClassVar[frozenset[str]] = frozenset()
    _defaults: ClassVar[Mapping[str, Any]] = {}
    inputs: ClassVar[tuple[int, int]] = (1, 1)
    """Least and most number of input ports."""
    activation: ClassVar[bool] = False
    counts: ClassVar[bool] = True
    """Whether the output is a row of the lecture's table: not for activations, dropout, views."""
    convolution: ClassVar[bool] = False
    convolved: ClassVar[int] = 0
    """The input port that a convolution in it reads."""
    infix: ClassVar[bool] = False
    """Whether the forward expression is an operator's, which may need brackets around it."""
    inplace: ClassVar[bool] = False
    """Whether the torch module takes ``inplace=True``."""
    torch: ClassVar[str] = ""
    """The torch class (or the class in `source`) that the generated code instantiates."""
    positional: ClassVar[tuple[str, ...]] = ()
    """Arguments that are always written: names of parameters, or ``in_channels``."""
    source: ClassVar[str] = ""
    """The text of a module class that torch lacks; it goes into the generated file."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {name: each for name, each in vars(cls).items() if isinstance(each, Parameter)}
        # Parameters of the class itself go before those it shares with others.
        shared = {key: each for key, each in cls.parameters.items() if key not in own}
        for base in cls.__mro__[1:]:
            for name, each in vars(base).items():
                if isinstance(each, Parameter) and name not in own:
                    shared.setdefault(name, each)
        every = {**own, **shared}
        cls.parameters = {name: every[name] for name in (*_FIRST, *every) if name in every}
        cls.required = frozenset(name for name, each in cls.parameters.items() if each.required)
        cls._defaults = {
            name: each.default for name, each in cls.parameters.items() if not each.required
        }
        if "help" in vars(cls):
            if cls.__name__ in _REGISTRY:
                raise TypeError(f"there is a layer type {cls.__name__} already")
            _REGISTRY[cls.__name__] = cls

    def __init__(self, **values: Any) -> None:
        given = {**self._defaults, **values}
        if given.keys() != self.parameters.keys():
            wrong = given.keys() ^ self.parameters.keys()
            raise TypeError(f"{type(self).__name__} lacks or does not have {', '.join(wrong)}")
        self.__dict__.update(given)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.parameters)
        return f"{type(self).__name__}({values})"

    # Rules, to be overridden.

    def check(self) -> None:
        """Refuse parameters that do not go together.

        Raises
        ------
        LayerError
            What does not fit, before any input is known.
        """

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return the output's shape.

        Raises
        ------
        LayerError
            The inputs do not fit.
        """
        return inputs[0].shape

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        """Return the parameters and buffers, in the order of torch's state dict."""
        return ()

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return multiply-accumulates for one image: convolutions and matrix products only."""
        return 0

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Return what autograd keeps in train mode, given that anything needs a gradient."""
        return NOTHING

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Return what autograd keeps in eval mode; the same unless a layer says otherwise."""
        return self.saved_for_backward(inputs, output)

    def kept_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Return what autograd keeps when an input needs a gradient and the weights do not."""
        return (
            self.saved_for_backward(inputs, output)
            if training
            else self.saved_in_eval(inputs, output)
        )

    def kept_in_place(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Return what autograd keeps when the layer overwrites its input."""
        return self.saved_for_backward(inputs, output)

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """Tell whether the output shares the first input's storage."""
        return False

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return the output's layout; new tensors are contiguous."""
        return CONTIGUOUS

    def window(self, inputs: Sequence[Tensor], output: Shape) -> Window | None:
        """Return which inputs an output sees; None when it sees them all."""
        return POINT

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        """Return the counted layers that this one compiles to."""
        if not self.counts:
            return ()
        return (Part(inputs[0].values, prod(output), self.convolution),)

    def transients(self, inputs: Sequence[Tensor], output: Shape) -> tuple[int, ...]:
        """Return the values of the tensors made one after the other, the output last."""
        return (prod(output),)

    # Code

    def constructor(self, code: Code) -> str:
        """Return the expression that builds the module, or "" where a plain function serves."""
        if not self.torch:
            return ""
        arguments = [
            code.channels if name == "in_channels" else code.argument(name)
            for name in self.positional
        ]
        arguments += code.keywords(
            [
                name
                for name in self.parameters
                if name not in self.positional and name not in INITIALIZATION
            ]
        )
        arguments += ["inplace=True"] if code.in_place else []
        return f"{self.torch}({', '.join(arguments)})"

    def forward(self, module: str, inputs: Sequence[str], code: Code) -> str:
        """Return the expression that computes the output from those of the inputs."""
        return f"{module}({', '.join(inputs)})"

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the output's first axis as an expression over the inputs'; None if unknown."""
        return inputs[0]

    # Words

    def summary(self) -> str:
        """Return the telling parameters on one line, for a node or a table."""
        return type(self).__name__

    def formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """Return the shape and cost formulas with this layer's numbers in them."""
        lines = list(self.shape_formula(inputs, output))
        for name, dimensions, role, _ in self.states(inputs):
            if role is not BUFFER and dimensions:
                product = " · ".join(map(str, dimensions))
                lines.append(f"{name} = {product} = {prod(dimensions)}")
        macs = self.macs(inputs, output)
        if macs:
            lines.append(f"MACs = {self.macs_formula(inputs, output)} = {macs}")
        return tuple(lines)

    def shape_formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """Return the lines of the formula that tell the output's shape."""
        return (f"output = input = {show(output)}",)

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        """Return the product that gives the multiply-accumulates."""
        return ""


def show(shape: Sequence[object]) -> str:
    """Write a shape as people do: 64×112×112."""
    return "×".join(map(str, shape)) or "one value"


def largest_divisor(number: int, limit: int) -> int:
    """Return the largest divisor up to a limit; of numbers of any size in good time."""
    small = [n for n in range(1, min(limit, isqrt(number)) + 1) if number % n == 0]
    return max((n for n in (*small, *(number // n for n in small)) if n <= limit), default=1)


def axis_name(axis: int, rank: int) -> str:
    """Return the name of an axis of a tensor with `rank` axes without the batch."""
    if rank == 1:
        return "features"
    return ("channels", "length")[axis] if rank == 2 else ("channels", "height", "width")[axis]


def need_image(layer: "Layer", inputs: Sequence[Tensor]) -> tuple[int, int, int]:
    """Return channels, height and width of the first input, or refuse it."""
    shape = inputs[0].shape
    if len(shape) == 3:
        return shape
    name = type(layer).__name__
    raise LayerError(
        "not-an-image",
        f"{name} needs an image (channels × height × width), received {show(shape)}",
        received=show(shape),
        expected="channels × height × width",
        remedies=[
            InsertLayer(
                f"insert Reshape to {show((shape[0], 1, 1))}",
                0,
                "Reshape",
                {"shape": (shape[0], 1, 1)},
            )
        ]
        if len(shape) == 1
        else [],
    )


# Parameters that say how weights begin; they become statements, not constructor arguments.
INITIALIZATION = frozenset(("weight_init", "weight_init_value", "weight_init_mode", "bias_init"))
