"""The nodes of a design whose output may be the features of the center loss."""

from typing import NamedTuple

from designer.analysis.analysis import Analysis
from designer.analysis.assist.training import layers_before_output
from designer.analysis.evaluation.results import NodeResult
from designer.layers.tensors import StateRole


class Features(NamedTuple):
    """Where features are.

    Attributes
    ----------
    path
        The layer.
    size
        How many values an image has there.
    before
        Whether they are what the layer gets, not what it gives.
    """

    path: str
    size: int
    before: bool


def nodes_with_features(analysis: Analysis) -> tuple[str, ...]:
    """Return the paths of the layers that give a list of values for an image, in forward order.

    Only layers with a torch module of their own can be asked; an image of one pixel is a list, too.
    """
    several = _shared(analysis)
    return tuple(
        path
        for path, result in analysis.top.layers()
        if _gives_list(result) and path not in several
    )


def features_at(analysis: Analysis, path: str) -> Features | None:
    """Return the features that the setting ``loss.center_node`` names; None if there are none.

    Parameters
    ----------
    analysis
        Of a valid design.
    path
        The path of a layer; "" for what the last layer with weights gets on the way to the main
        output.
    """
    if not path:
        return _before_last(analysis)
    for own, result in analysis.top.layers():
        if own == path and _gives_list(result) and path not in _shared(analysis):
            output = result.outputs[0]
            assert output is not None
            return Features(path, output.values, before=False)
    return None


def features_misfit(analysis: Analysis, path: str) -> str:
    """Return why a design has no features at a path, with what helps; "" if it has."""
    if features_at(analysis, path) is not None:
        return ""
    nodes = nodes_with_features(analysis)
    there = f"choose {' or '.join(nodes[:6])}" if nodes else "set loss.center_weight to 0"
    if not path:
        return (
            f"{analysis.design.name} ends in no layer with weights of its own whose input is a "
            f"list: {there}."
        )
    return (
        f"loss.center_node is {path}, which is no layer of {analysis.design.name} that gives a "
        f"list of values: {there}, or leave it empty."
    )


def _shared(analysis: Analysis) -> set[str]:
    """Return the paths of the layers whose module serves several nodes."""
    found = {path: result.shares for path, result in analysis.top.layers() if result.shares}
    return {*found, *found.values()}


def _gives_list(result: NodeResult) -> bool:
    layer, outputs = result.layer, result.outputs
    if layer is None or not layer.torch or layer.unpacks or len(outputs) != 1 or outputs[0] is None:
        return False
    return outputs[0].values == outputs[0].shape[0]


def _before_last(analysis: Analysis) -> Features | None:
    """Return what the last layer with weights gets, back from the main output."""
    for path, result in layers_before_output(analysis):
        given = result.inputs[0] if result.inputs else None
        if _has_weights(result) and given is not None:
            if path in _shared(analysis):
                return None
            is_list = given.values == given.shape[0]
            return Features(path, given.values, before=True) if is_list else None
    return None


def _has_weights(result: NodeResult) -> bool:
    given = [each for each in result.inputs if each is not None]
    states = result.layer.states(given) if result.layer is not None and given else ()
    return any(each.role is StateRole.WEIGHT for each in states)
