"""The tensors of a design by their names in the state dict, and how their modules are wired."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.layers.tensors import Shape, State


@dataclass(frozen=True, slots=True)
class Module:
    """A torch module of the design that holds tensors.

    Attributes
    ----------
    path
        Its name in the state dict, as in ``layer1.0.conv1``.
    layer
        The path of the layer it belongs to: a separable convolution has two modules.
    tensors
        The shapes of its parameters and buffers by their own names, as in ``weight``.
    before
        The paths of the modules whose outputs reach it through layers without tensors.
    image
        The shape (channels, height, width) whose values it gets in a row; None where it does not.
    """

    path: str
    layer: str
    tensors: Mapping[str, Shape]
    before: tuple[str, ...]
    image: Shape | None = None


def modules(analysis: Analysis) -> list[Module]:
    """Return the modules that hold tensors, in the order of the state dict.

    Layers of which nothing could be inferred are left out.
    """
    found: list[Module] = []
    _graph(analysis.top, "", [], found)
    return found


@dataclass(frozen=True, slots=True)
class _Way:
    """What lies before a tensor: the nearest modules, and the image it was flattened from."""

    modules: tuple[str, ...] = ()
    image: Shape | None = None


_START = _Way()


def _graph(
    graph: GraphResult, prefix: str, inputs: Sequence[_Way], found: list[Module]
) -> list[_Way]:
    """Append a graph's modules; return the ways to its outputs."""
    aliases: dict[tuple[str, int], _Way] = {}
    nodes = graph.wiring.graph.nodes
    ends = [name for name in graph.wiring.targets if name not in nodes]
    for end, alias in zip(ends, inputs, strict=False):
        aliases[end, 0] = alias
    for name in graph.wiring.order:
        result = graph.nodes[name]
        sources = graph.wiring.sources[name]
        given = [aliases.get(source, _START) if source else _START for source in sources]
        if result.inside is not None:
            outputs = _graph(result.inside, f"{prefix}{name}.", given, found)
            aliases.update(((name, port), alias) for port, alias in enumerate(outputs))
        else:
            aliases[name, 0] = _layer(prefix + name, result, given, found)
    return [
        aliases.get(sources[0], _START) if sources and sources[0] else _START
        for end, sources in graph.wiring.sources.items()
        if end not in nodes
    ]


def _layer(path: str, result: NodeResult, given: Sequence[_Way], found: list[Module]) -> _Way:
    before = tuple(dict.fromkeys(each for alias in given for each in alias.modules))
    if result.layer is None or result.effect is None or not given:
        return _Way(before)
    inputs = tuple(each for each in result.inputs if each is not None)
    flow = result.outputs[0]
    output = flow.shape if flow is not None else ()
    image = given[0].image
    if len(inputs[0].shape) == 3 and output == (prod(inputs[0].shape),):
        image = inputs[0].shape
    for part, tensors in _by_module(result.layer.states(inputs)).items():
        name = f"{path}.{part}" if part else path
        found.append(Module(name, path, tensors, before, image))
        before = (name,)
    # What is neither an image nor the same row any more forgets where its values came from.
    return _Way(before, image if output == _row(image) else None)


def _row(image: Shape | None) -> Shape | None:
    return None if image is None else (prod(image),)


def _by_module(states: Sequence[State]) -> dict[str, dict[str, Shape]]:
    parts: dict[str, dict[str, Shape]] = {}
    for state in states:
        part, _, name = state.name.rpartition(".")
        parts.setdefault(part, {})[name] = state.shape
    return parts
