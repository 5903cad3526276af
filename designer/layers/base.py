"""The base class of all layer types: parameters, ports, rules, and the torch code of a layer.

A layer type is a subclass of `Layer` with a ``help`` text; defining it registers it. Its rules are
pure functions of the layer's parameters and of what is known about its inputs, for one image.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import Any, ClassVar, NamedTuple

from designer.design.expressions import Literal, Tree
from designer.design.printing import python_source, quoted
from designer.layers.category import Category
from designer.layers.errors import LayerError
from designer.layers.layouts import channels_last_layout, is_channels_last
from designer.layers.parameters import Parameter
from designer.layers.tensors import (
    BUFFER,
    CONTIGUOUS,
    FLOAT_BYTES,
    IMAGE_AXES,
    NOTHING,
    POINT,
    Layout,
    Part,
    Reads,
    SavedForBackward,
    Shape,
    State,
    Tensor,
    show,
)


class Code(NamedTuple):
    """What a layer needs to write its line of generated code.

    Attributes
    ----------
    layer
        The layer itself.
    texts, trees
        Python source and expression tree of the parameters that the design gives as expressions.
    first_axis, last_axis, whole_shape
        Functions that return the input's first axis, its last axis and its whole shape as
        expressions. The generated class may get a constructor argument for it, so call them only
        where needed.
    inputs
        What is known about the inputs.
    in_place
        Whether the layer overwrites its input.
    tied
        Whether it computes with the weight of a layer of another type; see `Layer.tied_to`.
    """

    layer: "Layer"
    texts: Mapping[str, str]
    trees: Mapping[str, Tree]
    first_axis: Callable[[], Tree]
    last_axis: Callable[[], Tree]
    whole_shape: Callable[[], Tree]
    inputs: tuple[Tensor, ...]
    in_place: bool = False
    tied: bool = False

    @property
    def channels(self) -> str:
        """Python source of the input's first axis, such as ``in_channels`` or ``64``."""
        return python_source(self.first_axis())

    @property
    def features(self) -> str:
        """Python source of the input's last axis, such as ``in_features`` or ``768``."""
        return python_source(self.last_axis())

    @property
    def shape(self) -> str:
        """Python source of the input's whole shape."""
        return python_source(self.whole_shape())

    def argument(self, name: str) -> str:
        """Return the Python source of a parameter's value."""
        text = self.texts.get(name)
        if text is not None:
            return text
        value = self.layer.parameter_value(name)
        if type(self.layer).parameters[name].axes and isinstance(value, tuple):
            value = value[0] if len(set(value)) == 1 else value  # one number stands for all axes
        return quoted(value)

    def tree(self, name: str) -> Tree:
        """Return a scalar parameter as an expression tree."""
        tree = self.trees.get(name)
        return Literal(self.layer.parameter_value(name)) if tree is None else tree

    def keywords(self, names: Iterable[str]) -> list[str]:
        """Return ``name=value`` for each named parameter that differs from its default."""
        known = type(self.layer).parameters
        return [
            f"{name}={self.argument(name)}"
            for name in names
            if name in self.texts or self.layer.parameter_value(name) != known[name].default
        ]


# These parameters come first, in this order; the others follow in the order of their definition,
# and last those of the initialization.
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

INITIALIZATION = ("weight_init", "weight_init_value", "weight_init_mode", "bias_init")
"""The parameters of the initialization, which come last, in this order.

They become statements of their own in the generated code, not constructor arguments."""

READS_IMAGES = (Category.CONVOLUTION, Category.POOLING)
"""Categories of layers that take channels and spatial axes, and nothing else."""

REGISTRY: dict[str, type["Layer"]] = {}
"""The layer types defined so far. Use `catalogue.layer_types`, which has imported all of them."""


