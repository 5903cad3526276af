"""Lookups in an analysis: the graph at a path, the tensor at a port, a layer's refusal."""

from designer.analysis.analysis import Analysis
from designer.analysis.evaluation.results import GraphResult, NodeResult, layer_result
from designer.design.values import Design
from designer.layers.errors import LayerError
from designer.layers.facts import Facts
from designer.layers.tensors import Tensor, show


def graph_at(analysis: Analysis, scope: str) -> GraphResult | None:
    """Return the result of the graph at a path, None if there is none.

    Of a repeated block it is the graph of the first repetition.
    """
    if not scope:
        return analysis.top
    found = analysis.node(scope)
    inside = found.inside if found is not None else None
    while inside is not None and "0" in inside.nodes:  # a repeated block
        inside = inside.nodes["0"].inside
    return inside


def tensor_at(
    results: GraphResult | None, design: Design, block: str | None, name: str, port: int = 0
) -> Tensor | None:
    """Return the tensor that leaves an output port, None if it is not known.

    Parameters
    ----------
    results
        The result of the graph.
    design, block
        The design, and the block whose graph it is; None for the design's own.
    name, port
        A node or one of the block's inputs, and its output port.
    """
    if results is None:
        return None
    if block is not None and name in design.blocks[block].inputs:
        index = design.blocks[block].inputs.index(name)
        return results.inputs[index] if index < len(results.inputs) else None
    result = results.nodes.get(name)
    outputs = result.outputs if result is not None else ()
    return outputs[port] if port < len(outputs) else None


def refusal(
    result: NodeResult | None, tensor: Tensor | None, port: int, *, without: int | None = None
) -> str:
    """Return why a layer would not take a tensor or warn of it, "" if it takes it.

    Where nothing is known of it, that is "", too.

    Parameters
    ----------
    result
        The present result of the layer.
    tensor, port
        The tensor, and the input port at which it would enter.
    without
        A port whose edge would be removed.
    """
    if tensor is None or result is None or result.layer is None:
        return ""
    tensors = {number: each for number, each in enumerate(result.inputs) if each is not None}
    if without is not None:
        tensors.pop(without, None)
    tensors[port] = tensor
    given = tuple(tensors[number] for number in sorted(tensors))
    try:
        effect = layer_result(result.layer, given).effect
    except LayerError as error:
        shapes = " and ".join(show(each.shape) for each in given)
        return error.message + (f" ({shapes})." if given[1:] else ".")
    warning = effect.warning if isinstance(effect, Facts) else None
    return f"{warning.message}." if warning is not None else ""
