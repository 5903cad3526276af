"""What an analysis knows at a place of a design: the graph there, a tensor, what a layer says."""

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult, NodeResult, layer_result
from designer.design.values import Design
from designer.layers.errors import LayerError
from designer.layers.tensors import Tensor, show


def graph_at(analysis: Analysis, scope: str) -> GraphResult | None:
    """Return what is known of the graph at a path; None if it was not analyzed."""
    if not scope:
        return analysis.top
    found = analysis.node(scope)
    inside = found.inside if found is not None else None
    while inside is not None and "0" in inside.nodes:  # a repeated block: its first pass
        inside = inside.nodes["0"].inside
    return inside


def tensor_at(
    results: GraphResult | None, design: Design, block: str | None, name: str, port: int = 0
) -> Tensor | None:
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
    result: NodeResult | None, tensor: Tensor | None, port: int, *, without: int | None = None
) -> str:
    """Say why a layer would not take a tensor at a port, "" if it would or that is not known.

    Parameters
    ----------
    without
        A port whose edge goes.
    """
    if tensor is None or result is None or result.layer is None:
        return ""
    tensors = {number: each for number, each in enumerate(result.inputs) if each is not None}
    if without is not None:
        tensors.pop(without, None)
    tensors[port] = tensor
    given = tuple(tensors[number] for number in sorted(tensors))
    try:
        layer_result(result.layer, given)
    except LayerError as error:
        shapes = " and ".join(show(each.shape) for each in given)
        return error.message + (f" ({shapes})." if given[1:] else ".")
    return ""
