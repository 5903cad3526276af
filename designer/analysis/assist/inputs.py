"""What kind of data a design takes: one picture, or other values by the names of its inputs."""

from designer.analysis.analysis import Analysis, Port

_PICTURE = 3  # axes: channels, height, width


def takes_picture(analysis: Analysis) -> bool:
    """Tell whether a design has one Input, of three axes and no whole numbers: of a picture."""
    if len(analysis.inputs) != 1:
        return False
    (port,) = analysis.inputs
    return len(port.shape) == _PICTURE and not port.integer


def text_length(analysis: Analysis) -> int:
    """Return how many tokens of a text a design reads at once; 0 if it does not read tokens.

    It has one Input of whole numbers with one axis.
    """
    if len(analysis.inputs) != 1:
        return 0
    (port,) = analysis.inputs
    return port.shape[0] if port.integer and len(port.shape) == 1 else 0


def feature_axis(analysis: Analysis, port: Port) -> int:
    """Return the axis of an input along which its values are of different kinds.

    These are the numbers of a row, the last axis of a sequence of rows, and the channels of all
    else. A sequence that a one-dimensional layer such as Conv1d reads has its channels first.

    Parameters
    ----------
    analysis
        Of a design without errors.
    port
        The input.
    """
    if len(port.shape) != 2:
        return 0
    readers = [analysis.top.nodes.get(name) for name in analysis.top.wiring.targets[port.name]]
    layers = [each.layer for each in readers if each is not None]
    return 0 if any(each is not None and each.spatial_axes == 1 for each in layers) else 1
