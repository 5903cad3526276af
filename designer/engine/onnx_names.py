"""Names in ONNX files: those of the design's nodes, and nothing of the machine that wrote them.

torch's exporter numbers what it writes (``node_Conv_293``, ``getitem_3``) and adds a stack trace to
each node, with the folders of torch and of the user. Here nodes and values get the graph paths of
the design's nodes, as ``check`` and the state dict have them, and the traces are removed.
"""

import ast
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from torch import nn

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult
from designer.analysis.evaluation.shared_weights import is_tied

_SCOPES = "pkg.torch.onnx.name_scopes"  # the exporter's key for the modules around an operation


def restore(model: Any, names: Mapping[str, str]) -> None:
    """Give parts of the network that were exported under another name their own again.

    Parameters
    ----------
    model
        The ``onnx_ir.Model`` as the exporter made it, which is changed.
    names
        The other name of each part, as `designer.engine.program_names.new_names` returns them.
    """
    own = {new: name for name, new in names.items()}
    if not own:
        return

    def original(path: str) -> str:
        first, dot, rest = path.partition(".")
        return own.get(first, first) + dot + rest

    for value in list(model.graph.initializers.values()):
        value.name = original(value.name)
    for node in model.graph:
        text = node.metadata_props.get(_SCOPES)
        if text is not None:
            *modules, operation = ast.literal_eval(text)
            node.metadata_props[_SCOPES] = repr([*map(original, modules), operation])


def rename(model: Any, network: nn.Module, analysis: Analysis) -> None:
    """Name nodes and values of an ONNX program by the design and remove the exporter's metadata.

    A node that is the only operation of a layer is named ``layer1.0.conv1``, as is the value that
    it computes. Of several operations the last has this name, and the others have the operator
    behind it, as in ``norm1/Pad``. A convolution that has taken in a normalization keeps its own
    name and computes the normalization's value. Each node's metadata has the blocks around it under
    ``namespace``. Inputs, outputs and weights keep their names.

    Parameters
    ----------
    model
        The ``onnx_ir.Model``, which is changed.
    network, analysis
        The module that it was written from, and the analysis of the design.
    """
    _name(model.graph, {path for path, _ in network.named_modules()}, analysis)
    model.graph.name = analysis.design.name or "network"
    for graph in (model.graph, *(function.graph for function in model.functions.values())):
        _strip(graph)
        for node in graph.all_nodes():
            _strip(node)
            for value in node.outputs:
                _strip(value)
            if "." in node.name:
                blocks = node.name.partition("/")[0].rpartition(".")[0]
                node.metadata_props["namespace"] = blocks.replace(".", "/")
        for value in (*graph.inputs, *graph.initializers.values()):
            _strip(value)


def _strip(part: Any) -> None:
    part.metadata_props.clear()
    part.doc_string = None


def _name(graph: Any, modules: Set[str], analysis: Analysis) -> None:
    """Name the nodes and values of the main graph."""
    leaves = _leaves(analysis.top, "", "", {}, {})
    owners = _owners(graph, modules, leaves)
    several = {leaf.module for leaf in leaves if leaf.module != leaf.path}
    free = _Names([value.name for value in (*graph.inputs, *graph.outputs)])
    outputs = {id(value) for value in graph.outputs}
    last = {owner: node for node, owner in owners.items()}
    nodes = _Names([])
    for node, owner in owners.items():
        final = last[owner] is node
        name = owner if final else f"{owner}/{node.op_type}"
        own = _weights_module(node)
        keeps = final and own and own not in several and _siblings(own, owner)
        node.name = nodes.new(own if keeps else name)
        for number, value in enumerate(node.outputs):
            if id(value) not in outputs:
                value.name = free.new(f"{name}_{number}" if number else name)
    for value in list(graph.initializers.values()):
        if "." not in value.name and (users := list(value.uses())):
            value.name = free.new(f"{users[0].node.name}/constant")


def _siblings(one: str, other: str) -> bool:
    return one.rpartition(".")[0] == other.rpartition(".")[0]


class _Names:
    """Makes names unique: a name that was given before gets a number."""

    def __init__(self, taken: Sequence[str]) -> None:
        self._taken = set(taken)

    def new(self, name: str) -> str:
        """Return the name, with a number behind it if it was returned before."""
        number, found = 1, name
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found)
        return found


def _weights_module(node: Any) -> str:
    """Return the path of the module whose weight a node reads, "" for none."""
    for value in node.inputs:
        if value is not None and value.is_initializer() and value.name.endswith(".weight"):
            return str(value.name.removesuffix(".weight"))
    return ""


# Which layer each ONNX node belongs to


@dataclass(frozen=True)
class _Leaf:
    """A layer of the design: its path, and where its inputs come from, through blocks.

    `module` is the path of its module, which is that of another layer where it shares weights.
    """

    path: str
    sources: tuple[str, ...]
    module: str


_Sources = dict[tuple[str, int], str]


