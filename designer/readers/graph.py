"""The neutral graph: a network from elsewhere as operations on tensors, whatever its format was.

Each reader of this package gives one. Operations have torch's names and arguments, so that one
table (`designer.folding.patterns`) makes layers of them, from whichever format they came.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

Shape: TypeAlias = tuple[int, ...]

PARAMETER, BUFFER, CONSTANT = "parameter", "buffer", "constant"
"""What a stored tensor is: learned, saved without being learned, or a value that the file holds
without a name in the state dict."""


class Ref(NamedTuple):
    """A value of the graph as an argument of an operation."""

    name: str


Argument: TypeAlias = Any
"""None, a bool, int, float or str, a `Ref`, or a tuple of these."""


class TensorSpec(NamedTuple):
    """What is known of a value without running the network.

    Attributes
    ----------
    shape
        Sizes of its axes, the batch included.
    dtype
        Type of its elements by torch's name, such as ``float32``.
    """

    shape: Shape
    dtype: str = "float32"


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that the file holds.

    Attributes
    ----------
    key
        Its name in the state dict, ``layer1.0.conv1.weight``; for a constant any name.
    spec
        Shape and type.
    kind
        `PARAMETER`, `BUFFER` or `CONSTANT`.
    read
        Returns its values as a numpy array of the shape; read only when they are needed. Raises
        `DesignerError` where the file holds none (`NeutralGraph.without_values`).
    storage
        The same text for tensors that are one in memory, as tied weights are; "" if not known.
    """

    key: str
    spec: TensorSpec
    kind: str
    read: Callable[[], Any] = field(compare=False)
    storage: str = ""


class Module(NamedTuple):
    """A module that runs an operation.

    Attributes
    ----------
    path
        Its path in the whole network, ``layer1.0.conv1``; "" for the network itself.
    kind
        Its class with the module that defines it, ``torch.nn.modules.conv.Conv2d``.
    """

    path: str
    kind: str


@dataclass(frozen=True)
class Operation:
    """A function of tensors.

    Attributes
    ----------
    kind
        Torch's name of the function without its overload: ``conv2d``, ``add_``, ``slice``.
    arguments
        By torch's names, those with their default left out.
    results
        The values that it gives.
    modules
        The modules that run it, the outermost first.
    line
        Where the source calls it, ``resnet.py:152``; "" if the file does not say.
    original
        What the format calls it, ``aten.conv2d.default`` or ``Conv``.
    reason
        What of it no function of torch is, such as ``a resize by tf_crop_and_resize``; "" if it is
        one.
    """

    kind: str
    arguments: Mapping[str, Argument]
    results: tuple[str, ...]
    modules: tuple[Module, ...] = ()
    line: str = ""
    original: str = ""
    reason: str = ""


@dataclass(frozen=True)
class NeutralGraph:
    """A network as its file has it.

    Attributes
    ----------
    name
        A name for people.
    inputs
        The values that a user gives, in order.
    outputs
        The values that it returns, in order.
    operations
        In an order in which they can run.
    values
        What is known of each value, inputs and stored tensors included.
    tensors
        The stored tensors by the values that they are.
    batch
        The number of images in a batch, for the shapes in `values`.
    training
        Whether it does what it does in train mode, with dropout.
    output_names
        What a module calls its outputs, as the keys of a dict; "" or nothing where it does not.
    notes
        Whole sentences on what the format could not keep.
    without_values
        A sentence that says why the tensors have shapes and no values, as in a file that holds the
        structure alone; "" if they have.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    operations: tuple[Operation, ...]
    values: Mapping[str, TensorSpec]
    tensors: Mapping[str, StoredTensor]
    batch: int = 1
    training: bool = False
    output_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    without_values: str = ""


def fault(graph: NeutralGraph) -> str | None:
    """Return what keeps a graph from being one, as a sentence; None if nothing does.

    Every value must be given once, before it is read, and its shape be known.
    """
    known: set[str] = set()
    for name in (*graph.inputs, *graph.tensors):
        if name in known:
            return f"The value {name!r} is given twice."
        known.add(name)
    for operation in graph.operations:
        for name in _read(operation.arguments.values()):
            if name not in known:
                return f"{operation.original} reads {name!r}, which nothing before it gives."
        for name in operation.results:
            if name in known:
                return f"The value {name!r} is given twice."
            known.add(name)
    if not graph.inputs:
        return "It takes no input."
    if not graph.outputs:
        return "It gives no output."
    unknown = [name for name in graph.outputs if name not in known]
    if unknown:
        return f"It gives {unknown[0]!r}, which no operation computes."
    for name in known:
        spec = graph.values.get(name)
        if spec is None:
            return f"The shape of the value {name!r} is not known."
        if any(type(size) is not int or size < 0 for size in spec.shape):
            return f"The value {name!r} has the shape {spec.shape}."
    return None


def _read(arguments: Iterable[Argument]) -> Iterator[str]:
    for each in arguments:
        if isinstance(each, Ref):
            yield each.name
        elif isinstance(each, tuple):
            yield from _read(each)
