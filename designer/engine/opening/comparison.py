"""Whether a design computes what its source does: both get the same random input in eval mode."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from designer.analysis.analysis import Analysis
from designer.codegen import generate
from designer.engine.module import module_from_source
from designer.engine.opening import running, taking
from designer.engine.opening.reading import Network
from designer.readers.graph import Argument, NeutralGraph, Ref, TensorSpec

SEED = 1
ROUNDING = (
    "Computed with 32 bits, the outputs differ by {:.1e}, of {:.1e}, since the same is computed in "
    "another way or order. They were compared again, computed with 64 bits and rounded to 32."
)
DRAWN = (
    "The network draws random numbers. In the comparison they are 0, their mean, as they are in "
    "eval mode in the design."
)
_DOUBLE_BYTES = 24  # for each weight that must be free to compute with 64 bits: three copies
_HALF = ("float16", "bfloat16")
_FEW = 2  # whole numbers of an input that no embedding reads


@dataclass(frozen=True)
class Difference:
    """How two networks differ.

    Attributes
    ----------
    largest
        The largest difference between two outputs; infinite where only one of them is a number.
    scale
        The largest absolute value of the source's outputs.
    """

    largest: float
    scale: float


def of_example(path: Path) -> tuple[list[Tensor], list[Tensor]]:
    """Return the inputs and outputs that the process of a live module wrote."""
    found = load_file(path)

    def numbered(word: str) -> list[Tensor]:
        count = sum(name.startswith(f"{word}.") for name in found)
        return [found[f"{word}.{number}"] for number in range(count)]

    return numbered("input"), numbered("output")


def inputs_of(graph: NeutralGraph) -> list[Tensor]:
    """Return random inputs for a graph, in batches of its size, always the same."""
    generator = torch.Generator().manual_seed(SEED)
    return [
        _example(graph.values[name], _known_tokens(graph, name), generator) for name in graph.inputs
    ]


def _example(spec: TensorSpec, below: int, generator: torch.Generator) -> Tensor:
    dtype = getattr(torch, spec.dtype)
    if dtype.is_floating_point or dtype.is_complex:
        return torch.randn(spec.shape, generator=generator).to(dtype)
    tokens = torch.randint(below, spec.shape, generator=generator)
    if below > 1 and tokens.dim() > 1:
        tokens[..., 0] = 1  # a sequence that is padding as a whole has no outputs
    return tokens.to(dtype)


def _known_tokens(graph: NeutralGraph, name: str) -> int:
    """Return how many tokens the embeddings know that read an input, also through views."""
    readers, found = {name}, []
    for operation in graph.operations:
        first = operation.arguments.get("self", operation.arguments.get("indices"))
        if not isinstance(first, Ref) or first.name not in readers:
            continue
        weight = operation.arguments.get("weight")
        if operation.kind == "embedding" and isinstance(weight, Ref):
            found.append(graph.values[weight.name].shape[0])
        else:
            readers.update(operation.results)
    return min(found, default=_FEW)


def outputs_of(
    graph: NeutralGraph, inputs: Sequence[Tensor], progress: Callable[[float], None]
) -> list[Tensor]:
    """Return what a graph gives in eval mode.

    Raises
    ------
    NotRunnableError
        One of its operations cannot be run.
    """
    return running.run(graph, inputs, progress=progress)


def is_half_precision(graph: NeutralGraph) -> bool:
    """Tell whether a network computes with 16 bits, which a design does with 32."""
    return any(each.dtype in _HALF for each in graph.values.values())


def in_full_precision(graph: NeutralGraph) -> NeutralGraph:
    """Return a graph that computes with 32 bits where the network does with 16, and its weights."""
    return _with_types(graph, dict.fromkeys(_HALF, "float32"))


def in_double_precision(graph: NeutralGraph) -> NeutralGraph:
    """Return a graph that computes with 64 bits where the network does with 32."""
    return _with_types(graph, {"float32": "float64"})


def _with_types(graph: NeutralGraph, types: Mapping[str, str]) -> NeutralGraph:
    """Return a graph that has other types in the place of some."""

    def changed(spec: TensorSpec) -> TensorSpec:
        return spec._replace(dtype=types.get(spec.dtype, spec.dtype))

    def argument(value: Argument) -> Argument:
        return types.get(value, value) if isinstance(value, str) else value

    return replace(
        graph,
        values={name: changed(each) for name, each in graph.values.items()},
        tensors={
            name: replace(each, spec=changed(each.spec)) for name, each in graph.tensors.items()
        },
        operations=tuple(
            replace(each, arguments={key: argument(one) for key, one in each.arguments.items()})
            for each in graph.operations
        ),
    )


def outputs_of_design(
    network: nn.Module, inputs: Sequence[Tensor], axis: int = 0, output_axes: Sequence[int] = ()
) -> list[Tensor]:
    """Return what the module of a design gives in eval mode, in the order of its Outputs.

    Parameters
    ----------
    network
        The module, whose inputs and outputs have the images along their first axis.
    inputs
        Those of the source; the module takes fractions with as many bits as its weights have.
    axis, output_axes
        Along which axes of its inputs, and of each of its outputs, the source has the images.

    Raises
    ------
    NotRunnableError
        The module cannot be run.
    """
    stored = (*network.parameters(), *network.buffers())
    kind = next((each.dtype for each in stored if each.is_floating_point()), None)
    given = [_as_type(each.movedim(axis, 0), kind or torch.float32) for each in inputs]
    try:
        with torch.no_grad(), _plain_attention():
            found: Any = network.eval()(*given)
    except Exception as error:  # torch raises errors of many classes
        reason = " ".join(str(error).split())[:300].rstrip(".")
        raise running.NotRunnableError(f"the design cannot be run: {reason}.") from error
    if isinstance(found, Mapping):
        outputs = list(found.values())
    else:
        outputs = [found] if isinstance(found, Tensor) else list(found)
    for number, own in enumerate(output_axes[: len(outputs)]):
        if own < outputs[number].dim():
            outputs[number] = outputs[number].movedim(0, own)
    return outputs


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Let nn.MultiheadAttention compute as in training, as exported programs do.

    Otherwise it may take one fused operation in eval mode, which rounds in another way.
    """
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


