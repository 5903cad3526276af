"""The weights of a file that carries its design: its tensors under the names of the design."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from designer.analysis.analysis import Analysis
from designer.engine import program_names
from designer.engine.opening import taking
from designer.folding.leaves import leaves_of
from designer.folding.patterns.converted import Weight
from designer.layers.normalization import BatchNorm2d
from designer.layers.tensors import Shape, state_key
from designer.readers.graph import NeutralGraph, Ref, StoredTensor


def weights_of(graph: NeutralGraph, analysis: Analysis) -> Mapping[str, Weight]:
    """Return where the tensors of a design are in the file that carries it.

    Parameters
    ----------
    graph
        The operations of the file.
    analysis
        Of the design.
    """
    shapes = taking.shapes_of(analysis)
    stored = {_own_name(each.key, shapes): each for each in graph.tensors.values()}
    found = {
        name: Weight(each.key, each.read)
        for name, each in stored.items()
        if shapes.get(name) == each.spec.shape
    }
    zeros = _left_out_biases(graph, shapes, stored)
    return {**zeros, **found, **_folded_norms(graph, analysis, shapes, stored)}


def _own_name(key: str, shapes: Mapping[str, Shape]) -> str:
    """Return the design's name of a tensor, which a program may have under another one."""
    first, dot, rest = key.partition(".")
    own = first.rstrip("_")
    if key not in shapes and own in program_names.taken():
        return own + dot + rest
    return key


def _folded_norms(
    graph: NeutralGraph,
    analysis: Analysis,
    shapes: Mapping[str, Shape],
    stored: Mapping[str, StoredTensor],
) -> Mapping[str, Weight]:
    """Return tensors of normalizations that ONNX files have within the convolutions before them.

    The convolution of the file does what both did. The normalization adds its bias then, and leaves
    the rest as it is.
    """
    leaves = leaves_of(analysis.design)
    if leaves is None:
        return {}
    found: dict[str, Weight] = {}
    biases = _biases(graph)
    for path, node in leaves.nodes.items():
        mean = state_key(path, "running_mean")
        if mean not in shapes or mean in stored or not node.layer.startswith("BatchNorm"):
            continue
        before = leaves.sources[path].get(0, ("", 0))[0]
        weight = stored.get(state_key(before, "weight"))
        if weight is None:
            continue
        bias = None if state_key(before, "bias") in shapes else biases.get(weight.key)
        epsilon = float(node.parameters.get("eps", BatchNorm2d.parameters["eps"].default))
        values = _identity(shapes[mean], epsilon, bias)
        found |= {
            state_key(path, name): value
            for name, value in values.items()
            if state_key(path, name) in shapes
        }
    return found


def _biases(graph: NeutralGraph) -> Mapping[str, StoredTensor]:
    """Return the biases of the file's operations by the keys of their weights."""
    found: dict[str, StoredTensor] = {}
    for operation in graph.operations:
        weight, bias = (operation.arguments.get(name) for name in ("weight", "bias"))
        if isinstance(weight, Ref) and isinstance(bias, Ref):
            one, other = graph.tensors.get(weight.name), graph.tensors.get(bias.name)
            if one is not None and other is not None:
                found[one.key] = other
    return found


def _left_out_biases(
    graph: NeutralGraph, shapes: Mapping[str, Shape], stored: Mapping[str, StoredTensor]
) -> Mapping[str, Weight]:
    """Return the biases that ONNX files leave out, since they are 0."""
    biases, found = _biases(graph), {}
    for name, shape in shapes.items():
        weight = stored.get(f"{name.removesuffix('bias')}weight")
        unnamed = name.endswith(".bias") and name not in stored
        if not unnamed or weight is None or weight.spec.shape[:1] != shape:
            continue
        if weight.key not in biases:
            found[name] = _computed(shape, 0.0)
    return found


def _computed(shape: Shape, value: float) -> Weight:
    return Weight("", lambda: np.full(shape, value, np.float32))


def _identity(shape: Shape, epsilon: float, bias: StoredTensor | None) -> Mapping[str, Weight]:
    """Return the tensors of a batch norm that adds a bias, in eval mode, and does nothing else."""

    def mean() -> Any:
        return np.zeros(shape, np.float32) if bias is None else -np.asarray(bias.read())

    return {
        "weight": _computed(shape, 1.0),
        "bias": _computed(shape, 0.0),
        "running_mean": Weight("" if bias is None else bias.key, mean),
        "running_var": _computed(shape, 1.0 - epsilon),
        "num_batches_tracked": Weight("", lambda: np.zeros((), np.int64)),
    }
