"""What an analysis knows at a place of a design: the graph there, a tensor, what a layer says."""

from designer.analysis.analysis import Analysis
from designer.analysis.results import Flow, GraphResult, NodeResult
from designer.design.values import Design
from designer.layers.base import LayerError, show
from designer.layers.facts import facts


def graph_result(analysis: Analysis, scope: str) -> GraphResult | None:
    """Return what is known of the graph at a path; None if it was not analysed."""
    if not scope:
        return analysis.top
    found = analysis.node(scope)
    inside = found.inside if found is not None else None
    while inside is not None and "0" in inside.nodes:  # a repeated block: its first pass
        inside = inside.nodes["0"].inside
    return inside


def flow_at(
    results: GraphResult | None, design: Design, block: str | None, name: str, port: int = 0
) -> Flow | None:
    """Return the tensor that leaves a port of a node or of a block's input, if it is known."""
    if results is None:
        return None
    if block is not None and name in design.blocks[block].inputs:
        place = design.blocks[block].inputs.index(name)
        return results.inputs[place] if place < len(results.inputs) else None
    result = results.nodes.get(name)
    outputs = result.outputs if result is not None else ()
    return outputs[port] if port < len(outputs) else None


def refusal(
    result: NodeResult | None, flow: Flow | None, port: int, *, without: int | None = None
) -> str:
    """Say why a layer would not take a tensor at a port, "" if it would or that is not known.

    Parameters
    ----------
    without
        A port whose edge goes.
    """
    if flow is None or result is None or result.layer is None:
        return ""
    flows = {number: each for number, each in enumerate(result.inputs) if each is not None}
    if without is not None:
        flows.pop(without, None)
    flows[port] = flow
    given = tuple(flows[number].tensor for number in sorted(flows))
    try:
        facts(result.layer, given)
    except LayerError as error:
        shapes = " and ".join(show(each.shape) for each in given)
        return error.message + (f" ({shapes})." if given[1:] else ".")
    return ""
