"""The tensors of a design by their names in the state dict, and how their modules are connected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.layers.tensors import Shape, State, state_key


@dataclass(frozen=True, slots=True)
class Module:
    """A torch module of the design that holds tensors, or a stored tensor of its own.

    Attributes
    ----------
    path
        Its name in the state dict, as in ``layer1.0.conv1``.
    layer
        The path of the layer it belongs to: a separable convolution has two modules.
    tensors
        The shapes of its parameters and buffers by their own names, as in ``weight``; that of a
        stored tensor is "". `state_key` joins path and name.
    before
        The paths of the modules whose outputs reach it through layers without tensors.
    image
        The shape (channels, height, width) of the image that is flattened into its input; None
        where its input is not a flattened image.
    """

    path: str
    layer: str
    tensors: Mapping[str, Shape]
    before: tuple[str, ...]
    image: Shape | None = None


def modules(analysis: Analysis) -> list[Module]:
    """Return the modules that hold tensors, in the order of the state dict.

    Layers whose output could not be inferred are left out.
    """
    found: dict[str, Module] = {}
    _graph(analysis.top, "", "", [], found)
    return [*found.values()]


@dataclass(frozen=True, slots=True)
class _Upstream:
    """The nearest modules before a tensor, and the image that it was flattened from."""

    modules: tuple[str, ...] = ()
    image: Shape | None = None


_START = _Upstream()


def _graph(
    graph: GraphResult,
    prefix: str,
    owner: str,
    inputs: Sequence[_Upstream],
    found: dict[str, Module],
) -> list[_Upstream]:
    """Add a graph's modules to `found`; return what lies before its outputs.

    Parameters
    ----------
    graph, prefix
        The graph, and what precedes the names of its nodes in their paths.
    owner
        What precedes them in the paths of their modules: where the block shares weights, the path
        of the node that has them.
    inputs
        What lies before its inputs.
    found
        The modules by name.
    """
    upstream: dict[tuple[str, int], _Upstream] = {}
    nodes = graph.wiring.graph.nodes
    ends = [name for name in graph.wiring.targets if name not in nodes]
    for end, each in zip(ends, inputs, strict=False):
        upstream[end, 0] = each
    for name in graph.wiring.order:
        result = graph.nodes[name]
        sources = graph.wiring.sources[name]
        module = owner + graph.wiring.shared.get(name, name)
        given = [upstream.get(source, _START) if source else _START for source in sources]
        if result.inside is not None:
            outputs = _graph(result.inside, f"{prefix}{name}.", f"{module}.", given, found)
            upstream.update(((name, port), each) for port, each in enumerate(outputs))
        else:
            upstream[name, 0] = _layer(module, result, given, found)
    return [
        upstream.get(sources[0], _START) if sources and sources[0] else _START
        for end, sources in graph.wiring.sources.items()
        if end not in nodes
    ]


def _layer(
    path: str, result: NodeResult, given: Sequence[_Upstream], found: dict[str, Module]
) -> _Upstream:
    before = tuple(dict.fromkeys(each for one in given for each in one.modules))
    if result.layer is not None and result.effect is not None and result.layer.stored:
        for state in result.layer.states(()):
            name = state_key(path, state.name)
            found.setdefault(name, Module(name, path, {"": state.shape}, before))
        return _Upstream(before)
    if result.layer is None or result.effect is None or not given:
        return _Upstream(before)
    inputs = tuple(each for each in result.inputs if each is not None)
    flow = result.outputs[0]
    output = flow.shape if flow is not None else ()
    image = given[0].image
    if len(inputs[0].shape) == 3 and output == (prod(inputs[0].shape),):
        image = inputs[0].shape
    for part, tensors in _by_module(result.layer.states(inputs)).items():
        name = f"{path}.{part}" if part else path
        found.setdefault(name, Module(name, path, tensors, before, image))
        before = (name,)
    # Only an unchanged row of values still has the order of the image.
    return _Upstream(before, image if output == _row(image) else None)


def _row(image: Shape | None) -> Shape | None:
    return None if image is None else (prod(image),)


def _by_module(states: Sequence[State]) -> dict[str, dict[str, Shape]]:
    parts: dict[str, dict[str, Shape]] = {}
    for state in states:
        part, _, name = state.name.rpartition(".")
        parts.setdefault(part, {})[name] = state.shape
    return parts
