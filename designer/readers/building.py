"""Building a neutral graph operation by operation, for formats that name layers, not operations."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from designer.readers.graph import (
    PARAMETER,
    Argument,
    Module,
    NeutralGraph,
    Operation,
    Ref,
    Shape,
    StoredTensor,
    TensorSpec,
)

BATCH = 2
"""Images in the batch of the graphs of formats that leave it open; with 1, an axis of size 1 could
be either the batch or one of the image."""

_MODULES: Mapping[str, str] = {
    "conv1d": "conv.Conv1d",
    "conv2d": "conv.Conv2d",
    "conv3d": "conv.Conv3d",
    "conv_transpose1d": "conv.ConvTranspose1d",
    "conv_transpose2d": "conv.ConvTranspose2d",
    "conv_transpose3d": "conv.ConvTranspose3d",
    "linear": "linear.Linear",
    "embedding": "sparse.Embedding",
    "layer_norm": "normalization.LayerNorm",
    "group_norm": "normalization.GroupNorm",
    "max_pool1d": "pooling.MaxPool1d",
    "max_pool2d": "pooling.MaxPool2d",
    "max_pool3d": "pooling.MaxPool3d",
    "avg_pool1d": "pooling.AvgPool1d",
    "avg_pool2d": "pooling.AvgPool2d",
    "avg_pool3d": "pooling.AvgPool3d",
    "adaptive_avg_pool1d": "pooling.AdaptiveAvgPool1d",
    "adaptive_avg_pool2d": "pooling.AdaptiveAvgPool2d",
    "adaptive_avg_pool3d": "pooling.AdaptiveAvgPool3d",
    "adaptive_max_pool1d": "pooling.AdaptiveMaxPool1d",
    "adaptive_max_pool2d": "pooling.AdaptiveMaxPool2d",
    "adaptive_max_pool3d": "pooling.AdaptiveMaxPool3d",
    "constant_pad_nd": "padding.ConstantPad",  # with the number of axes, see `module_kind`
    "dropout": "dropout.Dropout",
    "relu": "activation.ReLU",
    "leaky_relu": "activation.LeakyReLU",
    "prelu": "activation.PReLU",
    "elu": "activation.ELU",
    "selu": "activation.SELU",
    "celu": "activation.CELU",
    "gelu": "activation.GELU",
    "silu": "activation.SiLU",
    "mish": "activation.Mish",
    "sigmoid": "activation.Sigmoid",
    "tanh": "activation.Tanh",
    "softmax": "activation.Softmax",
    "log_softmax": "activation.LogSoftmax",
    "hardsigmoid": "activation.Hardsigmoid",
    "hardswish": "activation.Hardswish",
    "hardtanh": "activation.Hardtanh",
    "softplus": "activation.Softplus",
    "flatten": "flatten.Flatten",
}
"""Operations that are what a module of torch does, alone, and that module."""


def module_kind(operation: str, rank: int) -> str | None:
    """Return the class of torch whose module runs an operation and nothing else.

    Parameters
    ----------
    operation
        Torch's name of the function.
    rank
        Axes of its input, the batch included.
    """
    if operation == "batch_norm":
        return f"torch.nn.modules.batchnorm.BatchNorm{max(rank - 2, 1)}d"
    if operation == "feature_dropout":
        return f"torch.nn.modules.dropout.Dropout{max(rank - 2, 1)}d"
    found = _MODULES.get(operation)
    if found is None:
        return None
    return f"torch.nn.modules.{found}{f'{rank - 2}d' if operation == 'constant_pad_nd' else ''}"


class GraphBuilder:
    """Collects operations and tensors of a graph, and gives them names.

    Parameters
    ----------
    name
        The network's name for people.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.notes: list[str] = []
        self._inputs: list[str] = []
        self._operations: list[Operation] = []
        self._values: dict[str, TensorSpec] = {}
        self._tensors: dict[str, StoredTensor] = {}
        self._by_key: dict[str, str] = {}

    def spec(self, ref: Ref) -> TensorSpec:
        """Return shape and type of a value."""
        return self._values[ref.name]

    def shape(self, ref: Ref) -> Shape:
        """Return the shape of a value."""
        return self._values[ref.name].shape

    def input(self, name: str, spec: TensorSpec) -> Ref:
        """Add a value that the user gives."""
        unique = self._unique(name)
        self._inputs.append(unique)
        self._values[unique] = spec
        return Ref(unique)

    def has_tensor(self, key: str) -> bool:
        """Tell whether a tensor of this name was added."""
        return key in self._by_key

    def tensor(self, key: str, shape: Shape, read: Callable[[], Any], kind: str = PARAMETER) -> Ref:
        """Return a stored tensor, the same for the same name in the state dict.

        Raises
        ------
        ValueError
            There is one of this name with another shape.
        """
        if key in self._by_key:
            ref = Ref(self._by_key[key])
            if self.shape(ref) != shape:
                raise ValueError(
                    f"the tensor {key!r} is used with the shapes {self.shape(ref)} and {shape}"
                )
            return ref
        name = self._unique(key)
        spec = TensorSpec(shape)
        self._values[name] = spec
        self._tensors[name] = StoredTensor(key, spec, kind, read)
        self._by_key[key] = name
        return Ref(name)

    def emit(
        self,
        kind: str,
        shapes: Sequence[Shape],
        arguments: Mapping[str, Argument],
        *,
        modules: tuple[Module, ...] = (),
        original: str = "",
        name: str = "",
        dtype: str = "float32",
    ) -> tuple[Ref, ...]:
        """Add an operation and return its results.

        Parameters
        ----------
        kind
            Torch's name of the function.
        shapes
            The shape of each result.
        arguments
            By torch's names; a list becomes a tuple.
        modules
            The modules that run it, the outermost first.
        original
            What the format calls it.
        name
            What its results are called in the graph.
        dtype
            The type of its results.
        """
        results = tuple(self._unique(name or kind) for _ in shapes)
        for result, shape in zip(results, shapes, strict=True):
            if any(size < 1 for size in shape):
                raise ValueError(f"{name or original or kind} gives the shape {[*shape]}")
            self._values[result] = TensorSpec(tuple(shape), dtype)
        self._operations.append(
            Operation(
                kind=kind,
                arguments={
                    key: tuple(each) if isinstance(each, list) else each
                    for key, each in arguments.items()
                },
                results=results,
                modules=modules,
                original=original,
            )
        )
        return tuple(Ref(each) for each in results)

    def note(self, sentence: str) -> None:
        """Add a sentence on what the format could not keep, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def graph(self, outputs: Sequence[Ref], without_values: str = "") -> NeutralGraph:
        """Return the graph of all that was added."""
        batch = next((self._values[each].shape[0] for each in self._inputs), 1)
        return NeutralGraph(
            name=self.name,
            inputs=tuple(self._inputs),
            outputs=tuple(each.name for each in outputs),
            operations=tuple(self._operations),
            values=self._values,
            tensors=self._tensors,
            batch=batch,
            training=True,
            notes=tuple(self.notes),
            without_values=without_values,
        )

    def _unique(self, wanted: str) -> str:
        base = re.sub(r"\W", "_", wanted) or "value"
        name, number = base, 1
        while name in self._values:
            number += 1
            name = f"{base}_{number}"
        self._values[name] = TensorSpec(())  # taken, until its shape is known
        return name
