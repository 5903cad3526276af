"""The channels of a tensor as an expression, such as ``=2 * width``: what a fix writes.

A number would hold only for the use of a block whose problem is fixed; the expression holds for all
of them. It follows from the layers before the tensor by the rule with which they write generated
code (`Layer.channels`).
"""

from collections.abc import Mapping

from designer.analysis.evaluation.results import NodeResult
from designer.analysis.evaluation.wiring import Source, Wiring
from designer.design import blocks
from designer.design.expressions import (
    Binary,
    Call,
    Conditional,
    ExpressionError,
    Literal,
    Name,
    Scalar,
    Tree,
    Unary,
    evaluate,
    is_expression,
    names,
    substitute,
)
from designer.design.parsing import parse
from designer.design.rewriting import value_of
from designer.design.values import BlockNode, Design, LayerNode
from designer.errors import DesignerError
from designer.layers.base import Code, Layer

DEEPEST = 60
"""Nodes before a tensor, in a row, that are looked at. Few layers in a row keep the channels."""
MOST_PARTS = 60
"""Names, numbers and operators of an expression; a longer one is given up."""

_UNKNOWN = Name("?")  # no name of a design


def channel_expression(
    design: Design,
    block: str | None,
    wiring: Wiring,
    scope: Mapping[str, Scalar],
    results: Mapping[str, NodeResult],
    source: Source,
    wanted: int,
) -> Scalar:
    """Return what gives a tensor its channels in all uses of a block, as a file stores it.

    Parameters
    ----------
    design, block
        The design, and the block in which the tensor is; None for the design's own graph.
    wiring, scope, results
        The wiring of that graph, the values of names, and the results of nodes before the tensor.
    source
        The node and the output port of the tensor.
    wanted
        The number of its channels in this use.

    Returns
    -------
    Scalar
        An expression, or a number that holds in all uses; None if there is neither.
    """
    try:
        tree = _Search(design, wiring, results, top=block is None).channels(source, DEEPEST)
        known = _UNKNOWN.identifier not in names(tree)
        value = value_of(tree) if known and evaluate(tree, scope) == wanted else None
    except (DesignerError, ExpressionError):  # too long to be written, or not valid
        value = None
    if value is None and _is_used_once(design, block):
        return wanted
    return value


def _is_used_once(design: Design, block: str | None) -> bool:
    """Tell whether a block runs only once, so that a number holds for all of its uses."""
    seen: set[str | None] = set()
    while block is not None and block not in seen:
        seen.add(block)
        found = blocks.uses(design, block)
        if len(found) != 1:
            return False
        block, name = found[0]
        node = design.graph_of(block).nodes[name]
        if not isinstance(node, BlockNode) or node.repeat != 1:
            return False
    return True


class _Search:
    """Goes back from a tensor of one graph to the layers that give it its channels.

    Parameters
    ----------
    design
        The design.
    wiring, results
        The wiring of the graph, and the results of its nodes.
    top
        Whether it is the design's own graph, not a block's.
    """

    def __init__(
        self, design: Design, wiring: Wiring, results: Mapping[str, NodeResult], *, top: bool
    ) -> None:
        self.design = design
        self.wiring = wiring
        self.results = results
        self.top = top
        self.known: dict[Source, Tree] = {}  # without it, each join would double the work

    def channels(self, source: Source, depth: int) -> Tree:
        """Return the channels of a tensor as an expression, with the name ``?`` if unknown."""
        if source not in self.known:
            self.known[source] = _UNKNOWN  # ends the search on a cycle
            tree = self._channels(*source, depth)
            self.known[source] = tree if _is_short(tree) else _UNKNOWN
        return self.known[source]

    def _channels(self, name: str, port: int, depth: int) -> Tree:
        ends = self.wiring.ends.inputs
        if name in ends:
            return Name("in_channels") if name == ends[0] and not self.top else _UNKNOWN
        node, result = self.wiring.graph.nodes.get(name), self.results.get(name)
        if node is None or result is None or depth == 0:
            return _UNKNOWN
        inputs = [
            _UNKNOWN if each is None else self.channels(each, depth - 1)
            for each in self.wiring.sources[name]
        ]
        if isinstance(node, LayerNode):
            return _of_layer(node, result.layer, inputs, result)
        return self._of_block(node, result, inputs, port, depth)

    def _of_block(
        self, node: BlockNode, result: NodeResult, inputs: list[Tree], port: int, depth: int
    ) -> Tree:
        """Return the channels of a block's output, in terms of the graph around it."""
        inside, block = result.inside, self.design.blocks.get(node.block)
        if inside is None or block is None or node.repeat != 1:
            return _UNKNOWN
        source = inside.wiring.sources[inside.wiring.ends.outputs[port]][0]
        if source is None:
            return _UNKNOWN
        search = _Search(self.design, inside.wiring, inside.nodes, top=False)
        given: dict[str, Tree] = {
            name: _tree(node.arguments.get(name, argument.default))
            for name, argument in block.arguments.items()
        }
        tree = search.channels(source, depth - 1)
        return substitute(tree, {**given, "in_channels": inputs[0]})


def _is_short(tree: Tree) -> bool:
    waiting = [tree]
    for _ in range(MOST_PARTS):
        if not waiting:
            return True
        match waiting.pop():
            case Unary(_, operand):
                waiting.append(operand)
            case Binary(_, left, right):
                waiting += [left, right]
            case Conditional(then, test, otherwise):
                waiting += [then, test, otherwise]
            case Call(_, arguments):
                waiting += arguments
    return not waiting


def _of_layer(node: LayerNode, layer: Layer | None, inputs: list[Tree], result: NodeResult) -> Tree:
    if layer is None:
        return _UNKNOWN
    if not inputs:  # an Input
        output = result.outputs[0] if result.outputs else None
        return Literal(output.shape[0]) if output is not None else _UNKNOWN
    trees = {
        name: _tree(value)
        for name, value in node.parameters.items()
        if is_expression(value) and not isinstance(value, tuple)
    }
    known = tuple([each for each in result.inputs if each is not None])
    code = Code(layer, {}, trees, lambda: inputs[0], lambda: _UNKNOWN, lambda: _UNKNOWN, known)
    return layer.channels(inputs, code) or _UNKNOWN


def _tree(value: Scalar) -> Tree:
    return parse(str(value)) if is_expression(value) else Literal(value)
