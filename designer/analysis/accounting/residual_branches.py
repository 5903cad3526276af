"""Residual branches of a design: where they end, and the weights that make them begin at zero."""

from typing import NamedTuple

from designer.analysis.evaluation.flat import Flat, FlatNode
from designer.analysis.evaluation.results import GraphResult, NodeResult
from designer.layers.category import Category
from designer.layers.join import Add, Multiply
from designer.layers.partial import PartialConv2d
from designer.layers.tensors import State, StateRole

_MIXING = (Category.DENSE, Category.SEQUENCE)


class ResidualBranch(NamedTuple):
    """A branch that is added to a shortcut.

    Attributes
    ----------
    join
        The path of the addition.
    last
        The path of the last layer with weights before it.
    tensors
        The names of the weights and biases of that layer which are 0 where the branch gives 0.
    """

    join: str
    last: str
    tensors: tuple[str, ...]


def residual_branches(top: GraphResult) -> list[ResidualBranch]:
    """Return the residual branches of a design without errors, in forward order.

    An Add ends residual branches if one of its inputs, the shortcut, has fewer convolutions and
    dense layers than each other one on the way from where they part: none for the identity, one
    for a projection. The others are the branches. A branch is left out if no layer at its end makes
    it 0, as behind a Sigmoid, or if that layer shares the weights of another one.
    """
    nodes = Flat(top).nodes
    numbers = {node.path: number for number, node in enumerate(nodes)}
    before: list[int] = []  # for each node, itself and all nodes that it depends on, as bits
    found = []
    for number, node in enumerate(nodes):
        given = [numbers[path] for path, _ in node.sources]
        reach = 1 << number
        for each in given:
            reach |= before[each]
        before.append(reach)
        if isinstance(node.result.layer, Add) and len(given) > 1:
            for port in _branches(nodes, before, given):
                last = _last(nodes, numbers, given[port])
                if last is not None and last.module == last.path:
                    found.append(ResidualBranch(node.path, last.path, _tensors(last.result)))
    return found


def _branches(nodes: list[FlatNode], before: list[int], given: list[int]) -> list[int]:
    """Return the inputs of an Add that are residual branches, by their numbers."""
    shared = before[given[0]]
    for each in given[1:]:
        shared &= before[each]
    if not shared:
        return []
    fork = before[shared.bit_length() - 1]
    weighted = [_count(nodes, before[each] & ~fork) for each in given]
    least = min(weighted)
    if weighted.count(least) > 1:
        return []
    return [port for port, count in enumerate(weighted) if count > least]


def _count(nodes: list[FlatNode], chosen: int) -> int:
    """Return the number of layers with weights among nodes given as bits; norms do not count."""
    count = 0
    while chosen:
        number = chosen.bit_length() - 1
        chosen ^= 1 << number
        layer = nodes[number].result.layer
        mixes = layer is not None and (layer.convolution or layer.category in _MIXING)
        count += mixes and bool(_tensors(nodes[number].result))
    return count


def _last(nodes: list[FlatNode], numbers: dict[str, int], number: int) -> FlatNode | None:
    """Return the last layer with weights at the end of a branch; None if it cannot make it 0."""
    while True:
        node = nodes[number]
        layer = node.result.layer
        if layer is None or not node.sources:
            return None
        if _tensors(node.result):
            return node
        if isinstance(layer, Multiply):  # such as by the gates of squeeze and excite
            made = node.result.outputs[0]
            shapes = [each.shape if each else () for each in node.result.inputs]
            port = shapes.index(made.shape) if made is not None and made.shape in shapes else 0
        elif layer.keeps_zero:
            port = 0
        else:
            return None
        number = numbers[node.sources[port][0]]


def _tensors(result: NodeResult) -> tuple[str, ...]:
    """Return the names of the tensors of a layer that make its output 0 where they are 0."""
    layer = result.layer
    if layer is None or layer.activation:
        return ()
    given = tuple([each for each in result.inputs if each is not None])
    states: tuple[State, ...] = layer.states(given)
    weights = [each.name for each in states if each.role is StateRole.WEIGHT]
    biases = [each.name for each in states if each.role is StateRole.BIAS]
    if not isinstance(layer, PartialConv2d):  # whose parts lie side by side
        weights, biases = weights[-1:], biases[-1:]
    return (*weights, *biases) if weights else ()
