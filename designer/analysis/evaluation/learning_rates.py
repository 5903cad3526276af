"""Learning-rate factors of nodes; factors of nested blocks multiply.

MATLAB calls such a factor WeightLearnRateFactor, timm calls it lr_scale. A factor of 0 freezes a
node: its weights take no gradient, and the running statistics of its norms do not change.
"""

from collections.abc import Mapping

from designer.analysis.evaluation.results import GraphResult
from designer.design.expressions import ExpressionError, Scalar, evaluate, is_expression, shortened
from designer.design.parsing import parse
from designer.design.values import BlockNode, Node


def learning_rate_factor(
    node: Node, scope: Mapping[str, Scalar], number: int = 0
) -> tuple[float, str]:
    """Return a node's own factor and "", or 1 and a clause that says what is wrong with it.

    Parameters
    ----------
    node
        A layer or the use of a block.
    scope
        The values of the names that expressions of the node may read.
    number
        The number of the repetition, which expressions of a repeated block read as ``i``.
    """
    value = node.learning_rate
    if is_expression(value):
        if isinstance(node, BlockNode):
            scope = {**scope, "i": number}
        try:
            value = evaluate(parse(str(value)), scope)
        except ExpressionError as error:
            text = shortened(str(node.learning_rate))
            return 1.0, f"the learning-rate factor: the expression '{text}' {error}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return 1.0, f"the learning-rate factor must be a number of at least 0; received {value!r}"
    return float(value), ""


def learning_rate_factors(top: GraphResult) -> dict[str, float]:
    """Return the factor of each layer with parameters or buffers, by its path in a valid design."""
    found: dict[str, float] = {}
    _graph(top, "", 1.0, found)
    return found


def _graph(graph: GraphResult, prefix: str, outer: float, found: dict[str, float]) -> None:
    for name in graph.wiring.order:
        if name in graph.wiring.shared:  # the owner has the weights
            continue
        node, result = graph.wiring.graph.nodes[name], graph.nodes[name]
        inside = result.inside
        if inside is None:
            counts = result.counts
            if counts.weights or counts.biases or counts.buffers:
                found[prefix + name] = outer * learning_rate_factor(node, graph.scope)[0]
        elif "0" in inside.nodes:  # repeated
            for step, each in inside.nodes.items():
                own = outer * learning_rate_factor(node, graph.scope, int(step))[0]
                if each.inside is not None:
                    _graph(each.inside, f"{prefix}{name}.{step}.", own, found)
        else:
            _graph(
                inside,
                f"{prefix}{name}.",
                outer * learning_rate_factor(node, graph.scope)[0],
                found,
            )
