"""All that one node computes for one picture: its channels, with their figures."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from designer.data.pictures import Array
from designer.engine.inputs import Inputs
from designer.engine.inspect import examples
from designer.engine.inspect.steps import Step, Steps
from designer.engine.inspect.subject import Loaded
from designer.errors import DesignerError
from designer.layers.tensors import IMAGE_AXES
from designer.runs.inspection import CHANNEL_FIGURES, Picture

PRECISIONS = ("float32", "float16", "uint8")
"""In which form values are given; uint8 spreads them from the smallest to the largest."""


def channels(
    loaded: Loaded, picture: Picture, node: str, *, precision: str = "float32"
) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what a node computes for a picture.

    Parameters
    ----------
    loaded
        The network.
    picture
        What it is shown.
    node
        The path of the node; of a block, its first output.
    precision
        One of `PRECISIONS`.

    Returns
    -------
    dict
        ``node``, ``layer`` (its type), ``shape`` (of the output, without the batch), ``kind``
        (``maps`` of an image, ``vector`` of features, ``matrix`` of tokens and their features),
        and the ``figures`` of all values by the names in `CHANNEL_FIGURES`.
    dict of Array
        ``values`` (channels, height, width) of maps, (1, tokens, features) of a matrix, or
        (features, 1, 1) of a vector; ``figures``, float64 (channels, len(CHANNEL_FIGURES)); and the
        picture as the network ``seen`` it, uint8 (height, width, channels).

    Raises
    ------
    DesignerError
        There is no such node or precision, or the picture cannot be read.
    """
    if precision not in PRECISIONS:
        known = ", ".join(PRECISIONS)
        raise DesignerError(f"Values are given as {known}, not as {precision}: choose one of them.")
    inputs, seen = examples.shown(loaded, picture)
    value = value_at(loaded.steps, inputs, node)[0]
    step = loaded.steps.step_or_input(node)
    maps, kind = as_maps(value, step)
    whole = _figures(maps.reshape(1, -1))[0]
    fields = {
        "node": node,
        "layer": type(step.result.layer).__name__ if step is not None else "Input",
        "shape": list(value.shape),
        "kind": kind,
        "figures": dict(zip(CHANNEL_FIGURES, whole.tolist(), strict=True)),
    }
    values = _as(precision, maps, low=float(whole[0]), high=float(whole[1]))
    return fields, {
        "values": values,
        "figures": _figures(maps.flatten(1)).numpy(),
        "seen": seen,
    }


def value_at(steps: Steps, batch: Inputs, node: str) -> Tensor:
    """Return what a node or block computes for a batch, (n, ...).

    Raises
    ------
    DesignerError
        The network has no such node.
    """
    found: list[Tensor] = []

    def visit(path: str, port: int, value: Tensor) -> None:
        if path == node and port == 0:
            found.append(value)

    if node in steps.paths:
        with torch.inference_mode():
            steps.run(batch, visit, until=[node])
    if not found:
        raise not_computed(steps, node)
    return found[0]


def not_computed(steps: Steps, node: str) -> DesignerError:
    """Return the error for a node of which there is no value when the network predicts."""
    if node in steps.paths:
        return DesignerError(
            f"Only while it is trained, the network computes {node}, for an auxiliary output: "
            "choose a node on the way to its main output."
        )
    return steps.no_node(node)


def as_maps(value: Tensor, step: Step | None) -> tuple[Tensor, str]:
    """Return the output of a node for one picture as maps (channels, height, width), and its kind.

    Axes of an image whose channels come last are put into the usual order. Of a tensor with more
    than three axes, all but the last two count as channels.
    """
    if value.ndim < 2:
        return value.reshape(-1, 1, 1), "vector"
    if value.ndim == 2:
        return value.unsqueeze(0), "matrix"
    axes = _axes(step)
    if value.ndim == 3 and axes:
        value = value.permute([axes.index(axis) for axis in IMAGE_AXES])
    return value.flatten(0, -3), "maps"


def _axes(step: Step | None) -> tuple[int, ...]:
    outputs = step.result.outputs if step is not None else ()
    return outputs[0].axes if outputs and outputs[0] is not None else IMAGE_AXES


def _figures(rows: Tensor) -> Tensor:
    """Return the figures of each row of values, in the order of `CHANNEL_FIGURES`."""
    wide = rows.to("cpu", torch.float64)
    return torch.stack(
        [
            wide.amin(1),
            wide.amax(1),
            wide.mean(1),
            wide.std(1, correction=0),
            (wide == 0).double().mean(1),
            wide.abs().mean(1),
        ],
        dim=1,
    )


def _as(precision: str, maps: Tensor, *, low: float, high: float) -> Array:
    if precision == "uint8":
        span = high - low or 1.0
        spread = ((maps - low) * (255 / span)).round().nan_to_num().clamp(0, 255)
        return spread.to("cpu", torch.uint8).numpy()
    values: Array = maps.float().cpu().numpy()
    return values.astype(np.float16) if precision == "float16" else values
