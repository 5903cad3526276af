"""Nodes that share weights: whether they can, and results that count the weights once.

The weights, buffers and gradients of a group belong to its owner. The result of every other member
has the shapes, multiply-accumulates and memory of its own inputs, and no weights.
"""

from collections.abc import Mapping
from dataclasses import replace

from designer.analysis.evaluation.context import EvaluationContext
from designer.analysis.evaluation.learning_rates import learning_rate_factor
from designer.analysis.evaluation.results import GraphResult, NodeResult, without_weights
from designer.analysis.evaluation.wiring import CHAIN
from designer.analysis.problems import Fix, Problem
from designer.design import edits, sharing
from designer.design.expressions import Literal
from designer.design.values import BlockNode, Design, LayerNode, Node, Value
from designer.layers.base import Code
from designer.layers.catalogue import layer_types
from designer.layers.tensors import show


def count_once(context: EvaluationContext, results: dict[str, NodeResult]) -> None:
    """Take the weights out of the results of nodes that share; add the problems of sharing.

    Parameters
    ----------
    context
        The graph.
    results
        The results of its nodes, which are changed.
    """
    for name, owner in context.wiring.shared.items():
        if name in results:  # not on a cycle
            found = without_weights(results[name])
            problem = _problem(context, name, owner, results)
            if problem is not None:
                found = replace(found, problems=(*found.problems, problem))
            results[name] = found


def _problem(
    context: EvaluationContext, name: str, owner: str, results: Mapping[str, NodeResult]
) -> Problem | None:
    """Return what is wrong with a node that shares the weights of another one."""
    nodes, every = context.wiring.graph.nodes, context.whole_graph.nodes
    stop = Fix("give it weights of its own", _stopped(name, context.block))
    fixes: tuple[Fix, ...] = (stop,)
    if owner == name:
        clause = "which is the node itself"
    elif owner not in every:
        clause = "and there is no such node"
    elif owner not in nodes:
        clause = "which its condition leaves out here"
    elif nodes[owner].shares:
        root = nodes[owner].shares
        clause = f"which itself shares those of {root}"
        if root != name:
            edit = _sharing(name, root, context.block)
            fixes = (Fix(f"share the weights of {root}", edit), stop)
    elif results.get(owner) is None or results[owner].effect is None:
        return None  # its own problem comes first
    elif results[name].effect is None:
        return None
    else:
        found = _difference(context, name, owner, results)
        if found is None:
            return None
        clause, equal = found
        fixes = (*equal, stop)
    message = f"{name}: shares the weights of {owner}, {clause}"
    return context.problem("shared-weights", message, name, origin=owner, fixes=fixes)


def _difference(
    context: EvaluationContext, name: str, owner: str, results: Mapping[str, NodeResult]
) -> tuple[str, tuple[Fix, ...]] | None:
    """Return why one module cannot serve two nodes, with the fix that makes them equal."""
    nodes = context.wiring.graph.nodes
    node, first = nodes[name], nodes[owner]
    one, two = results[owner], results[name]
    equal = fitted(node, first)
    fixes: tuple[Fix, ...] = ()
    if equal is not None and equal != node:
        fixes = (Fix(f"make it fit {owner}", _replaced(name, equal, context.block)),)
    if one.counts.weights + one.counts.biases + one.counts.buffers == 0:
        return "which has none", ()
    factors = [learning_rate_factor(each, context.scope)[0] for each in (first, node)]
    if factors[0] != factors[1]:
        return f"but learns {factors[1]:g} times as fast, and {owner} {factors[0]:g} times", fixes
    clause = _differing_weights(one, two) if is_tied(one, two) else _differing(one, two)
    return None if clause is None else (clause.replace("{owner}", owner), fixes)


def is_tied(owner: NodeResult, member: NodeResult) -> bool:
    """Tell whether a layer computes with the weight of a layer of another type."""
    return (
        owner.layer is not None
        and member.layer is not None
        and type(owner.layer).__name__ in member.layer.tied_to
    )


def _differing_weights(owner: NodeResult, member: NodeResult) -> str | None:
    """Return how the weights of two layers of different types differ, None if they do not.

    The clause has a field for the owner's name.
    """
    one, two = _states(owner), _states(member)
    if len(two) > len(one):
        return f"but has a {two[-1][0]}, which {{owner}} does not have"
    return _differing_shape(one, two)


def _states(result: NodeResult) -> list[tuple[str, tuple[int, ...]]]:
    assert result.layer is not None
    inputs = tuple([each for each in result.inputs if each is not None])
    return [(each.name, each.shape) for each in result.layer.states(inputs)]


def _differing_shape(
    one: list[tuple[str, tuple[int, ...]]], two: list[tuple[str, tuple[int, ...]]]
) -> str | None:
    for (name, shape), (other, wanted) in zip(one, two, strict=True):
        if name != other or shape != wanted:
            words = f"{name} of shape" if name else "shape"
            return f"but takes a {words} {show(wanted)}, where {{owner}} has {show(shape)}"
    return None


