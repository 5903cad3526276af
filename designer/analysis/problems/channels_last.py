"""Inputs that were given as height, width, channels, as Keras and MATLAB have them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from designer.analysis.problems.problem import Fix, Problem, Severity
from designer.analysis.problems.quick_fixes import parameters_fix
from designer.design.values import LayerNode
from designer.layers.tensors import Shape, show

_CHANNELS = (1, 3, 4)  # gray, color, color with transparency
_COLOR = 3
_LEAST = 5  # rows and columns of an image; fewer may be channels


def with_channels_last(
    problems: Sequence[Problem],
    inputs: Mapping[str, tuple[LayerNode, Shape]],
) -> Sequence[Problem]:
    """Return problems with the fix that brings the channels of an input first, or with a warning.

    The fix is added to each problem whose shape comes from such an input. Where torch computes
    something all the same, with 224 channels of 224x3 pixels, there is a warning at the input.

    Parameters
    ----------
    problems
        The problems of a design.
    inputs
        By name the Input nodes, with their shapes, that may have their channels last and that a
        convolution or a pool reads as they are.
    """
    found = list(problems)
    for name, (node, shape) in inputs.items():
        fix = _fix(name, node, shape)
        hint = f"; if {{who}} is height × width × channels, {fix.label}"
        meant = [each for each in found if each.origin == name and each.block is None]
        for each in meant:
            found[found.index(each)] = replace(
                each, message=each.message + hint.format(who=name), fixes=(fix, *each.fixes)
            )
        height, width, channels = shape
        if not meant and (channels == _COLOR or (channels == 1 and height == width)):
            message = (
                f"{name}: {show(shape)} is read as {height} channels of {width}×{channels} pixels"
            )
            found.append(
                Problem(
                    "channels-last",
                    message + hint.format(who="it"),
                    name,
                    node=name,
                    severity=Severity.WARNING,
                    fixes=(fix,),
                )
            )
    return found


def may_have_channels_last(shape: Shape) -> bool:
    """Tell whether the last axis may be the channels: 1, 3 or 4 of many rows and columns."""
    return len(shape) == 3 and shape[2] in _CHANNELS and min(shape[:2]) >= _LEAST


def _fix(name: str, node: LayerNode, shape: Shape) -> Fix:
    height, width, channels = shape
    given = node.parameters.get("shape")
    rows, columns, last = given if isinstance(given, tuple) and len(given) == 3 else shape
    label = f"set the input to {show((channels, height, width))}"
    return parameters_fix(label, None, name, {"shape": (last, rows, columns)})
