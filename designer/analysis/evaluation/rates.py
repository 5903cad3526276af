"""Learning rates of single nodes: factors that multiply from the outermost block inwards.

The same idea is called WeightLearnRateFactor in MATLAB and lr_scale in timm. A factor of 0 freezes:
the weights take no gradient, and a norm's running figures stay as they are.
"""

from collections.abc import Mapping

from designer.analysis.evaluation.results import GraphResult
from designer.design.expressions import (
    ExpressionError,
    Scalar,
    evaluate,
    is_expression,
    parse,
    shortened,
)
from designer.design.values import BlockNode, Node


def factor(node: Node, scope: Mapping[str, Scalar], number: int = 0) -> tuple[float, str]:
    """Return a node's own factor and "", or 1 and what is wrong with it.

    Parameters
    ----------
    scope
        The values of the names around the node.
    number
        Which repetition of a block is meant, its ``i``.
    """
    value = node.learning_rate
    if is_expression(value):
        if isinstance(node, BlockNode):
            scope = {**scope, "i": number}
        try:
            value = evaluate(parse(str(value)), scope)
        except ExpressionError as error:
            text = shortened(str(node.learning_rate))
            return 1.0, f"the learning rate's factor: the expression '{text}' {error}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return 1.0, f"the learning rate's factor is a number from 0 on; received {value!r}"
    return float(value), ""


def factors(top: GraphResult) -> dict[str, float]:
    """Return the factor of each layer that holds tensors, by its path; of valid designs."""
    found: dict[str, float] = {}
    _graph(top, "", 1.0, found)
    return found


def _graph(graph: GraphResult, prefix: str, outer: float, found: dict[str, float]) -> None:
    for name in graph.wiring.order:
        node, result = graph.wiring.graph.nodes[name], graph.nodes[name]
        inside = result.inside
        if inside is None:
            counts = result.counts
            if counts.weights or counts.biases or counts.buffers:
                found[prefix + name] = outer * factor(node, graph.scope)[0]
        elif "0" in inside.nodes:  # repeated
            for step, each in inside.nodes.items():
                own = outer * factor(node, graph.scope, int(step))[0]
                if each.inside is not None:
                    _graph(each.inside, f"{prefix}{name}.{step}.", own, found)
        else:
            _graph(inside, f"{prefix}{name}.", outer * factor(node, graph.scope)[0], found)