def _differing(owner: NodeResult, member: NodeResult, path: str = "") -> str | None:
    """Return how two nodes differ so that one module cannot serve both, None if one can.

    The clause has a field for the owner's name.

    Parameters
    ----------
    path
        Where the nodes stand within the blocks that are compared.
    """
    if owner.inside is not None and member.inside is not None:
        return _differing_blocks(owner.inside, member.inside, path)
    place = f" in {path}" if path else ""
    one, two = owner.layer, member.layer
    if one is None or two is None or type(one) is not type(two):
        return f"but is another {'block' if member.inside else 'layer type'}{place}"
    for key in one.parameters:
        if key not in one.apart and one.parameter_value(key) != two.parameter_value(key):
            values = [_shown(each.parameter_value(key)) for each in (two, one)]
            return f"but has {key} {values[0]}{place}, where {{owner}} has {values[1]}"
    return _differing_shape(_states(owner), _states(member)) or _differing_code(owner, member, path)


def _shown(value: Value) -> str:
    return show(value) if isinstance(value, tuple) else str(value)


def _differing_blocks(one: GraphResult, two: GraphResult, path: str) -> str | None:
    if one is two:
        return None
    place = f" in {path}" if path else ""
    if (one.wiring.ends is CHAIN, len(one.nodes)) != (two.wiring.ends is CHAIN, len(two.nodes)):
        if CHAIN in (one.wiring.ends, two.wiring.ends):
            return f"but repeats its block another number of times{place}"
        return f"but has other nodes{place}"
    same = one.wiring.order == two.wiring.order
    same = same and one.wiring.graph.edges == two.wiring.graph.edges
    if not same:
        return f"but has other nodes{place}"
    for name in one.wiring.order:
        found = _differing(one.nodes[name], two.nodes[name], f"{path}.{name}" if path else name)
        if found is not None:
            return found
    return None


def _differing_code(owner: NodeResult, member: NodeResult, path: str) -> str | None:
    """Return how the module of a layer, or its expression in a block, depends on the inputs."""
    if owner.in_place is not member.in_place:
        return f"but its input lies in memory in another order, which matters for {path}"
    texts = []
    for each in (owner, member):
        layer = each.layer
        assert layer is not None
        code = literal_code(each)
        words = [f"x{port}" for port in range(len(each.inputs))]
        texts.append((layer.constructor(code), layer.forward("", words, code) if path else ""))
    if texts[0] == texts[1]:
        return None
    shapes = [
        ", ".join([show(each.shape) for each in one.inputs if each]) for one in (member, owner)
    ]
    place = f"{path} in it" if path else "the layer"
    return f"but {place} reads {shapes[0]}, where that of {{owner}} reads {shapes[1]}"


def literal_code(result: NodeResult) -> Code:
    """Return what a layer's code is written from, with its sizes as numbers."""
    layer = result.layer
    assert layer is not None
    inputs = tuple([each for each in result.inputs if each is not None])
    return Code(
        layer,
        {},
        {},
        lambda: Literal(inputs[0].shape[0]),
        lambda: Literal(inputs[0].shape[-1]),
        lambda: Literal(inputs[0].shape),  # type: ignore[arg-type]  # printed as a tuple
        inputs,
        result.in_place,
    )


# Fixes


def fitted(node: Node, owner: Node) -> Node | None:
    """Return a node with the settings of the owner; None where it cannot use its weights."""
    if isinstance(node, LayerNode) and isinstance(owner, LayerNode):
        parameters = owner.parameters
        if node.layer != owner.layer:
            kind = layer_types().get(node.layer)
            if kind is None or owner.layer not in kind.tied_to:
                return None
            given = {
                own: owner.parameters.get(its) for own, its in kind.tied_to[owner.layer].items()
            }
            parameters = {**node.parameters, **given, "bias": False}
        return replace(node, parameters=parameters, learning_rate=owner.learning_rate)
    if isinstance(node, BlockNode) and isinstance(owner, BlockNode):
        return replace(owner, when=node.when, at=node.at, shares=node.shares)
    return None


def _replaced(name: str, node: Node, block: str | None) -> edits.Edit:
    return lambda design: edits.replace_node(design, name, node, block=block)


def _stopped(name: str, block: str | None) -> edits.Edit:
    def edit(design: Design) -> Design:
        return edits.with_graph(design, block, sharing.stop_sharing(design.graph_of(block), name))

    return edit


def _sharing(name: str, owner: str, block: str | None) -> edits.Edit:
    def edit(design: Design) -> Design:
        graph = sharing.share(design.graph_of(block), name, owner)
        return edits.with_graph(design, block, graph)

    return edit
