"""Concatenations that grow: ``cat(a, b, c)`` beside ``cat(a, b)`` becomes ``cat(cat(a, b), c)``.

In a DenseNet each layer reads the outputs of all layers before it. Written as above, each layer
reads one tensor and gives a longer one, so that all layers are uses of one block. The same values
are concatenated, and what is saved for backward is the same. What is alive at once while the
network predicts is not: the output of a layer is freed once it has been concatenated.
"""

from collections.abc import Mapping
from dataclasses import replace

from designer.analysis.evaluation.wiring import without_nodes
from designer.design.values import Design, Edge, Graph, LayerNode
from designer.readers.graph import Module

CONCAT = "Concat"
_LAYERS = "torch.nn.modules."
_Port = tuple[str, int]


def with_growing_concats(
    design: Design, modules: Mapping[str, tuple[Module, ...]]
) -> tuple[Design, dict[str, tuple[Module, ...]]]:
    """Return a design whose concatenations go on from shorter ones, and its nodes' modules.

    A concatenation that goes on from another one moves to the modules of what it adds.

    Parameters
    ----------
    design
        A design; its own graph is changed.
    modules
        For its nodes, the modules that they came from.
    """
    graph = _without_single(design.graph)
    design = replace(design, graph=graph)
    modules = {name: each for name, each in modules.items() if name in graph.nodes}
    given: dict[str, dict[int, _Port]] = {}
    for edge in graph.edges:
        given.setdefault(edge.target, {})[edge.target_port] = edge.source, edge.source_port
    known: dict[tuple[object, ...], str] = {}
    sources: dict[str, tuple[_Port, ...]] = {}
    alike: dict[str, object] = {}
    for name, node in graph.nodes.items():
        entering = given.get(name, {})
        if not isinstance(node, LayerNode) or node.layer != CONCAT or node.when is not True:
            continue
        if sorted(entering) == [*range(len(entering))] and len(entering) > 1:
            sources[name] = tuple(entering[port] for port in range(len(entering)))
            alike[name] = tuple(sorted(node.parameters.items()))
            known.setdefault((alike[name], *sources[name]), name)
    changed: dict[str, tuple[_Port, ...]] = {}
    for name, ports in sources.items():
        for length in range(len(ports) - 1, 1, -1):
            shorter = known.get((alike[name], *ports[:length]))
            if shorter is not None:
                changed[name] = (shorter, 0), *ports[length:]
                break
    if not changed:
        return design, dict(modules)
    edges = [edge for edge in graph.edges if edge.target not in changed]
    edges += [
        Edge(*source, name, port)
        for name, ports in changed.items()
        for port, source in enumerate(ports)
    ]
    moved = dict(modules)
    started = {ports[0][0] for ports in changed.values()}
    for name in {*changed, *started}:
        last = changed.get(name, sources[name])[-1][0]
        if last in modules:
            moved[name] = _around(modules[last])
    return replace(design, graph=replace(graph, edges=tuple(edges))), moved


def _without_single(graph: Graph) -> Graph:
    """Return a graph without concatenations of one tensor, which give that tensor."""
    entering: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        entering.setdefault(edge.target, []).append(edge)
    single = [
        name
        for name, node in graph.nodes.items()
        if isinstance(node, LayerNode)
        and node.layer == CONCAT
        and node.when is True
        and len(entering.get(name, ())) == 1
    ]
    return without_nodes(graph, (), single) if single else graph


def _around(modules: tuple[Module, ...]) -> tuple[Module, ...]:
    """Return the modules around a node without that of a single layer."""
    return modules[:-1] if modules and modules[-1].kind.startswith(_LAYERS) else modules