def _as_type(tensor: Tensor, kind: torch.dtype) -> Tensor:
    if tensor.is_floating_point():
        return tensor.to(kind)
    return tensor if tensor.is_complex() else tensor.long()


def difference(expected: Sequence[Tensor], found: Sequence[Tensor]) -> Difference:
    """Compare outputs one by one.

    Raises
    ------
    ValueError
        They have other shapes; the message says which.
    """
    if len(expected) != len(found):
        raise ValueError(f"the source has {len(expected)} outputs and the design {len(found)}")
    largest = scale = 0.0
    for one, other in zip(expected, found, strict=True):
        # A design has an axis of 1 where a module gives a single number for each image.
        if [each for each in one.shape if each != 1] != [each for each in other.shape if each != 1]:
            raise ValueError(
                f"an output of the source has the shape {tuple(one.shape)} and that of the design "
                f"{tuple(other.shape)}"
            )
        if not one.numel():
            continue
        first, second = one.double(), other.reshape(one.shape).double()
        same = (first == second) | (first.isnan() & second.isnan())
        apart = (first - second).abs().masked_fill(same, 0.0).nan_to_num(math.inf, math.inf)
        largest = max(largest, float(apart.max()))
        scale = max(scale, float(first.abs().nan_to_num(0.0, 0.0, 0.0).max()))
    return Difference(largest, scale)


def compare(
    network: Network,
    analysis: Analysis,
    taken: taking.Taken,
    progress: Callable[[float], None],
) -> Difference:
    """Compare what a network and its design give.

    Raises
    ------
    NotRunnableError
        One of the two cannot be run.
    ValueError
        Their outputs have other shapes.
    """
    assert network.graph is not None
    module = compiled(analysis, taken)
    graph = network.graph
    inputs, known = network.example or (inputs_of(graph), [])
    if is_half_precision(graph):
        # Else the roundings to 16 bits would be larger than what tells two networks apart.
        graph = in_full_precision(graph)
        inputs, known = inputs_of(graph), []
    found = outputs_of_design(module, inputs, network.axis, network.output_axes)
    if len(known) == len(found) and not draws(network):
        return difference(known, found)
    # In eval mode a module may leave out outputs that its program has, as those of GoogLeNet.
    expected = outputs_of(graph, inputs, progress)
    return difference(expected, found)


def draws(network: Network) -> bool:
    """Tell whether a network draws normally distributed numbers."""
    assert network.graph is not None
    return any(each.kind in running.DRAWN for each in network.graph.operations)


def compare_with_64_bits(
    network: Network,
    analysis: Analysis,
    taken: taking.Taken,
    progress: Callable[[float], None],
) -> Difference | None:
    """Compare outputs that are computed with 64 bits and rounded to 32; None if that cannot be.

    Operations in another order, as a matrix product with other rows beside a row, round in another
    way with 32 bits. With 64 bits too, but beyond what is left of them.
    """
    assert network.graph is not None
    if running.free_bytes() < _DOUBLE_BYTES * sum(each.numel() for each in taken.state.values()):
        return None
    module = compiled(analysis, taken).double()
    graph = network.graph
    if is_half_precision(graph):
        graph = in_full_precision(graph)
    inputs = [each.double() if each.is_floating_point() else each for each in inputs_of(graph)]
    try:
        found = outputs_of_design(module, inputs, network.axis, network.output_axes)
        expected = outputs_of(in_double_precision(graph), inputs, progress)
        return difference([each.float() for each in expected], [each.float() for each in found])
    except (running.NotRunnableError, ValueError):
        return None


def compiled(analysis: Analysis, taken: taking.Taken) -> nn.Module:
    """Return the module of a design with the weights of its source."""
    generated = generate(analysis.design, analysis)
    with torch.device("meta"):
        network = module_from_source(generated.source, generated.class_name)
    taking.load(network, taken)
    return network