class Layer:
    """Base of all layer types.

    The defaults describe an elementwise function without parameters: one input, an output of the
    same shape in new memory, no weights, nothing saved for backward. A layer type overrides what is
    different. The methods below explain each rule, with an example of a layer that overrides it.

    A rule gets `inputs`, what is known about each input, and often `output`, the shape that
    `output_shape` returned. Shapes, values and bytes are those of one image.

    Attributes
    ----------
    category
        The section of the palette that shows the layer type.
    help
        One sentence for the palette and the inspector. A class without a text of its own is a base
        class and no layer type.
    parameters, required
        Collected from the class attributes: all parameters by name, and the names of those without
        a default.
    inputs
        Smallest and largest number of input ports: ``(1, 256)`` for Add.
    offered
        Whether the palette offers the layer type. False for Opaque, which stands for
        an operation of an opened file.
    activation
        Whether the layer is an activation function.
    counts
        Whether the output is counted among the layer outputs of a network, as in tables of
        activations per layer. False for activations, dropout and views.
    convolution
        Whether the layer is a convolution, whose input values are counted as well.
    convolved
        The input port that the convolution reads: 1 for PreActShortcut, else 0.
    spatial_axes
        Of a layer over images: 2. The same layer over sequences has 1, over volumes 3, and its
        parameters then have as many numbers.
    channels_last
        Whether torch computes an image whose channels lie last in memory to one that is so, too.
    infix
        Whether the forward expression is an operator's (``a + b``), which may need brackets.
    inplace
        Whether the torch module takes ``inplace=True``, as ReLU does.
    saturates_at
        The values that the output of a saturating function approaches, where hardly any gradient
        passes: ``(-1, 1)`` for Tanh.
    can_die
        Whether the output of a channel can become zero for all images, and its gradient with it, as
        with ReLU.
    keeps_zero
        Whether the output is 0 where the only input is, if the layer learns no shift; False where
        its settings decide, as for Threshold.
    draws_in_eval
        Whether the layer draws at random in eval mode, too, so that two passes differ.
    unpacks
        Whether the torch module returns several values, of which `forward` takes one, as with LSTM.
    takes_integers
        The input ports that take whole numbers, such as tokens, and nothing else.
    takes_any
        The input ports that take whole numbers as well as fractions, such as a condition.
    decides
        The input ports that only decide, as a condition does: no gradient passes through them.
    keeps_type
        Whether the first input may be of whole numbers or not, and the output is of the same type:
        layers that only rearrange values.
    batched
        Of a layer without inputs: whether its output has a value for each image; see `Tensor`.
    stored
        Whether the output is a tensor of the layer itself, which takes no memory of its own.
    fixed
        Whether its tensors are never learned, so that it has no learning rate: Constant.
    torch
        The torch class, or the class in `source`, that the generated code instantiates:
        ``"nn.Conv2d"``. Empty where `forward` returns a plain expression, as for Flatten.
    positional
        Constructor arguments that are always written, in order: names of parameters, or
        ``"in_channels"`` for the input's first axis, ``"in_features"`` for its last one. All other
        parameters are written as keywords where they differ from their default.
    source
        The text of a module class that torch lacks; it is written into the generated file.
    tied_to
        The other layer types whose weight it can use, and for each its own parameters that must
        equal parameters there. A Linear without bias can use that of an Embedding; `forward` then
        gets the Embedding as its module, and `Code.tied` is set.
    apart
        Parameters that may differ between nodes that share weights.
    imports
        The import statements that `source` needs beside those of every generated file.

    Examples
    --------
    A whole layer type, see `activation.py`:

    >>> class SELU(_OutputInPlace):
    ...     help = "ELU scaled so that deep networks normalize themselves."
    ...     torch = "nn.SELU"
    """

    category: ClassVar[Category]
    help: ClassVar[str]
    parameters: ClassVar[Mapping[str, Parameter[Any]]] = {}
    required: ClassVar[frozenset[str]] = frozenset()
    _defaults: ClassVar[Mapping[str, Any]] = {}
    inputs: ClassVar[tuple[int, int]] = (1, 1)
    offered: ClassVar[bool] = True
    activation: ClassVar[bool] = False
    counts: ClassVar[bool] = True
    convolution: ClassVar[bool] = False
    convolved: ClassVar[int] = 0
    spatial_axes: ClassVar[int] = 2
    channels_last: ClassVar[bool] = False
    infix: ClassVar[bool] = False
    inplace: ClassVar[bool] = False
    saturates_at: ClassVar[tuple[float, float] | None] = None
    can_die: ClassVar[bool] = False
    keeps_zero: ClassVar[bool] = False
    draws_in_eval: ClassVar[bool] = False
    unpacks: ClassVar[bool] = False
    takes_integers: ClassVar[tuple[int, ...]] = ()
    takes_any: ClassVar[tuple[int, ...]] = ()
    decides: ClassVar[tuple[int, ...]] = ()
    keeps_type: ClassVar[bool] = False
    batched: ClassVar[bool] = True
    stored: ClassVar[bool] = False
    fixed: ClassVar[bool] = False
    torch: ClassVar[str] = ""
    positional: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = ""
    tied_to: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    apart: ClassVar[tuple[str, ...]] = ()
    imports: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {name: each for name, each in vars(cls).items() if isinstance(each, Parameter)}
        # Parameters of the class itself come before those it inherits.
        shared = {key: each for key, each in cls.parameters.items() if key not in own}
        for base in cls.__mro__[1:]:
            for name, each in vars(base).items():
                if isinstance(each, Parameter) and name not in own:
                    shared.setdefault(name, each)
        every = {
            name: each if each.axes in (0, cls.spatial_axes) else each.for_axes(cls.spatial_axes)
            for name, each in {**own, **shared}.items()
        }
        others = [name for name in every if name not in INITIALIZATION]
        order = (*_FIRST, *others, *INITIALIZATION)
        cls.parameters = {name: every[name] for name in order if name in every}
        cls.required = frozenset(name for name, each in cls.parameters.items() if each.required)
        cls._defaults = {
            name: each.default for name, each in cls.parameters.items() if not each.required
        }
        if "help" in vars(cls):
            if cls.__name__ in REGISTRY:
                raise TypeError(f"there is already a layer type {cls.__name__}")
            REGISTRY[cls.__name__] = cls

    def __init__(self, **values: Any) -> None:
        given = {**self._defaults, **values}
        if given.keys() != self.parameters.keys():
            name = type(self).__name__
            missing = ", ".join(self.parameters.keys() - given.keys()) or "none"
            unknown = ", ".join(given.keys() - self.parameters.keys()) or "none"
            raise TypeError(f"{name}: missing parameters: {missing}; unknown ones: {unknown}")
        self.__dict__.update(given)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.parameters)
        return f"{type(self).__name__}({values})"

    def parameter_value(self, name: str) -> Any:
        """Return the value of a parameter."""
        return getattr(self, name)

    # Shapes, weights and cost

    def check(self) -> None:
        """Refuse parameters that contradict each other, before any input is known.

        Conv2d, for example, refuses padding "same" together with a stride, as torch does.

        Raises
        ------
        LayerError
            The parameters contradict each other.
        """

    def output_shape(self, inputs: Sequence[Tensor]) -> Shape:
        """Return the output's shape without the batch axis.

        GlobalAvgPool2d, for example, turns (512, 7, 7) into (512,).

        Raises
        ------
        LayerError
            The inputs do not fit the layer.
        """
        return inputs[0].shape

    def further_outputs(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return the outputs after the first, of a layer with several; their gradient is ignored.

        Split, for example, returns all parts but the first, as views of its input.
        """
        return ()

    def is_integer(self, inputs: Sequence[Tensor]) -> bool:
        """Return whether the first output is of whole numbers, as an Input of tokens is."""
        return self.keeps_type and bool(inputs) and inputs[0].integer

    def warning(self, inputs: Sequence[Tensor]) -> LayerError | None:
        """Return what is probably a mistake though torch computes it, as an error to be shown.

        Linear, for example, warns of an image, of which it reads only single rows.
        """
        return None

    def saturation(self) -> tuple[float, float] | None:
        """Return `saturates_at`; override it where the parameters decide, as for Hardtanh."""
        return self.saturates_at

    def needs_batch(self, inputs: Sequence[Tensor]) -> bool:
        """Return whether train mode needs a batch of at least two images.

        torch refuses a BatchNorm2d of a single 1x1 image: the deviation of one value per channel is
        0, whatever the network computes.
        """
        return False

    def states(self, inputs: Sequence[Tensor]) -> tuple[State, ...]:
        """Return the weights, biases and buffers, in the order and shape of torch's state dict.

        Linear with 10 outputs on 84 features returns
        ``(State("weight", (10, 84), WEIGHT), State("bias", (10,), BIAS))``.
        """
        return ()

    def macs(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the multiply-accumulates for one image, of convolutions and matrix products only.

        Linear with 10 outputs on 84 features needs 840. Elementwise layers, pools and norms are
        counted as 0, by convention.
        """
        return 0

    # Memory

    def saved_for_backward(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Return what autograd saves in train mode, given that a gradient is needed at all.

        MaxPool2d saves its input and the int64 index of each maximum:
        ``SavedForBackward(inputs=(0,), per_image=INDEX_BYTES * prod(output))``. ReLU saves its
        output, `ITS_OUTPUT`; Add saves `NOTHING`. The layer's own weights are not counted.
        ``tests/layers/test_table.py`` compares the answer with what torch really saves.
        """
        return NOTHING

    def saved_in_eval(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Return what autograd saves in eval mode; override it where that differs.

        Dropout saves its mask in train mode, but `NOTHING` in eval mode.
        """
        return self.saved_for_backward(inputs, output)

    def saved_when_frozen(
        self, inputs: Sequence[Tensor], output: Shape, training: bool
    ) -> SavedForBackward:
        """Return what autograd saves when an input needs a gradient but the weights do not.

        Linear saves its input only for the gradient of its weights, hence `NOTHING` here.
        """
        return (
            self.saved_for_backward(inputs, output)
            if training
            else self.saved_in_eval(inputs, output)
        )

    def saved_in_place(self, inputs: Sequence[Tensor], output: Shape) -> SavedForBackward:
        """Return what autograd saves when the layer overwrites its input; see `inplace`.

        LeakyReLU saves its input, but when it overwrites that, its output: `ITS_OUTPUT`.
        """
        return self.saved_for_backward(inputs, output)

    def ports_without_gradient(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        """Return the input ports through which no gradient passes: by default those of `decides`.

        Override it where the inputs' shapes decide, as in PreActShortcut.
        """
        return self.decides

    def is_view(self, inputs: Sequence[Tensor], training: bool) -> bool:
        """Return whether the output shares the first input's storage.

        Always for Identity, in eval mode for Dropout, for Flatten unless torch has to copy.
        """
        return False

    def layout(self, inputs: Sequence[Tensor]) -> Layout:
        """Return how the output's values lie in memory; new tensors are contiguous.

        Those of layers with `channels_last` have their channels last in memory if the input has.
        Views override this rule: Identity returns the layout of its input. So do elementwise
        layers, whose new tensor has the same order as the input: `layouts.elementwise_layout`. For
        a layer that is a view in eval mode only, such as Dropout, this is the layout in train mode;
        in eval mode it is the input's.
        """
        sequences = self.spatial_axes == 1
        last = self.channels_last and is_channels_last(inputs[0], sequences=sequences)
        return channels_last_layout(self.output_shape(inputs)) if last else CONTIGUOUS

    def layout_in_eval(self, inputs: Sequence[Tensor]) -> Layout:
        """Return how the output's values lie in memory in eval mode; override it if that differs.

        For a layer that is a view in eval mode only, the layout of its input is taken instead.
        """
        return self.layout(inputs)

    def storage_bytes(self, inputs: Sequence[Tensor], outputs: tuple[int, ...]) -> tuple[int, ...]:
        """Return the bytes of the storage of each output, from the bytes of the outputs.

        Override it where an output is a part of a larger tensor that the layer makes. A storage
        that several outputs share counts once.
        """
        return outputs

    def output_axes(self, inputs: Sequence[Tensor]) -> tuple[int, ...]:
        """Return what the axes of an output with three axes are; see `Tensor.axes`.

        Convolutions and pools read any three axes as an image, most other layers leave the axes of
        their inputs as they are. Permute and Reshape override it.
        """
        if not inputs or self.category in READS_IMAGES:
            return IMAGE_AXES
        axes = inputs[0].axes
        return axes if len(inputs) == 1 or all(each.axes == axes for each in inputs) else ()

    def parts(self, inputs: Sequence[Tensor], output: Shape) -> tuple[Part, ...]:
        """Return the torch layers that this layer is made of, as far as their outputs are counted.

        SeparableConv2d is made of two convolutions, so it returns two parts.
        """
        if not self.counts:
            return ()
        return (Part(inputs[0].values, prod(output), self.convolution),)

    def peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the most bytes that the layer allocates at once in eval mode without autograd.

        The output and all tensors that torch makes on the way count, the inputs do not. MaxPool2d
        makes the output and, though nobody reads it, an int64 index for each of its values:
        ``(FLOAT_BYTES + INDEX_BYTES) * prod(output)``. For layers that are a chain of operations
        there is `chain_peak`. ``tests/layers/test_table.py`` compares the answer with torch.
        """
        return FLOAT_BYTES * prod(output)

    def peak_when_frozen(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return `peak_bytes` for weights that take no gradient; override it where that differs.

        For such weights torch chooses another kernel for the product of a tensor of three or more
        axes whose rows lie at uneven distances: it does not copy the tensor (``should_fold`` in
        ``aten/src/ATen/native/LinearAlgebra.cpp``).
        """
        return self.peak_bytes(inputs, output)

    def fixed_peak_bytes(self, inputs: Sequence[Tensor], output: Shape) -> int:
        """Return the bytes that the layer allocates besides `peak_bytes`, whatever the batch.

        A convolution that standardizes its weights makes a second tensor of these.
        """
        return 0

    def preparing_bytes(self, inputs: Sequence[Tensor]) -> int:
        """Return the bytes that the layer allocates at once before its output, whatever the batch.

        While kernels are standardized there are, besides the new ones, a mean and a deviation of
        each. For a small output this is more than `peak_bytes` and `fixed_peak_bytes` together.
        """
        return 0

    def backward_scratch(self, inputs: Sequence[Tensor]) -> int:
        """Return the values for one image that its backward pass needs besides gradients.

        These are the gradients of its output, its inputs and its weights. LocalResponseNorm, a
        chain of operations, makes three more tensors of its input's size.
        """
        return 0

    def reads(self, inputs: Sequence[Tensor], output: Shape) -> Reads | None:
        """Return which inputs an output depends on; None if it depends on all of them.

        MaxPool2d with a 2x2 window and stride 2 returns ``Window((2, 2), (2, 2), (0.5, 0.5))``:
        output 0 depends on inputs 0 and 1, whose center lies at 0.5. LayerNorm over the width
        returns ``AllPositions((2,), directly=True)``, GlobalAvgPool2d returns None. The default,
        `POINT`, is right for elementwise layers. What a layer does when it predicts counts, so
        that a norm with running statistics is elementwise. Receptive fields follow from it.
        """
        return POINT

    # Generated code

    def constructor(self, code: Code) -> str:
        """Return the expression that builds the module, or "" where a plain function is enough.

        The default writes `torch` with its arguments: ``nn.Conv2d(64, 128, 3, stride=2)``.
        """
        if not self.torch:
            return ""
        sizes = {"in_channels": lambda: code.channels, "in_features": lambda: code.features}
        arguments = [
            sizes[name]() if name in sizes else code.argument(name) for name in self.positional
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
        """Return the expression that computes the output from those of the inputs.

        The default calls the module: ``self.conv1(x)``. Flatten, which has no module, returns
        ``torch.flatten(x, 1)``.
        """
        return f"{module}({', '.join(inputs)})"

    def channels(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the output's first axis as an expression over that of the inputs.

        Generated classes compute the sizes of later layers from it: Conv2d returns
        ``code.tree("out_channels")``, Concat the sum of its inputs. None means that no such
        expression exists; the generated class then takes the number as an argument.
        """
        return inputs[0]

    def features(self, inputs: Sequence[Tree], code: Code) -> Tree | None:
        """Return the output's last axis as an expression over that of the inputs.

        For tokens that is the axis of the features. The default is right for all layers whose
        output has the shape of their input; Linear returns ``code.tree("out_features")``.
        """
        return inputs[0] if inputs else None

    def further_channels(self, inputs: Sequence[Tree], code: Code) -> Sequence[Tree | None]:
        """Return the first axis of each of the `further_outputs`, as `channels` does."""
        return [None for _ in self.further_outputs(code.inputs)]

    def further_features(self, inputs: Sequence[Tree], code: Code) -> Sequence[Tree | None]:
        """Return the last axis of each of the `further_outputs`, as `features` does."""
        return [None for _ in self.further_outputs(code.inputs)]

    # Text for readers

    def summary(self) -> str:
        """Return the layer with its most telling parameters: ``Conv2d 7×7 /2, 64``."""
        return type(self).__name__

    def formula(self, inputs: Sequence[Tensor], output: Shape) -> tuple[str, ...]:
        """Return the formulas of shape, weights and cost with this layer's numbers in them."""
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
        """Return the formula of the output's shape: ``height, width = ⌊(28 - 2 + 2·0) / 2⌋ + 1``.

        One line for each axis, or one for several axes with the same numbers.
        """
        return (f"output = input = {show(output)}",)

    def macs_formula(self, inputs: Sequence[Tensor], output: Shape) -> str:
        """Return the product that `macs` computes: ``84 · 10`` for a Linear. Goes with `macs`."""
        return ""
