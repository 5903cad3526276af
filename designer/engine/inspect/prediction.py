"""What a network says of pictures: classes with probabilities, labels, or numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from designer.data.pictures import Array
from designer.engine.inspect import pictures as reading
from designer.engine.inspect.subject import Loaded
from designer.errors import DesignerError
from designer.layers.activation import Sigmoid, Softmax
from designer.runs.inspection import Picture

_BATCH = 32  # pictures computed at once


def predict(
    loaded: Loaded,
    pictures: Sequence[Picture],
    *,
    top: int = 5,
    side: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[list[dict[str, Any]], Array]:
    """Return what a network says of each picture.

    Parameters
    ----------
    loaded
        The network.
    pictures
        Of any sizes; one that cannot be read, or has outputs that are no numbers, does not stop the
        others.
    top
        The number of most probable classes that are named.
    side
        The longest side, in pixels, of the pictures that are returned; larger ones are averaged.
        None returns what the network saw, pixel by pixel.
    progress
        Called with the share that is done.

    Returns
    -------
    list of dict
        For each picture its ``file`` and ``predictions``, or ``error``, a sentence. A prediction
        has ``class`` and ``probability``, or for a network of numbers ``name`` and ``value``.
    Array
        The pictures as the network saw them, uint8 (n, height, width, channels); black where one
        could not be read.
    """
    channels, *size = loaded.preprocessing.input
    if side is not None and max(size) > side:
        size = [max(1, round(each * side / max(size))) for each in size]
    shown = np.zeros((len(pictures), *size, channels), np.uint8)
    found: list[dict[str, Any]] = []
    for start in range(0, len(pictures), _BATCH):
        progress(start / len(pictures))
        some = pictures[start : start + _BATCH]
        images: list[Array] = []
        rows: list[int] = []
        for number, each in enumerate(some, start):
            entry: dict[str, Any] = {"file": each.file or each.name}
            try:
                images.append(reading.read([each], loaded))
            except DesignerError as error:
                entry["error"] = str(error)
            else:
                rows.append(number)
            found.append(entry)
        if not images:
            continue
        batch = np.concatenate(images)
        shown[rows] = _averaged(reading.seen(batch), size)
        with torch.inference_mode():
            output = loaded.network(reading.network_input(batch, loaded))
        main = output if isinstance(output, Tensor) else output[0]
        for row, values in zip(rows, answers(loaded, main).cpu(), strict=True):
            if values.isfinite().all():
                found[row]["predictions"] = _named(loaded, values, top)
            else:
                found[row]["error"] = not_finite(pictures[row])
    progress(1.0)
    return found, shown


def not_finite(picture: Picture) -> str:
    """Return what is said of outputs that are no numbers."""
    return (
        f"The network's outputs for {picture.name} are NaN or infinite, as after a training that "
        "diverged: choose other weights, or train again with a lower learning rate."
    )


def _averaged(seen: Array, size: Sequence[int]) -> Array:
    """Return uint8 pictures (n, height, width, channels) in a size that is not larger."""
    if list(seen.shape[1:3]) == list(size):
        return seen
    planes = torch.from_numpy(seen).permute(0, 3, 1, 2).float()
    small = functional.interpolate(planes, list(size), mode="area").round().byte()
    averaged: Array = small.permute(0, 2, 3, 1).numpy()
    return averaged


def answers(loaded: Loaded, output: Tensor) -> Tensor:
    """Return the main output as probabilities, or as it is for a network of numbers.

    Parameters
    ----------
    loaded
        The network.
    output
        Its main output, (n, ...).

    Returns
    -------
    Tensor
        (n, k) in float32: the softmax over classes, the sigmoid of labels, or values. A network
        that ends in a Softmax or a Sigmoid gives probabilities itself.

    Raises
    ------
    DesignerError
        The output is no list of values but, for example, an image.
    """
    values = output.float().flatten(1)
    if values.shape[1] != max(output.shape[1:]):
        shape = "x".join(map(str, output.shape[1:]))
        raise DesignerError(
            f"{loaded.analysis.design.name} gives {shape} values for a picture, which are no list "
            "of classes or numbers: look at the maps of its nodes instead."
        )
    last = loaded.steps.before(loaded.steps.outputs[0])
    kind = loaded.preprocessing.targets
    if kind == "labels":
        return values if isinstance(last, Sigmoid) else values.sigmoid()
    if kind == "numbers":
        return values
    return values if isinstance(last, Softmax) else values.softmax(1)


def names(loaded: Loaded, count: int) -> tuple[str, ...]:
    """Return what the outputs are called: their numbers where the data do not name so many."""
    given = loaded.preprocessing
    named = given.classes or given.labels or given.numbers
    return named if len(named) == count else tuple(map(str, range(count)))


def _named(loaded: Loaded, values: Tensor, top: int) -> list[dict[str, Any]]:
    named = names(loaded, len(values))
    if loaded.preprocessing.targets == "numbers":
        return [
            {"name": name, "value": value}
            for name, value in zip(named, values.tolist(), strict=True)
        ]
    probabilities, order = values.topk(min(top, len(values)))
    return [
        {"class": named[index], "probability": probability}
        for index, probability in zip(order.tolist(), probabilities.tolist(), strict=True)
    ]
