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
    ExpressionError,
    Literal,
    Name,
    Scalar,
    Tree,
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
        tree = _Search(design).channels(wiring, results, source, block is None, DEEPEST)
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
    """Goes back from a tensor to the layers that give it its channels."""

    def __init__(self, design: Design) -> None:
        self.design = design

    def channels(
        self,
        wiring: Wiring,
        results: Mapping[str, NodeResult],
        source: Source,
        top: bool,
        depth: int,
    ) -> Tree:
        """Return the channels of a tensor as an expression, with the name ``?`` if unknown."""
        name, port = source
        if name in wiring.ends.inputs:
            first = name == wiring.ends.inputs[0]
            return Name("in_channels") if first and not top else _UNKNOWN
        node, result = wiring.graph.nodes.get(name), results.get(name)
        if node is None or result is None or depth == 0:
            return _UNKNOWN
        inputs = [
            _UNKNOWN if each is None else self.channels(wiring, results, each, top, depth - 1)
            for each in wiring.sources[name]
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
        tree = self.channels(inside.wiring, inside.nodes, source, False, depth - 1)
        given: dict[str, Tree] = {
            name: _tree(node.arguments.get(name, argument.default))
            for name, argument in block.arguments.items()
        }
        return substitute(tree, {**given, "in_channels": inputs[0]})


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
    code = Code(layer, {}, trees, lambda: inputs[0], lambda: _UNKNOWN, known)
    return layer.channels(inputs, code) or _UNKNOWN


def _tree(value: Scalar) -> Tree:
    return parse(str(value)) if is_expression(value) else Literal(value)