def _leaves(
    graph: GraphResult, prefix: str, owner: str, inputs: Mapping[str, str], outputs: _Sources
) -> list[_Leaf]:
    """Return the layers of a graph in forward order; put the sources of its ends into `outputs`.

    Paths of its nodes begin with `prefix`, those of their modules with `owner`.
    """
    found: list[_Leaf] = []
    nodes = graph.wiring.graph.nodes
    known: _Sources = {(end, 0): source for end, source in inputs.items()}
    for name in graph.wiring.order:
        result = graph.nodes[name]
        holder = graph.wiring.shared.get(name, name)
        module = owner + holder
        sources = [known.get(source, "") if source else "" for source in graph.wiring.sources[name]]
        if result.inside is not None:
            inside: _Sources = {}
            given = dict(zip(result.inside.wiring.ends.inputs, sources, strict=False))
            found += _leaves(result.inside, f"{prefix}{name}.", f"{module}.", given, inside)
            known.update(((name, port), source) for (_, port), source in inside.items())
        else:
            if holder != name and is_tied(graph.nodes[holder], result):
                module = owner + name  # an expression, which reads the weight of a module
            found.append(_Leaf(prefix + name, tuple(sources), module))
            known[name, 0] = prefix + name
    for port, (end, sources_of_end) in enumerate(
        (end, each) for end, each in graph.wiring.sources.items() if end not in nodes
    ):
        first = sources_of_end[0] if sources_of_end else None
        outputs[end, port] = known.get(first, "") if first else ""
    return found


def _owners(graph: Any, modules: Set[str], leaves: Sequence[_Leaf]) -> dict[Any, str]:
    """Return the path of the layer, or of the module within it, that each node belongs to.

    The operations of modules are known by their scope. Joins and views are plain expressions of the
    forward method: they are found by the values that they read.
    """
    uses: dict[str, list[str]] = {}  # the layers that each module serves
    for leaf in leaves:
        uses.setdefault(leaf.module, []).append(leaf.path)
    owners: dict[Any, str] = {}
    called: dict[str, list[tuple[Any, str]]] = {}  # by layer: its operations and their modules
    unknown: dict[tuple[str, str], list[Any]] = {}  # by block and torch operation
    for node in graph:
        module, operation = _scopes(node)
        if module not in modules:  # the exporter has a name of its own for none
            module, operation = "", node.name
        if layer := _leaf(module, uses.keys()):
            owners[node] = module
            called.setdefault(layer, []).append((node, module))
        else:
            unknown.setdefault((module, operation), []).append(node)
    last = _last_operations(called, uses, owners)
    values: dict[str, Any] = {value.name: value for value in graph.inputs}
    for leaf in leaves:
        node = last.get(leaf.path)
        if leaf.module not in modules:
            node = _expression(leaf, values, unknown, owners)
        if node is not None:
            values[leaf.path] = node.outputs[0]
        elif leaf.sources and leaf.sources[0] in values:
            # An Output, dropout, or a convolution that a normalization was taken into.
            values[leaf.path] = values[leaf.sources[0]]
    for (module, _), nodes in unknown.items():
        for node in nodes:
            owners[node] = module or _reader(node, owners) or node.op_type
    return {node: owners[node] for node in graph}


def _last_operations(
    called: Mapping[str, Sequence[tuple[Any, str]]],
    uses: Mapping[str, Sequence[str]],
    owners: dict[Any, str],
) -> dict[str, Any]:
    """Return the last operation of each layer that is a module.

    Where a module serves several layers, one after the other, its operations are divided among
    them; `owners` then names these layers.
    """
    last: dict[str, Any] = {}
    for layer, operations in called.items():
        layers = uses[layer]
        each, rest = divmod(len(operations), len(layers))
        for number, (node, module) in enumerate(operations):
            path = layers[number // each] if not rest else layer
            owners[node] = path + module.removeprefix(layer)
            last[path] = node
    return last


def _expression(
    leaf: _Leaf,
    values: Mapping[str, Any],
    unknown: dict[tuple[str, str], list[Any]],
    owners: dict[Any, str],
) -> Any:
    """Find the operation of a layer without module; return its last node, None if there is none."""
    block = leaf.module.rpartition(".")[0]
    given = {values[source] for source in leaf.sources if source in values}
    for key, nodes in unknown.items():
        if key[0] == block and given and _read(nodes) == given:
            for node in nodes:
                owners[node] = leaf.path
            return unknown.pop(key)[-1]
    return None


def _read(nodes: Sequence[Any]) -> set[Any]:
    """Return the values that nodes read, without constants, sizes and what they compute."""
    own = {value for node in nodes for value in node.outputs}
    return {
        value
        for node in nodes
        for value in node.inputs
        if value is not None
        and value not in own
        and not value.is_initializer()
        and (value.dtype is None or value.dtype.is_floating_point())
    }


def _reader(node: Any, owners: Mapping[Any, str]) -> str:
    """Return the owner of a node that reads the output of another."""
    for value in node.outputs:
        for use in value.uses():
            if use.node in owners:
                return owners[use.node]
    return ""


def _leaf(module: str, paths: Set[str]) -> str:
    """Return the layer that a module is or lies in, "" if it is the network or a block."""
    while module and module not in paths:
        module = module.rpartition(".")[0]
    return module


def _scopes(node: Any) -> tuple[str, str]:
    """Return the path of the module around a node, and the torch operation that it is part of."""
    text = node.metadata_props.get(_SCOPES)
    if text is None:
        return "", node.name
    *modules, operation = ast.literal_eval(text)
    return (modules[-1] if modules else ""), operation
